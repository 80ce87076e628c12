"""The answers as tools for agents, over the Model Context Protocol.

tools      the table of tools: those that read, those that propose, one that acts
tool       Tool: a function with its schema, called with checked arguments
arguments  a program's arguments -> values that a tool's schema allows
results    what a tool returns, cut to what a language model can read at once
server     the tools served over standard input and output, or over HTTP
"""

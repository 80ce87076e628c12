"""The functions as tools for agents, over the Model Context Protocol.

arguments  Arguments of a tool, as a program gave them -> values its schema allows
results    What a tool returns, cut to what a language model can read at once
server     The table of tools (advisor.agents.tools) for agents
tool       A tool: a function with its schema, called with checked arguments
tools      The advisor's functions as tools: one table, for the MCP server
"""

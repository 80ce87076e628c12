"""What we say: from a question and the store to an answer, and the runs that help it.

A stack of rooms, bottom first in tests/test_architecture.py: a module imports only from
rooms that stand below its own, and nothing below `service` knows `service`.

cli/           the terminal: `lr-advisor`
ui/            the browser; the only package that imports streamlit
agents/        the answers as tools for agents, over the Model Context Protocol
service        Advisor: makes the parts and hands each call to the one it belongs to
phrasing/      an answer in a language model's words, if they hold
conversation/  a question in words -> an answer, what it offers, what a yes does
study/         the study: its plan, carrying it out, shipping what it found
doctor         what a store and a machine are like, and what is wrong with them
diagnosis/     symptoms -> their likeliest causes, below and above the boundary
concepts/      what our own runs say of a concept
charts/        answers and runs -> charts
running/       verifications under way; only here are processes of ours started
answers/       a question of numbers -> a rate, a verdict, a batch size, with words
scaling/       the referee: what runs and sources say of scaling rules, and who is right
planning/      evidence and a fit -> what to run next, and what it costs; starts nothing
track_record/  what was said of runs before they were made, and how it held
statistics/    rows -> posterior: where runs start to fail, which rate scores best
evidence/      which runs and claims count for a question, which do not, and why
reading/       text -> Question: what a person wants to know, and of what
words          names, times, chances and lists in words, one form each
settings       the environment -> Settings, read once and checked
checks         numbers and names as people give them -> values that can be right
rates          rates and exponents as they are shown: rounded once, written one way
estimates      Estimate: a number with its interval, as it leaves the program
memory         what was worked out, kept for the next question
"""

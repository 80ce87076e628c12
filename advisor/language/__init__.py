"""Reading what a person typed: one module per kind of thing that is found in it.

text.py        the typed text, tidied: one spelling per word, hostile characters gone
names.py       workloads, optimizers and devices, found and replaced by markers
vocabulary.py  the words that names.py knows
numbers.py     every way to write a number, read and replaced by markers
roles.py       which of the numbers is a batch size, a learning rate, or neither
patterns.py    the phrases by which roles.py tells
clauses.py     which of several batch sizes is the one that is asked about
intents.py     what is wanted, from the cues in the marked text
cues.py        the cues and their weights

The door is `advisor.question.parse_question`; nothing here trains or stores anything.
"""

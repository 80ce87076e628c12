"""Reading what a person typed: one module per kind of thing that is found in it.

text.py        the typed text, tidied: one spelling per word, hostile characters gone
names.py       workloads, optimizers and devices, found and replaced by markers
vocabulary.py  the words that names.py knows
numbers.py     every way to write a number, read and replaced by markers
roles.py       which of the numbers is a batch size, a learning rate, or neither
patterns.py    the phrases by which roles.py tells
conditions.py  for how many steps and at what risk an answer shall hold
clauses.py     which of several batch sizes is the one that is asked about
intents.py     what may be wanted, and how much the cues in a marked text speak for it
cues.py        the cues and their weights
meanings.py    words that mean much the same
reading.py     one text read by itself, all of the above
rules.py       what the cues alone take a text for; what tells a follow-up
symptom_patterns.py  the words for what went wrong (read by advisor.reading.symptoms)
change_patterns.py   the words for when, and for what was changed before
learned.py     what is wanted, learnt from questions/ with the rules as witnesses

The door is `advisor.reading.parsing.parse_question`. `python -m advisor.reading.learned`
learns anew and writes words.txt and intents.npz, which ship.
"""

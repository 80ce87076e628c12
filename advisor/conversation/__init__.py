"""From a question in words to an answer, and to what may be done after a yes.

answer          Answer: what a person gets back (pure)
conversation    ask(): who answers, and what else the same message asked
asking_back     help, limits, one question for what is missing (pure)
explaining      what a word means, why, and an answer in plain words
rephrasing      an intent and its slots -> the question in plain words (pure)
run_answers     runs and jobs shown; wishes that become proposals
evidence_rows   what an answer rests on, as rows
observing       what a person saw -> a claim of theirs (pure)
choosing_jobs   which jobs a text means (pure)
unheeded        conditions that no answer takes into account (pure)
proposals       what waits for a yes; a plan's id works once
acting          carries out what was approved
history         conversations as they were: found, named, opened again
"""

"""Text -> Question: what a person wants to know, and what they said of it.

change_patterns   The words for when training went wrong
clauses           Which of the batch sizes in a text is the one that is asked about
conditions        For how many steps, at what risk, and in which setting
cues              The cues: phrases that speak for an intent, each with its weight
follow_ups        What a follow-up takes over from the turn before it
intents           What is wanted: cues in the marked text, each with a weight
learned           The intent of a text, learnt from questions such as people type
meanings          Words that mean much the same
names             Workloads, optimizers and devices in a text, each replaced by a marker
numbers           Every way in which people write a number
outcome_words     The outcomes that a request for runs names: "failed", "did not fail"
parsing           Text -> Question
patterns          What numbers stand beside
question          What a text was understood to ask: Slots and Question, plain records
reading           One text read by itself
recipes           The recipe and the precision that a text names
roles             Which number in a text is a batch size, a learning rate, or neither
rules             What the cues alone take a text for
several           Several questions in one message: where one ends, which is first
slots             The values a text names, as the slots of a question
symptom_patterns  The words of symptoms: how people say that training went wrong
symptoms          Text -> Symptoms : what went wrong, when, and what was changed before
terms             A text as weighted terms (TF-IDF), with numpy alone
text              The typed text
turn_text         The words of the turn before, where there is no record of it
typed             A condition as it was typed into a field
unheeded          Conditions that a question names and no answer takes into account
vocabulary        What people call workloads
yes_no            Whether a text says yes, no, or is mere politeness
"""

"""Text -> Question: what a person wants to know, and of what.

parsing           parse_question(): text -> Question
question          Question and Slots: what a text was understood to ask
reading           one text read by itself
follow_ups        what a follow-up takes over from the turn before it
turn_text         the words of the turn before, where there is no record of it
several           several questions in one message: where one ends
slots             the values a text names, as the slots of a question
conditions        for how many steps, and at what risk
typed             a run length or a risk typed into a field -> its value
yes_no            whether a text says yes, no, or is mere politeness
pasted            settings pasted from other programs -> the words for them
log_lines         lines of a log that were pasted -> what they show
proposals         what is thought of after a failure: "reduce batch to 2?"
symptoms          what went wrong, when, and what was changed before
text              the typed text, tidied: one spelling per word
numbers           every way in which people write a number
names             workloads, optimizers and devices in a text
recipes           the recipe and the precision that a text names
vocabulary        what people call workloads, optimizers and devices
roles             which number is a batch size, a learning rate, or neither
effective         the batch over all devices and steps, or a total that is stated
batches           where settings change: what multiplies which batch size
patterns          what numbers stand beside, for `roles`
carried           a rate that worked at one batch size, and the size it is wanted at
sides             two settings and the scores that a person says they had
differences       whether it is asked if a difference is real
formulas          questions about formulas, and the numbers these ask for
clauses           which of the batch sizes in a text is asked about
learned           the intent of a text, learnt from questions people type
intents           the intent of a text by its cues alone, a witness of `learned`
cues              the cues: phrases that speak for an intent
rules             what the cues take a text for, and what tells a follow-up
meanings          words that mean much the same, for `learned`
elsewhere         words of other walks of life and small talk, for `learned`
terms             a text as weighted terms, for `learned`
symptom_patterns  how people say that training went wrong
change_patterns   how people say when it did, and what they changed
unheeded          conditions that were named and that the answer does not heed
choosing_jobs     which jobs "cancel job 3" or "stop all but the digits ones" means
outcome_words     the outcomes that a request for runs names: "did not fail"
"""

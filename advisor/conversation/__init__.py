"""A question in words -> an answer, what it offers, and what a yes does.

ask                 ask(): a question in words -> an answer
kinds               the kinds of questions: what answers each, how each is asked again
parts               Parts: the parts of the program that answers are put together from
answer              Answer: what a person gets back, wherever they asked
explaining          the answers to "what is that?", "why?" and "in plain words"
about_rates         the answers about rates: which one, whether one is safe
about_batch_sizes   the answers about batch sizes: how the rate goes, the fastest
about_runs          the answers about runs that were made
about_jobs          the answers about jobs under way, and the offer to cancel them
about_unknown       the answers about a model that nobody here has run
about_symptoms      the answer to "why did it go wrong?"
about_observations  the offer to keep what a person saw, or to take it back
asking_back         what is said when there is nothing to answer yet
acting              what is proposed, and what is done after a yes
proposals           what was proposed and waits for a person's yes
history             conversations as they were: found, named, opened again
telling             what a person told is kept, or taken back
observing           what a person saw themselves, read from what they wrote
run_conditions      which stored runs are meant, as SQL and in words
rephrasing          an intent and its slots -> the question in plain words
"""

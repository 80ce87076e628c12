"""Question -> Answer, proposals, and what a yes sets going.

about_batch_sizes   Answers about batch sizes
about_jobs          Answers about jobs under way, and the offer to cancel them
about_observations  Offers to keep what a person saw, or to take it back
about_rates         Answers about rates: which one, whether one is safe
about_runs          Answers about runs and jobs
about_symptoms      The answer to "why did it go wrong?"
acting              What the advisor does beyond answering
answer              Answer: what a person gets back, wherever they asked
ask                 ask(): a question in words -> an answer with its numbers
asking_back         What is said when there is nothing to answer yet
choosing_jobs       Which jobs "cancel job 3" or "stop all but the digits ones" means
explaining          Answers to "what is that?", "why?" and "in plain words"
history             Conversations as they were: found, named, and opened again
kinds               The kinds of questions: what answers each, how each is asked again
observing           A person's own observation
parts               What an answer is put together from
proposals           What was proposed and waits for a person's yes
rephrasing          An intent and its slots -> the question in plain words
run_conditions      Which stored runs a question means, as SQL and as words
"""

"""What we say: from a question and the store to an answer, and the runs that help it.

A stack of rooms. A module imports only from rooms that stand below its own (the order
is held by tests/test_architecture.py); nothing below `service` knows `service`.

agents/        The functions as tools for agents, over the Model Context Protocol
answers/       A question of numbers -> a rate, a verdict, a batch size, with words
charts/        Answers -> charts
checks         Numbers and names as people give them -> values that can be right
cli/           The terminal: `lr-advisor`
concepts/      What our own runs say of a concept
conversation/  Question -> Answer, proposals, and what a yes sets going
diagnosis/     What a symptom points to, below and above the boundary
estimates      A number with its interval, as it leaves the program
evidence/      Which runs and claims count for a question, which do not, and why
memory         What was worked out
phrasing/      An answer in a language model's words, if they hold
planning/      Posterior -> what to run next, and what it costs; acts on nothing
rates          Rates and exponents as they are shown: rounded once, written one way
reading/       Text -> Question: what a person wants to know, and what they said of it
running/       Verifications under way: the only room that starts processes
scaling/       The referee on scaling rules: findings, verdicts, the runs that decide
service        Advisor: the one place that joins the store
settings       Environment -> Settings, read once and checked
statistics/    Rows -> posterior: where runs start to fail, and which rate scores best
study/         The study: its plan, carrying it out, shipping what it found
track_record/  What was said before runs were made, and how it held
ui/            the app; the only package that imports streamlit
words          Lists as they are read aloud
"""

"""Evidence and a fit -> what to run next, and what it costs; starts nothing.

planner    Planner: the one place where runs are chosen, for a card and for the queue
request    VerificationRequest: which runs a person asks for, and how long
spec       VerificationSpec, with everything filled in, and PlannedRun
plan       VerificationPlan: the runs that start at once, how many more, the cost
next_run   the posterior -> the run that tells most for its cost
lookahead  what a run is expected to take off the uncertainty
reach      where a rate may stand after planned runs
costs      what runs cost: seconds of a step, by a law fitted to timings
timings    what was timed on this machine
checks     whether runs that are asked for can be made here
"""

"""Posterior -> what to run next, and what it costs; acts on nothing.

checks     Whether runs that are asked for can be made here, and within a budget
costs      What runs cost: a law of the seconds of a step, fitted to what was timed here
lookahead  What a run is expected to take off the thresholds' uncertainty, and to cost
next_run   The posterior -> which run to do next, how long, and why
plan       What to verify: a person's wish -> runs, one after another, within a budget
spec       What to verify: a person's request -> runs, one after another, in a budget
timings    What was timed on this machine
"""

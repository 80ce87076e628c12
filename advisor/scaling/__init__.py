"""The referee: what runs and sources say of scaling rules, and who is right.

referee        Referee: from evidence and fits to the report
findings       what the evidence says of each exponent
exponents      what the draws of an exponent say
records        what is found and judged, as records with their JSON
verdicts       from what is found to the verdict on each claim
deciding_runs  the runs that would tell the two leading rules apart
carrying_over  a rate known at one batch size, at another
formulas       published formulas, with how far they are off
published      what others' published grids say, and which are like a model
wording        the report -> sentences and a table
"""

"""The referee: what runs and sources say of scaling rules, and who is right.

referee        Referee: from evidence and fits to the report
findings       what the evidence says of each exponent
verdicts       what is found of each rule, and the verdict on each claim
deciding_runs  the runs that would tell the two leading rules apart
wording        the report -> sentences and a table
"""

"""The referee on scaling rules: findings, verdicts, the runs that decide.

deciding_runs  Which runs would tell the two leading scaling rules apart
findings       What the evidence says of each exponent, from runs and fits
referee        From findings to the report on scaling rules, and what would decide
verdicts       The referee on scaling rules: what sources claim and what the runs say
wording        The referee's report -> sentences and a table
"""

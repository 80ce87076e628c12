"""Which runs and claims count for a question, which do not, and why.

comparable_scores  Which scores of one workload compare with each other
library            A store's runs and claims as evidence
scope              What a question is about, with everything that was not said filled in
selecting          Which runs and claims count for a question, which do not, and why
shortening         A run as it would have looked had it been shorter
trajectories       Runs as one training each: the same run carried further counts once
"""

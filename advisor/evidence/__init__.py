"""Which runs and claims count for a question, which do not, and why.

library            Library: a store's runs and claims, sorted for each question
scope              Asked, as a person said it, and Scope, with all else filled in
selecting          runs and claims -> Evidence: own, siblings, left out with the reason
trajectories       runs as one training each: the furthest of each counts
shortening         a run as it would have looked had it been shorter
replicates         runs that differ in the seed alone, and the two cells that compare
comparable_scores  which scores of one workload compare with each other
"""

"""Rows -> posterior: where runs start to fail, and which rate scores best.

best_rate   The rate with the lowest loss for a fixed budget, against batch size
fitting     From evidence to fitted models, remembered while the evidence stays the same
kept_fits   Fits in a file of the store, so that a new process need not repeat them
law_prior   What a family's other workloads say of a best-rate law
likelihood  How runs and claims speak of a stability threshold: their likelihood
loss_shape  What the scores at one batch size say of its best rate
pooling     What a workload's siblings say of it before its own runs
priors      Every prior and every threshold of the statistics
sampler     Sequential Monte Carlo from a standard normal prior to a posterior
threshold   The stability threshold against batch size, from runs and claims
"""

"""Rows -> posterior: where runs start to fail, and which rate scores best.

priors       every prior and every threshold, each with its source
beliefs      what is believed of a threshold, before runs and after: records
threshold    the model: at which rate half of all runs fail, over batch size
posterior    the density of its parameters, given runs and claims
fitted       draws of a fitted threshold -> rates, chances, batch sizes
likelihood   how runs and claims speak of that threshold
sampler      from a prior to a posterior: sequential Monte Carlo
pooling      what a workload's siblings say of it before its own runs
width_law    how a level goes with the width of the layers, from copies
best_rate    the rate with the lowest loss for a fixed budget, over batch size
loss_shape   what the scores at one batch size say of its best rate
two_samples  whether two settings' scores differ, and how many runs would tell
law_prior    what a family's other workloads say of a best-rate law
fitting      Fitter: evidence -> fitted models, remembered while it stays the same
kept_fits    fits in a file of the store, for the next process
"""

"""Answers and runs -> charts.

threshold    the threshold or the best rate over batch sizes, with runs and reports
curves       the loss and the measurements of runs over their steps
outcome_map  how each run ended, over batch size and rate
reliability  how forecasts came true
rules        the probability of each scaling rule
throughput   examples per second over batch sizes
axes         what all charts share: colours, axes and layers
"""

"""Answers -> charts.

axes         What all charts share: colours, axes and layers
curves       The loss and the measurements of runs over their steps, as charts
outcome_map  The outcome map: how each run ended, over batch size and rate, in panels
reliability  How forecasts came true, as a chart
rules        The probability of each scaling rule, as a chart
threshold    Records -> Altair charts : thresholds, curves, and how forecasts came true
throughput   What is fastest here -> an Altair chart : examples per second against batch
"""

"""What was said before runs were made, and how it held.

forecasts  What is said of each run before it starts , so that it can be scored later
intervals  Whether stated intervals of the threshold held, by later runs alone
scores     How well forecasts held, scored against the runs they were made of
"""

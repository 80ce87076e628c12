"""What was said of runs before they were made, and how it held.

forecasts  what is said of each run before it starts
scores     how well that held, by the runs it was said of
intervals  whether intervals of the threshold held, by later runs alone
wording    all that in sentences
reading    a store's forecasts, answers and runs -> its track record
"""

"""The two sources judged by our own runs: docs/explanation/the-two-seeds.md.

answers         what the program itself answers: verdicts, exponents, best rates
material        what a store holds for it: runs, what their curves say, answers
boundaries      the rate at which half of all runs fail, by batch size and length (pure)
clocks          whether failure counts steps or examples, and levels off (pure)
scores          the best score at each batch size, lines (pure)
pairs           boundaries with and without one change of the recipe (pure)
digits          the digits runs of one model under one recipe (pure)
findings        a statement with its verdict, numbers and picture (pure)
forum           what the forum post says, judged (pure)
equal_examples  whether the batch matters at equal examples (pure)
lengths         how long a rate holds (pure)
article         what the article says, judged (pure)
reasons         why a rate might fall with the batch: each hypothesis, judged (pure)
pictures        findings -> charts (pure)
page            findings -> the page and its tables (pure)
__main__        python -m benchmarks.two_seeds: writes page and pictures

The one decision to know: what the program judges (`lr-advisor scaling`) is never judged
again here. The page's own fits are for comparisons: each rests on one workload's runs
under one recipe and a prior that favours no direction.
"""

"""One tie for each thing our runs can say of a concept.

table       every tie by its key, as the pages name it
tie         Tie: a query of the store, and the sentence its rows make
boundaries  up to which rate runs held, over batch sizes, widths and recipes
failing     how, when and how surely runs fail
pairs       with and without one change, at the same batch sizes and rates
scores      how good and how fast runs were
stock       what the store holds, and how far it reaches
"""

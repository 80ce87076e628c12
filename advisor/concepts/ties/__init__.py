"""What our own runs say of the concepts: one tie for each thing they can say.

boundaries  Up to which rate runs held: ties over batch sizes, widths and recipes
failing     How, when and how surely runs fail: ties of the stable and the failed
pairs       With and without one change, at the same batch sizes and rates: ties
scores      How good and how fast runs were: ties of accuracy, best rates and speed
stock       What the store holds and how far it reaches: ties of the whole evidence
table       Every tie by its key
tie         A tie: what is asked of the store for a concept, and how it is said
"""

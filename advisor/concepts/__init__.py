"""What our own runs say of a concept.

evidence  What the runs in a store say of a concept, and a concept as it is read aloud
ties/     What our own runs say of the concepts: one tie for each thing they can say
"""

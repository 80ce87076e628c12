"""What our own runs say of a concept.

evidence  what the runs in a store say of a concept, and the page read aloud
ties/     one tie for each thing our runs can say of a concept
"""

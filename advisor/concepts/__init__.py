"""What our own runs say of a concept, and how things are done with this program.

evidence  what the runs in a store say of a concept, and the page read aloud
how_to    the answers to "how do I ...?", each with its page
ties/     one tie for each thing our runs can say of a concept
"""

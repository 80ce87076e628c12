"""The study: its plan, carrying it out, shipping what it found.

plan          what is run, part by part, and for which share of the time
carrying_out  the parts one after another, as verifications like any other
shipping      a store's runs -> the study that ships with the program
"""

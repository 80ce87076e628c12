"""The study: its plan, carrying it out, shipping what it found.

carrying_out  Carrying the study out
plan          The study that settles the seeds
shipping      From a store's runs to the study that ships with the program
"""

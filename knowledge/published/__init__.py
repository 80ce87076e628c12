"""Grids and settings that others published: evidence of a kind of its own.

reading   the rows that ship, and whose they are
settings  single settings that others publish for a kind of model
"""

"""Grids that others published and that may ship: evidence of a kind of its own.

reading  the rows that ship, and whose they are
"""

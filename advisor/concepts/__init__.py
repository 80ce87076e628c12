"""Concepts tied to our own runs.

evidence        what the runs say of a concept, and a concept in words
ties/           what is asked of the store for each concept, and its words (pure)
"""

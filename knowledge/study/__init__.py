"""The study that ships: its data beside this file, read and written here.

reading  the runs and curves of the study that ships
writing  writes them
"""

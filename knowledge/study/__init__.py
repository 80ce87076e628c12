"""The study that ships: its data beside this file, read and written here.

reading  The study that ships with the program
writing  Writing the study that ships with the program (knowledge.study.reading reads
"""

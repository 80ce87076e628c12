"""What sources say, as data beside this file.

seeds  The seeds
"""

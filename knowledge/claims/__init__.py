"""What sources say, as data beside this file.

seeds  the claims of the two sources every store starts from
"""

"""The list of runs, and beside it what is open: one run, or several compared.

listing     runs that are over, as rows of one table in one vocabulary
under_way   runs that are not over, live
detail      one run, or a job that left none: curve, pictures, measurements, origin
comparing   the curves of several runs in one chart
"""

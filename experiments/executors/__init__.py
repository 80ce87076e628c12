"""Who carries jobs out: processes of this machine.

processes  Keeps worker processes going: starts, reaps, and kills what will not stop
"""

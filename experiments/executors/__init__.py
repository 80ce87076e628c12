"""Who carries jobs out: processes of this machine.

executor   What carries jobs out, and how one is found by its name
processes  Processes of this machine: started, reaped, killed if they do not stop
"""

"""Who keeps workers going: processes of this machine.

processes  starts worker processes, reaps them, kills what will not stop
"""

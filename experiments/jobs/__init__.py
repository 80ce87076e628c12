"""The queue of jobs, and the worker that carries them out.

records  Job, OpenVerification, and their ids
queue    Queue: one SQLite file with leases, heartbeats and cancel flags
worker   the process that carries jobs out, one after another
endings  how a process of ours ended, in words
"""

"""The queue of jobs, and the worker that carries them out.

queue         Queue: what waits, what is asked to stop, what is carried further
leases        what a worker may do with its job, and what becomes of one it lost
queue_file    the SQLite file that all of it stands in
records       what the queue holds: jobs, the verifications they belong to, their ids
worker        a worker process: `python -m experiments.jobs.worker STORE_FOLDER`
carrying_out  one run from its config to its record; knows no queue
timing        a job that times training steps
endings       how a process of ours ended, in words: its exit code and its last line
"""

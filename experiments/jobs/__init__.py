"""The queue of jobs, and the worker that carries them out.

carrying_out  One run from its config to its record; knows no queue
endings       How a process of ours ended, in words: its exit code and its last line
queue         The job queue: one SQLite file with leases, heartbeats and cancel flags
records       What the queue holds: jobs, the verifications they belong to, their ids
worker        A worker process: `python -m experiments.jobs.worker STORE_FOLDER`
"""

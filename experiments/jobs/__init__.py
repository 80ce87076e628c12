"""The queue of jobs, and the worker that carries them out.

endings  How a process of ours ended, in words: its exit code and the last it wrote
queue    The job queue: one SQLite file with leases, heartbeats and cancel flags
records  What the queue holds: jobs, the wishes they belong to, and their ids
worker   A worker process: `python -m experiments.jobs.worker STORE_FOLDER`
"""

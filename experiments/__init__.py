"""What can be measured: workloads, training runs, and the jobs that carry them out.

Only files that train import torch.

describe    `python -m experiments.describe NAME [KEY=VALUE ...]`
executors/  Who carries jobs out: processes of this machine
jobs/       The queue of jobs, and the worker that carries them out
machine     What to call this machine
speed       `python -m experiments.speed WORKLOAD [...]`
training/   A run: the loop, its steps, and the files it leaves
workloads/  What can be trained: a record of each workload, and how one is found
"""

"""What can be measured: workloads, training runs, and the jobs that carry them out.

Only files that train import torch.

workloads/  what can be trained: a record of each, and how one is found
training/   a run: the loop, its steps, and the files it leaves
jobs/       the queue of jobs, and the worker that carries them out
executors/  who keeps workers going: processes of this machine
speed       `python -m experiments.speed`: how fast each batch size trains here
describe    `python -m experiments.describe`: a workload's shapes and counts
machine     what to call this machine, so that speeds are not mixed up
"""

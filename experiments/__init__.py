"""What can be measured: workloads, training runs, and the jobs that carry them out.

workloads/     one file per workload; `__init__` knows the names without torch
faces, generated_faces, digits  the data; augmentation, losses, previews beside them
face_task      a face model made ready to train
optimizers     recipe -> torch optimizer;  schedules  learning-rate schedules (pure)
training       train(): the loop, in one readable function
run_folder     names every file of one run; nothing else spells those names
queue          the SQLite job queue: leases, heartbeats, cancel
worker         python -m experiments.worker: carries out queued runs, one at a time
runner         keeps worker processes going; reaps, kills and counts them
describe       python -m experiments.describe: a workload's parameter counts

Only files that train import torch; queue, runner and run_folder do not.
"""

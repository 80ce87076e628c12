"""What can be measured: workloads, training runs, and the jobs that carry them out.

workloads/     one file per workload; `__init__` knows the names without torch
faces, generated_faces, digits  the data; augmentation, losses, previews beside them
face_task      a face model made ready to train
optimizers     recipe -> torch optimizer;  schedules  learning-rate schedules (pure)
training       train(): the loop, in one readable function
stepping       one step of a run, as it is trained, timed and compared
devices        whether this machine has a device; asks torch about none but accelerators
precision      float32, or bf16 where it is asked for;  allocator  memory kept for reuse
run_folder     names every file of one run; nothing else spells those names
jobs           what the queue holds: jobs, verifications, their ids
queue          the SQLite job queue: leases, heartbeats, cancel
worker         python -m experiments.jobs.worker: carries out queued runs, one at a time
kept_checkpoints  what a run that stopped in good health goes on from later
picture_folders   whether a person's pictures are still those a run began with
disk_trouble   what a run can do without when the disk refuses
memory         how large a batch the memory allows
endings        how a process of ours ended, in words
runner         keeps worker processes going; reaps, kills and counts them
speed          python -m experiments.speed: how fast each batch size trains
machine        what to call this machine
describe       python -m experiments.describe: a workload's parameter counts

Only files that train import torch; queue, runner and run_folder do not.
"""

"""A run: the loop, its steps, and the files it leaves.

loop              train(): one run from its config to its curve
stepping          model, data and optimizer of one run, taken step by step
schedules         what happens when: rates, looks at held-back data, checkpoints
optimizers        a recipe -> torch's optimizer
precision         the numbers a run computes with: fp32 or bf16
devices           whether this machine can train on a device
memory            how large a batch the memory allows
allocator         memory that a step gives back is kept for the next step
run_folder        RunFolder: the names of a run's files
kept_checkpoints  checkpoints of runs that may go on later
disk_trouble      what a run does without when the disk refuses
"""

"""A run: the loop, its steps, and the files it leaves.

allocator         Memory that a step gives back is kept by the process for the next step
devices           Whether this machine can train on a device
disk_trouble      What a run can do without when the disk refuses
kept_checkpoints  Checkpoints kept after a run has stopped in good health
loop              train(): one run from its config to its curve
memory            How large a batch the memory allows, said when one did not fit
optimizers        Recipe -> torch optimizer
precision         The numbers a run computes with
run_folder        One folder per run; nothing else spells the names of its files
schedules         What happens when in a run
stepping          One run's model, data and optimizer, taken step by step
"""

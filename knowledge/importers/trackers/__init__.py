"""What experiment trackers write themselves: runs with settings and curves.

A format is read by its own library, an extra of this package that is loaded when a file
of it is read; the library is never let at a person's file for writing.

run_set         the runs of one store or folder, each as `one_run` has it
points          a logged value over the steps, bounded; curves kept packed
libraries       the libraries of the formats, and the word on one that is missing
databases       SQLite files: their tables, and a copy that a library may open
tensorboard     event files, with what the HParams plugin keeps
mlflow          a local store of files, or of SQLite
wandb_folders   the folder that Weights & Biases writes for a run
optuna_storage  a study's storage: SQLite, or a journal
"""

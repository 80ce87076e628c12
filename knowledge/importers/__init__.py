"""Others' run histories: one file per format.

A new format is a file here, an `Importer`, and a name in `importer.FORMATS`. It knows
the records, the names and the errors, and no store; `Advisor.import_runs` has it read.

importer       what every importer takes and returns, and which there are
choosing       which of them reads a file, and what a folder holds
csv_runs       tables as text: CSV, TSV, JSON Lines
parquet_runs   tables as Parquet
wandb          Weights & Biases: the table it exports, or a run's folder
optuna         Optuna: a study's storage, or the table of its trials
trackers/      what trackers write themselves, read by their own libraries
trainer_state  Hugging Face's trainer_state.json
faceswap/      faceswap's state file, with the logs beside it
lightning      Lightning's metrics.csv with hparams.yaml
ultralytics    Ultralytics' results.csv with args.yaml
keras          a table of epochs, as Keras' CSVLogger writes it
nanogpt_log    console logs of training loops
one_run        the log of one run, of whatever form, as that run
peaks          the rate a schedule was set to, from what was logged of it
tables         a table's columns and rows, however it is written
json_lines     JSON Lines, one object a row, as columns and cells
fields         which column or setting says what
table_runs     tables of any columns, as the contract's rows
rows           the contract's rows, checked, as runs
histories      rows that are moments of one run, recognized and gathered
"""

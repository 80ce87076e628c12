"""Others' run histories: one file per format.

A new format is a file here that returns a ParsedFile. It knows the records, the names
and the errors, and no store; `Advisor.import_runs` has it read.

importer   ParsedFile: what every importer returns
csv_runs   runs from CSV or Parquet: one row is one run
histories  rows that are moments of one run, recognized and gathered
"""

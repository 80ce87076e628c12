"""Others' run histories: one file per format, each giving runs and rejected lines.

csv_runs  Runs from the contract's CSV or Parquet: one row is one run
importer  What every importer returns
"""

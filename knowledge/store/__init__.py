"""The tables: the only room that opens DuckDB.

checking       Whether a store is sound
exporting      A table to a file: .csv, .parquet or .json, whole or not at all
folder         A store's folder
judging        Runs judged anew
migrations     The store's schema, step by step
run_memory     Runs of pooled groups, kept between snapshots
sql_box        A person's own SELECT
sql_box_child  The child of `sql_box`
store          The store
tables         Record bodies to rows: how each kind of event becomes rows of the tables
"""

"""The tables: the only room that opens DuckDB.

store          Store: a folder whose tables can be made again from its record files
folder         how that folder is made and known again, its tables and snapshots
tables         bodies of records -> rows of the tables
migrations     the schema, step by step
ingesting      records into the tables: what waits, or all of them anew
judging        runs judged anew by a newer outcome rule
checking       whether a store is sound
snapshot_reader  the newest snapshot, whoever publishes or damages one meanwhile
run_memory     runs of pooled groups, kept between snapshots
exporting      a table to a file
importing      others' runs into a store, each once
sql_box        a person's own SELECT, in a child process with limits
sql_box_child  that child
"""

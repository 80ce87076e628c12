"""What has been observed: the words every room speaks, and where rows are kept.

claims/         What sources say, as data beside this file
concepts/       Short explanations in our own words: one Markdown file per concept
errors          Every error a person can meet, in one tree
importers/      Others' run histories
inbox           Saving an event: one immutable record file, no lock and no duckdb
names           Workload names
outcome         From the curve of a run to its outcome
python_process  How every Python process of ours is started
recipes         The named recipes
records         The records every room speaks in
store/          The tables: the only room that opens DuckDB
study/          The study that ships: its data beside this file, read and written here
version         Which version of this program is running: it is part of what a run is
"""

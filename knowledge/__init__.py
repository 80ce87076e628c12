"""What has been observed: records, claims, outcomes and the store that keeps them.

errors        the tree of errors a person can meet
records       Recipe, RunConfig, Curve, Run, Claim, Outcome: frozen dataclasses
names         workload names: family, group, proxies
recipes       the named recipes
outcome       loss curve -> outcome; the only definition of "stable"
python_process  how every Python process of ours is started
version       which version of this program is running
inbox         record(): one immutable file per event, no duckdb
tables        record bodies -> rows
migrations    the store's schema, step by step
shipped_study the study that ships with the program, read from study/
study_writing runs and curves -> the files of such a study
run_memory    runs of a group, kept between snapshots
store         Store: ingest, snapshots, queries
exporting     a table to a file
sql_box       a person's own SELECT, in a child process with limits
claims/       the seeds' statements as data, one file per source
concepts/     short explanations with their sources
importers/    one file per foreign format
"""

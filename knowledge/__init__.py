"""What has been observed: the words every room speaks, and where rows are kept.

records         the records every room speaks in: Run, Claim, Forecast, ...
names           workload names: families, groups, proxies
metrics         which way a metric goes
optimizers      optimizers: one name each, however it is spelled
recipes         the named recipes: what is held fixed
outcome         from a curve to its outcome: the one definition of "stable"
errors          every error a person can meet, in one tree
inbox           saving an event: one immutable record file, no lock
version         which version of this program is running
python_process  how every Python process of ours is started
store/          the tables: the only room that opens DuckDB
importers/      others' run histories: one file per format
claims/         what sources say, as data beside this file
concepts/       short explanations: one Markdown file per concept
study/          the study that ships, read and written here
published/      other people's grids that ship, with their licences
"""

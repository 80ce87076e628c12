"""What Weights & Biases leaves: the table it exports, or the folder of a run.

In the table one row is a run, settings beside results. `learning_rate` is what was set
and stands before `lr`, the last value of a schedule; `crashed` says that the process
ended, not that the loss did.
"""

from dataclasses import replace
from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import header_of, load_table
from knowledge.importers.trackers.wandb_folders import is_log, is_run, read_run

name = "wandb"


def recognises(path: Path) -> bool:
    """Whether it is a run's folder or log, or has the columns of every such export."""
    if path.is_dir():
        return is_run(path)
    header = set(header_of(path))
    is_table = {"Name", "State"} <= header
    return is_log(path) or (is_table and bool(header & {"Created", "Runtime", "ID"}))


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run, or the rows of the table."""
    if path.is_dir() or is_log(path):
        return read_run(path, asked)
    asked = replace(asked, rows=asked.rows or "runs")
    return runs_of_table(path, load_table(path), asked, source="Weights & Biases table")

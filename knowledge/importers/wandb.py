"""The table that Weights & Biases exports: one row a run, settings beside results.

`learning_rate` is what was set and stands before `lr`, the last value of a schedule;
`crashed` says that the process ended, not that the loss did.
"""

from dataclasses import replace
from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import header_of, load_table

name = "wandb"


def recognises(path: Path) -> bool:
    """Whether the table has the columns that every such export has."""
    header = set(header_of(path))
    return {"Name", "State"} <= header and bool(header & {"Created", "Runtime", "ID"})


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the rows of the table."""
    asked = replace(asked, rows=asked.rows or "runs")
    return runs_of_table(path, load_table(path), asked, source="Weights & Biases table")

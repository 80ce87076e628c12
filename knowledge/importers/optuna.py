"""Optuna's `study.trials_dataframe()`, saved as CSV: one row a trial.

Whether the study maximized `value` is not in the table, so `--goal` is asked for.
"""

from dataclasses import replace
from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import header_of, load_table

name = "optuna"


def recognises(path: Path) -> bool:
    """Whether the table has a trial's number, state and parameters."""
    header = header_of(path)
    has_parameters = any(column.startswith("params_") for column in header)
    return {"number", "state"} <= set(header) and has_parameters


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the rows of the table."""
    asked = replace(asked, rows=asked.rows or "runs")
    return runs_of_table(path, load_table(path), asked, source="Optuna study")

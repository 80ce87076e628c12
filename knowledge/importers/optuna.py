"""What Optuna leaves: a study's storage, or `trials_dataframe()` saved as a table.

Whether the study maximized `value` is not in the table, so `--goal` is asked for.
"""

from dataclasses import replace
from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import header_of, load_table
from knowledge.importers.trackers.optuna_storage import is_storage, read_storage

name = "optuna"


def recognises(path: Path) -> bool:
    """Whether it is a storage, or has a trial's number, state and parameters."""
    if path.is_dir():
        return False
    header = header_of(path)
    has_parameters = any(column.startswith("params_") for column in header)
    is_table = {"number", "state"} <= set(header) and has_parameters
    return is_table or is_storage(path)


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the trials."""
    if is_storage(path):
        return read_storage(path, asked)
    asked = replace(asked, rows=asked.rows or "runs")
    return runs_of_table(path, load_table(path), asked, source="Optuna study")

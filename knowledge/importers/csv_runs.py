"""Tables of runs as text, of any separator or as JSON Lines, of any column names."""

from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile, not_runs
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import header_of, is_parquet, load_table

name = "csv"


def recognises(path: Path) -> bool:
    """Whether the first line names several columns, or is an object of several."""
    return len(header_of(path)) > 1


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the rows of the table."""
    if is_parquet(path) or not recognises(path):
        raise not_runs(path)
    return runs_of_table(path, load_table(path), asked)

"""Tables of runs as Parquet, with any plain column names."""

from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile, not_runs
from knowledge.importers.table_runs import runs_of_table
from knowledge.importers.tables import is_parquet, load_table

name = "parquet"


def recognises(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    return is_parquet(path)


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the rows of the table."""
    if not is_parquet(path):
        raise not_runs(path)
    return runs_of_table(path, load_table(path), asked)

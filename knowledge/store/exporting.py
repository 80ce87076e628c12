"""A table to a file: .csv, .parquet or .json, whole or not at all."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.errors import BadValueError
from knowledge.inbox import disk_error
from knowledge.store.store import Store
from knowledge.store.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet", ".json")


def write_table(frame: "pd.DataFrame", path: Path) -> int:
    """Write the frame by the path's ending and return its number of rows.

    Raises:
        BadValueError: An ending that is none of .csv, .parquet and .json.
        StoreError: The folder cannot be written, or the disk is full.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BadValueError(
            "path", path.name, expected=f"let it end in {', '.join(ENDINGS)}."
        )
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        if ending == ".csv":
            frame.to_csv(temporary, index=False)
        elif ending == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            frame.to_json(temporary, orient="records", date_format="iso", indent=1)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error(error, path.parent) from error
    return len(frame)


def export_table(store: Store, path: Path, *, table: str) -> int:
    """Write a table to .csv, .parquet or .json by its ending; return its rows.

    Raises:
        BadValueError: No such table or ending.
        StoreError: The file cannot be written.
    """
    if table not in TABLES:
        raise BadValueError("table", table, expected=f"known are {', '.join(TABLES)}.")
    return write_table(store.frame(f"select * from {table}"), path)

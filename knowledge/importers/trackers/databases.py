"""SQLite files of trackers: which tables one has, and a copy to open.

The libraries create and upgrade tables in whatever they open, after which an older
version of them cannot; so they are given a copy.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from knowledge.errors import ImportFileError
from knowledge.importers.importer import load_bytes

_MAGIC = b"SQLite format 3\0"


def tables_of(path: Path) -> frozenset[str]:
    """Return the names of a database's tables; none where the file is no database."""
    if not path.is_file() or load_bytes(path, most=len(_MAGIC)) != _MAGIC:
        return frozenset()
    try:
        with closing(_connect(path)) as connection:
            rows = connection.execute("select name from sqlite_master").fetchall()
    except sqlite3.Error:
        return frozenset()
    return frozenset(name for (name,) in rows)


@contextmanager
def copied(path: Path) -> Iterator[str]:
    """Give the URL of a copy of a database, which goes away at the end."""
    with TemporaryDirectory(prefix="lr-advisor-") as folder:
        place = Path(folder) / "copy.db"
        try:
            with (
                closing(_connect(path)) as connection,
                closing(sqlite3.connect(place)) as copy,
            ):
                connection.backup(copy)
        except sqlite3.Error as error:
            raise ImportFileError(f"{path} cannot be read: {error}.") from error
        yield f"sqlite:///{place}"


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)

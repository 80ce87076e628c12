"""Reading the newest snapshot, whoever publishes or damages one meanwhile."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import duckdb

from knowledge.errors import DamagedTablesError
from knowledge.store.folder import (
    busy_error,
    newest_generation,
    open_for_reading,
    snapshot_file,
)

_T = TypeVar("_T")
_MOST_TRIES = 50


class SnapshotReader:
    """The newest snapshot of a store, held open; safe to use from several threads.

    `mend` publishes anew the snapshot of a number that could not be read.
    """

    def __init__(self, folder: Path, mend: Callable[[int], None]):
        self._folder, self._mend = folder, mend
        self._open: duckdb.DuckDBPyConnection | None = None
        self._generation = -1
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the snapshot."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def read(self, work: Callable[[duckdb.DuckDBPyConnection, int], _T]) -> _T:
        """Do some reading on the newest snapshot; one that is damaged is mended first.

        `work` gets a cursor and the snapshot's number. It is done again where the
        snapshot was replaced between reading its name and opening it.

        Raises:
            DamagedTablesError: It cannot be read after that, either.
            StoreError: It cannot be mended.
        """
        is_mended = False
        for _ in range(_MOST_TRIES):
            generation = newest_generation(self._folder)
            try:
                with self._cursor(generation) as cursor:
                    return work(cursor, generation)
            except duckdb.Error as error:
                if newest_generation(self._folder) != generation:
                    continue
                if is_mended and isinstance(error, duckdb.ProgrammingError):
                    raise  # the query is wrong
                if is_mended:
                    raise DamagedTablesError(self._folder, error) from error
                self._mend(generation)
                is_mended = True
        raise busy_error(self._folder)

    @contextlib.contextmanager
    def _cursor(self, generation: int) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            if self._open is None or generation != self._generation:
                # Threads still reading the old one hold cursors of their own on it.
                self._open = open_for_reading(snapshot_file(self._folder, generation))
                self._generation = generation
            cursor = self._open.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

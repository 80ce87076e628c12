"""The queue's file: one SQLite database, opened, brought up to date and read.

Every statement is one short transaction; a refusal of the disk is said in words.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from knowledge.errors import StoreError

_SCHEMA = """
create table if not exists jobs (
    id text primary key, kind text not null, config text not null, state text not null,
    state_number integer not null default 0, verification_id text,
    believed_low real, believed_high real, reason text, estimated_seconds real,
    created real not null, started real, ended real, owner text, pid integer,
    pid_created real, lease real, attempts integer not null default 0,
    resumed_from_step integer, progress real not null default 0, loss real,
    cancel real, run_id text, error text, stop_after integer, continues_job text,
    note text);
create index if not exists jobs_by_state on jobs (state, created);
create table if not exists verifications (
    id text primary key, spec text not null, state text not null,
    created real not null, ended real, cancel real, error text);
"""
# What later versions added to the table of jobs: an older file gets them on opening.
_ADDED_COLUMNS = {
    "stop_after": "integer",
    "continues_job": "text",
    "note": "text",
}


class QueueFile:
    """The file of one store's queue; safe to use from several threads and processes."""

    def __init__(self, store_folder: Path):
        self.folder = store_folder
        self.path = store_folder / "jobs.sqlite"
        self._local = threading.local()
        if not self._can_write():  # questions are answered there; using the queue tells
            return
        with self._connection() as con:
            con.executescript(_SCHEMA)
            _add_columns(con)

    def close(self) -> None:
        """Close this thread's connection."""
        con = getattr(self._local, "con", None)
        if con is not None:
            con.close()
            self._local.con = None

    def _rows(self, sql: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._connection() as con:
            return con.execute(sql, values).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; SQLite's own trouble becomes a StoreError."""
        try:
            con = getattr(self._local, "con", None)
            if con is None:
                con = sqlite3.connect(self.path, timeout=30, isolation_level=None)
                con.row_factory = sqlite3.Row
                con.execute("pragma journal_mode = wal")
                con.execute("pragma synchronous = full")
                self._local.con = con
            yield con
        except sqlite3.Error as error:
            con = getattr(self._local, "con", None)
            if con is not None and con.in_transaction:
                con.rollback()
            raise self._trouble(error) from error

    def _can_write(self) -> bool:
        places = (self.path.parent, self.path)
        return all(os.access(p, os.W_OK) for p in places if p.exists())

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        if not self._can_write():
            return StoreError(
                f"Jobs cannot be kept in {self.path.parent}, as it is read-only or you "
                "may not write there: allow writing, or name another store with "
                "--store. Questions are answered without."
            )
        return StoreError(
            f"The job queue {self.path} cannot be used ({error}). "
            "Finished runs are safe in the store."
        )


def _add_columns(con: sqlite3.Connection) -> None:
    """Bring a file of an earlier version up to date; two processes may try at once."""
    if _missing_columns(con):
        con.execute("begin immediate")
        for name in _missing_columns(con):
            con.execute(f"alter table jobs add column {name} {_ADDED_COLUMNS[name]}")
        con.execute("commit")


def _missing_columns(con: sqlite3.Connection) -> list[str]:
    present = {row["name"] for row in con.execute("pragma table_info(jobs)")}
    return [name for name in _ADDED_COLUMNS if name not in present]

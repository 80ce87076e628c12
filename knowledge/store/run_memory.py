"""Runs of pooled groups, kept between snapshots: only rows that are new are read.

What is kept is checked against each new snapshot by the number and hashes of its rows,
and read again when they differ.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import duckdb

from knowledge.records import Run
from knowledge.store.tables import run_from_row

MAX_RUNS = 200_000  # about 250 MB; the group asked last is kept whatever its size

_COLUMNS = ", ".join(f'r."{field.name}"' for field in fields(Run))
_OF_GROUP = (
    "from runs r join workloads w on w.name = r.workload where w.pooled_group = ?"
)
# What makes a row another one: a run of the shipped study may become ours, or be told
# anew by a newer study, under the same id.
_HASH = "hash(concat_ws('|', r.id, r.source, r.outcome, r.outcome_rule, r.seconds))"
# Number and hashes of the rows up to one, the same of all of them, and the last one.
_CHECK = (
    "select count(*) filter (r.rowid <= ?), "
    f"coalesce(sum({_HASH}::hugeint) filter (r.rowid <= ?), 0), "
    f"count(*), coalesce(sum({_HASH}::hugeint), 0), "
    f"coalesce(max(r.rowid), -1) {_OF_GROUP}"
)
_READ = f"select {_COLUMNS} {_OF_GROUP} and r.rowid > ? order by r.rowid"


@dataclass(frozen=True)
class _Kept:
    """A group's runs at a snapshot, with what they are known again by."""

    generation: int
    runs: tuple[Run, ...]
    ids: tuple[int, int]
    last_row: int

    @cached_property
    def by_id(self) -> dict[str, Run]:
        """The runs by their ids."""
        return {run.id: run for run in self.runs}


class RunMemory:
    """What was read of each group last; safe to use from several threads."""

    def __init__(self, max_runs: int = MAX_RUNS) -> None:
        self._max_runs = max_runs
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, cursor: duckdb.DuckDBPyConnection, group: str, *, generation: int
    ) -> tuple[Run, ...]:
        """Return the runs of a group in the order they were ingested.

        The same tuple again while none was added; a longer one with the same beginning
        after that. `cursor` is on the snapshot numbered `generation`.
        """
        with self._lock:
            kept = self._kept.get(group)
            if kept is None or kept.generation != generation:
                kept = self._refreshed(cursor, group, generation, kept)
            self._kept[group] = kept
            self._kept.move_to_end(group)
            self._forget_surplus()
            return kept.runs

    def find(self, ids: Sequence[str], *, generation: int) -> dict[str, Run]:
        """Return those of the runs that are kept as this very snapshot has them."""
        with self._lock:
            current = [k for k in self._kept.values() if k.generation == generation]
            return {
                run_id: kept.by_id[run_id]
                for kept in reversed(current)
                for run_id in ids
                if run_id in kept.by_id
            }

    def _refreshed(
        self,
        cursor: duckdb.DuckDBPyConnection,
        group: str,
        generation: int,
        kept: _Kept | None,
    ) -> _Kept:
        known = kept or _Kept(generation, (), (0, 0), -1)
        check = [known.last_row, known.last_row, group]
        n_before, ids_before, n_now, ids_now, last_row = cursor.execute(
            _CHECK, check
        ).fetchall()[0]
        if (n_before, ids_before) != known.ids:
            return self._refreshed(cursor, group, generation, None)
        if n_now == n_before:
            return replace(known, generation=generation)
        rows = cursor.execute(_READ, [group, known.last_row]).fetchall()
        runs = (*known.runs, *map(run_from_row, rows))
        return _Kept(generation, runs, (n_now, ids_now), last_row)

    def _forget_surplus(self) -> None:
        total = sum(len(kept.runs) for kept in self._kept.values())
        while total > self._max_runs and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest.runs)

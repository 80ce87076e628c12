"""The store: a folder whose tables can always be rebuilt from its record files.

    store.duckdb   the tables; opened only while ingesting, inside our file lock
    snapshots/     published copies that nobody writes any more; readers need no lock
    inbox/ archive/  one record file per event, waiting or ingested
    runs/          one folder per run (experiments.training.run_folder)
    jobs.sqlite    the job queue (experiments.jobs.queue)

DuckDB 2.0 loses rows when processes take turns under its own lock alone (measured), so
every read-write opening stands inside a FileLock, and readers open numbered snapshots.

Ingesting costs some 0.2 s whatever is in it. So records that no answer rests on (saved
answers: `inbox.PATIENT`) wait until evidence arrives, their table is read, or too many
of them wait: a question does not pay for the one before. Records of evidence come in
with the next reading.
"""

import contextlib
import errno
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
from filelock import FileLock, Timeout

from knowledge import inbox
from knowledge.errors import (
    DiskFullError,
    RunNotFoundError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
)
from knowledge.outcome import RULE_VERSION
from knowledge.records import (
    STUDY,
    Claim,
    Curve,
    Forecast,
    Run,
    Throughput,
    run_body,
)
from knowledge.store.checking import StoreCheck, verify_tables
from knowledge.store.folder import (
    DATABASE,
    OWN_CONFIG,
    busy_error,
    newest_generation,
    open_for_writing,
    prepare_folder,
    publish,
    snapshot_file,
)
from knowledge.store.judging import JUDGED_BEFORE, curve_from_rows, judge_anew
from knowledge.store.migrations import SCHEMA_VERSION, migrate
from knowledge.store.run_memory import RunMemory
from knowledge.store.tables import (
    CLAIM_COLUMNS,
    FORECAST_COLUMNS,
    RUN_COLUMNS,
    TABLES,
    THROUGHPUT_COLUMNS,
    claim_from_row,
    forecast_from_row,
    insert_events,
    run_from_row,
    throughput_from_row,
)
from knowledge.study.reading import ShippedStudy, find_study

_NO_STUDY = "study:none"
_LOCK_POLL_SECONDS = 0.005  # the library's 0.05 let one of eight writers starve
# Tables that lack what waits patiently.
_LATE_TABLES = {*inbox.PATIENT.values(), "events"}


class Store:
    """Runs, claims, answers and jobs, on disk; `":memory:"` is a temporary folder.

    Safe to use from several threads and processes. A reader sees its own writes.
    """

    def __init__(self, folder: str | Path):
        self._temporary = None
        if str(folder) == ":memory:":
            self._temporary = tempfile.TemporaryDirectory(prefix="lr-advisor-")
            folder = self._temporary.name
        self.folder = Path(folder).expanduser().absolute()
        self.is_new = prepare_folder(self.folder)
        self._lock = FileLock(self.folder / "store.lock")
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._generation = -1
        self._thread_lock = threading.RLock()
        self._group_runs = RunMemory()
        self._remembered: dict[str, tuple[int, list[tuple[Any, ...]]]] = {}
        inbox.sweep(self.folder, now=time.time())
        if newest_generation(self.folder) == 0:
            self.ingest(wait_seconds=60, even_if_nothing_waits=True)
        else:
            self._check_version()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the snapshot; a temporary store disappears."""
        with self._thread_lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
                self._generation = -1
        if self._temporary is not None:
            self._temporary.cleanup()

    # -- saving ------------------------------------------------------------------

    def record_run(self, run: Run, curve: Curve | None = None) -> None:
        """Save one run with its raw curve."""
        inbox.record(self.folder, "run", run_body(run, curve), event_id=run.id)

    def record_runs(self, runs: Sequence[Run]) -> None:
        """Save many runs that have no curve (an import), in one record."""
        if runs:
            bodies = [run_body(run)["run"] for run in runs]
            inbox.record(self.folder, "runs", {"runs": bodies})

    def record_claims(self, claims: Sequence[Claim]) -> None:
        """Save claims; a claim whose id is known stays as it is."""
        if claims:
            bodies = [_values(claim, CLAIM_COLUMNS) for claim in claims]
            inbox.record(self.folder, "claims", {"claims": bodies})

    def record_retraction(self, told_id: str, *, reason: str) -> None:
        """Take a claim or a run out of the evidence; it stays in the records."""
        body = {"claim_id": told_id, "reason": reason}
        inbox.record(self.folder, "retraction", body)

    def record_workloads(self, workloads: Sequence[Mapping[str, str]]) -> None:
        """Save workload names with their titles and origin."""
        inbox.record(self.folder, "workloads", {"workloads": list(workloads)})

    def record_answer(self, answer: Mapping[str, Any]) -> None:
        """Save an answer with its question and the ids of its evidence."""
        inbox.record(self.folder, "answer", answer, event_id=answer["id"])

    def record_conversation(self, conversation_id: str, name: str) -> None:
        """Name a conversation; the newest name counts."""
        body = {"id": conversation_id, "name": name, "changed": inbox.now_text()}
        inbox.record(self.folder, "conversation", body)

    def record_feedback(self, answer_id: str, thumb: str | None) -> None:
        """Save a thumb (`up` or `down`) on an answer, or take it back with None."""
        body = {"answer_id": answer_id, "thumb": thumb, "changed": inbox.now_text()}
        inbox.record(self.folder, "feedback", body)

    def record_forecasts(self, forecasts: Sequence[Forecast]) -> None:
        """Save what is said of runs; call it before they can start."""
        if forecasts:
            bodies = [_values(forecast, FORECAST_COLUMNS) for forecast in forecasts]
            inbox.record(self.folder, "forecasts", {"forecasts": bodies})

    def record_throughput(self, measured: Sequence[Throughput]) -> None:
        """Save how fast steps went on this machine."""
        if measured:
            bodies = [_values(row, THROUGHPUT_COLUMNS) for row in measured]
            inbox.record(self.folder, "throughput", {"rows": bodies})

    def record_study(self, study: ShippedStudy | None) -> None:
        """Save the runs of the shipped study in one record; None: it does without."""
        body = {
            "study": study.id if study else None,
            "columns": study.columns() if study else {},
        }
        event_id = study.id if study else _NO_STUDY
        inbox.record(self.folder, "study", body, event_id=event_id)

    def lacks_study(self, study: ShippedStudy) -> bool:
        """Whether a store that starts with the seeds should be given this study."""
        self._ingest_evidence()
        known, declined, n_claims = self._rows(
            "select count(*) filter (event_id = ?), count(*) filter (event_id = ?), "
            "(select count(*) from claims) from events where kind = 'study'",
            [study.id, _NO_STUDY],
        )[0]
        return not known and not declined and n_claims > 0

    # -- ingesting ---------------------------------------------------------------

    def ingest(
        self, *, wait_seconds: float = 0.0, even_if_nothing_waits: bool = False
    ) -> int:
        """Bring waiting records into the tables, publish, and return how many.

        0 when nothing waits, or another process is at it: nothing is lost.

        Raises:
            StoreBusyError: Only for a new store, which cannot be read before.
            StoreVersionError: The tables are of a newer program.
        """
        if not even_if_nothing_waits and not inbox.waiting(self.folder):
            return 0
        try:
            with self._lock.acquire(
                timeout=wait_seconds, poll_interval=_LOCK_POLL_SECONDS
            ):
                return self._ingest_locked()
        except (Timeout, StoreBusyError) as error:
            if newest_generation(self.folder) == 0:
                raise busy_error(self.folder) from error
            return 0
        except OSError as error:
            raise inbox.disk_error(error, self.folder) from error
        except (
            duckdb.IOException,
            duckdb.FatalException,
            duckdb.TransactionException,
        ) as error:
            kind = DiskFullError if _is_disk_full(error) else StoreError
            raise kind(
                f"{self.folder / DATABASE} could not be written "
                f"({str(error).splitlines()[0][:120]}): is the disk full? What was "
                "saved waits in the inbox and nothing is lost."
            ) from error

    def ingest_all(self, *, wait_seconds: float = 30.0) -> None:
        """Ingest until the inbox is empty, or say who is in the way.

        Raises:
            StoreBusyError: Another program held the file for all of `wait_seconds`.
        """
        end = time.monotonic() + wait_seconds
        while inbox.waiting(self.folder):
            left = end - time.monotonic()
            if left < 0:
                raise busy_error(self.folder)
            if not self.ingest(wait_seconds=max(left, 0)):
                time.sleep(0.05)

    def _ingest_locked(self) -> int:
        paths = inbox.waiting(self.folder)
        events, good = [], []
        for path in paths:
            try:
                events.append(inbox.load_record(path))
                good.append(path)
            except FileNotFoundError:
                continue
            except ValueError:
                self._reject(path)
        with open_for_writing(self.folder) as con:
            migrate(con)
            con.execute("begin")
            insert_events(con, events)
            judge_anew(con)
            con.execute("commit")
        publish(self.folder)
        for path in good:
            inbox.archive(self.folder, path)
        return len(good)

    def _reject(self, path: Path) -> None:
        folder = self.folder / inbox.REJECTED
        folder.mkdir(exist_ok=True)
        path.replace(folder / path.name)

    def _check_version(self) -> None:
        rows = self._rows("select max(version) from schema_migrations")
        version = int(rows[0][0])
        if version > SCHEMA_VERSION:
            raise StoreVersionError(
                f"The store {self.folder} has schema version {version} and this "
                f"program knows up to {SCHEMA_VERSION}: update lr-advisor, or open "
                "another store. Nothing was changed."
            )
        if version < SCHEMA_VERSION or self._rows(JUDGED_BEFORE, [RULE_VERSION]):
            self.ingest(wait_seconds=60, even_if_nothing_waits=True)

    # -- reading -----------------------------------------------------------------

    @property
    def generation(self) -> int:
        """The number of the newest snapshot, after ingesting what waits."""
        self._ingest_if_possible()
        return newest_generation(self.folder)

    @property
    def snapshot_path(self) -> Path:
        """The newest snapshot's file, after ingesting what waits."""
        return snapshot_file(self.folder, self.generation)

    def runs(self, *, workload: str | None = None) -> list[Run]:
        """Return runs, oldest first: all, or one workload's."""
        sql = f"select {_quoted('r', RUN_COLUMNS)} from runs r"
        order = " order by r.created nulls first, r.id"
        if workload is not None:
            where = " where lower(r.workload) = lower(?)"
            rows = self.rows(sql + where + order, [workload])
        else:
            rows = self.rows(sql + order)
        return [run_from_row(row) for row in rows]

    def runs_of_group(self, group: str) -> tuple[Run, ...]:
        """Return the runs of one pooled group, in the order they were ingested.

        The very same tuple while none was added, else one with the same beginning.
        """
        self._ingest_evidence()
        with self._numbered_cursor() as (cursor, generation):
            return self._group_runs.read(cursor, group, generation=generation)

    def runs_by_id(self, ids: Sequence[str]) -> list[Run]:
        """Return the runs with these ids, by workload, batch size and rate."""
        self._ingest_evidence()
        with self._numbered_cursor() as (cursor, generation):
            # Who asks for runs has mostly read their group just before.
            found = self._group_runs.find(ids, generation=generation)
            unknown = [run_id for run_id in ids if run_id not in found]
            if unknown:
                sql = f"select {_quoted('r', RUN_COLUMNS)} from runs r "
                where = "where r.id in (select unnest(?))"
                rows = cursor.execute(sql + where, [unknown]).fetchall()
                found |= {run.id: run for run in map(run_from_row, rows)}
        return sorted(
            found.values(),
            key=lambda run: (run.workload, run.batch_size, run.learning_rate, run.id),
        )

    def run(self, run_id: str) -> Run:
        """Return one run, or raise RunNotFoundError."""
        sql = f"select {_quoted('r', RUN_COLUMNS)} from runs r where id = ?"
        rows = self.rows(sql, [run_id])
        if not rows:
            raise RunNotFoundError(
                f"No run '{run_id}' in {self.folder}. `lr-advisor sql "
                '"select id from runs"` lists them.'
            )
        return run_from_row(rows[0])

    def curve(self, run_id: str) -> Curve:
        """Return the raw curve of one run; empty for a run without one.

        Curves of the study that ships with the program are read from its files.

        Raises:
            StudyError: Those files are damaged.
        """
        rows = self.rows(
            "select metric, step, value from curves where run_id = ? "
            "order by metric, step",
            [run_id],
        )
        if not rows and self._is_of_study(run_id):
            study = find_study()
            return study.curve(run_id) if study else Curve()
        return curve_from_rows(rows)

    def _is_of_study(self, run_id: str) -> bool:
        sql = "select count(*) from runs where id = ? and source = ?"
        return bool(self._rows(sql, [run_id, STUDY])[0][0])

    def claims(self) -> list[Claim]:
        """Return every claim that has not been retracted, in a fixed order."""
        rows = self._once_a_snapshot(
            f"select {_quoted('c', CLAIM_COLUMNS)} from claims c "
            "where c.id not in (select claim_id from retractions) order by c.id"
        )
        return [claim_from_row(row) for row in rows]

    def forecasts(self) -> list[Forecast]:
        """Return every forecast, oldest first."""
        rows = self.rows(
            f"select {_quoted('f', FORECAST_COLUMNS)} from forecasts f "
            "order by f.made, f.id"
        )
        return [forecast_from_row(row) for row in rows]

    def throughput(self) -> list[Throughput]:
        """Return every measured speed, oldest first."""
        rows = self._once_a_snapshot(
            f"select {_quoted('t', THROUGHPUT_COLUMNS)} from throughput t "
            "order by t.measured, t.id"
        )
        return [throughput_from_row(row) for row in rows]

    def workload_names(self) -> list[str]:
        """Return every known workload name, also imported ones."""
        rows = self._once_a_snapshot("select name from workloads order by name")
        return [name for (name,) in rows]

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table a person sees."""
        return {t: self.rows(f"select count(*) from {t}")[0][0] for t in TABLES}

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run our own query on the newest snapshot (never a person's: see sql_box)."""
        self._ingest_for(sql)
        return self._rows(sql, parameters)

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run our own query and return a pandas DataFrame."""
        self._ingest_for(sql)
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).df()

    def _ingest_evidence(self) -> None:
        """Bring in what waits, unless all of it can go on waiting."""
        if not inbox.can_wait(self.folder):
            self._ingest_if_possible()

    def _ingest_for(self, sql: str) -> None:
        """Bring in what a query of ours may read."""
        if _LATE_TABLES.isdisjoint(re.findall(r"\w+", sql.lower())):
            self._ingest_evidence()
        else:
            self._ingest_if_possible()

    def _ingest_if_possible(self) -> None:
        """Bring in all that waits; on a full disk answer from what is published."""
        try:
            self.ingest()
        except StoreVersionError:
            raise
        except StoreError:
            if newest_generation(self.folder) == 0:
                raise

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def _once_a_snapshot(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, remembered while they hold; copy what is handed on."""
        self._ingest_for(sql)
        with self._numbered_cursor() as (cursor, generation):
            known = self._remembered.get(sql)
            if known is None or known[0] != generation:
                known = generation, cursor.execute(sql).fetchall()
                self._remembered[sql] = known
            return known[1]

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._numbered_cursor() as (cursor, _):
            yield cursor

    @contextlib.contextmanager
    def _numbered_cursor(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
        """A cursor on the newest snapshot, and the snapshot's number."""
        with self._thread_lock:
            cursor = self._current_reader().cursor()
            generation = self._generation
        try:
            yield cursor, generation
        finally:
            cursor.close()

    def _current_reader(self) -> duckdb.DuckDBPyConnection:
        for _ in range(50):
            generation = newest_generation(self.folder)
            if self._reader is not None and generation == self._generation:
                return self._reader
            try:
                reader = duckdb.connect(
                    str(snapshot_file(self.folder, generation)),
                    read_only=True,
                    config=OWN_CONFIG,
                )
            except duckdb.IOException:  # removed between reading its name and opening
                time.sleep(0.01)
                continue
            # Threads still reading the old one hold cursors of their own on it.
            self._reader, self._generation = reader, generation
            return reader
        raise StoreError(
            f"The published snapshot of {self.folder} cannot be opened: "
            "run `lr-advisor doctor` on it. The records are untouched."
        )

    # -- checking ----------------------------------------------------------------

    def verify(self) -> StoreCheck:
        """Rebuild the tables from the record files, compare, and re-derive outcomes."""
        self.ingest(wait_seconds=5)
        return verify_tables(self.folder, self._rows, self.curve)


def _is_disk_full(error: duckdb.Error) -> bool:
    return os.strerror(errno.ENOSPC).lower() in str(error).lower()


def _values(record: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _quoted(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f'{alias}."{c}"' for c in columns)

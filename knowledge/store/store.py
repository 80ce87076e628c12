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
import logging
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
from filelock import FileLock, Timeout

from knowledge import inbox
from knowledge.errors import (
    RunNotFoundError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
)
from knowledge.outcome import RULE_VERSION
from knowledge.records import (
    LIBRARY,
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
    busy_error,
    newest_generation,
    prepare_folder,
    snapshot_file,
    trouble_in_words,
)
from knowledge.store.ingesting import Ingested, ingest_waiting, left_out_text, rebuild
from knowledge.store.judging import JUDGED_BEFORE, curve_from_rows
from knowledge.store.migrations import SCHEMA_VERSION
from knowledge.store.run_memory import RunMemory
from knowledge.store.snapshot_reader import SnapshotReader
from knowledge.store.tables import (
    CLAIM_COLUMNS,
    FORECAST_COLUMNS,
    RUN_COLUMNS,
    TABLES,
    THROUGHPUT_COLUMNS,
    claim_from_row,
    forecast_from_row,
    run_from_row,
    throughput_from_row,
)
from knowledge.study.reading import ShippedRuns, find_study

_LOG = logging.getLogger(__name__)  # on stderr, unless somebody has it elsewhere
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
        self._reader = SnapshotReader(self.folder, self.mend)
        self._group_runs = RunMemory()
        self._remembered: dict[str, tuple[int, list[tuple[Any, ...]]]] = {}
        self._refused: StoreError | None = None  # why what waits could not come in
        self.repairs: list[str] = []  # what was made anew since this was opened
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
        self._reader.close()
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

    def record_shipped(self, shipped: ShippedRuns) -> None:
        """Save the runs that ship with the program, of one kind, in one record."""
        body = {"study": shipped.id, "columns": shipped.columns()}
        inbox.record(self.folder, shipped.kind, body, event_id=shipped.id)

    def decline_shipped(self, kind: str) -> None:
        """Save that the shipped runs of a kind are not wanted here."""
        body: dict[str, Any] = {"study": None, "columns": {}}
        inbox.record(self.folder, kind, body, event_id=_declined(kind))

    def lacks(self, shipped: ShippedRuns) -> bool:
        """Whether a store that starts with the seeds should be given these runs."""
        self._ingest_evidence()
        known, n_claims = self._rows(
            "select count(*) filter (event_id = ? or event_id = ?), "
            "(select count(*) from claims) from events where kind = ?",
            [shipped.id, _declined(shipped.kind), shipped.kind],
        )[0]
        return not known and n_claims > 0

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
            self._refused = None
            return 0
        try:
            with self._writing(wait_seconds):
                count = self._noted(ingest_waiting(self.folder))
            self._refused = None
            return count
        except StoreBusyError as error:
            if newest_generation(self.folder) == 0:
                raise
            if not isinstance(error.__cause__, Timeout):  # it is no ingester of ours
                self._refused = error
            return 0
        except StoreError as error:
            self._refused = error
            raise

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

    def mend(self, generation: int) -> None:
        """Publish anew what a reader could not read, unless somebody has done so.

        Raises:
            StoreError: It cannot be written.
        """
        with self._writing(wait_seconds=30):
            if newest_generation(self.folder) == generation:
                self._noted(ingest_waiting(self.folder, thorough=True))

    def not_brought_in(self) -> str | None:
        """Say which saved records answers do not rest on, and why; None: they do."""
        if self._refused is None:
            return None
        return left_out_text(inbox.count_evidence(self.folder), self._refused)

    @contextlib.contextmanager
    def _writing(self, wait_seconds: float) -> Iterator[None]:
        """Hold the lock; what goes wrong is a StoreError."""
        with trouble_in_words(self.folder):
            try:
                self._lock.acquire(
                    timeout=wait_seconds, poll_interval=_LOCK_POLL_SECONDS
                )
            except Timeout as error:
                raise busy_error(self.folder) from error
            try:
                yield
            finally:
                self._lock.release()

    def _noted(self, ingested: Ingested) -> int:
        if ingested.note is not None:
            self.repairs.append(ingested.note)
            _LOG.warning("%s", ingested.note)
        return ingested.count

    def _check_version(self) -> None:
        rows = self._rows("select max(version) from schema_migrations")
        version = int(rows[0][0] or 0)
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
        return self._reader.read(
            lambda cursor, generation: self._group_runs.read(
                cursor, group, generation=generation
            )
        )

    def runs_by_id(self, ids: Sequence[str]) -> list[Run]:
        """Return the runs with these ids, by workload, batch size and rate."""
        self._ingest_evidence()

        def find(cursor: duckdb.DuckDBPyConnection, generation: int) -> dict[str, Run]:
            # Who asks for runs has mostly read their group just before.
            found = self._group_runs.find(ids, generation=generation)
            unknown = [run_id for run_id in ids if run_id not in found]
            if not unknown:
                return found
            sql = f"select {_quoted('r', RUN_COLUMNS)} from runs r "
            where = "where r.id in (select unnest(?))"
            rows = cursor.execute(sql + where, [unknown]).fetchall()
            return found | {run.id: run for run in map(run_from_row, rows)}

        return sorted(
            self._reader.read(find).values(),
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

    def workload_names(self, *, published: bool = True) -> list[str]:
        """Return every known workload name, also imported ones.

        Without those that are known by others' published grids alone, if so asked.
        """
        own = f"origin not in {LIBRARY} or name in (select workload from claims) or "
        own += f"name in (select workload from runs where source not in {LIBRARY})"
        kept = "true" if published else own
        sql = f"select name from workloads where {kept} order by name"
        return [name for (name,) in self._once_a_snapshot(sql)]

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
        return self._reader.read(
            lambda cursor, _: cursor.execute(sql, list(parameters)).df()
        )

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
        """Bring in all that waits; if the disk refuses, answers come without it.

        `not_brought_in` then says so, and once the log.
        """
        before = self._refused
        try:
            self.ingest()
        except StoreVersionError:
            raise
        except StoreError:
            if newest_generation(self.folder) == 0:
                raise
        if before is None and (said := self.not_brought_in()):
            _LOG.warning("%s", said)

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._reader.read(
            lambda cursor, _: cursor.execute(sql, list(parameters)).fetchall()
        )

    def _once_a_snapshot(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, remembered while they hold; copy what is handed on."""
        self._ingest_for(sql)

        def read(
            cursor: duckdb.DuckDBPyConnection, generation: int
        ) -> list[tuple[Any, ...]]:
            known = self._remembered.get(sql)
            if known is None or known[0] != generation:
                known = generation, cursor.execute(sql).fetchall()
                self._remembered[sql] = known
            return known[1]

        return self._reader.read(read)

    # -- checking ----------------------------------------------------------------

    def verify(self) -> StoreCheck:
        """Rebuild the tables from the record files, compare, and re-derive outcomes.

        Tables that are damaged or differ are made anew, unless they hold what no record
        does.
        """
        try:
            self.mend(newest_generation(self.folder))
        except StoreVersionError:
            raise
        except StoreError as error:  # a store that may only be read is checked, too
            self._refused = error
        check = verify_tables(self.folder, self._rows, self.curve)
        if check.can_be_rebuilt:
            try:
                with self._writing(wait_seconds=30):
                    self._noted(rebuild(self.folder, "differed from them"))
            except StoreError as error:
                return replace(check, problems=(*check.problems, str(error)))
        return check


def _values(record: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _quoted(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f'{alias}."{c}"' for c in columns)


def _declined(kind: str) -> str:
    """The id of the record that shipped runs are not wanted."""
    return f"{kind}:none"

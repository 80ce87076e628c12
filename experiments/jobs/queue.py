"""The job queue: one SQLite file with leases, heartbeats and cancel flags.

A job may be told to stop early (`stop_after`) and be carried further later; the runs of
a verification are planned one after another (advisor.running.supervisor). A killed
worker's lease runs out and the next worker goes on from the checkpoint; a worker that
lives keeps its job, however late its heartbeats. Not for network file systems.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from experiments.jobs.records import (
    Job,
    NewJob,
    OpenVerification,
    new_job_id,
    new_verification_id,
)
from knowledge.errors import JobNotFoundError, StoreError
from knowledge.records import RunConfig

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
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
# Jobs are never deleted, so a row's number is the job's for good.
_JOB = "rowid as number, *"
_CLAIM = """
update jobs set state = 'running', state_number = state_number + 1, owner = :me,
    pid = :pid, pid_created = :pid_created, lease = :now + :lease,
    attempts = attempts + 1, started = coalesce(started, :now)
where id = (
    select id from jobs
    where (state = 'queued' or (state = 'running' and lease < :now))
        and cancel is null and attempts < :max_attempts
    order by created, id limit 1)
returning rowid as number, *
"""


class Queue:
    """The queue of one store; every method is one short transaction.

    Safe to use from several threads and processes.
    """

    def __init__(self, store_folder: Path):
        self.folder = store_folder
        self.path = store_folder / "jobs.sqlite"
        self._local = threading.local()
        if not self._can_write():  # questions are answered there; using the queue tells
            return
        with self._connection() as con:
            con.executescript(_SCHEMA)
            _add_columns(con)

    # -- asking for work ---------------------------------------------------------

    def submit(
        self, job: NewJob, *, job_id: str | None = None, now: float | None = None
    ) -> str:
        """Queue one run and return its job id (`new_job_id`, unless it is given)."""
        job_id = job_id or new_job_id()
        with self._connection() as con:
            con.execute(
                "insert into jobs (id, kind, config, state, verification_id, "
                "believed_low, believed_high, reason, estimated_seconds, created, "
                "stop_after, continues_job) "
                "values (?, 'run', ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    json.dumps(job.config.to_dict()),
                    job.verification_id,
                    job.believed_low,
                    job.believed_high,
                    job.reason,
                    job.estimated_seconds,
                    _now(now),
                    job.stop_after,
                    job.continues_job,
                ),
            )
        return job_id

    def submit_verification(
        self,
        spec: Mapping[str, Any],
        *,
        verification_id: str | None = None,
        now: float | None = None,
    ) -> str:
        """Open a verification and return its id; a known id is opened only once."""
        verification_id = verification_id or new_verification_id()
        with self._connection() as con:
            con.execute(
                "insert into verifications (id, spec, state, created) "
                "values (?, ?, 'running', ?) on conflict do nothing",
                (verification_id, json.dumps(spec), _now(now)),
            )
        return verification_id

    # -- looking -----------------------------------------------------------------

    def jobs(
        self,
        *,
        verification_id: str | None = None,
        unfinished: bool = False,
        running: bool = False,
    ) -> list[Job]:
        """Return jobs, oldest first: all, those not over, or those a worker has."""
        where, values = [], []
        if verification_id is not None:
            where.append("verification_id = ?")
            values.append(verification_id)
        if unfinished:
            where.append("state in ('queued', 'running', 'interrupted')")
        if running:
            where.append("state = 'running'")
        clause = f" where {' and '.join(where)}" if where else ""
        rows = self._rows(
            f"select {_JOB} from jobs{clause} order by created, id", values
        )
        return [_job(row) for row in rows]

    def job(self, job_id: str) -> Job:
        """Return one job, or raise JobNotFoundError."""
        rows = self._rows(f"select {_JOB} from jobs where id = ?", [job_id])
        if not rows:
            raise JobNotFoundError(
                f"No job '{job_id}'. `lr-advisor jobs list` shows the known ones."
            )
        return _job(rows[0])

    def verifications(self, *, unfinished: bool = False) -> list[OpenVerification]:
        """Return verifications, oldest first."""
        clause = " where state = 'running'" if unfinished else ""
        rows = self._rows(f"select * from verifications{clause} order by created", [])
        return [_verification(row) for row in rows]

    def verification(self, verification_id: str) -> OpenVerification:
        """Return one verification, or raise JobNotFoundError."""
        rows = self._rows("select * from verifications where id = ?", [verification_id])
        if not rows:
            raise JobNotFoundError(f"No verification '{verification_id}'.")
        return _verification(rows[0])

    def count_unfinished(self) -> int:
        """Return how many jobs are not over."""
        rows = self._rows(
            "select count(*) from jobs "
            "where state in ('queued', 'running', 'interrupted')",
            [],
        )
        return int(rows[0][0])

    def state_numbers(self) -> dict[str, int]:
        """Return how often each job has changed its state, by its id."""
        rows = self._rows("select id, state_number from jobs", [])
        return {row["id"]: row["state_number"] for row in rows}

    def mark(self) -> tuple[int, ...]:
        """Return what differs as soon as anything but progress has changed."""
        rows = self._rows(
            "select (select count(*) from jobs), (select count(cancel) from jobs), "
            "(select coalesce(sum(state_number), 0) from jobs), "
            "(select count(*) from verifications), "
            "(select count(cancel) from verifications), "
            "(select count(ended) from verifications)",
            [],
        )
        return tuple(rows[0])

    def has_work(self) -> bool:
        """Whether a job waits or runs, or a verification may still plan one."""
        rows = self._rows(
            "select exists(select 1 from jobs where state in ('queued', 'running')) "
            "or exists(select 1 from verifications where state = 'running') as work",
            [],
        )
        return bool(rows[0]["work"])

    # -- carrying out ------------------------------------------------------------

    def claim(self, owner: str, *, now: float | None = None) -> Job | None:
        """Take the oldest waiting job, or one whose worker is gone; None if none.

        A job that lost its worker too often becomes `failed` in the same transaction.
        """
        now = _now(now)
        with self._connection() as con:
            con.execute("begin immediate")
            self._renew_living(con, now)
            con.execute(
                "update jobs set state = 'failed', state_number = state_number + 1, "
                "ended = ?, "
                "error = ? || coalesce(error, 'killed, or out of memory') || ? "
                "where state = 'running' and lease < ? and attempts >= ?",
                (
                    now,
                    f"Its worker was lost {MAX_ATTEMPTS} times (",
                    "): try a smaller batch, or `lr-advisor jobs resume`.",
                    now,
                    MAX_ATTEMPTS,
                ),
            )
            rows = con.execute(
                _CLAIM,
                {
                    "me": owner,
                    "pid": os.getpid(),
                    "pid_created": psutil.Process().create_time(),
                    "now": now,
                    "lease": LEASE_SECONDS,
                    "max_attempts": MAX_ATTEMPTS,
                },
            ).fetchall()
            con.execute("commit")
        return _job(rows[0]) if rows else None

    def beat(
        self,
        job_id: str,
        owner: str,
        *,
        progress: float,
        loss: float | None,
        now: float | None = None,
    ) -> bool:
        """Renew the lease; False when the job was cancelled or is no longer ours."""
        with self._connection() as con:
            rows = con.execute(
                "update jobs set lease = ?, progress = ?, loss = ? where id = ? and "
                "owner = ? and state = 'running' returning cancel",
                (_now(now) + LEASE_SECONDS, progress, loss, job_id, owner),
            ).fetchall()
        return bool(rows) and rows[0]["cancel"] is None

    def _renew_living(self, con: sqlite3.Connection, now: float) -> None:
        """Renew what ran out of workers that live: a busy machine's heartbeat is late.

        It may also have slept. Two workers of one run would write the same files.
        """
        late = con.execute(
            f"select {_JOB} from jobs where state = 'running' and lease < ?", (now,)
        ).fetchall()
        for job in map(_job, late):
            if worker_is_alive(job):
                con.execute(
                    "update jobs set lease = ? where id = ?",
                    (now + LEASE_SECONDS, job.id),
                )

    def note_resumed(self, job_id: str, step: int) -> None:
        """Remember from which step a run went on."""
        with self._connection() as con:
            con.execute(
                "update jobs set resumed_from_step = ? where id = ?", (step, job_id)
            )

    def note(self, job_id: str, text: str) -> None:
        """Keep a sentence that a person should read about a run that goes on."""
        with self._connection() as con:
            con.execute("update jobs set note = ? where id = ?", (text, job_id))

    def note_lost(self, job_id: str, reason: str) -> None:
        """Keep how the worker of a running job ended, should nobody finish the job."""
        with self._connection() as con:
            con.execute(
                "update jobs set error = ? where id = ? and state = 'running' "
                "and cancel is null",
                (reason, job_id),
            )

    def end(
        self,
        job_id: str,
        owner: str,
        *,
        state: str,
        run_id: str | None = None,
        error: str | None = None,
        now: float | None = None,
    ) -> bool:
        """End a job that is still ours; False when somebody else has it now."""
        with self._connection() as con:
            changed = con.execute(
                "update jobs set state = ?, state_number = state_number + 1, "
                "ended = ?, run_id = ?, error = ?, lease = null, pid = null, "
                "progress = case when ? = 'finished' then 1.0 else progress end "
                "where id = ? and owner = ? and state = 'running'",
                (state, _now(now), run_id, error, state, job_id, owner),
            ).rowcount
        return changed > 0

    # -- stopping, resuming ------------------------------------------------------

    def cancel(self, job_id: str, *, now: float | None = None) -> None:
        """Ask one job to stop; a waiting one is cancelled at once.

        Its verification plans no further runs: a run somebody cancelled by hand is not
        replaced behind their back.
        """
        job = self.job(job_id)
        with self._connection() as con:
            self._cancel_jobs(con, "id = ?", job_id, now)
            if job.verification_id is not None:
                con.execute(
                    "update verifications set cancel = coalesce(cancel, ?) "
                    "where id = ?",
                    (_now(now), job.verification_id),
                )

    def cancel_verification(
        self, verification_id: str, *, now: float | None = None
    ) -> None:
        """Plan no further runs and stop those under way."""
        self.verification(verification_id)
        with self._connection() as con:
            con.execute(
                "update verifications set cancel = coalesce(cancel, ?) where id = ?",
                (_now(now), verification_id),
            )
            self._cancel_jobs(con, "verification_id = ?", verification_id, now)

    def _cancel_jobs(
        self, con: sqlite3.Connection, where: str, value: str, now: float | None
    ) -> None:
        con.execute(
            "update jobs set cancel = coalesce(cancel, ?) where state in "
            f"('queued', 'running') and {where}",
            (_now(now), value),
        )
        con.execute(
            "update jobs set state = 'cancelled', state_number = state_number + 1, "
            f"ended = ? where state = 'queued' and {where}",
            (_now(now), value),
        )

    def resume(self, job_id: str) -> None:
        """Queue a job again that failed, was cancelled or lost its worker."""
        job = self.job(job_id)
        if job.state == "finished":
            raise StoreError(f"Job {job_id} is finished: there is nothing to resume.")
        now = time.time()
        with self._connection() as con:
            con.execute("begin immediate")
            self._renew_living(con, now)
            con.execute(
                "update jobs set state = 'queued', state_number = state_number + 1, "
                "attempts = 0, cancel = null, ended = null, error = null, lease = null "
                "where id = ? and (state in ('failed', 'cancelled', 'interrupted') "
                "or (state = 'running' and lease < ?))",
                (job_id, now),
            )
            con.execute("commit")

    def carry_further(self, job_id: str, *, stop_after: int | None) -> None:
        """Queue a job again that stopped early in good health, to go on from there.

        Args:
            job_id: A finished job.
            stop_after: The step at which it is to stop next; None: its horizon.

        Raises:
            StoreError: It is not finished, or has been that far.
        """
        job = self.job(job_id)
        if stop_after is not None and stop_after >= job.config.steps:
            stop_after = None
        if job.state != "finished" or (stop_after or job.config.steps) <= job.last_step:
            raise StoreError(
                f"Job {job_id} ({job.state} at step {job.last_step}) cannot be carried "
                f"to step {stop_after or job.config.steps}."
            )
        done = job.last_step / (stop_after or job.config.steps)
        with self._connection() as con:
            con.execute(
                "update jobs set state = 'queued', state_number = state_number + 1, "
                "attempts = 0, ended = null, error = null, lease = null, owner = null, "
                "stop_after = ?, progress = ? where id = ? and state = 'finished'",
                (stop_after, done, job_id),
            )

    def release_lost(self) -> list[str]:
        """Give back the jobs whose worker process is gone; return their ids."""
        lost = [job.id for job in self.jobs(running=True) if not worker_is_alive(job)]
        with self._connection() as con:
            for job_id in lost:
                con.execute(
                    "update jobs set lease = 0, pid = null where id = ? "
                    "and state = 'running'",
                    (job_id,),
                )
                con.execute(
                    "update jobs set state = 'cancelled', "
                    "state_number = state_number + 1, ended = ? where id = ? "
                    "and state = 'running' and cancel is not null",
                    (time.time(), job_id),
                )
        return lost

    def end_verification(
        self, verification_id: str, *, state: str, error: str | None = None
    ) -> None:
        """Close a verification: `finished`, `cancelled` or `failed`."""
        with self._connection() as con:
            con.execute(
                "update verifications set state = ?, ended = ?, error = ? "
                "where id = ? and state = 'running'",
                (state, time.time(), error, verification_id),
            )

    def fail_unfinished(self, reason: str) -> None:
        """End all that nobody carries out nor can; its jobs may be resumed.

        What was being cancelled becomes `cancelled`. Jobs that a live worker has are
        left alone.
        """
        lost = [job for job in self.jobs(running=True) if not worker_is_alive(job)]
        now = time.time()
        with self._connection() as con:
            con.execute("begin immediate")
            for job in lost:
                con.execute(  # unless another worker has it by now
                    "update jobs set state = 'queued' where id = ? "
                    "and state = 'running' and attempts = ?",
                    (job.id, job.attempts),
                )
            con.execute(
                "update jobs set state = iif(cancel is null, 'failed', 'cancelled'), "
                "error = iif(cancel is null, ?, error), pid = null, lease = null, "
                "state_number = state_number + 1, ended = ? where state = 'queued'",
                (reason, now),
            )
            con.execute(
                "update verifications set "
                "state = iif(cancel is null, 'failed', 'cancelled'), "
                "error = iif(cancel is null, ?, error), ended = ? "
                "where state = 'running'",
                (reason, now),
            )
            con.execute("commit")

    # -- plumbing ----------------------------------------------------------------

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


def worker_is_alive(job: Job) -> bool:
    """Whether the process that claimed a job still exists (same pid, same start)."""
    return process_is_alive(job.pid, job.pid_created)


def process_is_alive(pid: int | None, created: float | None) -> bool:
    """Whether the process that had this id when it was created still exists."""
    if pid is None or created is None:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < 1.0
        # A process that is dying or dead and not yet reaped has no command line.
        return bool(same and process.cmdline())
    except psutil.Error:
        return False


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


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values.pop("owner")
    values["config"] = RunConfig.from_dict(json.loads(values["config"]))
    return Job(**values)


def _verification(row: sqlite3.Row) -> OpenVerification:
    values = dict(row)
    values["spec"] = json.loads(values["spec"])
    return OpenVerification(**values)


def _now(now: float | None) -> float:
    return time.time() if now is None else now

"""Leases: what a worker may do with a job it has, and what becomes of one it lost.

A killed worker's lease runs out and the next worker goes on from the checkpoint; a
worker that lives keeps its job, however late its heartbeats.
"""

import json
import os
import sqlite3
import time

import psutil

from experiments.jobs.queue_file import QueueFile
from experiments.jobs.records import (
    Job,
)
from knowledge.records import RunConfig

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
# Jobs are never deleted, so a row's number is the job's for good.
JOB_COLUMNS = "rowid as number, *"
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


class Leases(QueueFile):
    """The jobs of a queue as its workers see them."""

    def claim(self, owner: str, *, now: float | None = None) -> Job | None:
        """Take the oldest waiting job, or one whose worker is gone; None if none.

        A job that lost its worker too often becomes `failed` in the same transaction.
        """
        now = now_or(now)
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
        return job_of(rows[0]) if rows else None

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
                (now_or(now) + LEASE_SECONDS, progress, loss, job_id, owner),
            ).fetchall()
        return bool(rows) and rows[0]["cancel"] is None

    def _renew_living(self, con: sqlite3.Connection, now: float) -> None:
        """Renew what ran out of workers that live: late on a busy machine, or asleep.

        Two workers of one run would write the same files.
        """
        late = con.execute(
            f"select {JOB_COLUMNS} from jobs where state = 'running' and lease < ?",
            (now,),
        ).fetchall()
        for job in map(job_of, late):
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
                (state, now_or(now), run_id, error, state, job_id, owner),
            ).rowcount
        return changed > 0


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


def job_of(row: sqlite3.Row) -> Job:
    values = dict(row)
    values.pop("owner")
    values["config"] = RunConfig.from_dict(json.loads(values["config"]))
    return Job(**values)


def now_or(now: float | None) -> float:
    return time.time() if now is None else now

"""The job queue: one SQLite file with leases, heartbeats and cancel flags.

A job may be told to stop early (`stop_after`) and be carried further later. Not for
network file systems.
"""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from experiments.jobs.leases import JOB_COLUMNS, Leases, job_of, now_or, worker_is_alive
from experiments.jobs.records import (
    Job,
    NewJob,
    OpenVerification,
    new_job_id,
    new_verification_id,
)
from knowledge.errors import JobNotFoundError, StoreError


class Queue(Leases):
    """The queue of one store; every method is one short transaction.

    Safe to use from several threads and processes.
    """

    def submit(
        self, job: NewJob, *, job_id: str | None = None, now: float | None = None
    ) -> str:
        """Queue one job and return its id (`new_job_id`, unless it is given)."""
        job_id = job_id or new_job_id()
        with self._connection() as con:
            con.execute(
                "insert into jobs (id, kind, config, state, verification_id, "
                "believed_low, believed_high, reason, estimated_seconds, created, "
                "stop_after, continues_job) "
                "values (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    job.kind,
                    json.dumps(job.config.to_dict()),
                    job.verification_id,
                    job.believed_low,
                    job.believed_high,
                    job.reason,
                    job.estimated_seconds,
                    now_or(now),
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
                (verification_id, json.dumps(spec), now_or(now)),
            )
        return verification_id

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
            where.append("state in ('queued', 'running')")
        if running:
            where.append("state = 'running'")
        clause = f" where {' and '.join(where)}" if where else ""
        rows = self._rows(
            f"select {JOB_COLUMNS} from jobs{clause} order by created, id", values
        )
        return [job_of(row) for row in rows]

    def job(self, job_id: str) -> Job:
        """Return one job, or raise JobNotFoundError."""
        rows = self._rows(f"select {JOB_COLUMNS} from jobs where id = ?", [job_id])
        if not rows:
            raise JobNotFoundError(
                f"No job '{job_id}'. `lr-advisor jobs list` shows the known ones."
            )
        return job_of(rows[0])

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
            "select count(*) from jobs where state in ('queued', 'running')", []
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

    def cancel(self, job_id: str, *, now: float | None = None) -> None:
        """Ask one job to stop; a waiting one is cancelled at once.

        Its verification plans no further runs.
        """
        job = self.job(job_id)
        with self._connection() as con:
            self._cancel_jobs(con, "id = ?", job_id, now)
            if job.verification_id is not None:
                con.execute(
                    "update verifications set cancel = coalesce(cancel, ?) "
                    "where id = ?",
                    (now_or(now), job.verification_id),
                )

    def cancel_verification(
        self, verification_id: str, *, now: float | None = None
    ) -> None:
        """Plan no further runs and stop those under way."""
        self.verification(verification_id)
        with self._connection() as con:
            con.execute(
                "update verifications set cancel = coalesce(cancel, ?) where id = ?",
                (now_or(now), verification_id),
            )
            self._cancel_jobs(con, "verification_id = ?", verification_id, now)

    def _cancel_jobs(
        self, con: sqlite3.Connection, where: str, value: str, now: float | None
    ) -> None:
        con.execute(
            "update jobs set cancel = coalesce(cancel, ?) where state in "
            f"('queued', 'running') and {where}",
            (now_or(now), value),
        )
        con.execute(
            "update jobs set state = 'cancelled', state_number = state_number + 1, "
            f"ended = ? where state = 'queued' and {where}",
            (now_or(now), value),
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
                "where id = ? and (state in ('failed', 'cancelled') "
                "or (state = 'running' and lease < ?))",
                (job_id, now),
            )
            con.execute("commit")

    def carry_further(self, job_id: str, *, stop_after: int | None) -> None:
        """Queue a finished job again that stopped early in good health, to go on.

        `stop_after` is the step at which it is to stop next; None: its horizon.

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
        """Give back the jobs whose worker process is gone; return their ids.

        One taken since we looked stays theirs: two workers would write the same files.
        """
        lost = [job for job in self.jobs(running=True) if not worker_is_alive(job)]
        with self._connection() as con:
            for job in lost:
                as_seen = "id = ? and attempts = ? and state = 'running'"
                con.execute(
                    f"update jobs set lease = 0, pid = null where {as_seen}",
                    (job.id, job.attempts),
                )
                con.execute(
                    "update jobs set state = 'cancelled', "
                    "state_number = state_number + 1, ended = ? "
                    f"where {as_seen} and cancel is not null",
                    (time.time(), job.id, job.attempts),
                )
        return [job.id for job in lost]

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


def _verification(row: sqlite3.Row) -> OpenVerification:
    values = dict(row)
    values["spec"] = json.loads(values["spec"])
    return OpenVerification(**values)

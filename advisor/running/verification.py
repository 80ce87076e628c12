"""A verification under way: its state, its progress, its end, and what it changed.

It is stored in the queue and tended by the supervisor, so it survives the app.
"""

import time
from collections.abc import Sequence
from typing import Any

from advisor.answers.answers import Answers
from advisor.planning.spec import VerificationSpec
from advisor.running.job_documents import shown_state
from advisor.running.supervision import Supervision
from advisor.running.tending import examples_spent
from experiments.executors.executor import Executor
from experiments.jobs.queue import Queue
from experiments.jobs.records import VERIFICATION, Job
from knowledge.errors import DiskFullError, RunTimeoutError, StoreError
from knowledge.store.store import Store


class Verification:
    """A verification under way: its jobs, its progress, and what it changed."""

    def __init__(
        self,
        verification_id: str,
        *,
        store: Store,
        answers: Answers,
        queue: Queue,
        supervision: Supervision,
        executor: Executor,
    ):
        self._store = store
        self._queue = queue
        self._answers = answers
        self._supervision = supervision
        self._executor = executor
        self.id = verification_id

    @property
    def state(self) -> str:
        """`running`, `finished`, `failed` or `cancelled`."""
        return self._queue.verification(self.id).state

    @property
    def error(self) -> str | None:
        """Why it failed, if it did."""
        return self._queue.verification(self.id).error

    @property
    def spec(self) -> VerificationSpec:
        """What was asked for, filled in."""
        opened = self._queue.verification(self.id)
        return VerificationSpec.from_dict(opened.spec["spec"])

    @property
    def before(self) -> dict[str, Any]:
        """The recommendation when it was asked for."""
        before: dict[str, Any] = self._queue.verification(self.id).spec["before"]
        return before

    def jobs(self) -> list[Job]:
        """Return its jobs so far, oldest first."""
        return self._queue.jobs(verification_id=self.id)

    @property
    def job_ids(self) -> list[str]:
        """The ids of its jobs so far."""
        return [job.id for job in self.jobs()]

    @property
    def progress(self) -> float:
        """Share of the budget used, 0..1."""
        opened = self._queue.verification(self.id)
        if opened.is_over:
            return 1.0
        jobs, spec = self.jobs(), self.spec
        done = sum(job.progress if not job.is_over else 1.0 for job in jobs)
        shares = [0.0]
        if spec.budget_seconds:
            shares.append((time.time() - opened.created) / spec.budget_seconds)
        if spec.budget_examples:
            spent = examples_spent(jobs, self._store)
            shares.append(spent / spec.budget_examples)
        if spec.n_runs:
            shares.append(done / spec.n_runs)
        if not spec.is_adaptive and jobs:
            shares.append(done / len(jobs))
        return min(max(shares), 0.99)

    def wait(
        self, *, timeout_seconds: float | None = None, poll_seconds: float = 0.2
    ) -> None:
        """Wait until it is over; that somebody tends it is looked after meanwhile.

        When nobody can, it is over too: `failed`, and `error` says why.

        Raises:
            RunTimeoutError: It was not over in time; it goes on by itself.
        """
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self.state == "running":
            if end is not None and time.monotonic() > end:
                raise RunTimeoutError(
                    f"Verification {self.id} is not over after {timeout_seconds:g} s; "
                    "it goes on by itself."
                )
            self._supervision.look()
            time.sleep(poll_seconds)

    def cancel(self) -> None:
        """Plan no further runs and stop those under way; what is finished stays."""
        stop(self.id, self._queue, self._executor)
        self._supervision.start()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        spec, unsaved = self.spec, self.why_unsaved()
        after = self._answers.recommend(spec.workload, spec.batch_sizes[0], spec.asked)
        return {
            "verification_id": self.id,
            "jobs": self.job_ids,
            "state": self.state,
            "error": self.error or unsaved,
            "runs": [self._run_dict(job) for job in self.jobs()],
            "before": self.before,
            "after": after.to_dict(),
        }

    def why_unsaved(self) -> str | None:
        """Why finished runs do not count yet, in a sentence; None if all of them do."""
        finished = {job.run_id for job in self.jobs() if job.state == "finished"}
        ids = [run_id for run_id in finished if run_id is not None]
        store = self._store
        missing = len(ids) - len(store.runs_by_id(ids))
        if not missing:
            return None
        try:
            store.ingest_all()
        except DiskFullError:
            which = "1 run" if missing == 1 else f"{missing} runs"
            return (
                f"{which} could not be saved in the tables because the disk holding "
                f"{store.folder} is full: free some space, and what was found appears "
                "by itself."
            )
        except StoreError as error:
            return str(error)
        return None

    def _run_dict(self, job: Job) -> dict[str, Any]:
        found: Sequence[Any] = (None, None, None, None)
        if job.run_id is not None:
            rows = self._store.rows(
                "select outcome, seconds, failed_at_step, steps from runs where id = ?",
                [job.run_id],
            )
            found = rows[0] if rows else found
        outcome, seconds, failed_at_step, steps_done = found
        return {
            "id": job.run_id,
            "job": job.id,
            "state": shown_state(job),
            "workload": job.config.workload,
            "batch_size": job.config.batch_size,
            "learning_rate": job.config.learning_rate,
            "seed": job.config.seed,
            "steps": job.config.steps,
            "stop_after": job.stop_after,
            "steps_done": steps_done,
            "outcome": outcome,
            "failed_at_step": failed_at_step,
            "seconds": seconds,
            "believed_low": job.believed_low,
            "believed_high": job.believed_high,
            "reason": job.reason,
        }


def stop(job_or_verification_id: str, queue: Queue, executor: Executor) -> None:
    """Ask one job, or a whole verification, to end; what is finished stays."""
    if job_or_verification_id.startswith(VERIFICATION):
        queue.cancel_verification(job_or_verification_id)
    else:
        queue.cancel(job_or_verification_id)
    for job in queue.jobs(unfinished=True):
        if job.cancel is not None and job.progress == 0:
            executor.kill(job)  # still loading: there is no step to keep
    queue.release_lost()

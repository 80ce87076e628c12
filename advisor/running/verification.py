"""Verification runs under way: started, advanced, watched, stopped.

A verification is a wish with a budget, stored in the queue; its runs are planned one
after another by whoever tends it (advisor.running.supervisor, with advisor.running.tending), so it
survives the app that started it.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from advisor.checks import check_batch_size, check_learning_rate
from advisor.evidence.scope import Scope
from advisor.planning.checks import check_budget, check_trainable
from advisor.planning.plan import usual_steps
from advisor.planning.spec import VerificationSpec
from advisor.running.job_documents import shown_state
from advisor.running.tending import advance, examples_spent
from experiments.jobs.records import Job
from experiments.training.devices import check_device_here
from knowledge.errors import (
    BadValueError,
    DiskFullError,
    RunTimeoutError,
    StoreError,
)

if TYPE_CHECKING:
    from advisor.service import Advisor

DEFAULT_BUDGET_SECONDS = 120.0


class Verification:
    """A verification under way: its jobs, its progress, and what it changed."""

    def __init__(self, advisor: "Advisor", verification_id: str):
        self._advisor = advisor
        self._queue = advisor.queue
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
        wish = self._queue.verification(self.id).spec
        return VerificationSpec.from_dict(wish["spec"])

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
            spent = examples_spent(jobs, self._advisor.store)
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
            self._advisor.look_after()
            time.sleep(poll_seconds)

    def cancel(self) -> None:
        """Plan no further runs and stop those under way (`Advisor.cancel`)."""
        self._advisor.cancel(self.id)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        spec, unsaved = self.spec, self.why_unsaved()
        after = self._advisor.recommend(
            spec.workload,
            spec.batch_sizes[0],
            recipe=spec.recipe,
            device=spec.device,
            precision=spec.precision,
        )
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
        store = self._advisor.store
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
            rows = self._advisor.store.rows(
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


def start_verification(
    advisor: "Advisor",
    scope: Scope,
    *,
    batch_sizes: Sequence[object],
    learning_rates: Sequence[object],
    steps: int | None,
    seeds: int,
    budget_seconds: float | None,
    runs: int | None,
    examples: float | None,
    data: str | None,
    verification_id: str | None,
    answer_id: str | None,
) -> Verification:
    """Store the wish, queue its first runs and return at once.

    Raises:
        WorkloadUnavailableError: The workload cannot be trained here.
        BadValueError: A number cannot be right, or the device is not here.
    """
    batches = tuple(dict.fromkeys(check_batch_size(b) for b in batch_sizes))
    rates = tuple(dict.fromkeys(check_learning_rate(rate) for rate in learning_rates))
    if not batches:
        raise BadValueError("batch_size", "missing", expected="name at least one.")
    if budget_seconds is None and runs is None and examples is None and not rates:
        budget_seconds = DEFAULT_BUDGET_SECONDS
    check_budget(advisor, budget_seconds, runs, seeds, steps, examples)
    check_device_here(scope.device)
    spec = _fill_in(
        advisor,
        scope,
        VerificationSpec(
            workload=scope.workload,
            batch_sizes=batches,
            recipe=scope.recipe or "",
            device=scope.device,
            steps=steps or 0,
            n_seeds=seeds,
            learning_rates=rates,
            budget_seconds=budget_seconds,
            n_runs=runs,
            data=data or "",
            n_workers=advisor.settings.n_workers,
            budget_examples=examples,
            precision=scope.precision,
        ),
    )
    before = advisor.recommend(
        scope.workload,
        batches[0],
        recipe=scope.recipe,
        device=scope.device,
        precision=scope.precision,
    )
    wish = {
        "spec": spec.to_dict(),
        "before": before.to_dict(),
        "answer_id": answer_id,
    }
    opened = advisor.queue.submit_verification(wish, verification_id=verification_id)
    if not advisor.queue.jobs(verification_id=opened):
        advance(advisor, opened)
    ensure_supervisor(advisor)
    return Verification(advisor, opened)


def verification_of_answer(
    advisor: "Advisor", answer_id: str | None
) -> Verification | None:
    """Return the newest verification that was started from an answer, if any was."""
    if answer_id is None:
        return None
    for opened in reversed(advisor.queue.verifications()):
        if opened.spec.get("answer_id") == answer_id:
            return Verification(advisor, opened.id)
    return None


def _fill_in(
    advisor: "Advisor", scope: Scope, wish: VerificationSpec
) -> VerificationSpec:
    spec = check_trainable(scope.workload, scope.recipe, wish.batch_sizes)
    steps = wish.steps
    if not steps:
        steps = usual_steps(scope.workload)
        if wish.budget_seconds is not None and wish.is_adaptive:
            steps = advisor.steps_within(
                wish.budget_seconds,
                scope.workload,
                wish.batch_sizes,
                device=scope.device,
                precision=scope.precision,
            )
    return replace(wish, steps=steps, data=wish.data or spec.data)


def ensure_supervisor(advisor: "Advisor") -> None:
    """Make sure a process tends unfinished work; starting a second is harmless."""
    advisor.tending.start()

"""Carrying the study out: its parts one after another, as verifications like any other.

What is done is read off the queue and the runs, so an interrupted study goes on where
it was. A part is over when its runs took its share of the time.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from advisor.evidence.scope import Asked
from advisor.evidence.trajectories import runs_that_count
from advisor.planning.request import VerificationRequest
from advisor.running.tending import added_by, ids_with_sources
from advisor.running.verification import Verification
from advisor.running.verifications import Verifications
from advisor.study.plan import BUDGET_SHARE, StudyPlan, StudyStep
from experiments.jobs.records import VERIFICATION, Job
from knowledge.errors import AdvisorError
from knowledge.records import Document

POLL_SECONDS = 0.5
STOPPING_SECONDS = 60.0
# What a part must have taken of its time to be done: when it ended by itself, with a
# last run that no longer fitted in (a computer that was switched off meanwhile leaves
# less), and when it was cut short.
DONE_SHARE, CUT_SHARE = 0.5, 0.8
STARTUP_SECONDS = 8.0  # of each start: processes that load torch, first fits
MIN_BUDGET_SECONDS = 2.0
PARTS_SHARE = 0.97  # of the study's time; the rest is for stopping what was cut short

Say = Callable[[str], None]


@dataclass(frozen=True)
class StepStatus(Document):
    """How far one verification of a part is; `state` is waiting, running, done,
    stopped (goes on when asked) or failed (with the reason)."""

    step: StudyStep
    state: str
    n_runs: int
    outcomes: dict[str, int]
    spent_seconds: float
    budget_seconds: float
    error: str | None = None

    @property
    def left_seconds(self) -> float:
        """What it may still take; never so little that nothing can start."""
        return max(self.budget_seconds - self.spent_seconds, MIN_BUDGET_SECONDS)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        part = self.step.part
        return {
            "part": part.name,
            "verification_id": self.step.verification_id,
            "question": part.question,
            "workload": part.workload,
            "recipe": part.recipe,
            "batch_sizes": list(self.step.batch_sizes),
            "steps": self.step.steps,
            "state": self.state,
            "runs": self.n_runs,
            "outcomes": dict(self.outcomes),
            "spent_seconds": round(self.spent_seconds, 1),
            "budget_seconds": round(self.budget_seconds, 1),
            "error": self.error,
        }


def study_status(
    verifications: Verifications, plan: StudyPlan, *, budget_seconds: float
) -> list[StepStatus]:
    """Return how far each part is, in the order they are carried out."""
    return [
        _status(verifications, step, PARTS_SHARE * budget_seconds * step.share)
        for step in plan.study_steps()
    ]


def run_study(
    verifications: Verifications, plan: StudyPlan, *, budget_seconds: float, say: Say
) -> list[StepStatus]:
    """Carry out what is not done yet and return how far each part is.

    A part that cannot be carried out is said and passed over. On Ctrl-C the runs under
    way are stopped, and the next call goes on from there.

    Args:
        verifications: Of the store the runs go to.
        plan: The parts.
        budget_seconds: Wall clock of the whole study, all of its calls together.
        say: Called with a line about each part.
    """
    before = study_status(verifications, plan, budget_seconds=budget_seconds)
    left = sum(s.left_seconds for s in before if s.state != "done") / PARTS_SHARE
    end = time.monotonic() + left
    for status in before:
        name = status.step.verification_id.removeprefix(VERIFICATION)
        if status.state == "done":
            say(f"{name}: done before, {status.n_runs} runs.")
            continue
        if time.monotonic() > end:
            say(f"{name}: no time was left. Run the study again to go on.")
            continue
        say(f"{name}: {status.step.part.question} About {status.left_seconds:.0f} s.")
        try:
            _carry_out(verifications, status)
        except AdvisorError as error:
            say(f"{name}: could not be carried out. {error}")
            continue
        now = _status(verifications, status.step, status.budget_seconds)
        said = ", ".join(f"{count} {kind}" for kind, count in now.outcomes.items())
        say(f"{name}: {now.state}, {said or 'no run'}. {now.error or ''}".rstrip())
    return study_status(verifications, plan, budget_seconds=budget_seconds)


def _carry_out(verifications: Verifications, status: StepStatus) -> None:
    """Let the step use what is left of its time; then stop what still goes on."""
    end = time.monotonic() + status.left_seconds
    started = _start(verifications, status, status.left_seconds)
    try:
        while time.monotonic() < end and _goes_on(verifications, status.step):
            verifications.look_after()
            time.sleep(POLL_SECONDS)
    finally:  # also on Ctrl-C
        if _goes_on(verifications, status.step):
            for verification_id in started:
                verifications.cancel(verification_id)
            _wait_until_stopped(verifications, status.step)


def _start(
    verifications: Verifications, status: StepStatus, left_seconds: float
) -> list[str]:
    """Start or go on with a step; return the verifications that are to be stopped."""
    step = status.step
    known = _verification_ids(verifications, step)
    if status.state == "running":  # left behind by a process that is gone
        verifications.tend()
        return known
    stopped = [job for job in _jobs(verifications, step) if _can_go_on(job)]
    if not step.is_adaptive and known:
        for job in stopped:
            verifications.resume(job.id)
        return known
    suffix = f".{len(known) + 1}" if known else ""
    return [*known, _verify(verifications, step, suffix, left_seconds).id]


def _verify(
    verifications: Verifications, step: StudyStep, suffix: str, left_seconds: float
) -> Verification:
    part = step.part
    budget = max(MIN_BUDGET_SECONDS, BUDGET_SHARE * left_seconds)
    request = VerificationRequest(
        part.workload,
        step.batch_sizes,
        Asked(recipe=part.recipe),
        learning_rates=part.learning_rates,
        steps=step.steps,
        n_seeds=part.n_seeds,
        budget_seconds=budget if step.is_adaptive else None,
    )
    return verifications.start(
        verifications.planner.exactly(request),
        verification_id=step.verification_id + suffix,
    )


def _goes_on(verifications: Verifications, step: StudyStep) -> bool:
    states = [
        verifications.queue.verification(known).state
        for known in _verification_ids(verifications, step)
    ]
    return "running" in states or any(
        not job.is_over for job in _jobs(verifications, step)
    )


def _wait_until_stopped(verifications: Verifications, step: StudyStep) -> None:
    end = time.monotonic() + STOPPING_SECONDS
    while time.monotonic() < end and _goes_on(verifications, step):
        verifications.look_after()
        time.sleep(POLL_SECONDS)


def _status(
    verifications: Verifications, step: StudyStep, budget_seconds: float
) -> StepStatus:
    known = _verification_ids(verifications, step)
    jobs = _jobs(verifications, step)
    outcomes, spent = _runs_of(verifications, jobs)
    spent += STARTUP_SECONDS * len(known)
    last = verifications.queue.verification(known[-1]) if known else None
    state = "waiting"
    if last is not None:
        share = DONE_SHARE if last.state == "finished" else CUT_SHARE
        is_used_up = outcomes and spent >= share * BUDGET_SHARE * budget_seconds
        all_ran = bool(jobs) and all(job.state == "finished" for job in jobs)
        if last.state == "running" or any(not job.is_over for job in jobs):
            state = "running"
        elif is_used_up or (all_ran and not step.is_adaptive):
            state = "done"
        else:
            state = "failed" if last.state == "failed" else "stopped"
    return StepStatus(
        step,
        state,
        n_runs=sum(outcomes.values()),
        outcomes=outcomes,
        spent_seconds=spent,
        budget_seconds=budget_seconds,
        error=last.error if last is not None and state == "failed" else None,
    )


def _runs_of(
    verifications: Verifications, jobs: list[Job]
) -> tuple[dict[str, int], float]:
    """Outcomes of the runs that count, and the wall clock they took together."""
    rows = verifications.store.rows(
        "select id from runs where job_id in (select unnest(?)) "
        "and outcome is not null",
        [ids_with_sources(jobs)],
    )
    runs = verifications.store.runs_by_id([run_id for (run_id,) in rows])
    own = {job.id for job in jobs}
    counted = runs_that_count(run for run in runs if run.job_id in own)
    outcomes = Counter(str(run.outcome) for run in counted)
    reached: dict[str, float] = {}
    for run in runs:
        job_id = run.job_id or ""
        reached[job_id] = max(reached.get(job_id, 0.0), run.seconds or 0.0)
    seconds = sum(added_by(jobs, reached))
    return dict(
        sorted(outcomes.items())
    ), seconds / verifications.planner.settings.n_workers


def _verification_ids(verifications: Verifications, step: StudyStep) -> list[str]:
    """The step's verifications in the order they were opened."""
    name = step.verification_id
    return [
        v.id
        for v in verifications.queue.verifications()
        if v.id == name or v.id.rpartition(".")[0] == name
    ]


def _jobs(verifications: Verifications, step: StudyStep) -> list[Job]:
    return [
        job
        for verification_id in _verification_ids(verifications, step)
        for job in verifications.queue.jobs(verification_id=verification_id)
    ]


def _can_go_on(job: Job) -> bool:
    return job.state in ("cancelled", "failed")

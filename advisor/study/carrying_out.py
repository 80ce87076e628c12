"""Carrying the study out: its parts one after another, as verifications like any other.

The one decision to know: what is done is read off the queue and the runs, never kept
elsewhere, so a study that was interrupted at any moment goes on where it was, also in
another process. A part is over when its runs took its share of the time, however often
it was started.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.evidence.trajectories import runs_that_count
from advisor.running.tending import added_by, ids_with_sources
from advisor.study.plan import BUDGET_SHARE, StudyPlan, Wish
from experiments.jobs.records import VERIFICATION, Job
from knowledge.errors import AdvisorError

if TYPE_CHECKING:
    from advisor.running.verification import Verification
    from advisor.service import Advisor

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
class WishStatus:
    """How far one verification of a part is; `state` is waiting, running, done,
    stopped (goes on when asked) or failed (with the reason)."""

    wish: Wish
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
        part = self.wish.part
        return {
            **{"part": part.name, "verification_id": self.wish.verification_id},
            **{"question": part.question, "workload": part.workload},
            **{"recipe": part.recipe, "batch_sizes": list(self.wish.batch_sizes)},
            **{"steps": self.wish.steps, "state": self.state, "runs": self.n_runs},
            "outcomes": dict(self.outcomes),
            "spent_seconds": round(self.spent_seconds, 1),
            "budget_seconds": round(self.budget_seconds, 1),
            "error": self.error,
        }


def study_status(
    advisor: "Advisor", plan: StudyPlan, *, budget_seconds: float
) -> list[WishStatus]:
    """Return how far each part is, in the order they are carried out."""
    return [
        _status(advisor, wish, PARTS_SHARE * budget_seconds * wish.share)
        for wish in plan.wishes()
    ]


def run_study(
    advisor: "Advisor", plan: StudyPlan, *, budget_seconds: float, say: Say
) -> list[WishStatus]:
    """Carry out what is not done yet and return how far each part is.

    A part that cannot be carried out is said and passed over. On Ctrl-C the runs under
    way are stopped, and the study goes on from there when it is called again.

    Args:
        advisor: On the store the runs go to.
        plan: The parts.
        budget_seconds: Wall clock of the whole study, all of its calls together.
        say: Called with a line about each part.
    """
    before = study_status(advisor, plan, budget_seconds=budget_seconds)
    left = sum(s.left_seconds for s in before if s.state != "done") / PARTS_SHARE
    end = time.monotonic() + left
    for status in before:
        name = status.wish.verification_id.removeprefix(VERIFICATION)
        if status.state == "done":
            say(f"{name}: done before, {status.n_runs} runs.")
            continue
        if time.monotonic() > end:
            say(f"{name}: no time was left. Run the study again to go on.")
            continue
        say(f"{name}: {status.wish.part.question} About {status.left_seconds:.0f} s.")
        try:
            _carry_out(advisor, status)
        except AdvisorError as error:
            say(f"{name}: could not be carried out. {error}")
            continue
        now = _status(advisor, status.wish, status.budget_seconds)
        said = ", ".join(f"{count} {kind}" for kind, count in now.outcomes.items())
        say(f"{name}: {now.state}, {said or 'no run'}. {now.error or ''}".rstrip())
    return study_status(advisor, plan, budget_seconds=budget_seconds)


def _carry_out(advisor: "Advisor", status: WishStatus) -> None:
    """Let the wish use what is left of its time; then stop what still goes on."""
    end = time.monotonic() + status.left_seconds
    started = _start(advisor, status, status.left_seconds)
    try:
        while time.monotonic() < end and _goes_on(advisor, status.wish):
            advisor.look_after()
            time.sleep(POLL_SECONDS)
    finally:  # also on Ctrl-C
        if _goes_on(advisor, status.wish):
            for verification_id in started:
                advisor.cancel(verification_id)
            _wait_until_stopped(advisor, status.wish)


def _start(advisor: "Advisor", status: WishStatus, left_seconds: float) -> list[str]:
    """Start or go on with a wish; return the verifications that are to be stopped."""
    wish = status.wish
    known = _verification_ids(advisor, wish)
    if status.state == "running":  # left behind by a process that is gone
        advisor.tend()
        return known
    stopped = [job for job in _jobs(advisor, wish) if _can_go_on(job)]
    if not wish.is_adaptive and known:
        for job in stopped:
            advisor.resume(job.id)
        return known
    suffix = f".{len(known) + 1}" if known else ""
    return [*known, _verify(advisor, wish, suffix, left_seconds).id]


def _verify(
    advisor: "Advisor", wish: Wish, suffix: str, left_seconds: float
) -> "Verification":
    part = wish.part
    budget = max(MIN_BUDGET_SECONDS, BUDGET_SHARE * left_seconds)
    return advisor.verify(
        part.workload,
        list(wish.batch_sizes),
        learning_rate=list(part.learning_rates),
        recipe=part.recipe,
        steps=wish.steps,
        seeds=part.n_seeds,
        budget_seconds=budget if wish.is_adaptive else None,
        verification_id=wish.verification_id + suffix,
    )


def _goes_on(advisor: "Advisor", wish: Wish) -> bool:
    states = [
        advisor.queue.verification(known).state
        for known in _verification_ids(advisor, wish)
    ]
    return "running" in states or any(not job.is_over for job in _jobs(advisor, wish))


def _wait_until_stopped(advisor: "Advisor", wish: Wish) -> None:
    end = time.monotonic() + STOPPING_SECONDS
    while time.monotonic() < end and _goes_on(advisor, wish):
        advisor.look_after()
        time.sleep(POLL_SECONDS)


def _status(advisor: "Advisor", wish: Wish, budget_seconds: float) -> WishStatus:
    known = _verification_ids(advisor, wish)
    jobs = _jobs(advisor, wish)
    outcomes, spent = _runs_of(advisor, jobs)
    spent += STARTUP_SECONDS * len(known)
    last = advisor.queue.verification(known[-1]) if known else None
    state = "waiting"
    if last is not None:
        share = DONE_SHARE if last.state == "finished" else CUT_SHARE
        is_used_up = outcomes and spent >= share * BUDGET_SHARE * budget_seconds
        all_ran = bool(jobs) and all(job.state == "finished" for job in jobs)
        if last.state == "running" or any(not job.is_over for job in jobs):
            state = "running"
        elif is_used_up or (all_ran and not wish.is_adaptive):
            state = "done"
        else:
            state = "failed" if last.state == "failed" else "stopped"
    return WishStatus(
        wish,
        state,
        n_runs=sum(outcomes.values()),
        outcomes=outcomes,
        spent_seconds=spent,
        budget_seconds=budget_seconds,
        error=last.error if last is not None and state == "failed" else None,
    )


def _runs_of(advisor: "Advisor", jobs: list[Job]) -> tuple[dict[str, int], float]:
    """Outcomes of the runs that count, and the wall clock they took together."""
    rows = advisor.store.rows(
        "select id from runs where job_id in (select unnest(?)) "
        "and outcome is not null",
        [ids_with_sources(jobs)],
    )
    runs = advisor.runs_by_id([run_id for (run_id,) in rows])
    own = {job.id for job in jobs}
    counted = runs_that_count(run for run in runs if run.job_id in own)
    outcomes = Counter(str(run.outcome) for run in counted)
    reached: dict[str, float] = {}
    for run in runs:
        job_id = run.job_id or ""
        reached[job_id] = max(reached.get(job_id, 0.0), run.seconds or 0.0)
    seconds = sum(added_by(jobs, reached))
    return dict(sorted(outcomes.items())), seconds / advisor.settings.n_workers


def _verification_ids(advisor: "Advisor", wish: Wish) -> list[str]:
    """The wish's verifications in the order they were opened."""
    name = wish.verification_id
    return [
        v.id
        for v in advisor.queue.verifications()
        if v.id == name or v.id.rpartition(".")[0] == name
    ]


def _jobs(advisor: "Advisor", wish: Wish) -> list[Job]:
    return [
        job
        for verification_id in _verification_ids(advisor, wish)
        for job in advisor.queue.jobs(verification_id=verification_id)
    ]


def _can_go_on(job: Job) -> bool:
    return job.state in ("cancelled", "failed", "interrupted")

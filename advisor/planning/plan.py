"""What to verify: a person's wish -> runs, one after another, within a budget (pure).

Rates that were named are run as they are; otherwise each next run is the one that tells
most (advisor.planning.next_run): a new one, at first only to a rung, or one that was stopped in
good health and is carried further. Seeds of new runs are new every time, so that a
repeat is a repeat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.evidence.scope import Scope, usual_horizon
from advisor.planning.costs import elapsed_seconds
from advisor.planning.spec import sides_of
from advisor.rates import round_rate
from advisor.statistics.threshold import StableLearningRateModel
from experiments.workloads.registry import find_spec
from experiments.workloads.spec import PROXY_WIDTH
from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES


@dataclass(frozen=True)
class PlannedRun:
    """A run proposed to make an answer surer; `seed` counts from what was used."""

    workload: str
    batch_size: int
    learning_rate: float
    seed: int
    steps: int
    estimated_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        return dict(vars(self))


@dataclass(frozen=True)
class VerificationPlan:
    """Whether to verify, why, and with which runs at what cost.

    `estimated_seconds` is the wall clock when every run goes on to its end, the most
    they take; `estimated_examples` what they then train on, of both sides for the face
    models.
    """

    needed: bool
    reason: str
    runs: tuple[PlannedRun, ...] = ()
    estimated_seconds: float = 0.0
    purpose: str | None = None
    estimated_examples: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        return {
            "needed": self.needed,
            "reason": self.reason,
            "purpose": self.purpose,
            "runs": [run.to_dict() for run in self.runs],
            "estimated_seconds": self.estimated_seconds,
            "estimated_examples": self.estimated_examples,
        }


MIN_STEPS = 150
DEFAULT_STEPS = 2_000
WANTED_RUNS = 12  # runs that a time budget should hold: enough to bracket a boundary
NARROW_ENOUGH = 1.5  # ratio of the interval's ends: then nothing needs verifying
FORUM_BATCHES = (2, 5, 12)  # the forum's half, fastest and largest batches


def steps_for_budget(
    budget_seconds: float, *, n_workers: int, seconds_per_step: float, usual_steps: int
) -> int:
    """Return a run length of which the budget holds about a dozen runs.

    >>> steps_for_budget(120, n_workers=2, seconds_per_step=0.05, usual_steps=2000)
    400
    """
    steps = budget_seconds * n_workers / WANTED_RUNS / seconds_per_step
    rounded = int(steps / 50) * 50
    return max(MIN_STEPS, min(rounded, usual_steps))


def usual_steps(workload: str) -> int:
    """Return the length of a verification run that no budget shortens."""
    return min(usual_horizon(workload, None, "", ()) or DEFAULT_STEPS, DEFAULT_STEPS)


def verification_target(scope: Scope) -> str | None:
    """Return the workload whose runs would teach most here, or None if none can run.

    A full-size face model is verified through a proxy on a CPU.
    """
    spec = find_spec(scope.workload)
    if spec is None or (scope.recipe is not None and scope.recipe not in RECIPES):
        return None
    if spec.small_enough_for_cpu or scope.name.is_proxy or scope.device != "cpu":
        return scope.workload
    return WorkloadName(scope.name.base, PROXY_WIDTH).text


def plan_batches(scope: Scope, batch_size: int, target: str) -> tuple[int, ...]:
    """Return the batch sizes to run: the asked one and those that move the exponent."""
    if target == scope.workload:
        return (batch_size,)
    spread = {b for b in FORUM_BATCHES if not 0.6 < b / batch_size < 1.6}
    if batch_size > 4 * FORUM_BATCHES[-1]:
        spread = {max(1, batch_size // 4), batch_size * 2}
    return tuple(sorted({batch_size, *spread}))[:4]


def plan_verification(
    scope: Scope,
    batch_size: int,
    *,
    model: StableLearningRateModel,
    target: str,
    steps: int,
    seconds_by_batch: Mapping[int, float],
    first_seed: int,
    reason: str,
    n_workers: int,
    budget_seconds: float,
    learning_rates: Sequence[float] = (),
) -> VerificationPlan:
    """Return the runs worth making next, with their cost, as many as the time holds.

    One of each batch size is planned even where the time does not hold them.

    Args:
        scope: What the answer speaks of.
        batch_size: The batch size asked about.
        model: Fitted on what is known of the target.
        target: The workload to run.
        steps: Length of each run.
        seconds_by_batch: Seconds of one run by batch size; its keys are the batches.
        first_seed: The first unused seed.
        reason: Why the evidence is thin.
        n_workers: Runs at once.
        budget_seconds: Wall clock for all of them.
        learning_rates: To run, all of them; empty: spread over the believed range.
    """
    runs: list[PlannedRun] = []
    per_batch = _runs_per_batch(seconds_by_batch, n_workers, budget_seconds)
    for batch in sorted(seconds_by_batch):
        rates = learning_rates or _spread_rates(model, batch, steps, per_batch)
        for rate in rates:
            runs.append(
                PlannedRun(
                    workload=target,
                    batch_size=batch,
                    learning_rate=rate,
                    seed=first_seed + len(runs),
                    steps=steps,
                    estimated_seconds=round(seconds_by_batch[batch], 1),
                )
            )
    total = _wall_clock([seconds_by_batch[run.batch_size] for run in runs], n_workers)
    sides = sides_of(target)
    purpose = (
        "they move the exponent, which is taken to carry over; the level does not"
        if target != scope.workload
        else None
    )
    return VerificationPlan(
        True,
        reason,
        tuple(runs),
        round(total, 1),
        purpose,
        estimated_examples=sum(sides * run.batch_size * run.steps for run in runs),
    )


def _runs_per_batch(
    seconds_by_batch: Mapping[int, float], n_workers: int, budget_seconds: float
) -> int:
    """How many runs of each batch size the time holds, at least one of each."""
    count = 1
    while (count + 1) * len(seconds_by_batch) <= WANTED_RUNS:
        seconds = [s for s in seconds_by_batch.values() for _ in range(count + 1)]
        if _wall_clock(seconds, n_workers) > budget_seconds:
            break
        count += 1
    return count


def _wall_clock(run_seconds: Sequence[float], n_workers: int) -> float:
    return elapsed_seconds(sorted(run_seconds, reverse=True), n_workers=n_workers)


def no_runs_planned(reason: str | None) -> VerificationPlan:
    """Return the plan when nothing needs a run, or nothing can be run here."""
    if reason is None:
        return VerificationPlan(False, "The interval is narrow: nothing needs a run.")
    return VerificationPlan(
        True, f"{reason} It cannot be trained here: import runs of it."
    )


def _spread_rates(
    model: StableLearningRateModel, batch_size: int, steps: int, count: int
) -> list[float]:
    """Rates over the middle half of where the threshold is believed to lie."""
    low, high = model.believed_range(batch_size, steps, 0.25, 0.75)
    shares = [(i + 0.5) / count for i in range(count)]
    return [round_rate(low ** (1 - share) * high**share) for share in shares]

"""Whether stated intervals of the threshold held, by later runs alone (pure).

Later runs started after the interval was stated. Their plain likelihood shares neither
code nor prior with the model on trial.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from advisor.estimates import LEVEL
from advisor.evidence.scope import PRECISION
from advisor.evidence.selecting import LEFT_OUT
from advisor.evidence.trajectories import is_labelled
from advisor.statistics.likelihood import sigmoid
from knowledge.records import Document, Forecast, Run

# An interval is on trial from so many later runs on: with three, in simulations, right
# ones were settled and wrong ones still open, so that all seemed to hold.
FEWEST_LATER_RUNS = 6
MOST_LATER_RUNS = 60  # more pin nothing that these have not pinned
# The later runs "pin" a threshold when what they leave likely is at most half as wide
# as the interval on trial. So far off, a middle makes 90 % look like 87 %: against us.
PINNED_SHARE = 0.5
# Thresholds are likely when their likelihood is within exp(1.92) of the best: the 95 %
# likelihood interval of one parameter (half the chi-squared quantile 3.84).
_LIKELY_LOG_RATIO = 1.92
_GRID_STEP, _GRID_BEYOND = 0.02, 6.0  # octaves
_WIDTHS = np.geomspace(0.03, 1.0, 9)  # octaves; one as likely as another
_FALLS = np.array([0.0, 0.2, 0.5, 1.0])  # octaves per doubling of the steps
_LAPSE = 0.01  # share of runs whose outcome has nothing to do with the rate


@dataclass(frozen=True)
class JobState:
    """What the queue last reported of a job; `started` is UTC, ISO.

    `is_planned` tells a rate that the advisor chose from one that a person named;
    `first_stop` is the step up to which it was to go at first, None when not known.
    """

    state: str
    started: str | None
    is_planned: bool = False
    first_stop: int | None = None


@dataclass(frozen=True)
class StatedInterval:
    """An interval of the threshold as it was stated, and what it rested on.

    `precision` and `device` are None where nothing says of which runs it was stated.
    """

    id: str
    made: str
    workload: str
    recipe: str | None
    optimizer: str
    batch_size: int
    horizon_steps: int
    low: float
    median: float
    high: float
    rested_on: frozenset[str] = frozenset()
    precision: str | None = None
    device: str | None = None

    @classmethod
    def of_forecast(cls, forecast: Forecast, run: Run | None = None) -> Self:
        """The interval that a forecast holds, of runs such as one that was made."""
        return cls(
            id=forecast.id,
            made=forecast.made,
            workload=forecast.workload,
            recipe=forecast.recipe,
            optimizer=forecast.optimizer,
            batch_size=forecast.batch_size,
            horizon_steps=forecast.horizon_steps,
            low=forecast.threshold_low,
            median=forecast.threshold,
            high=forecast.threshold_high,
            rested_on=frozenset(forecast.evidence),
            precision=run.precision if run else None,
            device=run.device if run else None,
        )

    @classmethod
    def of_answer(
        cls, answer_id: str, asked: str, recommendation: Mapping[str, Any]
    ) -> Self | None:
        """The interval an answer stated; None for a what-if or without a run length."""
        found, evidence = recommendation["max_stable"], recommendation["evidence"]
        what_if = any(e["reason"] == LEFT_OUT for e in evidence["excluded"])
        if found is None or recommendation["horizon_steps"] is None or what_if:
            return None
        return cls(
            id=answer_id,
            made=asked,
            **{
                name: recommendation[name]
                for name in (
                    *("workload", "recipe", "optimizer", "batch_size"),
                    *("horizon_steps", "device"),
                )
            },
            # What older programs saved says nothing of it.
            precision=recommendation.get("precision", PRECISION),
            **{name: found[name] for name in ("low", "median", "high")},
            rested_on=frozenset(evidence["used"]),
        )

    @property
    def says(self) -> tuple[Any, ...]:
        """What is claimed: said twice it is one claim."""
        return (
            *(self.workload.lower(), self.recipe, self.optimizer, self.batch_size),
            *(self.horizon_steps, self.low, self.high, self.precision, self.device),
        )


@dataclass(frozen=True)
class CheckedInterval(Document):
    """A stated interval and what later runs say: held, did not hold, or None: open.

    `likely_low` and `likely_high` bound the thresholds that these `run_ids`, oldest
    first, leave likely; None where they set no bound.
    """

    stated: StatedInterval
    held: bool | None
    likely_low: float | None
    likely_high: float | None
    run_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        s = self.stated
        return {
            "stated_by": s.id,
            "made": s.made,
            "workload": s.workload,
            "batch_size": s.batch_size,
            "steps": s.horizon_steps,
            "low": s.low,
            "median": s.median,
            "high": s.high,
            "held": self.held,
            "likely_low": self.likely_low,
            "likely_high": self.likely_high,
            "runs": list(self.run_ids),
        }


def is_before(made: str, started: str) -> bool:
    """Whether a time lies before another; both UTC, ISO."""
    return datetime.fromisoformat(made) < datetime.fromisoformat(started)


def first_intervals(
    forecasts: Iterable[Forecast], runs: Iterable[Run]
) -> list[StatedInterval]:
    """Return what was stated first in each verification at each batch size.

    The later intervals of a verification rest on the runs that check the first one. All
    runs of a verification have one precision and one device.
    """
    made = {run.job_id: run for run in runs}
    first: dict[tuple[str, int], Forecast] = {}
    like: dict[str, Run] = {}
    for f in forecasts:
        verification = f.verification_id or f.job_id
        first.setdefault((verification, f.batch_size), f)
        if f.job_id in made:
            like[verification] = made[f.job_id]
    return [
        StatedInterval.of_forecast(f, like.get(verification))
        for (verification, _), f in first.items()
        if f.level == LEVEL
    ]


def stated_once(intervals: Iterable[StatedInterval]) -> list[StatedInterval]:
    """Each statement once, when it was first made."""
    found: dict[tuple[Any, ...], StatedInterval] = {}
    for interval in sorted(intervals, key=lambda i: (i.made, i.id)):
        found.setdefault(interval.says, interval)
    return list(found.values())


def check_interval(
    interval: StatedInterval, *, runs: Iterable[Run], jobs: Mapping[str, JobState]
) -> CheckedInterval:
    """Return whether later runs alone put the threshold inside the interval.

    It held when all thresholds they leave likely lie inside, or their middle does and
    they leave a range at most half as wide; it failed when the same is true of the
    outside. Else, or while the runs could not have shown it wrong, it stays open.
    """
    later = [run for run in runs if _is_later_run(run, interval, jobs)]
    later.sort(key=lambda run: (jobs[run.job_id or ""].started or "", run.id))
    del later[MOST_LATER_RUNS:]
    if not later:
        return CheckedInterval(interval, None, None, None, ())
    spans = [_seen(run, jobs[run.job_id or ""], interval) for run in later]
    low, high = likely_range(
        np.log2([run.learning_rate for run in later]),
        [_failed(run) for run in later],
        log_unseen=np.log2(interval.horizon_steps / np.array([s for s, _ in spans])),
        log_unheld=[
            np.log2(interval.horizon_steps / h) if h else math.inf for _, h in spans
        ],
    )
    held = None
    if _is_fair_trial(interval, later, jobs):
        held = _verdict(low, high, math.log2(interval.low), math.log2(interval.high))
    return CheckedInterval(
        interval,
        held,
        float(f"{2.0**low:.3g}") if np.isfinite(low) else None,
        float(f"{2.0**high:.3g}") if np.isfinite(high) else None,
        tuple(run.id for run in later),
    )


def _is_later_run(
    run: Run, interval: StatedInterval, jobs: Mapping[str, JobState]
) -> bool:
    """Whether a run of the very thing started when the interval had been stated.

    Also one that stopped early: runs carried on are picked by how they did.
    """
    same = (
        run.batch_size == interval.batch_size
        and run.horizon_steps == interval.horizon_steps
        and run.recipe == interval.recipe
        and run.optimizer == interval.optimizer
        and run.workload.lower() == interval.workload.lower()
        and _may_be_same(run.precision, interval.precision)
        and _may_be_same(run.device, interval.device)
    )
    if not same or run.outcome is None or run.id in interval.rested_on:
        return False
    job = jobs.get(run.job_id or "")
    if job is None or job.started is None or not is_before(interval.made, job.started):
        return False
    # What was stopped on the way by a person tells what that person thought.
    return is_labelled(run) or (job.state == "finished" and job.first_stop is not None)


def _may_be_same(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _failed(run: Run) -> bool:
    return bool(run.outcome and run.outcome.is_unstable)


def _seen(run: Run, job: JobState, interval: StatedInterval) -> tuple[int, int]:
    """The step up to which a run was watched, and the one to which it held before.

    A failure past the first stop was seen because the run had held so far.
    """
    whole = interval.horizon_steps
    stop = min(job.first_stop or whole, whole)
    if not _failed(run):
        return (whole if is_labelled(run) else min(run.steps or stop, whole)), 0
    if stop < whole and (run.failed_at_step or 0) > stop:
        return whole, stop
    return stop, 0


def _is_fair_trial(
    interval: StatedInterval, later: Sequence[Run], jobs: Mapping[str, JobState]
) -> bool:
    """Whether the later runs could have shown the interval wrong.

    Rates that a person named may all lie inside.
    """
    rates = [run.learning_rate for run in later]
    reaches_beyond = min(rates) <= interval.low and max(rates) >= interval.high
    told = [run for run in later if is_labelled(run)]
    planned = sum(jobs[run.job_id or ""].is_planned for run in told)
    return max(planned, len(later) * reaches_beyond) >= FEWEST_LATER_RUNS


def _verdict(low: float, high: float, start: float, end: float) -> bool | None:
    """All in octaves: the likely range and the interval on trial."""
    if start <= low and high <= end:
        return True
    if high < start or end < low:
        return False
    if high - low <= PINNED_SHARE * (end - start):
        return start <= (low + high) / 2 <= end
    return None


def likely_range(
    log_rates: ArrayLike,
    failed: ArrayLike,
    *,
    log_unseen: ArrayLike = 0.0,
    log_unheld: ArrayLike = np.inf,
) -> tuple[float, float]:
    """Return the lowest and highest threshold that runs of one batch size leave likely.

    The likelihood of a logistic boundary, averaged over widths and falls with time,
    with nothing assumed of the threshold itself.

    Args:
        log_rates: log2 of the rates, shape (n_runs,).
        failed: Whether each run failed, shape (n_runs,), bool.
        log_unseen: log2 of the horizon over the steps to which each run was watched.
        log_unheld: The same of the steps to which it had held before it failed.

    Returns:
        Two log2 rates; infinite where the runs set no bound.
    """
    x = np.asarray(log_rates, dtype=np.float64)
    ends = np.asarray(failed, dtype=bool)
    unseen = np.broadcast_to(np.asarray(log_unseen, dtype=np.float64), x.shape)
    unheld = np.broadcast_to(np.asarray(log_unheld, dtype=np.float64), x.shape)
    falls = _FALLS if unseen.any() or np.isfinite(unheld).any() else _FALLS[:1]
    fall, width = falls[:, None, None], _WIDTHS[:, None]
    grid = np.arange(x.min() - _GRID_BEYOND, x.max() + _GRID_BEYOND, _GRID_STEP)
    by_shape = np.zeros((falls.size, _WIDTHS.size, grid.size))
    for rate, has_failed, short, held in zip(x, ends, unseen, unheld, strict=True):
        chance = sigmoid((rate - grid - fall * short) / width)
        if np.isfinite(held):  # it failed between two looks
            chance = chance - sigmoid((rate - grid - fall * held) / width)
        by_shape += np.log(
            _LAPSE + (1 - 2 * _LAPSE) * (chance if has_failed else 1 - chance)
        )
    likelihood = np.logaddexp.reduce(by_shape.reshape(-1, grid.size), axis=0)
    likely = np.flatnonzero(likelihood >= likelihood.max() - _LIKELY_LOG_RATIO)
    low = -np.inf if likely[0] == 0 else float(grid[likely[0]])
    high = np.inf if likely[-1] == grid.size - 1 else float(grid[likely[-1]])
    return low, high

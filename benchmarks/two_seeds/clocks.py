"""What failure counts: steps or examples; and whether it stops coming (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr
from scipy.stats import chi2

from advisor.evidence.selecting import has_failed
from advisor.statistics.beliefs import Interval
from advisor.statistics.priors import EARLY_STEPS
from benchmarks.two_seeds.boundaries import LEVEL, Boundary
from knowledge.records import Run

Floats = NDArray[np.float64]

MIN_FAILURES = 8
MIN_FAILING_BATCHES = 2
_POWERS = np.linspace(-3.0, 3.0, 61)


@dataclass(frozen=True)
class FailureClock:
    """How the step of failure goes with the batch size at one rate.

    `power` 0: failure comes after as many steps at every batch size; -1: after as many
    examples. `fall` is the octaves of rate that a doubling of the length costs.
    """

    power: Interval
    fall: float
    n_failures: int
    n_survivors: int
    batch_range: tuple[int, int]


def fit_clock(runs: Sequence[Run]) -> FailureClock | None:
    """Return the clock of late failures; None when too few runs failed late.

    log2(step of failure) = c - k log2(rate) + m log2(batch) + noise, with runs that
    held as survivors of their length. Only rates count at which some run of the batch
    size failed: what never fails has no time of failure. Blow-ups in the first steps
    have no clock and are left out.

    Source: accelerated failure time, log-normal (Kalbfleisch and Prentice, The
    Statistical Analysis of Failure Time Data, chapter 3); interval by the profile
    likelihood.
    """
    rows = _late_rows(runs)
    n_failures = sum(is_failure for *_, is_failure in rows)
    batches = {batch for batch, _, _, is_failure in rows if is_failure}
    if n_failures < MIN_FAILURES or len(batches) < MIN_FAILING_BATCHES:
        return None
    log_batch, log_rate, log_step = (
        np.log2([row[i] for row in rows]) for i in range(3)
    )
    is_failure = np.array([row[3] for row in rows])
    start = np.array([log_step.mean(), 0.5, 0.0])

    def fit(power: float, start: Floats) -> tuple[float, Floats]:
        left = log_step - power * (log_batch - log_batch.mean())
        rates = log_rate - log_rate.mean()

        def loss(values: Floats) -> float:
            level, log_speed, log_noise = values
            noise = np.exp(log_noise)
            z = (left - level + np.exp(log_speed) * rates) / noise
            seen = -0.5 * z**2 - log_noise  # up to a constant
            told = np.where(is_failure, seen, log_ndtr(-z)).sum()
            return float(-told + 0.02 * (log_noise**2 + log_speed**2))

        found = minimize(loss, start, method="L-BFGS-B")
        return float(found.fun), np.asarray(found.x)

    fits: list[tuple[float, Floats]] = []
    for power in _POWERS:  # each begins where its neighbour ended
        fits.append(fit(float(power), fits[-1][1] if fits else start))
    losses = np.array([value for value, _ in fits])
    best = int(losses.argmin())
    within = _POWERS[losses <= losses[best] + chi2.ppf(LEVEL, 1) / 2]
    between = float(_POWERS[1] - _POWERS[0]) / 2  # what the grid hides
    return FailureClock(
        power=Interval(
            float(_POWERS[best]),
            float(within.min()) - between,
            float(within.max()) + between,
            LEVEL,
        ),
        fall=float(np.exp(-fits[best][1][1])),
        n_failures=n_failures,
        n_survivors=len(rows) - n_failures,
        batch_range=(min(batches), max(batches)),
    )


def _late_rows(runs: Sequence[Run]) -> list[tuple[int, float, float, bool]]:
    """Batch size, rate, step and whether it failed, where failures have a time."""
    timed = [r for r in runs if (_step(r) or 0) > EARLY_STEPS]
    lowest: dict[int, float] = {}
    for run in timed:
        if has_failed(run):
            known = lowest.get(run.batch_size, run.learning_rate)
            lowest[run.batch_size] = min(known, run.learning_rate)
    return [
        (run.batch_size, run.learning_rate, float(_step(run) or 1), has_failed(run))
        for run in timed
        if run.learning_rate >= lowest.get(run.batch_size, np.inf)
    ]


def _step(run: Run) -> int | None:
    return run.failed_at_step if has_failed(run) else run.steps


@dataclass(frozen=True)
class Fall:
    """By how much the boundary fell from one length to the next, per doubling."""

    from_steps: int
    to_steps: int
    octaves: Interval


def falls_between(
    boundaries: Mapping[int, Boundary], batch_size: int
) -> tuple[Fall, ...]:
    """Return the fall of the boundary at a batch size between successive lengths.

    The lengths share their runs, so the intervals, which take them for independent, are
    too wide rather than too narrow.
    """
    found = []
    for first, second in pairwise(sorted(boundaries)):
        before = boundaries[first].threshold(batch_size)
        after = boundaries[second].threshold(batch_size)
        doublings = np.log2(second / first)
        middle = np.log2(before.median / after.median)
        spread = np.hypot(
            *(np.log2(x.high / x.low) / 2 for x in (before, after)),
        )
        octaves = Interval(
            float(middle / doublings),
            float((middle - spread) / doublings),
            float((middle + spread) / doublings),
            LEVEL,
        )
        found.append(Fall(first, second, octaves))
    return tuple(found)

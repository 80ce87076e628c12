"""The rate at which half of all runs fail, by batch size and length (pure).

For comparisons of boundaries, with and without a change. Each is fitted to the runs of
one workload under one recipe alone, with a prior on the exponent so wide that it
favours neither direction: two that borrowed from each other would differ too little.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.answers.comparison import chances_of_highest, threshold_quantiles
from advisor.evidence.selecting import Body, has_failed
from advisor.evidence.shortening import cut_at
from advisor.evidence.trajectories import is_labelled
from advisor.scaling.verdicts import LEAST_ORDERED, MIN_OCTAVES, MIN_RUNS, ordered_share
from advisor.statistics.beliefs import Interval, Moment
from advisor.statistics.fitting import base_prior, fit_body
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.records import Run

Floats = NDArray[np.float64]

# Inverse, constant and linear lie equally near: whatever is found, the runs said it.
UNDIRECTED_SLOPE = Moment(0.0, 1.0)
LEVEL = 0.9
_SHARES = (np.arange(201) + 0.5) / 201  # of which every pair is looked at
DRAWS = 1024
LENGTHS = (100, 300, 1_000, 3_000, 10_000)  # at which one set of runs is looked at


@dataclass(frozen=True)
class Boundary:
    """A fitted boundary with the runs it rests on; `steps` is what they were run for.

    `exponents` are equally likely powers of the batch size at equal steps,
    `falls` the octaves lost with each doubling of the length.
    """

    workload: str
    recipe: str
    runs: tuple[Run, ...]
    steps: int
    model: StableLearningRateModel

    @property
    def exponents(self) -> Floats:
        """Draws of the exponent at equal steps."""
        return np.asarray(self.model.exponent_, dtype=np.float64)

    @property
    def exponents_at_equal_examples(self) -> Floats:
        """Draws of the exponent when every batch size sees as many examples.

        A larger batch then runs fewer steps, and the boundary falls with the steps.
        """
        falls = np.asarray(self.model.time_slope_, dtype=np.float64)
        return self.exponents + falls

    @property
    def batch_sizes(self) -> list[int]:
        """The batch sizes that were run, in order."""
        return sorted({run.batch_size for run in self.runs})

    def threshold(self, batch_size: float, steps: float | None = None) -> Interval:
        """Return the rate at which half of all runs fail within so many steps."""
        found = self.model.threshold(batch_size, steps or self.steps, LEVEL)
        return Interval(found.median, found.low, found.high, LEVEL)

    def uncertain_factor(self) -> float:
        """By what factor the rate grows from one failure in ten to nine in ten."""
        octaves = 2 * np.log(9.0) * float(np.median(self.model.width_))
        return float(np.exp2(octaves))

    def draws_at(self, batch_size: int) -> Floats:
        """Return equally likely log2 rates of the boundary at a batch size."""
        return threshold_quantiles(self.model, batch_size, self.steps)


def differences(one: Floats, other: Floats) -> Floats:
    """Return equally likely differences of two quantities that are independent."""
    first, second = (np.quantile(draws, _SHARES) for draws in (one, other))
    return np.asarray(first[:, None] - second[None, :]).ravel()


def chance_above(one: Floats, other: Floats) -> float:
    """P(one of two independent quantities is above the other)."""
    return chances_of_highest([one, other])[0]


def interval(draws: Floats, level: float = LEVEL) -> Interval:
    """Return the median and the central interval of equally likely draws."""
    tail = (1 - level) / 2
    low, median, high = np.quantile(draws, (tail, 0.5, 1 - tail))
    return Interval(float(median), float(low), float(high), level)


def fit_boundary(runs: Sequence[Run]) -> Boundary | None:
    """Return the boundary of runs of one workload and recipe; None where there is none.

    It takes MIN_RUNS runs with an outcome, over an octave of batch sizes, some of which
    held and some of which failed, the failed ones mostly at the higher rates: where it
    is not the rate that decides, no rate is a boundary.
    """
    return _fit(tuple(sorted(runs, key=lambda run: run.id)))


@lru_cache(maxsize=256)
def _fit(runs: tuple[Run, ...]) -> Boundary | None:
    labelled = [run for run in runs if is_labelled(run)]
    batches = [run.batch_size for run in labelled]
    if len(labelled) < MIN_RUNS or max(batches) < min(batches) * 2**MIN_OCTAVES:
        return None
    if len({has_failed(run) for run in labelled}) < 2:
        return None
    share = ordered_share(labelled)
    if share is not None and share < LEAST_ORDERED:
        return None
    first = runs[0]
    steps = usual_steps(labelled)
    prior = replace(base_prior(first.optimizer), slope=UNDIRECTED_SLOPE)
    body = Body(first.workload, first.recipe, first.optimizer, runs)
    model = fit_body(body, prior, float(steps), n_particles=DRAWS)
    return Boundary(first.workload, first.recipe or "", runs, steps, model)


def usual_steps(runs: Sequence[Run]) -> int:
    """Return the length that most runs were planned for, the longest of equals."""
    planned = Counter(run.horizon_steps or run.steps or 1 for run in runs)
    return max(planned, key=lambda steps: (planned[steps], steps))


def boundaries_by_length(runs: Sequence[Run]) -> dict[int, Boundary]:
    """Return a boundary for each length, each fitted to what had happened by then."""
    found = {}
    for steps in LENGTHS:
        cut = (cut_at(run, steps) for run in runs)
        boundary = fit_boundary([run for run in cut if run is not None])
        if boundary is not None:
            found[steps] = boundary
    return found

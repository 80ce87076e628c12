"""The best rate at each batch size, and what it reaches (pure).

Plain statistics: seeds of a cell are averaged, the best cell is the best rate, and a
line through the best rates in log-log is the rule. The grid is part of the error.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from advisor.evidence import is_labelled
from advisor.regression import Interval
from advisor.scaling import HALF_BAND
from benchmarks.two_seeds.boundaries import LEVEL
from knowledge.records import Outcome, Run

MIN_RATES = 3  # at a batch size, before one of them is called best
MIN_BATCHES = 3
Score = Callable[[Run], float | None]
_BAND = (-HALF_BAND, HALF_BAND)


@dataclass(frozen=True)
class Cell:
    """The runs of one batch size and rate: their mean score and its standard error."""

    batch_size: int
    learning_rate: float
    mean: float
    error: float
    n_runs: int


@dataclass(frozen=True)
class BestCell:
    """The best cell of a batch size, and whether it is the last rate that was tried.

    A best rate at the edge of what was tried is only a bound.
    """

    cell: Cell
    at_edge: bool
    grid_octaves: float


def cells_of(runs: Sequence[Run], score: Score) -> list[Cell]:
    """Return the mean score of each batch size and rate, failures left out.

    A cell in which a run failed has no score: a rate that fails for one seed is no
    candidate for the best.
    """
    together: dict[tuple[int, float], list[Run]] = defaultdict(list)
    for run in runs:
        if is_labelled(run):
            together[run.batch_size, run.learning_rate].append(run)
    cells = []
    for (batch, rate), same in sorted(together.items()):
        scores = [score(run) for run in same if run.outcome is Outcome.STABLE]
        known = [value for value in scores if value is not None]
        if len(known) < len(same):
            continue
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
        error = spread / math.sqrt(len(known))
        cells.append(Cell(batch, rate, float(np.mean(known)), error, len(known)))
    return cells


def best_cells(
    runs: Sequence[Run], score: Score, *, highest: bool = False
) -> dict[int, BestCell]:
    """Return the best cell of each batch size with enough rates, by batch size.

    Args:
        runs: Of one workload and recipe, all of one length.
        score: What is compared; the lowest is best unless `highest`.
    """
    by_batch: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells_of(runs, score):
        by_batch[cell.batch_size].append(cell)
    tried: dict[int, set[float]] = defaultdict(set)
    for run in runs:
        tried[run.batch_size].add(run.learning_rate)
    best = {}
    for batch, cells in sorted(by_batch.items()):
        rates = sorted(tried[batch])
        if len(rates) < MIN_RATES:
            continue
        chosen = (max if highest else min)(
            cells, key=lambda c: (c.mean, c.learning_rate)
        )
        octaves = np.diff(np.log2(rates))
        at_edge = chosen.learning_rate in (rates[0], rates[-1])
        best[batch] = BestCell(chosen, at_edge, float(np.median(octaves)))
    return best


@dataclass(frozen=True)
class Line:
    """A least-squares slope with its standard error and degrees of freedom."""

    slope: float
    error: float
    freedom: int

    @property
    def interval(self) -> Interval:
        """The slope with its t-interval."""
        reach = float(student.ppf((1 + LEVEL) / 2, self.freedom)) * self.error
        return Interval(self.slope, self.slope - reach, self.slope + reach, LEVEL)

    def share_near(self, claimed: float) -> float:
        """P(the slope lies within a quarter of a claimed one)."""
        ends = [(claimed + side - self.slope) / self.error for side in _BAND]
        low, high = student.cdf(ends, self.freedom)
        return float(high - low)

    def chance_positive(self) -> float:
        """P(the slope is above zero)."""
        return float(student.cdf(self.slope / self.error, self.freedom))


def best_rate_line(best: Mapping[int, BestCell]) -> Line | None:
    """Return the power of the batch size by which the best rate goes; None when few.

    What the grid hides of each best rate (a step, evenly) is part of the scatter. Best
    rates at the edge of what was tried are bounds and left out.
    """
    inner = {batch: found for batch, found in best.items() if not found.at_edge}
    if len(inner) < MIN_BATCHES:
        return None
    grid = float(np.mean([found.grid_octaves for found in inner.values()]))
    return fit_line(
        [math.log2(batch) for batch in inner],
        [math.log2(found.cell.learning_rate) for found in inner.values()],
        hidden_variance=grid**2 / 12,
    )


def fit_line(
    x: Sequence[float], y: Sequence[float], *, hidden_variance: float = 1e-12
) -> Line | None:
    """Return the least-squares line of y on x; None with fewer than three points.

    Args:
        x: At least two different values.
        y: As many.
        hidden_variance: Of each y, beside the scatter about the line.
    """
    if len(x) < MIN_BATCHES or min(x) == max(x):
        return None
    across, up = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    spread = float(across @ across)
    slope = float(across @ up) / spread
    left = up - slope * across
    freedom = len(x) - 2
    variance = float(left @ left) / freedom + hidden_variance
    return Line(slope, math.sqrt(variance / spread), freedom)

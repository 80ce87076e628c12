"""Scores of the runs themselves: the best mean at each batch size, and lines (pure).

Plain statistics of what was measured. Which rate is best, and how it goes with the
batch size, is the program's to say (`answers`).
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from advisor.evidence.trajectories import is_labelled
from advisor.scaling.verdicts import MIN_RATES
from advisor.statistics.beliefs import Interval
from benchmarks.two_seeds.boundaries import LEVEL
from knowledge.records import Outcome, Run

MIN_POINTS = 3  # of a line
_LEAST_VARIANCE = 1e-12  # where points lie on it


@dataclass(frozen=True)
class Cell:
    """The runs of one batch size and rate: their mean score and its standard error."""

    batch_size: int
    learning_rate: float
    mean: float
    error: float


def cells_of(runs: Sequence[Run]) -> list[Cell]:
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
        held = [run for run in same if run.outcome is Outcome.STABLE]
        known = [run.metric_value for run in held if run.metric_value is not None]
        if len(known) < len(same):
            continue
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
        error = spread / math.sqrt(len(known))
        cells.append(Cell(batch, rate, float(np.mean(known)), error))
    return cells


def best_cells(runs: Sequence[Run]) -> dict[int, Cell]:
    """Return the cell with the highest score of each batch size with enough rates.

    Args:
        runs: Of one workload and recipe, all of one length.
    """
    tried: dict[int, set[float]] = defaultdict(set)
    for run in runs:
        tried[run.batch_size].add(run.learning_rate)
    best: dict[int, Cell] = {}
    for cell in cells_of(runs):
        other = best.setdefault(cell.batch_size, cell)
        if len(tried[cell.batch_size]) < MIN_RATES:
            del best[cell.batch_size]
        elif cell.mean >= other.mean:
            best[cell.batch_size] = cell
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

    def chance_positive(self) -> float:
        """P(the slope is above zero)."""
        return float(student.cdf(self.slope / self.error, self.freedom))


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """Return the least-squares line of y on x; None with fewer than three points.

    Args:
        x: At least two different values.
        y: As many.
    """
    if len(x) < MIN_POINTS or min(x) == max(x):
        return None
    across, up = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    spread = float(across @ across)
    slope = float(across @ up) / spread
    left = up - slope * across
    freedom = len(x) - 2
    variance = float(left @ left) / freedom + _LEAST_VARIANCE
    return Line(slope, math.sqrt(variance / spread), freedom)

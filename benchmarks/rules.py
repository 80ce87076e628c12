"""What people do without an advisor: carry a rate over, fit a line, a surface, a GP.

Each method gets the scored runs of one workload at other batch sizes and gives a rate;
where it has one, an 80 % interval too. All in log2 of batch size and rate.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

Floats = NDArray[np.float64]
_LEVEL = 0.8


@dataclass(frozen=True)
class Answer:
    """A rate and its interval, NaN where the method has none."""

    rate: float
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True)
class Seen:
    """Scored runs: log2 batch, log2 rate, loss (less is better), shape (n,)."""

    batch: Floats
    rate: Floats
    loss: Floats

    @classmethod
    def of(cls, cells: pd.DataFrame, *, is_score: bool) -> "Seen":
        """From cells of a grid; a score becomes what it lacks to 1."""
        values = cells["metric_value"].to_numpy(np.float64)
        return cls(
            np.log2(cells["batch_size"].to_numpy(np.float64)),
            np.log2(cells["learning_rate"].to_numpy(np.float64)),
            1.0 - values if is_score else values,
        )

    def best_by_batch(self) -> tuple[Floats, Floats]:
        """Batch sizes and the rate with the lowest loss at each."""
        sizes = np.unique(self.batch)
        best = []
        for y in sizes:
            rows = np.flatnonzero(self.batch == y)
            best.append(self.rate[rows[np.argmin(self.loss[rows])]])
        return sizes, np.array(best)


def carry_over(exponent: float) -> Callable[[Seen, float], Answer]:
    """Return the rule that scales the nearest batch size's best rate by a power."""

    def rule(seen: Seen, asked: float) -> Answer:
        sizes, best = seen.best_by_batch()
        nearest = int(np.argmin(np.abs(sizes - asked)))
        return Answer(float(best[nearest] + exponent * (asked - sizes[nearest])))

    return rule


def power_law(seen: Seen, asked: float) -> Answer:
    """Least squares through each batch size's best rate, with its t interval."""
    sizes, best = seen.best_by_batch()
    if len(sizes) < 2:
        return Answer(float(best.mean()))
    fit = stats.linregress(sizes, best)
    rate = float(fit.intercept + fit.slope * asked)
    freedom = len(sizes) - 2
    if freedom < 1:
        return Answer(rate)
    residual = best - fit.intercept - fit.slope * sizes
    spread = np.square(sizes - sizes.mean()).sum()
    leverage = 1 + 1 / len(sizes) + (asked - sizes.mean()) ** 2 / spread
    sd = float(np.sqrt(residual @ residual / freedom * leverage))
    reach = float(stats.t.ppf(0.5 + _LEVEL / 2, freedom)) * sd
    return Answer(rate, rate - reach, rate + reach)


def quadratic_surface(seen: Seen, asked: float) -> Answer:
    """A quadratic in log rate and log batch through the log losses: its valley."""
    y, x = seen.batch - seen.batch.mean(), seen.rate - seen.rate.mean()
    columns = [np.ones_like(x), x, y, x * x, x * y, y * y]
    if len(x) <= len(columns):
        return _nearest(seen, asked)
    weights, *_ = np.linalg.lstsq(np.stack(columns, 1), _log_loss(seen), rcond=None)
    if weights[3] <= 0:
        return _nearest(seen, asked)
    slope = weights[1] + weights[4] * (asked - seen.batch.mean())
    rate = seen.rate.mean() - 0.5 * slope / weights[3]
    return Answer(float(np.clip(rate, seen.rate.min() - 1, seen.rate.max() + 1)))


def gaussian_process(seen: Seen, asked: float) -> Answer:
    """A Matern GP through the log losses; the minimum of its mean, draws' interval."""
    z = _log_loss(seen)
    z = np.minimum(z, np.quantile(z, 0.75))
    scale = float(z.std()) or 1.0
    kernel = ConstantKernel(1.0) * Matern([2.0, 3.0], nu=2.5) + WhiteKernel(0.05)
    points = np.c_[seen.rate, seen.batch]
    process = GaussianProcessRegressor(kernel, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points, (z - z.mean()) / scale)
    grid = np.linspace(seen.rate.min(), seen.rate.max(), 61)
    at = np.c_[grid, np.full(len(grid), asked)]
    mean = process.predict(at)
    draws = grid[process.sample_y(at, 200, random_state=0).argmin(0)]
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Answer(float(grid[int(mean.argmin())]), float(low), float(high))


def _nearest(seen: Seen, asked: float) -> Answer:
    return carry_over(0.0)(seen, asked)


def _log_loss(seen: Seen) -> Floats:
    return np.asarray(np.log(np.maximum(seen.loss, 1e-9)))


RULES: dict[str, Callable[[Seen, float], Answer]] = {
    "copy of the nearest batch size": carry_over(0.0),
    "square-root rule": carry_over(0.5),
    "linear rule": carry_over(1.0),
    "inverse rule": carry_over(-1.0),
    "power law (least squares)": power_law,
    "quadratic surface": quadratic_surface,
    "Gaussian process": gaussian_process,
}

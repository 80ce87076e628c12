"""The rate with the lowest loss for a fixed budget, against batch size (pure).

x*(B) = alpha + beta y + gamma y^2 with x = log2 rate and y = log2 B less its centre.
The one decision to know: each batch size's own optimum is read first, with how well it
is known (the gap between the rates tried), and the law is then a small Bayesian linear
model; an interval of a fitted loss surface would be far too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from advisor import priors
from advisor.regression import Interval, Moment, scaling_rule_shares

Floats = NDArray[np.float64]

# An optimum at the edge of the rates tried may lie further out: its sd in gaps.
_EDGE_GAPS = 1.0
# Between its neighbours an optimum is known to about a quarter of their gap.
_INNER_GAPS = 0.25
# One lone rate says that somebody used it: an octave and a half either way.
_LONE_SD = 1.5
# Below this many optima a sibling's curvature cannot be told from its scatter.
_LAW_SIZE = 3
# The level is left open: an sd this wide against any rate, in octaves.
_LEVEL_SD = 40.0
_EXPONENT_LEVEL = 0.9
_EXPONENT_DRAWS = 1000

_SLOPE = Moment(*priors.BEST_SLOPE)
_CURVATURE = Moment(*priors.BEST_CURVATURE)


@dataclass(frozen=True)
class BestRatePrior:
    """What is believed of the law: slope, curvature and the scatter about it.

    `noise_sd` in octaves; `freedom` is how many observations that scatter is worth.
    """

    slope: Moment = _SLOPE
    curvature: Moment = _CURVATURE
    noise_sd: float = priors.BEST_NOISE_SD
    freedom: float = priors.BEST_NOISE_FREEDOM


@dataclass(frozen=True)
class BestRate:
    """The best rate at a batch size, and the exponent of the law it comes from.

    `exponent_draws` are evenly spread quantiles of the exponent's posterior, at the
    middle of the batch sizes; `scaling_rules` are the shares of its bands.
    """

    median: float
    low: float
    high: float
    level: float
    exponent: Interval
    exponent_draws: tuple[float, ...]
    scaling_rules: dict[str, float]
    n_batch_sizes: int
    n_runs: int


@dataclass(frozen=True)
class Optima:
    """Each batch size's best rate: log2 batch, log2 rate, sd in octaves, (n,) each."""

    log_batch: Floats
    log_rate: Floats
    sd: Floats


@dataclass(frozen=True)
class ScoredRuns:
    """Scored runs of one workload: batch sizes, rates, losses (lower is better)."""

    batch_size: ArrayLike
    learning_rate: ArrayLike
    loss: ArrayLike
    weights: ArrayLike | None = None


def best_rate(
    runs: ScoredRuns,
    asked_batch_size: float,
    *,
    siblings: Sequence[ScoredRuns] = (),
    prior: BestRatePrior | None = None,
    level: float = 0.8,
) -> BestRate | None:
    """Return the best rate at a batch size, or None when no run has a finite loss.

    Args:
        runs: Scored runs of the workload.
        asked_batch_size: The batch size asked about, at least 1.
        siblings: Scored runs of other workloads, which shape the prior of the law.
        prior: Of the law before siblings; None: the general one of the Adam family.
        level: Of the interval.

    Raises:
        ValueError: Shapes differ, or a value is out of its range.

    Source: conjugate normal linear model with Student-t predictive (Gelman et al.,
    Bayesian Data Analysis, chapter 14); its shape from arXiv:2405.14578.
    """
    if not np.isfinite(asked_batch_size) or asked_batch_size < 1:
        raise ValueError(f"asked_batch_size must be at least 1; got {asked_batch_size}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1; got {level}")
    optima = find_optima(runs)
    if not len(optima.log_batch):
        return None
    pooled = pool_best_rate_prior(siblings, prior)
    asked = float(np.log2(asked_batch_size))
    law = _fit(optima, pooled, _middle(np.r_[optima.log_batch, asked]))
    low, median, high = np.exp2(law.predict(asked, level))
    draws = law.exponent_draws()
    return BestRate(
        median=float(median),
        low=float(low),
        high=float(high),
        level=level,
        exponent=law.exponent(_EXPONENT_LEVEL),
        exponent_draws=tuple(draws.tolist()),
        scaling_rules=scaling_rule_shares(draws),
        n_batch_sizes=len(optima.log_batch),
        n_runs=int(np.isfinite(np.asarray(runs.loss, np.float64)).sum()),
    )


def pool_best_rate_prior(
    siblings: Sequence[ScoredRuns], base: BestRatePrior | None = None
) -> BestRatePrior:
    """Return the law's prior re-estimated from other workloads' scored runs.

    Means and spreads between workloads are moment estimates with the base prior as two
    workloads more; the scatter is pooled over their residuals.
    """
    base = base or BestRatePrior()
    laws = [_free_law(find_optima(runs)) for runs in siblings]
    known = [law for law in laws if law is not None]
    if not known:
        return base
    coefficients = np.array([law[0] for law in known])
    own_variance = np.array([law[1] for law in known]).mean(0)
    squares = sum(law[2] for law in known)
    freedom = sum(law[3] for law in known)
    total = base.freedom + freedom
    noise = (base.freedom * base.noise_sd**2 + squares) / total
    slope, curvature = (
        _pooled_moment(moment, coefficients[:, i], noise * own_variance[i])
        for i, moment in enumerate((base.slope, base.curvature))
    )
    return BestRatePrior(slope, curvature, float(np.sqrt(noise)), float(total))


# What the base prior counts for against siblings, in workloads. Our choice.
_BASE_WORKLOADS = 2.0


def _pooled_moment(base: Moment, estimates: Floats, noise: float) -> Moment:
    count = len(estimates)
    total = count + _BASE_WORKLOADS
    mean = (estimates.sum() + _BASE_WORKLOADS * base.mean) / total
    squares = np.square(estimates - mean).sum() - count * noise
    prior_squares = _BASE_WORKLOADS * (base.sd**2 + (base.mean - mean) ** 2)
    between = max(squares, 0.0) + prior_squares
    return Moment(float(mean), float(np.sqrt(between / total)))


def find_optima(runs: ScoredRuns) -> Optima:
    """Return each batch size's best rate, by ascending batch size.

    Replicates are averaged (their median from three on: one run may blow up); the
    optimum is a parabola's vertex through the best rate and its neighbours.
    """
    batch, rate, loss, weight = _columns(runs)
    found = []
    for size in np.unique(batch):
        rows = (batch == size) & (weight > 0)
        rates, values = _cells(rate[rows], loss[rows], weight[rows])
        if np.isfinite(values).any():
            found.append((np.log2(size), *_optimum(np.log2(rates), values)))
    table = np.array(found).reshape(-1, 3)
    return Optima(table[:, 0], table[:, 1], table[:, 2])


def _columns(runs: ScoredRuns) -> tuple[Floats, Floats, Floats, Floats]:
    batch = np.asarray(runs.batch_size, np.float64).ravel()
    rate = np.asarray(runs.learning_rate, np.float64).ravel()
    loss = np.asarray(runs.loss, np.float64).ravel()
    given = np.ones(batch.shape) if runs.weights is None else runs.weights
    weight = np.asarray(given, np.float64).ravel()
    if not batch.shape == rate.shape == loss.shape == weight.shape:
        raise ValueError("batch_size, learning_rate, loss and weights differ in length")
    if not (np.isfinite(batch).all() and (batch >= 1).all()):
        raise ValueError("batch_size must be at least 1")
    if not (np.isfinite(rate).all() and (rate > 0).all()):
        raise ValueError("learning_rate must be positive")
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ValueError("weights must not be negative")
    return batch, rate, loss, weight


def _cells(rate: Floats, loss: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """One loss for each distinct rate, ascending; infinite where runs diverged."""
    loss = np.where(np.isfinite(loss), loss, np.inf)
    rates = np.unique(rate)
    values = np.empty(len(rates))
    for i, value in enumerate(rates):
        rows = rate == value
        if rows.sum() >= 3:
            values[i] = _weighted_median(loss[rows], weight[rows])
        elif np.isfinite(loss[rows]).all():
            values[i] = np.average(loss[rows], weights=weight[rows])
        else:
            values[i] = np.inf
    return rates, values


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    last = len(values) - 1
    ends = np.searchsorted(reached, [0.5 - 1e-12, 0.5 + 1e-12])
    low, high = values[order][np.minimum(ends, last)]
    return float(0.5 * (low + high))


def _optimum(log_rates: Floats, losses: Floats) -> tuple[float, float]:
    """Return the optimum and its sd, both in octaves."""
    if len(log_rates) == 1:
        return float(log_rates[0]), _LONE_SD
    best = int(np.argmin(losses))
    if best in (0, len(log_rates) - 1):
        neighbour = 1 if best == 0 else best - 1
        gap = abs(float(log_rates[neighbour] - log_rates[best]))
        return float(log_rates[best]), max(_EDGE_GAPS * gap, 0.1)
    around = slice(best - 1, best + 2)
    gap = float(log_rates[best + 1] - log_rates[best - 1])
    vertex = _vertex(log_rates[around], losses[around])
    return vertex, _INNER_GAPS * gap


def _vertex(x: Floats, losses: Floats) -> float:
    """Vertex of the parabola through three points, kept between the outer two."""
    if not np.isfinite(losses).all():
        return float(x[1])
    left, right = x[1] - x[0], x[2] - x[1]
    fall, rise = losses[0] - losses[1], losses[2] - losses[1]
    curvature = fall * right + rise * left
    if curvature <= 0:
        return float(x[1])
    shift = 0.5 * (fall * right**2 - rise * left**2) / curvature
    return float(np.clip(x[1] + shift, x[0], x[2]))


def _middle(log_batch: Floats) -> float:
    return float(0.5 * (log_batch.min() + log_batch.max()))


def _design(y: Floats) -> Floats:
    return np.stack([np.ones_like(y), y, np.square(y)], axis=-1)


@dataclass(frozen=True)
class _Law:
    """Posterior of (alpha, beta, gamma): Student t with scale matrix and freedom."""

    mean: Floats
    scale: Floats
    noise_sd: float
    freedom: float
    centre: float

    def predict(self, log_batch: float, level: float) -> Floats:
        """Low, median and high log2 rate at a batch size."""
        row = _design(np.array(log_batch - self.centre))
        spread = np.sqrt(row @ self.scale @ row + self.noise_sd**2)
        reach = stats.t.ppf(0.5 + level / 2, self.freedom) * spread
        return np.asarray(row @ self.mean + np.array([-reach, 0.0, reach]))

    def exponent(self, level: float) -> Interval:
        """The slope at the centre of the batch sizes."""
        slope, sd = float(self.mean[1]), float(np.sqrt(self.scale[1, 1]))
        reach = float(stats.t.ppf(0.5 + level / 2, self.freedom)) * sd
        return Interval(slope, slope - reach, slope + reach, level)

    def exponent_draws(self) -> Floats:
        """Evenly spread quantiles of the slope, shape (n_draws,)."""
        shares = (np.arange(_EXPONENT_DRAWS) + 0.5) / _EXPONENT_DRAWS
        sd = np.sqrt(self.scale[1, 1])
        return np.asarray(self.mean[1] + sd * stats.t.ppf(shares, self.freedom))


def _fit(optima: Optima, prior: BestRatePrior, centre: float) -> _Law:
    # Rates are taken from their mean, so that the open level is a proper prior.
    origin = float(optima.log_rate.mean())
    target = optima.log_rate - origin
    noise = prior.noise_sd**2
    design = _design(optima.log_batch - centre)
    weights = noise / (noise + np.square(optima.sd))
    sds = np.array([_LEVEL_SD, prior.slope.sd, prior.curvature.sd])
    start = np.array([0.0, prior.slope.mean, prior.curvature.mean])
    precision = np.diag(noise / np.square(sds))
    posterior = precision + (design.T * weights) @ design
    right = precision @ start + (design.T * weights) @ target
    mean = np.linalg.solve(posterior, right)
    residual = target - design @ mean
    misfit = (weights * np.square(residual)).sum()
    misfit += (mean - start) @ precision @ (mean - start)
    freedom = prior.freedom + len(target) - 1
    variance = (prior.freedom * noise + misfit) / max(freedom, prior.freedom)
    return _Law(
        mean=mean + np.array([origin, 0.0, 0.0]),
        scale=np.linalg.inv(posterior) * variance,
        noise_sd=float(np.sqrt(variance)),
        freedom=float(freedom),
        centre=centre,
    )


def _free_law(
    optima: Optima,
) -> tuple[Floats, Floats, float, int] | None:
    """Least squares of one workload: (slope, curvature), their unit variances,
    squared residuals and degrees of freedom; None with too few batch sizes."""
    if len(optima.log_batch) <= _LAW_SIZE:
        return None
    design = _design(optima.log_batch - _middle(optima.log_batch))
    cross = np.linalg.inv(design.T @ design)
    coefficients = cross @ design.T @ optima.log_rate
    residual = optima.log_rate - design @ coefficients
    freedom = len(residual) - design.shape[1]
    return (
        coefficients[1:],
        np.diag(cross)[1:].copy(),
        float(residual @ residual),
        freedom,
    )

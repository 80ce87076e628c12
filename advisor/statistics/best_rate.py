"""The rate with the lowest loss for a fixed budget, against batch size (pure).

x*(B) = alpha + beta y + gamma y^2 + scatter, x = log2 rate, y = log2 B less its centre.
The law's prior is learned from the store's other workloads; a workload's own scores
count through the shape of their loss curves (`advisor.statistics.loss_shape`), not
through the lowest point that happened to be tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.statistics import priors
from advisor.statistics.beliefs import Interval
from advisor.statistics.fitted import central_shares, scaling_rule_shares
from advisor.statistics.law_prior import law_design, middle, pool_law_prior
from advisor.statistics.likelihood import on_grid
from advisor.statistics.loss_shape import (
    GRID_STEP,
    LossCurve,
    ScoredRuns,
    Shapes,
    excess_loss,
    log_likelihood,
    loss_cap,
    rough_log_scale,
)
from advisor.statistics.sampler import sample_posterior, standard_normal_points

Floats = NDArray[np.float64]

_DRAWS = 1024
_EXPONENT_LEVEL = 0.9
_SCALE_NODES = 21
_PLACES_BEYOND = 3.0  # octaves beyond the rates tried in which an optimum may lie
_LIKELIHOOD_FLOOR = 1e-12
_RATE_CAP = 300.0  # answers stay within 2^-300 .. 2^300
_CANDIDATES = 81  # rates among which the one with the least expected loss is looked for


@dataclass(frozen=True)
class BestRate:
    """The best rate at a batch size, and the exponent of the law it comes from.

    `start` has the least expected loss: a little below the median, since too high costs
    more than too low. `exponent` is the law's slope at the middle of the batch sizes;
    `scaling_rules` are the shares of its bands.
    """

    median: float
    low: float
    high: float
    level: float
    start: float
    exponent: Interval
    scaling_rules: dict[str, float]
    n_runs: int


def best_rate(
    runs: ScoredRuns,
    asked_batch_size: float,
    *,
    siblings: Sequence[ScoredRuns] = (),
    level: float = 0.8,
    random_state: int = 0,
) -> BestRate | None:
    """Return the best rate at a batch size, or None when no run has a finite loss.

    Args:
        runs: Scored runs of the workload.
        asked_batch_size: At least 1.
        siblings: Scored runs of other workloads, which shape the prior of the law.
        level: Of the interval.
        random_state: Seed of the draws.

    Raises:
        ValueError: Shapes differ, or a value is out of its range.

    Source: empirical Bayes regression; the law's shape from arXiv:2405.14578.
    """
    if not runs.curves:
        return None
    return BestRateLaw(runs, siblings, random_state).at(asked_batch_size, level)


class BestRateLaw:
    """The best rate against batch size: draws of a workload's law given its scores.

    `runs` (at least one with a finite loss) are the workload's, `siblings` of others.
    """

    def __init__(
        self,
        runs: ScoredRuns,
        siblings: Sequence[ScoredRuns] = (),
        random_state: int = 0,
    ):
        # Loading scipy takes longer than many an answer, and few are about scores.
        from scipy.ndimage import gaussian_filter1d

        curves = runs.curves
        if not curves:
            raise ValueError("no run has a finite loss")
        prior = pool_law_prior(siblings)
        self._n_runs = runs.n_runs
        self._prior = prior
        self._seed = seed = random_state
        log_batch = np.array([curve.log_batch for curve in curves])
        self._middle = middle(log_batch)
        self._centre = self._centre_of(log_batch)
        reach = float(np.abs(log_batch - self._centre).max())
        self._bend = max(prior.bend_to, reach) + priors.BEST_BEND_OCTAVES
        rates = np.concatenate([curve.log_rate for curve in curves])
        # Rates are offsets from the own ones: the answer goes with their unit.
        self._origin = float(np.round(rates.mean()))
        low, high = rates.min() - self._origin, rates.max() - self._origin
        self._tried, self._n_curves = (low, high), len(curves)
        self._places = np.arange(low - _PLACES_BEYOND, high + _PLACES_BEYOND, GRID_STEP)
        nodes = _heavy_tailed(np.linspace(-2.5, 2.5, 15))
        self._scale = _with_own_scale(prior.log_scale, rough_log_scale(curves))
        mean, sd = self._scale
        self._scales = mean + sd * np.linspace(nodes[0], nodes[-1], _SCALE_NODES)
        cap = loss_cap(curves)
        self._likelihoods = [self._likelihood(curve, cap) for curve in curves]
        self._design = law_design(log_batch - self._centre, self._bend)
        self._mean = prior.mean - np.array([self._origin, 0.0, 0.0])
        root = np.linalg.cholesky(prior.covariance)
        if not prior.level_known:
            self._mean[0] = float((rates - self._origin).mean())
            root[0, 0], root[1:, 0] = priors.BEST_LONE_LEVEL_SD, 0.0
        self._root = root
        # The likelihood of a batch size's optimum under the law's scatter.
        self._tables = [
            _log(gaussian_filter1d(p, prior.scatter / GRID_STEP, 1, mode="nearest"))
            for p in self._likelihoods
        ]
        start = standard_normal_points(_DRAWS, 5, seed=seed)
        units = sample_posterior(self._log_likelihood, start, seed=seed)
        self._law, self._log_scale, self._form = self._parameters(units)
        self._log_batch = log_batch

    def at(self, batch_size: float, level: float = 0.8) -> BestRate:
        """Return the best rate at a batch size with its interval.

        Raises:
            ValueError: The batch size is below 1, or the level not between 0 and 1.
        """
        if not np.isfinite(batch_size) or batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        draws = self.rates_at(float(on_grid(np.log2(batch_size))))
        low, median, high = np.quantile(draws, central_shares(level))
        exponents = self.exponents()
        ends = np.quantile(exponents, central_shares(_EXPONENT_LEVEL))
        return BestRate(
            median=float(np.exp2(median)),
            low=float(np.exp2(low)),
            high=float(np.exp2(high)),
            level=level,
            start=float(np.exp2(self.least_expected_loss(draws))),
            exponent=Interval(
                median=float(ends[1]),
                low=float(ends[0]),
                high=float(ends[2]),
                level=_EXPONENT_LEVEL,
            ),
            scaling_rules=scaling_rule_shares(exponents),
            n_runs=self._n_runs,
        )

    def _centre_of(self, log_batch: Floats) -> float:
        """Siblings' centre, unless their batch sizes are counted in other units."""
        centre = self._prior.y_centre
        if centre is None:
            return self._middle
        low, high = centre - self._prior.bend_to, centre + self._prior.bend_to
        apart = log_batch.min() > high or log_batch.max() < low
        return self._middle if apart else centre

    def _likelihood(self, curve: LossCurve, cap: float) -> Floats:
        """Of one optimum: (n_forms, n_places, n_scales), the highest 1.

        A form (steepness above the best rate, run of the limbs) is one for all batch
        sizes.
        """
        moved = LossCurve(curve.log_batch, curve.log_rate - self._origin, curve.excess)
        prior = self._prior
        shapes = Shapes.every(
            self._scales,
            prior.noise_share,
            prior.error,
            prior.steepness * np.array(priors.LOSS_STEEPNESS_FACTORS),
            prior.powers,
        )
        table = log_likelihood(moved, self._places, shapes, cap)
        if curve.excess.any():
            # Who scored these rates expected the best one among them, or not far off.
            inside = np.clip(self._places, self._tried[0], self._tried[1])
            off = np.square((self._places - inside) / priors.LONE_RATE_SD)
            table -= 0.5 * off[:, None] / self._n_curves
        by_form = table.reshape(len(self._places), len(self._scales), -1)
        return np.asarray(np.exp(np.moveaxis(by_form, 2, 0) - table.max()))

    def _parameters(self, units: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """From prior units, shape (n, 5), to laws (n, 3), log scales and forms (n,)."""
        from scipy.special import ndtr

        level = _heavy_tailed(units[:, 0])
        law = self._mean + np.c_[level, units[:, 1:3]] @ self._root.T
        mean, sd = self._scale
        scale = mean + sd * _heavy_tailed(units[:, 3])
        count = len(self._likelihoods[0])
        form = np.minimum((ndtr(units[:, 4]) * count).astype(np.intp), count - 1)
        return law, np.clip(scale, self._scales[0], self._scales[-1]), form

    def _log_likelihood(self, units: Floats) -> Floats:
        law, log_scale, form = self._parameters(units)
        optima = law @ self._design.T
        place, into = _cell(optima, self._places)
        node, over = _cell(log_scale, self._scales)
        total = np.zeros(len(units))
        for j, table in enumerate(self._tables):
            i, a = place[:, j], into[:, j]
            below, above = (
                (1 - over) * table[form, at, node] + over * table[form, at, node + 1]
                for at in (i, i + 1)
            )
            total += (1 - a) * below + a * above
        return total

    def exponents(self) -> Floats:
        """Draws of the law's slope at the middle of the own batch sizes, (n_draws,)."""
        return np.asarray(
            self._law[:, 1] + 2 * self._law[:, 2] * (self._middle - self._centre)
        )

    def rates_at(self, log_batch: float) -> Floats:
        """Draws of the log2 best rate at a batch size, shape (n_draws,)."""
        from scipy.special import ndtr

        row = law_design(np.array([log_batch - self._centre]), self._bend)[0]
        smooth = self._law @ row
        shares = standard_normal_points(len(smooth), 1, seed=self._seed + 1)[:, 0]
        found = np.flatnonzero(self._log_batch == log_batch)
        if len(found):
            at = self._optimum_given(smooth, int(found[0]), ndtr(shares))
        else:
            # The best rate as a finely scored grid would show it, with its own noise.
            spread = np.hypot(self._prior.scatter, self._prior.reading_sd)
            at = smooth + spread * shares
        return np.asarray(np.clip(at + self._origin, -_RATE_CAP, _RATE_CAP))

    def _optimum_given(self, smooth: Floats, index: int, shares: Floats) -> Floats:
        """Draws of one observed batch size's own optimum, by inverse cumulation."""
        node, over = _cell(self._log_scale, self._scales)
        table = np.moveaxis(self._likelihoods[index], 1, 0)
        told = (1 - over) * table[:, self._form, node]
        told += over * table[:, self._form, node + 1]
        off = (self._places[:, None] - smooth) / self._prior.scatter
        log_weight = np.log(told + _LIKELIHOOD_FLOOR) - 0.5 * np.square(off)
        weight = np.exp(log_weight - log_weight.max(0))
        reached = np.cumsum(weight, axis=0)
        reached /= reached[-1]
        chosen = (reached < shares).sum(0).clip(0, len(self._places) - 1)
        # Within its cell the place is spread evenly, by a share of its own.
        jitter = np.modf(shares * len(shares))[0] - 0.5
        return np.asarray(self._places[chosen] + GRID_STEP * jitter)

    def least_expected_loss(self, draws: Floats) -> float:
        """The log2 rate whose expected excess loss over draws of the best is least."""
        low, high = np.quantile(draws, [0.02, 0.98])
        candidates = np.linspace(low, high, _CANDIDATES)
        above = candidates[:, None] - draws
        cost = excess_loss(above, self._prior.steepness).mean(1)
        return float(candidates[int(cost.argmin())])


def _with_own_scale(
    known: tuple[float, float], own: float | None
) -> tuple[float, float]:
    """Siblings' scale joined with the one the own scores show at first sight."""
    if own is None:
        return known
    told, rough = known[1] ** -2, priors.LOG_LOSS_ROUGH_SD**-2
    mean = (told * known[0] + rough * own) / (told + rough)
    return mean, (told + rough) ** -0.5


def _heavy_tailed(units: Floats) -> Floats:
    """From standard normal to Student's t, by quantiles; held within its tails."""
    return np.asarray(np.interp(units, *_tails()))


@lru_cache(maxsize=1)
def _tails() -> tuple[Floats, Floats]:
    """Student's t as a function of the standard normal: to one in 10,000."""
    from scipy.special import ndtr, stdtrit

    units = np.linspace(-3.7, 3.7, 741)
    return units, stdtrit(priors.BEST_TAIL_FREEDOM, ndtr(units))


def _cell(values: Floats, nodes: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The node below each value, and how far it is to the next one, 0..1."""
    at = np.clip((values - nodes[0]) / (nodes[1] - nodes[0]), 0, len(nodes) - 1.001)
    below = at.astype(np.intp)
    return below, at - below


def _log(likelihood: Floats) -> Floats:
    return np.asarray(np.log(likelihood + _LIKELIHOOD_FLOOR * likelihood.max()))

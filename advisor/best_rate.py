"""The rate with the lowest loss for a fixed budget, against batch size (pure).

x*(B) = alpha + beta y + gamma y^2 + scatter, x = log2 rate, y = log2 B less its centre.
The one decision to know: the law's prior is learned from the store's other workloads
(random effects), and a workload's own scores speak through the shape of their loss
curves (`advisor.loss_shape`), not through the lowest point that happened to be tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr

from advisor import priors
from advisor.loss_shape import (
    GRID_STEP,
    LossCurve,
    Optima,
    ScoredRuns,
    Shapes,
    excess_loss,
    log_likelihood,
    loss_cap,
    rough_log_scale,
)
from advisor.regression import Interval, scaling_rule_shares
from advisor.sampler import sample_posterior, standard_normal_points
from advisor.survival import on_grid

__all__ = [
    "BestRate",
    "BestRateLaw",
    "LawPrior",
    "ScoredRuns",
    "best_rate",
    "pool_law_prior",
]

Floats = NDArray[np.float64]

_DRAWS = 1024
_EXPONENT_LEVEL = 0.9
_SCALE_NODES = 21
_PLACES_BEYOND = 3.0  # octaves beyond the rates tried in which an optimum may lie
_LIKELIHOOD_FLOOR = 1e-12
_EM_ROUNDS = 40
_LEAST_SCATTER = 0.05  # octaves: a fifth of the finest grids' step
_RATE_CAP = 300.0  # answers stay within 2^-300 .. 2^300
# Student's t as a function of the standard normal, worked out once: to one in 10,000.
_TAIL_UNITS = np.linspace(-3.7, 3.7, 741)
_TAIL_VALUES = stats.t.ppf(ndtr(_TAIL_UNITS), priors.BEST_TAIL_FREEDOM)
_CANDIDATES = 81  # rates among which the one with the least expected loss is looked for


@dataclass(frozen=True)
class LawPrior:
    """What is believed of a law before a workload's own scores.

    `mean` (3,) and `covariance` (3, 3) are of alpha, beta, gamma at `y_centre` (log2 of
    a batch size; None: the middle of the own ones). In octaves: `scatter` of optima
    about the law, `reading_sd`, how surely the scores of one batch size show its
    optimum, and `bend_to`, how far from the centre the law bends. `log_scale` is mean
    and sd of the log of the loss curve's scale; `noise_share`, `error`, `steepness` and
    `powers` are the rest of its shape. `level_known` False: alpha is left to the own
    rates.
    """

    mean: Floats = field(
        default_factory=lambda: np.array(
            [0.0, priors.BEST_SLOPE[0], priors.BEST_CURVATURE[0]]
        )
    )
    covariance: Floats = field(
        default_factory=lambda: np.diag(
            np.square(
                [
                    priors.BEST_LEVEL_SD,
                    priors.BEST_SLOPE[1],
                    priors.BEST_CURVATURE[1],
                ]
            )
        )
    )
    scatter: float = priors.BEST_SCATTER
    reading_sd: float = priors.BEST_READING_SD
    log_scale: tuple[float, float] = priors.LOG_LOSS_SCALE
    noise_share: float = priors.LOSS_NOISE_SHARE
    error: float = priors.LOSS_SHAPE_ERROR
    steepness: float = priors.LOSS_STEEPNESS
    powers: tuple[float, ...] = priors.LOSS_POWERS
    y_centre: float | None = None
    bend_to: float = 0.0
    level_known: bool = False


@dataclass(frozen=True)
class BestRate:
    """The best rate at a batch size, and the exponent of the law it comes from.

    `start` is the rate with the least expected loss: a little below the median, since
    too high costs more than too low. `exponent_draws` are of the law's slope at the
    middle of the batch sizes; `scaling_rules` are the shares of its bands.
    """

    median: float
    low: float
    high: float
    level: float
    start: float
    exponent: Interval
    exponent_draws: tuple[float, ...]
    scaling_rules: dict[str, float]
    n_batch_sizes: int
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
        asked_batch_size: The batch size asked about, at least 1.
        siblings: Scored runs of other workloads, which shape the prior of the law.
        level: Of the interval.
        random_state: Seed of the draws: same evidence, same answer.

    Raises:
        ValueError: Shapes differ, or a value is out of its range.

    Source: random-effects (empirical Bayes) regression; the law's shape from
    arXiv:2405.14578.
    """
    if not runs.curves:
        return None
    return BestRateLaw(runs, siblings, random_state).at(asked_batch_size, level)


def pool_law_prior(siblings: Sequence[ScoredRuns]) -> LawPrior:
    """Return the law's prior as other workloads' scores show it.

    Each sibling's law is drawn about a common mean; mean, covariance and scatter are
    found by expectation-maximization with the general prior as two workloads more.
    """
    known = [(s, s.shape) for s in siblings if s.curves]
    shapes = [(s, shape) for s, shape in known if shape is not None]
    if not shapes:
        return LawPrior()
    optima = [shape.optima for _, shape in shapes]
    middles = [_middle(o.log_batch) for o in optima]
    centre = float(np.mean(middles))
    widest = max(float(np.abs(o.log_batch - centre).max()) for o in optima)
    mean, covariance, scatter, laws = _random_effects(optima, centre)
    share = np.array([s.shares_level for s, _ in shapes])
    if not share.all():
        # Copies at another width show the slope; the level stays with their own.
        covariance[0, 1:] = covariance[1:, 0] = 0.0
        levels = laws[share, 0]
        if len(levels):
            mean[0] = levels.mean()
            spread = np.square(levels - mean[0]).sum() + 2 * priors.BEST_LEVEL_SD**2
            covariance[0, 0] = spread / (len(levels) + 2)
    base = LawPrior()
    scales = np.array([float(fit.shape.log_scale[0]) for _, fit in shapes])
    spread = np.square(scales - scales.mean()).sum() + 0.5
    sd = max(float(np.sqrt(spread / (len(scales) + 1))), priors.LOG_LOSS_SCALE_LEAST_SD)
    own = [fit.shape for _, fit in shapes]
    error = _pooled_factor([s.error[0] for s in own], base.error)
    return LawPrior(
        mean=mean,
        covariance=covariance,
        scatter=scatter,
        reading_sd=float(np.median(np.concatenate([o.sd for o in optima]))),
        log_scale=(float(scales.mean()), sd),
        noise_share=_pooled_factor([s.noise_share[0] for s in own], base.noise_share),
        error=float(np.hypot(error, priors.LOSS_SHAPE_CARRIED)),
        steepness=_pooled_factor([s.steepness[0] for s in own], base.steepness),
        y_centre=centre,
        bend_to=widest,
        level_known=bool(share.any()),
    )


def _pooled_factor(values: Sequence[float], base: float) -> float:
    """Geometric mean over siblings, with the general value as one more of them."""
    return float(np.exp(np.mean(np.log([*values, base]))))


def _random_effects(
    optima: Sequence[Optima], centre: float
) -> tuple[Floats, Floats, float, Floats]:
    """Mean (3,), covariance (3, 3), scatter and each sibling's law (n, 3).

    Source: EM for linear mixed models (Laird & Ware 1982), every sibling at once:
    shorter ones are padded with points of no weight.
    """
    longest = max(len(o.log_batch) for o in optima)
    design = np.zeros((len(optima), longest, 3))
    target, error = np.zeros((2, len(optima), longest))
    real = np.zeros((len(optima), longest))
    for i, o in enumerate(optima):
        n = len(o.log_batch)
        design[i, :n] = _design(o.log_batch - centre, np.inf)
        target[i, :n], error[i, :n], real[i, :n] = o.log_rate, np.square(o.sd), 1.0
    base = LawPrior()
    start = base.mean.copy()
    start[0] = np.mean([o.log_rate.mean() for o in optima])
    mean, covariance = start.copy(), base.covariance.copy()
    scatter = base.scatter**2
    workloads = len(optima) + priors.BEST_PRIOR_WORKLOADS
    points = real.sum() + priors.BEST_PRIOR_OPTIMA
    for _ in range(_EM_ROUNDS):
        weight = real / (scatter + error)
        precision = np.linalg.inv(covariance)
        weighted = design * weight[..., None]
        spread = np.linalg.inv(precision + np.swapaxes(weighted, 1, 2) @ design)
        right = precision @ mean + np.einsum("nij,ni->nj", weighted, target)
        laws = np.einsum("nij,nj->ni", spread, right)
        shrink = scatter * weight
        residual = target - np.einsum("nij,nj->ni", design, laws)
        unsure = np.einsum("nij,njk,nik->ni", design, spread, design)
        squares = np.square(shrink) * (np.square(residual) + unsure) + shrink * error
        # The general prior pulls as one workload; the level has none of its own.
        pull = np.array([laws[:, 0].mean(), start[1], start[2]])
        mean = (laws.sum(0) + pull) / (len(laws) + 1)
        off = laws - mean
        total = off.T @ off + spread.sum(0)
        covariance = total + priors.BEST_PRIOR_WORKLOADS * base.covariance
        covariance /= workloads
        scatter = float(squares.sum() + priors.BEST_PRIOR_OPTIMA * base.scatter**2)
        scatter /= points
    return mean, covariance, max(float(np.sqrt(scatter)), _LEAST_SCATTER), laws


class BestRateLaw:
    """The best rate against batch size: draws of a workload's law given its scores.

    Args:
        runs: Scored runs of the workload, at least one with a finite loss.
        siblings: Scored runs of other workloads, which shape the prior of the law.
        random_state: Seed of the draws: same evidence, same answer.
    """

    def __init__(
        self,
        runs: ScoredRuns,
        siblings: Sequence[ScoredRuns] = (),
        random_state: int = 0,
    ):
        curves = runs.curves
        if not curves:
            raise ValueError("no run has a finite loss")
        prior = pool_law_prior(siblings)
        self._n_runs = runs.n_runs
        self._prior = prior
        self._seed = seed = random_state
        log_batch = np.array([curve.log_batch for curve in curves])
        self._middle = _middle(log_batch)
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
        self._design = _design(log_batch - self._centre, self._bend)
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
        if not 0 < level < 1:
            raise ValueError(f"level must lie strictly between 0 and 1; got {level}")
        draws = self.rates_at(float(on_grid(np.log2(batch_size))))
        low, median, high = np.quantile(draws, _tails(level))
        exponents = self.exponents()
        ends = np.quantile(exponents, _tails(_EXPONENT_LEVEL))
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
            exponent_draws=tuple(exponents.tolist()),
            scaling_rules=scaling_rule_shares(exponents),
            n_batch_sizes=len(self._log_batch),
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

        A form is how steep the curve is above the best rate and how its limbs run on:
        one for all batch sizes of a workload, so what it hides they hide together.
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
        row = _design(np.array([log_batch - self._centre]), self._bend)[0]
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
    return np.asarray(np.interp(units, _TAIL_UNITS, _TAIL_VALUES))


def _design(y: Floats, bend_to: float) -> Floats:
    """Rows (1, y, y^2); beyond `bend_to` octaves the square runs on straight."""
    far = np.abs(y)
    with np.errstate(invalid="ignore"):
        straight = 2 * bend_to * far - bend_to**2
    bent = np.where(far <= bend_to, np.square(y), straight)
    return np.stack([np.ones_like(y), y, bent], axis=-1)


def _cell(values: Floats, nodes: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The node below each value, and how far it is to the next one, 0..1."""
    at = np.clip((values - nodes[0]) / (nodes[1] - nodes[0]), 0, len(nodes) - 1.001)
    below = at.astype(np.intp)
    return below, at - below


def _log(likelihood: Floats) -> Floats:
    return np.asarray(np.log(likelihood + _LIKELIHOOD_FLOOR * likelihood.max()))


def _tails(level: float) -> tuple[float, float, float]:
    return (1 - level) / 2, 0.5, (1 + level) / 2


def _middle(log_batch: Floats) -> float:
    return float(0.5 * (log_batch.min() + log_batch.max()))

"""What the scores at one batch size say of its best rate (pure).

A rate d octaves off the best one costs scale * ((1 + d^2)^(p/2) - 1) in log loss, more
above it than below. Each possible minimum is weighted by how well it fits all points;
none is read off the lowest one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.statistics import priors
from advisor.statistics.likelihood import on_grid

Floats = NDArray[np.float64]

GRID_STEP = 0.125  # octaves between the places an optimum is weighed at
_REACH = 1.5  # octaves beyond the rates tried in which a sibling's optimum may lie
# Log losses are kept to a billionth: the order of rows then changes nothing.
_LOSS_DIGITS = 9
# Beyond these a loss is no number to reckon with: as if diverged, or as if zero.
_LARGEST_LOSS, _LEAST_LOSS = 1e100, 1e-100
# Rates within so many octaves are one point: an optimum is known no better, and dozens
# of runs about the stability threshold would outvote the few near the best rate.
_RATE_STEP = 0.25
# Of more batch sizes than these those within so many octaves are one.
_MANY_BATCHES, _BATCH_STEP = 40, 0.25
# What a sibling's curves are fitted with: first scales and noises, then the rest about
# the best of them.
_SCALES = np.linspace(np.log(3e-4), np.log(4.0), 15)
_NOISES = np.array([0.03, 0.1, 0.3])
_ERRORS = np.array([0.1, 0.2, 0.35, 0.6])
_STEEPNESSES = np.array([0.9, 1.3, 1.8, 2.5])
_FINER = np.array([-0.35, 0.0, 0.35])
_POWERS = np.array([0.4, 1.0, 1.8])
_COARSE_STEP = 0.25
_HEIGHT_AT_TWO = np.sqrt(5.0) - 1.0
_FEWEST_POINTS = 3  # of a curve that says where its optimum lies


@dataclass(frozen=True)
class LossCurve:
    """The scores at one batch size: log2 batch; log2 rates and excess, shape (n,).

    `excess` is the log loss above the lowest.
    """

    log_batch: float
    log_rate: Floats
    excess: Floats


@dataclass(frozen=True)
class Optima:
    """Each batch size's best rate: log2 batch, log2 rate, sd in octaves, (n,) each."""

    log_batch: Floats
    log_rate: Floats
    sd: Floats


@dataclass(frozen=True)
class Shapes:
    """Loss curves to weigh, arrays of one length (n_shapes,).

    `log_scale` is the log of a curve's scale, `noise_share` the noise of one score in
    scales, `error` the share of its height to which a curve is known, `steepness` how
    much more a rate above the best one costs than one below, `power` p of its limbs.
    """

    log_scale: Floats
    noise_share: Floats
    error: Floats
    steepness: Floats
    power: Floats

    @classmethod
    def every(cls, log_scale: Floats, *others: ArrayLike) -> "Shapes":
        """Every combination of values of the five, the first varying slowest."""
        columns = [np.atleast_1d(np.asarray(v, np.float64)) for v in others]
        grids = np.meshgrid(log_scale, *columns, indexing="ij")
        return cls(*(grid.ravel() for grid in grids))

    def pick(self, index: int) -> "Shapes":
        """One of them, as arrays of length 1."""
        return Shapes(*(column[[index]] for column in vars(self).values()))


@dataclass(frozen=True)
class ShapeFit:
    """A workload's own shape, arrays of length 1, and its optima."""

    shape: Shapes
    optima: Optima


@dataclass(frozen=True)
class ScoredRuns:
    """Scored runs of one workload: batch sizes, rates, losses (lower is better).

    `shares_level`: whether its best rates may be near another's of the family; else it
    only shows how they scale with the batch size.
    """

    batch_size: ArrayLike
    learning_rate: ArrayLike
    loss: ArrayLike
    shares_level: bool = True

    @cached_property
    def n_runs(self) -> int:
        """How many runs have a finite loss."""
        return int(np.isfinite(np.asarray(self.loss, np.float64)).sum())

    @cached_property
    def curves(self) -> tuple[LossCurve, ...]:
        """One curve per batch size with a finite loss, ascending; replicates averaged.

        Raises:
            ValueError: Lengths differ, or a value is out of its range.
        """
        return _curves(*_columns(self))

    @cached_property
    def shape(self) -> ShapeFit | None:
        """The curves' own shape and optima; None when no batch size shows one."""
        return _fit_shape(self.curves)


def excess_loss(octaves: Floats, steepness: float, power: float = 1.0) -> Floats:
    """Return the excess log loss in scales, for octaves above the best rate.

    Two octaves below it that is 1.24 scales, whatever the `power`.
    """
    return np.where(octaves > 0, steepness, 1.0) * _limb(octaves, power)


def _limb(octaves: Floats, power: float) -> Floats:
    """A curve as steep above the best rate as below."""
    height = _HEIGHT_AT_TWO / (5.0 ** (0.5 * power) - 1.0)
    return np.asarray(height * ((1.0 + np.square(octaves)) ** (0.5 * power) - 1.0))


def loss_cap(curves: Sequence[LossCurve]) -> float:
    """Return the excess beyond which a score only says "far off", from the scores."""
    excess = np.concatenate([curve.excess for curve in curves])
    shown = excess[(excess > 0) & np.isfinite(excess)]
    return priors.LOSS_CAP * float(np.median(shown)) if len(shown) else 1.0


def rough_log_scale(curves: Sequence[LossCurve]) -> float | None:
    """Return the log of the scale as if each lowest score were the best rate's.

    None when no batch size was scored at two different losses.
    """
    found = []
    for curve in curves:
        off = curve.log_rate - curve.log_rate[int(curve.excess.argmin())]
        told = (curve.excess > 0) & np.isfinite(curve.excess)
        rise = excess_loss(off[told], priors.LOSS_STEEPNESS)
        found.append(np.log(curve.excess[told] / rise))
    scales = np.concatenate(found)
    return float(np.median(scales)) if len(scales) else None


def log_likelihood(
    curve: LossCurve, places: Floats, shapes: Shapes, cap: float
) -> Floats:
    """Return log-likelihoods of the optimum's place, shape (n_places, n_shapes).

    `places` are log2 rates, shape (n_places,); `cap` is from `loss_cap`. The lowest
    loss itself is integrated out.
    """
    if not curve.excess.any():  # somebody used these rates: no more is known
        held = np.clip(places, curve.log_rate[0], curve.log_rate[-1])
        told = -0.5 * np.square((places - held) / priors.LONE_RATE_SD)[:, None]
        return np.repeat(told, len(shapes.log_scale), axis=1)
    scale = np.exp(shapes.log_scale)[:, None]
    above = curve.log_rate - places[:, None, None]
    # Few powers, many scales: the limbs are worked out once for each power.
    powers, which = np.unique(shapes.power, return_inverse=True)
    limbs = np.concatenate([_limb(above, float(power)) for power in powers], axis=1)
    expected = limbs[:, which] * scale
    np.multiply(expected, shapes.steepness[:, None], out=expected, where=above > 0)
    # From the lowest, as observed excess is: else a foot far off explains few points.
    expected -= expected.min(-1, keepdims=True)
    np.minimum(expected, cap, out=expected)
    weight = np.square(shapes.error[:, None] * expected)
    weight += np.square(shapes.noise_share[:, None] * scale)
    log_variance = np.log(weight).sum(-1)
    np.reciprocal(weight, out=weight)
    residual = np.subtract(np.minimum(curve.excess, cap), expected, out=expected)
    total = weight.sum(-1)
    weighted = weight * residual
    first, second = weighted.sum(-1), (weighted * residual).sum(-1)
    misfit = second - np.square(first) / total
    return np.asarray(-0.5 * (misfit + log_variance + np.log(total)))


def _fit_shape(curves: Sequence[LossCurve]) -> ShapeFit | None:
    """The likeliest shape of a workload's curves: one for all its batch sizes."""
    told = [c for c in curves if len(c.log_rate) >= _FEWEST_POINTS and c.excess.any()]
    if not told:
        return None
    cap = loss_cap(told)
    rough = (priors.LOSS_SHAPE_ERROR, priors.LOSS_STEEPNESS)
    first = _likeliest(told, Shapes.every(_SCALES, _NOISES, *rough, _POWERS), cap)
    finer = first.log_scale + _FINER
    rest = (first.noise_share, _ERRORS, _STEEPNESSES, first.power)
    shape = _likeliest(told, Shapes.every(finer, *rest), cap)
    optima = [
        (c.log_batch, *_moments(*_weighed(c, shape, cap, GRID_STEP))) for c in told
    ]
    return ShapeFit(shape, Optima(*np.array(optima).T))


def _likeliest(curves: Sequence[LossCurve], shapes: Shapes, cap: float) -> Shapes:
    total = np.zeros(len(shapes.log_scale))
    for curve in curves:
        _, table = _weighed(curve, shapes, cap, _COARSE_STEP)
        peak = table.max(0)
        total += peak + np.log(np.exp(table - peak).mean(0))
    return shapes.pick(int(total.argmax()))


def _weighed(
    curve: LossCurve, shapes: Shapes, cap: float, step: float
) -> tuple[Floats, Floats]:
    """Places about the rates tried, and their log-likelihoods."""
    low, high = curve.log_rate[0] - _REACH, curve.log_rate[-1] + _REACH
    places = np.arange(low, high + step, step)
    return places, log_likelihood(curve, places, shapes, cap)


def _moments(places: Floats, table: Floats) -> tuple[float, float]:
    """Mean and sd of the place under the one shape of a table."""
    weights = np.exp(table[:, 0] - table[:, 0].max())
    weights /= weights.sum()
    mean = float(weights @ places)
    return mean, float(np.sqrt(weights @ np.square(places - mean)))


def _columns(runs: ScoredRuns) -> tuple[Floats, Floats, Floats]:
    batch = np.asarray(runs.batch_size, np.float64).ravel()
    rate = np.asarray(runs.learning_rate, np.float64).ravel()
    loss = np.asarray(runs.loss, np.float64).ravel()
    if not batch.shape == rate.shape == loss.shape:
        raise ValueError("batch_size, learning_rate and loss differ in length")
    if not (np.isfinite(batch).all() and (batch >= 1).all()):
        raise ValueError("batch_size must be at least 1")
    if not (np.isfinite(rate).all() and (rate > 0).all()):
        raise ValueError("learning_rate must be positive")
    return on_grid(np.log2(batch)), on_grid(np.log2(rate)), loss


def _curves(batch: Floats, rate: Floats, loss: Floats) -> tuple[LossCurve, ...]:
    if len(np.unique(batch)) > _MANY_BATCHES:
        batch = np.round(batch / _BATCH_STEP) * _BATCH_STEP
    cells = []
    for y in np.unique(batch):
        rows = batch == y
        rates, values = _cells(_gathered(rate[rows]), loss[rows])
        if np.isfinite(values).any():
            cells.append((float(y), rates, values))
    if not cells:
        return ()
    unit = _LossUnit.of(np.concatenate([values for _, _, values in cells]))
    return tuple(
        LossCurve(y, rates, _excess(unit.logs(values))) for y, rates, values in cells
    )


def _gathered(rate: Floats) -> Floats:
    """Rates within a step of each other as their mean; one by itself stays as it is."""
    steps = np.round((rate - rate.min()) / _RATE_STEP)
    _, first, cell = np.unique(steps, return_index=True, return_inverse=True)
    means = np.bincount(cell, rate) / np.bincount(cell)
    spans = np.array([np.ptp(rate[cell == i]) for i in range(len(first))])
    return np.where(spans > 0, means, rate[first])[cell]


def _cells(rate: Floats, loss: Floats) -> tuple[Floats, Floats]:
    """One loss per distinct rate, ascending: the mean, the median from three on (one
    run may blow up); infinite where runs diverged."""
    loss = np.where(np.abs(loss) < _LARGEST_LOSS, loss, np.inf)
    loss = np.where(np.abs(loss) < _LEAST_LOSS, 0.0, loss)
    order = np.lexsort((loss, rate))
    rates, starts = np.unique(rate[order], return_index=True)
    groups = np.split(loss[order], starts[1:])
    values = [np.median(g) if len(g) >= 3 else g.mean() for g in groups]
    return rates, np.array(values)


@dataclass(frozen=True)
class _LossUnit:
    """How losses become comparable: logs where all are positive, else own units."""

    is_log: bool
    floor: float
    spread: float

    @classmethod
    def of(cls, losses: Floats) -> "_LossUnit":
        finite = losses[np.isfinite(losses)]
        positive = finite[finite > 0]
        spread = float(np.median(np.abs(finite - np.median(finite))))
        return cls(
            is_log=bool(finite.min() >= 0 and len(positive)),
            # A loss of zero is as good as half the smallest that is not.
            floor=0.5 * float(positive.min()) if len(positive) else 1.0,
            spread=spread or float(np.ptp(finite)) or 1.0,
        )

    def logs(self, losses: Floats) -> Floats:
        if self.is_log:
            return np.asarray(np.log(np.maximum(losses, self.floor)))
        return np.asarray(losses / self.spread)


def _excess(log_losses: Floats) -> Floats:
    return np.asarray(np.round(log_losses - log_losses.min(), _LOSS_DIGITS))

"""How runs and claims count for a stability threshold: their likelihood (pure).

A stable or stopped run says "survived to its last step"; a failed run says when it
failed, in a mixture with "the time says nothing", so failure steps never cost anything
against plain outcomes. The same mixture says how much a stopped run tells about the
rest of its horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.statistics import priors

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
AnyFloat = TypeVar("AnyFloat", np.float32, np.float64)
# Offsets are kept to a millionth of an octave: rates that differ by rounding alone
# then give the same draws.
_GRID = 2.0**20
_CAP = np.float32(80.0)
# Beyond this many different rows, rates are told apart by a sixteenth of an octave and
# failure steps by half an octave: below the boundary's width, and far cheaper.
_MANY_ROWS = 400
_COARSE_RATE = 1 / 16
_COARSE_STEPS = 1 / 2
# Rows worked on at a time: their array stays in the processor's cache.
_CHUNK_ROWS = 16
_TINY = np.float32(1e-30)
# Growth of a density over the whole horizon, in natural logs: beyond the first, single
# precision ends; below the second (per doubling) there is as good as none.
_MOST_GROWTH = np.float32(60.0)
_LEAST_GROWTH = np.float32(1e-3)
_PER_CLAIM_WIDTH = np.float32(1 / priors.CLAIM_WIDTH)
_PER_CLAIM_SOFTNESS = np.float32(1 / priors.CLAIM_SOFTNESS)


@dataclass(frozen=True)
class Bound:
    """What a claim says of the threshold: a rate that held, or one that failed."""

    batch_size: float
    learning_rate: float
    holds: Literal["stable", "unstable"]
    reliability: float
    source: str = ""


@dataclass(frozen=True)
class RunRows:
    """Checked runs as arrays of one length: rates and batch sizes in octaves.

    `log_steps` is log2 of the failure step or last survived step, NaN for a failure
    whose step is unknown; `log_horizon` is log2 of the planned length.
    """

    log_batch: Floats
    log_rate: Floats
    unstable: NDArray[np.bool_]
    log_steps: Floats
    log_horizon: Floats
    reliability: Floats

    def __len__(self) -> int:
        return len(self.log_batch)


@dataclass(frozen=True)
class Draws:
    """Parameters of the model, one float32 array of shape (n,) each.

    `low` and `high` are the lapses, `timeless` the share of failures whose step says
    nothing, `chance_power` the power of the step by which those come, `time_slope`
    (octaves per doubling of steps, never negative), `log_claim_steps` (log2) the run
    length of claims.
    """

    width: Singles
    time_slope: Singles
    low: Singles
    high: Singles
    timeless: Singles
    chance_power: Singles
    log_claim_steps: Singles


def check_runs(
    batch_size: ArrayLike,
    learning_rate: ArrayLike,
    unstable: ArrayLike,
    *,
    steps: ArrayLike | None,
    horizon_steps: ArrayLike | None,
    reliability: ArrayLike | None,
    reference_steps: float,
) -> RunRows:
    """Return the runs as checked rows.

    Raises:
        ValueError: Shapes differ, or a value is out of its range.
    """
    batch = np.asarray(batch_size, dtype=np.float64).ravel()
    shape = batch.shape
    rate = _column(learning_rate, shape, "learning_rate")
    failed = _column(unstable, shape, "unstable")
    if not np.isin(failed, (0.0, 1.0)).all():
        raise ValueError("unstable holds values other than True and False")
    step = _column(np.nan if steps is None else steps, shape, "steps")
    horizon = _column(
        np.nan if horizon_steps is None else horizon_steps, shape, "horizon_steps"
    )
    trust = _column(1.0 if reliability is None else reliability, shape, "reliability")
    _check(batch, batch >= 1, "batch_size must be at least 1")
    _check(rate, rate > 0, "learning_rate must be positive")
    _check(step, np.isnan(step) | (step >= 1), "steps must be at least 1")
    _check(horizon, np.isnan(horizon) | (horizon >= 1), "horizon_steps: at least 1")
    _check(trust, (trust >= 0) & (trust <= 1), "reliability must lie in 0..1")
    is_failure = failed == 1.0
    longest = np.nanmax(step) if np.isfinite(step).any() else reference_steps
    horizon = np.where(np.isnan(horizon), longest, horizon)
    horizon = np.fmax(horizon, step)
    step = np.where(np.isnan(step) & ~is_failure, horizon, step)
    return RunRows(
        log_batch=np.log2(batch),
        log_rate=np.log2(rate),
        unstable=is_failure,
        log_steps=np.log2(step),
        log_horizon=np.log2(horizon),
        reliability=trust,
    )


def _column(values: ArrayLike, shape: tuple[int, ...], name: str) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim == 0:
        return np.full(shape, float(column))
    if column.ravel().shape != shape:
        raise ValueError(
            f"{name} has shape {column.shape}, batch_size has shape {shape}"
        )
    return column.ravel()


def _check(values: Floats, is_right: NDArray[np.bool_], message: str) -> None:
    wrong = ~is_right | np.isinf(values)
    if wrong.any():
        raise ValueError(f"{message}; got {values[wrong][0]}")


def check_bounds(bounds: Sequence[Bound]) -> tuple[Bound, ...]:
    """Return the claims in one fixed order; ValueError if a value is out of range."""
    for bound in bounds:
        sizes = (bound.batch_size, bound.learning_rate)
        if not np.isfinite(sizes).all() or bound.batch_size < 1 or sizes[1] <= 0:
            raise ValueError(f"a bound needs a batch size and a positive rate: {bound}")
        if bound.holds not in ("stable", "unstable"):
            raise ValueError(f"a bound holds 'stable' or 'unstable', not {bound.holds}")
        if not 0 <= bound.reliability <= 1:
            raise ValueError(f"reliability must lie in 0..1: {bound}")
    return tuple(
        sorted(
            bounds,
            key=lambda b: (
                b.batch_size,
                b.source,
                b.learning_rate,
                b.holds,
                b.reliability,
            ),
        )
    )


def on_grid(offsets: ArrayLike) -> Floats:
    """Return offsets in octaves without their rounding noise."""
    return np.asarray(np.round(np.asarray(offsets, np.float64) * _GRID) / _GRID)


def sigmoid(values: NDArray[AnyFloat]) -> NDArray[AnyFloat]:
    """Return the logistic function, safe for any float32 or float64 argument."""
    result = np.minimum(-values, _CAP)
    np.exp(result, out=result)
    result += 1
    return np.asarray(np.reciprocal(result, out=result))


@dataclass(frozen=True)
class _Bits:
    """Rows that say "failed by", or "survived to": arrays of shape (rows, 1, 1)."""

    offset: Singles
    log_time: Singles
    are_failures: bool
    reliability: Singles
    count: Singles

    def log_likelihood(self, threshold: Singles, draws: Draws) -> Singles:
        # This runs for every move of every draw: what can be is worked out on the small
        # arrays, and the large one, (rows, nodes, draws), is worked on in place.
        limit: Singles = threshold / draws.width
        reach: Singles = self.offset + draws.time_slope * self.log_time
        reach = np.asarray(reach / draws.width, np.float32)
        chance = (
            _logistic(reach, limit) if self.are_failures else _logistic(limit, reach)
        )
        chance *= 1 - draws.low - draws.high
        chance += draws.low if self.are_failures else draws.high
        return _weighted(chance, self.reliability, self.count)


@dataclass(frozen=True)
class _CutShort:
    """Runs stopped in good health before their horizon: arrays (rows, 1, 1)."""

    offset: Singles
    log_time: Singles
    log_time_from_start: Singles
    log_end: Singles
    log_span: Singles
    reliability: Singles
    count: Singles

    def log_likelihood(self, threshold: Singles, draws: Draws) -> Singles:
        speed = draws.time_slope / draws.width
        limit, offset = threshold / draws.width, self.offset / draws.width
        share = 1 - draws.low - draws.high
        passed = self._chance_passed(draws.chance_power)
        chance = _logistic(offset + speed * self.log_end, limit)
        chance *= draws.timeless * share * passed
        by_now = _logistic(offset + speed * self.log_time, limit)
        by_now *= (1 - draws.timeless) * share
        chance += by_now
        chance += draws.low * (self.log_time_from_start / self.log_span)
        np.subtract(1, chance, out=chance)
        return _weighted(chance, self.reliability, self.count)

    def _chance_passed(self, power: Singles) -> Singles:
        """Share of the steps that say nothing which come before the last one."""
        growth = _growth(power, self.log_span)
        passed = np.expm1(growth * self.log_time_from_start)
        return np.asarray(passed / np.expm1(growth * self.log_span))


def _growth(power: Singles, log_span: Singles) -> Singles:
    """Growth of the density of a chance step, per doubling of the step."""
    most = _MOST_GROWTH / log_span
    growth = np.clip(np.float32(np.log(2)) * power, -most, most)
    return np.asarray(np.where(np.abs(growth) < _LEAST_GROWTH, _LEAST_GROWTH, growth))


def _logistic(values: Singles, less: Singles) -> Singles:
    """Return the logistic function of a difference; an overflow inside gives 0."""
    result = less - values
    np.exp(result, out=result)
    result += 1
    return np.asarray(np.reciprocal(result, out=result))


@dataclass(frozen=True)
class _Timed:
    """Failures whose step is known: arrays of shape (rows, 1, 1)."""

    offset: Singles
    log_time: Singles
    log_time_from_start: Singles
    log_end: Singles
    log_span: Singles
    log_early: Singles
    is_early: NDArray[np.bool_]
    reliability: Singles
    count: Singles

    def log_likelihood(self, threshold: Singles, draws: Draws) -> Singles:
        speed = draws.time_slope / draws.width
        limit, offset = threshold / draws.width, self.offset / draws.width
        share = 1 - draws.low - draws.high
        chance = _logistic(offset + speed * self.log_end, limit)
        chance *= draws.timeless * share * self._chance_density(draws.chance_power)
        # Density of log2(step), in units of the flat one over the whole horizon. What
        # fails within the first steps is only known to have failed early.
        by_now = _logistic(offset + speed * self.log_time, limit)
        flat = self.log_span / self.log_early
        height = np.where(self.is_early, flat, speed * self.log_span)
        height *= (1 - draws.timeless) * share
        density = by_now * np.where(self.is_early, np.float32(0), height)
        np.subtract(height, density, out=density)
        density *= by_now
        chance += density
        chance += draws.low
        return _weighted(chance, self.reliability, self.count)

    def _chance_density(self, power: Singles) -> Singles:
        """Density of a step that says nothing, in the same units: (rows, 1, n)."""
        growth = _growth(power, self.log_span)
        at_step = growth * np.exp(growth * self.log_time_from_start)
        early = np.expm1(growth * self.log_early) / self.log_early
        total = np.expm1(growth * self.log_span) / self.log_span
        return np.asarray(np.where(self.is_early, early, at_step) / total)


def _weighted(chance: Singles, reliability: Singles, count: Singles) -> Singles:
    """Sum of log-likelihoods over rows; `chance` is used up."""
    if (reliability < 1).any():
        chance *= reliability
        chance += 0.5 * (1 - reliability)
    chance += _TINY
    np.log(chance, out=chance)
    if (count != 1).any():
        chance *= count
    return np.asarray(chance.sum(0))


@dataclass(frozen=True)
class _Claims:
    """One source's bounds at one batch size: arrays of shape (rows, 1, 1).

    They stand or fall together, since they come from the same trials. `focus` makes up
    for where a bracket was put: people report the rates next to the threshold, so a
    narrow bracket is as likely to be right as a wide one.
    """

    offset: Singles
    sign: Singles
    reliability: np.float32
    log_reference: np.float32
    focus: np.float32

    def log_likelihood(self, threshold: Singles, draws: Draws) -> Singles:
        fall = draws.time_slope * (draws.log_claim_steps - self.log_reference)
        margin: Singles = self.sign * (threshold - fall - self.offset)
        holds = self.focus * sigmoid(margin * _PER_CLAIM_WIDTH).prod(0)
        soft = sigmoid(margin * _PER_CLAIM_SOFTNESS).prod(0)
        rest = np.maximum(soft, np.float32(priors.CLAIM_FLOOR))
        return np.asarray(
            np.log(self.reliability * holds + (1 - self.reliability) * rest + _TINY)
        )


class ObservedRows:
    """Runs and claims, sorted and gathered by batch size, ready for a likelihood.

    `log_batch` is in octaves, ascending, shape (n_batches,); rates are offsets from
    `origin` (log2 rate).
    """

    def __init__(
        self,
        runs: RunRows,
        bounds: Sequence[Bound],
        *,
        origin: float,
        reference_steps: float,
    ):
        self._log_reference = float(np.log2(reference_steps))
        self._origin = origin
        bound_batch = np.log2([b.batch_size for b in bounds])
        self.log_batch = np.unique(on_grid(np.r_[runs.log_batch, bound_batch]))
        rows = np.c_[
            on_grid(runs.log_batch),
            runs.unstable,
            on_grid(runs.log_rate - origin),
            np.where(np.isnan(runs.log_steps), -1.0, runs.log_steps),
            runs.log_horizon,
            runs.reliability,
        ]
        table, counts = np.unique(rows, axis=0, return_counts=True)
        if len(table) > _MANY_ROWS:
            table, counts = np.unique(_coarse(rows), axis=0, return_counts=True)
        self._parts = [
            [
                *self._run_parts(table[table[:, 0] == y], counts[table[:, 0] == y]),
                *self._claim_parts(
                    [b for b in bounds if on_grid(np.log2(b.batch_size)) == y]
                ),
            ]
            for y in self.log_batch
        ]

    def log_likelihood(self, index: int, threshold: Singles, draws: Draws) -> Singles:
        """Return log-likelihoods of batch size `index`, shaped like `threshold`.

        `threshold` holds offsets at the reference length, shape (..., n).
        """
        total = np.zeros_like(threshold)
        # Far from the threshold an exponential overflows: the chance is 0 there.
        with np.errstate(over="ignore"):
            for part in self._parts[index]:
                total += part.log_likelihood(threshold, draws)
        return total

    def _run_parts(
        self, table: Floats, counts: NDArray[np.intp]
    ) -> list[_Bits | _Timed | _CutShort]:
        is_timed = (table[:, 1] == 1) & (table[:, 3] >= 0)
        is_cut = (table[:, 1] == 0) & (table[:, 3] < table[:, 4])
        parts: list[_Bits | _Timed | _CutShort] = []
        for are_failures in (False, True):
            is_told = ~is_timed & ~is_cut & (table[:, 1] == are_failures)
            for chunk in _chunks(np.flatnonzero(is_told)):
                parts.append(self._bits(table[chunk], counts[chunk], are_failures))
        for chunk in _chunks(np.flatnonzero(is_cut)):
            parts.append(self._cut_short(table[chunk], counts[chunk]))
        for chunk in _chunks(np.flatnonzero(is_timed)):
            parts.append(self._timed(table[chunk], counts[chunk]))
        return parts

    def _bits(
        self, rows: Floats, counts: NDArray[np.intp], are_failures: bool
    ) -> _Bits:
        # A failure of unknown step happened by the horizon.
        time = rows[:, 4] if are_failures else rows[:, 3]
        return _Bits(
            offset=_stack(rows[:, 2]),
            log_time=_stack(time - self._log_reference),
            are_failures=are_failures,
            reliability=_stack(rows[:, 5]),
            count=_stack(counts),
        )

    def _cut_short(self, rows: Floats, counts: NDArray[np.intp]) -> _CutShort:
        return _CutShort(
            offset=_stack(rows[:, 2]),
            log_time=_stack(rows[:, 3] - self._log_reference),
            log_time_from_start=_stack(rows[:, 3]),
            log_end=_stack(rows[:, 4] - self._log_reference),
            log_span=_stack(rows[:, 4]),
            reliability=_stack(rows[:, 5]),
            count=_stack(counts),
        )

    def _timed(self, rows: Floats, counts: NDArray[np.intp]) -> _Timed:
        horizon = np.maximum(rows[:, 4], 1.0)
        early = np.maximum(
            np.log2(priors.EARLY_STEPS), horizon + np.log2(priors.EARLY_FRACTION)
        )
        early = np.minimum(early, horizon)
        is_early = rows[:, 3] <= early
        time = np.where(is_early, early, rows[:, 3])
        return _Timed(
            offset=_stack(rows[:, 2]),
            log_time=_stack(time - self._log_reference),
            log_time_from_start=_stack(time),
            log_end=_stack(horizon - self._log_reference),
            log_span=_stack(horizon),
            log_early=_stack(early),
            is_early=is_early[:, None, None],
            reliability=_stack(rows[:, 5]),
            count=_stack(counts),
        )

    def _claim_parts(self, bounds: Sequence[Bound]) -> list[_Claims]:
        return [
            self._claim_part([bound for bound in bounds if bound.source == source])
            for source in sorted({bound.source for bound in bounds})
        ]

    def _claim_part(self, bounds: Sequence[Bound]) -> _Claims:
        rates = np.log2([bound.learning_rate for bound in bounds]) - self._origin
        is_stable = np.array([bound.holds == "stable" for bound in bounds])
        return _Claims(
            offset=_stack(on_grid(rates)),
            sign=_stack(np.where(is_stable, 1.0, -1.0)),
            reliability=np.float32(min(bound.reliability for bound in bounds)),
            log_reference=np.float32(self._log_reference),
            focus=np.float32(_focus(rates[is_stable], rates[~is_stable])),
        )


def _focus(stable: Floats, unstable: Floats) -> float:
    """Return by how much a bracket is more telling than the octave it leaves open."""
    if not len(stable) or not len(unstable) or stable.max() >= unstable.min():
        return 1.0
    gap = float(unstable.min() - stable.max())
    # Integral of logistic((T - low)/width) logistic((high - T)/width) over T.
    mass = float(gap / -np.expm1(-gap / priors.CLAIM_WIDTH))
    return max(priors.CLAIM_SPREAD / mass, 1.0)


def _chunks(indices: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    starts = range(0, len(indices), _CHUNK_ROWS)
    return [indices[start : start + _CHUNK_ROWS] for start in starts]


def _coarse(rows: Floats) -> Floats:
    """The rows with rates and steps rounded, so that more of them agree."""
    rounded = rows.copy()
    rounded[:, 2] = np.round(rows[:, 2] / _COARSE_RATE) * _COARSE_RATE
    steps = np.round(rows[:, 3] / _COARSE_STEPS) * _COARSE_STEPS
    # Unknown steps (below zero) stay unknown, and whole runs whole.
    is_kept = (rows[:, 3] < 0) | (rows[:, 3] >= rows[:, 4])
    rounded[:, 3] = np.where(is_kept, rows[:, 3], np.minimum(steps, rows[:, 4]))
    return rounded


def _stack(values: ArrayLike) -> Singles:
    return np.asarray(values, dtype=np.float32)[:, None, None]

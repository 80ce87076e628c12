"""Draws of a fitted threshold -> what is read off them: rates, chances, batch sizes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.evidence.scope import DEFAULT_RISK
from advisor.statistics import priors
from advisor.statistics.beliefs import (
    BatchEstimate,
    Interval,
    Moment,
    PosteriorSummary,
    ThresholdEstimate,
)
from advisor.statistics.likelihood import on_grid, sigmoid
from advisor.statistics.posterior import NODE_WEIGHTS, falls, node_thresholds

Floats = NDArray[np.float64]
# Answers stay within 2^-300 .. 2^300: finite, and no unit error hides in there.
_LOG_RATE_CAP = 300.0
_RULE_EDGES = (-0.75, -0.25, 0.25, 0.75)
_RULES = ("inverse", "inverse_sqrt", "constant", "sqrt", "linear")


class FittedThreshold:
    """The posterior of a threshold as draws, and what they say.

    `parameters_` (name -> draws, shape (n_particles,)) are those of the general law; at
    the observed `batch_sizes_` each draw has weights of its own for the scatter.
    """

    parameters_: dict[str, Floats]
    batch_sizes_: Floats
    exponent_: Floats
    width_: Floats
    time_slope_: Floats
    y_centre_: float
    reference_steps: float
    n_particles: int
    n_runs_: int
    _high: Floats
    _log_batch: Floats
    _log_node_weights: Sequence[Floats]

    def threshold_draws(
        self, batch_size: float, horizon_steps: float | None = None
    ) -> tuple[Floats, Floats]:
        """Return draws of the log2 threshold and their weights, shape (n_nodes, n).

        The weights sum to 1; `horizon_steps` None means the reference length.
        """
        y = float(on_grid(_log_batch(batch_size)))
        level = node_thresholds(self.parameters_, y - self.y_centre_)
        level -= self.fall_draws(batch_size) * self._log_time(horizon_steps)
        found = np.flatnonzero(self._log_batch == y)
        if len(found):
            weights = np.exp(self._log_node_weights[found[0]])
        else:
            weights = np.repeat(NODE_WEIGHTS[:, None], level.shape[1], axis=1)
        level = np.clip(level, -_LOG_RATE_CAP, _LOG_RATE_CAP)
        return level, weights / weights.sum()

    def fall_draws(self, batch_size: float) -> Floats:
        """Return draws of the octaves a threshold falls per doubling of the steps."""
        y = float(on_grid(_log_batch(batch_size)))
        return falls(self.parameters_, y - self.y_centre_)

    def _log_time(self, horizon_steps: float | None) -> float:
        if horizon_steps is None:
            return 0.0
        if not np.isfinite(horizon_steps) or horizon_steps < 1:
            raise ValueError(f"horizon_steps must be at least 1; got {horizon_steps}")
        return float(np.log2(horizon_steps / self.reference_steps))

    def threshold(
        self,
        batch_size: float,
        horizon_steps: float | None = None,
        level: float = 0.9,
    ) -> ThresholdEstimate:
        """Return the rate at which half of all runs fail, with its interval."""
        draws, weights = self.threshold_draws(batch_size, horizon_steps)
        low, median, high = np.exp2(_quantiles(draws, weights, central_shares(level)))
        return ThresholdEstimate(
            median=float(median),
            low=float(low),
            high=float(high),
            level=level,
            sd_octaves=mean_sd(draws, weights)[1],
        )

    def believed_range(
        self,
        batch_size: float,
        horizon_steps: float | None = None,
        low: float = priors.BELIEVED_RANGE[0],
        high: float = priors.BELIEVED_RANGE[1],
    ) -> tuple[float, float]:
        """Return two quantiles of the threshold, in rate units."""
        draws, weights = self.threshold_draws(batch_size, horizon_steps)
        ends = np.exp2(_quantiles(draws, weights, (low, high)))
        return float(ends[0]), float(ends[1])

    def probability_stable(
        self,
        batch_size: float,
        learning_rate: float,
        horizon_steps: float | None = None,
    ) -> float:
        """Return the posterior predictive probability that a run stays stable.

        Failures that have nothing to do with the rate (the lower lapse) do not count.
        """
        if not np.isfinite(learning_rate) or learning_rate <= 0:
            raise ValueError(f"learning_rate must be positive; got {learning_rate}")
        draws, weights = self.threshold_draws(batch_size, horizon_steps)
        return self._predictive(draws, weights, float(np.log2(learning_rate)))

    def _predictive(self, draws: Floats, weights: Floats, log_rate: float) -> float:
        chance = sigmoid((draws - log_rate) / self.width_)
        share = (weights * (self._high + (1 - self._high) * chance)).sum()
        return float(np.clip(share, 0.0, 1.0))

    def safe_rate(
        self,
        batch_size: float,
        risk: float = DEFAULT_RISK,
        horizon_steps: float | None = None,
    ) -> float:
        """Return the highest rate up to which P(stable) stays at least 1 - risk.

        Raises:
            ValueError: `risk` is not strictly between 0 and 1.
        """
        _check_share(risk, "risk")
        draws, weights = self.threshold_draws(batch_size, horizon_steps)
        # P(stable) falls with the rate: bisect between a rate that is surely stable
        # and one that surely is not.
        far = 40.0 * float(self.width_.max()) + 1.0
        low = max(float(draws.min()) - far, -2 * _LOG_RATE_CAP)
        high = min(float(draws.max()) + far, 2 * _LOG_RATE_CAP)
        for _ in range(60):
            middle = 0.5 * (low + high)
            is_safe = self._predictive(draws, weights, middle) >= 1.0 - risk
            low, high = (middle, high) if is_safe else (low, middle)
        return float(np.exp2(low))

    def exponent(self, level: float = 0.9) -> Interval:
        """Return the power of the batch size by which the threshold goes."""
        low, median, high = shares_of(self.exponent_, central_shares(level))
        return Interval(float(median), float(low), float(high), level)

    def scaling_rules(self) -> dict[str, float]:
        """Return the posterior probability of each band of the exponent; sum 1."""
        return scaling_rule_shares(self.exponent_)

    def largest_batch(
        self,
        learning_rate: float,
        risk: float = DEFAULT_RISK,
        horizon_steps: float | None = None,
        *,
        level: float = 0.9,
        searched_to: int | None = None,
    ) -> BatchEstimate | None:
        """Return the largest batch size at which a rate is stable, or None if none is.

        Args:
            learning_rate: Positive.
            risk: Accepted probability of failure.
            horizon_steps: Run length; None: the reference.
            level: Of the interval.
            searched_to: Largest batch size looked at; None: two octaves beyond the
                observed ones.
        """
        _check_share(risk, "risk")
        if not np.isfinite(learning_rate) or learning_rate <= 0:
            raise ValueError(f"learning_rate must be positive; got {learning_rate}")
        if searched_to is None:
            seen = self.batch_sizes_
            widest = seen.max() if len(seen) else priors.CENTRE_BATCH_SIZE
            searched_to = int(min(4 * widest, 2.0**60))
        grid = _batch_grid(searched_to, self.batch_sizes_)
        by_draw = np.empty((len(grid), self.n_particles))
        for i, batch in enumerate(grid):
            draws, weights = self.threshold_draws(float(batch), horizon_steps)
            chance = sigmoid((draws - np.log2(learning_rate)) / self.width_)
            share = (weights * chance).sum(0) / np.maximum(weights.sum(0), 1e-300)
            by_draw[i] = self._high + (1 - self._high) * share
        is_safe = by_draw.mean(1) >= 1.0 - risk
        if not is_safe.any():
            return None
        best = int(np.flatnonzero(is_safe)[-1])
        holds = by_draw >= 1.0 - risk
        last = len(grid) - 1 - np.argmax(holds[::-1], axis=0)
        largest = np.where(holds.any(0), grid[last], 0)
        ends = np.quantile(largest, central_shares(level), method="inverted_cdf")
        return BatchEstimate(
            batch_size=int(grid[best]),
            median=int(ends[1]),
            low=int(ends[0]),
            high=int(ends[2]),
            level=level,
            capped=best == len(grid) - 1,
            searched_to=searched_to,
        )

    def summary(self) -> PosteriorSummary:
        """Return each parameter's posterior moments, for pooling over workloads."""
        falls = self.time_slope_[self.time_slope_ > 0]
        shown = self.parameters_ | ({"time_slope": falls} if len(falls) else {})
        return PosteriorSummary(
            moments={
                name: Moment(float(draws.mean()), float(draws.std()))
                for name, draws in shown.items()
            },
            y_centre=self.y_centre_,
            reference_steps=float(self.reference_steps),
            n_runs=self.n_runs_,
            steady_share=1 - len(falls) / self.n_particles,
        )


def scaling_rule_shares(exponents: ArrayLike) -> dict[str, float]:
    """Return the share of exponent draws in each rule's band; the shares sum to 1.

    >>> scaling_rule_shares([-1.0, -0.5, -0.5, 0.0])["inverse_sqrt"]
    0.5
    """
    draws = np.asarray(exponents, dtype=np.float64)
    counts = np.bincount(np.searchsorted(_RULE_EDGES, draws), minlength=len(_RULES))
    return {
        rule: float(count / len(draws))
        for rule, count in zip(_RULES, counts, strict=True)
    }


def _log_batch(batch_size: float) -> float:
    if not np.isfinite(batch_size) or batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    return float(np.log2(batch_size))


def _check_share(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1; got {value}")


def central_shares(level: float) -> tuple[float, float, float]:
    """Return the shares below the low end, the median and the high end of an interval.

    >>> central_shares(0.5)
    (0.25, 0.5, 0.75)

    Raises:
        ValueError: `level` is not strictly between 0 and 1.
    """
    _check_share(level, "level")
    return (1 - level) / 2, 0.5, (1 + level) / 2


def shares_of(draws: Floats, shares: Sequence[float]) -> Floats:
    """Return quantiles of equally weighted draws, as the slower `np.quantile`."""
    places = np.arange(len(draws))
    return np.interp(np.multiply(shares, len(draws) - 1), places, np.sort(draws))


def _quantiles(draws: Floats, weights: Floats, shares: Sequence[float]) -> Floats:
    flat = draws.ravel()
    order = np.argsort(flat, kind="stable")
    reached = np.cumsum(weights.ravel()[order])
    middle = reached - 0.5 * weights.ravel()[order]
    return np.interp(shares, middle, flat[order])


def mean_sd(draws: Floats, weights: Floats) -> tuple[float, float]:
    mean = float((weights * draws).sum())
    variance = float((weights * np.square(draws - mean)).sum())
    return mean, float(np.sqrt(max(variance, 0.0)))


def _batch_grid(largest: int, observed: Floats) -> NDArray[np.int64]:
    """Whole batch sizes from 1 up, quarter octaves apart, with the observed ones."""
    if largest < 1:
        raise ValueError(f"searched_to must be at least 1; got {largest}")
    steps = np.exp2(np.arange(0, np.log2(largest) + 1e-9, 0.25))
    grid = np.unique(np.round(np.r_[steps, observed, largest])).astype(np.int64)
    return grid[(grid >= 1) & (grid <= largest)]

"""The stability threshold against batch size, from runs and claims (pure).

P(fail by step t | x, B) = lo + (1 - lo - hi) logistic((x - T_B(t)) / w), x = log2 rate,
T_B(t) = a + b y + c y^2 + s z_B - d 2^(p y) log2(t / t_ref), y = log2 B - its centre.
The one decision to know: nothing is a point estimate. A fit holds equally weighted
draws of every parameter, and each answer is read off them with its interval.

scipy is imported where a fit is made: reading answers off a fit that was kept takes
less time than loading it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.statistics import priors
from advisor.statistics.likelihood import (
    Bound,
    Draws,
    Evidence,
    RunRows,
    check_bounds,
    check_runs,
    on_grid,
    sigmoid,
)
from advisor.statistics.sampler import sample_posterior, standard_normal_points

__all__ = [
    "BatchEstimate",
    "Bound",
    "Interval",
    "Moment",
    "PosteriorSummary",
    "StableLearningRateModel",
    "ThresholdEstimate",
    "ThresholdPrior",
    "central_shares",
    "scaling_rule_shares",
]

Floats = NDArray[np.float64]

# Nodes that integrate the scatter of one batch size (probabilists' Gauss-Hermite).
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()
_LOG_NODE_WEIGHTS = np.log(_NODE_WEIGHTS)
# Answers stay within 2^-300 .. 2^300: finite, and no unit error hides in there.
_LOG_RATE_CAP = 300.0
_MOST_FALL_OCTAVES = 3.0  # by which a fall differs from that at the centre
_RULE_EDGES = (-0.75, -0.25, 0.25, 0.75)
_RULES = ("inverse", "inverse_sqrt", "constant", "sqrt", "linear")


@dataclass(frozen=True)
class Moment:
    """Mean and standard deviation of one parameter."""

    mean: float
    sd: float

    def widened(self, factor: float) -> "Moment":
        """The same mean with the sd multiplied."""
        return Moment(self.mean, self.sd * factor)


@dataclass(frozen=True)
class ThresholdPrior:
    """What is believed of a workload before its own runs.

    `level` is a: log2 of the rate at which half of all runs fail, at the centre batch
    size and the model's `reference_steps`. `y_centre` is log2 of the centre batch size;
    None puts it at the mean of the observed batch sizes, which keeps an answer from
    depending on how a batch is counted (examples or tokens). `time_slope` is zero with
    probability `steady_share`, else a normal cut at zero. `level_tail` and `slope_tail`
    make their tails heavier at the same sd (Tukey's h, 0 for a normal). The rest in
    octaves, natural logs and logits.
    """

    level: Moment = Moment(*priors.LEVEL_ADAM)
    slope: Moment = Moment(*priors.SLOPE_ADAM)
    curvature: Moment = Moment(*priors.CURVATURE)
    log_width: Moment = Moment(*priors.LOG_WIDTH)
    log_scatter: Moment = Moment(*priors.LOG_SCATTER)
    time_slope: Moment = Moment(*priors.TIME_SLOPE)
    logit_low: Moment = Moment(*priors.LOGIT_LAPSE)
    logit_high: Moment = Moment(*priors.LOGIT_LAPSE)
    logit_timeless: Moment = Moment(*priors.LOGIT_TIMELESS)
    chance_power: Moment = Moment(*priors.CHANCE_POWER)
    log_claim_steps: Moment = Moment(*priors.LOG_CLAIM_STEPS)
    fall_power: Moment = Moment(*priors.FALL_POWER)
    y_centre: float | None = None
    steady_share: float = priors.STEADY_SHARE
    level_tail: float = 0.0
    slope_tail: float = priors.SLOPE_TAIL

    def moments(self) -> dict[str, Moment]:
        """Every parameter's moment by name, in the model's order."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def with_moments(self, moments: Mapping[str, Moment]) -> "ThresholdPrior":
        """This prior with some parameters replaced."""
        return replace(self, **dict(moments))  # type: ignore[arg-type]


PARAMETERS = (
    "level",
    "slope",
    "curvature",
    "log_width",
    "log_scatter",
    "time_slope",
    "logit_low",
    "logit_high",
    "logit_timeless",
    "chance_power",
    "log_claim_steps",
    "fall_power",
)


@dataclass(frozen=True)
class Interval:
    """A posterior median with the central interval of probability `level`."""

    median: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class ThresholdEstimate:
    """The rate at which half of all runs fail, in rate units."""

    median: float
    low: float
    high: float
    level: float
    sd_octaves: float


@dataclass(frozen=True)
class BatchEstimate:
    """The largest batch size at which a rate is still stable with 1 - risk.

    `batch_size` is the largest at which the posterior predictive P(stable) holds;
    `median`, `low`, `high` are the posterior of the largest batch size (0 when even a
    batch of 1 is too risky). `capped` says that no limit was found up to `searched_to`.
    """

    batch_size: int
    median: int
    low: int
    high: int
    level: float
    capped: bool
    searched_to: int


@dataclass(frozen=True)
class PosteriorSummary:
    """Posterior moments of one workload's fit, with the point its level belongs to.

    `steady_share` is the probability that the threshold does not fall with time; the
    moment of `time_slope` is that of its fall if it does.
    """

    moments: Mapping[str, Moment]
    y_centre: float
    reference_steps: float
    n_runs: int
    steady_share: float = priors.STEADY_SHARE


class StableLearningRateModel:
    """Posterior of the highest stable learning rate against batch size.

    Args:
        prior: Beliefs before this workload's runs; None for the general ones.
        reference_steps: The run length at which the level is meant, in steps.
        n_particles: Draws of the posterior.
        random_state: Seed of the draws: same evidence, same answer.

    After `fit`: `parameters_` (name -> draws, shape (n_particles,)), `exponent_` (the
    draws of the slope at `y_centre_`), `width_` and `time_slope_` (octaves, octaves per
    doubling of the steps), `n_runs_`, `n_bounds_`, `batch_sizes_` (those observed).

    Source: psychometric model with lapses (Kontsevich & Tyler 1999; Prins 2013).
    """

    def __init__(
        self,
        prior: ThresholdPrior | None = None,
        reference_steps: float = 1000,
        n_particles: int = 512,
        random_state: int = 0,
    ):
        self.prior = prior
        self.reference_steps = reference_steps
        self.n_particles = n_particles
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what it was made with, as scikit-learn's estimators do."""
        names = ("prior", "reference_steps", "n_particles", "random_state")
        return {name: getattr(self, name) for name in names}

    def set_params(self, **parameters: Any) -> Self:
        """Change what it was made with, as scikit-learn's estimators do.

        Raises:
            ValueError: There is no such parameter.
        """
        unknown = sorted(parameters.keys() - self.get_params().keys())
        if unknown:
            raise ValueError(f"no parameter {unknown[0]}; known: {self.get_params()}")
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    def fit(
        self,
        batch_size: ArrayLike,
        learning_rate: ArrayLike,
        unstable: ArrayLike,
        *,
        steps: ArrayLike | None = None,
        horizon_steps: ArrayLike | None = None,
        reliability: ArrayLike | None = None,
        bounds: Sequence[Bound] = (),
    ) -> Self:
        """Fit the posterior of the stability threshold against batch size.

        Args:
            batch_size: Examples per optimizer step, shape (n_runs,), each at least 1.
            learning_rate: Peak rate of each run, shape (n_runs,), positive.
            unstable: Whether the run degraded or diverged, shape (n_runs,), bool.
            steps: First failed step of an unstable run, last survived step of a stable
                or cut-short one; NaN (or None) where unknown, shape (n_runs,).
            horizon_steps: Planned length of each run; None: the longest of `steps`, or
                the reference when there are none.
            reliability: Share of belief in each run, 0..1; None: full.
            bounds: What claims say. No runs and no bounds gives the prior.

        Returns:
            This model, fitted.

        Raises:
            ValueError: Shapes differ, or a value is out of its range.

        Source: docs/explanation/stable-rates.md.
        """
        if self.reference_steps < 1 or self.n_particles < 2:
            raise ValueError("reference_steps must be at least 1, n_particles 2")
        runs = check_runs(
            batch_size,
            learning_rate,
            unstable,
            steps=steps,
            horizon_steps=horizon_steps,
            reliability=reliability,
            reference_steps=self.reference_steps,
        )
        claims = check_bounds(bounds)
        prior = ThresholdPrior() if self.prior is None else self.prior
        self.level_prior_ = _level_prior(prior.level, runs, has_claims=bool(claims))
        self._origin = self.level_prior_.mean
        self._prior = prior.with_moments({"level": self.level_prior_})
        self._evidence = Evidence(
            runs,
            claims,
            origin=self._origin,
            reference_steps=self.reference_steps,
        )
        self.n_runs_ = len(runs)
        self.n_bounds_ = len(claims)
        self.y_centre_ = self._centre(prior)
        units = self._sample()
        parameters = self._parameters(units)
        parameters["level"] = parameters["level"] + self._origin
        self._hold(
            parameters,
            log_batch=self._evidence.log_batch,
            log_node_weights=self._node_log_likelihoods(units)[1],
        )
        return self

    def _hold(
        self,
        parameters: dict[str, Floats],
        *,
        log_batch: Floats,
        log_node_weights: Sequence[Floats],
    ) -> None:
        """Take the draws that answers are read off, and the weights of their nodes."""
        self.parameters_ = parameters
        self.batch_sizes_ = np.exp2(log_batch)
        self.exponent_ = parameters["slope"]
        self.width_ = np.exp(parameters["log_width"])
        self.time_slope_ = parameters["time_slope"]
        self._high = sigmoid(parameters["logit_high"])
        self._log_batch = log_batch
        self._log_node_weights = log_node_weights

    def to_arrays(self) -> dict[str, Floats]:
        """Return what a fit gave; `from_arrays` makes the same model of it."""
        nodes = (len(self._log_batch), len(_NODES), self.n_particles)
        return {
            "parameters": np.stack([self.parameters_[name] for name in PARAMETERS]),
            "log_batch": self._log_batch,
            "log_node_weights": np.reshape(self._log_node_weights, nodes),
            "counts": np.array([self.n_runs_, self.n_bounds_], np.float64),
            "centre": np.array([self.y_centre_]),
            "level_prior": np.array([self.level_prior_.mean, self.level_prior_.sd]),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Floats], *, prior: ThresholdPrior, **options: Any
    ) -> Self:
        """Return the model as it was when fitted, without a fit.

        Args:
            arrays: From `to_arrays`.
            prior: It was made with, like the `options`.
            options: As of `get_params`.

        Raises:
            KeyError: An array is missing.
            ValueError: Their shapes do not belong together.
        """
        model = cls(prior=prior, **options)
        nodes = (len(arrays["log_batch"]), len(_NODES), model.n_particles)
        drawn = (len(PARAMETERS), model.n_particles)
        if arrays["log_node_weights"].shape != nodes or (
            arrays["parameters"].shape != drawn
        ):
            raise ValueError("the arrays are of another model")
        n_runs, n_bounds = arrays["counts"]
        model.n_runs_, model.n_bounds_ = int(n_runs), int(n_bounds)
        (model.y_centre_,) = map(float, arrays["centre"])
        model.level_prior_ = Moment(*map(float, arrays["level_prior"]))
        model._hold(
            dict(zip(PARAMETERS, arrays["parameters"], strict=True)),
            log_batch=arrays["log_batch"],
            log_node_weights=list(arrays["log_node_weights"]),
        )
        return model

    def _centre(self, prior: ThresholdPrior) -> float:
        if prior.y_centre is not None:
            return prior.y_centre
        if len(self._evidence.log_batch):
            return float(on_grid(self._evidence.log_batch.mean()))
        return float(np.log2(priors.CENTRE_BATCH_SIZE))

    def _sample(self) -> Floats:
        """Draw the posterior, in prior units, shape (n_particles, 12)."""
        start = standard_normal_points(
            self.n_particles, len(PARAMETERS), seed=self.random_state
        )
        if not self.n_runs_ and not self.n_bounds_:
            return start
        return sample_posterior(
            lambda units: self._node_log_likelihoods(units)[0],
            start,
            seed=self.random_state,
        )

    def _parameters(self, units: Floats) -> dict[str, Floats]:
        """From prior units, shape (n, 12), to parameters; the level from the origin."""
        moments = self._prior.moments()
        values = {
            name: moment.mean + moment.sd * units[:, i]
            for i, (name, moment) in enumerate(moments.items())
        }
        values["level"] = moments["level"].sd * _heavy_tailed(
            units[:, 0], self._prior.level_tail
        )
        slope, i = moments["slope"], PARAMETERS.index("slope")
        tailed = _heavy_tailed(units[:, i], self._prior.slope_tail)
        values["slope"] = slope.mean + slope.sd * tailed
        i = PARAMETERS.index("time_slope")
        values["time_slope"] = _time_slope(
            moments["time_slope"], self._prior.steady_share, units[:, i]
        )
        return values

    def _node_log_likelihoods(self, units: Floats) -> tuple[Floats, list[Floats]]:
        """Log-likelihoods (n,), and log weights (n_nodes, n) of each batch's nodes."""
        from scipy.special import expit

        values = self._parameters(units)
        low, high = expit(values["logit_low"]), expit(values["logit_high"])
        total = np.maximum(low + high, 1.0)
        # Where the threshold does not fall, the step of a failure is chance.
        timeless = np.where(
            values["time_slope"] > 0, expit(values["logit_timeless"]), 1.0
        )
        draws = Draws(
            width=np.exp(values["log_width"]).astype(np.float32),
            time_slope=values["time_slope"].astype(np.float32),
            low=(low / total).astype(np.float32),
            high=(high / total).astype(np.float32),
            timeless=timeless.astype(np.float32),
            chance_power=values["chance_power"].astype(np.float32),
            log_claim_steps=values["log_claim_steps"].astype(np.float32),
        )
        sum_of_logs = np.zeros(len(units))
        weights = []
        for j, log_batch in enumerate(self._evidence.log_batch):
            threshold = _nodes(values, log_batch - self.y_centre_)
            fall = _fall(values, log_batch - self.y_centre_).astype(np.float32)
            by_node = self._evidence.log_likelihood(
                j, threshold.astype(np.float32), replace(draws, time_slope=fall)
            )
            joint = by_node.astype(np.float64) + _LOG_NODE_WEIGHTS[:, None]
            peak = joint.max(0)
            by_draw = peak + np.log(np.exp(joint - peak).sum(0))
            sum_of_logs += by_draw
            weights.append(joint - by_draw)
        return sum_of_logs, weights

    # ------------------------------------------------------------------ answers

    def threshold_draws(
        self, batch_size: float, horizon_steps: float | None = None
    ) -> tuple[Floats, Floats]:
        """Return draws of the log2 threshold and their weights, shape (n_nodes, n).

        The weights sum to 1; `horizon_steps` None means the reference length.
        """
        y = float(on_grid(_log_batch(batch_size)))
        level = _nodes(self.parameters_, y - self.y_centre_)
        level -= self.fall_draws(batch_size) * self._log_time(horizon_steps)
        found = np.flatnonzero(self._log_batch == y)
        if len(found):
            weights = np.exp(self._log_node_weights[found[0]])
        else:
            weights = np.repeat(_NODE_WEIGHTS[:, None], level.shape[1], axis=1)
        level = np.clip(level, -_LOG_RATE_CAP, _LOG_RATE_CAP)
        return level, weights / weights.sum()

    def fall_draws(self, batch_size: float) -> Floats:
        """Return draws of the octaves a threshold falls per doubling of the steps."""
        y = float(on_grid(_log_batch(batch_size)))
        return _fall(self.parameters_, y - self.y_centre_)

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
            sd_octaves=_mean_sd(draws, weights)[1],
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
        risk: float = 0.1,
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
        low, median, high = _shares_of(self.exponent_, central_shares(level))
        return Interval(float(median), float(low), float(high), level)

    def scaling_rules(self) -> dict[str, float]:
        """Return the posterior probability of each band of the exponent; sum 1."""
        return scaling_rule_shares(self.exponent_)

    def largest_batch(
        self,
        learning_rate: float,
        risk: float = 0.1,
        horizon_steps: float | None = None,
        *,
        level: float = 0.9,
        searched_to: int | None = None,
    ) -> BatchEstimate | None:
        """Return the largest batch size at which a rate is stable, or None if none is.

        Args:
            learning_rate: The rate asked about, positive.
            risk: Accepted probability of failure.
            horizon_steps: Run length meant; None: the reference.
            level: Of the interval.
            searched_to: Largest batch size looked at; None: two octaves beyond the
                observed ones, since a law of batch size says little further out.
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

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> Floats | tuple[Floats, Floats]:
        """Return the mean log2 threshold, and its sd in octaves when asked.

        Args:
            X: Batch sizes, and horizons in steps as an optional second column, shape
                (n, 1) or (n, 2).
            return_std: Whether the sd comes too.
        """
        table = np.asarray(X, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] not in (1, 2):
            raise ValueError(f"X must have shape (n, 1) or (n, 2), not {table.shape}")
        horizons = table[:, 1] if table.shape[1] == 2 else [None] * len(table)
        pairs = zip(table[:, 0], horizons, strict=True)
        moments = [_mean_sd(*self.threshold_draws(b, h)) for b, h in pairs]
        means, sds = np.array(moments).reshape(-1, 2).T
        return (means, sds) if return_std else means


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


def _level_prior(level: Moment, runs: RunRows, *, has_claims: bool) -> Moment:
    """The level's prior: the runs set its centre when there are enough of them.

    The centre is the cut that best parts stable from unstable rates (the middle, where
    several do): it moves with the rates, so an answer never depends on their unit.
    """
    if has_claims or len(runs) < priors.DATA_CENTRED_RUNS:
        return level
    order = np.argsort(runs.log_rate, kind="stable")
    rates, failed = runs.log_rate[order], runs.unstable[order]
    if not failed.any():
        return Moment(float(rates[-1]), priors.DATA_CENTRED_SD)
    if failed.all():
        return Moment(float(rates[0]), priors.DATA_CENTRED_SD)
    errors = (
        np.r_[0, np.cumsum(failed)] + (~failed).sum() - np.r_[0, np.cumsum(~failed)]
    )
    best = np.flatnonzero(errors == errors.min())
    ends = np.clip([best[0] - 1, best[-1]], 0, len(rates) - 1)
    sd = max(level.sd, priors.DATA_CENTRED_SD)
    return Moment(float(rates[ends].mean()), sd)


def _heavy_tailed(units: Floats, tail: float) -> Floats:
    """From standard normal to heavier tails of the same sd, 1 (Tukey's h).

    Source: the variance of Tukey's h distribution is (1 - 2 h)^(-3/2).
    """
    scale = (1 - 2 * tail) ** 0.75
    return np.asarray(scale * units * np.exp(0.5 * tail * np.square(units)))


def _time_slope(moment: Moment, steady_share: float, units: Floats) -> Floats:
    """From standard normal to the fall, by quantiles: zero, or a normal cut there."""
    from scipy.special import ndtr, ndtri

    share = (ndtr(units) - steady_share) / (1 - steady_share)
    below = ndtr(-moment.mean / moment.sd)
    cut = below + (1 - below) * np.clip(share, 1e-12, 1.0)
    falls = moment.mean + moment.sd * ndtri(np.clip(cut, 1e-12, 1 - 1e-12))
    return np.asarray(np.where(share > 0, np.maximum(falls, 1e-9), 0.0))


def _nodes(values: Mapping[str, Floats], y: float) -> Floats:
    """Thresholds at the reference length, one row per node of the scatter."""
    smooth = values["level"] + values["slope"] * y + values["curvature"] * y**2
    return np.asarray(smooth + np.exp(values["log_scatter"]) * _NODES[:, None])


def _fall(values: Mapping[str, Floats], y: float) -> Floats:
    """Octaves per doubling of the steps; far off, no more than it is known of."""
    power = np.clip(values["fall_power"] * y, -_MOST_FALL_OCTAVES, _MOST_FALL_OCTAVES)
    return np.asarray(values["time_slope"] * np.exp2(power))


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


def _shares_of(draws: Floats, shares: Sequence[float]) -> Floats:
    """Quantiles of equally weighted draws: `np.quantile`, which loads numpy.ma."""
    places = np.arange(len(draws))
    return np.interp(np.multiply(shares, len(draws) - 1), places, np.sort(draws))


def _quantiles(draws: Floats, weights: Floats, shares: Sequence[float]) -> Floats:
    flat = draws.ravel()
    order = np.argsort(flat, kind="stable")
    reached = np.cumsum(weights.ravel()[order])
    middle = reached - 0.5 * weights.ravel()[order]
    return np.interp(shares, middle, flat[order])


def _mean_sd(draws: Floats, weights: Floats) -> tuple[float, float]:
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

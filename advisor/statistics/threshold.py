"""The stability threshold against batch size, from runs and claims (pure).

P(fail by step t | x, B) = lo + (1 - lo - hi) logistic((x - T_B(t)) / w), x = log2 rate,
T_B(t) = a + b y + c y^2 + s z_B - d 2^(p y) log2(t / t_ref), y = log2 B - its centre.

A fit holds equally weighted draws of every parameter; each answer is read off them.
scipy is imported where a fit is made: loading it takes longer than reading a kept fit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.statistics import priors
from advisor.statistics.beliefs import (
    PARAMETERS,
    Moment,
    ThresholdPrior,
)
from advisor.statistics.fitted import FittedThreshold, mean_sd
from advisor.statistics.likelihood import (
    Bound,
    ObservedRows,
    check_bounds,
    check_runs,
    on_grid,
    sigmoid,
)
from advisor.statistics.posterior import (
    NODES,
    Posterior,
    level_prior,
)

Floats = NDArray[np.float64]


class StableLearningRateModel(FittedThreshold):
    """Posterior of the highest stable learning rate against batch size.

    Args:
        prior: Beliefs before this workload's runs; None for the general ones.
        reference_steps: The run length at which the level is meant.
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
        self.level_prior_ = level_prior(prior.level, runs, has_claims=bool(claims))
        origin = self.level_prior_.mean
        rows = ObservedRows(
            runs, claims, origin=origin, reference_steps=self.reference_steps
        )
        self.n_runs_ = len(runs)
        self.n_bounds_ = len(claims)
        self.y_centre_ = _centre(prior, rows.log_batch)
        is_as_believed = self.level_prior_ == prior.level
        since = prior.level_steps if is_as_believed else None
        posterior = Posterior(
            rows,
            prior.with_moments({"level": self.level_prior_}),
            self.y_centre_,
            float(np.log2(self.reference_steps / since)) if since else 0.0,
        )
        units = posterior.sample(self.n_particles, self.random_state)
        parameters = posterior.parameters(units)
        parameters["level"] = parameters["level"] + origin
        self._hold(
            parameters,
            log_batch=rows.log_batch,
            log_node_weights=posterior.node_log_likelihoods(units)[1],
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
        nodes = (len(self._log_batch), len(NODES), self.n_particles)
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

        `prior` and `options` are those of `get_params`, `arrays` those of `to_arrays`.

        Raises:
            KeyError: An array is missing.
            ValueError: Their shapes do not belong together.
        """
        model = cls(prior=prior, **options)
        nodes = (len(arrays["log_batch"]), len(NODES), model.n_particles)
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

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> Floats | tuple[Floats, Floats]:
        """Return the mean log2 threshold, and with `return_std` its sd in octaves.

        X: Batch sizes and, if given, horizons in steps, shape (n, 1) or (n, 2).
        """
        table = np.asarray(X, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] not in (1, 2):
            raise ValueError(f"X must have shape (n, 1) or (n, 2), not {table.shape}")
        horizons = table[:, 1] if table.shape[1] == 2 else [None] * len(table)
        pairs = zip(table[:, 0], horizons, strict=True)
        moments = [mean_sd(*self.threshold_draws(b, h)) for b, h in pairs]
        means, sds = np.array(moments).reshape(-1, 2).T
        return (means, sds) if return_std else means


def _centre(prior: ThresholdPrior, log_batch: Floats) -> float:
    """Where the slope is meant: as the prior says, or the middle of what was seen."""
    if prior.y_centre is not None:
        return prior.y_centre
    if len(log_batch):
        return float(on_grid(log_batch.mean()))
    return float(np.log2(priors.CENTRE_BATCH_SIZE))

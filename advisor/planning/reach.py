"""Where a rate may stand after planned runs: simulated from what is known.

Approximations, so that it takes milliseconds: runs that follow on results are taken to
be made at the settings of the first ones; of the runs of a copy only its level carries
over, and in proportion, as if all were normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.evidence.library import Library
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence
from advisor.planning.lookahead import Belief
from advisor.planning.plan import VerificationPlan
from advisor.rates import round_rate
from advisor.statistics.beliefs import Moment
from advisor.statistics.fitting import Fitter
from advisor.statistics.likelihood import sigmoid
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

LEVEL = 0.8
SIMULATIONS = 48
_DRAWS = 256
_BISECTIONS = 24
_LEAST = 1e-6


def find_reach(
    plan: VerificationPlan,
    rate: float,
    scope: Scope,
    batch_size: int,
    evidence: Evidence,
    *,
    library: Library,
    fitter: Fitter,
) -> tuple[float, float] | None:
    """Return the rates between which a safe rate stands after a plan's runs (80 %).

    None where the plan has no runs.
    """
    if plan.spec is None or not plan.runs:
        return None
    asked = replace(plan.spec.asked, horizon_steps=plan.spec.steps)
    there, told = library.settle(plan.spec.workload, asked)
    model = fitter.model(there, told)
    simulated = simulate(model, plan)
    if there.workload == scope.workload:
        shifts = simulated.rates(model, batch_size, scope.horizon_steps, scope.risk)
    else:
        levels, sd = simulated.levels(model)
        now = float(levels.mean())
        seen = {"level": Moment(now, sd)}, {"level": Moment(now + 1, sd)}
        fits = [
            replace(f, moments={**f.moments, **m})
            for f in [model.summary()]
            for m in seen
        ]
        before, after = (fitter.level_with(scope, evidence, told.own, f) for f in fits)
        follows = response(
            fitter.model(scope, evidence), batch_size, scope.horizon_steps
        )
        shifts = (levels - now) * (after.mean - before.mean) * follows
    low, high = np.quantile(shifts, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round_rate(rate * 2.0 ** float(low)), round_rate(rate * 2.0 ** float(high))


@dataclass(frozen=True)
class Simulated:
    """Outcomes of planned runs, as weights of the draws: (n_simulations, n_draws)."""

    weights: Floats
    every: int

    def levels(self, model: StableLearningRateModel) -> tuple[Floats, float]:
        """Return a level's mean after each outcome, and its usual sd then."""
        draws = model.parameters_["level"][:: self.every]
        means = self.weights @ draws
        variances = self.weights @ np.square(draws) - np.square(means)
        return means, float(np.sqrt(max(variances.mean(), 0.0)))

    def rates(
        self,
        model: StableLearningRateModel,
        batch_size: int,
        horizon_steps: float | None,
        risk: float,
    ) -> Floats:
        """Return by how many octaves the safe rate moves after each outcome."""
        draws, weights = model.threshold_draws(batch_size, horizon_steps)
        draws, weights = draws[:, :: self.every], weights[:, :: self.every]
        width = model.width_[:: self.every]
        by_node = weights / weights.sum(0)
        even = np.full((1, draws.shape[1]), 1 / draws.shape[1])
        rows = np.vstack([even, self.weights])
        low = np.full(len(rows), draws.min() - 20.0)
        high = np.full(len(rows), draws.max() + 20.0)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            chance = sigmoid((draws - middle[:, None, None]) / width)
            is_safe = ((chance * by_node).sum(1) * rows).sum(1) >= 1 - risk
            low, high = np.where(is_safe, middle, low), np.where(is_safe, high, middle)
        return np.asarray(low[1:] - low[0])


def simulate(model: StableLearningRateModel, plan: VerificationPlan) -> Simulated:
    """Return what the runs of a plan may show, drawn from what is believed now."""
    batches = sorted({run.batch_size for run in plan.runs})
    belief = Belief.of(model, batches, float(max(run.steps for run in plan.runs)))
    belief = belief.thinned(max(1, len(belief.weights) // _DRAWS))
    every = model.n_particles // len(belief.weights)
    return Simulated(_weights(belief, plan, batches), every)


def response(
    model: StableLearningRateModel, batch_size: int, horizon_steps: float | None
) -> float:
    """Return how far a threshold follows when the level believed before is moved.

    Of a normal prior the change of a mean is its covariance with the level, over the
    prior's variance.
    """
    prior = model.prior
    if prior is None or model.level_prior_ != prior.level:
        return 0.0
    draws, weights = model.threshold_draws(batch_size, horizon_steps)
    threshold = (draws * weights).sum(0) / weights.sum(0)
    level = model.parameters_["level"].copy()
    if prior.level_steps:
        doublings = np.log2(model.reference_steps / prior.level_steps)
        level += model.time_slope_ * doublings
    joint = float(np.mean((threshold - threshold.mean()) * (level - level.mean())))
    return float(np.clip(joint / prior.level.sd**2, 0.0, 1.0))


def _weights(belief: Belief, plan: VerificationPlan, batches: Sequence[int]) -> Floats:
    """Weights of the draws after each simulated outcome of the runs."""
    chances = []
    for run in plan.runs:
        index = batches.index(run.batch_size)
        rates = np.array([np.log2(run.learning_rate)])
        by_node = belief.chance_fails(index, rates, float(run.last_step))
        chances.append((by_node[0] * belief.by_node[index]).sum(0))
    fails = np.clip(np.array(chances, np.float64), _LEAST, 1 - _LEAST)
    n_draws, times = fails.shape[1], 1 + round(plan.more_runs / len(plan.runs))
    true = np.linspace(0, n_draws - 1, SIMULATIONS).astype(int)
    rng = np.random.default_rng(0)
    failed = rng.binomial(times, fails[:, true]).T
    logs = failed @ np.log(fails) + (times - failed) @ np.log1p(-fails)
    weights = np.exp(logs - logs.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))

"""Where a rate may stand after planned runs: simulated from what is known.

Approximations, so that it takes milliseconds: runs that follow on results are taken to
be made at the settings of the first ones; what a copy's runs tell carries over in
proportion, parameter by parameter, as if all were normal; chance of the draws is left
out (about 1 % of a rate that rests on reports), and so is what a narrower doubt adds.
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
from advisor.statistics.beliefs import Moment, PosteriorSummary
from advisor.statistics.fitted import central_shares, shares_of
from advisor.statistics.fitting import Fitter
from advisor.statistics.likelihood import sigmoid
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

LEVEL = 0.8
SIMULATIONS = 48
SHARED = ("level", "slope", "time_slope", "log_scatter")  # what a copy tells others
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
        answer = fitter.model(scope, evidence)
        shifts = np.zeros(SIMULATIONS)
        fit, moved = _fits(simulated, model)
        now = fitter.prior_with(scope, evidence, told.own, fit)
        for name, (means, other) in moved.items():
            then = fitter.prior_with(scope, evidence, told.own, other)
            handed_on = getattr(then, name).mean - getattr(now, name).mean
            follows = response(answer, name, batch_size, scope.horizon_steps)
            usual = max(float(means.std()), _LEAST)
            shifts += (means - means.mean()) / usual * handed_on * follows
    low, _, high = shares_of(shifts, central_shares(LEVEL))
    return round_rate(rate * 2.0 ** float(low)), round_rate(rate * 2.0 ** float(high))


@dataclass(frozen=True)
class Simulated:
    """Outcomes of planned runs, as weights of the draws: (n_simulations, n_draws)."""

    weights: Floats
    every: int

    def means(self, model: StableLearningRateModel, name: str) -> tuple[Floats, float]:
        """Return a parameter's mean after each outcome, and its usual sd then."""
        draws = model.parameters_[name][:: self.every]
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
    model: StableLearningRateModel,
    name: str,
    batch_size: int,
    horizon_steps: float | None,
) -> float:
    """Return how far a threshold follows when what was believed before is moved.

    Of a normal prior the change of a mean is its covariance with the parameter, over
    the prior's variance.
    """
    prior = model.prior
    if prior is None or (name == "level" and model.level_prior_ != prior.level):
        return 0.0
    draws, weights = model.threshold_draws(batch_size, horizon_steps)
    threshold = (draws * weights).sum(0) / weights.sum(0)
    values = model.parameters_[name].copy()
    if name == "level" and prior.level_steps:
        doublings = np.log2(model.reference_steps / prior.level_steps)
        values += model.time_slope_ * doublings
    joint = float(np.mean((threshold - threshold.mean()) * (values - values.mean())))
    return joint / float(getattr(prior, name).sd) ** 2


def _fits(
    simulated: Simulated, model: StableLearningRateModel
) -> tuple[PosteriorSummary, dict[str, tuple[Floats, PosteriorSummary]]]:
    """A copy's fit as it may be after runs; by parameter, its means and one above."""
    found = {name: simulated.means(model, name) for name in SHARED}
    moments = {name: Moment(float(m.mean()), sd) for name, (m, sd) in found.items()}
    summary = model.summary()
    fit = replace(summary, moments={**summary.moments, **moments})
    moved = {}
    for name, (means, sd) in found.items():
        higher = Moment(moments[name].mean + max(float(means.std()), _LEAST), sd)
        moved[name] = means, replace(fit, moments={**fit.moments, name: higher})
    return fit, moved


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

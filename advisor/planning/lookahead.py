"""What a run is expected to take off the thresholds' uncertainty, and to cost (pure).

A run stopped at a rung has failed by then or is still well. The draws of the posterior
say how likely each is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.statistics.likelihood import sigmoid
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.outcome import patience_steps

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

# Draws that carry the look-ahead. With a quarter of them the best of all candidates is
# often the luckiest: in simulated searches such choices were expected to take off 2 to
# 18 % less than the best run, these 1 to 7 %.
_DRAWS = 1024
# What a run costs is needed to a few per cent only: some draws, few times.
_COST_EVERY = 16
_COST_SHARES = np.array([0.0, 0.15, 0.4, 0.7, 1.0])
_LEAST_GROWTH = 1e-3
_LEAST_CHANCE = np.float32(1e-6)


@dataclass(frozen=True)
class Belief:
    """Draws of the thresholds at the horizon: arrays (n_batches, n_nodes, n_draws).

    `by_node` sums to 1 over nodes, `weights` (n_draws,) to 1; `fall` (n_batches,
    n_draws) is in octaves per doubling of the steps. The rest are parameters, shape
    (n_draws,).
    """

    horizon_steps: float
    draws: Singles
    by_node: Floats
    weights: Floats
    width: Singles
    fall: Singles
    low: Singles
    high: Singles
    timeless: Singles
    growth: Singles

    @classmethod
    def of(
        cls,
        model: StableLearningRateModel,
        batches: Sequence[int],
        horizon_steps: float | None,
    ) -> "Belief":
        """The belief about some batch sizes at a horizon (None: the reference)."""
        every = max(1, model.n_particles // _DRAWS)
        pairs = [model.threshold_draws(batch, horizon_steps) for batch in batches]
        by_node = np.stack([weights[:, ::every] for _, weights in pairs])
        values = {
            name: draws[::every].astype(np.float32)
            for name, draws in model.parameters_.items()
        }
        low, high = sigmoid(values["logit_low"]), sigmoid(values["logit_high"])
        total = np.maximum(low + high, np.float32(1.0))
        falls = np.stack([model.fall_draws(batch)[::every] for batch in batches])
        slope = values["time_slope"]
        power = values["chance_power"]
        return cls(
            horizon_steps=horizon_steps or float(model.reference_steps),
            draws=np.stack([d[:, ::every] for d, _ in pairs]).astype(np.float32),
            by_node=by_node / by_node.sum(1, keepdims=True),
            weights=np.full(len(slope), 1.0 / len(slope)),
            width=np.exp(values["log_width"]),
            fall=falls.astype(np.float32),
            low=low / total,
            high=high / total,
            # Where the threshold does not fall, the step of a failure is chance.
            timeless=np.where(
                slope > 0, sigmoid(values["logit_timeless"]), np.float32(1.0)
            ),
            growth=np.float32(np.log(2)) * np.where(power == 0, _LEAST_GROWTH, power),
        )

    def thinned(self, every: int) -> "Belief":
        """The belief with every so many-th draw alone."""
        weights = self.weights[::every]
        arrays = ("width", "low", "high", "timeless", "growth")
        return replace(
            self,
            draws=self.draws[:, :, ::every],
            fall=self.fall[:, ::every],
            by_node=self.by_node[:, :, ::every],
            weights=weights / weights.sum(),
            **{name: getattr(self, name)[::every] for name in arrays},
        )

    def chance_failed(
        self, index: int, log_rates: Floats, times: Sequence[float]
    ) -> Iterator[Singles]:
        """P(failed by a step) at each of some steps: (n_rates, n_nodes, n_draws) each.

        As in `advisor.statistics.likelihood`.
        """
        slope = 1 / self.width
        rates = log_rates.astype(np.float32)[:, None, None] * slope
        limit = self.draws[index] * slope
        share = 1 - self.low - self.high
        by_end = sigmoid(rates - limit)
        by_end *= share
        log_span = np.float32(np.log2(self.horizon_steps))
        for steps in times:
            if steps >= self.horizon_steps:
                yield by_end + self.low
                continue
            log_steps = np.float32(np.log2(max(steps, 1.0)))
            passed = np.expm1(self.growth * log_steps)
            passed /= np.expm1(self.growth * log_span)
            fall = self.fall[index] * (log_span - log_steps) * slope
            chance = sigmoid(rates - (limit + fall))
            chance *= share * (1 - self.timeless)
            chance += by_end * (self.timeless * passed)
            chance += self.low * (log_steps / log_span)
            yield chance

    def chance_fails(
        self, index: int, log_rates: Floats, steps: float, survived: float = 0.0
    ) -> Singles:
        """P(failed by a step), given survival to an earlier one: as `chance_failed`."""
        if survived < 1:
            return next(self.chance_failed(index, log_rates, [steps]))
        before, by_then = self.chance_failed(index, log_rates, [survived, steps])
        return np.asarray((by_then - before) / np.maximum(1 - before, _LEAST_CHANCE))

    def after_likely_end(
        self, index: int, log_rate: float, steps: float, survived: float = 0.0
    ) -> "Belief":
        """The belief after the likelier end of a run at one batch size and rate."""
        rates = np.array([log_rate])
        chance = self.chance_fails(index, rates, steps, survived)[0]
        expected = float(((chance * self.by_node[index]).sum(0) * self.weights).sum())
        joint = (chance if expected >= 0.5 else 1 - chance) * self.by_node[index]
        by_draw = joint.sum(0)
        by_node = self.by_node.copy()
        by_node[index] = joint / np.maximum(by_draw, 1e-300)
        weights = self.weights * by_draw
        return replace(self, by_node=by_node, weights=weights / weights.sum())


class LookAhead:
    """Expected gains and costs of runs under one belief.

    `total_sd` is the thresholds' summed standard deviation, in octaves.
    """

    def __init__(self, belief: Belief):
        self._belief = belief
        self._thin = belief.thinned(_COST_EVERY)
        self._lag = patience_steps(int(belief.horizon_steps))
        centres = np.einsum(
            "bkn,bkn,n->b", belief.draws, belief.by_node, belief.weights
        )
        self._offsets = belief.draws - centres.astype(np.float32)[:, None, None]
        self._first = (self._offsets * belief.by_node).sum(1)
        self._second = (np.square(self._offsets) * belief.by_node).sum(1)
        self._totals = (self._first @ belief.weights, self._second @ belief.weights)
        self.total_sd = float(_sd(*self._totals).sum())

    def gains(
        self, index: int, log_rates: Floats, steps: float, survived: float = 0.0
    ) -> Floats:
        """Expected drop of the thresholds' summed sd, in octaves, shape (n_rates,)."""
        belief = self._belief
        joint = belief.chance_fails(index, log_rates, steps, survived)
        joint *= (belief.by_node[index] * belief.weights).astype(np.float32)
        by_draw = joint.sum(1, dtype=np.float64)
        by_point = joint.reshape(len(log_rates), -1)
        offset = self._offsets[index].ravel()
        failed_1, failed_2 = by_draw @ self._first.T, by_draw @ self._second.T
        failed_1[:, index] = by_point @ offset
        failed_2[:, index] = by_point @ np.square(offset)
        failed = np.clip(by_draw.sum(1), 1e-9, 1 - 1e-9)[:, None]
        total_1, total_2 = self._totals
        after = failed * _sd(failed_1 / failed, failed_2 / failed)
        held = 1 - failed
        after += held * _sd((total_1 - failed_1) / held, (total_2 - failed_2) / held)
        return np.asarray((_sd(total_1, total_2) - after).sum(1))

    def expected_steps(
        self, index: int, log_rates: Floats, steps: float, survived: float = 0.0
    ) -> Floats:
        """Steps that runs are expected to take, shape (n_rates,), patience included."""
        belief = self._thin
        weights = (belief.by_node[index] * belief.weights).astype(np.float32)
        times = survived + (steps - survived) * _COST_SHARES
        known = np.maximum(times - self._lag, survived)
        chances = belief.chance_failed(index, log_rates, [survived, *known])
        well = np.maximum(1 - next(chances), _LEAST_CHANCE)
        going = [np.einsum("rkn,kn->r", (1 - c) / well, weights) for c in chances]
        return np.asarray(np.trapezoid(np.clip(going, 0.0, 1.0), times, axis=0))


def _sd(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(second - np.square(first), 0.0)))

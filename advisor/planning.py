"""The posterior -> which run to do next, and why (pure).

The one decision to know: a run is worth the octaves of uncertainty it is expected to
take off the thresholds asked about, whichever way it ends: near the boundary failures
come late, so a run that fails costs about as much as one that holds. The first run
halves the believed range; first runs in parallel, which cannot wait for one another's
outcome, spread over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from advisor import priors
from advisor.regression import StableLearningRateModel

Floats = NDArray[np.float64]

# Draws that carry the look-ahead, and candidate rates per batch size. With a quarter of
# the draws the best of all candidates is often the luckiest: in simulated searches such
# choices were expected to take off 2 to 18 % less than the best run, these 1 to 7 %.
_DRAWS = 1024
_RATES = 17


@dataclass(frozen=True)
class InFlight:
    """A trial that was started and has no outcome yet."""

    batch_size: int
    learning_rate: float


@dataclass(frozen=True)
class PlannedTrial:
    """One proposed run; `believed_low` and `believed_high` bracket the threshold."""

    batch_size: int
    learning_rate: float
    believed_low: float
    believed_high: float
    reason: str


def plan_next_run(
    model: StableLearningRateModel,
    *,
    asked_batch_sizes: Sequence[int],
    horizon_steps: float | None = None,
    in_flight: Sequence[InFlight] = (),
    n_runs_so_far: int | None = None,
) -> PlannedTrial:
    """Return the run that tells most about the thresholds asked about.

    Args:
        model: Fitted on what is known; runs in flight need not be in it.
        asked_batch_sizes: Batch sizes whose thresholds matter.
        horizon_steps: Length of the runs; None: the model's reference length.
        in_flight: Trials started and not finished: their likeliest outcome is assumed.
        n_runs_so_far: Labelled runs; None: those the model was fitted on.

    Returns:
        A rate inside the range believed to hold the threshold (2 % to 98 %). A rate
        run before may come again near the boundary: give it a new seed.

    Raises:
        ValueError: No batch size is asked about.

    Source: expected reduction of posterior sd, as in psi (Kontsevich & Tyler 1999).
    """
    batches = sorted({int(batch) for batch in asked_batch_sizes})
    if not batches:
        raise ValueError("plan_next_run needs at least one batch size")
    done = model.n_runs_ if n_runs_so_far is None else n_runs_so_far
    started = done + len(in_flight)
    assumes_much = bool(in_flight) and started < priors.BISECTING_RUNS
    if not done or assumes_much:
        return _bisecting_run(model, batches, horizon_steps, in_flight, started)
    return _telling_run(model, batches, horizon_steps, in_flight)


def _bisecting_run(
    model: StableLearningRateModel,
    batches: list[int],
    horizon_steps: float | None,
    in_flight: Sequence[InFlight],
    n_started: int,
) -> PlannedTrial:
    """The middle of the widest unexplored part of the believed range.

    The batch sizes take turns, the middle one first: while the level is vague a run at
    any of them halves it, and together they say how it goes with the batch size.
    """
    middle = (len(batches) - 1) // 2
    turns = [batches[middle], *(b for b in batches if b != batches[middle])]
    batch = turns[n_started % len(turns)]
    low, high = _log_range(model, batch, horizon_steps)
    flying = np.log2([f.learning_rate for f in in_flight])
    marks = np.sort(np.r_[low, flying[(flying > low) & (flying < high)], high])
    widest = int(np.argmax(np.diff(marks)))
    return _trial(batch, marks[widest : widest + 2].mean(), (low, high), "halves")


def _log_range(
    model: StableLearningRateModel, batch: int, horizon: float | None
) -> tuple[float, float]:
    low, high = model.believed_range(batch, horizon)
    return float(np.log2(low)), float(np.log2(high))


_REASONS = {
    "halves": "halves the range in which the threshold is believed to lie",
    "telling": "is expected to narrow the thresholds asked about most",
    "repeat": "repeats a rate in flight near the boundary, with another seed",
}


def _trial(
    batch: int, log_rate: float, believed: tuple[float, float], reason: str
) -> PlannedTrial:
    low, high = (float(np.exp2(end)) for end in believed)
    # Three digits are enough for a rate and easier to read.
    rate = float(f"{np.exp2(log_rate):.3g}")
    return PlannedTrial(batch, min(max(rate, low), high), low, high, _REASONS[reason])


@dataclass(frozen=True)
class _Belief:
    """Threshold draws of the batch sizes: arrays (n_batches, n_nodes, n_draws).

    `by_node` sums to 1 over nodes; `weights`, shape (n_draws,), sums to 1.
    """

    draws: Floats
    by_node: Floats
    weights: Floats
    width: Floats
    low: Floats
    high: Floats

    def chance_unstable(self, index: int, log_rates: Floats) -> Floats:
        """P(unstable) for each rate, node and draw: (n_rates, n_nodes, n_draws)."""
        # In single precision: the array is large, and a choice needs no more.
        slope = (1 / self.width).astype(np.float32)
        shift = (self.draws[index] / self.width).astype(np.float32)
        chance = expit(log_rates.astype(np.float32)[:, None, None] * slope - shift)
        chance *= (1 - self.low - self.high).astype(np.float32)
        chance += self.low.astype(np.float32)
        return np.asarray(chance)


def _belief(
    model: StableLearningRateModel, batches: list[int], horizon: float | None
) -> _Belief:
    every = max(1, model.n_particles // _DRAWS)
    pairs = [model.threshold_draws(batch, horizon) for batch in batches]
    draws = np.stack([draws[:, ::every] for draws, _ in pairs])
    by_node = np.stack([weights[:, ::every] for _, weights in pairs])
    by_node = by_node / by_node.sum(1, keepdims=True)
    low = expit(model.parameters_["logit_low"][::every])
    high = expit(model.parameters_["logit_high"][::every])
    total = np.maximum(low + high, 1.0)
    count = draws.shape[2]
    width = model.width_[::every]
    weights = np.full(count, 1.0 / count)
    return _Belief(draws, by_node, weights, width, low / total, high / total)


def _with_assumed(belief: _Belief, index: int, log_rate: float) -> _Belief:
    """The belief after the likelier outcome of a run at one batch size and rate."""
    chance = belief.chance_unstable(index, np.array([log_rate]))[0]
    expected = float(((chance * belief.by_node[index]).sum(0) * belief.weights).sum())
    likely = chance if expected >= 0.5 else 1 - chance
    joint = likely * belief.by_node[index]
    by_draw = joint.sum(0)
    by_node = belief.by_node.copy()
    by_node[index] = joint / by_draw
    weights = belief.weights * by_draw
    return _Belief(
        belief.draws,
        by_node,
        weights / weights.sum(),
        belief.width,
        belief.low,
        belief.high,
    )


def _telling_run(
    model: StableLearningRateModel,
    batches: list[int],
    horizon_steps: float | None,
    in_flight: Sequence[InFlight],
) -> PlannedTrial:
    belief = _belief(model, batches, horizon_steps)
    for flying in in_flight:
        if flying.batch_size in batches:
            index = batches.index(flying.batch_size)
            belief = _with_assumed(belief, index, float(np.log2(flying.learning_rate)))
    ranges = [_log_range(model, batch, horizon_steps) for batch in batches]
    free: list[_Candidate] = []
    repeats: list[_Candidate] = []
    for index, batch in enumerate(batches):
        rates = np.linspace(*ranges[index], _RATES)
        scores = _scores(belief, index, rates)
        flying_rates = np.log2(
            [f.learning_rate for f in in_flight if f.batch_size == batch]
        )
        distance = np.abs(rates[:, None] - flying_rates).min(1, initial=np.inf)
        is_free = distance >= priors.IN_FLIGHT_SEPARATION
        for score, rate, alone in zip(scores, rates, is_free, strict=True):
            candidate = _Candidate(float(score), index, float(rate))
            (free if alone else repeats).append(candidate)
    best = max(free or repeats, key=lambda candidate: candidate.score)
    reason = "telling" if free else "repeat"
    return _trial(batches[best.index], best.log_rate, ranges[best.index], reason)


@dataclass(frozen=True)
class _Candidate:
    score: float
    index: int
    log_rate: float


def _scores(belief: _Belief, index: int, rates: Floats) -> Floats:
    """Expected drop of the thresholds' summed sd, in octaves, shape (n_rates,)."""
    joint = belief.chance_unstable(index, rates)
    joint *= belief.by_node[index] * belief.weights
    by_draw = joint.sum(1, dtype=np.float64)
    by_point = joint.reshape(len(rates), -1)
    unstable = np.clip(by_draw.sum(1), 1e-9, 1 - 1e-9)
    gain = np.zeros(len(rates))
    for other in range(len(belief.draws)):
        draws = belief.draws[other]
        centre = ((draws * belief.by_node[other]).sum(0) * belief.weights).sum()
        offset = draws - centre
        first = (offset * belief.by_node[other]).sum(0)
        second = (np.square(offset) * belief.by_node[other]).sum(0)
        if other == index:
            failed_1 = by_point @ offset.ravel().astype(np.float32)
            failed_2 = by_point @ np.square(offset).ravel().astype(np.float32)
        else:
            failed_1, failed_2 = by_draw @ first, by_draw @ second
        total_1, total_2 = belief.weights @ first, belief.weights @ second
        after_failure = failed_2 / unstable - np.square(failed_1 / unstable)
        after_success = (total_2 - failed_2) / (1 - unstable) - np.square(
            (total_1 - failed_1) / (1 - unstable)
        )
        gain += np.sqrt(max(total_2 - total_1**2, 0.0)) - (
            unstable * np.sqrt(np.maximum(after_failure, 0.0))
            + (1 - unstable) * np.sqrt(np.maximum(after_success, 0.0))
        )
    return gain

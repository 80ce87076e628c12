"""Which runs would tell the two leading scaling rules apart (pure).

A single run says little about a slope, so runs are chosen together, each for what it
adds to the others, at the ends of the batch range, where two rules differ most.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.rates import round_rate
from advisor.scaling.records import DecidingRun
from advisor.statistics import priors
from advisor.statistics.likelihood import sigmoid
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

# Typical exponents of the bands, for what a rule predicts at another batch size.
BAND_CENTRES: Mapping[str, float] = {
    "inverse": -1.0,
    "inverse_sqrt": -0.5,
    "constant": 0.0,
    "sqrt": 0.5,
    "linear": 1.0,
}
# Batch sizes a factor of eight apart show a difference of half in the exponent as a
# factor of 2.8 in the rate: more than the boundary's width and scatter.
MIN_REACH = 8
_RATES = 25


def reaching_batches(batch_range: tuple[int, int]) -> tuple[int, int]:
    """Return the ends of a batch range, widened until two rules can be told apart.

    >>> reaching_batches((2, 5)), reaching_batches((8, 512))
    ((2, 16), (8, 512))
    """
    low, high = batch_range
    return low, max(high, low * MIN_REACH)


def choose_stability_runs(
    workload: str,
    model: StableLearningRateModel,
    batch_sizes: Sequence[int],
    bands: tuple[str, str],
    *,
    horizon_steps: float | None,
    count: int,
) -> tuple[DecidingRun, ...]:
    """Return the runs whose outcomes tell most about which of two bands holds.

    Args:
        workload: What is to be run.
        model: Fitted on what is known of it.
        batch_sizes: Where runs may be made.
        bands: The two rules; exponents elsewhere count with the nearer one.
        horizon_steps: Length of the runs; None: the model's reference.
        count: Number of runs, at most 6 (outcomes are enumerated).

    Source: mutual information of the rule and the joint outcomes, chosen greedily
    (Lindley 1956; greedy choice after Nemhauser et al. 1978).
    """
    is_second = _sides(model.exponent_, bands)
    if is_second.all() or not is_second.any():
        return ()
    candidates = [
        (batch, float(rate), chance)
        for batch in batch_sizes
        for rate, chance in _chances(model, batch, horizon_steps)
    ]
    patterns = np.ones((1, len(is_second)))  # P(outcomes so far | draw)
    chosen: list[tuple[int, float, Floats]] = []
    for _ in range(count):
        gains = [_information(_extend(patterns, c[2]), is_second) for c in candidates]
        best = candidates[int(np.argmax(gains))]
        patterns = _extend(patterns, best[2])
        chosen.append(best)
    return tuple(
        DecidingRun(
            workload=workload,
            batch_size=batch,
            learning_rate=rate,
            speaks_for=_reading(chance, is_second, bands),
        )
        for batch, rate, chance in sorted(chosen, key=lambda c: c[:2])
    )


def choose_score_runs(
    workload: str,
    best: tuple[int, float],
    batch_sizes: Sequence[int],
    bands: tuple[str, str],
) -> tuple[DecidingRun, ...]:
    """Return the rates that two rules predict to be best at the ends of a batch range.

    `best` is a batch size between them with the best rate there.

    >>> runs = choose_score_runs("w", (32, 0.01), [8, 128], ("sqrt", "linear"))
    >>> [(r.batch_size, r.learning_rate, r.speaks_for) for r in runs[:2]]
    [(8, 0.005, 'sqrt'), (8, 0.0025, 'linear')]
    """
    middle, rate = best
    return tuple(
        DecidingRun(
            workload=workload,
            batch_size=batch,
            learning_rate=round_rate(rate * (batch / middle) ** BAND_CENTRES[band]),
            speaks_for=band,
        )
        for batch in batch_sizes
        for band in bands
    )


def side_share(exponents: Floats, bands: tuple[str, str]) -> float:
    """Return the share of exponents that lie nearer to the second of two bands.

    >>> side_share(np.array([0.0, 0.1, 0.6]), ("constant", "sqrt"))
    0.3333333333333333
    """
    return float(_sides(exponents, bands).mean())


def _sides(exponents: Floats, bands: tuple[str, str]) -> NDArray[np.bool_]:
    """Whether each exponent lies nearer to the second band than to the first."""
    first, second = (BAND_CENTRES[band] for band in bands)
    middle = 0.5 * (first + second)
    return exponents > middle if second > first else exponents < middle


def _chances(
    model: StableLearningRateModel, batch: int, horizon_steps: float | None
) -> list[tuple[float, Floats]]:
    """P(unstable) for each draw, over rates in the believed range of the threshold."""
    draws, weights = model.threshold_draws(batch, horizon_steps)
    by_draw = weights / np.maximum(weights.sum(0), 1e-300)
    low, high = model.believed_range(batch, horizon_steps, *priors.BELIEVED_RANGE)
    found = []
    for log_rate in np.linspace(np.log2(low), np.log2(high), _RATES):
        rate = round_rate(float(np.exp2(log_rate)))
        margin = (np.log2(rate) - draws) / model.width_
        chance = (by_draw * sigmoid(margin)).sum(0)
        found.append((rate, np.clip(chance, 1e-6, 1 - 1e-6)))
    return found


def _extend(patterns: Floats, chance: Floats) -> Floats:
    """P(outcomes | draw) after one more run: twice the rows."""
    return np.concatenate([patterns * chance, patterns * (1 - chance)])


def _information(patterns: Floats, is_second: NDArray[np.bool_]) -> float:
    """Mutual information (nats) of the rule and the joint outcomes."""
    joint = np.stack([patterns[:, ~is_second].sum(1), patterns[:, is_second].sum(1)])
    joint = joint / joint.sum()
    apart = joint.sum(0, keepdims=True) * joint.sum(1, keepdims=True)
    told = joint > 0
    return float((joint[told] * np.log(joint[told] / apart[told])).sum())


def _reading(
    chance: Floats, is_second: NDArray[np.bool_], bands: tuple[str, str]
) -> str:
    """Which rule a failure of this run speaks for."""
    fails_under = chance[~is_second].mean(), chance[is_second].mean()
    return bands[0] if fails_under[0] > fails_under[1] else bands[1]

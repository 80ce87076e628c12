"""Which of several workloads stands the higher rate, and how surely (pure).

Uncertainties are taken as independent, so a probability is nearer to even than it need
be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.answers.recommendation import Recommendation
from advisor.statistics.best_rate import BestRate
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.records import Document

Floats = NDArray[np.float64]

_SHARES = (np.arange(2000) + 0.5) / 2000
_SUREST = 0.001  # what so many draws can tell from certainty
# How far above an even share a probability must lie before it is more than chance, and
# from where the words get stronger: our choice.
EVEN_MARGIN, LIKELY_FROM, SURE_FROM = 0.15, 0.8, 0.95


@dataclass(frozen=True)
class Comparison(Document):
    """The probability that each of several workloads has the highest rate.

    `quantity` is `max_stable` or `best`; None when the workloads are known by different
    ones, with the `reason`. `n_runs` and `n_claims` are all the evidence behind it.
    """

    batch_size: int
    quantity: str | None
    highest: str | None
    probability: float | None
    probabilities: Mapping[str, float]
    horizon_steps: Mapping[str, int | None]
    n_runs: int
    n_claims: int
    reason: str | None = None


@dataclass(frozen=True)
class Contender:
    """A workload's answer, with draws of its log2 rate, shape (n,), by quantity."""

    recommendation: Recommendation
    draws: Mapping[str, Floats]


def compare_rates(contenders: Sequence[Contender]) -> Comparison:
    """Return which of two or more workloads has the highest rate at a batch size."""
    answers = [c.recommendation for c in contenders]
    shared = [
        quantity
        for quantity in ("max_stable", "best")
        if all(quantity in c.draws for c in contenders)
    ]
    quantity = shared[0] if shared else None
    chances: dict[str, float] = {}
    if quantity is not None:
        found = chances_of_highest([c.draws[quantity] for c in contenders])
        chances = {
            r.workload: round(min(max(p, _SUREST), 1 - _SUREST), 3)
            for r, p in zip(answers, found, strict=True)
        }
    highest = max(chances, key=lambda name: chances[name]) if chances else None
    return Comparison(
        batch_size=answers[0].batch_size,
        quantity=quantity,
        highest=highest,
        probability=chances[highest] if highest is not None else None,
        probabilities=chances,
        horizon_steps={r.workload: r.horizon_steps for r in answers},
        n_runs=sum(_own_counts(r)[0] for r in answers),
        n_claims=sum(_own_counts(r)[1] for r in answers),
        reason=None if quantity is not None else _why_not(contenders),
    )


def chances_of_highest(draws: Sequence[ArrayLike]) -> list[float]:
    """Return P(each of independent quantities is the largest); ties are shared.

    `draws` are equally likely values of each, shape (n_i,).

    >>> chances_of_highest([[0.0, 1.0], [0.5, 0.5]])
    [0.5, 0.5]
    """
    arrays = [np.sort(np.asarray(d, dtype=np.float64)) for d in draws]
    shares = []
    for i, own in enumerate(arrays):
        below = np.ones(len(own))
        for j, other in enumerate(arrays):
            if i != j:
                under = np.searchsorted(other, own, "left")
                ties = np.searchsorted(other, own, "right") - under
                below *= (under + 0.5 * ties) / len(other)
        shares.append(float(below.mean()))
    total = sum(shares)
    return [share / total if total else 1 / len(shares) for share in shares]


def threshold_quantiles(
    model: StableLearningRateModel, batch_size: int, horizon_steps: int | None
) -> Floats:
    """Return evenly likely values of the log2 threshold, shape (2000,)."""
    draws, weights = model.threshold_draws(batch_size, horizon_steps)
    return np.quantile(draws, _SHARES, weights=weights, method="inverted_cdf")


def best_rate_quantiles(best: BestRate) -> Floats:
    """Return evenly likely log2 best rates (2000,) by a normal through the interval."""
    from scipy.special import ndtri  # of few comparisons, and slow to load

    low, median, high = np.log2([best.low, best.median, best.high])
    sd = max((high - low) / (2 * ndtri(0.5 + best.level / 2)), 1e-6)
    return np.asarray(median + sd * ndtri(_SHARES))


def _own_counts(r: Recommendation) -> tuple[int, int]:
    for name, runs, claims in r.evidence.by_workload:
        if name == r.workload:
            return runs, claims
    return 0, 0


def _why_not(contenders: Sequence[Contender]) -> str:
    unknown = [c.recommendation.workload for c in contenders if not c.draws]
    if unknown:
        return f"nothing is known about {' and '.join(unknown)}"
    return "some are known by what is stable and others by what scores best"

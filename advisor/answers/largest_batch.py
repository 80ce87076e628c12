"""The largest batch size at which a rate still holds, or why there is none (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.answers.recommendation import Recommendation
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence
from advisor.rates import fit_text, rate_text
from advisor.statistics.beliefs import BatchEstimate
from advisor.statistics.threshold import StableLearningRateModel
from advisor.words import percent
from knowledge.records import Document

# Of the batch sizes scored, how many are asked for their best rate.
_MOST_BATCHES = 5


@dataclass(frozen=True)
class LargestBatch(Document):
    """The largest batch size at which a rate still works; None when none does.

    `capped`: it is only where the search stopped, `searched_to`.
    """

    workload: str
    learning_rate: float
    batch_size: Mapping[str, float] | None
    reason: str
    recommendation: Recommendation | None
    capped: bool = False
    searched_to: int | None = None


def batch_estimate(found: BatchEstimate) -> dict[str, float]:
    """Return the contract's interval of a largest batch, in whole batches from 1."""
    return {
        "median": found.batch_size,
        "low": max(1, min(found.low, found.batch_size)),
        "high": max(found.high, found.batch_size),
        "level": found.level,
    }


def limit_reason(
    scope: Scope,
    learning_rate: float,
    found: BatchEstimate,
    model: StableLearningRateModel,
    evidence: Evidence,
) -> str:
    """Return why the limit lies where it does, and where it is no more than a look."""
    rate, wanted = rate_text(learning_rate), percent(1 - scope.risk)
    low = smallest_safe_batch(scope, learning_rate, found.batch_size, model)
    where = f"From batch {low} up to" if low > 1 else "Up to"
    length = f"{scope.horizon_steps:,} steps" if scope.horizon_steps else "to their end"
    text = (
        f"{where} batch {found.batch_size} at least {wanted} of runs at {rate} should "
        f"last {length}"
    )
    if found.capped:
        known = known_batches(evidence)
        seen = f"the evidence goes to batch {known[-1]}" if known else "it is borrowed"
        text += f". That is where I stopped, since {seen}; the true limit may be higher"
    else:
        text += f"; beyond it {rate} is too high"
    if found.low < 1:
        text += ". It may also be that this rate works at no batch size"
    return f"{text}."


def none_reason(
    scope: Scope,
    learning_rate: float,
    answer: Recommendation,
    model: StableLearningRateModel,
) -> str:
    """Return the sentences for a rate that is safe at no batch size."""
    rate, batch = rate_text(learning_rate), answer.batch_size
    chance = model.probability_stable(batch, learning_rate, scope.horizon_steps)
    text = (
        f"No batch size: {rate} is never {percent(1 - scope.risk)} likely to work; "
        f"batch {batch} comes closest ({percent(chance)})."
    )
    if answer.learning_rate is None:
        return text
    start = fit_text(answer.learning_rate)
    return f"{text} There I would start at {start}."


def unknown_reason(
    scope: Scope, learning_rate: float, best: Sequence[tuple[int, float]]
) -> str:
    """Return why no limit is known, and what the best rates say instead."""
    if not best:
        return (
            f"Nothing is known about the stability of {scope.workload}: verify a batch "
            "size first."
        )
    start = (
        f"No run of {scope.workload} says whether it was stable, so no batch size can "
        "be called safe"
    )
    rate = rate_text(learning_rate)
    rates = [x for _, x in best]
    if min(rates) <= learning_rate <= max(rates):
        ratios = [max(x / learning_rate, learning_rate / x) for x in rates]
        batch, nearest = best[ratios.index(min(ratios))]
        return (
            f"{start}; of the batch sizes scored, {batch} has the best rate nearest to "
            f"{rate}: {rate_text(nearest)}."
        )
    side = "below" if learning_rate < min(rates) else "above"
    ends = [f"{rate_text(x)} at batch {b}" for b, x in (best[0], best[-1])]
    return (
        f"{start}; {rate} lies {side} the best rate at every batch size scored "
        f"({', '.join(dict.fromkeys(ends))})."
    )


def scored_batches(evidence: Evidence) -> list[int]:
    """Return up to five of the scored batch sizes, spread over their range."""
    sizes = sorted({run.batch_size for run in evidence.scored})
    if len(sizes) <= _MOST_BATCHES:
        return sizes
    last = len(sizes) - 1
    return [sizes[round(i * last / (_MOST_BATCHES - 1))] for i in range(_MOST_BATCHES)]


def smallest_safe_batch(
    scope: Scope, learning_rate: float, largest: int, model: StableLearningRateModel
) -> int:
    """Return the first of 1, 2, 4, ... from which a rate is safe up to the largest.

    Where the threshold rises with the batch size, small batches stand less.
    """
    smallest = largest
    while smallest > 1:
        lower = smallest // 2
        chance = model.probability_stable(lower, learning_rate, scope.horizon_steps)
        if chance < 1 - scope.risk:
            break
        smallest = lower
    return smallest


def known_batches(evidence: Evidence) -> list[int]:
    """Return the batch sizes whose stability something is known of, in order."""
    batches = {run.batch_size for run in evidence.labelled_runs}
    batches |= {c.batch_size for c in evidence.own.claims if c.batch_size}
    return sorted(batches)

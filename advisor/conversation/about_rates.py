"""Answers about rates: which one, whether one is safe, and up to which batch size.

A slot with several values gives one of them for each.
"""

from collections.abc import Sequence
from itertools import product

from advisor.answers.comparison import Comparison
from advisor.answers.evidence_rows import evidence_of
from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import (
    comparison_text,
    judgement_text,
    largest_batch_text,
    plan_text,
    recommendation_text,
)
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.words import chance_text, title_of

MAX_COMBINATIONS = 8
# What models are compared at when no batch size is named; the answer says so.
_USUAL_BATCH_SIZE = 8


def recommend_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """A rate for each workload at each batch size, and how the workloads compare."""
    workloads = several(q.slots.workload)
    batches = several(q.slots.batch_size)
    if not workloads or (not batches and q.intent is Intent.RECOMMEND_LR):
        return ask_back(q)
    pairs = list(product(workloads, batches or [_USUAL_BATCH_SIZE]))
    found = [
        parts.answers.recommend(workload, check_batch_size(batch), asked)
        for workload, batch in pairs[:MAX_COMBINATIONS]
    ]
    compared = _compare(parts, found, asked)
    text = recommendation_text(found[0])
    if len(found) > 1:
        said = [comparison_text(comparison) for comparison in compared]
        text = "\n\n".join([*said, rates_text(found, said=bool(batches))])
    return reply(
        q,
        text,
        recommendations=tuple(found),
        evidence=evidence_of(parts.library, found),
        comparisons=tuple(compared),
    )


def _compare(
    parts: Parts, found: Sequence[Recommendation], asked: Asked
) -> list[Comparison]:
    """The workloads against each other at each batch size that has two of them."""
    by_batch: dict[int, list[str]] = {}
    for r in found:
        by_batch.setdefault(r.batch_size, []).append(r.workload)
    return [
        parts.answers.compare(names, batch, asked)
        for batch, names in by_batch.items()
        if len(set(names)) > 1
    ]


def rates_text(found: Sequence[Recommendation], *, said: bool) -> str:
    """Return a line for each recommendation; `said`: the batch sizes were named."""
    lines = []
    for r in found:
        where = f"{title_of(r.workload)} at batch {r.batch_size}"
        if r.learning_rate is None or r.max_stable is None:
            rate = rate_text(r.learning_rate) if r.learning_rate else "no rate yet"
            lines.append(f"{where}: {rate} ({r.basis}).")
            continue
        m = r.max_stable
        lines.append(
            f"{where}: {rate_text(r.learning_rate)}, P(stable) "
            f"{chance_text(r.probability_stable)}; half fail near "
            f"{rate_text(m.median)} ({rate_text(m.low)} to {rate_text(m.high)}, "
            f"{r.basis})."
        )
    if not said:
        lines.append(f"No batch was named, so I compared at {_USUAL_BATCH_SIZE}.")
    lines.append(plan_text(found[0]))
    return "\n\n".join(line for line in lines if line)


def judge_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """A verdict on each rate for each workload at each batch size."""
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    rates = several(q.slots.learning_rate)
    if not (workloads and batches and rates):
        return ask_back(q)
    triples = list(product(workloads, batches, rates))[:MAX_COMBINATIONS]
    judged = [
        parts.answers.judge(
            workload, check_batch_size(batch), check_learning_rate(rate), asked
        )
        for workload, batch, rate in triples
    ]
    found = tuple(judgement.recommendation for judgement in judged)
    return reply(
        q,
        "\n\n".join(judgement_text(judgement) for judgement in judged),
        recommendations=found,
        judgements=tuple(judged),
        evidence=evidence_of(parts.library, found),
    )


def largest_batch_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The largest batch size at which a rate is safe."""
    workloads, rates = several(q.slots.workload), several(q.slots.learning_rate)
    if not workloads or not rates:
        return ask_back(q)
    rate = check_learning_rate(rates[0])
    found = parts.answers.largest_batch(workloads[0], rate, asked)
    recommendations = (found.recommendation,) if found.recommendation else ()
    return reply(
        q,
        largest_batch_text(found),
        recommendations=recommendations,
        evidence=evidence_of(parts.library, recommendations),
        rows=(
            {
                "largest_batch": found.batch_size,
                "reason": found.reason,
                "capped": found.capped,
                "searched_to": found.searched_to,
            },
        ),
    )

"""Answers about rates: which one, whether one is safe, up to which batch size, and
whether one of two is really better.

A slot with several values gives one of them for each.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from advisor.answers.brief import (
    act_text,
    brief_of,
    brief_verdict,
    cited_in,
    text_of,
)
from advisor.answers.comparison import Comparison
from advisor.answers.difference import Difference, Verdict, first_runs, rounded
from advisor.answers.difference_wording import difference_text
from advisor.answers.evidence_rows import (
    citations_of,
    evidence_of,
    rows_of_runs,
)
from advisor.answers.recommendation import Recommendation
from advisor.answers.two_settings import (
    batches_of_both,
    places_of,
    rates_of_both,
    run_so_far_text,
    shared_text,
    stored_difference,
    told_difference,
    where_text,
)
from advisor.answers.wording import (
    comparison_text,
    judgement_details,
    judgement_text,
    largest_batch_details,
    largest_batch_text,
    recommendation_details,
)
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.about_unknown import ways_in
from advisor.conversation.acting import propose_runs, runs_text
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked, Scope
from advisor.evidence.selecting import Evidence
from advisor.planning.request import VerificationRequest
from advisor.rates import fit_text, rate_text
from advisor.reading.differences import read_effect
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.reading.sides import Sides, read_sides
from advisor.statistics.two_samples import LEVEL, MOST_RUNS, POWER, runs_to_tell
from advisor.words import chance_text, joined, percent, title_of

MOST_OFFERED = 10  # seeds a side that are offered: more is asked for by name
USUAL_EFFECTS = (0.5, 1.0, 2.0, 3.0)  # differences, in spreads
MOST_OPTIONS = 6
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
    sentences = brief_of(found[0])
    text = text_of(sentences)
    if len(found) > 1:
        sentences = ()
        said = [comparison_text(comparison) for comparison in compared]
        text = "\n\n".join([*said, rates_text(found, said=bool(batches))])
    return reply(
        q,
        text,
        recommendations=tuple(found),
        details=details_of(found),
        citations=citations_of(parts.library, cited_in(sentences)),
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


def details_of(found: Sequence[Recommendation]) -> tuple[str, ...]:
    """Return what stands behind a short answer: of one rate, or of each of several."""
    if len(found) == 1:
        return recommendation_details(found[0])
    return tuple(
        f"{title_of(r.workload)} at batch {r.batch_size}: {paragraph}"
        for r in found
        for paragraph in recommendation_details(r)
    )


def rates_text(found: Sequence[Recommendation], *, said: bool) -> str:
    """Return a line for each recommendation; `said`: the batch sizes were named."""
    lines = []
    for r in found:
        where = f"{title_of(r.workload)} at batch {r.batch_size}"
        if r.learning_rate is None or r.max_stable is None:
            rate = fit_text(r.learning_rate) if r.learning_rate else "no rate yet"
            lines.append(f"{where}: {rate} ({r.basis}).")
            continue
        lines.append(
            f"{where}: {fit_text(r.learning_rate)}, "
            f"{chance_text(r.probability_stable)} of runs should hold ({r.basis})."
        )
    if not said:
        lines.append(f"No batch was named, so I compared at {_USUAL_BATCH_SIZE}.")
    lines.append(act_text(found[0].verification))
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
    cited = cited_in(brief_verdict(judged[0])) if len(judged) == 1 else ()
    return reply(
        q,
        "\n\n".join(judgement_text(judgement) for judgement in judged),
        details=tuple(text for j in judged for text in judgement_details(j)),
        citations=citations_of(parts.library, cited),
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
        details=largest_batch_details(found),
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


def difference_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """Whether two settings differ by more than chance, and the runs that would tell."""
    known = parts.library.workload_names()
    sides = read_sides(q.told or q.text, known)
    workloads = [] if q.unknown_workload else several(q.slots.workload)
    warnings = _difference_warnings(sides, workloads)
    settled = parts.library.settle(workloads[0], asked) if workloads else None
    if sides is not None and sides.has_scores:
        found = told_difference(sides, settled[1] if settled else None)
        answer = _difference(parts, q, found, shared_text(found))
        return replace(answer, warnings=warnings, unknown_workload=q.unknown_workload)
    rates = [check_learning_rate(x) for x in several(q.slots.learning_rate)]
    batches = [check_batch_size(n) for n in several(q.slots.batch_size)]
    if len(rates) < 2 and len(batches) < 2:
        return _how_many_runs(q)
    if settled is None:
        return _of_no_model(q)
    scope, evidence = settled
    places = places_of(evidence, rates, batches)
    if places is None:
        return _ask_where(q, evidence, rates, batches)
    found = stored_difference(evidence, *places, length=asked.horizon_steps)
    answer = _difference(parts, q, found, where_text(scope, found))
    if found.verdict is Verdict.NOT_RUN:
        text = f"{answer.text} {run_so_far_text(evidence, places[0])}"
        answer = replace(answer, text=text)
    return replace(_with_runs_to_tell(parts, answer, scope, found), warnings=warnings)


def _difference(parts: Parts, q: Question, found: Difference, where: str) -> Answer:
    return reply(
        q,
        difference_text(found, where=where),
        difference=found,
        evidence=rows_of_runs(parts.library, found.rests_on),
    )


def _with_runs_to_tell(
    parts: Parts,
    answer: Answer,
    scope: Scope,
    found: Difference,
) -> Answer:
    """The answer with the runs that would tell, where they can be made here."""
    n_seeds = _seeds_to_offer(found)
    sides = found.a, found.b
    batches = tuple(dict.fromkeys(s.batch_size for s in sides if s.batch_size))
    rates = tuple(dict.fromkeys(s.learning_rate for s in sides if s.learning_rate))
    if n_seeds is None or (len(batches) > 1 and len(rates) > 1):
        return answer
    request = VerificationRequest(
        workload=scope.workload,
        batch_sizes=batches,
        asked=scope.asked,
        learning_rates=rates,
        steps=found.length,
        n_seeds=n_seeds,
    )
    plan, proposal = propose_runs(parts, request)
    if proposal is None:
        return answer
    offer = f"I can run {runs_text(plan)}. Nothing has started: confirm the plan."
    text = f"{answer.text}\n\n{offer}"
    return replace(answer, text=text, plan=plan, proposal=proposal)


def _seeds_to_offer(found: Difference) -> int | None:
    """How many seeds of each setting to offer; None where they settle nothing."""
    scored = [side.n_scored for side in (found.a, found.b)]
    if found.verdict in (Verdict.NOT_RUN, Verdict.NOTHING_TO_SAY):
        return max(first_runs()[0].runs - min(scored), 1)
    if found.verdict is not Verdict.NOT_DISTINGUISHABLE or found.seeds_needed is None:
        return None
    more = found.seeds_needed - min(scored)
    return more if more <= MOST_OFFERED else None


def _ask_where(
    q: Question, evidence: Evidence, rates: Sequence[float], batches: Sequence[int]
) -> Answer:
    """Ask for the batch size, or for the rate, at which two are to be compared."""
    if rates:
        what, word = "batch size", "batch"
        values = [str(n) for n in batches_of_both(evidence, rates)]
    else:
        what, word = "learning rate", "lr"
        values = [rate_text(x) for x in rates_of_both(evidence, batches)]
    text = f"At which {what}?"
    if values:
        text += f" Both were run at {joined(values)}."
    options = [f"at {word} {value}" for value in values[:MOST_OPTIONS]]
    return reply(q, text, clarification={"question": text, "options": options})


def _of_no_model(q: Question) -> Answer:
    name = q.unknown_workload
    start = f"No runs of {name} are stored here." if name else "Which model (workload)?"
    text = (
        f"{start} Or tell me the scores, as in \u201c1e-3: 0.91, 0.92; 5e-4: 0.93, "
        "0.91, is that real?\u201d: that needs no model."
    )
    if name:
        return reply(q, f"{text} {ways_in(name)}", unknown_workload=name)
    return reply(q, text, clarification={"question": start, "options": []})


def _how_many_runs(q: Question) -> Answer:
    """How many runs tell a difference: the one that is named, or usual ones."""
    effect = read_effect(q.text)
    level = f"({percent(POWER)} power, {percent(1 - LEVEL)} level)"
    if effect is not None:
        size = rounded(effect.difference / effect.spread)
        n = runs_to_tell(size)
        count = f"about {n} runs" if n else f"more than {MOST_RUNS:,} runs"
        text = (
            f"To tell a difference of {effect.difference:g} where scores spread by "
            f"{effect.spread:g} from seed to seed takes {count} on each side {level}: "
            f"the difference is {size:g} spreads."
        )
        return reply(q, text, rows=({"spreads": size, "runs_a_side": n},))
    rows = tuple(
        {"spreads": size, "runs_a_side": runs_to_tell(size)} for size in USUAL_EFFECTS
    )
    said = [f"{row['runs_a_side']} for {row['spreads']:g}" for row in rows]
    text = (
        "It depends on how large the difference is beside the spread from seed to seed "
        f"(one standard deviation). Runs on each side {level}, by the difference in "
        f"spreads: {joined(said)}. Tell me the two settings and their scores, or name "
        "a model whose runs are stored, and I say it for them."
    )
    return reply(q, text, rows=rows)


def _difference_warnings(
    sides: Sides | None, workloads: Sequence[str]
) -> tuple[str, ...]:
    found = []
    if sides is not None and sides.n_named > 2:
        found.append("More than two settings were named: I compared the first two.")
    if len(workloads) > 1:
        found.append(f"More than one model was named: I took {workloads[0]}.")
    return tuple(found)

"""Answers about runs: those that were made, and proposals of new ones.

Nothing starts and nothing stops here: a proposal waits for a yes (see `acting`).
"""

import re
import statistics
from collections.abc import Mapping, Sequence

from advisor.answers.evidence_rows import evidence_of
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.acting import propose_runs, runs_text
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.conversation.run_conditions import (
    RunQuery,
    read_conditions,
    runs_found_text,
)
from advisor.evidence.comparable_scores import best_scored_rate, why_not_compared
from advisor.evidence.scope import Asked
from advisor.planning.request import VerificationRequest
from advisor.planning.spec import VerificationSpec
from advisor.rates import rate_text
from advisor.reading.numbers import mark_numbers
from advisor.reading.question import Question
from advisor.reading.text import NUMBER, Mark, plain

_MOST_RUNS = 200
_BEST = re.compile(
    r"\b(?:scored|did|worked|performed|came out)(?: the)? (?:best|on top|first)\b|"
    r"\bbest[- ](?:scor\w+|runs?|trials?|results?)\b|\bcame out on top\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"({NUMBER}) +(?:(?:more|new|other|further|extra|different|random|separate|test|"
    r"verification|training|short|whole|full) )*(runs?|seeds?)\b"
)
_RUN_COLUMNS = (
    "id workload batch_size learning_rate outcome failed_at_step steps seed source"
).split()


def plan_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The runs that were asked for, as a proposal."""
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    if not workloads or not batches:
        return ask_back(q)
    batch_sizes = tuple(dict.fromkeys(map(check_batch_size, batches)))
    rates = tuple(map(check_learning_rate, several(q.slots.learning_rate)))
    counted, conditions = counts_in(q.text), q.conditions.said
    request = VerificationRequest(
        workload=workloads[0],
        batch_sizes=batch_sizes,
        asked=asked,
        learning_rates=rates,
        # A length of the turn before is the answer's, whose runs were offered as known.
        steps=None if "horizon_steps" in q.inherited else asked.horizon_steps,
        n_seeds=_seeds_of_each(counted, len(batch_sizes) * len(rates)),
        budget_seconds=q.budget_seconds,
        n_runs=counted.get("run"),
    )
    r = parts.answers.recommend(request.workload, request.batch_sizes[0], request.asked)
    plan, proposal = propose_runs(parts, request)
    text = plan.reason
    if proposal is not None and plan.spec is not None:
        text = (
            f"I can run {runs_text(plan)}.{_unmet(plan.spec, asked, counted)} Nothing "
            "has started: confirm the plan to run it."
        )
        if plan.spec.steps != asked.horizon_steps:
            conditions.pop("horizon_steps", None)
    return reply(
        q,
        text,
        conditions=conditions,
        recommendations=(r,),
        evidence=evidence_of(parts.library, [r]),
        plan=plan,
        proposal=proposal,
    )


def counts_in(text: str) -> dict[str, int]:
    """Return how many runs or seeds a text names, each if it does.

    >>> counts_in("3 more runs of digits_mlp at batch 32"), counts_in("with two seeds")
    ({'run': 3}, {'seed': 2})
    """
    marked, numbers = mark_numbers(plain(text).lower())
    found = [
        (match[2].rstrip("s"), numbers[ord(match[1]) - Mark.FIRST_NUMBER])
        for match in _COUNTED.finditer(marked)
    ]
    return {what: int(number.value) for what, number in found if number.is_whole}


def _seeds_of_each(counted: Mapping[str, int], n_trials: int) -> int:
    """The seeds of each named trial: as said, or enough for the runs that were."""
    if not n_trials:
        return 1
    return counted.get("seed", -(-counted.get("run", 1) // n_trials))


def _unmet(spec: VerificationSpec, asked: Asked, counted: Mapping[str, int]) -> str:
    """A sentence for each thing that was named and that these runs do not have."""
    said, horizon = "", asked.horizon_steps
    if horizon not in (None, spec.steps):
        said += (
            f" Each goes to {spec.steps:,} steps at most, not to the {horizon:,} asked "
            "about before: name a length for the runs to change that."
        )
    if "seed" in counted and spec.is_adaptive:
        said += (
            " Each has a seed and a rate of its own: name a rate to have it repeated "
            "with several seeds."
        )
    return said


def show_runs_answer(parts: Parts, q: Question, _asked: Asked) -> Answer:
    """The stored runs that a question names, newest first; or the one scored best."""
    sources = [row[0] for row in parts.store.rows("select distinct source from runs")]
    query = read_conditions(q, sources=sources)
    counted = parts.store.rows(
        "select coalesce(outcome, 'not judged'), count(*) from runs "
        f"where {query.where} group by 1 order by 2 desc, 1"
    )
    by_outcome = {str(name): int(n) for name, n in counted}
    list_sql = (
        f"select {', '.join(_RUN_COLUMNS)} from runs where {query.matching} "
        "order by created desc nulls last, id"
    )
    if _BEST.search(q.text):
        best = parts.store.rows(f"select id from runs where {query.matching}")
        return _best_answer(parts, q, query, [str(row[0]) for row in best])
    rows = parts.store.rows(f"{list_sql} limit {_MOST_RUNS}")
    table = tuple(dict(zip(_RUN_COLUMNS, row, strict=True)) for row in rows)
    total, matching = sum(by_outcome.values()), by_outcome
    if query.outcomes is not None:
        matching = {k: n for k, n in by_outcome.items() if k in query.outcomes}
    found = sum(matching.values())
    text = runs_found_text(query, total=total, matching=matching)
    if found > len(table):
        text += f" Here are the newest {len(table)}."
    return reply(
        q,
        text,
        rows=table,
        counts={"runs": found, "shown": len(table), "of": total, **matching},
        sql=(f"{query.count_sql};", f"{list_sql};") if found else (),
        evidence=tuple(
            {"kind": "run", "id": row["id"], "summary": f"{row['workload']}"}
            for row in table
        ),
    )


def best_so_far(parts: Parts, q: Question) -> Answer:
    """The rate that scored best of the stored runs that a question is about."""
    sources = [row[0] for row in parts.store.rows("select distinct source from runs")]
    query = read_conditions(q, sources=sources)
    found = parts.store.rows(f"select id from runs where {query.matching}")
    return _best_answer(parts, q, query, [str(row[0]) for row in found])


def _best_answer(
    parts: Parts, q: Question, query: RunQuery, ids: Sequence[str]
) -> Answer:
    """The rate with the best score among the runs whose scores compare."""
    runs = parts.library.runs_by_id(ids)
    scored = [run for run in runs if run.metric_value is not None and run.goal]
    left_out = why_not_compared(scored)
    compared = [run for run in scored if run.id not in left_out]
    words = f" {query.words}" if query.words else ""
    if not compared:
        return reply(q, f"No run{words} has a score.", rows=())
    rate = best_scored_rate(compared)
    at_best = [run for run in compared if run.learning_rate == rate]
    sign = -1 if at_best[0].goal == "max" else 1
    top = min(at_best, key=lambda run: sign * (run.metric_value or 0.0))
    mean = statistics.mean(run.metric_value or 0.0 for run in at_best)
    text = (
        f"{rate_text(rate)} scored best of {len(compared)} scored "
        f"run{'' if len(compared) == 1 else 's'}{words}: {top.metric_name} "
        f"{mean:.4g}{' on average' if len(at_best) > 1 else ''} "
        f"({'more' if sign < 0 else 'less'} is better), best in run {top.id}, with "
        f"batch {top.batch_size}."
    )
    if left_out:
        text += f" {len(left_out)} others do not compare with them."
    table = [{name: getattr(run, name) for name in _RUN_COLUMNS} for run in at_best]
    return reply(
        q,
        text,
        rows=tuple(table),
        evidence=tuple(
            {"kind": "run", "id": run.id, "summary": run.workload} for run in at_best
        ),
    )

"""Answers about runs: those that were made, and proposals of new ones.

Nothing starts and nothing stops here: a proposal waits for a yes (see `acting`).
"""

from advisor.answers.evidence_rows import evidence_of
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.acting import propose_runs, runs_text
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.conversation.run_conditions import read_conditions, runs_found_text
from advisor.evidence.scope import Asked
from advisor.planning.request import VerificationRequest
from advisor.reading.question import Question

_MOST_RUNS = 200
_RUN_COLUMNS = (
    "id workload batch_size learning_rate outcome failed_at_step steps seed source"
).split()


def plan_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The runs that were asked for, as a proposal."""
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    if not workloads or not batches:
        return ask_back(q)
    request = VerificationRequest(
        workload=workloads[0],
        batch_sizes=tuple(dict.fromkeys(map(check_batch_size, batches))),
        asked=asked,
        learning_rates=tuple(
            check_learning_rate(rate) for rate in several(q.slots.learning_rate)
        ),
        budget_seconds=q.budget_seconds,
    )
    r = parts.answers.recommend(request.workload, request.batch_sizes[0], request.asked)
    plan, proposal = propose_runs(parts, request)
    text = plan.reason
    if proposal is not None:
        text = (
            f"I can run {runs_text(plan)}. Nothing has started: confirm the plan to "
            "run it."
        )
    return reply(
        q,
        text,
        recommendations=(r,),
        evidence=evidence_of(parts.library, [r]),
        plan=plan,
        proposal=proposal,
    )


def show_runs_answer(parts: Parts, q: Question, _asked: Asked) -> Answer:
    """The stored runs that a question names, newest first, and how many there are."""
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

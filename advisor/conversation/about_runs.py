"""Answers about runs and jobs, and proposals of what may be done with them.

Nothing starts and nothing stops here: a proposal waits for a yes (see `acting`).
"""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from advisor.answers.evidence_rows import evidence_of, scope_of, setting_of
from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import setting_text, title_of
from advisor.checks import check_batch_size, check_learning_rate
from advisor.conversation.acting import (
    job_words,
    propose_cancel,
    propose_observation,
    propose_retraction,
    propose_runs,
    runs_text,
)
from advisor.conversation.answer import Answer, reply, several
from advisor.conversation.asking_back import ask_back
from advisor.conversation.choosing_jobs import choose_jobs, named_numbers
from advisor.conversation.observing import (
    IN_DOUBT,
    Observation,
    is_told_in,
    is_told_of,
    observed_text,
    told_outcome,
    told_steps,
)
from advisor.conversation.run_conditions import read_conditions, runs_found_text
from advisor.rates import rate_text
from advisor.reading.parsing import Question
from advisor.running.verification import job_dict
from advisor.words import joined
from experiments.jobs.records import Job
from experiments.workloads import WORKLOADS
from knowledge.names import WorkloadName

if TYPE_CHECKING:
    from advisor.service import Advisor

_MOST_RUNS = 200
_RUN_COLUMNS = (
    "id workload batch_size learning_rate outcome failed_at_step steps seed source"
).split()
_DIGITS = "digits_"
# A claim's run length is taken to be from 1e4 to 1e6 steps (`advisor.statistics.priors`).
FEWEST_STEPS = 10_000
FARTHEST = 100.0  # times the threshold: beyond it a report is more likely a slip
_JOB_COLUMNS = "number state workload batch_size learning_rate seed progress id".split()
_TAKES_BACK = re.compile(
    r"\b(?:retract|take back|takes? (?:it|that|this) back|withdraw|undo|forget|delete|"
    r"remove)\b.{0,40}\b(?:observations?|claims?|reports?|what i (?:said|saw|reported|"
    r"told))\b",
    re.IGNORECASE,
)


def plan_answer(advisor: "Advisor", q: Question) -> Answer:
    """The runs that were asked for, as a proposal."""
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    if not workloads or not batches:
        return ask_back(q)
    sizes = [check_batch_size(b) for b in batches]
    rates = [check_learning_rate(rate) for rate in several(q.slots.learning_rate)]
    r = advisor.recommend(workloads[0], sizes[0], **scope_of(q))
    plan, proposal = propose_runs(
        advisor,
        workloads[0],
        sizes,
        rates,
        **setting_of(q),
        budget_seconds=q.budget_seconds,
    )
    text = plan["reason"]
    if proposal is not None:
        text = (
            f"I can run {runs_text(plan)}. Nothing has started: confirm the plan to "
            "run it."
        )
    return reply(
        q,
        text,
        recommendations=(r,),
        evidence=evidence_of(advisor, [r]),
        plan=plan,
        proposal=proposal,
    )


def show_runs_answer(advisor: "Advisor", q: Question) -> Answer:
    """The stored runs that a question names, newest first, and how many there are."""
    sources = [row[0] for row in advisor.store.rows("select distinct source from runs")]
    query = read_conditions(q, sources=sources)
    counted = advisor.store.rows(
        "select coalesce(outcome, 'not judged'), count(*) from runs "
        f"where {query.where} group by 1 order by 2 desc, 1"
    )
    by_outcome = {str(name): int(n) for name, n in counted}
    list_sql = (
        f"select {', '.join(_RUN_COLUMNS)} from runs where {query.matching} "
        "order by created desc nulls last, id"
    )
    rows = advisor.store.rows(f"{list_sql} limit {_MOST_RUNS}")
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


# -- jobs ------------------------------------------------------------------------------


def status_answer(advisor: "Advisor", q: Question) -> Answer:
    """What runs and waits."""
    jobs = [job for job in advisor.jobs() if not job.is_over]
    rows = _job_rows(jobs)
    running = sum(row["state"] == "running" for row in rows)
    waiting = sum(row["state"] == "queued" for row in rows)
    broken = sum(row["state"] == "interrupted" for row in rows)
    text = f"{running} running, {waiting} waiting" if jobs else "No job is running"
    if broken:
        text += f", {broken} interrupted (its worker is gone; it can be resumed)"
    counts = {"running": running, "waiting": waiting, "interrupted": broken}
    trouble = advisor.tending.trouble()
    text = f"{text}. {trouble}" if trouble else f"{text}."
    return reply(q, text, rows=rows, counts=counts)


def cancel_answer(advisor: "Advisor", q: Question) -> Answer:
    """The jobs that a question means to stop, as a proposal."""
    every = advisor.jobs()
    jobs = [job for job in every if not job.is_over]
    sizes = [int(size) for size in several(q.slots.batch_size)]
    chosen = choose_jobs(
        q.text if q.job is None else f"{q.text} #{q.job}",
        jobs,
        workloads=_named_workloads(q),
        batch_sizes=sizes if "batch_size" not in q.inherited else (),
    )
    if chosen:
        proposal = propose_cancel(advisor, chosen)
        words = joined([job_words(job) for job in chosen])
        text = f"Shall I stop {words}? Nothing has been stopped yet."
        return reply(q, text, rows=_job_rows(chosen), proposal=proposal)
    if not jobs:
        text = "No job is running or waiting, so there is nothing to cancel."
        if over := [job for job in every if str(job.number) in named_numbers(q.text)]:
            text += " " + " ".join(f"J{job_words(j)[1:]} is {j.state}." for j in over)
        return reply(q, text, rows=())
    words = joined([job_words(job) for job in jobs])
    return reply(
        q,
        f"Nothing was stopped: none of the jobs is that one. Unfinished: {words}.",
        rows=_job_rows(jobs),
    )


def _named_workloads(q: Question) -> list[str]:
    """The workloads whose jobs are meant; "the digits ones" are both."""
    if "workload" in q.inherited:
        return []
    named = several(q.slots.workload)
    both = [name for name in WORKLOADS if name.startswith(_DIGITS)]
    if re.search(r"\bdigits?\b(?!_)", q.text.lower()) and set(named) <= set(both):
        return both
    return named


def _job_rows(jobs: list[Job]) -> tuple[dict[str, Any], ...]:
    documents = [job_dict(job) for job in jobs]
    return tuple({name: d[name] for name in _JOB_COLUMNS} for d in documents)


# -- a person's own observations -------------------------------------------------------


def observation_offer(advisor: "Advisor", q: Question, answer: Answer) -> Answer:
    """The answer, with the offer to keep what its question tells of a run.

    What was told counts once a person said yes, and never before.
    """
    bound = told_outcome(q.text)
    slots = q.slots
    if bound is None or answer.proposal is not None or answer.recommendation is None:
        return answer
    if not (
        isinstance(slots.workload, str)
        and isinstance(slots.batch_size, int)
        and isinstance(slots.learning_rate, float)
    ):
        return answer
    if not is_told_of(q.text, slots.batch_size, slots.learning_rate):
        return answer
    r = answer.recommendation
    steps = told_steps(q.text)
    seen = Observation(
        workload=r.workload,
        batch_size=slots.batch_size,
        learning_rate=slots.learning_rate,
        bound=bound,
        words=q.text,
        optimizer=r.optimizer,
        recipe=r.recipe,
        device=r.device,
        assumed=_assumed(q, r),
        steps=round(steps) if steps else None,
    )
    if bound == IN_DOUBT:
        return _ask_how_it_ended(answer, seen)
    refusal = _why_not_kept(advisor, seen, r)
    if refusal is not None:
        return replace(answer, text=f"{answer.text}\n\n{refusal}")
    proposal = propose_observation(advisor, seen)
    text = (
        f"{answer.text}\n\nIf you saw this yourself: shall I keep it as your "
        f"observation ({observed_text(seen)}, {setting_text(r)})? It would count from "
        "then on."
    )
    return replace(answer, text=text, proposal=proposal)


def _ask_how_it_ended(answer: Answer, seen: Observation) -> Answer:
    """The answer, with the question whether the run held or failed."""
    length = f" {seen.steps:,} steps" if seen.steps else ""
    place = (
        f"{title_of(seen.workload)} at batch {seen.batch_size} with "
        f"{rate_text(seen.learning_rate)}"
    )
    options = [
        f"{place} held{f' for{length}' if length else ''}.",
        f"{place} failed{f' after{length}' if length else ''}.",
    ]
    asked = "Did it hold or fail in the end? I keep what you saw once you say which."
    return replace(
        answer,
        text=f"{answer.text}\n\n{asked}",
        clarification={"question": "Did it hold or fail?", "options": options},
    )


def _why_not_kept(
    advisor: "Advisor", seen: Observation, r: Recommendation
) -> str | None:
    """Why what was seen is not offered to be kept; None when it is."""
    if seen.bound == "stable" and seen.steps is not None and seen.steps < FEWEST_STEPS:
        return (
            f"You saw it hold for {seen.steps:,} steps. Failures come late, so I keep "
            "only what held for ten thousand steps or more."
        )
    if r.max_stable is not None:
        times = seen.learning_rate / r.max_stable.median
        is_odd = times > FARTHEST if seen.bound == "stable" else times < 1 / FARTHEST
        if is_odd:
            return (
                "That is so far from where half of all runs fail that I take it for a "
                "slip and do not offer to keep it."
            )
    told = [is_told_in(seen, claim) for claim in advisor.own_claims()]
    return "I have kept that observation of yours before." if any(told) else None


def _assumed(q: Question, r: Recommendation) -> str | None:
    """What a person did not say of their run and is taken as usual here."""
    if q.slots.optimizer is not None or r.recipe is None:
        return None
    return f"The optimizer was not said: taken as {r.recipe}."


def takes_back(text: str) -> bool:
    """Whether a text asks to take back what a person reported.

    >>> takes_back("retract my observation about original batch 8")
    True
    """
    return _TAKES_BACK.search(text) is not None


def retraction_answer(advisor: "Advisor", q: Question) -> Answer:
    """The person's newest observation that fits, as a proposal to take it back."""
    own = advisor.own_claims()
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    fitting = [
        claim
        for claim in own
        if (
            not workloads or WorkloadName.parse(claim.workload or "x").base in workloads
        )
        and (not batches or claim.batch_size in batches)
    ]
    rows = tuple({"id": claim.id, "observation": claim.statement} for claim in own)
    if not fitting:
        text = "You have no observation of your own here" + (
            " that fits; these are all." if own else "."
        )
        return reply(q, text, intent="cancel", rows=rows)
    proposal = propose_retraction(advisor, fitting[-1])
    return reply(
        q,
        f"Shall I {proposal.summary}? Nothing has changed yet.",
        intent="cancel",
        rows=rows,
        proposal=proposal,
    )

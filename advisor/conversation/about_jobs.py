"""Answers about jobs under way, and the offer to cancel them."""

import re
from typing import Any

from advisor.checks import several
from advisor.conversation.acting import job_words, propose_cancel
from advisor.conversation.answer import Answer, reply
from advisor.conversation.parts import Parts
from advisor.reading.choosing_jobs import choose_jobs, named_numbers
from advisor.reading.question import Question
from advisor.running.job_documents import job_dict
from advisor.words import joined
from experiments.jobs.records import Job
from experiments.workloads.registry import names_of_kind

_JOB_COLUMNS = "number state workload batch_size learning_rate seed progress id".split()


def status_answer(parts: Parts, q: Question) -> Answer:
    """What runs and waits."""
    jobs = [job for job in parts.verifications.jobs() if not job.is_over]
    rows = job_rows(jobs)
    running = sum(row["state"] == "running" for row in rows)
    waiting = sum(row["state"] == "queued" for row in rows)
    broken = sum(row["state"] == "interrupted" for row in rows)
    text = f"{running} running, {waiting} waiting" if jobs else "No job is running"
    if broken:
        text += f", {broken} interrupted (its worker is gone; it can be resumed)"
    counts = {"running": running, "waiting": waiting, "interrupted": broken}
    trouble = parts.verifications.supervision.trouble()
    text = f"{text}. {trouble}" if trouble else f"{text}."
    return reply(q, text, rows=rows, counts=counts)


def cancel_answer(parts: Parts, q: Question) -> Answer:
    """The jobs that a question means to stop, as a proposal."""
    every = parts.verifications.jobs()
    jobs = [job for job in every if not job.is_over]
    sizes = [int(size) for size in several(q.slots.batch_size)]
    chosen = choose_jobs(
        q.text if q.job is None else f"{q.text} #{q.job}",
        jobs,
        workloads=_named_workloads(q),
        batch_sizes=sizes if "batch_size" not in q.inherited else (),
    )
    if chosen:
        proposal = propose_cancel(parts, chosen)
        words = joined([job_words(job) for job in chosen])
        text = f"Shall I stop {words}? Nothing has been stopped yet."
        return reply(q, text, rows=job_rows(chosen), proposal=proposal)
    if not jobs:
        text = "No job is running or waiting, so there is nothing to cancel."
        if over := [job for job in every if str(job.number) in named_numbers(q.text)]:
            text += " " + " ".join(f"J{job_words(j)[1:]} is {j.state}." for j in over)
        return reply(q, text, rows=())
    words = joined([job_words(job) for job in jobs])
    return reply(
        q,
        f"Nothing was stopped: none of the jobs is that one. Unfinished: {words}.",
        rows=job_rows(jobs),
    )


def _named_workloads(q: Question) -> list[str]:
    """The workloads whose jobs are meant; "the digits ones" are both."""
    if "workload" in q.inherited:
        return []
    named = several(q.slots.workload)
    both = list(names_of_kind("digits"))
    if re.search(r"\bdigits?\b(?!_)", q.text.lower()) and set(named) <= set(both):
        return both
    return named


def job_rows(jobs: list[Job]) -> tuple[dict[str, Any], ...]:
    documents = [job_dict(job) for job in jobs]
    return tuple({name: d[name] for name in _JOB_COLUMNS} for d in documents)

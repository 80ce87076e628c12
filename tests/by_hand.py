"""Runs that a test carries out itself, in place of a supervisor and its workers."""

from collections.abc import Callable

import pytest

from advisor.running.supervision import Supervision
from advisor.running.tending import Tending
from advisor.running.verification import Verification
from advisor.service import Advisor
from experiments.jobs.records import Job
from experiments.jobs.worker import do_job

MOST_JOBS = 60


def nothing(supervision: Supervision) -> None:
    """What takes the place of a supervisor where what is queued is to wait."""


def start_instead(
    monkeypatch: pytest.MonkeyPatch, then: Callable[[Supervision], None] = nothing
) -> None:
    """Let no process be started for what is queued; do `then` in its place."""
    monkeypatch.setattr(Supervision, "start", then)
    monkeypatch.setattr(Supervision, "look", nothing)


def advance(advisor: Advisor, verification_id: str) -> None:
    """Queue what is due, as a supervisor would."""
    Tending(advisor.store, advisor.queue, advisor.planner).advance(verification_id)


def work(advisor: Advisor, verification: Verification) -> list[Job]:
    """Advance and carry out until nothing is left; return each job as it stopped."""
    stops: list[Job] = []
    while len(stops) < MOST_JOBS:
        advance(advisor, verification.id)
        job = advisor.queue.claim("us")
        if job is None:
            return stops
        do_job(advisor.queue, advisor.store.folder, job, "us")
        stops.append(advisor.queue.job(job.id))
    raise AssertionError("it does not come to an end")

"""What is fastest here: its chart, and the button that measures what is missing."""

import time
from dataclasses import replace
from typing import Any

import streamlit as st

from advisor.answers.fastest_batch import FastestBatch
from advisor.charts.throughput import build_throughput_chart, describe_throughput_chart
from advisor.evidence.scope import PRECISION
from advisor.running.speeds import start_measuring
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, ask_turn
from advisor.words import duration_text, title_of
from experiments.jobs.records import SPEED, Job
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName

REFRESH_SECONDS = 1.0
LONG_BUDGET_SECONDS = 240.0  # a full-size face model takes seconds a step on a CPU


def render_speeds(found: FastestBatch, *, key: str) -> None:
    """Draw examples per second against batch size."""
    st.altair_chart(
        build_throughput_chart(found),
        width="stretch",
        key=key,
        alt=describe_throughput_chart(found),
    )


def render_measuring(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Offer to measure the speed a turn asked for, or show how that goes on."""
    turn: Turn = turns[index]
    found = turn.answer.fastest
    if found is None or find_spec(found.report.workload) is None:
        return
    if found.report.precision != PRECISION:  # only that is measured by itself
        return
    workload = found.report.workload
    with errors_shown():
        job = _under_way(advisor, workload)
        if job is not None or turn.measuring_id is not None:
            if job is not None and job.id != turn.measuring_id:
                turns[index] = replace(turn, measuring_id=job.id)
            fragment = st.fragment(_render_timing, run_every=REFRESH_SECONDS)
            fragment(advisor, turns, index)
            return
        pressed = st.button(
            "Measure again" if found.choices else "Measure it here",
            key=f"ask_measure_{index}",
            icon=":material/timer:",
            help=f"Trains {title_of(workload)} for {_length(found)} at several batch "
            "sizes and keeps how fast it went. It can be cancelled at any time.",
        )
        if not pressed:
            return
        with st.spinner("Seeing whether it fits into the memory ..."):
            job_id = start_measuring(
                advisor.store,
                advisor.queue,
                workload,
                n_workers=advisor.settings.n_workers,
                device=found.report.device,
                budget_seconds=LONG_BUDGET_SECONDS if _is_slow(found) else None,
            )
        advisor.supervision.start()
        turns[index] = replace(turn, measuring_id=job_id, done=None)
        st.rerun()


def _under_way(advisor: Advisor, workload: str) -> Job | None:
    """The timing of a workload that is not over, if one is."""
    jobs = advisor.queue.jobs(unfinished=True)
    named = (job for job in jobs if job.config.workload == workload)
    return next((job for job in named if job.kind == SPEED), None)


def _render_timing(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw how far a timing is; once it is over, answer the turn again."""
    turn: Turn = turns[index]
    if turn.measuring_id is None:
        return
    with errors_shown():
        advisor.verifications.look_after()
        job = advisor.queue.job(turn.measuring_id)
        if job.is_over:
            turns[index] = timed_turn(advisor, turn, job)
            st.rerun()
        with st.container(border=True, key=f"ask_timing_{index}"):
            title, button = st.columns([3, 1], vertical_alignment="center")
            title.markdown(f"**Measuring {escaped(title_of(job.config.workload))}**")
            button.button(
                "Cancelling ..." if job.cancel else "Cancel",
                key=f"ask_timing_cancel_{index}",
                disabled=job.cancel is not None,
                on_click=advisor.cancel,
                args=(job.id,),
            )
            st.progress(job.progress, text=timing_text(job, now=time.time()))


def timing_text(job: Job, *, now: float) -> str:
    """Return how far a timing is and how long it still takes, at most."""
    if job.started is None or job.progress == 0:
        return "Starting PyTorch, then the smallest batch size comes first."
    left = (job.estimated_seconds or 0.0) - (now - job.started)
    left_text = f"at most {duration_text(left)} left" if left >= 1 else "nearly done"
    return f"{100 * job.progress:.0f} % of the batch sizes are timed, {left_text}"


def timed_turn(advisor: Advisor, turn: Turn, job: Job) -> Turn:
    """Return the turn answered again after a timing, with what came of it.

    Raises:
        AdvisorError: The store cannot be used.
    """
    if job.state != "finished":
        cancelled = "Cancelled: nothing was measured."
        said = cancelled if job.state == "cancelled" else job.error or "It failed."
        return replace(turn, measuring_id=None, done=said)
    again = ask_turn(advisor, turn.answer.question, turn.context, save=False)
    answer = replace(again.answer, answer_id=turn.answer.answer_id)
    return replace(again, answer=answer, plan_id=turn.plan_id, done=job.note)


def _is_slow(found: FastestBatch) -> bool:
    spec = find_spec(found.report.workload)
    is_proxy = WorkloadName.parse(found.report.workload).is_proxy
    is_small = spec is not None and spec.small_enough_for_cpu
    return not (is_small or is_proxy or found.report.device != "cpu")


def _length(found: FastestBatch) -> str:
    return "a few minutes" if _is_slow(found) else "less than a minute"

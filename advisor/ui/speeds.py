"""What is fastest here: its chart, and the button that measures what is missing."""

from dataclasses import replace
from typing import Any

import streamlit as st

from advisor.answers.fastest_batch import FastestBatch
from advisor.charts.throughput import build_throughput_chart, describe_throughput_chart
from advisor.evidence.scope import PRECISION
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.turns import Turn, ask_turn
from advisor.words import title_of
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName

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
    """Offer to measure the speed a turn asked for; then answer the turn anew."""
    turn: Turn = turns[index]
    found = turn.answer.fastest
    if found is None or find_spec(found.report.workload) is None:
        return
    if found.report.precision != PRECISION:  # only that is measured by itself
        return
    workload = found.report.workload
    pressed = st.button(
        "Measure again" if found.choices else "Measure it here",
        key=f"ask_measure_{index}",
        help=f"Trains {title_of(workload)} for {_length(found)} at several batch sizes "
        "and keeps how fast it went.",
    )
    if not pressed:
        return
    with errors_shown():
        with st.spinner(f"Measuring {title_of(workload)} ..."):
            advisor.measure_speed(
                workload,
                device=found.report.device,
                budget_seconds=LONG_BUDGET_SECONDS if _is_slow(found) else None,
            )
        again = ask_turn(advisor, turn.answer.question, turn.context, save=False)
        answer = replace(again.answer, answer_id=turn.answer.answer_id)
        turns[index] = replace(again, answer=answer, plan_id=turn.plan_id)
        st.rerun()


def _is_slow(found: FastestBatch) -> bool:
    spec = find_spec(found.report.workload)
    is_proxy = WorkloadName.parse(found.report.workload).is_proxy
    is_small = spec is not None and spec.small_enough_for_cpu
    return not (is_small or is_proxy or found.report.device != "cpu")


def _length(found: FastestBatch) -> str:
    return "a few minutes" if _is_slow(found) else "less than a minute"

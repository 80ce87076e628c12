"""The curves of several runs in one chart, with how each ended."""

from collections.abc import Mapping, Sequence

import streamlit as st

from advisor.charts.curves import (
    build_comparison_chart,
    in_order,
    metric_words,
    score_text,
    smoothed,
)
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.tables import RUN_LINK
from advisor.words import outcome_text, steps_text, title_of
from knowledge.records import Curve, Run

LOSS = "loss"
MOST_COMPARED = 6  # colours and dashes that can be told apart


def render_comparison(advisor: Advisor, ids: Sequence[str]) -> None:
    """Draw the curves of several runs and, below, what is different about them."""
    shown = ids[:MOST_COMPARED]
    runs = [advisor.store.run(one) for one in shown if not one.startswith("job:")]
    st.header(f"{len(runs)} runs compared", anchor=False)
    if len(ids) > len(shown):
        st.caption(f"The first {MOST_COMPARED} of {len(ids)} ticked.")
    curves = {run.id: advisor.store.curve(run.id) for run in runs}
    labels = labels_of(runs)
    measured = [LOSS, *in_order({n for c in curves.values() for n in c.metrics})]
    name = st.selectbox(
        "What is compared", measured, format_func=_words, key="runs_compared_metric"
    )
    lines = {
        labels[run_id]: points
        for run_id, curve in curves.items()
        if (points := points_of(curve, name))
    }
    if lines:
        st.altair_chart(
            build_comparison_chart(lines, title=_words(name)),
            width="stretch",
            key="runs_compared",
            alt=f"{_words(name)} of {len(lines)} runs against the step.",
        )
    if len(lines) < len(runs):
        st.caption("Runs that others reported have no curve.")
    st.table([_row(run, labels[run.id]) for run in runs], hide_index=True)


def points_of(curve: Curve, name: str) -> list[tuple[int, float]]:
    """Return what is drawn of a curve: the smoothed loss, or a metric as it is."""
    if name == LOSS:
        return smoothed(list(enumerate(curve.losses, 1)))
    return list(curve.metrics.get(name, ()))


def labels_of(runs: Sequence[Run]) -> Mapping[str, str]:
    """Return a short name for each run by its id: what tells it from the others."""
    several = len({run.workload for run in runs}) > 1
    names: dict[str, str] = {}
    for run in runs:
        model = f"{title_of(run.workload)} " if several else ""
        name = f"{model}{rate_text(run.learning_rate)} at batch {run.batch_size}"
        if name in names.values():
            name = f"{name}, seed {run.seed}"
        if name in names.values():
            name = f"{name} ({run.id[-4:]})"
        names[run.id] = name
    return names


def _words(name: str) -> str:
    return "Loss, smoothed" if name == LOSS else metric_words(name)


def _row(run: Run, label: str) -> dict[str, str]:
    return {
        "Run": f"[{label}]({RUN_LINK}{run.id})",
        "How it ended": outcome_text(run.outcome, run.failed_at_step),
        "Steps": steps_text(run.steps, run.horizon_steps),
        "Score": score_text(run.metric_name, run.metric_value),
    }

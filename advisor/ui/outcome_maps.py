"""The outcome map on the Evidence page: pick a workload, see how its runs ended."""

import streamlit as st

from advisor.charts.outcome_map import (
    MAX_PANELS,
    Panels,
    build_outcome_map,
    describe_outcome_map,
    panels_by_horizon,
    panels_by_recipe,
)
from advisor.service import Advisor
from advisor.words import count_text, title_of
from knowledge.records import Run

HORIZONS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
# The keys under which the session holds what was chosen; the recipes to choose from
# change with the workload.
MAP_CHOICES = ("evidence_map_of", "evidence_map_by")
BY_RECIPE, BY_HORIZON = "recipe", "run length"


def render_outcome_map(advisor: Advisor) -> None:
    """Draw the choice of a workload and the map of its outcomes."""
    counts = advisor.store.rows(
        "select workload, count(*) from runs where outcome is not null "
        "group by workload order by 2 desc, 1"
    )
    if not counts:
        st.text("No run has an outcome yet: verify a rate, or import runs with one.")
        return
    st.session_state.setdefault("evidence_map_by", BY_RECIPE)
    words = {name: f"{title_of(name)} ({count_text(n, 'run')})" for name, n in counts}
    left, right = st.columns(2)
    workload = left.selectbox(
        "Workload", list(words), format_func=words.__getitem__, key="evidence_map_of"
    )
    panel = right.segmented_control(
        "One panel for each",
        [BY_RECIPE, BY_HORIZON],
        required=True,
        key="evidence_map_by",
    )
    runs = [run for run in advisor.store.runs(workload=workload) if run.outcome]
    if panel == BY_HORIZON:
        recipes = sorted({run.recipe or run.optimizer for run in runs})
        chosen = left.selectbox("Recipe", recipes, key="evidence_map_recipe")
        runs = [run for run in runs if (run.recipe or run.optimizer) == chosen]
        panels = panels_by_horizon(runs, lengths_of(runs))
        st.caption(
            "The same runs after so many steps. Runs that were planned or "
            "cut shorter are left out."
        )
    else:
        panels = panels_by_recipe(runs)
    render_panels(panels)


def lengths_of(runs: list[Run]) -> list[int]:
    """Return the round lengths that the runs span, and the longest of them."""
    longest = max((run.steps or run.horizon_steps or 0 for run in runs), default=0)
    round_ones = [steps for steps in HORIZONS if steps < longest]
    return [*round_ones[-5:], longest] if longest else []


def render_panels(panels: Panels) -> None:
    """Draw the map with what it shows in words below."""
    if not panels:
        st.text("None of these runs says how long it held.")
        return
    st.altair_chart(build_outcome_map(panels), width="content")
    if len(panels) > MAX_PANELS:
        st.text(f"These are the first {MAX_PANELS} of {len(panels)} panels.")
    st.caption(describe_outcome_map(panels))

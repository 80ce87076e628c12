"""The outcome map on the Evidence page: pick a workload, see how its runs ended."""

import streamlit as st

from advisor.charts.outcome_map import (
    MAX_PANELS,
    Panels,
    build_panels,
    describe_outcome_map,
    legend_text,
    panels_by_horizon,
    panels_by_recipe,
)
from advisor.service import Advisor
from advisor.ui.text import escaped
from advisor.words import count_text, title_of
from experiments.workloads.registry import find_spec
from knowledge.records import Run

HORIZONS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
BY_RECIPE, BY_HORIZON = "recipe", "run length"
FACES = "faceswap"  # whose models come first while nothing was asked
NARROWEST_PANEL = 300  # pixels


def render_outcome_map(advisor: Advisor) -> None:
    """Draw the choice of a workload and the map of its outcomes."""
    counts = dict(
        advisor.store.rows(
            "select workload, count(*) from runs where outcome is not null "
            "group by workload order by 2 desc, 1"
        )
    )
    if not counts:
        st.text("No run has an outcome yet: verify a rate, or import runs with one.")
        return
    first = first_workload(list(counts), asked_last(advisor))
    words = {n: f"{title_of(n)} ({count_text(c, 'run')})" for n, c in counts.items()}
    row = st.container(horizontal=True, vertical_alignment="bottom")
    workload = row.selectbox(
        "Model",
        list(words),
        index=list(words).index(first),
        format_func=words.__getitem__,
        key="evidence_map_of",
        persist_state="session",
    )
    panel = row.segmented_control(
        "One panel for each",
        [BY_RECIPE, BY_HORIZON],
        default=BY_RECIPE,
        required=True,
        key="evidence_map_by",
        persist_state="session",
    )
    runs = [run for run in advisor.store.runs(workload=workload) if run.outcome]
    if panel == BY_HORIZON:
        recipes = sorted({run.recipe or run.optimizer for run in runs})
        chosen = row.selectbox("Recipe", recipes, key="evidence_map_recipe")
        runs = [run for run in runs if (run.recipe or run.optimizer) == chosen]
        panels = panels_by_horizon(runs, lengths_of(runs))
        st.caption(
            "The same runs after so many steps. Runs that were planned shorter, or "
            "stopped before, are left out."
        )
    else:
        panels = panels_by_recipe(runs)
    render_panels(panels)


def asked_last(advisor: Advisor) -> str | None:
    """Return the workload that was last asked about by name, if any was."""
    rows = advisor.store.rows(
        "select slots->>'$.workload' from answers "
        "where json_type(slots, '$.workload') = 'VARCHAR' order by asked desc limit 1"
    )
    return rows[0][0] if rows else None


def first_workload(with_runs: list[str], asked: str | None) -> str:
    """Return the workload whose map is drawn first, of those with runs, most first.

    That is the one asked about last or a narrow copy of it; else a face model.

    >>> first_workload(["digits_mlp", "realface@1/16", "dlight@1/8"], "dlight")
    'dlight@1/8'
    >>> first_workload(["digits_mlp", "realface@1/16"], None)
    'realface@1/16'
    """
    if asked is not None:
        own = [n for n in with_runs if n.lower() == asked.lower()]
        copies = [n for n in with_runs if n.lower().startswith(f"{asked.lower()}@")]
        if own or copies:
            return [*own, *copies][0]
    specs = ((name, find_spec(name)) for name in with_runs)
    faces = [name for name, spec in specs if spec and spec.group == FACES]
    return (faces or with_runs)[0]


def lengths_of(runs: list[Run]) -> list[int]:
    """Return the round lengths that the runs span, and the longest of them."""
    longest = max((run.steps or run.horizon_steps or 0 for run in runs), default=0)
    round_ones = [steps for steps in HORIZONS if steps < longest]
    return [*round_ones[-5:], longest] if longest else []


def render_panels(panels: Panels) -> None:
    """Draw the map in as many columns as there is room for, and say it in words."""
    if not panels:
        st.text("None of these runs says how long it held.")
        return
    st.text(legend_text(panels))
    with st.grid(min(3, len(panels)), min_column_width=NARROWEST_PANEL) as grid:
        for number, (title, chart) in enumerate(build_panels(panels).items()):
            with grid.cell():
                st.markdown(f"**{escaped(title)}**")
                st.altair_chart(
                    chart,
                    width="stretch",
                    key=f"evidence_map_{number}",
                    alt=describe_outcome_map({title: panels[title]}),
                )
    if len(panels) > MAX_PANELS:
        st.text(f"These are the first {MAX_PANELS} of {len(panels)} panels.")
    st.caption(describe_outcome_map(panels))

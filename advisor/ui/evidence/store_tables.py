"""One table of the store with filters; a click on a row opens its run or report."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from advisor.service import Advisor
from advisor.ui.evidence.reports import open_report
from advisor.ui.resources import errors_shown
from advisor.ui.runs.detail import render_run_or_job
from advisor.ui.tables import (
    FILTERS,
    LABELS,
    ROWS_SHOWN,
    TableView,
    columns_shown,
    count_rows,
    csv_bytes,
    load_rows,
    parquet_bytes,
    pick_rows,
    shown,
    values_of,
)
from advisor.words import OUTCOME_KINDS, count_text, title_of

ABOUT = {
    "runs": "One row per training run: ours and imported ones.",
    "claims": "What others say, with source, reliability (0 to 1) and, marked apart, "
    "what is our reading of it. A report is never counted as a run.",
    "trials": "One row per model, recipe, batch size and rate, with how runs ended.",
    "answers": "Every answer that was given.",
    "forecasts": "What was expected of each run before it started; Track record says "
    "how it came out.",
    "throughput": "How fast each batch size trains on this computer, as measured.",
    "jobs": "The training processes and how they ended.",
    "workloads": "Every known model with its data.",
}


@st.dialog("Run", width="large")
def open_run(advisor: Advisor, name: str) -> None:
    """Draw a run, or the job that was to make it."""
    with errors_shown():
        render_run_or_job(advisor, name)


VALUE_WORDS: Mapping[str, Callable[[str], str]] = {
    "workload": title_of,
    "outcome": lambda outcome: OUTCOME_KINDS.get(outcome, outcome),
}
# Table -> the column that names what a row opens, and how that is drawn.
OPENS: Mapping[str, tuple[str, Callable[[Advisor, str], None]]] = {
    "runs": ("id", open_run),
    "jobs": ("id", open_run),
    "forecasts": ("job_id", open_run),
    "claims": ("id", open_report),
}


def render_tables(advisor: Advisor) -> None:
    """Draw one table with its filters, its row count and its downloads."""
    chosen = st.segmented_control(
        "Table",
        list(FILTERS),
        default=next(iter(FILTERS)),
        required=True,
        key="evidence_table",
        persist_state="session",
    )
    table = chosen or next(iter(FILTERS))
    st.caption(ABOUT[table])
    view = TableView(table, _filters(advisor, table))
    count = count_rows(advisor, view)
    found = load_rows(advisor, view, limit=ROWS_SHOWN)
    part = f", the first {len(found):,} shown" if count > len(found) else ""
    st.markdown(f"**{count_text(count, 'row')}**{part}")
    if count == 0:
        st.text("No row matches. Runs come from verifications and imports.")
        return
    _render_rows(advisor, table, found)
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: csv_bytes(load_rows(advisor, view)),
            file_name=f"{table}.csv",
            mime="text/csv",
            key="evidence_csv",
            on_click="ignore",
        )
        st.download_button(
            "Download Parquet",
            lambda: parquet_bytes(load_rows(advisor, view)),
            file_name=f"{table}.parquet",
            mime="application/vnd.apache.parquet",
            key="evidence_parquet",
            on_click="ignore",
        )


def _filters(advisor: Advisor, table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Draw a field for each column the table is filtered by; return what was chosen."""
    wanted = []
    with st.grid(3) as grid:
        for name in FILTERS[table]:
            with grid.cell():
                values = st.multiselect(
                    LABELS.get(name, name).capitalize(),
                    values_of(advisor, table, name),
                    format_func=VALUE_WORDS.get(name, str),
                    key=f"evidence_{table}_{name}",
                    placeholder="All",
                    persist_state="session",
                )
            wanted.append((name, tuple(values)))
    return tuple(wanted)


def _render_rows(advisor: Advisor, table: str, found: pd.DataFrame) -> None:
    """Draw the rows; those of a table in `OPENS` open what they are about."""
    alt = f"Rows of the table {table}"
    if table not in OPENS:
        st.dataframe(
            shown(found),
            hide_index=True,
            column_config=columns_shown(found),
            key=f"evidence_frame_{table}",
            placeholder="",
            alt=alt,
        )
        return
    column, open_row = OPENS[table]
    names = [str(name) for name in found[column]]
    st.caption("Click a row to open it.")
    for name in pick_rows(
        shown(found),
        names,
        key=f"evidence_frame_{table}",
        column_config=columns_shown(found),
        alt=alt,
    ):
        open_row(advisor, name)

"""The Runs page: one list of runs, and beside it the one that is open.

The address names what is open: `?run=ID`, several times for runs that are compared.
"""

import pandas as pd
import streamlit as st

from advisor.ui import resources
from advisor.ui.runs.comparing import render_comparison
from advisor.ui.runs.detail import render_run_or_job
from advisor.ui.runs.listing import (
    FAILED,
    FINISHED,
    PAGE_ROWS,
    Listed,
    count_listed,
    jobs_without_result,
    load_listed,
    render_table,
    rows_of_jobs,
)
from advisor.ui.runs.under_way import render_last_failure, render_running
from advisor.ui.tables import values_of
from advisor.words import count_text, title_of

RUNNING = "Running"
BUSY_SECONDS = 1.0
ASK_PAGE, EVIDENCE_PAGE = "advisor/ui/pages/ask.py", "advisor/ui/pages/evidence.py"

advisor = resources.advisor_or_stop()


def render_list(tab: str) -> None:
    """Draw the runs of a tab; what is clicked or ticked goes into the address."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    workloads = row.multiselect(
        "Model",
        values_of(advisor, "runs", "workload"),
        format_func=title_of,
        key=f"runs_model_{tab}",
        placeholder="All models",
        persist_state="session",
    )
    listed = Listed(tab, tuple(workloads))
    count = count_listed(advisor, listed)
    if count > PAGE_ROWS:
        pages = -(-count // PAGE_ROWS)
        with row:
            page = st.pagination(pages, key=f"runs_page_{tab}", max_visible_pages=3)
        listed = Listed(tab, tuple(workloads), page)
    jobs = jobs_without_result(advisor, listed)
    if not count and not jobs:
        render_empty(tab)
        return
    rows = [f for f in (rows_of_jobs(jobs), load_listed(advisor, listed)) if len(f)]
    st.caption(
        f"{count_text(count + len(jobs), 'run')}. Click a row to open it, tick two or "
        "more to compare their curves."
    )
    chosen = render_table(
        pd.concat(rows, ignore_index=True),
        key=f"runs_table_{tab}",
        ticked=opened() if len(opened()) > 1 else (),
    )
    if chosen:
        st.query_params["run"] = chosen


def render_empty(tab: str) -> None:
    """Say in a sentence why there is nothing, with a way on."""
    if tab == FAILED:
        st.text("No run failed.")
        return
    st.text("No run yet: ask a question and press Run, or import runs of your own.")
    with st.container(horizontal=True):
        st.page_link(ASK_PAGE, label="Ask a question", icon=":material/chat:")
        st.page_link(
            EVIDENCE_PAGE,
            label="Import runs",
            icon=":material/upload:",
            query_params={"evidence_tab": "Import"},
        )


def opened() -> list[str]:
    """Return the ids that the address names."""
    return st.query_params.get_all("run")


def close() -> None:
    """Take what is open out of the address."""
    del st.query_params["run"]


def render_opened() -> None:
    """Draw the run that is open, or the comparison of several."""
    ids = opened()
    if not ids:
        st.caption("The run you click is shown here.")
        return
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        key="runs_close",
        on_click=close,
    )
    with resources.errors_shown():
        if len(ids) > 1:
            render_comparison(advisor, ids)
        else:
            render_run_or_job(advisor, ids[0])


st.title("Runs")
is_busy = advisor.queue.has_work()
is_linked = bool(opened())
st.session_state.setdefault(
    "runs_tab", RUNNING if is_busy and not is_linked else FINISHED
)
with st.container(key="runs_beside"):
    left, right = st.columns([3, 2], gap="medium")
with left:
    if not is_busy:
        with resources.errors_shown():
            render_last_failure(advisor)
    tabs = st.tabs([RUNNING, FINISHED, FAILED], key="runs_tab", on_change="rerun")
    with resources.errors_shown():
        for tab, name in zip(tabs, (RUNNING, FINISHED, FAILED), strict=True):
            with tab:
                if tab.open and name == RUNNING:
                    every = BUSY_SECONDS if is_busy else None
                    st.fragment(render_running, run_every=every)(advisor)
                elif tab.open:
                    render_list(name)
with right:
    render_opened()

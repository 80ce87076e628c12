"""The box for SQL: what there is to ask for beside it, and earlier queries above it.

A query is run as soon as it is there: by Ctrl+Enter, the button, or on leaving the box.
"""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from advisor.service import Advisor
from advisor.ui.evidence.kept_queries import (
    drop_query,
    load_queries,
    note_run,
    save_query,
)
from advisor.ui.resources import errors_shown
from advisor.ui.tables import csv_bytes, result_frame
from advisor.words import count_text
from knowledge.store.sql_box import QueryResult
from knowledge.store.tables import TABLES

EXAMPLE_QUERY = """select workload, batch_size, learning_rate,
  stable, degraded, diverged
from trials
order by workload, batch_size, learning_rate"""
EXAMPLES: Mapping[str, str] = {
    "How each setting ended": EXAMPLE_QUERY,
    "The highest rate that held, by batch size": """select workload, batch_size,
  max(learning_rate) as highest_that_held, count(*) as runs
from runs
where outcome = 'stable'
group by all
order by workload, batch_size""",
    "The runs that failed first": """select workload, batch_size, learning_rate,
  failed_at_step, id
from runs
where outcome in ('degraded', 'diverged')
order by failed_at_step
limit 50""",
    "What was asked, and the rate that was answered": """select asked, question,
  recommendation->>'$.learning_rate' as learning_rate
from answers
order by asked desc""",
    "How fast each batch size trains here": """select workload, batch_size,
  examples_per_second
from throughput
order by workload, batch_size""",
}
_LONGEST_LABEL = 70


def render_query_box(advisor: Advisor) -> None:
    """Draw the query box, its earlier queries, the columns, and the last rows."""
    st.session_state.setdefault("evidence_result", None)
    _render_earlier(advisor)
    box, columns = st.columns([3, 2], gap="medium")
    with box:
        query = st.text_area(
            "Query",
            EXAMPLE_QUERY,
            height=250,
            key="evidence_sql",
            on_change=ask_to_run,
            persist_state="session",
            help="One SELECT on a copy of the tables. It can read and change nothing.",
        )
        st.button(
            "Run query", key="evidence_run_sql", type="primary", on_click=ask_to_run
        )
        st.caption("Ctrl+Enter runs it. It reads a copy, and can change nothing.")
    with columns:
        _render_columns(advisor)
    if st.session_state.pop("evidence_is_asked", False):
        st.session_state.evidence_result = None
        with errors_shown():
            st.session_state.evidence_result = advisor.sql(query)
            note_run(advisor.store.folder, query)
    result: QueryResult | None = st.session_state.evidence_result
    if result is not None:
        _render_result(result)


def ask_to_run() -> None:
    """Note that the query is to be run: it is, where its errors are shown."""
    st.session_state.evidence_is_asked = True


def take_query(key: str, queries: Mapping[str, str]) -> None:
    """Put a chosen query into the box."""
    st.session_state.evidence_sql = queries[st.session_state[key]]


def _render_earlier(advisor: Advisor) -> None:
    """Draw the menus of queries, and the fields that keep one."""
    folder = advisor.store.folder
    kept = load_queries(folder)
    run = {_label(query): query for query in kept.run}
    with st.container(horizontal=True, gap="small"):
        for title, queries in (
            ("Examples", EXAMPLES),
            ("Saved", kept.saved),
            ("Earlier", run),
        ):
            key = f"evidence_{title.lower()}_queries"
            if queries:
                st.menu_button(
                    title,
                    list(queries),
                    key=key,
                    on_click=take_query,
                    args=(key, queries),
                )
        with st.popover("Save", key="evidence_save_query"), errors_shown():
            name = st.text_input("Name", key="evidence_query_name")
            query = st.session_state.get("evidence_sql", EXAMPLE_QUERY)
            if st.button("Save this query", key="evidence_query_save", type="primary"):
                save_query(folder, name, query)
                st.rerun()
            gone = st.selectbox(
                "Saved under", list(kept.saved), index=None, key="evidence_query_gone"
            )
            if gone and st.button("Delete it", key="evidence_query_delete"):
                drop_query(folder, gone)
                st.rerun()


def _render_columns(advisor: Advisor) -> None:
    """Draw the columns of a table, to be looked up while one writes."""
    table = st.selectbox("Columns of", TABLES, key="evidence_columns_of")
    described = advisor.store.rows(f"describe {table}")
    st.dataframe(
        [{"column": row[0], "type": str(row[1]).lower()} for row in described],
        hide_index=True,
        height=250,
        alt=f"The columns of {table}",
    )


def _render_result(result: QueryResult) -> None:
    frame: pd.DataFrame = result_frame(result)
    st.markdown(f"**{count_text(len(frame), 'row')}**")
    if result.truncated:
        st.warning(f"More rows match: these are the first {len(frame):,}.")
    st.dataframe(
        frame,
        hide_index=True,
        # Six digits that count: the default would show 5e-5 as 0.0001.
        column_config={
            name: st.column_config.NumberColumn(format="%.6g")
            for name in frame.select_dtypes("float").columns
        },
        key="evidence_sql_frame",
        placeholder="",
        alt="The rows of the query.",
    )
    st.download_button(
        "Download the result as CSV",
        csv_bytes(frame),
        file_name="query.csv",
        mime="text/csv",
        key="evidence_sql_csv",
        on_click="ignore",
    )


def _label(query: str) -> str:
    """A query in a line, cut where a menu would be too wide.

    >>> _label("select 1\\n  from runs")
    'select 1 from runs'
    """
    line = " ".join(query.split())
    cut = len(line) > _LONGEST_LABEL
    return f"{line[: _LONGEST_LABEL - 4]} ..." if cut else line

"""The Evidence page: tables with filters, the outcome map, a query box, import."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from advisor.conversation.telling import Told
from advisor.ui import resources
from advisor.ui.outcome_maps import MAP_CHOICES, render_outcome_map
from advisor.ui.tables import (
    FILTERS,
    ROWS_SHOWN,
    TableView,
    count_rows,
    csv_bytes,
    load_rows,
    parquet_bytes,
    result_frame,
    values_of,
    with_rates,
)
from advisor.ui.text import escaped
from advisor.words import count_text
from knowledge.errors import ImportFileError
from knowledge.importers.importer import asked_sentence
from knowledge.records import BF16, FP16, FP32
from knowledge.store.importing import ImportReport
from knowledge.store.sql_box import QueryResult

EXAMPLE_QUERY = """select workload, batch_size, learning_rate,
  stable, degraded, diverged
from trials
order by workload, batch_size, learning_rate"""
ABOUT = {
    "runs": "One row per training run: ours and imported ones.",
    "claims": "What others say, with source, reliability (0 to 1) and, marked apart, "
    "what is our reading of it. A claim is never counted as a run.",
    "trials": "One row per workload, recipe, batch size and rate, with how runs ended.",
    "answers": "Every answer that was given.",
    "forecasts": "What was expected of each run before it started; Track record says "
    "how it came out.",
    "throughput": "How fast each batch size trains on this computer, as measured.",
    "jobs": "The training processes and how they ended.",
    "workloads": "Every known workload.",
}
COLUMNS = {
    "learning_rate": st.column_config.NumberColumn("learning rate"),
    "batch_size": st.column_config.NumberColumn("batch size"),
    "inferred": st.column_config.TextColumn("our reading"),
    "source_title": st.column_config.TextColumn("source"),
    "bound": st.column_config.TextColumn("said"),
}

PREVIEW_COLUMNS = (
    "workload optimizer batch_size learning_rate metric_name metric_value goal outcome "
    "failed_at_step steps"
).split()
ENDED = "evidence_tell_outcome"
ENDINGS = {
    "stable": "held to its end",
    "degraded": "got worse: blur, swings",
    "diverged": "diverged: NaN, blew up",
    "incomplete": "stopped early, fine",
}

advisor = resources.advisor_or_stop()
st.session_state.setdefault("evidence_result", None)
st.session_state.setdefault("evidence_report", None)
st.session_state.setdefault("evidence_told", None)
st.session_state.setdefault("evidence_table", "runs")
st.session_state.setdefault("evidence_sql", EXAMPLE_QUERY)


def keep_choices() -> None:
    """Keep what was chosen in tabs that are closed now: Streamlit would forget it."""
    chosen = ["evidence_table", "evidence_sql", *MAP_CHOICES]
    chosen += [f"evidence_{table}_{c}" for table, cs in FILTERS.items() for c in cs]
    for key in chosen:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def render_tables() -> None:
    """Draw one table with its filters, its row count and its downloads."""
    chosen = st.segmented_control(
        "Table", list(FILTERS), required=True, key="evidence_table"
    )
    table = chosen or next(iter(FILTERS))
    st.caption(ABOUT[table])
    columns = st.columns(len(FILTERS[table]))
    wanted = tuple(
        (
            name,
            tuple(
                columns[i].multiselect(
                    name.capitalize(),
                    values_of(advisor, table, name),
                    key=f"evidence_{table}_{name}",
                    placeholder="All",
                )
            ),
        )
        for i, name in enumerate(FILTERS[table])
    )
    view = TableView(table, wanted)
    count = count_rows(advisor, view)
    shown = load_rows(advisor, view, limit=ROWS_SHOWN)
    part = f", the first {len(shown):,} shown" if count > len(shown) else ""
    st.markdown(f"**{count_text(count, 'row')}**{part}")
    if count == 0:
        st.text("No row matches. Runs come from verifications and imports.")
        return
    st.dataframe(
        with_rates(shown),
        hide_index=True,
        column_config={
            name: COLUMNS.get(name, name.replace("_", " ")) for name in shown.columns
        },
        key=f"evidence_frame_{table}",
        placeholder="",
        alt=f"Rows of the table {table}",
    )
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


def render_query_box() -> None:
    """Draw the query box and the rows of the last query."""
    st.text(
        "One SELECT on a copy of the tables: "
        f"{', '.join([*FILTERS, 'curves'])}. It can read and change nothing."
    )
    query = st.text_area("Query", height=140, key="evidence_sql")
    if st.button("Run query", key="evidence_run_sql", type="primary"):
        st.session_state.evidence_result = None
        with resources.errors_shown():
            st.session_state.evidence_result = advisor.sql(query)
    result: QueryResult | None = st.session_state.evidence_result
    if result is None:
        return
    frame = result_frame(result)
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


def render_import() -> None:
    """Draw the upload of runs, what is asked of it, its rows and the last report."""
    st.text(
        "Runs of your own: a table as CSV or Parquet with any columns, an export of "
        "Weights & Biases or Optuna, or what a trainer wrote (trainer_state.json, "
        "metrics.csv, results.csv, a console log)."
    )
    upload = st.file_uploader("File with runs", key="evidence_upload")
    said: dict[str, Any] = {}
    preview = None
    if upload:
        with resources.errors_shown():
            preview = ask_and_preview(upload.name, upload.getvalue(), said)
    pressed = st.button("Import", key="evidence_import", disabled=upload is None)
    if pressed and upload and preview is not None:
        st.session_state.evidence_report = None
        with resources.errors_shown():
            if preview.asked:
                raise ImportFileError(asked_sentence(upload.name, preview.asked))
            report = import_upload(upload.name, upload.getvalue(), said)
            st.session_state.evidence_report = report
    report = st.session_state.evidence_report
    if report is not None:
        st.success(counted(report, "added"))
        render_report(report)


def ask_and_preview(name: str, content: bytes, said: dict[str, Any]) -> ImportReport:
    """Draw a field for each thing a file does not say, and the rows as then stored.

    What is filled in is put into `said`, by field of `FileOptions`.
    """
    with st.expander("Where the file says the batch of one device"):
        for field in ("devices", "accumulation"):
            label = field.capitalize()
            said[field] = st.text_input(label, key=f"evidence_said_{field}") or None
    while True:
        report = import_upload(name, content, said, dry_run=True)
        new = [one for one in report.asked if one.field not in said]
        for one in new:
            label = f"{one.field.replace('_', ' ').capitalize()}: {one.why}"
            key = f"evidence_said_{one.field}"
            said[one.field] = (
                st.selectbox(label, ["min", "max"], index=None, key=key)
                if one.field == "goal"
                else st.text_input(label, key=key) or None
            )
        if not new or not all(said[one.field] for one in new):
            break
    if not report.asked:
        st.text(counted(report, "to add"))
        st.dataframe(
            [vars(run) for run in report.runs],
            hide_index=True,
            column_order=PREVIEW_COLUMNS,
            alt="Runs as they would be stored",
        )
        if not st.session_state.evidence_report:
            render_report(report)
    return report


def import_upload(
    name: str, content: bytes, said: Mapping[str, Any], *, dry_run: bool = False
) -> ImportReport:
    """Import an uploaded file by way of a temporary one."""
    with tempfile.TemporaryDirectory(prefix="lr-advisor-upload-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        try:
            return advisor.import_runs(path, dry_run=dry_run, **said)
        except ImportFileError as error:
            raise ImportFileError(str(error).replace(str(path), name)) from error


def counted(report: ImportReport, added: str) -> str:
    """How many runs of an import are new, known and rejected, in words."""
    return (
        f"{count_text(report.added, 'run')} {added}, {report.skipped} known already, "
        f"{len(report.rejected)} rejected."
    )


def render_report(report: ImportReport) -> None:
    """Draw what a file was taken for, and what of it was left out."""
    for note in report.notes:
        st.text(note)
    if report.workloads:
        st.text(f"Workloads: {', '.join(report.workloads)}")
    if report.rejected:
        st.dataframe(
            [{"line": line, "reason": reason} for line, reason in report.rejected],
            hide_index=True,
        )


def render_telling() -> None:
    """Draw the form for a run that a person made, and what came of the last one."""
    with st.form("evidence_tell", enter_to_submit=False):
        st.markdown("**I have trained this already**")
        place, end, more = st.columns(3), st.columns(3), st.columns(2)
        workload = place[0].text_input("Workload", key="evidence_tell_workload")
        values: dict[str, Any] = {
            "batch_size": place[1].text_input("Batch size", key="evidence_tell_batch"),
            "learning_rate": place[2].text_input(
                "Learning rate", key="evidence_tell_rate", placeholder="5e-5"
            ),
            "outcome": end[0].selectbox(
                "How it ended",
                tuple(ENDINGS),
                format_func=ENDINGS.__getitem__,
                key=ENDED,
            ),
            "steps": end[1].text_input("Steps, if known", key="evidence_tell_steps"),
            "precision": end[2].selectbox(
                "Precision",
                [None, FP32, BF16, FP16],
                format_func=lambda p: p or "not said",
                key="evidence_tell_precision",
            ),
            "optimizer": more[0].text_input(
                "Optimizer, if not the usual", key="evidence_tell_optimizer"
            ),
            "metric": more[1].text_input(
                "Score, if any", key="evidence_tell_metric", placeholder="val_loss=0.39"
            ),
        }
        if st.form_submit_button("Keep it", key="evidence_tell_keep", type="primary"):
            st.session_state.evidence_told = None
            with resources.errors_shown():
                said: Any = {name: value or None for name, value in values.items()}
                st.session_state.evidence_told = advisor.tell(workload, **said)
    told: Told | None = st.session_state.evidence_told
    if told is None:
        return
    st.success(escaped(told.text))
    if told.run and st.button("Undo", key="evidence_tell_undo"):
        with resources.errors_shown():
            st.session_state.evidence_told = advisor.take_back(told.id)
            st.rerun()


# What each tab draws.
TABS = {
    "Tables": render_tables,
    "Outcome map": lambda: render_outcome_map(advisor),
    "SQL": render_query_box,
    "Import": render_import,
    "Tell": render_telling,
}

st.title("Evidence")
keep_choices()
tabs = st.tabs(list(TABS), key="evidence_tab", on_change="rerun")
for tab, render in zip(tabs, TABS.values(), strict=True):
    if tab.open:  # what a closed one shows is not even worked out
        with tab, resources.errors_shown():
            render()

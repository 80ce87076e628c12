"""Runs from a file: what it lacks is asked for, its rows are shown, then kept."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.tables import with_words
from advisor.words import count_text, title_of
from knowledge.errors import ImportFileError
from knowledge.importers.importer import Missing, asked_sentence
from knowledge.store.importing import ImportReport

ASK_PAGE = "advisor/ui/pages/ask.py"
PREVIEW_COLUMNS = (
    "workload optimizer batch_size learning_rate metric_name metric_value goal outcome "
    "failed_at_step steps"
).split()
TEMPLATE = """\
workload,optimizer,batch_size,learning_rate,outcome,failed_at_step,metric_name,\
metric_value,steps_or_tokens,source
my-model,adamw,16,1e-4,stable,,val_loss,1.92,20000,my runs
my-model,adamw,16,4e-4,diverged,1300,val_loss,,20000,my runs
my-model,adamw,64,2e-4,stable,,val_loss,1.88,20000,my runs
"""
# What folders and Windows do not take in a name.
_ODD_CHARACTERS = str.maketrans(dict.fromkeys('<>:"/\\|?*\0', "_"))
_LONGEST_NAME = 120


def render_import(advisor: Advisor) -> None:
    """Draw the upload of runs, what is asked of it, its rows and the last report."""
    st.session_state.setdefault("evidence_report", None)
    st.text(
        "Runs of your own: a table as CSV or Parquet with any columns, an export of "
        "Weights & Biases or Optuna, what a trainer wrote (trainer_state.json, "
        "metrics.csv, results.csv, a console log), or a tracker's file (a TensorBoard "
        "event file, an SQLite file of MLflow or Optuna)."
    )
    st.download_button(
        "Template as CSV",
        TEMPLATE,
        file_name="runs-template.csv",
        mime="text/csv",
        icon=":material/download:",
        key="evidence_template",
        on_click="ignore",
    )
    upload = st.file_uploader(
        "File with runs",
        key="evidence_upload",
        help="Folders, such as a faceswap model's, are read by `lr-advisor import`.",
    )
    said: dict[str, Any] = {}
    preview = None
    if upload:
        with errors_shown():
            preview = _ask_and_preview(advisor, upload.name, upload.getvalue(), said)
    pressed = st.button(
        "Import", key="evidence_import", type="primary", disabled=upload is None
    )
    if pressed and upload and preview is not None:
        st.session_state.evidence_report = None
        with errors_shown():
            if preview.asked:
                raise ImportFileError(asked_sentence(upload.name, preview.asked))
            report = import_upload(advisor, upload.name, upload.getvalue(), said)
            st.session_state.evidence_report = report
    report = st.session_state.evidence_report
    if report is not None:
        (st.warning if report.rejected else st.success)(counted(report, "added"))
        render_report(report)
        _render_ways_on(report)


def _ask_and_preview(
    advisor: Advisor, name: str, content: bytes, said: dict[str, Any]
) -> ImportReport:
    """Draw a field for each thing a file does not say, and the rows as then stored.

    What is filled in is put into `said`, by field of `FileOptions`.
    """
    with st.expander("Where the file says the batch of one device"):
        for field in ("devices", "accumulation"):
            label = field.capitalize()
            said[field] = st.text_input(label, key=f"evidence_said_{field}") or None
    while True:
        report = import_upload(advisor, name, content, said, dry_run=True)
        new = [one for one in report.asked if one.field not in said]
        answered = [_ask_one(one, said) for one in new]
        if not new or not all(answered):
            break
    if not report.asked:
        st.text(counted(report, "to add"))
        st.dataframe(
            [with_words(vars(run)) for run in report.runs],
            hide_index=True,
            column_order=PREVIEW_COLUMNS,
            column_config={n: n.replace("_", " ") for n in PREVIEW_COLUMNS},
            placeholder="",
            alt="Runs as they would be stored",
        )
        if not st.session_state.evidence_report:
            render_report(report)
    return report


def _ask_one(one: Missing, said: dict[str, Any]) -> bool:
    """Draw the field of what a file does not say; whether it was filled in."""
    name, key = one.field.replace("_", " ").capitalize(), f"evidence_said_{one.field}"
    label = f"{name}: {one.why}"
    if one.field == "goal":
        said["goal"] = st.selectbox(label, ["min", "max"], index=None, key=key)
        return said["goal"] is not None
    if not one.columns:
        said[one.field] = st.text_input(label, key=key) or None
        return said[one.field] is not None
    left, right = st.columns(2, vertical_alignment="bottom")
    column = left.selectbox(
        label,
        one.columns,
        index=None,
        placeholder="Choose the column that says it",
        key=f"evidence_column_{one.field}",
    )
    if one.field == "metric":
        said["metric"] = column
        return column is not None
    value = right.text_input(
        f"{name} of every run, if no column says it",
        key=key,
        disabled=column is not None,
    )
    said[one.field] = None if column else value or None
    if column:
        said["map"] = {**said.get("map", {}), one.field: column}
    return bool(column or value)


def import_upload(
    advisor: Advisor,
    name: str,
    content: bytes,
    said: Mapping[str, Any],
    *,
    dry_run: bool = False,
) -> ImportReport:
    """Import an uploaded file by way of a temporary one of the same name.

    Raises:
        ImportFileError: It cannot be read; the file is called as it was uploaded.
    """
    with tempfile.TemporaryDirectory(prefix="lr-advisor-upload-") as folder:
        path = Path(folder) / file_name(name)
        path.write_bytes(content)
        try:
            return advisor.import_runs(path, dry_run=dry_run, **said)
        except ImportFileError as error:
            text = str(error).replace(str(path), name).replace(path.name, name)
            raise ImportFileError(text) from error


def file_name(name: str) -> str:
    """Return an uploaded file's name as one that every system takes.

    >>> file_name("../a:b.csv"), file_name("")
    ('_a_b.csv', 'upload')
    """
    kept = name.translate(_ODD_CHARACTERS).strip(". ") if name.strip(". ") else ""
    return kept[-_LONGEST_NAME:] or "upload"


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
        st.text(f"Models: {', '.join(map(title_of, report.workloads))}")
    if report.rejected:
        st.dataframe(
            [{"line": line, "reason": reason} for line, reason in report.rejected],
            hide_index=True,
            alt="Lines that were left out, each with the reason",
        )


def _render_ways_on(report: ImportReport) -> None:
    """Draw a link for each model that asks about it."""
    with st.container(horizontal=True):
        for name in report.workloads[:3]:
            sizes = sorted(r.batch_size for r in report.runs if r.workload == name)
            at = f" at batch size {sizes[len(sizes) // 2]}" if sizes else ""
            title = title_of(name)
            st.page_link(
                ASK_PAGE,
                label=f"Ask about {title}",
                icon=":material/chat:",
                query_params={"q": f"What learning rate for {title}{at}?"},
            )

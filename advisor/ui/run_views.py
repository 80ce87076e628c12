"""Jobs and runs to look at: state, curve, metrics, preview pictures, config."""

from pathlib import Path
from typing import Any

import streamlit as st

from advisor.charts.curves import build_loss_chart, build_metric_chart, metric_words
from advisor.rates import rate_text
from advisor.running.job_documents import job_dict, shown_state
from advisor.service import Advisor
from advisor.ui.live import (
    STOPPED_EARLY,
    job_line,
    render_verification,
    unfinished_verifications,
)
from advisor.ui.text import escaped
from advisor.words import count_text, duration_text, title_of
from experiments.jobs.records import Job
from experiments.training.run_folder import RunFolder
from knowledge.records import Curve, Outcome, Run

WITHOUT_RESULT = ("failed", "cancelled")
WITHOUT_RESULT_SHOWN = 10
JOBS_SHOWN = 200
LOG_LINES = 30


def render_under_way(advisor: Advisor) -> bool:
    """Draw what is not over, with its buttons; False if nothing is."""
    advisor.verifications.look_after()
    verifications = unfinished_verifications(advisor)
    for verification in verifications:
        with st.container(border=True):
            render_verification(advisor, verification, key=f"runs_{verification.id}")
    shown = {v.id for v in verifications}
    jobs = [job for job in advisor.jobs() if not job.is_over]
    interrupted = [job for job in jobs if shown_state(job) == "interrupted"]
    alone = [
        job
        for job in jobs
        if job.verification_id not in shown and job not in interrupted
    ]
    for job in alone:
        _render_active_job(advisor, job)
    for job in interrupted:
        _render_stopped_job(advisor, job)
    return bool(verifications or alone or interrupted)


def render_without_result(advisor: Advisor) -> None:
    """Draw the newest jobs that failed or were cancelled, if any, to be resumed."""
    ended = [job for job in advisor.jobs() if job.state in WITHOUT_RESULT]
    if not ended:
        return
    st.header("Ended without a result")
    newest = sorted(ended, key=lambda job: job.ended or job.created, reverse=True)
    for job in newest[:WITHOUT_RESULT_SHOWN]:
        _render_stopped_job(advisor, job)
    left_out = len(newest) - WITHOUT_RESULT_SHOWN
    if left_out > 0:
        st.caption(f"{count_text(left_out, 'older one')} in the table of all jobs.")


def _render_active_job(advisor: Advisor, job: Job) -> None:
    line, button = st.columns([4, 1], vertical_alignment="center")
    line.progress(
        min(job.progress, 1.0),
        text=escaped(f"{title_of(job.config.workload)}, {job_line(job)}"),
    )
    if button.button("Cancel", key=f"runs_cancel_{job.id}"):
        advisor.cancel(job.id)
        st.rerun()


def _render_stopped_job(advisor: Advisor, job: Job) -> None:
    line, button = st.columns([4, 1], vertical_alignment="center")
    line.text(f"{title_of(job.config.workload)}, {job_line(job)}")
    if job.error:
        line.caption(escaped(job.error))
    if button.button(
        "Resume",
        key=f"runs_resume_{job.id}",
        help="Goes on from the last checkpoint where there is one.",
    ):
        advisor.resume(job.id)
        st.rerun()


def render_jobs_table(advisor: Advisor) -> str | None:
    """Draw every job, newest first; return the id of the selected one."""
    jobs = [job_dict(job) for job in reversed(advisor.jobs())][:JOBS_SHOWN]
    if not jobs:
        st.text("No job yet. Ask a question, and press Run beside its plan.")
        return None
    columns = (
        "state workload batch_size learning_rate progress started reason error id"
    ).split()
    rows = [
        {
            **{c: job[c] for c in columns},
            "learning_rate": rate_text(job["learning_rate"]),
        }
        for job in jobs
    ]
    event = st.dataframe(
        rows,
        hide_index=True,
        column_order=columns,
        column_config={
            "progress": st.column_config.ProgressColumn(
                "progress", min_value=0.0, max_value=1.0, format="percent"
            ),
            "batch_size": "batch size",
            "learning_rate": "learning rate",
            "started": st.column_config.DatetimeColumn("started (UTC)"),
        },
        key="runs_jobs",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        alt="Every job with its state and progress; select a row to look at it.",
    )
    picked = event["selection"]["rows"]
    return jobs[picked[0]]["id"] if picked and picked[0] < len(jobs) else None


def render_job(advisor: Advisor, job: Job) -> None:
    """Draw a job that has no finished run: its curve so far, previews, config, log."""
    folder = RunFolder.of_job(advisor.store.folder, job.id)
    st.subheader(_title(job.config.workload, job.config))
    st.text(job_line(job))
    if job.error:
        st.error(escaped(job.error))
    if job.note:
        st.warning(escaped(job.note))
    curve = folder.load_curve()
    render_loss(curve, failed_at_step=None, key="job")
    render_previews(folder, key="job")
    render_metrics(curve, failed_at_step=None, key="job")
    with st.expander("Config"):
        st.json(job.config.to_dict())
    log = folder.log_tail(lines=LOG_LINES)
    if log:
        with st.expander("Log"):
            st.code(log, language=None)


def render_run(advisor: Advisor, run: Run, *, place: str) -> None:
    """Draw one run: outcome with its reason, curve, metrics, previews, config.

    `place` keeps the widgets of two drawings on one page apart.
    """
    st.subheader(_title(run.workload, run))
    outcome, steps, time, metric = st.columns(4)
    outcome.metric("Outcome", str(run.outcome) if run.outcome else "not judged")
    steps.metric("Steps", _steps_text(run))
    time.metric("Training time", duration_text(run.seconds) if run.seconds else "-")
    if run.metric_name and run.metric_value is not None:
        metric.metric(escaped(run.metric_name), f"{run.metric_value:.4g}")
    if run.note:
        st.text(f"Reason: {run.note}")
    if run.is_ours and run.outcome is Outcome.INCOMPLETE:
        st.caption(STOPPED_EARLY)
    curve = advisor.store.curve(run.id)
    failed_at = run.failed_at_step
    if curve.losses:
        render_loss(curve, failed_at_step=failed_at, key=place)
    else:
        st.text("No curve is stored of it: only what its source reported.")
    folder = _folder(advisor, run)
    if folder is not None:
        render_previews(folder, key=place)
    render_metrics(curve, failed_at_step=failed_at, key=place)
    with st.expander("Config and origin"):
        st.json({k: v for k, v in vars(run).items() if v is not None})


def render_loss(curve: Curve, *, failed_at_step: int | None, key: str) -> None:
    """Draw the loss of each step, raw and smoothed."""
    if not curve.losses:
        st.text("No step has been made yet.")
        return
    st.altair_chart(
        build_loss_chart({"loss": curve}, failed_at_step=failed_at_step),
        width="stretch",
        key=f"runs_loss_{key}",
        alt="Loss against the step, raw and smoothed.",
    )
    st.caption("Faint: each step. Strong: smoothed. Dashed: the step it failed at.")


def render_metrics(curve: Curve, *, failed_at_step: int | None, key: str) -> None:
    """Draw each metric that was measured on the way."""
    if not curve.metrics:
        return
    st.markdown("**Measured on the way**")
    columns = st.columns(2)
    for i, (name, points) in enumerate(sorted(curve.metrics.items())):
        columns[i % 2].altair_chart(
            build_metric_chart(name, points, failed_at_step=failed_at_step),
            width="stretch",
            key=f"runs_{name}_{key}",
            alt=f"{metric_words(name)} against the step.",
        )


def render_previews(folder: RunFolder, *, key: str) -> None:
    """Draw the preview pictures, each with its step."""
    pictures = folder.previews()
    if not pictures:
        return
    st.markdown("**Preview on held-back data**")
    step, path = pictures[-1]
    if len(pictures) > 1:
        steps = [number for number, _ in pictures]
        step = st.select_slider(
            "Step of the preview",
            steps,
            value=steps[-1],
            key=f"runs_preview_{key}_{folder.path.name}",
        )
        path = dict(pictures)[step]
    picture = _picture(path)
    if picture is not None:
        st.image(
            picture,
            caption=f"Step {step}: original, rebuilt, and swapped, for A and for B",
            width="stretch",
            alt=f"Faces before and after the model at step {step}",
        )


def _picture(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _folder(advisor: Advisor, run: Run) -> RunFolder | None:
    """Return the folder of one of our runs; None for others or a malformed job id."""
    if not run.is_ours or run.job_id is None:
        return None
    try:
        return RunFolder.of_job(advisor.store.folder, run.job_id)
    except ValueError:
        return None


def _title(workload: str, of: Any) -> str:
    return escaped(
        f"{title_of(workload)} at batch {of.batch_size}, {rate_text(of.learning_rate)}"
    )


def _steps_text(run: Run) -> str:
    if run.steps is None:
        return "-"
    planned = run.horizon_steps
    return (
        str(run.steps) if planned in (None, run.steps) else f"{run.steps} of {planned}"
    )

"""One run, or a job that left none: curve, pictures, measurements, origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from advisor.charts.curves import (
    build_loss_chart,
    build_metric_chart,
    in_order,
    is_constant,
    metric_words,
    score_text,
)
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.live import STOPPED_EARLY
from advisor.ui.runs.listing import origin_text
from advisor.ui.runs.under_way import render_stopped_job
from advisor.ui.text import escaped
from advisor.words import duration_text, outcome_text, steps_text, title_of
from experiments.jobs.records import Job
from experiments.training.run_folder import RunFolder
from knowledge.records import Curve, Outcome, Run

LOG_LINES = 30
BADGES: Mapping[Outcome | None, Literal["blue", "orange", "gray"]] = {
    None: "gray",
    Outcome.INCOMPLETE: "gray",
    Outcome.STABLE: "blue",
    Outcome.DEGRADED: "orange",
    Outcome.DIVERGED: "orange",
}
WORSE = {
    Outcome.DEGRADED: "It got worse: blur, or a loss that swings.",
    Outcome.DIVERGED: "It diverged: the loss blew up.",
}


def render_run_or_job(advisor: Advisor, name: str) -> None:
    """Draw what an id names: a run, or a job with the run it left, if any.

    Raises:
        AdvisorError: There is nothing by this id.
    """
    if not name.startswith("job:"):
        render_run(advisor, advisor.store.run(name))
        return
    job = advisor.queue.job(name)
    if job.run_id is not None and advisor.library.runs_by_id([job.run_id]):
        render_run(advisor, advisor.store.run(job.run_id))
    else:
        render_job(advisor, job)


def render_job(advisor: Advisor, job: Job) -> None:
    """Draw a job that has no finished run: its curve so far, pictures, config, log."""
    folder = RunFolder.of_job(advisor.store.folder, job.id)
    st.header(_title(job.config.workload, job.config), anchor=False)
    render_stopped_job(advisor, job)
    if job.note:
        st.warning(escaped(job.note))
    curve = folder.load_curve()
    render_loss(curve, failed_at_step=None)
    render_previews(folder)
    render_metrics(curve, failed_at_step=None)
    with st.expander("Settings"):
        st.json(job.config.to_dict())
    log = folder.log_tail(lines=LOG_LINES)
    if log:
        with st.expander("Log"):
            st.code(log, language=None)


def render_run(advisor: Advisor, run: Run) -> None:
    """Draw one run: how it ended and why, curve, pictures, measurements, origin."""
    st.header(_title(run.workload, run), anchor=False)
    st.badge(
        outcome_text(run.outcome, run.failed_at_step),
        color=BADGES[run.outcome],
    )
    st.text(facts_text(run))
    why = run.note or (WORSE.get(run.outcome) if run.outcome else None)
    if why:
        st.text(f"{why[0].upper()}{why[1:]}")
    if run.is_ours and run.outcome is Outcome.INCOMPLETE:
        st.caption(STOPPED_EARLY)
    curve = advisor.store.curve(run.id)
    failed_at = run.failed_at_step
    if curve.losses:
        render_loss(curve, failed_at_step=failed_at)
    else:
        st.caption("No curve is stored of it: only what its source reported.")
    folder = _folder(advisor, run)
    if folder is not None:
        render_previews(folder)
    render_metrics(curve, failed_at_step=failed_at)
    with st.expander("Settings and origin"):
        st.json({k: v for k, v in vars(run).items() if v is not None})


def facts_text(run: Run) -> str:
    """Return a run's length, time, score and origin in a line."""
    steps = steps_text(run.steps, run.horizon_steps)
    parts = [
        f"{steps} steps" if steps else "",
        duration_text(run.seconds) if run.seconds else "",
        score_text(run.metric_name, run.metric_value),
        f"seed {run.seed}" if run.seed is not None else "",
        origin_text(run.source),
    ]
    return ", ".join(part for part in parts if part)


def render_loss(curve: Curve, *, failed_at_step: int | None) -> None:
    """Draw the loss of each step, raw and smoothed."""
    if not curve.losses:
        st.caption("No step has been made yet.")
        return
    st.altair_chart(
        build_loss_chart({"loss": curve}, failed_at_step=failed_at_step),
        width="stretch",
        key="runs_loss",
        alt="Loss against the step, raw and smoothed.",
    )
    dashed = " Dashed: the step it failed at." if failed_at_step else ""
    st.caption(f"Faint: each step. Strong: smoothed.{dashed}")


def render_metrics(curve: Curve, *, failed_at_step: int | None) -> None:
    """Draw each measurement made on the way, the most telling first.

    One that never changed is no chart: it is said in words.
    """
    constant = [n for n in in_order(curve.metrics) if is_constant(curve.metrics[n])]
    changing = [n for n in in_order(curve.metrics) if n not in constant]
    with st.grid(2, min_column_width=260) as grid:
        for name in changing:
            with grid.cell():
                st.markdown(f"**{escaped(metric_words(name))}**")
                st.altair_chart(
                    build_metric_chart(
                        name, curve.metrics[name], failed_at_step=failed_at_step
                    ),
                    width="stretch",
                    key=f"runs_{name}",
                    alt=f"{metric_words(name)} against the step.",
                )
    if constant:
        said = [f"{metric_words(n)}: {curve.metrics[n][0][1]:.3g}" for n in constant]
        st.caption(escaped(f"The same all along. {'; '.join(said)}."))


def render_previews(folder: RunFolder) -> None:
    """Draw the preview pictures, each with its step."""
    pictures = folder.previews()
    if not pictures:
        return
    st.markdown("**Faces it had not seen**")
    step, path = pictures[-1]
    if len(pictures) > 1:
        steps = [number for number, _ in pictures]
        step = st.select_slider(
            "Step",
            steps,
            value=steps[-1],
            format_func="{:,}".format,
            key=f"runs_preview_{folder.path.name}",
        )
        path = dict(pictures)[step]
    picture = _picture(path)
    if picture is not None:
        st.image(
            picture,
            caption=f"Step {step:,}: original, rebuilt, and swapped, for A and for B",
            width="content",
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
    rate = rate_text(of.learning_rate)
    return escaped(f"{title_of(workload)} at batch {of.batch_size:,}, {rate}")

"""Runs that are not over, live: what goes on, and what waits to be resumed."""

import streamlit as st

from advisor.running.job_documents import shown_state
from advisor.service import Advisor
from advisor.ui.live import job_line, render_verification, unfinished_verifications
from advisor.ui.resources import errors_shown
from advisor.ui.runs.listing import NO_RESULT
from advisor.ui.text import escaped
from advisor.words import title_of
from experiments.jobs.records import Job


def render_running(advisor: Advisor) -> None:
    """Draw what is not over with its buttons, or that nothing is."""
    with errors_shown():
        advisor.verifications.look_after()
        verifications = unfinished_verifications(advisor)
        for verification in verifications:
            with st.container(border=True):
                render_verification(
                    advisor, verification, key=f"runs_{verification.id}"
                )
        shown = {v.id for v in verifications}
        jobs = [job for job in advisor.jobs() if not job.is_over]
        stopped = [job for job in jobs if shown_state(job) == "interrupted"]
        for job in jobs:
            if job.verification_id not in shown and job not in stopped:
                _render_active_job(advisor, job)
        for job in stopped:
            render_stopped_job(advisor, job)
        if not verifications and not jobs:
            st.text("Nothing is running. Ask a question, and press Run beside it.")


def render_last_failure(advisor: Advisor) -> None:
    """Draw why the newest job has no result, if that is how the last ones ended."""
    jobs = advisor.jobs()
    last = max(jobs, key=lambda job: job.ended or job.created, default=None)
    if last is not None and last.state in NO_RESULT and last.error:
        st.text(f"Ended without a result: {title_of(last.config.workload)}.")
        st.error(escaped(last.error))


def _render_active_job(advisor: Advisor, job: Job) -> None:
    line, button = st.columns([4, 1], vertical_alignment="center")
    line.progress(
        min(job.progress, 1.0),
        text=escaped(f"{title_of(job.config.workload)}, {job_line(job)}"),
    )
    if button.button("Cancel", key=f"runs_cancel_{job.id}"):
        advisor.cancel(job.id)
        st.rerun()


def render_stopped_job(advisor: Advisor, job: Job) -> None:
    """Draw why a job stopped without a result, and the button that resumes it."""
    st.text(f"{title_of(job.config.workload)}, {job_line(job)}")
    if job.error:
        st.error(escaped(job.error))
    if st.button(
        "Resume",
        key=f"runs_resume_{job.id}",
        help="Goes on from the last checkpoint where there is one.",
    ):
        advisor.resume(job.id)
        st.rerun()

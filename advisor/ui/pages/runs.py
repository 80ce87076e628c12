"""The Runs page: jobs with live progress, and one run to look at."""

import streamlit as st

from advisor.ui import resources
from advisor.ui.run_views import (
    render_job,
    render_jobs_table,
    render_run,
    render_under_way,
    render_without_result,
)
from advisor.ui.tables import ROWS_SHOWN, TableView, load_rows, values_of, with_rates

BUSY_SECONDS, IDLE_SECONDS = 1.0, 5.0

advisor = resources.advisor_or_stop()


def render_jobs() -> None:
    """Draw what is under way and every job; drawn anew while anything happens."""
    with resources.errors_shown():
        st.header("Under way")
        if not render_under_way(advisor):
            st.text("Nothing is running.")
        render_without_result(advisor)
        st.header("All jobs")
        job_id = render_jobs_table(advisor)
        if job_id is None:
            return
        job = advisor.queue.job(job_id)
        if job.run_id is not None and advisor.library.runs_by_id([job.run_id]):
            render_run(advisor, advisor.store.run(job.run_id), place="job")
        else:
            render_job(advisor, job)


def picked_run() -> str | None:
    """Draw the table of runs; return the selected one's id, else the linked one's."""
    with resources.errors_shown():
        workloads = st.multiselect(
            "Workload",
            values_of(advisor, "runs", "workload"),
            key="runs_workload",
            placeholder="All workloads",
        )
        view = TableView("runs", (("workload", tuple(workloads)),))
        found = load_rows(advisor, view, limit=ROWS_SHOWN)
        if found.empty:
            st.text("No run yet.")
        else:
            event = st.dataframe(
                with_rates(found),
                hide_index=True,
                column_config={
                    "batch_size": st.column_config.NumberColumn("batch size"),
                    "learning_rate": st.column_config.NumberColumn("learning rate"),
                    "failed_at_step": "failed at step",
                },
                key="runs_table",
                placeholder="",
                on_select="rerun",
                selection_mode="single-row",
                alt="The newest runs; select a row to look at it.",
            )
            rows = event["selection"]["rows"]
            if rows and rows[0] < len(found):
                st.query_params["run"] = found.iloc[rows[0]]["id"]
    return st.query_params.get("run")


st.title("Runs")
has_work = advisor.queue.has_work()
st.fragment(render_jobs, run_every=BUSY_SECONDS if has_work else IDLE_SECONDS)()
st.header("One run")
st.text("Select a row to see its curve. The address of the page then leads to it.")
run_id = picked_run()
if run_id:
    with resources.errors_shown():
        render_run(advisor, advisor.store.run(run_id), place="run")

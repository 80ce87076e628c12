"""Runs that are over, as rows of one table in one vocabulary.

Jobs that ended without a run stand among the failed ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from advisor.charts.curves import score_text
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.tables import RUN_LINK, RUN_LINK_TEXT, local_time, pick_rows
from advisor.words import outcome_text, steps_text, title_of
from experiments.jobs.records import RUN, Job
from knowledge.records import LIBRARY, OURS, STUDY, TOLD

PAGE_ROWS = 500
FINISHED, FAILED = "Finished", "Failed"
NO_RESULT = ("failed", "cancelled")
# Where a run is from, as it is chosen and shown.
ORIGINS = {
    OURS: "made here",
    STUDY: "study that ships",
    TOLD: "told by you",
    "library": "published",
}
IMPORTED = "imported"


@dataclass(frozen=True)
class Listed:
    """Which runs are listed: a tab, workloads (empty: all) and a page from 1."""

    tab: str
    workloads: tuple[str, ...] = ()
    page: int = 1

    def where(self) -> tuple[str, list[Any]]:
        """Return the condition with its parameters."""
        parts, values = ["true"], list[Any]()
        if self.tab == FAILED:
            parts.append("outcome in ('degraded', 'diverged')")
        if self.workloads:
            parts.append("workload in (select unnest(?))")
            values.append(list(self.workloads))
        return " and ".join(parts), values


def count_listed(advisor: Advisor, listed: Listed) -> int:
    """Return how many runs match."""
    where, values = listed.where()
    rows = advisor.store.rows(f"select count(*) from runs where {where}", values)
    return int(rows[0][0])


def load_listed(advisor: Advisor, listed: Listed) -> pd.DataFrame:
    """Return the matching runs of a page, the newest first, ready to be shown."""
    where, values = listed.where()
    found: pd.DataFrame = advisor.store.frame(
        "select id, workload, batch_size, learning_rate, optimizer, outcome, "
        "failed_at_step, steps, horizon_steps, metric_name, metric_value, seed, "
        f"source, created from runs where {where} "
        "order by created desc nulls last, id "
        f"limit {PAGE_ROWS} offset {PAGE_ROWS * (listed.page - 1)}",
        values,
    )
    return pd.DataFrame([_row(one) for one in found.to_dict("records")])


def jobs_without_result(advisor: Advisor, listed: Listed) -> list[Job]:
    """Return the jobs of a tab that failed or were cancelled before any result."""
    if listed.tab != FAILED or listed.page > 1:
        return []
    ended = [
        job
        for job in advisor.jobs()
        if job.kind == RUN
        and job.state in NO_RESULT
        and job.run_id is None
        and (not listed.workloads or job.config.workload in listed.workloads)
    ]
    return sorted(ended, key=lambda job: job.ended or job.created, reverse=True)


def rows_of_jobs(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return jobs without a run as rows of the same table."""
    return pd.DataFrame(
        [
            {
                "id": job.id,
                "how it ended": f"○ {job_outcome(job)}",
                "model": title_of(job.config.workload),
                "batch": job.config.batch_size,
                "rate": job.config.learning_rate,
                "steps": steps_text(
                    round(job.progress * job.last_step), job.config.steps
                ),
                "when": pd.Timestamp(job.ended or job.created, unit="s", tz="UTC"),
                "from": ORIGINS[OURS],
                "seed": job.config.seed,
                "run": f"{RUN_LINK}{job.id}",
            }
            for job in jobs
        ]
    )


def job_outcome(job: Job) -> str:
    """Return in a word or two how a job without a run ended."""
    return "cancelled" if job.state == "cancelled" else "broke off"


def origin_text(source: str) -> str:
    """Return where a run is from.

    >>> origin_text("ours"), origin_text("my.csv")
    ('made here', 'imported')
    """
    return ORIGINS.get("library" if source in LIBRARY else source, IMPORTED)


def _row(run: dict[str, Any]) -> dict[str, Any]:
    run = {name: None if pd.isna(v) else v for name, v in run.items()}
    return {
        "id": run["id"],
        "how it ended": outcome_text(run["outcome"], run["failed_at_step"]),
        "model": title_of(run["workload"]),
        "batch": run["batch_size"],
        "rate": run["learning_rate"],
        "steps": steps_text(run["steps"], run["horizon_steps"]),
        "when": run["created"] and pd.Timestamp(run["created"], tz="UTC"),
        "from": origin_text(run["source"]),
        "seed": run["seed"],
        "score": score_text(run["metric_name"], run["metric_value"]),
        "run": f"{RUN_LINK}{run['id']}",
    }


def render_table(rows: pd.DataFrame, *, key: str, ticked: Sequence[str]) -> list[str]:
    """Draw the rows; return the id of the one clicked now, or of all ticked ones."""
    return pick_rows(
        rows.drop(columns="id").style.format({"rate": rate_text}, na_rep=""),
        [str(one) for one in rows["id"]],
        key=key,
        several=True,
        ticked=ticked,
        height=560,
        column_config={
            "batch": st.column_config.NumberColumn("batch", format="localized"),
            "when": local_time("when", style="distance"),
            "run": st.column_config.LinkColumn("run", display_text=RUN_LINK_TEXT),
        },
        alt="Runs, the newest first. Click a row to open it, tick rows to compare.",
    )

"""The Track record page: how forecasts and intervals came out, each with its runs."""

from typing import Any

import pandas as pd
import streamlit as st

from advisor.charts.reliability import build_reliability_chart
from advisor.rates import rate_text
from advisor.track_record.scores import TrackRecord
from advisor.track_record.wording import (
    bin_text,
    skill_text,
    track_record_sentences,
)
from advisor.ui import resources
from advisor.ui.tables import RUN_LINK, RUN_LINK_TEXT, columns_shown, local_time
from advisor.words import count_text, outcome_text, title_of

VERDICTS = {True: "● held", False: "✕ missed", None: "○ open"}
RUN_COLUMN = st.column_config.LinkColumn("run", display_text=RUN_LINK_TEXT)

advisor = resources.advisor_or_stop()


def render_headline(record: TrackRecord) -> None:
    """Draw the record in sentences and in figures."""
    for sentence in track_record_sentences(record):
        st.text(sentence)
    if not record.forecasts and not record.settled:
        return
    runs, stable, skill, held = st.columns(4)
    low, high = record.expected_range
    runs.metric("Runs forecast", len(record.forecasts))
    stable.metric(
        "Held",
        record.n_stable,
        f"{low} to {high} expected",
        delta_color="off",
        delta_arrow="off",
    )
    if record.brier is not None and record.brier_of_share is not None:
        skill.metric(
            "Against guessing",
            skill_text(record.brier, record.brier_of_share),
            f"error {record.brier:.2f}, guessing {record.brier_of_share:.2f}",
            delta_color="off",
            delta_arrow="off",
            help="The mean squared error of the forecasts (Brier score). Guessing is "
            "what whoever knew only which share of these runs would hold would get. "
            "Runs are planned where the outcome is least sure, so neither is small.",
        )
    if record.settled:
        held.metric("Intervals that held", f"{record.n_held} of {len(record.settled)}")


def render_reliability(record: TrackRecord) -> None:
    """Draw what forecasts said against how often it came true."""
    chart, words = st.columns([3, 2])
    chart.altair_chart(
        build_reliability_chart(record.bins),
        width="stretch",
        key="record_reliability",
        alt="Share of runs that held against the chance forecast for them.",
    )
    for found in record.bins:
        words.text(bin_text(found))
    words.caption(
        "Dots on the dashed line: what was forecast is what happened. Bars: where the "
        "true share lies with 90 %, counted as if the runs were independent; runs "
        "queued together are less so. Beside each dot: how many runs."
    )


def render_forecasts(record: TrackRecord) -> None:
    """Draw the scored forecasts, the newest first, each with a link to its run."""
    rows = [scored.to_dict() for scored in reversed(record.forecasts)]
    shown = [
        {
            "made": row["made"],
            "workload": title_of(row["workload"]),
            "batch_size": row["batch_size"],
            "learning_rate": rate_text(row["learning_rate"]),
            "steps": row["steps"],
            "probability_stable": row["probability_stable"],
            "outcome": outcome_text(row["outcome"]),
            "run": f"{RUN_LINK}{row['run']}",
        }
        for row in rows
    ]
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            **columns_shown(pd.DataFrame(shown)),
            "made": local_time("stated"),
            "probability_stable": st.column_config.ProgressColumn(
                "chance to hold", min_value=0.0, max_value=1.0, format="percent"
            ),
            "run": RUN_COLUMN,
        },
        key="record_forecasts",
        placeholder="",
        alt="Every scored forecast with the outcome of its run.",
    )


def render_intervals(record: TrackRecord) -> None:
    """Draw the intervals with what later runs say of them, the newest first."""
    st.text(
        "An interval of the rate at which half of all runs fail is checked by the runs "
        "that started after it was stated, and by nothing else. It held when they put "
        "that rate inside. It stays open while they cannot tell, or could not have "
        "shown it wrong."
    )
    st.dataframe(
        [_interval_row(checked.to_dict()) for checked in reversed(record.intervals)],
        hide_index=True,
        column_config={
            "made": local_time("stated"),
            "workload": "model",
            "batch_size": "batch",
            "interval": "90 % interval",
            "factor": st.column_config.NumberColumn("its width", format="x %.2g"),
            "later": "later runs leave likely",
            "runs": st.column_config.NumberColumn("later runs"),
            "run": st.column_config.LinkColumn(
                "the last of them", display_text=RUN_LINK_TEXT
            ),
            "stated_by": "stated by",
        },
        key="record_intervals",
        placeholder="",
        alt="Every stated interval with what later runs say of it.",
    )


def _interval_row(checked: dict[str, Any]) -> dict[str, Any]:
    ends = [checked["likely_low"], checked["likely_high"]]
    low, high = (rate_text(end) if end else None for end in ends)
    later = f"{low or 'no lower end'} to {high or 'no upper end'}"
    runs = checked["runs"]
    return {
        "made": checked["made"],
        "workload": title_of(checked["workload"]),
        "batch_size": checked["batch_size"],
        "steps": checked["steps"],
        "interval": f"{rate_text(checked['low'])} to {rate_text(checked['high'])}",
        "factor": checked["high"] / checked["low"],
        "verdict": VERDICTS[checked["held"]],
        "later": later if runs else None,
        "runs": len(runs),
        "run": f"{RUN_LINK}{runs[-1]}" if runs else None,
        "stated_by": checked["stated_by"],
    }


st.title("Track record")
with resources.errors_shown():
    found = advisor.track_record()
    render_headline(found)
    if found.forecasts:
        st.header("Forecasts of single runs")
        render_reliability(found)
        render_forecasts(found)
    if found.intervals:
        st.header("Intervals")
        open_ones = len(found.intervals) - len(found.settled)
        st.text(
            f"{count_text(len(found.settled), 'interval')} settled, {open_ones} open."
        )
        render_intervals(found)

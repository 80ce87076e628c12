"""What others say, each statement with what our runs say of it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from advisor.rates import rate_text
from advisor.scaling.records import ClaimVerdict, ScalingReport, Verdict
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.tables import pick_rows
from advisor.words import count_text, percent, title_of
from knowledge.records import Claim

# A shape and a word for each verdict; a statement without one was not tested.
VERDICTS = {
    Verdict.SUPPORTED: "● supported",
    Verdict.CONTRADICTED: "✕ contradicted",
    Verdict.UNDECIDED: "◐ undecided",
}
NOT_TESTED = "○ not tested"
WEIGHING = "Weighing the rules against the runs ..."
BOUNDS = {"stable": "held", "unstable": "failed"}


def render_reports(advisor: Advisor) -> None:
    """Draw every statement with its verdict; a click on a row opens it."""
    st.text(
        "What a forum post and an article say, and what people told of their runs. "
        "Rules about how the rate scales with batch size are tested by our runs."
    )
    with st.spinner(WEIGHING):
        verdicts = verdicts_of(advisor.scaling())
    claims = {claim.id: claim for claim in advisor.library.claims()}
    rows = [_row(claim, verdicts.get(claim.id)) for claim in claims.values()]
    rows += [_implied_row(v) for v in verdicts.values() if v.implied]
    if not rows:
        st.text("This store has no reports.")
        return
    rows.sort(key=lambda row: (row["verdict"] == NOT_TESTED, row["source"], row["id"]))
    st.caption(f"{count_text(len(rows), 'report')}. Click a row to open it.")
    for name in pick_rows(
        pd.DataFrame(rows).drop(columns="id"),
        [row["id"] for row in rows],
        key="evidence_reports",
        column_config={
            "statement": st.column_config.TextColumn("what is said", width=560),
        },
        alt="Reports with the verdict of our runs. Click a row to open it.",
    ):
        open_report(advisor, name)


@st.dialog("Report", width="large")
def open_report(advisor: Advisor, name: str) -> None:
    """Draw one statement: its words, where they are from, and the verdict."""
    with errors_shown():
        claim = next((c for c in advisor.library.claims() if c.id == name), None)
        if claim is not None:
            render_claim(claim)
        with st.spinner(WEIGHING):
            verdict = verdicts_of(advisor.scaling()).get(name)
        if claim is None and verdict is not None:
            st.text(verdict.statement)
            st.caption("Implied by the rates that it gives; it does not say so itself.")
        if verdict is not None:
            render_verdict(verdict)
        st.caption(name.replace(":", r"\:"))


def render_claim(claim: Claim) -> None:
    """Draw what a source says, and what of it is our reading."""
    st.text(claim.statement)
    date = f", {claim.source_date}" if claim.source_date else ""
    st.text(f"From: {claim.source_title}{date}.")
    if claim.inferred:
        st.text(f"Our reading: {' '.join(claim.inferred)}")
    st.text(f"It counts {percent(claim.reliability)} as much as a run of ours would.")


def render_verdict(verdict: ClaimVerdict) -> None:
    """Draw what our runs say of a rule, model by model."""
    st.markdown(f"**{VERDICTS[verdict.verdict]}**")
    st.text(verdict.reason)
    if verdict.by_workload:
        st.dataframe(
            [
                {
                    "model": title_of(one.workload),
                    "recipe": one.recipe or one.optimizer,
                    "verdict": VERDICTS[one.verdict],
                    "why": one.reason,
                }
                for one in verdict.by_workload
            ],
            hide_index=True,
            alt="The verdict for each model.",
        )


def verdicts_of(report: ScalingReport) -> Mapping[str, ClaimVerdict]:
    """Return the verdict on each rule by its id."""
    return {verdict.id: verdict for verdict in report.claims}


def _row(claim: Claim, verdict: ClaimVerdict | None) -> dict[str, Any]:
    rate = claim.learning_rate
    return {
        "id": claim.id,
        "verdict": VERDICTS[verdict.verdict] if verdict else NOT_TESTED,
        "statement": claim.statement,
        "model": title_of(claim.workload) if claim.workload else None,
        "batch": claim.batch_size,
        "rate": rate_text(rate) if rate else None,
        "said": BOUNDS.get(claim.bound or ""),
        "source": claim.source_title,
    }


def _implied_row(verdict: ClaimVerdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "verdict": VERDICTS[verdict.verdict],
        "statement": verdict.statement,
        "model": None,
        "batch": None,
        "rate": None,
        "said": None,
        "source": verdict.source,
    }

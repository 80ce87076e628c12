"""What the marks [1], [2] of an answer name: each opens its report or run beside it."""

import streamlit as st

from advisor.answers.brief import Citation
from advisor.rates import rate_text
from advisor.ui.text import escaped
from advisor.ui.turns import Turn
from advisor.words import count_text, recipe_words, title_of
from knowledge.records import Claim, Run

RUNS_PAGE = "advisor/ui/pages/runs.py"


def render_citations(turn: Turn, index: int) -> None:
    """Draw a button for each mark of an answer's text."""
    for citation in turn.answer.citations:
        kind = "run" if citation.id.startswith("run:") else "report"
        if st.button(
            f"[{citation.number}] {kind}",
            key=f"ask_cite_{index}_{citation.number}",
            type="tertiary",
            help="Shows it beside the page.",
        ):
            _show(turn, citation)


@st.dialog("What the answer rests on", position="right")
def _show(turn: Turn, citation: Citation) -> None:
    rows: list[Claim | Run] = [*turn.claims, *turn.runs]
    found = next((row for row in rows if row.id == citation.id), None)
    if isinstance(found, Claim):
        _render_claim(found)
    elif isinstance(found, Run):
        _render_run(found)
    else:
        st.text(citation.summary)
    st.caption(escaped(f"[{citation.number}] {citation.id}"))


def _render_claim(claim: Claim) -> None:
    st.text(f"\u201c{claim.statement}\u201d")
    date = f", {claim.source_date}" if claim.source_date else ""
    st.text(f"{claim.source_title}{date}")
    if claim.inferred:
        st.text(f"Our reading: {claim.inferred}")
    st.text(f"Believed to {100 * claim.reliability:.0f} %.")
    if claim.at_tool_ceiling:
        st.text("The highest setting of that program: higher rates are untested.")


def _render_run(run: Run) -> None:
    st.text(
        f"{title_of(run.workload)} at batch {run.batch_size}, "
        f"{rate_text(run.learning_rate)}, {recipe_words(run.optimizer, run.recipe)}"
    )
    ended = run.outcome or "not judged"
    steps = f" after {count_text(run.steps, 'step')}" if run.steps else ""
    st.text(f"Outcome: {ended}{steps}")
    if run.note:
        st.text(run.note)
    if run.is_ours:
        st.page_link(RUNS_PAGE, label="Its curve", query_params={"run": run.id})

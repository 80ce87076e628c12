"""A run that a person made, told in a form; it counts until it is undone."""

from typing import Any

import streamlit as st

from advisor.conversation.telling import Told
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.text import escaped
from knowledge.records import BF16, FP16, FP32

ENDED = "evidence_tell_outcome"
ENDINGS = {
    "stable": "held to its end",
    "degraded": "failed: got worse, blur, swings",
    "diverged": "failed: diverged, NaN, blew up",
    "incomplete": "stopped early, fine",
}


def render_telling(advisor: Advisor) -> None:
    """Draw the form, and what came of the last run told in it."""
    st.session_state.setdefault("evidence_told", None)
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
            with errors_shown():
                said: Any = {name: value or None for name, value in values.items()}
                st.session_state.evidence_told = advisor.tell(workload, **said)
    told: Told | None = st.session_state.evidence_told
    if told is None:
        return
    st.success(escaped(told.text))
    if told.run and st.button("Undo", key="evidence_tell_undo"):
        with errors_shown():
            st.session_state.evidence_told = advisor.take_back(told.id)
            st.rerun()

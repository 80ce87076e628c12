"""What can be done about a model that nobody here has run: three buttons."""

from typing import Any

import streamlit as st

from advisor.service import Advisor
from advisor.ui.telling import render_telling
from advisor.ui.turns import Turn

EVIDENCE_PAGE, IMPORT_TAB = "advisor/ui/pages/evidence.py", "Import"
HOW_TO_ADD = """\
A model that this program can train is one Python file with two functions, \
`build_task` and `describe`, and one record that says what is true of it. The \
environment variable `LR_ADVISOR_WORKLOADS` names a file of your own.

`docs/how-to/add-a-workload.md` goes through it step by step."""


def render_ways_in(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw how a person's own model gets into the evidence."""
    turn: Turn = turns[index]
    if not turn.answer.unknown_workload:
        return
    with st.container(horizontal=True, key=f"ask_ways_{index}"):
        if st.button(
            "Import my runs",
            icon=":material/upload:",
            type="primary",
            key=f"ask_import_{index}",
            help="From a CSV file, or from what your experiment tracker wrote.",
        ):
            st.session_state["evidence_tab"] = IMPORT_TAB
            st.switch_page(EVIDENCE_PAGE, query_params={"evidence_tab": IMPORT_TAB})
        if turn.single is None:
            render_telling(advisor, st.container(width="content"), turns, index)
        with st.popover(
            "Add the model", icon=":material/add_box:", key=f"ask_add_{index}"
        ):
            st.markdown(HOW_TO_ADD)

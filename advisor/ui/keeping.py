"""Below an answer: thumbs, its link, and the card of what waits for a yes."""

from typing import Any

import streamlit as st

from advisor.conversation.proposals import Action
from advisor.service import Advisor
from advisor.ui.documents import render_downloads
from advisor.ui.resources import errors_shown
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, settle, turned_down

_THUMBS = ("down", "up")  # as st.feedback counts them


def render_keeping(advisor: Advisor, turn: Turn, index: int) -> None:
    """Draw the thumbs and the link of an answer that was saved, and its files."""
    answer_id = turn.answer.answer_id
    if answer_id is None:
        st.caption("This answer could not be saved: the disk refused it.")
        return
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"ask_keeping_{index}"
    ):
        key = f"ask_thumb_{index}"
        st.feedback("thumbs", key=key, on_change=_rate, args=(advisor, answer_id, key))
        with st.popover("Link", icon=":material/link:", key=f"ask_link_{index}"):
            st.text("Opens this question again, answered from the evidence of the day.")
            st.code(link_to("a", answer_id), language=None, wrap_lines=True)
            st.caption(escaped(f"Saved as {answer_id}"))
        render_downloads(turn, index)


def link_to(name: str, value: str) -> str:
    """Return the address of this page that opens an answer or a conversation."""
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{name}={value}"


def _rate(advisor: Advisor, answer_id: str, key: str) -> None:
    pressed = st.session_state[key]
    with errors_shown():
        advisor.rate_answer(answer_id, None if pressed is None else _THUMBS[pressed])


def render_proposal(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw what waits for a yes; a plan of runs has a card of its own."""
    turn: Turn = turns[index]
    proposal = turn.open_proposal
    if proposal is None or proposal.action is Action.VERIFY:
        return
    with st.container(border=True, key=f"ask_proposal_{index}"), errors_shown():
        st.text(f"Waits for your yes: {proposal.summary}.")
        with st.container(horizontal=True):
            yes = st.button("Yes, do it", key=f"ask_yes_{index}", type="primary")
            no = st.button("No", key=f"ask_no_{index}")
        if yes:
            turns[index] = settle(advisor, turn)
            st.rerun()
        if no:
            turns[index] = turned_down(advisor, turn)
            st.rerun()

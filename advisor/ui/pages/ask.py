"""The Ask page: a conversation whose answers can be verified in place."""

import streamlit as st

from advisor.asking_back import EXAMPLES
from advisor.ui import resources
from advisor.ui.components import (
    ADVISOR_AVATAR,
    render_answer,
    render_question,
    render_refusal,
)
from advisor.ui.plans import render_plan, unfinished_verifications
from advisor.ui.speeds import render_measuring
from advisor.ui.text import count_text
from advisor.ui.turns import Refusal, Turn, ask_turn, context_after
from knowledge.errors import AdvisorError

MAX_QUESTION_CHARS = 2000

advisor = resources.advisor_or_stop()
turns: list[Turn | Refusal] = st.session_state.setdefault("ask_turns", [])
st.session_state.setdefault("ask_pending", None)


def latest_context() -> str | None:
    """Return what a follow-up may leave unsaid."""
    answered = [turn for turn in turns if isinstance(turn, Turn)]
    return context_after(answered[-1]) if answered else None


def take_pill(key: str, context: str | None) -> None:
    """Note a pressed pill as the next question."""
    st.session_state.ask_pending = (st.session_state[key], context)


def next_question() -> tuple[str, str | None] | None:
    """Return what was typed, pressed or linked to, each once, with its context."""
    typed = st.chat_input(
        "Ask about a learning rate or a batch size",
        key="ask_input",
        max_chars=MAX_QUESTION_CHARS,
    )
    pressed: tuple[str | None, str | None] | None = st.session_state.ask_pending
    st.session_state.ask_pending = None
    if typed and typed.strip():
        return typed.strip(), latest_context()
    if pressed is not None and pressed[0]:
        return pressed[0], pressed[1]
    if "q" in st.query_params:
        linked = st.query_params["q"][:MAX_QUESTION_CHARS].strip()
        del st.query_params["q"]
        return (linked, None) if linked else None
    return None


def answer(question: str, context: str | None) -> None:
    """Add the answered question, or the reason why it has no answer, to the turns."""
    try:
        with st.spinner("Looking at the evidence ..."):
            turns.append(ask_turn(advisor, question, context))
    except AdvisorError as error:
        turns.append(Refusal(question, error))


def render_welcome() -> None:
    """Draw what this is, and questions to start with."""
    st.title("Which learning rate does your batch size stand?")
    st.text(
        "Ask in plain words. The answer shows the runs and reports it rests on, says "
        "what is thin, and can make the missing runs on this computer."
    )
    st.pills(
        "Try one of these",
        EXAMPLES,
        key="ask_example",
        on_change=take_pill,
        args=("ask_example", None),
    )
    running = unfinished_verifications(advisor)
    if running:
        st.info(
            f"{count_text(len(running), 'verification')} from earlier still under way."
        )
        if st.button("See it on the Runs page", key="ask_see_runs"):
            st.switch_page("advisor/ui/pages/runs.py")


def render_turn(index: int) -> None:
    """Draw one question with its answer, its options and its plan."""
    turn = turns[index]
    if isinstance(turn, Refusal):
        render_refusal(turn)
        return
    render_question(turn.answer.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        render_answer(turn, index)
        clarification = turn.answer.clarification
        if clarification and clarification["options"]:
            key = f"ask_option_{index}"
            st.pills(
                "Choose one, or type your own",
                clarification["options"],
                key=key,
                on_change=take_pill,
                args=(key, context_after(turn)),
            )
        render_measuring(advisor, turns, index)
        render_plan(advisor, turns, index)


# The input stands below the history, not pinned to the window: a pinned one scrolls a
# long answer to its end, away from the rate that was asked for.
history, below = st.container(), st.container()
with below:
    asked = next_question()
    if asked is not None:
        answer(*asked)
with history:
    if not turns:
        render_welcome()
    for number in range(len(turns)):
        render_turn(number)

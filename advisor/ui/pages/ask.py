"""The Ask page: a conversation whose answers can be verified in place."""

import uuid

import streamlit as st

from advisor.conversation.asking_back import EXAMPLES
from advisor.conversation.history import answers_of, saved_answer
from advisor.conversation.proposals import Action
from advisor.reading.question import Question
from advisor.reading.yes_no import is_no, is_polite, is_yes
from advisor.ui import resources
from advisor.ui.chips import render_chips
from advisor.ui.components import (
    ADVISOR_AVATAR,
    render_answer,
    render_note,
    render_question,
    render_refusal,
)
from advisor.ui.keeping import link_to, render_keeping, render_proposal
from advisor.ui.plans import render_plan, start_as_planned, unfinished_verifications
from advisor.ui.speeds import render_measuring
from advisor.ui.text import escaped
from advisor.ui.turns import (
    Note,
    Refusal,
    Turn,
    ask_turn,
    reopened_turn,
    settle,
    turned_down,
)
from advisor.words import count_text
from knowledge.errors import AdvisorError

MAX_QUESTION_CHARS = 2000
MOST_REOPENED = 20

advisor = resources.advisor_or_stop()
turns: list[Turn | Refusal | Note] = st.session_state.setdefault("ask_turns", [])
st.session_state.setdefault("ask_pending", None)
st.session_state.setdefault("ask_conversation", None)


# -- which conversation ----------------------------------------------------------------


def begin_anew() -> None:
    """Leave the conversation; it stays in the history."""
    turns.clear()
    st.session_state.ask_conversation = None
    st.query_params.clear()


def reopen_linked() -> None:
    """Open the conversation or the answer that the address names."""
    linked = st.query_params.get("c")
    if not linked and turns and st.session_state.ask_conversation:
        st.query_params["c"] = st.session_state.ask_conversation  # back from a page
    if linked and linked != st.session_state.ask_conversation:
        turns.clear()
        st.session_state.ask_conversation = linked
        saved = answers_of(advisor.store, linked)
        left_out = len(saved) - MOST_REOPENED
        if left_out > 0:
            st.toast(f"The last {MOST_REOPENED} questions are shown.")
        turns.extend(reopened_turn(advisor, one) for one in saved[-MOST_REOPENED:])
    answer_id = st.query_params.get("a")
    if answer_id:
        begin_anew()
        turns.append(reopened_turn(advisor, saved_answer(advisor.store, answer_id)))


def this_conversation() -> str:
    """Return the id of the conversation, a new one with its first question."""
    if st.session_state.ask_conversation is None:
        st.session_state.ask_conversation = f"conversation:{uuid.uuid4().hex[:12]}"
    conversation: str = st.session_state.ask_conversation
    st.query_params["c"] = conversation
    return conversation


def render_heading() -> None:
    """Draw how to name this conversation, link to it, and begin another."""
    conversation = st.session_state.ask_conversation
    with st.container(horizontal=True, horizontal_alignment="right"):
        if conversation is not None:
            with st.popover("Name or link", icon=":material/bookmark:", key="ask_name"):
                name = st.text_input("Name of this conversation", key="ask_name_text")
                if st.button("Save the name", key="ask_name_save"):
                    with resources.errors_shown():
                        advisor.name_conversation(conversation, name)
                        st.success("Saved. The History page lists it.")
                st.text("Opens this conversation again:")
                st.code(link_to("c", conversation), language=None, wrap_lines=True)
        st.button(
            "New conversation",
            icon=":material/add_comment:",
            key="ask_new",
            on_click=begin_anew,
        )


# -- asking ----------------------------------------------------------------------------


def latest_turn() -> int | None:
    """Return the place of the last answered question."""
    answered = [i for i, turn in enumerate(turns) if isinstance(turn, Turn)]
    return answered[-1] if answered else None


def latest_context() -> Question | None:
    """Return what a follow-up may leave unsaid."""
    last = latest_turn()
    turn = turns[last] if last is not None else None
    return turn.leads_on if isinstance(turn, Turn) else None


def take_pill(key: str, context: Question | None) -> None:
    """Note a pressed pill as the next question."""
    st.session_state.ask_pending = (st.session_state[key], context)


def next_question() -> tuple[str, Question | None] | None:
    """Return what was typed, pressed or linked to, each once, with its context."""
    typed = st.chat_input(
        "Ask about a learning rate or a batch size",
        key="ask_input",
        max_chars=MAX_QUESTION_CHARS,
    )
    pressed: tuple[str | None, Question | None] | None = st.session_state.ask_pending
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


def answer(question: str, context: Question | None) -> None:
    """Add the answered question, or the reason why it has no answer, to the turns."""
    try:
        if settled(question):
            return
        with st.spinner("Looking at the evidence ..."):
            turns.append(
                ask_turn(advisor, question, context, conversation=this_conversation())
            )
    except AdvisorError as error:
        turns.append(Refusal(question, error))


def settled(text: str) -> bool:
    """Whether a text says yes or no to what the last turn offers; then it is done."""
    last = latest_turn()
    turn = turns[last] if last is not None else None
    if last is None or not isinstance(turn, Turn):
        return False
    proposal = turn.open_proposal
    asks = proposal is not None and proposal.action is not Action.VERIFY
    if not (is_yes(text) or is_no(text) or is_polite(text)):
        return False
    if is_polite(text):
        note = "All right."
        if proposal is not None:
            note = f"Nothing was done yet. Say \u201cyes\u201d for: {proposal.summary}."
    elif not (proposal or turn.has_open_plan):
        note = "No plan is open, so nothing was started or changed."
    elif is_no(text):
        turns[last] = turned_down(advisor, turn) if proposal else turn
        note = "All right, nothing was started or changed."
    elif asks:
        turn = settle(advisor, turn)
        turns[last], note = turn, turn.done or ""
    else:
        turns[last] = start_as_planned(advisor, turn)
        note = "Started. The progress is shown with the answer above."
    turns.append(Note(text, note))
    return True


# -- drawing ---------------------------------------------------------------------------


def render_welcome() -> None:
    """Draw what this is, and questions to start with."""
    st.title("Find a learning rate for your batch size")
    st.text(
        "Ask in plain words. The answer shows the runs and reports it rests on, says "
        "what is weak, and can make the missing runs on this computer."
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
    if isinstance(turn, Note):
        render_note(turn)
        return
    render_question(turn.answer.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        render_chips(advisor, turn.answer, index)
        render_answer(turn, index)
        clarification = turn.answer.clarification
        if clarification and clarification["options"]:
            key = f"ask_option_{index}"
            st.pills(
                escaped(choice_label(turn)),
                clarification["options"],
                key=key,
                on_change=take_pill,
                args=(key, option_context(turn)),
            )
        render_measuring(advisor, turns, index)
        render_proposal(advisor, turns, index)
        render_plan(advisor, turns, index)
        render_keeping(advisor, turn.answer, index)


def choice_label(turn: Turn) -> str:
    """Return what stands above the options of a turn."""
    if turn.answer.intent == "needs_clarification" or not turn.answer.clarification:
        return "Choose one, or type your own"
    return str(turn.answer.clarification["question"])


def option_context(turn: Turn) -> Question | None:
    """Return what an option builds on: whole questions need nothing."""
    asks_back = turn.answer.intent in ("needs_clarification", "diagnose")
    return turn.leads_on if asks_back else None


# The input stands below the history, not pinned to the window: a pinned one scrolls a
# long answer to its end, away from the rate that was asked for.
heading, history, below = st.container(), st.container(), st.container()
with history, resources.errors_shown():
    reopen_linked()
with below:
    asked = next_question()
    if asked is not None:
        answer(*asked)
with heading:
    if turns:
        render_heading()
with history:
    if not turns:
        render_welcome()
    for number in range(len(turns)):
        render_turn(number)

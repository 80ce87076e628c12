"""The Ask page: a conversation whose answers can be verified in place.

Each turn is a fragment: what is pressed in one draws that one alone. Earlier turns are
folded to their short text, so a long talk is drawn as quickly as a short one.
"""

import uuid

import streamlit as st

from advisor.conversation.asking_back import EXAMPLES
from advisor.conversation.history import answers_of, replace_answer, saved_answer
from advisor.conversation.proposals import Action
from advisor.reading.question import Question
from advisor.reading.yes_no import is_no, is_polite, is_yes
from advisor.ui import resources
from advisor.ui.browser.window import move_to, say
from advisor.ui.chips import render_chips
from advisor.ui.closing import focus_noted
from advisor.ui.components import (
    ADVISOR_AVATAR,
    render_answer,
    render_folded,
    render_note,
    render_question,
    render_refusal,
    short_text,
)
from advisor.ui.details import render_details, render_rows, render_wording
from advisor.ui.keeping import link_to, render_keeping, render_proposal
from advisor.ui.live import unfinished_verifications
from advisor.ui.plans import render_acts, start_as_planned
from advisor.ui.speeds import render_measuring
from advisor.ui.telling import render_told
from advisor.ui.text import escaped
from advisor.ui.turns import (
    Note,
    Refusal,
    Turn,
    ask_turn,
    completed,
    reopened_turn,
    reopened_turns,
    settle,
    turned_down,
)
from advisor.ui.ways_in import render_ways_in
from advisor.words import count_text
from knowledge.errors import AdvisorError

MAX_QUESTION_CHARS = 2000
MOST_REOPENED = 20

advisor = resources.advisor_or_stop()
turns: list[Turn | Refusal | Note] = st.session_state.setdefault("ask_turns", [])
st.session_state.setdefault("ask_pending", None)
st.session_state.setdefault("ask_conversation", None)
st.session_state.setdefault("ask_talk", 0)
unfolded: set[int] = st.session_state.setdefault("ask_unfolded", set())


# -- which conversation ----------------------------------------------------------------


def begin_anew() -> None:
    """Leave the conversation; it stays in the history."""
    turns.clear()
    unfolded.clear()
    st.session_state.ask_talk += 1
    st.session_state.ask_conversation = None
    st.query_params.clear()


def reopen_linked() -> None:
    """Open the conversation or the answer that the address names."""
    linked = st.query_params.get("c")
    if not linked and turns and st.session_state.ask_conversation:
        st.query_params["c"] = st.session_state.ask_conversation  # back from a page
    if linked and linked != st.session_state.ask_conversation:
        saved = answers_of(advisor.store, linked)
        if not saved:
            begin_anew()
            st.warning("This link leads to no conversation of this store. Ask again.")
            return
        begin_anew()
        st.query_params["c"] = st.session_state.ask_conversation = linked
        left_out = len(saved) - MOST_REOPENED
        if left_out > 0:
            st.toast(f"The last {MOST_REOPENED} questions are shown.")
        turns.extend(reopened_turns(advisor, saved[-MOST_REOPENED:]))
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
    """Note a pressed pill as the next question, and draw the whole page."""
    st.session_state.ask_pending = (st.session_state[key], context, None)
    st.rerun()


def next_question(
    typed: str | None,
) -> tuple[str, Question | None, int | None] | None:
    """Return what was typed, pressed or linked to, each once.

    With it its context, and the place of the turn that it takes, if it takes one.
    """
    pressed: tuple[str | None, Question | None, int | None] | None
    pressed, st.session_state.ask_pending = st.session_state.ask_pending, None
    if typed and typed.strip():
        return typed.strip(), latest_context(), None
    if pressed is not None and pressed[0]:
        return pressed[0], pressed[1], pressed[2]
    if "q" in st.query_params:
        linked = st.query_params["q"][:MAX_QUESTION_CHARS].strip()
        del st.query_params["q"]
        return (linked, None, None) if linked else None
    return None


def answer(question: str, context: Question | None, place: int | None) -> None:
    """Add the answered question, or the reason why it has no answer, to the turns.

    At a place, it takes that of the turn there.
    """
    last = latest_turn() if place is None else place
    before = turns[last] if last is not None and last < len(turns) else None
    if place is None and context is None:
        before = None
    turn: Turn | Refusal
    try:
        if place is None and settled(question):
            return
        turn = ask_turn(
            advisor,
            question,
            context,
            conversation=this_conversation(),
            before=before if isinstance(before, Turn) else None,
        )
    except AdvisorError as error:
        turn = Refusal(question, error)
    if place is None:
        turns.append(turn)
    else:
        if isinstance(before, Turn) and isinstance(turn, Turn):
            replace_answer(advisor.store, before.answer.answer_id)
        turns[place] = turn


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
        "how sure it is, and can make the missing runs on this computer."
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


@st.fragment
def render_turn(index: int) -> None:
    """Draw one question with its answer, its options and what can be done next."""
    turn = turns[index] if index < len(turns) else None
    if isinstance(turn, Refusal):
        render_refusal(turn)
    elif isinstance(turn, Note):
        render_note(turn)
    elif turn is not None:
        render_question(turn.answer.question)
        with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
            is_last = index == latest_turn() and not is_growing
            if is_last or index in unfolded:
                render_whole(turn, index)
            else:
                render_earlier(turn, index)


def render_whole(turn: Turn, index: int) -> None:
    """Draw an answer with everything that belongs to it."""
    with resources.errors_shown():
        turns[index] = turn = completed(advisor, turn)
    render_chips(advisor, turn.answer, index)
    render_proposal(advisor, turns, index)
    render_told(advisor, turns, index)
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
    render_ways_in(advisor, turns, index)
    render_acts(advisor, turns, index)
    render_wording(turn.answer)
    render_rows(turn.answer, index)
    render_details(turn, index)
    render_keeping(advisor, turn, index)


def render_earlier(turn: Turn, index: int) -> None:
    """Draw an earlier answer in short, with what still goes on or waits in it."""
    render_folded(turn)
    render_proposal(advisor, turns, index)
    if turn.verification_id is not None:
        render_acts(advisor, turns, index)
    st.button(
        "Show all of it",
        key=f"ask_unfold_{index}",
        type="tertiary",
        on_click=unfolded.add,
        args=(index,),
    )


def choice_label(turn: Turn) -> str:
    """Return what stands above the options of a turn."""
    if turn.answer.intent == "needs_clarification" or not turn.answer.clarification:
        return "Choose one, or type your own"
    return str(turn.answer.clarification["question"])


def option_context(turn: Turn) -> Question | None:
    """Return what an option builds on: whole questions need nothing."""
    asks_back = turn.answer.intent in ("needs_clarification", "diagnose")
    return turn.leads_on if asks_back else None


def said_last() -> str:
    """Return what the newest turn says, for a screen reader."""
    last = turns[-1] if turns else None
    if isinstance(last, Turn):
        return short_text(last)
    return str(last.error if isinstance(last, Refusal) else last.text) if last else ""


typed = st.chat_input(
    "Ask about a learning rate or a batch size",
    key="ask_input",
    max_chars=MAX_QUESTION_CHARS,
    submit_mode="disable",
)
heading, history, said = st.container(), st.container(), st.container()
with history, resources.errors_shown():
    reopen_linked()
asked = next_question(typed)
is_growing = asked is not None and asked[2] is None
n_shown = len(turns) + is_growing
answered = asked[2] if asked is not None and not is_growing else len(turns)
with said:
    talk = st.session_state.ask_talk
    move_to(
        f"{talk}/{n_shown}" if n_shown else None,
        f"ask_turn_{n_shown - 1}",
        focus=focus_noted(),
    )
with history:
    if not n_shown:
        render_welcome()
    for number in range(n_shown):
        with st.container(key=f"ask_turn_{number}"):
            waiting = st.empty()
            if asked is not None and number == answered:
                with waiting.container():
                    render_question(asked[0])
                    with st.spinner("Looking at the evidence ..."):
                        answer(*asked)
                waiting.empty()
                is_growing = False
                if isinstance(turns[-1], Note):  # it may have changed another turn
                    st.rerun()
            render_turn(number)
with heading:
    if turns:
        render_heading()
with said:
    say(said_last())

"""The History page: earlier conversations by day, searched and opened again."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby
from zoneinfo import ZoneInfo

import streamlit as st

from advisor.conversation.history import (
    MOST_LISTED,
    Conversation,
    delete_conversation,
    list_conversations,
)
from advisor.rates import fit_text
from advisor.ui import resources
from advisor.ui.text import escaped
from advisor.words import count_text

ASK_PAGE = "advisor/ui/pages/ask.py"
PAGE_ROWS = 25
RENAME, DELETE = "Rename", "Delete"

advisor = resources.advisor_or_stop()


def here() -> tzinfo:
    """Return the time zone of the browser."""
    return ZoneInfo(st.context.timezone) if st.context.timezone else UTC


def moment(conversation: Conversation) -> datetime:
    """Return when a conversation was last carried on, by the browser's clock."""
    return (
        datetime.fromisoformat(conversation.last).replace(tzinfo=UTC).astimezone(here())
    )


def day_text(day: date, *, today: date) -> str:
    """Return a day as people say it."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B %Y}"


def begin_renaming(conversation: Conversation | None) -> None:
    """Note which conversation is renamed: its dialog stays open until it is done."""
    st.session_state.history_renamed = conversation


@st.dialog("Rename", on_dismiss=lambda: begin_renaming(None))
def rename(conversation: Conversation) -> None:
    """Ask for a name, and keep it."""
    name = st.text_input("Name", value=conversation.name, key="history_name")
    if st.button("Save the name", key="history_name_save", type="primary"):
        with resources.errors_shown():
            advisor.name_conversation(conversation.id, name)
            begin_renaming(None)
            st.rerun()


def delete(conversation: Conversation) -> None:
    """Take a conversation out of the list; it can be brought back at once."""
    delete_conversation(advisor.store, conversation.id)
    st.session_state.history_deleted = conversation


def bring_back(conversation: Conversation) -> None:
    """Undo the deletion: what has a name is in the list."""
    advisor.name_conversation(conversation.id, conversation.name)
    st.session_state.history_deleted = None


def render_deleted() -> None:
    """Draw what was deleted last, with a button that brings it back."""
    gone: Conversation | None = st.session_state.setdefault("history_deleted", None)
    if gone is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"Deleted: {gone.name}")
        st.button("Undo", key="history_undo", on_click=bring_back, args=(gone,))


def render_conversation(conversation: Conversation) -> None:
    """Draw a conversation in a row: its name opens it again."""
    key = f"history_{conversation.id}"
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=key
    ):
        if st.button(escaped(conversation.name), key=f"{key}_open", type="tertiary"):
            st.switch_page(ASK_PAGE, query_params={"c": conversation.id})
        st.space("stretch")
        if conversation.learning_rate:
            st.markdown(f"**{fit_text(conversation.learning_rate)}**", width="content")
        count = count_text(conversation.n_answers, "question")
        st.caption(f"{count}, {moment(conversation):%H:%M}", width="content")
        chosen = st.menu_button(
            "More",
            [RENAME, DELETE],
            key=f"{key}_more",
            type="tertiary",
        )
    if chosen == RENAME:
        begin_renaming(conversation)
    if chosen == DELETE:
        delete(conversation)
        st.rerun()


st.title("History")
search = st.text_input(
    "Search",
    key="history_search",
    placeholder="Words of a name, a question or an answer",
    persist_state="session",
)
st.session_state.setdefault("history_renamed", None)
with resources.errors_shown():
    render_deleted()
    found = list_conversations(advisor.store, search)
    if not found:
        st.text("Nothing matches." if search.strip() else "Nothing was asked yet.")
        if not search.strip():
            st.page_link(ASK_PAGE, label="Ask a question", icon=":material/chat:")
    today, page, pages = datetime.now(here()).date(), 1, -(-len(found) // PAGE_ROWS)
    rows = st.container()
    if pages > 1:
        page = st.pagination(pages, key="history_page")
    if len(found) == MOST_LISTED and page == pages:
        st.caption(f"The newest {MOST_LISTED} are listed: search for others.")
    shown = found[PAGE_ROWS * (page - 1) : PAGE_ROWS * page]
    with rows:
        for day, conversations in groupby(shown, key=lambda one: moment(one).date()):
            st.markdown(f"**{day_text(day, today=today)}**")
            with st.container(gap="xxsmall"):
                for one in conversations:
                    render_conversation(one)
if st.session_state.history_renamed:
    rename(st.session_state.history_renamed)

"""The History page: earlier conversations, searched and opened again."""

import streamlit as st

from advisor.conversation.history import (
    MOST_LISTED,
    Conversation,
    answers_of,
    list_conversations,
)
from advisor.rates import rate_text
from advisor.ui import resources
from advisor.ui.text import escaped
from advisor.words import count_text

ASK_PAGE = "advisor/ui/pages/ask.py"

advisor = resources.advisor_or_stop()


def open_again(conversation: Conversation) -> None:
    """Go to the Ask page with this conversation."""
    st.switch_page(ASK_PAGE, query_params={"c": conversation.id})


def render_conversation(conversation: Conversation) -> None:
    """Draw a conversation's name and times; its questions one click away."""
    key = f"history_{conversation.id}"
    with st.container(border=True, key=key):
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(f"**{escaped(conversation.name)}**", width="stretch")
        if row.button("Open", key=f"{key}_open"):
            open_again(conversation)
        with row.popover("Rename", key=f"{key}_rename"):
            name = st.text_input("Name", value=conversation.name, key=f"{key}_name")
            if st.button("Save the name", key=f"{key}_save"):
                with resources.errors_shown():
                    advisor.name_conversation(conversation.id, name)
                    st.rerun()
        count = count_text(conversation.n_answers, "question")
        with st.expander(f"{count}, last {conversation.last} UTC", key=f"{key}_list"):
            st.dataframe(
                [
                    {
                        "asked": saved.asked,
                        "question": saved.question,
                        "rate": rate_text(saved.learning_rate)
                        if saved.learning_rate
                        else "",
                        "thumb": saved.thumb or "",
                        "id": saved.id,
                    }
                    for saved in answers_of(advisor.store, conversation.id)
                ],
                hide_index=True,
                key=f"{key}_rows",
            )


st.title("History")
search = st.text_input(
    "Search",
    key="history_search",
    placeholder="Words of a name, a question or an answer",
)
with resources.errors_shown():
    found = list_conversations(advisor.store, search)
    if not found:
        st.text("Nothing matches." if search.strip() else "Nothing was asked yet.")
    elif len(found) == MOST_LISTED:
        st.caption(f"The newest {MOST_LISTED} are shown: search for others.")
    for one in found:
        render_conversation(one)

"""Popovers that close once their form was sent: open, they would cover the answer."""

import streamlit as st


def close_next(key: str) -> None:
    """Note that a popover is to be closed when the page is drawn again."""
    st.session_state.ask_closing = key


def close_sent() -> None:
    """Close the popover whose form was sent; called before any is drawn."""
    key = st.session_state.pop("ask_closing", None)
    if key is not None:
        st.session_state[key] = False

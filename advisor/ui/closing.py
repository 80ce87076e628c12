"""After a press: popovers that close, and where the cursor goes.

Open, they would cover the answer; and a button that is gone takes the cursor with it.
"""

import streamlit as st


def popover_key(key: str) -> str:
    """Return the key of a popover with a form: another one once the form was sent.

    A popover that is new is closed, and stays so. Python is not told whether one is
    open: a click on a link at the top would close it, and the page that the link opens
    would be drawn instead by the turn, which is not on it: as nothing.
    """
    count = st.session_state.get(f"{key}_sent", 0)
    return f"{key}_{count}" if count else key


def close_next(key: str) -> None:
    """Note that the form of a popover was sent; the page is drawn again after it."""
    st.session_state[f"{key}_sent"] = st.session_state.get(f"{key}_sent", 0) + 1


def focus_next(key: str) -> None:
    """Note the container that the keyboard goes on from once the page is drawn."""
    st.session_state.ask_focus = key


def focus_noted() -> str | None:
    """Return the container that was noted, once."""
    key: str | None = st.session_state.pop("ask_focus", None)
    return key

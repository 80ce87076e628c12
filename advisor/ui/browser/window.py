"""Where the window stands, where the cursor is, and what a screen reader says."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent

_move = st.components.v2.component(
    "lr_advisor_window", js=(_HERE / "window.js").read_text(encoding="utf-8")
)
_say = st.components.v2.component(
    "lr_advisor_said", js=(_HERE / "said.js").read_text(encoding="utf-8")
)


def move_to(turn: str | None, anchor: str | None, *, focus: str | None = None) -> None:
    """Move the window to the container with a key, once for each name of a turn.

    The keyboard goes on from the container `focus`, if the cursor is nowhere else.
    """
    data = {"turn": turn, "anchor": anchor, "focus": focus}
    _move(key="window_move", data=data)


def say(text: str) -> None:
    """Have a screen reader say a text that has changed."""
    _say(key="window_said", data={"said": text})

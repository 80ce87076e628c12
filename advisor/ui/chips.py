"""What was understood, as chips: each can be changed, and the question asked again.

A chip says if it was carried over. A changed one asks a new question in words.
"""

from typing import Any

import streamlit as st

from advisor.checks import (
    DEVICES,
    check_batch_size,
    check_learning_rate,
    several,
)
from advisor.conversation.answer import Answer
from advisor.conversation.kinds import KINDS
from advisor.conversation.rephrasing import sentence_for
from advisor.rates import rate_text
from advisor.reading.typed import CHECKS
from advisor.service import Advisor
from advisor.ui.text import escaped
from advisor.words import OPTIMIZER_TITLES, title_of
from knowledge.errors import AdvisorError, BadValueError

TITLES = {
    "workload": "model",
    "batch_size": "batch size",
    "learning_rate": "learning rate",
    "optimizer": "optimizer",
    "device": "device",
    "horizon_steps": "run length",
    "risk": "risk",
    "recipe": "recipe",
    "precision": "precision",
}
CONDITIONS = ("horizon_steps", "risk", "recipe", "precision")


def render_chips(advisor: Advisor, answer: Answer, index: int) -> None:
    """Draw a chip for each slot that is known; a pressed one notes the new question."""
    known = {name: v for name, v in _understood(answer).items() if v is not None}
    if not known or KINDS[answer.intent].again is None:
        return
    with st.container(horizontal=True, gap="small", key=f"ask_chips_{index}"):
        for name, value in known.items():
            carried = name in answer.inherited
            with st.popover(
                escaped(f"{TITLES[name]}: {shown(name, value)}"),
                icon=":material/subdirectory_arrow_right:" if carried else None,
                help="Carried over from before. Press to change it."
                if carried
                else "Press to change it.",
                key=f"ask_chip_{name}_{index}",
            ):
                _render_editor(advisor, answer, name, index)


def _understood(answer: Answer) -> dict[str, Any]:
    """The slots, then the conditions that were said."""
    return {**answer.slots, **answer.conditions}


def shown(name: str, value: Any) -> str:
    """Return a slot's value as it is written in answers.

    >>> shown("learning_rate", [1e-4, 5e-5])
    '1e-4, 5e-5'
    >>> shown("horizon_steps", 20000), shown("risk", 0.05)
    ('20,000 steps', '5 %')
    """
    if name == "horizon_steps":
        return f"{value:,} steps"
    if name == "risk":
        return f"{100 * value:g} %"
    return ", ".join(_shown_one(name, one) for one in several(value))


def _shown_one(name: str, value: Any) -> str:
    if name == "workload":
        return title_of(value)
    return rate_text(value) if isinstance(value, float) and value > 0 else str(value)


def _render_editor(advisor: Advisor, answer: Answer, name: str, index: int) -> None:
    key = f"ask_edit_{name}_{index}"
    text = st.text_input(
        f"Change the {TITLES[name]}",
        value=shown(name, _understood(answer)[name]),
        key=key,
        help="Leave it empty to go back to the usual one."
        if name in CONDITIONS
        else "Several are separated by commas.",
    )
    if not st.button("Ask again", key=f"{key}_again"):
        return
    try:
        understood = {**_understood(answer), name: read(advisor, name, text)}
    except AdvisorError as error:
        st.error(escaped(str(error)))
        return
    slots = {name: v for name, v in understood.items() if name not in CONDITIONS}
    conditions = {
        name: understood[name]
        for name in CONDITIONS
        if understood.get(name) is not None
    }
    question = sentence_for(answer.intent, slots, conditions)
    if question is None:
        st.error("That leaves too little to ask.")
        return
    st.session_state.ask_pending = (question, None)
    st.rerun()


def read(advisor: Advisor, name: str, text: str) -> Any:
    """Return the value of a slot as it was typed; nothing typed takes it out.

    Raises:
        AdvisorError: It cannot be right.
    """
    if name in CONDITIONS:
        if not text.strip():
            return None
        return CHECKS[name](text)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    values = [_read_one(advisor, name, part) for part in parts]
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _read_one(advisor: Advisor, name: str, text: str) -> Any:
    if name == "workload":
        return advisor.library.resolve_workload(text)
    if name == "batch_size":
        return check_batch_size(text)
    if name == "learning_rate":
        return check_learning_rate(text)
    known = DEVICES if name == "device" else tuple(OPTIMIZER_TITLES)
    if text.lower() not in known:
        raise BadValueError(name, text, expected=f"known are {', '.join(known)}.")
    return text.lower()

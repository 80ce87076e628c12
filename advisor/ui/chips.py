"""What was understood, as chips: each can be changed, and the question asked again.

A chip says if it was carried over or assumed. A changed one asks a new question in
words, whose answer takes the place of the old one.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from advisor.answers.wording import setting_text
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
from advisor.ui.closing import close_next, popover_key
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
    """Draw a chip for each slot that is known; a changed one notes the new question."""
    said = {name: v for name, v in _understood(answer).items() if v is not None}
    if not said or KINDS[answer.intent].again is None:
        return
    with st.container(horizontal=True, gap="xsmall", key=f"ask_chips_{index}"):
        for name, value in {**said, **_assumed(answer, said)}.items():
            is_assumed, is_carried = name not in said, name in answer.inherited
            label = shown(name, value, answer)
            chip = st.popover(
                escaped(f"{label} (assumed)" if is_assumed else label),
                type="tertiary" if is_assumed else "secondary",
                icon=":material/subdirectory_arrow_right:" if is_carried else None,
                help=_help(name, is_assumed=is_assumed, is_carried=is_carried),
                key=popover_key(_chip_key(name, index)),
            )
            with chip:
                _render_editor(advisor, answer, name, value, index)


def _help(name: str, *, is_assumed: bool, is_carried: bool) -> str:
    where = "Carried over from before. " if is_carried else ""
    where = "Nobody said it. " if is_assumed else where
    return f"{where}Press to change the {TITLES[name]}."


def _chip_key(name: str, index: int) -> str:
    return f"ask_chip_{name}_{index}"


def _understood(answer: Answer) -> dict[str, Any]:
    """The slots, then the conditions that were said."""
    return {**answer.slots, **answer.conditions}


def _assumed(answer: Answer, said: Mapping[str, Any]) -> dict[str, Any]:
    """What nobody said and moves the number all the same."""
    found = answer.recommendations
    if len(found) != 1 or found[0].learning_rate is None:
        return {}
    r = found[0]
    taken = {"horizon_steps": r.horizon_steps, "device": r.device}
    if "recipe" not in said:
        taken = {"optimizer": r.optimizer, **taken}
    return {n: v for n, v in taken.items() if v is not None and n not in said}


def shown(name: str, value: Any, answer: Answer | None = None) -> str:
    """Return a slot's value as its chip says it.

    >>> shown("learning_rate", [1e-4, 5e-5]), shown("batch_size", 5)
    ('1e-4, 5e-5', 'batch 5')
    >>> shown("horizon_steps", 20000), shown("risk", 0.05)
    ('20,000 steps', 'risk 5 %')
    """
    text = field_text(name, value)
    if name == "optimizer" and answer is not None and answer.recommendation:
        return setting_text(answer.recommendation).partition(",")[0]
    if name == "device":
        return "CPU" if value == "cpu" else str(value)
    return f"{_WORDS[name]} {text}" if name in _WORDS else text


_WORDS = {"batch_size": "batch", "risk": "risk", "recipe": "recipe"}


def field_text(name: str, value: Any) -> str:
    """Return a slot's value as its field holds it, to be changed."""
    if name == "horizon_steps":
        return f"{value:,} steps"
    if name == "risk":
        return f"{100 * value:g} %"
    return ", ".join(_shown_one(name, one) for one in several(value))


def _shown_one(name: str, value: Any) -> str:
    if name == "workload":
        return title_of(value)
    return rate_text(value) if isinstance(value, float) and value > 0 else str(value)


def _render_editor(
    advisor: Advisor, answer: Answer, name: str, value: Any, index: int
) -> None:
    """Draw the field of a chip; Enter or the button asks again in its place."""
    key = f"ask_edit_{name}_{index}"
    with st.form(f"{key}_form", border=False):
        text = st.text_input(
            f"Change the {TITLES[name]}",
            value=field_text(name, value),
            key=key,
            help="Leave it empty to go back to the usual one."
            if name in CONDITIONS
            else "Several are separated by commas.",
        )
        pressed = st.form_submit_button("Ask again", key=f"{key}_again", type="primary")
    if not pressed:
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
    st.session_state.ask_pending = (question, None, index)
    close_next(_chip_key(name, index))
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

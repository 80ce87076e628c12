"""The form for a run that a person has made already: rate, steps, how it ended."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from advisor.checks import check_learning_rate, several
from advisor.conversation.telling import Told
from advisor.rates import fit_text
from advisor.service import Advisor
from advisor.ui.closing import close_next, focus_next, popover_key
from advisor.ui.resources import errors_shown
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, retold_turn
from advisor.words import title_of
from knowledge.errors import AdvisorError

_HELD = "It held"
ENDINGS = {
    _HELD: "stable",
    "It got blurry or noisy": "degraded",
    "It broke (NaN or only noise)": "diverged",
}


@dataclass(frozen=True)
class Setting:
    """What a run is told of: the fields of the form before anybody changes them."""

    workload: str
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str | None = None
    recipe: str | None = None


def render_telling(advisor: Advisor, row: Any, turns: list[Any], index: int) -> None:
    """Draw the button that opens the form; what is told counts at once."""
    turn: Turn = turns[index]
    setting = setting_of(turn)
    if setting is None:
        return
    is_known = turn.single is not None
    key = f"ask_tell_{index}"
    popover = row.popover(
        "Already trained this? Tell me how it went" if is_known else "Tell one run",
        type="primary" if is_known else "secondary",
        icon=None if is_known else ":material/edit_note:",
        key=popover_key(key),
    )
    with popover:
        told = _told(advisor, setting, index)
        if told is not None:
            turns[index] = retold_turn(advisor, turn, told.text, told_id=told.id)
            close_next(key)
            focus_next(f"ask_done_{index}")
            st.rerun()


def render_told(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw what was told or taken back, with the button that undoes it."""
    turn: Turn = turns[index]
    if turn.done is None:
        return
    with st.container(key=f"ask_done_{index}", gap="xsmall"), errors_shown():
        st.success(escaped(turn.done))
        if turn.told_id and st.button(
            "Undo", key=f"ask_undo_{index}", icon=":material/undo:"
        ):
            note = advisor.take_back(turn.told_id).text
            turns[index] = retold_turn(advisor, turn, note)
            focus_next(f"ask_done_{index}")
            st.rerun()


def setting_of(turn: Turn) -> Setting | None:
    """Return what a run may be told of after an answer; None where that is open."""
    r, slots = turn.single, turn.answer.slots
    if r is not None:
        return Setting(r.workload, r.batch_size, r.learning_rate, r.optimizer, r.recipe)
    name = turn.answer.unknown_workload
    if not name:
        return None
    batch = next(iter(several(slots.get("batch_size"))), None)
    rate = next(iter(several(slots.get("learning_rate"))), None)
    return Setting(name, batch, rate, slots.get("optimizer"))


def _told(advisor: Advisor, setting: Setting, index: int) -> Told | None:
    """Draw the form; once it is sent, keep the run and return what was kept."""
    key, rate = f"ask_told_{index}", setting.learning_rate
    with st.form(key, border=False):
        st.text(f"One run of {title_of(setting.workload)}:")
        left, right = st.columns(2)
        batch = left.number_input(
            "Batch size", min_value=1, value=setting.batch_size, key=f"{key}_batch"
        )
        typed = right.text_input(
            "Learning rate", value=fit_text(rate) if rate else "", key=f"{key}_rate"
        )
        ending = st.radio(
            "How did it end?", list(ENDINGS), index=None, key=f"{key}_ended"
        )
        steps = st.number_input(
            "After how many steps?",
            min_value=1,
            value=None,
            step=1000,
            placeholder="I do not know",
            key=f"{key}_steps",
        )
        if not st.form_submit_button("Keep it", key=f"{key}_keep", type="primary"):
            return None
        if ending is None:
            st.error("Say how it ended.")
            return None
        ended, failed = ENDINGS[ending], ending != _HELD
        try:
            told = advisor.tell(
                setting.workload,
                batch_size=batch,
                learning_rate=check_learning_rate(typed),
                outcome=ended,
                steps=None if failed else steps,
                failed_at=steps if failed else None,
                optimizer=setting.optimizer,
                recipe=setting.recipe,
            )
        except AdvisorError as error:
            st.error(escaped(str(error)))
            return None
    return told

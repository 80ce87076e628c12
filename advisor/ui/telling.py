"""The form for a run that a person has made already: rate, steps, how it ended."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from advisor.checks import check_learning_rate, several
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.closing import close_next
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, retold_turn
from advisor.words import title_of
from knowledge.errors import AdvisorError

ENDINGS = {
    "It held": "stable",
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
        key=key,
        on_change="rerun",
    )
    if not popover.open:
        return
    with popover:
        told = _told(advisor, setting, index)
        if told is not None:
            turns[index] = retold_turn(advisor, turn, told)
            close_next(key)
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


def _told(advisor: Advisor, setting: Setting, index: int) -> str | None:
    """Draw the form; once it is sent, keep the run and return what was kept."""
    key, rate = f"ask_told_{index}", setting.learning_rate
    with st.form(key, border=False):
        st.text(f"One run of {title_of(setting.workload)}:")
        batch = st.number_input(
            "Batch size", min_value=1, value=setting.batch_size, key=f"{key}_batch"
        )
        typed = st.text_input(
            "Learning rate", value=rate_text(rate) if rate else "", key=f"{key}_rate"
        )
        ended = ENDINGS[st.radio("How did it end?", list(ENDINGS), key=f"{key}_ended")]
        steps = st.number_input(
            "After how many steps? (empty: I do not know)",
            min_value=1,
            value=None,
            step=1000,
            key=f"{key}_steps",
        )
        if not st.form_submit_button("Keep it", key=f"{key}_keep", type="primary"):
            return None
        failed = ended != "stable"
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
    return told.text

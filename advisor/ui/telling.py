"""The form for a run that a person has made already: rate, steps, how it ended."""

from typing import Any

import streamlit as st

from advisor.checks import check_learning_rate
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.closing import close_next
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, retold_turn
from advisor.words import title_of
from knowledge.errors import AdvisorError

ENDINGS = {"It held": "stable", "It got blurry or noisy": "degraded"}
ENDINGS["It broke (NaN or noise)"] = "diverged"


def render_telling(advisor: Advisor, row: Any, turns: list[Any], index: int) -> None:
    """Draw the button that opens the form; what is told counts at once."""
    turn: Turn = turns[index]
    r = turn.single
    if r is None:
        return
    popover = row.popover(
        "Already trained this? Tell me how it went",
        type="primary",
        key=f"ask_tell_{index}",
        on_change="rerun",
    )
    if not popover.open:
        return
    with popover, st.form(f"ask_told_{index}", border=False):
        st.text(f"A run of {title_of(r.workload)} at batch {r.batch_size}:")
        rate = st.text_input(
            "Learning rate",
            value=rate_text(r.learning_rate) if r.learning_rate else "",
            key=f"ask_told_rate_{index}",
        )
        ended = st.radio("How did it end?", list(ENDINGS), key=f"ask_told_end_{index}")
        steps = st.number_input(
            "Steps it took (empty: I do not know)",
            min_value=1,
            value=None,
            step=1000,
            key=f"ask_told_steps_{index}",
        )
        if not st.form_submit_button(
            "Keep it", key=f"ask_told_keep_{index}", type="primary"
        ):
            return
        try:
            told = advisor.tell(
                r.workload,
                batch_size=r.batch_size,
                learning_rate=check_learning_rate(rate),
                outcome=ENDINGS[ended],
                steps=None if ENDINGS[ended] != "stable" else steps,
                failed_at=steps if ENDINGS[ended] != "stable" else None,
                optimizer=r.optimizer,
                recipe=r.recipe,
            )
        except AdvisorError as error:
            st.error(escaped(str(error)))
            return
        turns[index] = retold_turn(advisor, turn, told.text)
        close_next(f"ask_tell_{index}")
        st.rerun()

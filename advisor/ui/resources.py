"""The Advisor that all pages share; tests put another in the place of `advisor`.

The store is read from the environment at each call.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from advisor.service import Advisor
from advisor.settings import load_settings
from advisor.ui.text import escaped
from knowledge.errors import AdvisorError


def advisor() -> Advisor:
    """Return the Advisor of the store named by the environment, opened once.

    `LR_ADVISOR_STORE` names the store; `LR_ADVISOR_NO_SEEDS=1` leaves out the claims
    every new store starts with.

    Raises:
        AdvisorError: The store or the settings cannot be used.
    """
    settings = load_settings()
    seeded = os.environ.get("LR_ADVISOR_NO_SEEDS", "") != "1"
    return _open(str(settings.store_folder), seeded)


@st.cache_resource(show_spinner="Opening the store ...", on_release=Advisor.close)
def _open(folder: str, seeded: bool) -> Advisor:
    opened = Advisor.open(folder, seeded=seeded)
    opened.tend()  # what an earlier session left unfinished goes on
    return opened


def advisor_or_stop() -> Advisor:
    """Return the Advisor, or say why there is none and end the page."""
    try:
        opened = advisor()
    except AdvisorError as error:
        st.error(escaped(str(error)))
        st.stop()
    for problem in filter(None, (opened.study_problem, *opened.store.repairs)):
        st.warning(escaped(problem))
    return opened


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an AdvisorError as its sentence; anything else is a bug and stays one."""
    try:
        yield
    except AdvisorError as error:
        st.error(escaped(str(error)))

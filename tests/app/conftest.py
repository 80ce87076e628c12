"""Shared by the page tests: a real Advisor on a temporary store, and the pages.

Training is not started, so a verification stays queued until
a test carries it out or ends it by hand. The browser journeys train for real.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from advisor.ui import resources
from tests.app.pages import OpenPage
from tests.waiting import LIMIT_SECONDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = "advisor/ui/pages"


@pytest.fixture(autouse=True)
def main_module_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app puts its script in the place of the main module, and processes that later
    tests start would run that script.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def fitter() -> Fitter:
    """Fits shared by all tests: they depend on the evidence alone."""
    return Fitter()


@pytest.fixture
def advisor(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fitter: Fitter,
    nothing_trains: None,
) -> Iterator[Advisor]:
    """A seeded Advisor on a temporary store, in the place of the cached one."""
    with Advisor.open(tmp_path / "store", fitter=fitter) as opened:
        monkeypatch.setattr(resources, "advisor", lambda: opened)
        yield opened


@pytest.fixture
def open_page() -> OpenPage:
    """Run the app at one of its pages, `app` at the first; each must come up without an
    exception.
    """

    def run(page: str, **query: str) -> AppTest:
        path = ROOT / "streamlit_app.py"
        at = AppTest.from_file(str(path), default_timeout=LIMIT_SECONDS)
        if page == "track_record":
            at.run()  # its address is not its file's name: the app has to tell first
        if page != "app":
            at.switch_page(f"{PAGES}/{page}.py")
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    return run


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """What a page opened through the cache is closed after the test."""
    yield
    st.cache_resource.clear()

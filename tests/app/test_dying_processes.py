"""The chat and the Runs page say that runs cannot be carried out; real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from advisor.service import Advisor
from advisor.settings import Settings
from advisor.ui import resources
from tests.app.pages import OpenPage, texts
from tests.processes import SUPERVISOR, WORKER, kill_all
from tests.sabotage import EXITS, Sabotage
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def tended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisor]:
    """An Advisor that does start processes, in the place of the cached one."""
    folder = tmp_path / "store"
    with Advisor.open(
        folder, settings=Settings(folder, 1, ships=frozenset())
    ) as opened:
        monkeypatch.setattr(resources, "advisor", lambda: opened)
        yield opened
        kill_all(folder)


@pytest.fixture(autouse=True, params=[SUPERVISOR, WORKER])
def sabotage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be carried out."""
    Sabotage(tmp_path / "sabotage", monkeypatch).at_start_of(request.param, EXITS)


def redrawn(at: AppTest, says: str) -> str:
    """Draw the page again, as it does by itself, until it says something."""

    def shown() -> str:
        at.run()
        assert not at.exception
        return said(at) if says in said(at) else ""

    return until(shown, what=says)


def said(at: AppTest) -> str:
    errors = [error.value for error in at.error]
    captions = [caption.value for caption in at.caption]
    return "\n".join([texts(at), *errors, *captions])


def test_the_chat_says_why_runs_cannot_be_carried_out(
    tended: Advisor, open_page: OpenPage
) -> None:
    at = open_page("ask")
    question = "verify digits_mlp at batch 32 with lr 0.01 for 20 steps"
    at.chat_input(key="ask_input").set_value(question).run()
    at.button(key="ask_run_0").click().run()
    shown = redrawn(at, "no luck today")
    assert "lr-advisor jobs resume" in shown
    assert not tended.queue.has_work()


def test_the_runs_page_says_why_runs_cannot_be_carried_out(
    tended: Advisor, open_page: OpenPage
) -> None:
    tended.verify("digits_mlp", 32, learning_rate=1e-3, steps=20)
    shown = redrawn(open_page("runs"), "no luck today")
    assert "Ended without a result" in shown or "workers.log" in shown

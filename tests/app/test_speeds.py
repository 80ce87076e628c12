"""The fastest batch on the Ask page: its chart, and the button that measures."""

import pytest
from streamlit.testing.v1 import AppTest

from advisor.running import speeds
from advisor.service import Advisor
from experiments.machine import machine_name
from knowledge.errors import RunError
from tests.app.pages import OpenPage, texts

QUESTION = "Which batch is fastest for RealFace on my machine?"


def document() -> dict[str, object]:
    """What the measuring process prints."""
    rows = [
        {
            "batch_size": batch_size,
            "n_workers": 1,
            "seconds_per_step": 0.5,
            "examples_per_second": 4.0 * batch_size,
            "peak_memory_mb": 400.0,
        }
        for batch_size in (2, 5)
    ]
    return {
        "machine": machine_name(),
        "device": "cpu",
        "workload": "realface",
        "recipe": "faceswap-2021",
        "precision": "fp32",
        "code_version": "0.1.0",
        "rows": rows,
        "stopped": None,
    }


def ask(open_page: OpenPage) -> AppTest:
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value(QUESTION).run()
    assert not at.exception
    return at


def test_the_speed_is_measured_at_the_press_of_a_button_and_answered_from(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same turn then holds the chart, the rate and the measured rows."""
    monkeypatch.setattr(speeds, "_measure", lambda *_, **__: document())
    at = ask(open_page)
    assert "has not been measured on this machine" in texts(at)
    assert at.button(key="ask_measure_0").label == "Measure it here"
    at.button(key="ask_measure_0").click().run()
    assert not at.exception
    assert "Batch 5 is the fastest" in texts(at)
    assert at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")
    assert list(at.dataframe[0].value["batch size"]) == [2, 5]
    assert at.button(key="ask_measure_0").label == "Measure again"


def test_what_stands_in_the_way_of_measuring_is_said(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs under way would share the cores."""

    def refuse(*_: object, **__: object) -> None:
        raise RunError("Runs are under way.")

    at = ask(open_page)
    monkeypatch.setattr(Advisor, "measure_speed", refuse)
    at.button(key="ask_measure_0").click().run()
    assert "Runs are under way." in at.error[0].value
    assert len(at.session_state["ask_turns"]) == 1


def test_a_model_that_cannot_be_trained_here_has_no_button(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """An imported workload is known by its runs alone."""
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value("What is warm-up?").run()
    assert not [b for b in at.button if b.key and b.key.startswith("ask_measure")]


def test_the_time_a_plan_is_given_is_what_its_runs_take(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Rounded up to ten seconds, and a minute at least: there are runs to follow up."""
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value("What LR for batch 5 on RealFace?").run()
    plan = advisor.recommend("realface", 5).verification
    given = at.number_input(key="ask_budget_0").value
    taken = max(plan.estimated_seconds, 60)
    assert 0 <= given - taken <= 10
    assert f"about {given:.0f} s" in texts(at)

"""Tests under way and over, as the Ask page tells of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from advisor.charts.curves import LiveCurve, build_live_chart, describe_live_chart
from advisor.service import Advisor
from advisor.ui.live import (
    LiveRun,
    cancelled_text,
    ended_counts,
    live_runs,
    newest_strip,
    outcome_words,
    progress_text,
)
from advisor.ui.turns import ask_turn, measured_turn
from knowledge.records import Curve, Outcome
from tests.app.pages import OpenPage, proxy_run, texts

QUESTION = "What LR for batch 5 on RealFace?"


@pytest.fixture
def started(advisor: Advisor, open_page: OpenPage) -> AppTest:
    """The page after Run was pressed; nothing trains."""
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value(QUESTION).run()
    at.button(key="ask_run_0").click().run()
    assert not at.exception
    return at


def runs_under_way(advisor: Advisor) -> list[LiveRun]:
    (opened,) = advisor.queue.verifications()
    return live_runs(advisor, advisor.verifications.get(opened.id))


def ended(test: LiveRun, outcome: Outcome, steps: int) -> LiveRun:
    run = replace(
        proxy_run(1, rate=2e-3, outcome=outcome), steps=steps, horizon_steps=150
    )
    return replace(test, run=run)


def test_at_first_it_says_that_pytorch_starts(
    advisor: Advisor, started: AppTest
) -> None:
    (opened,) = advisor.queue.verifications()
    verification = advisor.verifications.get(opened.id)
    tests = runs_under_way(advisor)
    assert progress_text(verification, tests, elapsed=1.0).startswith("Starting")
    moved = [replace(t, job=replace(t.job, progress=0.5)) for t in tests[:2]]
    said = progress_text(verification, moved, elapsed=20.0)
    assert said.startswith("40 s left, runs 1 to 2 of about ")
    assert said.endswith(", 2 at a time")
    assert "times the answer's" in texts(started)


def test_cancelling_is_seen_at_once_and_cannot_be_pressed_twice(
    advisor: Advisor, started: AppTest
) -> None:
    started.button(key="ask_0_cancel").click().run()
    if advisor.queue.verifications()[0].state == "running":
        assert started.button(key="ask_0_cancel").label == "Cancelling ..."
        assert started.button(key="ask_0_cancel").disabled


def test_a_start_that_was_cancelled_changes_nothing_and_says_so(
    advisor: Advisor, started: AppTest
) -> None:
    """It is in no evidence, and the words are one truth."""
    before = advisor.recommend("realface@1/16", 5)
    run = replace(
        proxy_run(7, rate=3e-3, outcome=Outcome.INCOMPLETE), steps=9, horizon_steps=150
    )
    advisor.store.record_run(run, Curve((1.0, 0.9)))
    after = advisor.recommend("realface@1/16", 5)
    assert after.learning_rate == before.learning_rate
    assert run.id not in after.evidence.used
    reasons = {e.id: e.reason for e in after.evidence.excluded}
    assert reasons[run.id] == "cancelled after 9 of 150 steps"
    (test, *_) = runs_under_way(advisor)
    short = ended(test, Outcome.INCOMPLETE, 9)
    assert cancelled_text([short]) == (
        "Cancelled after 9 of 150 steps: too short to count. Nothing changed."
    )
    assert cancelled_text([test]) == "Cancelled. Nothing changed."


def test_runs_that_came_far_enough_count_after_a_cancel(
    advisor: Advisor, started: AppTest
) -> None:
    (test, *_) = runs_under_way(advisor)
    tests = [
        ended(test, Outcome.DIVERGED, 40),
        ended(test, Outcome.INCOMPLETE, 90),
        ended(test, Outcome.INCOMPLETE, 4),
    ]
    assert cancelled_text(tests) == (
        "Cancelled. 2 runs that came far enough count. Too short to count: "
        "4 of 150 steps."
    )
    assert ended_counts(tests) == "1 failed, 2 stopped early"
    assert outcome_words(tests[0]) == "failed at step 20 (diverged)"
    assert outcome_words(tests[1]) == "stopped early, fine for 90 of 150 steps"


def test_the_ruler_moves_with_each_run_that_is_over(advisor: Advisor) -> None:
    """The interval before them stays beside it."""
    turn = ask_turn(advisor, "What LR for batch 5 on realface@1/16?", None)
    for number, (rate, outcome) in enumerate(
        [(1.6e-3, Outcome.DIVERGED), (1.2e-3, Outcome.DIVERGED)], start=1
    ):
        advisor.store.record_run(
            replace(proxy_run(number, rate=rate, outcome=outcome), steps=20)
        )
    moved = measured_turn(advisor, turn, 2)
    assert moved.ruler is not None
    assert turn.ruler is not None
    assert moved.ruler.limit.median < turn.ruler.limit.median
    assert moved.limit_before == turn.ruler.limit
    assert moved.answer == turn.answer
    assert measured_turn(advisor, moved, 3).limit_before == turn.ruler.limit


def test_a_curve_s_label_says_how_it_ended_and_lies_on_no_other() -> None:
    curves = [
        LiveCurve(f"{rate} at batch 5", how, Curve((1.0, 0.5, 0.4)))
        for rate, how in (("2e-3", "held"), ("4e-3", "failed"), ("3e-3", "running"))
    ]
    spec = build_live_chart(curves, steps=90).to_dict()
    ends = spec["layer"][1]["data"]["values"]
    assert {end["said"] for end in ends} == {f"{c.label}: {c.ended}" for c in curves}
    assert len({end["place"] for end in ends}) == 3
    scale = spec["layer"][0]["encoding"]["x"]["scale"]
    assert scale["domain"][1] > 90
    assert "4e-3 at batch 5 failed" in describe_live_chart(curves)


def test_a_strip_is_the_top_of_the_sheet(tmp_path: Path) -> None:
    path = tmp_path / "preview-0000010.png"
    Image.new("RGB", (600, 524)).save(path)
    strip = newest_strip(path)
    assert strip is not None
    assert strip.size == (600, 224)
    path.write_bytes(b"half a pict")
    assert newest_strip(path) is None

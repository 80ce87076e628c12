"""The ruler of an answer: its zones, its marks, and what it says of a rate."""

from dataclasses import replace

import pytest

from advisor.answers.brief import EVEN_FROM, SAFE_FROM
from advisor.answers.ruler import (
    Ruler,
    describe_ruler,
    marks_at,
    reading,
    ruler_rates,
)
from advisor.rates import fit_text
from advisor.service import Advisor
from knowledge.records import TOLD, Outcome
from tests.example_records import CLAIM, REALFACE_RUN

HELD = replace(REALFACE_RUN, learning_rate=2e-3)
FAILED = replace(HELD, id="run:2", learning_rate=4e-3, outcome=Outcome.DEGRADED)


@pytest.fixture(scope="module")
def ruler() -> Ruler:
    """The ruler of DLight at batch 9, from what every new store knows."""
    with Advisor.open(":memory:") as advisor:
        r = advisor.recommend("dlight", 9)
        marks = marks_at(9, "dlight", [], advisor.library.claims())
        found = advisor.answers.ruler(r, marks)
        assert found is not None
        return found


def test_the_zones_follow_one_another_and_end_where_the_chance_says(
    ruler: Ruler,
) -> None:
    words = [zone.word for zone in ruler.zones]
    assert words == ["safe", "may fail", "no"]
    safe, between, no = ruler.zones
    assert (safe.high, between.high) == (between.low, no.low)
    assert ruler.chance(safe.high) == pytest.approx(SAFE_FROM, abs=1e-6)
    assert ruler.chance(no.low) == pytest.approx(EVEN_FROM, abs=1e-6)


def test_a_higher_rate_never_holds_more_surely(ruler: Ruler) -> None:
    chances = [chance for _, chance in ruler.curve]
    assert chances == sorted(chances, reverse=True)
    low, high = ruler.curve[0], ruler.curve[-1]
    assert ruler.chance(low[0] / 10) == low[1]
    assert ruler.chance(high[0] * 10) == high[1]


def test_the_marked_rate_is_the_answer_s_and_is_read_as_safe(ruler: Ruler) -> None:
    assert reading(ruler, ruler.marked).endswith("safe, 90 %")
    assert ruler.marked_text == fit_text(ruler.marked)
    assert "no" in reading(ruler, ruler.curve[-1][0])


def test_what_people_saw_there_is_marked_and_said(ruler: Ruler) -> None:
    held = [mark.learning_rate for mark in ruler.marks if mark.held]
    failed = [mark.learning_rate for mark in ruler.marks if not mark.held]
    assert max(held) < min(failed)
    assert {mark.by for mark in ruler.marks} == {"report"}
    assert f"{max(held):g}".replace("e-0", "e-") in describe_ruler(ruler)


def test_marks_are_those_of_the_batch_size_and_stand_once() -> None:
    """Replicates alike share a mark; what was not judged or cut short has none."""
    runs = [
        *(HELD, replace(HELD, id="run:3"), FAILED),
        replace(HELD, id="run:4", batch_size=6),
        replace(HELD, id="run:5", workload="realface@1/8"),
        replace(HELD, id="run:6", learning_rate=1e-3, outcome=None),
        replace(HELD, id="run:7", learning_rate=1e-3, outcome=Outcome.INCOMPLETE),
        replace(HELD, id="run:8", source=TOLD),
    ]
    claim = replace(
        CLAIM, workload=HELD.workload, batch_size=5, learning_rate=3e-3, bound="stable"
    )
    marks = marks_at(5, HELD.workload, runs, [claim, replace(claim, bound=None)])
    assert [(mark.learning_rate, mark.held, mark.by) for mark in marks] == [
        (2e-3, True, "run"),
        (2e-3, True, "you"),
        (3e-3, True, "report"),
        (4e-3, False, "run"),
    ]


def test_without_a_limit_there_is_no_ruler() -> None:
    with Advisor.open(":memory:", seeded=False) as advisor:
        r = advisor.recommend("original", 4)
        assert ruler_rates(r, ()) == ()
        assert advisor.answers.ruler(r, ()) is None

"""Slots: an answer's own text in named pieces, of which nothing can get lost."""

import re

import pytest

from advisor.answers.brief import verdict_text
from advisor.phrasing.slots import Slot, fill, slots_of
from advisor.rates import fit_text
from advisor.service import Advisor
from tests.advisor.phrasing.fake_language_model import JUDGE, RECOMMEND, TWO

QUESTIONS = [
    RECOMMEND,
    TWO,
    JUDGE,
    "is 7e-5 or 1e-4 safe at batch 5 on RealFace?",
    "What LR for batch 5 on RealFace for 20k steps?",
    "Largest batch for 6.5e-5 on RealFace?",
    "Largest batch for 5e-5 on RealFace?",
    "does the lr scale with batch on dlight?",
    "compare original and dlight at batch 8",
    "which batch is fastest for realface?",
    "why does my loss explode on realface batch 5?",
    "why is my digits_mlp batch 32 at 0.5 diverging",
    "what is warm-up?",
    "what is running?",
    "show the runs of digits_mlp",
    "is 5e-5 safe for original b8? and what is EGs/sec?",
]


@pytest.fixture(scope="module")
def advisor():
    with Advisor.open(":memory:", study=True) as opened:
        yield opened


def names_of(slots: tuple[Slot, ...], *, required: bool = True) -> set[str]:
    return {slot.name for slot in slots if slot.is_required or not required}


@pytest.mark.parametrize("question", QUESTIONS)
def test_slots_are_the_text_of_the_answer_all_of_it(advisor, question):
    answer = advisor.ask(question, save=False)
    slots = slots_of(answer)
    assert len({slot.name for slot in slots}) == len(slots)
    left = answer.text
    for slot in sorted(slots, key=lambda slot: slot.is_words):
        assert not re.search(r"\d", slot.gist)
        # The rate and how it stands to those that were run frame the sentence.
        for piece in slot.text.split(", ", 1) if slot.name == "rate" else [slot.text]:
            assert piece in answer.text
            left = left.replace(piece, "", 1)
    assert re.sub(r"(I would start| ?Start at|for|at|should|last|\W)+", "", left) == ""


def test_rate_and_doubt_of_a_recommendation_must_be_said(advisor):
    answer = advisor.ask(RECOMMEND, save=False)
    slots = {slot.name: slot for slot in slots_of(answer)}
    rate = fit_text(answer.recommendation.learning_rate)
    assert slots["rate"].text == f"{rate}, which no run has tried"
    assert slots["doubt"].text.startswith("Weak evidence, reports only: ")
    assert names_of(slots_of(answer)) == {"rate", "doubt"}


def test_the_verdict_has_its_rate_and_its_probability_with_it(advisor):
    """So it cannot be said of another rate."""
    answer = advisor.ask(JUDGE, save=False)
    slots = {slot.name: slot for slot in slots_of(answer)}
    assert slots["verdict"].text == verdict_text(answer.judgements[0])
    assert slots["verdict"].is_required
    assert "7e-5" in slots["verdict"].text
    assert " % of runs should last" in slots["verdict"].text
    assert "p_stable" not in slots


def test_each_of_several_rates_stays_with_its_place(advisor):
    slots = slots_of(advisor.ask(TWO, save=False))
    assert names_of(slots) == {"rate_1", "rate_2"}
    assert [slot for slot in slots if slot.is_words] == []
    assert slots[0].text.startswith("RealFace at batch 2: ")


def test_where_there_is_no_rate_that_must_be_said():
    with Advisor.open(":memory:", seeded=False, study=False, library=False) as empty:
        slots = slots_of(empty.ask(RECOMMEND, save=False))
    assert "I have no rate" in next(s.text for s in slots if s.name == "start")
    assert {"start", "doubt"} <= names_of(slots)


def test_filling_keeps_one_stop_and_fills_nothing_twice():
    slots = [Slot("a", "So it is.", ""), Slot("b", "{a}", "")]
    assert fill("{a} Then: { a }. {b}", slots) == "So it is. Then: So it is. {a}"

"""Concept pages: each well made, and the right one found for a question, or none."""

import cProfile
import json
import pstats
from pathlib import Path

import pytest

from knowledge.concepts.finding import Finder
from knowledge.concepts.pages import (
    find_concept,
    get_concept,
    load_concepts,
    related_concepts,
)

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parent / "concept_questions.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
CONCEPTS = load_concepts()
KEYS = {concept.key for concept in CONCEPTS}
MOST_CALLS = 1_800  # of functions, a question; about 1,300 today


def found(text: str) -> str | None:
    concept = find_concept(text)
    return concept.key if concept else None


def misses(questions) -> list[tuple[str, str | None, str | None]]:
    answers = [(q["text"], q["concept"], found(q["text"])) for q in questions]
    return [answer for answer in answers if answer[1] != answer[2]]


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda c: c.key)
def test_every_page_is_short_and_names_its_source(concept):
    """A page is read aloud: nobody listens to more."""
    assert 60 <= len(concept.text.split()) <= 120
    assert concept.source
    assert concept.answer.endswith(".")
    assert concept.answer.count(". ") <= 1, "the answer is one or two sentences"
    assert len(concept.answer.split()) <= 45


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda c: c.key)
def test_every_page_leads_on_to_others(concept):
    assert concept.key not in concept.related
    assert [c.key for c in related_concepts(concept)] == list(concept.related)
    assert 2 <= len(concept.related) <= 4


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda c: c.key)
def test_a_page_is_found_by_its_own_title_and_keywords(concept):
    """A keyword that leads elsewhere would be a trap for whoever adds a page."""
    asked = [
        k[1:] if k.startswith("=") else f"what is meant by {k}?"
        for k in concept.keywords
    ]
    assert [text for text in asked if found(text) is None] == []
    assert found(concept.title) is not None


def test_every_page_can_be_reached_from_another():
    linked = {key for concept in CONCEPTS for key in concept.related}
    assert KEYS - linked == set()


def test_the_labelled_questions_name_pages_that_exist():
    assert len(QUESTIONS) >= 80
    assert {q["concept"] for q in QUESTIONS} - KEYS == {None}
    assert {q["concept"] for q in QUESTIONS} >= KEYS


def test_nearly_all_labelled_questions_find_their_page():
    """Measured when written: 327 of 334."""
    wrong = misses(QUESTIONS)
    assert len(wrong) <= 0.04 * len(QUESTIONS), wrong


def test_what_has_no_page_nearly_never_gets_one():
    """A wrong page is worse than none."""
    strange = [q for q in QUESTIONS if q["concept"] is None]
    assert len(strange) >= 40
    assert len(misses(strange)) <= 2, misses(strange)


def test_a_wrong_page_is_rarer_than_no_page_or_as_rare():
    wrong = [m for m in misses(QUESTIONS) if m[2] is not None]
    assert len(wrong) <= 0.02 * len(QUESTIONS), wrong


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("how do I generate pictures", None),  # no rate in it
        ("my frame stutters", None),  # no ram in it
        ("what is a learning rate range test", "lr-finder"),
        ("why do you give a range and not one number?", "interval"),
        ("explain the linear scaling rule", "scaling-rules"),
        ("What does EGs/sec mean?", "egs-per-second"),
        ("the price of tea", None),
        ("whats a lerning rate", "learning-rate"),
        ("explain momentm", "momentum"),
        ("what is a seed", "seeds"),
        ("what is a seed oil", None),
        ("what is epsilon in adam", "epsilon"),
        ("¿qué es el batch size?", "batch-size"),
        ("why?", "method"),
        ("", None),
        ("???", None),
        ("\x00 ' ; drop table runs --", None),
        ("x" * 10_000, None),
    ],
)
def test_words_count_whole_and_rare_words_count_most(text, key):
    assert found(text) == key


def test_a_question_takes_few_steps():
    """Calls are counted, as a time would say how fast the machine is."""
    find_concept("warm the pages up")
    with cProfile.Profile() as profile:
        for q in QUESTIONS:
            find_concept(q["text"])
    assert pstats.Stats(profile).total_calls / len(QUESTIONS) < MOST_CALLS


def test_a_key_without_a_page_is_an_error():
    with pytest.raises(KeyError, match="tea"):
        get_concept("tea")


def test_a_finder_knows_only_the_pages_it_was_given():
    """The rarest word decides: both pages speak of tea, one of them of milk."""
    finder = Finder(
        {
            "tea": (("tea",), "Leaves in water."),
            "milk": (("milk in tea",), "From a cow."),
        }
    )
    assert finder.find("what is milk in tea") == "milk"
    assert finder.find("what is coffee") is None

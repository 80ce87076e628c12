"""The short answer: one sentence each for rate, why, doubt and act, with citations."""

import json
import re

import pytest

from advisor.answers.brief import brief_of, cited_in, verdict_word
from advisor.service import Advisor

MOST_WORDS, MOST_NUMBERS = 60, 10
CITATION = re.compile(r" ?\[(\d+)\]")
DURATION = re.compile(r"\([\d.]+ (?:s|min|h)\)")  # of seconds in the JSON
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
RATES = [
    "What LR for batch 5 on RealFace?",
    "lr for dlight batch 24 please",
    "learning rate for digits_mlp, batch 32, sgd",
    "lr digits_cnn batch 100 with momentum for 5000 steps",
    "which lr for batch 3 on realface@1/16",
    "original at batch 6, what learning rate?",
    "lr for batch 4096 on digits_mlp",
    "rate for my-net at batch 16?",
    "rate for my-net at batch 40?",
    "is 1e-4 safe on RealFace at batch 5?",
    "would 0.5 work on digits_mlp at batch 16 with sgd?",
    "is 2e-3 ok for my-net at batch 16?",
]


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brief")
    table = folder / "runs.csv"
    rows = [
        f"my-net,adamw,16,{rate},loss,{loss},900,me"
        for rate, loss in ((1e-4, 0.9), (3e-4, 0.5), (1e-3, 0.4), (3e-3, 0.7))
    ]
    header = (
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source"
    )
    table.write_text("\n".join([header, *rows]))
    with Advisor.open(folder / "store", study=True) as opened:
        opened.import_runs(table)
        yield opened


def value_of(number: str) -> float:
    return float(number.replace(",", ""))


def values_in(document) -> set[float]:
    """Every number of a JSON document, shares also as whole percents."""
    found: set[float] = set()
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str):
            found |= set(map(value_of, NUMBER.findall(value)))
        elif isinstance(value, int | float):
            found |= {float(value), float(round(100 * value))}
    return found


@pytest.mark.parametrize("question", RATES)
def test_an_answer_about_a_rate_has_at_most_sixty_words_and_ten_numbers(
    advisor, question
):
    text = CITATION.sub("", advisor.ask(question, save=False).text)
    assert len(text.split()) <= MOST_WORDS
    assert len(NUMBER.findall(text)) <= MOST_NUMBERS


@pytest.mark.parametrize("question", RATES)
def test_every_number_of_the_text_stands_in_the_json_or_the_question(advisor, question):
    answer = advisor.ask(question, save=False)
    document = json.loads(json.dumps(answer.to_dict()))
    del document["text"], document["details"]
    known = values_in(document)
    known |= {99.0, 1.0}  # nothing is sure: >99 %, <1 %
    known |= set(map(value_of, NUMBER.findall(question)))
    text = DURATION.sub("", CITATION.sub("", answer.text))
    said = set(map(value_of, NUMBER.findall(text)))
    assert {n for n in said if not any(n == pytest.approx(k) for k in known)} == set()


@pytest.mark.parametrize("question", RATES)
def test_each_mark_names_one_row_of_the_store_and_each_row_has_its_mark(
    advisor, question
):
    answer = advisor.ask(question, save=False)
    marks = [int(n) for n in CITATION.findall(answer.text)]
    assert [c.number for c in answer.citations] == sorted(set(marks))
    for citation in answer.citations:
        table = "runs" if citation.id.startswith("run:") else "claims"
        found = advisor.sql(f"select id from {table} where id = '{citation.id}'")
        assert len(found.rows) == 1


def test_the_report_at_exactly_this_setting_is_named_and_why_the_rate_is_lower(advisor):
    r = advisor.recommend("realface", 5, device="cpu")
    why = next(s for s in brief_of(r) if s.name == "why")
    assert why.text == (
        "Reported for it: 6.5e-5 held [1], 7e-5 failed [2]; I start lower to be safe."
    )
    assert cited_in(brief_of(r)) == (
        "claim:forum-2021/realface-5-stable",
        "claim:forum-2021/realface-5-unstable",
    )


def test_where_nothing_was_seen_at_the_batch_size_the_nearest_one_is_said(advisor):
    text = advisor.ask("lr for dlight at batch 12?", save=False).text
    assert "Nearest, batch 9: 6.5e-5 held [1], 7e-5 failed [2]." in text


def test_what_the_person_of_the_store_told_is_said_to_be_theirs(advisor):
    advisor.tell(
        "digits_cnn",
        batch_size=24,
        learning_rate=3e-3,
        outcome="stable",
        optimizer="lion",
    )
    text = advisor.ask("lr for digits_cnn at batch 24 with lion?", save=False).text
    assert "You saw: 3e-3 held [1]" in text


def test_the_rate_that_scored_best_is_cited_where_scores_lead(advisor):
    answer = advisor.ask("rate for my-net at batch 16?", save=False)
    assert "1e-3 scored best [1]" in answer.text
    assert "nothing says where training would fail" in answer.text


def test_words_for_a_share_of_runs_fall_with_it():
    words = [verdict_word(p / 100) for p in range(100, -1, -1)]
    assert list(dict.fromkeys(words)) == ["safe", "probably", "coin toss", "no"]


def test_an_offer_of_tests_ends_with_one_command_that_makes_them(advisor):
    plan = advisor.ask("What LR for batch 5 on RealFace?", save=False).offered_plan
    assert plan.spec.command.startswith(
        "lr-advisor verify --workload realface@1/8 --batch-size 5 "
    )

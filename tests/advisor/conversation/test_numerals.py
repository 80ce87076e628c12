"""Every number in an answer's text can be found: in its JSON, or in the question."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from advisor.service import Advisor

NUMERAL = re.compile(r"(?<![\w.])-?\d[\d,]*\.?\d*(?:e-?\d+)?")
SHOWN = 0.006  # shown rounded to three digits


@pytest.fixture(scope="module")
def advisor() -> Iterator[Advisor]:
    with Advisor.open(":memory:", study=True) as opened:
        yield opened


def numerals(text: str) -> set[float]:
    """The numbers written in a text."""
    return {float(n.replace(",", "").rstrip(".")) for n in NUMERAL.findall(text)}


def numbers_in(value: Any) -> set[float]:
    """The numbers of a JSON document, shares as percentages too."""
    if isinstance(value, dict):
        return numbers_in(list(value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(numbers_in, value)) if value else set()
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, str):
        return numerals(value)
    return {float(value), 100.0 * float(value)}


@pytest.mark.parametrize(
    "question",
    [
        "What LR for batch 5 on RealFace?",
        "Is 1e-4 safe for Original at batch 6?",
        "compare realface and dlight at batch 6",
        "largest batch for 1e-4 on dlight",
        "does the lr scale with batch on dlight?",
        "show the runs of digits_mlp",
        "what is running?",
        "NaN at step 300 on realface@1/16 batch 5 at 4e-3",
        "original batch 8 at 3e-4 ran fine for 200 steps",
        "what is warm-up?",
        "which batch is fastest for realface?",
        "run a test of digits_mlp at batch 32",
        "is 5e-5 safe for original b8? and what is EGs/sec?",
        "batch 8 at 8e-5 got blurry after 20k its on original",
    ],
)
def test_every_number_in_a_text_stands_in_the_json_or_in_the_question(
    advisor: Advisor, question: str
) -> None:
    document = advisor.ask(question).to_dict()
    text = document.pop("text")
    known = numbers_in(document)
    lost = [
        n
        for n in numerals(text)
        if not any(abs(n - m) <= SHOWN * abs(m) + 1e-9 for m in known)
    ]
    assert lost == []

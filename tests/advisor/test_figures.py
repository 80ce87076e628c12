"""Every number in a wording is found, and known for what it is."""

from decimal import Decimal

import pytest

from advisor.language.text import plain
from advisor.language_model.figures import read_figures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start at 5.71e-5", [("rate", "0.0000571")]),
        ("start at 5.71 x 10^-5", [("rate", "0.0000571")]),
        ("start at 57.1 micro", [("rate", "0.0000571")]),
        ("start at 5,71e-5", [("rate", "0.0000571")]),
        ("start at 0.0000571", [("rate", "0.0000571")]),
        ("start at 5", [("rate", "5")]),
        ("a rate of 1/2", [("rate", "0.5")]),
        ("1,000 steps", [("steps", "1000")]),
        ("100k steps", [("steps", "100000")]),
        ("batch 2, 5 and 12", [("batch", "2"), ("batch", "5"), ("batch", "12")]),
        ("at batch 5, 6e-5 is it", [("batch", "5"), ("rate", "0.00006")]),
        ("P(stable) 0.9", [("probability", "0.9")]),
        ("a 79.5 % chance", [("probability", "0.795")]),
        ("P(stable) of 7e-5 is 0.8", [("rate", "0.00007"), ("probability", "0.8")]),
        ("(90 %: 4e-5 to 1)", [("share", "0.9"), ("rate", "4E-5"), ("other", "1")]),
        ("Adam 0.5/0.99", [("betas", "0.5"), ("betas", "0.99")]),
        ("Adam 0.5 it is", [("rate", "0.5")]),
        ("batch^0.06 (90 %: 0.01 to 0.2)", [
            *[("exponent", "0.06"), ("share", "0.9")],
            *[("exponent", "0.01"), ("exponent", "0.2")],
        ]),
        ("about 3 min", [("seconds", "180")]),
        ("44 s", [("seconds", "44")]),
        ("three runs", [("count", "3")]),
        ("66 runs of realface@1/16", [("count", "66")]),
        ("one of the best ones", None),
        ("half of all runs fail near 1e-4", [("rate", "0.0001")]),
    ],
)  # fmt: skip
def test_a_number_is_read_with_what_it_is_of(text, expected):
    reading = read_figures(plain(text), ["realface@1/16"])
    if expected is None:
        assert reading.unreadable
        return
    assert reading.unreadable is None
    found = [(f.kind, f.value) for f in reading.figures]
    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    assert [value for _, value in found] == [Decimal(value) for _, value in expected]


@pytest.mark.parametrize(
    "text",
    [
        *("one tenth", "a rate of one", "ten to the minus four", "twice that"),
        *("half of that", "an order of magnitude", "zero point five", "fifty percent"),
        *("2,5,12", "v1.2.3", "1_000", "3rd", "10x", "bf16", "H100", "realface@1/8"),
        *("5.71e-12345", "1/0", "5.7.1", "\N{ETHIOPIC DIGIT FIVE}", "a dozen"),
    ],
)
def test_what_cannot_be_read_for_certain_is_reported(text):
    assert read_figures(plain(text), ["realface@1/16"]).unreadable


@pytest.mark.parametrize(
    ("shown", "source", "is_right"),
    [
        ("5.71e-5", "5.71e-5", True),
        ("5.7e-5", "5.71e-5", True),
        ("5.8e-5", "5.71e-5", False),
        ("6e-5", "5.71e-5", False),
        ("1e-4", "1e-4", True),
        ("1e-4", "1.02e-4", False),
        ("1.0e-4", "1.02e-4", True),
        ("0.06", "0.059", False),
    ],
)
def test_rounding_keeps_two_digits_at_least(shown, source, is_right):
    [figure] = read_figures(f"near {shown}").figures
    assert figure.is_rounded_from(Decimal(source)) is is_right


@pytest.mark.parametrize("text", ["batch 50", "99990 steps", "20 runs"])
def test_what_is_counted_is_never_rounded(text):
    [figure] = read_figures(text).figures
    assert not figure.is_rounded_from(figure.value + Decimal("0.4"))

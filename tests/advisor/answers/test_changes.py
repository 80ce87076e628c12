"""What changed from one answer to the next, in a line."""

from dataclasses import replace

import pytest

from advisor.answers.changes import change_between, change_line
from advisor.answers.recommendation import Recommendation
from advisor.estimates import Estimate
from advisor.service import Advisor


@pytest.fixture(scope="module")
def answer() -> Recommendation:
    """An answer to change: 4e-5, its limit between 3e-5 and 3e-4."""
    with Advisor.open(":memory:") as advisor:
        r = advisor.recommend("dlight", 9)
    limit = Estimate(1e-4, 3e-5, 3e-4, 0.9)
    return replace(r, learning_rate=4e-5, max_stable=limit)


def line(before: Recommendation, after: Recommendation) -> str:
    return change_line(change_between(before, after))


def test_another_batch_size_is_said_with_both_rates(answer: Recommendation) -> None:
    after = replace(answer, batch_size=12, learning_rate=3e-5)
    assert line(answer, after) == "batch 9 to 12: 4e-5 to 3e-5 (-25 %), no clear change"


def test_a_limit_outside_the_other_s_interval_is_a_clear_change(
    answer: Recommendation,
) -> None:
    after = replace(
        answer,
        workload="digits_mlp",
        learning_rate=8e-3,
        max_stable=Estimate(2e-2, 1e-2, 4e-2, 0.9),
    )
    said = line(answer, after)
    assert said.startswith("DLight to Digits MLP: ")
    assert said.endswith(" (200 times), a clear change")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("horizon_steps", 5_000, "100,000 steps to 5,000 steps"),
        ("device", "cuda", "CPU to CUDA"),
        ("risk", 0.05, "risk 10 % to 5 %"),
    ],
)
def test_each_setting_that_changed_is_named(
    answer: Recommendation, field: str, value: object, said: str
) -> None:
    before = replace(answer, horizon_steps=100_000, device="cpu")
    after = replace(before, **{field: value})
    assert line(before, after) == f"{said}: still 4e-5"


def test_with_nothing_but_new_evidence_the_rates_begin_the_line(
    answer: Recommendation,
) -> None:
    assert line(answer, answer) == "Still 4e-5"
    assert line(answer, replace(answer, learning_rate=2e-4)).startswith("4e-5 to 2e-4")


def test_a_missing_rate_is_said(answer: Recommendation) -> None:
    after = replace(answer, batch_size=999, learning_rate=None, max_stable=None)
    assert line(answer, after) == "batch 9 to 999: 4e-5 before, no rate now"
    assert change_between(answer, after).is_within_doubt is None


def test_an_interval_that_is_unknown_leaves_doubt_unsaid(
    answer: Recommendation,
) -> None:
    after = replace(answer, learning_rate=8e-5, max_stable=None, best=None)
    assert line(answer, after) == "4e-5 to 8e-5 (2 times)"

"""What people read: no false certainty, one notation, recipes told apart."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.answers.evidence_rows import row_to_read
from advisor.answers.wording import judgement_text, largest_batch_text
from advisor.rates import factor_text, round_exponent
from advisor.scaling.verdicts import tally_families
from advisor.scaling.wording import (
    conclusion_text,
    scaling_details,
    scaling_report_text,
)
from advisor.service import Advisor
from advisor.words import chance_text, duration_text, percent

SGD_WORKLOAD = "digits_mlp"


@pytest.fixture(scope="module")
def advisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advisor]:
    """A new store with the study's runs."""
    folder: Path = tmp_path_factory.mktemp("shown")
    with Advisor.open(folder / "store", study=True) as opened:
        yield opened


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.0004, 0.9996, 1.0])
def test_nothing_is_shown_as_certain_or_impossible(probability: float) -> None:
    assert chance_text(probability) in ("<1 %", ">99 %")
    assert percent(probability) == chance_text(probability)


def test_a_rate_far_below_the_threshold_is_not_called_certain(advisor: Advisor) -> None:
    """The JSON keeps its number; the sentence does not promise it."""
    j = advisor.judge("realface@1/16", 5, 1e-6)
    assert j.probability_stable is not None
    text = judgement_text(j)
    assert not re.search(r"\b(100|0) %", text)
    assert f"{chance_text(j.probability_stable)} of runs should last" in text


def test_an_exponent_is_never_minus_zero() -> None:
    assert str(round_exponent(-0.0004)) == "0.0"


def test_doublings_are_said_as_a_factor_and_no_time_is_no_time() -> None:
    assert factor_text(1.04) == "a factor of 2.1"
    assert duration_text(0.0) == "1 s"


def test_a_row_is_read_in_words_and_keeps_its_numbers() -> None:
    row = {"learning_rate": 6e-6, "failed_at_step": None, "probability_stable": 1.0}
    assert row_to_read(row) == {
        "learning rate": "6e-6",
        "failed at step": None,
        "probability stable": ">99 %",
    }


def test_a_largest_batch_that_is_only_where_the_search_stopped_says_so(
    advisor: Advisor,
) -> None:
    """Also in its interval, and in the JSON."""
    found = advisor.largest_batch("realface@1/16", 1e-5)
    assert found.capped
    assert found.to_dict()["searched_to"] == found.searched_to
    text = largest_batch_text(found)
    assert "where I stopped" in text
    assert found.batch_size is not None
    assert f"to {found.batch_size['high']:g}." not in text


def test_scaling_and_recommend_speak_of_the_same_recipe(advisor: Advisor) -> None:
    """Two exponents under one name would contradict each other."""
    for optimizer in ("sgd", "momentum", "adam"):
        report = advisor.scaling(SGD_WORKLOAD, optimizer=optimizer)
        r = advisor.recommend(SGD_WORKLOAD, 64, optimizer=optimizer)
        assert (report.recipe, report.exponent) == (r.recipe, r.exponent)
        assert report.to_dict()["recipe"] == r.recipe


def test_two_recipes_of_a_workload_are_told_apart(advisor: Advisor) -> None:
    report = advisor.scaling(SGD_WORKLOAD, optimizer="sgd")
    text = " ".join(scaling_details(report))
    assert "with SGD (recipe sgd) scales as" in text
    assert "with SGD (recipe momentum) scales as" in text
    original = scaling_report_text(advisor.scaling("original"))
    copies = re.findall(r"\S+@1/\d+(?: \(recipe \S+\))? by itself", original)
    claim = next(c for c in advisor.scaling("original").claims if c.by_workload)
    assert copies
    named = [c for c in re.findall(r"[^;]+ by itself", claim.reason)]
    assert len(named) == len(set(named))


def test_a_family_counts_workloads_and_mixes_no_recipes(advisor: Advisor) -> None:
    """Each line is of one recipe, so no workload is counted twice in it."""
    report = advisor.scaling()
    for family in tally_families(report.findings):
        assert sum(family.bands.values()) == family.n_workloads
        own = [
            f.exponent.median
            for f in report.findings
            if (f.quantity, f.recipe, f.optimizer)
            == (family.quantity, family.recipe, family.optimizer)
        ]
        assert family.lowest in own
        if family.n_workloads == 1:
            assert family.median in own
    assert "in 0 workloads" not in " ".join(scaling_details(report))


def test_a_referee_opens_with_a_sentence_for_a_hobbyist(advisor: Advisor) -> None:
    """The conclusion first, without an exponent; then the numbers."""
    for workload in ("realface", SGD_WORKLOAD, None):
        first = conclusion_text(advisor.scaling(workload)).split("\n\n")[0]
        assert first.startswith("In short: ")
        assert "^" not in first
        assert "P(" not in first


def test_a_question_that_a_source_asked_is_a_sentence(advisor: Advisor) -> None:
    text = " ".join(scaling_details(advisor.scaling("realface")))
    assert "Asked, not claimed" not in text
    assert "forum-2021 also asked: " in text
    assert "That stays open: " in text


def test_a_workload_without_evidence_has_no_conclusion(tmp_path: Path) -> None:
    with Advisor.open(
        tmp_path / "empty", seeded=False, study=False, library=False
    ) as empty:
        text = conclusion_text(empty.scaling("digits_mlp"))
        assert "In short" not in text
        assert text.startswith("Nothing is known yet")
        assert conclusion_text(empty.scaling()) == ""

"""What our own runs say of a concept: said only where there are runs, and traceable."""

import dataclasses
import json
import math
import re

import pytest

from advisor.concepts.evidence import (
    MAX_EVIDENCE,
    ConceptEvidence,
    concept_evidence,
    explain_text,
)
from advisor.concepts.ties.scores import SPEED
from advisor.concepts.ties.stock import STOCK
from advisor.concepts.ties.table import TIES
from advisor.service import Advisor
from knowledge.concepts.pages import get_concept, load_concepts
from knowledge.records import STUDY, Outcome, Throughput
from knowledge.store.store import Store
from tests.example_records import CLAIM, REALFACE_RUN

TIED = [concept for concept in load_concepts() if concept.ties]
BY_TIE = {concept.ties: concept for concept in TIED}
# None of what stands inside a name: the 16 of @1/16, the year of a recipe.
NUMBER = re.compile(r"(?<![\w@/.])\d+(?:\.\d+)?(?:e-?\d+)?")
YEARS = {"2021"}


@pytest.fixture(scope="module")
def shipped():
    """A new store with the study that ships with the program."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LR_ADVISOR_NO_STUDY", raising=False)
        with Advisor.open(":memory:") as advisor:
            yield advisor


@pytest.fixture
def store():
    """An empty store."""
    with Advisor.open(":memory:", seeded=False) as advisor:
        yield advisor.store


def record(store: Store, **changes) -> None:
    """One more run of ours; its id says what it is."""
    run = dataclasses.replace(REALFACE_RUN, precision="fp32", device="cpu", **changes)
    store.record_run(dataclasses.replace(run, id=f"run:{hash(run):x}"))


def failed(at_step: int) -> dict[str, object]:
    return {"outcome": Outcome.DIVERGED, "failed_at_step": at_step, "steps": at_step}


def said(store: Store, key: str, **options) -> ConceptEvidence | None:
    return concept_evidence(store, get_concept(key), **options)


def values_of(evidence: ConceptEvidence) -> set[float]:
    return {
        float(value)
        for row in evidence.rows
        for value in row.values()
        if isinstance(value, int | float)
    }


def test_every_tie_that_a_page_names_exists_and_every_tie_is_named():
    assert set(BY_TIE) == set(TIES)


@pytest.mark.parametrize("key", sorted(TIES))
def test_every_number_said_of_the_shipped_study_stands_in_the_rows(shipped, key):
    """A number that cannot be traced is a number made up."""
    evidence = concept_evidence(shipped.store, BY_TIE[key])
    assert evidence is not None
    numbers = set(NUMBER.findall(evidence.text.replace(",000", "000"))) - YEARS
    assert numbers
    assert {n for n in numbers if float(n) not in values_of(evidence)} == set()
    assert 1 <= evidence.text.count(". ") + 1 <= 3


def test_powers_that_follow_from_what_held_are_the_referees(shipped):
    """A count and a fitted exponent are two answers of one program."""
    rows = concept_evidence(shipped.store, BY_TIE["boundaries"]).rows
    assert rows
    for row in rows:
        rates, batches = row["large_rate"], row["large_batch"]
        power = math.log(rates / row["small_rate"], batches / row["small_batch"])
        (exponent,) = (
            f.exponent
            for f in shipped.scaling(row["workload"]).findings
            if (f.recipe, f.quantity) == (row["recipe"], "max_stable")
        )
        assert exponent.low < power < exponent.high


@pytest.mark.parametrize("key", sorted(TIES))
def test_the_query_gives_the_rows_again(shipped, key):
    """In the SQL box too, where a person may try it."""
    evidence = concept_evidence(shipped.store, BY_TIE[key])
    names = shipped.store.frame(evidence.sql).columns
    found = shipped.store.rows(evidence.sql)
    assert [dict(zip(names, row, strict=True)) for row in found] == [
        pytest.approx(dict(row)) for row in evidence.rows
    ]
    asked = shipped.sql(evidence.sql)
    assert len(asked.rows) == len(evidence.rows)


def test_the_evidence_lists_runs_that_are_in_the_store(shipped):
    evidence = said(shipped.store, "too-high")
    assert 0 < len(evidence.evidence) <= MAX_EVIDENCE
    first = evidence.evidence[0]
    assert first["kind"] == "run"
    assert shipped.store.run(first["id"]).workload in first["summary"]
    assert json.loads(json.dumps(evidence.to_dict()))["text"] == evidence.text


@pytest.mark.parametrize("concept", TIED, ids=lambda c: c.key)
def test_an_empty_store_says_nothing(store, concept):
    assert concept_evidence(store, concept) is None


def test_a_page_without_a_tie_has_no_evidence(shipped):
    assert get_concept("clipping").ties is None
    assert said(shipped.store, "clipping") is None


@pytest.mark.parametrize("key", sorted(TIES))
def test_the_study_left_out_says_nothing(shipped, key):
    left_out = (STUDY, "article", "forum-2021")
    assert concept_evidence(shipped.store, BY_TIE[key], leave_out_sources=left_out) is (
        None
    )


def test_failures_are_counted_and_late_ones_apart(store):
    for seed, step in enumerate([20, 150, 300, 800, 900]):
        record(store, seed=seed, learning_rate=4e-3, **failed(step))
    record(store, seed=9)
    evidence = said(store, "horizon")
    assert "5 of 6 runs failed" in evidence.text
    assert "by step 300, but 3 came only after step 200" in evidence.text
    assert "at step 900" in evidence.text


def test_four_failures_are_too_few_for_a_middle(store):
    for seed in range(4):
        record(store, seed=seed, learning_rate=4e-3, **failed(100))
    assert said(store, "horizon") is None


def test_imported_runs_are_not_our_own(store):
    for seed in range(6):
        record(store, seed=seed, source="somebody", **failed(100))
    assert said(store, "horizon") is None
    assert said(store, "outcomes") is None


def test_a_boundary_is_the_highest_rate_below_the_lowest_that_failed(store):
    """A lucky run above a failed one does not count as holding."""
    for batch, held, fails in ((2, 1e-3, 2e-3), (8, 4e-3, 5e-3)):
        record(store, batch_size=batch, learning_rate=held)
        record(store, batch_size=batch, learning_rate=fails, **failed(500))
        record(store, batch_size=batch, learning_rate=fails * 2)
    evidence = said(store, "scaling-rules")
    assert "up to 1e-3 at batch 2 and up to 4e-3 at batch 8" in evidence.text
    assert "4 times the batch tolerated 4 times the rate" in evidence.text


def test_a_run_that_failed_after_the_usual_length_held_until_then(store):
    for batch in (2, 8):
        record(store, batch_size=batch, learning_rate=1e-3)
        record(store, batch_size=batch, learning_rate=4e-3, **failed(500))
    longer = failed(2500) | {"horizon_steps": 3000}
    record(store, batch_size=8, learning_rate=3e-3, **longer)
    assert "up to 3e-3 at batch 8" in said(store, "scaling-rules").text


def test_powers_of_two_stand_out_only_where_the_runs_say_so(store):
    for batch, held in ((2, 1e-3), (3, 5e-4), (4, 2e-3)):
        record(store, batch_size=batch, learning_rate=held)
        record(store, batch_size=batch, learning_rate=4 * held, **failed(500))
    evidence = said(store, "powers-of-two")
    assert "5e-4 at batch 3" in evidence.text
    assert "do not stand out" not in evidence.text


def test_only_settings_run_both_ways_are_compared(store):
    """Runs with a change at rates that nobody tried without it prove nothing."""
    digits = {"workload": "digits_mlp", "optimizer": "sgd"}
    for seed in range(5):
        record(store, seed=seed, recipe="sgd", **digits)
        record(store, seed=seed, recipe="momentum", **digits, **failed(50))
        record(store, seed=seed, recipe="momentum", learning_rate=9.0, **digits)
    text = said(store, "momentum").text
    assert "0 of 5 runs without momentum and 5 of 5 with it" in text
    assert "(Digits MLP with SGD)" in text


def test_seeds_that_differ_are_counted_by_setting(store):
    for rate in (1e-3, 2e-3, 3e-3, 4e-3, 5e-3):
        record(store, seed=1, learning_rate=rate)
        bad = failed(100) if rate > 3.5e-3 else {}
        record(store, seed=2, learning_rate=rate, **bad)
    record(store, seed=1, learning_rate=9e-3)
    text = said(store, "seeds").text
    assert "Of 5 settings" in text
    assert "3 held with every seed, 0 failed with every seed and 2 held with" in text


def test_measured_speeds_count_before_those_of_runs(store):
    for batch, speed in ((2, 10.0), (8, 30.0)):
        record(store, batch_size=batch, examples_per_second=1000.0 * batch)
        store.record_throughput(
            [
                Throughput(
                    id=f"throughput:{batch}",
                    measured="2026-11-22T10:00:00",
                    machine="here",
                    device="cpu",
                    workload="realface@1/16",
                    recipe="faceswap-2021",
                    precision="fp32",
                    batch_size=batch,
                    seconds_per_step=0.1,
                    examples_per_second=speed,
                    peak_memory_mb=None,
                    n_workers=1,
                )
            ]
        )
    text = said(store, "egs-per-second").text
    assert "10 at batch 2 and 30 at batch 8 (as it was measured" in text


def test_one_claim_is_one_claim():
    rows = [{"runs": 1, "workloads": 1, "claims": 1, "bounds": 1, "at_ceiling": 1}]
    assert "1 run of our own over 1 model, and 1 claim, of which 1 bounds" in (
        STOCK.say(rows) or ""
    )


def test_withdrawn_claims_are_not_counted(store):
    record(store)
    store.record_claims([dataclasses.replace(CLAIM, bound="stable")])
    assert "1 claim," in said(store, "claims").text
    store.record_retraction(CLAIM.id, reason="made up")
    assert "no claim" in said(store, "claims").text


def test_one_batch_size_says_nothing_of_speed():
    assert SPEED.say([{"workload": "x", "batch_size": 2}]) is None


def test_a_source_with_a_quote_is_only_text(store):
    record(store)
    evidence = said(store, "outcomes", leave_out_sources=["'; drop table runs; --"])
    assert "1 stable" in evidence.text


def test_an_explanation_begins_with_the_answer_and_ends_with_the_source(shipped):
    concept = get_concept("powers-of-two")
    text = explain_text(concept, said(shipped.store, concept.key))
    answer, rest, runs, source = text.split("\n\n")
    assert (answer, rest) == (concept.answer, concept.rest)
    assert runs.startswith("What our own runs say: Original@1/16")
    assert source == f"Source: {concept.source}"


def test_without_runs_the_page_stands_alone():
    concept = get_concept("clipping")
    assert explain_text(concept).split("\n\n")[1:] == [
        concept.rest,
        f"Source: {concept.source}",
    ]

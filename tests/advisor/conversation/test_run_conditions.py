"""Runs that are asked for: every condition filters, and the count is the store's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.conversation.run_conditions import read_conditions
from advisor.reading.outcome_words import FAILED, named_outcomes, outcomes_verb
from advisor.reading.parsing import parse_question
from advisor.service import Advisor
from advisor.ui.components import evidence_sql
from knowledge.records import Run


@pytest.fixture(scope="module")
def advisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advisor]:
    """A new store with the study's runs."""
    folder: Path = tmp_path_factory.mktemp("conditions")
    with Advisor.open(folder / "store", study=True) as opened:
        place = {"batch_size": 8, "learning_rate": 1e-3}
        opened.tell("mine", **place, outcome="diverged")
        opened.tell("mine", **place, outcome="stable")
        imported = Run("run:i", "mine", 8, 1e-3, "adam", None, "cluster")
        opened.store.record_runs([imported])
        yield opened


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        ("how many runs failed?", "degraded diverged"),
        ("list failed runs", "degraded diverged"),
        ("which runs did not fail?", "incomplete stable"),
        ("runs that didn\u2019t fail or diverge", "incomplete stable"),
        ("all runs except the failed ones", "incomplete stable"),
        ("runs without a failure", "incomplete stable"),
        ("runs that were not stable", "degraded diverged incomplete"),
        ("runs that did not hold", "degraded diverged incomplete"),
        ("unstable runs", "degraded diverged"),
        ("how many diverged?", "diverged"),
        ("degraded runs", "degraded"),
        ("which ones held?", "stable"),
        ("runs that worked", "stable"),
        ("failed or stable runs", "degraded diverged stable"),
        ("failed but not diverged", "degraded"),
        ("unfinished runs", "incomplete"),
    ],
)
def test_outcome_words_are_read_with_what_rules_them_out(
    text: str, outcomes: str
) -> None:
    assert named_outcomes(text) == frozenset(outcomes.split())


@pytest.mark.parametrize(
    "text", ["list the runs of dlight", "runs of my network", "show me everything", ""]
)
def test_a_text_without_an_outcome_filters_by_none(text: str) -> None:
    assert named_outcomes(text) is None


def test_an_odd_set_of_outcomes_still_has_words() -> None:
    """Nothing that can be asked for ends in an empty sentence."""
    assert outcomes_verb(frozenset({"stable", "diverged"})) == "were stable or diverged"
    assert outcomes_verb(frozenset()) == "were anything"


@pytest.mark.parametrize(
    ("text", "base", "outcomes"),
    [
        ("how many runs failed?", "true", FAILED),
        (
            "how many runs failed on realface@1/16 at 0.002?",
            "workload = 'realface@1/16' and learning_rate = 0.002",
            FAILED,
        ),
        (
            "list failed runs of dlight@1/16 at batch 12",
            "workload = 'dlight@1/16' and batch_size = 12",
            FAILED,
        ),
        ("show me runs with sgd that did not fail", "optimizer = 'sgd'", {"stable"}),
        (
            "show stable runs of digits_mlp with momentum",
            "workload = 'digits_mlp' and recipe = 'momentum'",
            {"stable"},
        ),
        ("list runs of digits_mlp with sgd-sum", "recipe = 'sgd-sum'", None),
        (
            "show runs of digits_mlp in bf16",
            "workload = 'digits_mlp' and \"precision\" = 'bf16'",
            None,
        ),
        (
            "how many runs of digits_mlp in fp32 with momentum failed?",
            "workload = 'digits_mlp' and recipe = 'momentum' "
            "and \"precision\" = 'fp32'",
            FAILED,
        ),
        ("list runs of digits_mlp with recipe faceswap-3", "false", None),
        (
            "list runs of digits_mlp with momentum and seeds 1 and 2",
            "workload = 'digits_mlp' and recipe = 'momentum' and seed in (1, 2)",
            None,
        ),
        ("runs of the study that diverged", "source = 'study'", {"diverged"}),
        ("list our own runs", "source <> 'study'", None),
        ("show my runs", "source <> 'study'", None),
        ("list the runs I made that failed", "source <> 'study'", FAILED),
        (
            "list imported runs",
            "source not in ('ours', 'study', 'own-observation')",
            None,
        ),
        (
            "how many runs between batch 2 and 8 failed?",
            "batch_size between 2 and 8",
            FAILED,
        ),
        ("how many runs above 1e-3 diverged?", "learning_rate > 1e-3", {"diverged"}),
        ("how many runs up to batch 5 failed?", "batch_size <= 5", FAILED),
        ("show runs on cuda", "device = 'cuda'", None),
        (
            "how many runs held at batch 5 for realface?",
            "workload like 'realface%' and batch_size = 5",
            {"stable"},
        ),
    ],
)
def test_a_count_is_what_the_tables_say(
    advisor: Advisor, text: str, base: str, outcomes: set[str] | None
) -> None:
    """Every condition filters; both totals are those of a query written by hand."""
    answer = advisor.ask(text)
    assert answer.intent == "show_runs"
    assert answer.counts is not None
    named = ", ".join(f"'{name}'" for name in outcomes or ())
    ended = f" and outcome in ({named})" if outcomes else ""
    total, found = (
        advisor.store.rows(f"select count(*) from runs where {where}")[0][0]
        for where in (base, base + ended)
    )
    assert (answer.counts["of"], answer.counts["runs"]) == (total, found)
    said = f"{total:,} run" if total else "No run"
    assert said in answer.text
    if outcomes and found:
        assert f", {found:,} " in answer.text


def test_the_sentence_says_which_conditions_were_used(advisor: Advisor) -> None:
    answer = advisor.ask("how many runs failed on realface@1/16 at 0.002?")
    assert answer.text == (
        "Of 13 runs of RealFace@1/16 at rate 2e-3, 5 failed (5 diverged)."
    )
    none = advisor.ask("list failed runs of digits_mlp with seed 77")
    assert none.text == "No run of Digits MLP with seed 77 is stored."


def test_the_shown_query_returns_the_number_that_the_answer_says(
    advisor: Advisor,
) -> None:
    """Of more runs than are shown, too."""
    answer = advisor.ask("how many runs failed?")
    assert answer.counts is not None
    assert answer.counts["runs"] > len(answer.rows or ()) > 100
    count, listing = (advisor.sql(query) for query in answer.sql)
    assert sum(row[1] for row in count.rows) == answer.counts["runs"]
    assert len(listing.rows) == answer.counts["runs"]


def test_the_queries_of_an_answer_return_all_that_it_rests_on(advisor: Advisor) -> None:
    """An answer from more than a hundred runs can be confirmed by pasting."""
    r = advisor.recommend("digits_mlp", 64, optimizer="momentum")
    assert r.evidence.n_runs > 100
    (query,) = evidence_sql(r.evidence.used)
    assert len(advisor.sql(query).rows) == r.evidence.n_runs


def test_claims_and_runs_are_queries_of_their_own(advisor: Advisor) -> None:
    """The query box takes one at a time."""
    used = advisor.recommend("realface", 5).evidence
    found = [len(advisor.sql(query).rows) for query in evidence_sql(used.used)]
    assert found == [used.n_claims, used.n_runs]


def test_the_setting_of_the_turn_before_filters_and_is_said(advisor: Advisor) -> None:
    before = "What LR for digits_mlp at batch 32 in bf16 with recipe momentum?"
    answer = advisor.ask("show its runs", context=before)
    assert answer.conditions == {"precision": "bf16", "recipe": "momentum"}
    assert "with recipe momentum in bf16" in answer.text


def test_a_name_with_a_quote_cannot_leave_its_condition() -> None:
    question = parse_question(
        "list the runs of o'brien/net", known_workloads=["o'brien/net"]
    )
    assert "'o''brien/net'" in read_conditions(question).where


def test_runs_of_an_imported_source_are_found_by_its_name() -> None:
    question = parse_question("list the runs from hpobench", known_workloads=[])
    query = read_conditions(question, sources=["hpobench", "study"])
    assert query.where == "source = 'hpobench'"
    assert query.words == "from hpobench"


@pytest.mark.parametrize("text", ["show my runs", "list all imported runs"])
def test_what_ships_with_the_program_is_no_run_of_a_person(text):
    where = read_conditions(parse_question(text, known_workloads=[])).where
    assert "library:hpobench" in where
    assert "study" in where

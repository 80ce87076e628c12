"""Which records are one piece of evidence: a run and the same run carried further."""

from dataclasses import replace
from itertools import permutations

import pytest

from advisor.answers.wording import rests_on_text
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import OVERTAKEN, Evidence
from advisor.evidence.trajectories import overtaken_runs, runs_that_count
from knowledge.outcome import RULE_VERSION
from knowledge.records import Outcome, Run
from tests.evidence_of import select_evidence

PART = Run(
    id="run:part",
    workload="digits_mlp",
    batch_size=32,
    learning_rate=1e-3,
    optimizer="adam",
    recipe="adam",
    source="ours",
    seed=1,
    outcome=Outcome.INCOMPLETE,
    steps=100,
    horizon_steps=900,
    metric_name="validation_accuracy",
    metric_value=0.4,
    goal="max",
    device="cpu",
    precision="fp32",
    data="digits",
    outcome_rule=RULE_VERSION,
    job_id="job:1",
)
FURTHER = replace(PART, id="run:further", steps=300)
WHOLE = replace(PART, id="run:whole", steps=900, outcome=Outcome.STABLE)
LONGER = replace(
    PART,
    id="run:longer",
    job_id="job:2",
    steps=1700,
    horizon_steps=3000,
    outcome=Outcome.DIVERGED,
    failed_at_step=1500,
)

SCOPE = Scope("digits_mlp", "adam", "adam", "cpu", 900)


@pytest.mark.parametrize("order", [*permutations([PART, FURTHER, WHOLE, LONGER])])
def test_of_a_run_carried_further_the_furthest_record_counts(order) -> None:
    """Also when another job went on from it with a longer horizon."""
    assert overtaken_runs(order) == {"run:part", "run:further", "run:whole"}
    evidence = select_evidence(SCOPE, runs=order, claims=[])
    assert [run.id for run in evidence.own.runs] == ["run:longer"]
    assert {x.reason for x in evidence.excluded} == {OVERTAKEN}


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"learning_rate": 1.1e-3},
        {"batch_size": 33},
        {"data": "other"},
        {"device": "cuda"},
        {"precision": "bf16"},
        {"recipe": "adamw"},
        {"workload": "digits_cnn"},
    ],
)
def test_a_run_that_began_otherwise_is_evidence_of_its_own(change) -> None:
    other = replace(PART, id="run:other", job_id="job:3", **change)
    assert overtaken_runs([other, WHOLE]) == set()


def test_the_runs_that_count_keep_their_order() -> None:
    other = replace(PART, id="run:other", job_id="job:3", seed=2)
    assert runs_that_count([other, PART, LONGER, WHOLE]) == [other, LONGER]


def test_rows_that_somebody_reported_are_replicates_however_equal() -> None:
    rows = [
        replace(WHOLE, id=f"run:{i}", source="a table", job_id=None) for i in range(3)
    ]
    assert overtaken_runs([*rows, LONGER]) == set()


def test_a_run_that_is_carried_on_counts_once_among_siblings_too() -> None:
    other = replace(SCOPE, workload="digits_cnn")
    evidence = select_evidence(other, runs=[PART, FURTHER], claims=[])
    (sibling,) = evidence.siblings
    assert [run.id for run in sibling.runs] == ["run:further"]


def test_the_score_of_a_run_cut_short_is_compared_with_none() -> None:
    """It had fewer steps than the others."""
    evidence = select_evidence(SCOPE, runs=[PART], claims=[])
    assert evidence.scored == ()
    assert [run.id for run in evidence.own.runs] == ["run:part"]


def test_earlier_records_of_a_run_are_not_said_to_be_left_out() -> None:
    from advisor.service import Advisor

    with Advisor.open(":memory:", seeded=False) as advisor:
        for run in (PART, FURTHER, WHOLE, replace(LONGER, seed=2)):
            advisor.store.record_run(run)
        text = rests_on_text(advisor.recommend("digits_mlp", 32))
    assert text == "Evidence: 2 runs of Digits MLP."


def scored_runs(n: int, **values: object) -> list[Run]:
    """Runs of my/net with a score each, at as many rates."""
    tag = "-".join(str(value) for value in values.values())
    base = Run("run:0", "my/net", 16, 1e-3, "adam", None, "me")
    return [
        replace(
            base,
            id=f"run:{tag}-{i}",
            learning_rate=1e-4 * 2**i,
            metric_name="val_loss",
            metric_value=0.5,
            goal="min",
            **values,
        )
        for i in range(n)
    ]


def scored_of(runs: list[Run]) -> Evidence:
    """What of them counts for the best rate."""
    scope = Scope("my/net", "adam", None, "cpu", 1000)
    return select_evidence(scope, runs=runs, claims=[])


@pytest.mark.parametrize("n_short", [1, 30])
def test_scores_of_far_shorter_runs_do_not_count_beside_longer_ones(n_short) -> None:
    """What scores best after 20 steps is not what does after 1,000."""
    long = scored_runs(8, steps=1000)
    found = scored_of(scored_runs(n_short, steps=20) + long)
    assert {run.steps for run in found.scored} == {1000}
    assert "after 20 steps, far fewer" in found.excluded[0].reason


def test_fewer_steps_of_larger_batches_are_no_shorter_runs() -> None:
    """Equal examples: 64 times the batch size in a 64th of the steps."""
    runs = scored_runs(6, steps=6400, batch_size=16)
    runs += scored_runs(6, steps=100, batch_size=1024)
    assert len(scored_of(runs).scored) == 12


def test_a_run_that_failed_early_is_no_short_run() -> None:
    runs = scored_runs(8, steps=1000, horizon_steps=1000)
    runs += scored_runs(2, steps=30, horizon_steps=1000)
    assert len(scored_of(runs).scored) == 10


def test_scores_on_other_data_do_not_count() -> None:
    found = scored_of(scored_runs(6, data="a") + scored_runs(2, data="b"))
    assert {run.data for run in found.scored} == {"a"}
    assert "other data (b)" in found.excluded[0].reason

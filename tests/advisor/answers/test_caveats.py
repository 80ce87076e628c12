"""What limits an answer: which sentence is said when, and of what kind it is."""

from dataclasses import replace

import pytest

from advisor.answers.caveats import Caveat, Kind, count_contradictions, find_caveats
from advisor.evidence.scope import Scope
from knowledge.records import Claim, Outcome, Run
from tests.evidence_of import select_evidence
from tests.example_records import CLAIM, REALFACE_RUN

SCOPE = Scope("realface@1/16", "adam", "faceswap-2021", "cpu", 1000)
HELD = replace(REALFACE_RUN, precision="fp32", batch_convention="per_side")
FAILED = replace(HELD, id="run:2", learning_rate=1e-2, outcome=Outcome.DIVERGED)
REPORT = replace(
    CLAIM, workload=SCOPE.workload, batch_size=2, learning_rate=1e-4, bound="stable"
)


def caveats(
    *runs: Run,
    claims: tuple[Claim, ...] = (),
    batch_size: int = 5,
    basis: str = "measured",
    rate: float = 1e-3,
    scope: Scope = SCOPE,
    knows_best: bool = True,
    knows_threshold: bool = True,
) -> tuple[Caveat, ...]:
    """What is said of these runs and claims."""
    return find_caveats(
        scope,
        batch_size,
        select_evidence(scope, runs=runs, claims=claims),
        basis,
        rate,
        knows_best=knows_best,
        knows_threshold=knows_threshold,
    )


def said(found: tuple[Caveat, ...], kind: Kind) -> str:
    return " ".join(caveat.text for caveat in found if caveat.kind == kind)


def test_an_answer_that_lacks_nothing_has_no_caveat() -> None:
    assert caveats(HELD, FAILED) == ()


def test_what_is_not_known_is_told_apart_by_its_kind_not_by_its_words() -> None:
    found = caveats(HELD, FAILED, knows_best=False, knows_threshold=False)
    assert [c.kind for c in found] == [Kind.NO_THRESHOLD, Kind.NO_BEST_RATE]


def test_without_any_evidence_only_that_is_said() -> None:
    """That the best rate is unknown too would be no news."""
    found = caveats(basis="none", knows_best=False, knows_threshold=False)
    assert [c.kind for c in found] == [Kind.NOTHING_KNOWN]


@pytest.mark.parametrize(
    ("batch_size", "words"),
    [
        (5, ""),
        (10, "a factor of 2 outside the batch sizes with evidence (5)."),
        (
            1,
            "a factor of 5 outside the batch sizes with evidence (5), where",
        ),
        (
            500,
            "a factor of 100 outside the batch sizes with evidence (5), so far",
        ),
    ],
)
def test_the_further_from_the_evidence_the_graver_the_words(batch_size, words) -> None:
    text = said(caveats(HELD, FAILED, batch_size=batch_size), Kind.BATCH_SIZES)
    assert words in text
    assert bool(text) == bool(words)


def test_a_bound_on_one_side_is_said_to_be_one() -> None:
    assert "only a lower bound" in said(caveats(HELD), Kind.OUTCOMES)
    assert "Every run failed" in said(caveats(FAILED), Kind.OUTCOMES)


def test_runs_that_were_stopped_early_give_a_lower_bound_alone() -> None:
    cut = replace(HELD, outcome=Outcome.INCOMPLETE, steps=300)
    assert "fine for up to 300 steps" in said(caveats(cut), Kind.OUTCOMES)


def test_runs_without_order_are_said_to_contradict_each_other() -> None:
    odd = [
        replace(
            HELD,
            id=f"run:{i}",
            seed=i,
            learning_rate=1e-3 * 2**i,
            outcome=Outcome.DIVERGED if i % 2 else Outcome.STABLE,
        )
        for i in range(6)
    ]
    assert count_contradictions(odd) == 2
    assert "2 of 6 fit no rate" in said(caveats(*odd), Kind.OUTCOMES)
    # The same rate twice with another outcome: no threshold lies between.
    twice = [HELD, replace(HELD, id="run:x", seed=9, outcome=Outcome.DIVERGED)]
    assert count_contradictions(twice) == 1


def test_reports_name_what_nobody_tried() -> None:
    ceiling = replace(REPORT, id="claim:y", at_tool_ceiling=True)
    found = caveats(claims=(REPORT, ceiling), basis="reported")
    text = said(found, Kind.CLAIMS)
    assert "1e-4 at batch 2 is that program's highest setting" in text
    assert "Nobody reported on batch 5 itself." in text


def test_one_rate_at_each_batch_says_what_was_used_and_no_more() -> None:
    scored = replace(HELD, metric_name="held_out_mse", metric_value=0.1, goal="min")
    assert "Only one rate was scored" in said(caveats(scored), Kind.SCORES)
    second = replace(scored, id="run:3", learning_rate=2e-3)
    assert said(caveats(scored, second), Kind.SCORES) == ""


def test_another_device_other_data_and_a_longer_run_are_said() -> None:
    elsewhere = replace(FAILED, device="cuda", data="theirs")
    here = replace(HELD, device="cpu", data="ours")
    found = caveats(here, elsewhere, scope=replace(SCOPE, horizon_steps=5000))
    assert "another device (cuda)" in said(found, Kind.SETTING)
    assert "different data (ours, theirs)" in said(found, Kind.SETTING)
    assert "an extrapolation" in said(found, Kind.RUN_LENGTH)


def test_a_rate_nobody_uses_is_said_to_be_one() -> None:
    assert "far from any rate in use" in said(caveats(HELD, rate=50.0), Kind.RATE)


def test_only_narrower_copies_are_called_copies() -> None:
    """Runs of the very model under another recipe are of full width, too."""
    full = replace(SCOPE, workload="realface")
    narrow = said(caveats(HELD, FAILED, scope=full, basis="borrowed"), Kind.WIDTH)
    assert "comes from narrow copies (1/16 of each width)" in narrow
    other = [
        replace(run, workload="realface", recipe="faceswap-3") for run in (HELD, FAILED)
    ]
    assert said(caveats(*other, scope=full, basis="borrowed"), Kind.WIDTH) == ""

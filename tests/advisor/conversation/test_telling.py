"""What a person tells of a run: kept whole, counted where it belongs, taken back."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from knowledge.errors import BadValueError, PlanError, UnknownWorkloadError

# The draws of a fit move a cap by up to this share when any run is added.
NOISE = 0.05
LENGTH = 100_000


def tell(advisor: Advisor, workload: str, batch: Any, rate: Any, end: str, **told: Any):
    place = {"batch_size": batch, "learning_rate": rate, "outcome": end}
    return advisor.tell(workload, **place, **told)


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    return Fitter()


@pytest.fixture
def advisor(tmp_path, fitter, nothing_trains) -> Iterator[Advisor]:
    with Advisor.open(
        tmp_path / "store", study=False, library=False, fitter=fitter
    ) as opened:
        yield opened


def told_run(advisor: Advisor, *place: Any, **told: Any):
    kept = tell(advisor, *place, **told)
    return advisor.store.run(kept.id)


# -- in chat ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "precision"),
    [
        ("with mixed precision", "fp16"),
        ("in fp16", "fp16"),
        ("with amp on", "fp16"),
        ("in bf16", "bf16"),
    ],
)
def test_a_precision_that_is_told_moves_its_own_answer_and_no_other(
    advisor, said, precision
):
    """K10: kept under fp32 it moved an answer that it says nothing of."""
    full = advisor.recommend("realface", 16)
    own = advisor.recommend("realface", 16, precision=precision)
    answer = advisor.ask(f"realface batch 16 lr 3e-5 {said} went nan at 20000")
    assert f"in {precision}" in answer.proposal.summary
    done = advisor.approve(answer.proposal.id)
    (run,) = advisor.library.told()
    assert done.ids == (run.id,)
    assert (run.precision, run.outcome, run.failed_at_step) == (
        *(precision, "diverged", 20_000),
    )
    after = advisor.recommend("realface", 16)
    assert after.learning_rate == full.learning_rate
    assert (after.max_stable, after.exponent) == (full.max_stable, full.exponent)
    (left_out,) = [x for x in after.evidence.excluded if x.id == run.id]
    assert left_out.reason == f"another precision ({precision})"
    now = advisor.recommend("realface", 16, precision=precision)
    assert now.learning_rate < own.learning_rate


@pytest.mark.parametrize(
    ("said", "recipe", "optimizer"),
    [
        ("betas 0.9 0.999", "faceswap-3", "adam"),
        ("with betas (0.9, 0.999)", "faceswap-3", "adam"),
        ("with the old betas", "faceswap-2021", "adam"),
        ("with adamw", None, "adamw"),
        ("", "faceswap-2021", "adam"),
    ],
)
def test_the_recipe_and_the_optimizer_are_kept_as_they_are_told(
    advisor, said, recipe, optimizer
):
    answer = advisor.ask(f"realface batch 5 lr 1e-4 {said} went nan after 30k steps")
    advisor.approve(answer.proposal.id)
    (run,) = advisor.library.told()
    assert (run.recipe, run.optimizer) == (recipe, optimizer)
    assert ("not said" in run.note) == (not said)


def test_a_short_run_that_held_counts_as_a_run_of_its_length(advisor):
    answer = advisor.ask("original batch 8 ran fine at 5e-5 for 2k iterations")
    advisor.approve(answer.proposal.id)
    (run,) = advisor.library.told()
    assert (run.outcome, run.steps, run.horizon_steps) == ("stable", 2000, 2000)


def test_the_command_and_the_chat_keep_the_same(advisor):
    answer = advisor.ask("original batch 8 at 8e-5 got blurry after 20k its in bf16")
    advisor.approve(answer.proposal.id)
    told = {"failed_at": 20_000, "precision": "bf16"}
    again = tell(advisor, "original", 8, 8e-5, "degraded", **told)
    (run,) = advisor.library.told()
    assert again.id == run.id
    assert again.text.startswith("You told me of this before")


# -- by command ------------------------------------------------------------------------


def test_what_is_told_is_kept_whole(advisor):
    run = told_run(
        advisor,
        *("Mine/Net-1", "32", "3e-4", "stable"),
        steps="5000",
        optimizer="AdamW_torch_fused",
        recipe="cosine",
        precision="Mixed",
        device="CUDA",
        metric="val_loss=0.39",
    )
    assert (run.workload, run.batch_size, run.learning_rate) == ("Mine/Net-1", 32, 3e-4)
    assert (run.optimizer, run.recipe, run.precision) == ("adamw", "cosine", "fp16")
    assert (run.device, run.steps, run.outcome) == ("cuda", 5000, "stable")
    assert (run.metric_name, run.metric_value, run.goal) == ("val_loss", 0.39, "min")
    assert "mine/net-1" in [row["name"].lower() for row in advisor.workloads()]
    assert advisor.recommend("mine/net-1", 32, precision="fp16").evidence.used == (
        run.id,
    )


def test_a_workload_known_by_telling_alone_is_forgotten_with_it(advisor):
    kept = tell(advisor, "phaze-a", 8, 5e-5, "stable")
    assert advisor.recommend("phaze-a", 8).basis == "reported"
    advisor.take_back(kept.id)
    with pytest.raises(UnknownWorkloadError):
        advisor.recommend("phaze-a", 8)
    assert tell(advisor, "phaze-a", 8, 5e-5, "stable").id != kept.id
    assert advisor.recommend("phaze-a", 8).basis == "reported"
    assert advisor.store.verify().problems == ()


@pytest.mark.parametrize(
    "optimizer", ["sgd", "momentum", "MyOwnOpt", "paged_lion_8bit"]
)
def test_an_answer_about_the_optimizer_that_was_told_finds_the_run(advisor, optimizer):
    for workload in ("realface", "digits_mlp", "mine"):
        kept = tell(advisor, workload, 8, 1e-3, "diverged", optimizer=optimizer)
        found = advisor.recommend(workload, 8, optimizer=optimizer)
        assert kept.id in found.evidence.used


def test_a_run_cut_short_counts_as_far_as_it_came_and_else_not(advisor):
    before = advisor.recommend("realface", 5)
    kept = tell(advisor, "realface", 5, 2e-4, "incomplete")
    after = advisor.recommend("realface", 5)
    assert after.learning_rate == before.learning_rate
    assert (
        "nobody knows how many"
        in {x.id: x.reason for x in after.evidence.excluded}[kept.id]
    )
    tell(advisor, "realface", 5, 2e-4, "incomplete", steps=60_000)
    assert advisor.recommend("realface", 5).learning_rate > before.learning_rate


def test_a_run_that_was_told_is_no_measurement_of_the_workload(advisor):
    for outcome, rate in (("stable", 5e-5), ("diverged", 2e-4)):
        tell(advisor, "realface", 5, rate, outcome, metric="loss=0.1")
    assert advisor.recommend("realface", 5).basis == "reported"
    assert advisor.recommend("realface", 6).basis == "reported"


def test_the_length_of_a_told_run_does_not_change_what_answers_speak_of(advisor):
    before = advisor.recommend("dlight@1/16", 8).horizon_steps
    tell(advisor, "dlight@1/16", 8, 1e-3, "stable", steps=77)
    assert advisor.recommend("dlight@1/16", 8).horizon_steps in (before, 77)


@pytest.mark.parametrize(
    ("place", "told", "said"),
    [
        (("realface", 0, 1e-4, "stable"), {}, "batch_size"),
        (("realface", 5, "fast", "stable"), {}, "learning_rate"),
        (("realface", 5, 1e-4, "fine"), {}, "stable, degraded"),
        (("a@b", 5, 1e-4, "stable"), {}, "workload"),
        ((" ", 5, 1e-4, "stable"), {}, "workload"),
        (("x" * 300, 5, 1e-4, "stable"), {}, "characters"),
        (("realface", 5, 1e-4, "stable"), {"steps": "many"}, "whole number of steps"),
        (("realface", 5, 1e-4, "stable"), {"failed_at": 3}, "did not fail"),
        (("realface", 5, 1e-4, "diverged"), {"failed_at": 3, "steps": 2}, "failed_at"),
        (("realface", 5, 1e-4, "stable"), {"metric": "0.39"}, "val_loss=0.39"),
        (("realface", 5, 1e-4, "stable"), {"metric": "loss=nan"}, "diverged"),
        (("realface", 5, 1e-4, "stable"), {"metric": "height=3"}, "--goal"),
        (
            ("realface", 5, 1e-4, "stable"),
            {"optimizer": "sgd", "recipe": "faceswap-3"},
            "trains with adam",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_in_a_sentence(advisor, place, told, said):
    with pytest.raises(BadValueError, match=said):
        tell(advisor, *place, **told)
    assert advisor.library.told() == []


def test_only_what_was_told_can_be_taken_back(advisor):
    for known in ("claim:forum-realface-5", "run:1", "nonsense"):
        with pytest.raises(PlanError, match="nothing to do"):
            advisor.take_back(known)


# -- properties ------------------------------------------------------------------------


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    place=st.sampled_from([("realface", 5), ("original", 8), ("mine", 32)]),
    octaves=st.floats(-4, 4),
    outcome=st.sampled_from(["stable", "degraded", "diverged"]),
    steps=st.sampled_from([None, LENGTH]),
)
def test_what_held_never_lowers_the_cap_and_what_failed_never_raises_it(
    advisor, place, octaves, outcome, steps
):
    """At its place and for its length; and nothing is left of it once taken back.

    How a failure within far fewer steps moves a cap is another matter: it may say that
    rates do not fall with the steps.
    """
    workload, batch_size = place
    basis = tell(advisor, "mine", 32, 1e-3, "stable", steps=10_000)
    before = advisor.recommend(workload, batch_size, horizon=LENGTH)
    rate = before.max_stable.median * 2**octaves
    kept = tell(advisor, workload, batch_size, rate, outcome, steps=steps)
    after = advisor.recommend(workload, batch_size, horizon=LENGTH)
    assert kept.id in after.evidence.used
    if outcome == "stable":
        assert after.learning_rate >= before.learning_rate * (1 - NOISE)
    else:
        assert after.learning_rate <= before.learning_rate * (1 + NOISE)
    advisor.take_back(kept.id)
    assert advisor.recommend(workload, batch_size, horizon=LENGTH) == before
    advisor.take_back(basis.id)

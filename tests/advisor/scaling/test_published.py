"""Fits of others' grids that ship, and which are like a model that nobody knows."""

import numpy as np
import pytest

from advisor.evidence.scope import Asked
from advisor.scaling.published import (
    QUANTILES,
    models_alike,
    published_fits,
    stepping_alike,
)
from advisor.service import Advisor
from knowledge.records import LIBRARY


@pytest.fixture(scope="module")
def advisor():
    with Advisor.open(":memory:", library=True) as opened:
        yield opened


def test_the_fits_are_of_the_rows_that_ship(advisor):
    found = advisor.store.rows(
        "select workload, optimizer, source, count(*) from runs group by all"
    )
    counted = {(w, o): (source, n) for w, o, source, n in found}
    for fit in published_fits():
        assert counted[fit.workload, fit.optimizer] == (fit.source, fit.n_runs)


@pytest.mark.parametrize(
    "workload",
    [
        "cifar10/resnet-preact-20-200ep-multistep",
        "fcnet/protein_structure-relu-const-u16",
        "lora/meta-llama-Llama-3.1-8B-r16",
    ],
)
def test_a_shipped_fit_is_what_fitting_anew_says(advisor, workload):
    (fit,) = (f for f in published_fits() if f.workload == workload)
    _, evidence = advisor.library.settle(workload, Asked(optimizer=fit.optimizer))
    for size, (low, median, high) in fit.best.items():
        found = advisor.planner.fitter.best_rate(evidence, size)
        told = found.low, found.median, found.high
        assert told == pytest.approx((low, median, high), rel=0.1)
    if fit.exponents is not None:
        draws = advisor.planner.fitter.best_exponents(evidence)
        assert np.quantile(draws, QUANTILES) == pytest.approx(fit.exponents, abs=0.05)


@pytest.mark.parametrize(
    ("text", "optimizer", "expected"),
    [
        ("LoRA on an 8B model", None, "lora"),
        ("qlora for mistral 7b", None, "lora"),
        ("my ResNet-18 on CIFAR-100", "sgd", "cifar10"),
        ("a wide-resnet", "lars", "cifar10"),
        ("tabular MLP", None, "hpobench-nn"),
    ],
)
def test_a_model_is_like_the_published_ones_of_its_kind(text, optimizer, expected):
    fits = models_alike(text, optimizer)
    assert expected in {fit.workload.split("/")[0] for fit in fits}
    assert len({fit.optimizer for fit in fits}) == 1


@pytest.mark.parametrize(
    "text",
    ["a diffusion model", "explore rates", "floral pictures", "colorado", "yolov8s"],
)
def test_other_models_are_like_none_of_them(text):
    assert models_alike(text) == []


def test_adam_is_not_answered_from_runs_with_sgd():
    assert models_alike("resnet on cifar", "adam") == []
    assert models_alike("resnet on cifar", "never heard of") == []


def test_size_maker_and_rank_choose_among_them():
    small = models_alike("lora, llama 1b, rank 16")
    assert {fit.billions for fit in small} == {1}
    assert all(4 < fit.rank <= 64 for fit in small)
    large = models_alike("lora on a 70B llama")
    assert {fit.billions for fit in large} == {70}


def test_optimizers_that_step_alike_tell_of_each_other():
    assert {fit.source for fit in stepping_alike("adamw")} == {
        *("library:fcnet", "library:hpobench")
    }
    assert {fit.source for fit in stepping_alike("momentum")} == {"library:cifar10"}


def test_without_the_library_nothing_of_it_counts():
    with Advisor.open(":memory:", library=False) as advisor:
        assert advisor.store.counts()["runs"] == 0
        answer = advisor.ask("what lr for SDXL LoRA at batch 4?")
        assert answer.carried_over is None
        carried = advisor.ask("my net: 1e-4 at batch 8 with sgd, what at batch 32?")
        assert carried.carried_over.measured is None


def test_a_store_that_had_it_can_be_asked_without_it(tmp_path):
    with Advisor.open(tmp_path / "s", library=True) as advisor:
        assert advisor.store.counts()["runs"] > 2000
    with Advisor.open(tmp_path / "s", library=False) as advisor:
        assert advisor.ask("what lr for SDXL LoRA at batch 4?").carried_over is None


def test_a_store_takes_the_grids_once(tmp_path):
    for _ in range(2):
        with Advisor.open(tmp_path / "s", library=True) as advisor:
            runs = advisor.store.rows(
                "select source, count(*) from runs group by all order by all"
            )
            events = advisor.store.rows(
                "select count(*) from events where kind = 'library'"
            )
    assert [source for source, _ in runs] == list(LIBRARY)
    assert events == [(1,)]


def test_published_workloads_can_be_asked_about_and_are_not_offered(advisor):
    name = "cifar10/resnet-preact-20-200ep-cosine"
    r = advisor.recommend(name, 1024, optimizer="sgd")
    assert r.evidence.used
    assert 0.1 < r.learning_rate < 3
    assert name not in {row["name"] for row in advisor.workloads()}
    assert "cifar10" not in advisor.ask("what lr for resnext at batch 8?").text


def test_beyond_four_times_the_largest_batch_size_no_single_number(advisor):
    answer = advisor.ask("LoRA on an 8B model with adam, batch 4096: what lr?")
    assert answer.carried_over.to_batch_size == 512
    assert "I have no rate for batch 4096" in answer.text


def test_an_answer_from_published_runs_names_them_and_leaves_out_what_is_excluded(
    advisor,
):
    asked = "LoRA on an 8B model, batch 16: what lr?"
    answer = advisor.ask(asked)
    published = answer.carried_over.published
    assert published.low <= published.median <= published.high
    ids = {row["id"] for row in answer.evidence}
    runs = advisor.library.runs_by_id(list(ids))
    assert {run.workload for run in runs} <= set(published.rests_on)
    assert all(run.is_published for run in runs)
    without = advisor.ask(asked, exclude=["library:lora"])
    assert without.carried_over is None


def test_a_rate_that_is_asked_about_is_set_against_published_runs(advisor):
    text = advisor.ask("is 5e-2 ok for LoRA on an 8B model at batch 128?").text
    assert "5e-2 is" in text
    assert "outside that interval" in text

"""The search benchmark on made-up runs: what is paid, what is found, what is said."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.range_tests import (
    READINGS,
    blow_up,
    fastai_minimum,
    fastai_steep,
    fastai_valley,
    smoothed,
    stop_step,
)
from benchmarks.real_runs import RealRun, on_grid
from benchmarks.search import (
    Setting,
    SettledRuns,
    compare,
    examples_needed,
    markdown,
    replayed,
    usual,
)
from benchmarks.search_methods import METHODS, Bench, fitted_threshold
from benchmarks.search_truth import find_reference
from experiments.workloads.registry import WORKLOADS, get_spec

HORIZON = 300
THRESHOLDS = {4: -6.0, 16: -5.5, 64: -5.0}
LOW, HIGH = -10.0, -2.0


class MadeUpRuns:
    """Runs that fail at step 60 above a threshold of their own seed, else never."""

    workload, recipe, horizon_steps = "made-up", "adam", HORIZON

    def __init__(self, spread=0.1):
        self.spread = spread
        self.asked = []

    def run(self, batch_size, log_rate, seed):
        self.asked.append((batch_size, on_grid(log_rate), seed))
        own = THRESHOLDS[batch_size] + self.spread * (seed - 4.5)
        failed = on_grid(log_rate) > own
        return RealRun(
            batch_size=batch_size,
            learning_rate=2.0 ** on_grid(log_rate),
            seed=seed,
            horizon_steps=HORIZON,
            failed=failed,
            stopped_at=60 if failed else HORIZON,
            stopped_early=failed,
            onset=40 if failed else None,
            stayed_bad=True if failed and seed < 3 else None,
        )

    def sweep(self, batch_size, log_rates, seed):
        x = np.asarray(log_rates) - THRESHOLDS[batch_size]
        return (2.0 - 1.5 / (1 + np.exp(-(x + 4))) + np.exp(4 * x)).tolist()


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch):
    """These tests look at what is paid and said, not at how well the model fits."""
    monkeypatch.setattr("benchmarks.search_methods._PARTICLES", 128)
    monkeypatch.setattr("benchmarks.search_methods._SURE", 0.1)
    monkeypatch.setattr("benchmarks.search_truth._BOOTSTRAPS", 10)


def setting(**changes):
    unit = HORIZON * float(sum(THRESHOLDS))
    values = {
        "batch_sizes": tuple(THRESHOLDS),
        "low": LOW,
        "high": HIGH,
        "budget": unit / 4,
        "n_searches": 2,
        "rungs": (100, HORIZON),
    }
    return Setting(**(values | changes))


def bench(lab=None, **changes):
    given = {"seed": 0, "rungs": (100, HORIZON)} | changes
    return Bench(lab or MadeUpRuns(), tuple(THRESHOLDS), LOW, HIGH, **given)


def test_the_reference_is_where_half_of_the_seeds_fail():
    reference = find_reference(MadeUpRuns(), 16, LOW, HIGH)
    assert reference.log_threshold == pytest.approx(-5.5, abs=0.1)
    assert {run.failed for run in reference.runs} == {True, False}
    assert reference.lowest < -5.8


def test_a_reference_without_a_boundary_says_to_widen_the_bounds():
    with pytest.raises(ValueError, match="widen the bounds"):
        find_reference(MadeUpRuns(), 16, -10.0, -8.0)


def test_below_the_reference_nothing_is_trained():
    lab = MadeUpRuns()
    references = [find_reference(lab, b, LOW, HIGH) for b in THRESHOLDS]
    lab.asked.clear()
    settled = SettledRuns(lab, references)
    run = settled.run(16, -9.0, 3)
    assert not run.failed
    assert run.learning_rate == 2.0**-9
    assert settled.run(16, -3.0, 3).failed
    assert lab.asked == [(16, references[1].lowest, 3), (16, -3.0, 3)]


def test_a_failed_run_costs_what_it_took_and_a_short_one_what_it_ran():
    held, failed = (MadeUpRuns().run(16, rate, 1) for rate in (-9.0, -2.0))
    assert held.cost(100) == 1600
    assert held.cost(HORIZON) == 16 * HORIZON
    assert failed.cost(HORIZON) == 16 * 60


def test_no_search_asks_for_the_same_run_twice():
    place = bench()
    runs = [place.new_run(16, -5.5) for _ in range(20)]
    assert len({(run.learning_rate, run.seed) for run in runs}) == 20
    assert {run.seed for run in runs[:8]} == set(range(1, 9))
    distance = [abs(math.log2(run.learning_rate) + 5.5) for run in runs]
    assert max(distance) <= 0.25


@pytest.mark.parametrize(
    ("method", "runs_a_batch"), [("ours", 2), ("bisection", 6), ("grid", 6)]
)
def test_a_search_pays_for_what_it_asks_and_finds_a_clear_boundary(
    method, runs_a_batch
):
    budget = runs_a_batch * HORIZON * float(sum(THRESHOLDS))
    states = list(METHODS[method](bench(MadeUpRuns(spread=0.02)), budget))
    spent = [state.spent for state in states]
    assert spent == sorted(spent)
    found = [state for state in states if state.spent <= budget][-1]
    error = np.abs(found.log_thresholds - list(THRESHOLDS.values()))
    assert error.max() < 0.5


def test_ours_leaves_runs_at_rungs_and_carries_some_on():
    place = bench(MadeUpRuns(spread=0.0))
    budget = HORIZON * float(sum(THRESHOLDS))
    list(METHODS["ours"](place, budget))
    # Had each run been whole, the runs would have cost more than was paid.
    asked = list(place.lab.asked)
    whole = sum(place.lab.run(*key).cost(HORIZON) for key in asked)
    assert place.spent < whole


@pytest.mark.parametrize("name", ["Optuna TPE", "Optuna GP"])
def test_optuna_looks_for_the_highest_rate_that_holds(name):
    pytest.importorskip("optuna")
    place = bench(MadeUpRuns(spread=0.02))
    list(METHODS[name](place, 2 * HORIZON * float(sum(THRESHOLDS))))
    assert {run.batch_size for run in place.runs} == set(THRESHOLDS)
    assert any(not run.failed for run in place.runs)


@pytest.mark.parametrize("name", READINGS)
def test_a_range_test_reads_a_rate_within_the_sweep(name):
    log_rates = np.linspace(LOW, HIGH, 100)
    losses = np.array(MadeUpRuns().sweep(16, log_rates, 1))
    taken = stop_step(losses.tolist())
    rate = READINGS[name](log_rates[:taken], losses[:taken])
    assert LOW - math.log2(10) <= rate <= HIGH


def test_the_readings_stand_in_their_usual_order():
    log_rates = np.linspace(-16, 0, 200)
    losses = np.array(MadeUpRuns().sweep(16, log_rates, 1))
    taken = stop_step(losses.tolist())
    part = log_rates[:taken], losses[:taken]
    assert fastai_minimum(*part) < blow_up(*part)
    assert fastai_steep(*part) < blow_up(*part)
    assert fastai_valley(*part) < blow_up(*part)


def test_averaging_keeps_a_constant_loss():
    assert smoothed([2.0] * 5).round(9).tolist() == [2.0] * 5


def test_runs_that_all_hold_leave_the_middle_of_what_is_open():
    runs = [MadeUpRuns().run(16, rate, 1) for rate in (-9.0, -8.0)]
    assert fitted_threshold(runs, LOW, -2.0) == pytest.approx(-5.0)
    assert fitted_threshold([], LOW, -2.0) == pytest.approx(-6.0)


def test_the_page_has_every_method_and_no_number_that_is_none():
    lab = MadeUpRuns()
    references = [find_reference(lab, batch, LOW, HIGH) for batch in THRESHOLDS]
    methods = ("ours", "bisection", "grid", "fastai steep", "blow-up point")
    table = compare(SettledRuns(lab, references), references, setting(), methods)
    assert table["within_15"].between(0, 1).all()
    assert len(table) == 5 * len(methods)
    constants = table.groupby("method")["constant"].first()
    assert constants[["fastai steep", "blow-up point"]].notna().all()
    text = markdown(table)
    assert all(f"| {method} |" in text for method in methods)
    assert "nan" not in text
    trained, stayed = replayed(references)
    assert trained == stayed > 0


def test_examples_needed_are_interpolated_between_budgets():
    shares = {"ours": (0.0, 0.5, 1.0, 1.0, 1.0), "grid": (0.0, 0.0, 0.0, 0.0, 0.5)}
    table = pd.DataFrame(
        {"method": m, "budget": b, "within_15": s}
        for m, row in shares.items()
        for b, s in zip((0.5, 1, 2, 4, 8), row, strict=True)
    )
    needed = examples_needed(table).set_index("method")
    assert needed.loc["ours", 0.5] == pytest.approx(1.0)
    assert needed.loc["ours", 0.75] == pytest.approx(2**0.5)
    assert needed.loc["grid", 0.5] == pytest.approx(8.0)
    assert math.isinf(needed.loc["grid", 0.9])


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("kind", ["its own", "rivers", None])
def test_every_workload_has_a_usual_recipe_of_its_own_and_batch_sizes(name, kind):
    spec = get_spec(name)
    if kind != "its own":
        spec = replace(spec, kind=kind)
    recipe, batch_sizes = usual(spec)
    assert recipe in spec.recipes
    assert list(batch_sizes) == sorted(batch_sizes) != []


def test_widened_bounds_reach_further_by_the_factor_at_both_ends():
    wide = setting().widened(4.0)
    assert (wide.low, wide.high) == (LOW - 2, HIGH + 2)

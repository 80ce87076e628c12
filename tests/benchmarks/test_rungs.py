"""The benchmark of short runs: its truths, its costs and its table, in small."""

import numpy as np
import pytest

from benchmarks.rungs import (
    BATCH_SIZES,
    HORIZON_STEPS,
    RUNGS,
    Truth,
    build_truth,
    markdown,
    rung_search,
    search,
)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch):
    monkeypatch.setattr("benchmarks.rungs._PARTICLES", 64)


@pytest.mark.parametrize("fall", [0.0, 0.4])
def test_half_of_the_runs_at_the_threshold_fail_by_the_horizon(fall):
    truth = Truth((-10.0, -9.8, -9.6), width=0.1, fall=fall)
    rng = np.random.default_rng(0)
    steps = np.array([truth.failure_step(1, -9.8, rng) for _ in range(2000)])
    assert np.isfinite(steps).mean() == pytest.approx(0.5, abs=0.04)
    assert steps[np.isfinite(steps)].max() <= HORIZON_STEPS


def test_at_a_higher_rate_runs_fail_sooner_where_the_threshold_falls():
    truth = Truth((-10.0, -9.8, -9.6), width=0.05, fall=0.4)
    rng = np.random.default_rng(0)
    near, far = (
        np.median([truth.failure_step(0, rate, rng) for _ in range(200)])
        for rate in (-9.8, -9.2)
    )
    assert far < near


def test_workloads_of_one_seed_differ_in_their_fall_alone():
    steady, falling = build_truth(0.0, 3), build_truth(0.4, 3)
    assert steady.thresholds == falling.thresholds
    assert steady.width == falling.width


@pytest.mark.parametrize("method", ["whole runs", "rungs"])
def test_a_search_ends_with_an_answer_within_its_budget(method):
    unit = HORIZON_STEPS * sum(BATCH_SIZES)
    found = search(method, build_truth(0.2, 0), 0, [unit / 2, unit])
    assert len(found) == 2
    for median, low, high in found:
        assert median.shape == (len(BATCH_SIZES),)
        assert (low < median).all()
        assert (median < high).all()


def test_the_table_has_a_row_for_each_fall_method_and_budget():
    table = rung_search(n_searches=1, falls=(0.0, 0.4), budgets=(0.25, 0.5))
    assert len(table) == 8
    assert table["within_10"].between(0, 1).all()
    assert "nan" not in markdown(table)
    assert RUNGS[-1] == HORIZON_STEPS

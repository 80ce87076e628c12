"""The benchmark of failure steps: its simulated runs and its tables, in small."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.failure_times import (
    HORIZON_STEPS,
    METHODS,
    failure_times,
    markdown,
    runs_needed,
    simulate,
)


@pytest.mark.parametrize("fall", [0.0, 0.2, 0.8])
def test_half_of_all_runs_at_the_threshold_fail_within_the_horizon(fall):
    shares = []
    for seed in range(20):
        runs = simulate(fall, seed=seed, n_runs=200)
        assert (runs.steps[~runs.unstable] == HORIZON_STEPS).all()
        assert (runs.steps >= 20).all()
        shares.append(runs.unstable.mean())
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)


def test_higher_rates_fail_sooner_only_where_the_threshold_falls():
    def correlation(fall):
        found = []
        for seed in range(20):
            runs = simulate(fall, seed=seed, n_runs=200)
            failed = runs.unstable & (runs.batch_size == 8)
            times = np.log2(runs.steps[failed])
            rates = np.log2(runs.learning_rate[failed])
            found.append(np.corrcoef(rates, times)[0, 1])
        return np.mean(found)

    assert correlation(0.4) < -0.6
    assert abs(correlation(0.0)) < 0.15


def test_the_true_threshold_falls_with_the_horizon():
    runs = simulate(0.4, seed=0, n_runs=5)
    assert runs.true_threshold(1) == runs.threshold
    assert runs.true_threshold(4) == pytest.approx(runs.threshold - 0.8)


def test_the_table_has_both_models_and_reads_as_markdown():
    table = failure_times(n_workloads=3, falls=(0.0, 0.4), runs=(6, 12))
    assert len(table) == 8
    assert set(table["method"]) == set(METHODS)
    assert table.drop(columns="method").notna().all(axis=None)
    text = markdown(table)
    assert "covers, 10x" in text
    assert "Runs until four" in text


def test_runs_needed_are_read_off_between_the_numbers_tried():
    steps, bits = METHODS
    shares = {steps: [0.4, 0.6, 0.8], bits: [0.1, 0.2, 0.3]}
    table = pd.DataFrame(
        [
            {"fall": 0.4, "method": method, "runs": runs, "within_10": share}
            for method in METHODS
            for runs, share in zip((8, 16, 32), shares[method], strict=True)
        ]
    )
    needed = runs_needed(table, share=0.5).iloc[0]
    assert 8 < needed[steps] < 16
    assert needed[bits] == np.inf

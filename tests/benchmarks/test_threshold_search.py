"""The threshold search: its truths, its methods and its table, in small."""

import numpy as np
import pytest

from benchmarks.threshold_search import (
    BATCH_SIZES,
    SCENARIOS,
    Truth,
    build_truth,
    markdown,
    search,
    threshold_search,
)

SHARP = Truth((-10.3, -10.1, -9.9, -9.7, -9.5), width=0.02, lapse=0.0)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_gives_the_same_workload(scenario):
    assert build_truth(scenario, 3) == build_truth(scenario, 3)
    assert build_truth(scenario, 3) != build_truth(scenario, 4)


def test_a_scenario_differs_from_the_base_by_what_its_name_says():
    base = build_truth("base", 5)
    assert build_truth("lapses", 5).thresholds == base.thresholds
    assert build_truth("lapses", 5).lapse == 0.05
    assert build_truth("width 0.3", 5).width == 0.3
    for slope in (-1, 1):
        steep = np.array(build_truth(f"slope {slope:+d}", 5).thresholds)
        assert (steep[-1] - steep[0]) / 4 == pytest.approx(slope, abs=0.15)
    bends = [np.diff(build_truth("surge", k).thresholds, 2).mean() for k in range(40)]
    assert np.mean(bends) < -0.1


@pytest.mark.parametrize(("method", "n_runs"), [("bisection", 50), ("ours", 24)])
def test_a_sharp_boundary_without_lapses_is_found(method, n_runs):
    found = search(method, SHARP, 0, n_runs)
    assert np.abs(found.median - SHARP.thresholds).max() < 0.35
    assert found.n_runs == n_runs


def test_a_grid_is_no_nearer_than_its_spacing():
    found = search("grid", SHARP, 0, 35)
    assert np.abs(found.median - SHARP.thresholds).max() <= 0.5


def test_only_ours_gives_intervals():
    ours, grid = (search(method, SHARP, 0, 5) for method in ("ours", "grid"))
    assert (ours.low < ours.median).all()
    assert (ours.median < ours.high).all()
    assert np.isnan(grid.low).all()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="No method named"):
        search("luck", SHARP, 0, 5)
    with pytest.raises(ValueError, match="No scenario named"):
        build_truth("easy", 0)


def test_the_table_has_a_row_for_each_method_and_number_of_runs():
    table = threshold_search(n_searches=2, scenarios=("base",), n_runs=(5, 10))
    assert len(table) == 6
    assert table["within_10"].between(0, 1).all()
    assert table["coverage"].notna().sum() == 2
    text = markdown(table)
    assert text.count("\n") == 7
    assert "nan" not in text


def test_a_run_far_above_its_threshold_fails_and_far_below_holds():
    rng = np.random.default_rng(0)
    for index in range(len(BATCH_SIZES)):
        assert SHARP.fails(index, -5.0, rng)
        assert not SHARP.fails(index, -15.0, rng)

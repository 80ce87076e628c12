"""Costs: a guess at first, then a law fitted to what was timed."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from advisor.planning.costs import (
    START_SECONDS,
    Timing,
    _least_squares,
    elapsed_seconds,
    fit_run_cost,
    guess_run_cost,
    timing_of_run,
    together_factor,
)
from experiments.training.schedules import measurements_of
from knowledge.records import Run

WORKLOAD = "realface@1/16"
LOOK = guess_run_cost(WORKLOAD).per_look


def timed(batch_size: int, *, fixed: float = 0.03, per_example: float = 0.01) -> Timing:
    """Steps of a machine with this law."""
    return Timing(batch_size, 100, 100 * (fixed + per_example * batch_size))


def run(**changes: object) -> Run:
    values = {
        "id": "run:1",
        "workload": WORKLOAD,
        "batch_size": 4,
        "learning_rate": 1e-3,
        "optimizer": "adam",
        "recipe": "faceswap-2021",
        "source": "ours",
        "steps": 200,
        "horizon_steps": 200,
        "seconds": 20.0,
    }
    return Run(**{**values, **changes})


def test_what_was_never_timed_is_guessed_and_says_so():
    cost = fit_run_cost(WORKLOAD, [])
    assert cost == guess_run_cost(WORKLOAD)
    assert cost.step_seconds(4) > 0


def test_a_narrower_copy_is_guessed_cheaper_and_the_full_size_dearer():
    sizes = ("realface@1/32", "realface@1/16", "realface@1/8", "realface")
    seconds = [guess_run_cost(name).seconds(4, 100) for name in sizes]
    assert seconds == sorted(seconds)


def test_a_workload_that_cannot_be_trained_here_has_no_cost():
    assert math.isnan(fit_run_cost("imported", [timed(4)]).step_seconds(4))


def test_the_law_is_found_again_and_holds_between_and_beyond_the_batch_sizes_timed():
    law = fit_run_cost(WORKLOAD, [timed(b) for b in (2, 4, 12)])
    for batch_size in (1, 2, 5, 12, 32):
        assert law.step_seconds(batch_size) == pytest.approx(
            0.03 + 0.01 * batch_size, rel=0.12
        )


def test_one_batch_size_moves_the_level_and_leaves_the_shape_of_the_guess():
    guess = guess_run_cost(WORKLOAD)
    twice = Timing(4, 100, 200 * guess.step_seconds(4))
    law = fit_run_cost(WORKLOAD, [twice])
    assert law.step_seconds(32) == pytest.approx(2 * guess.step_seconds(32), rel=0.02)


def test_one_run_on_a_busy_machine_hardly_moves_the_law():
    busy = Timing(4, 100, 5 * timed(4).seconds)
    quiet = [timed(b) for b in (2, 4, 4, 8)]
    law = fit_run_cost(WORKLOAD, [*quiet, busy])
    assert law.step_seconds(4) == pytest.approx(0.07, rel=0.12)


def test_newer_timings_of_a_batch_size_outweigh_older_ones():
    """The program became faster: what was timed since is what will be."""
    now = [timed(4, fixed=0.01, per_example=0.005)] * 6
    before = [timed(4)] * 6
    law = fit_run_cost(WORKLOAD, [*now, *before])
    assert law.step_seconds(4) == pytest.approx(0.03, rel=0.1)


def test_looks_at_held_back_data_are_counted_apart_from_the_steps():
    """Else a long run would be thought to cost as much a step as a short one."""
    per_step = guess_run_cost(WORKLOAD).step_seconds(4)
    short, long = 160, 16_000
    seconds = [n * per_step + measurements_of(n) * LOOK for n in (short, long)]
    timing = timing_of_run(run(steps=short, horizon_steps=short, seconds=seconds[0]))
    assert timing is not None
    law = fit_run_cost(WORKLOAD, [timing] * 3)
    assert law.seconds(4, long) == pytest.approx(seconds[1], rel=0.02)


def test_part_of_a_run_has_its_share_of_the_looks():
    cost = guess_run_cost(WORKLOAD)
    parts = cost.seconds(4, 700, horizon_steps=2100) * 3
    assert parts == pytest.approx(cost.seconds(4, 2100))


def test_only_runs_of_ours_that_were_long_enough_are_timings():
    assert timing_of_run(run()) is not None
    assert timing_of_run(run(source="study")) is None
    assert timing_of_run(run(steps=5)) is None
    assert timing_of_run(run(seconds=None)) is None


def test_steps_timed_alone_count_with_the_factor_measured_for_company():
    alone = [Timing(b, 1, 0.01 * b, n_workers=1) for b in (2, 8)]
    together = [Timing(2, 1, 0.03, n_workers=2)]
    assert together_factor([*alone, *together]) == pytest.approx(1.5)
    crowded = fit_run_cost(WORKLOAD, [*alone, *together], n_workers=2)
    lonely = fit_run_cost(WORKLOAD, [*alone, *together], n_workers=1)
    assert crowded.step_seconds(8) / lonely.step_seconds(8) > 1.3


def test_a_newer_measurement_takes_the_place_of_an_older_one():
    now = [Timing(b, 1, 0.01 * b, n_workers=2) for b in (2, 8)]
    before = [Timing(b, 1, 0.03 * b, n_workers=2) for b in (2, 8)]
    once = fit_run_cost(WORKLOAD, now, n_workers=2)
    again = fit_run_cost(WORKLOAD, [*now, *before], n_workers=2)
    assert again.step_seconds(4) == once.step_seconds(4)


def test_the_wall_clock_counts_the_start_and_shares_runs_between_workers():
    assert elapsed_seconds([], n_workers=2) == 0.0
    one = elapsed_seconds([10.0] * 4, n_workers=1) - START_SECONDS
    two = elapsed_seconds([10.0] * 4, n_workers=2) - START_SECONDS
    assert one == pytest.approx(2 * two)
    assert elapsed_seconds([30.0, 1.0], n_workers=2) > START_SECONDS + 30.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 64), st.floats(1e-4, 1e2)), min_size=1, max_size=20
    ),
    st.integers(1, 4),
)
def test_whatever_was_timed_a_larger_batch_never_costs_less(pairs, n_workers):
    timings = [Timing(b, 1, seconds) for b, seconds in pairs]
    law = fit_run_cost(WORKLOAD, timings, n_workers=n_workers)
    seconds = [law.step_seconds(b) for b in (1, 2, 8, 32, 128)]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 1e3))
def test_a_machine_k_times_slower_has_k_times_the_cost(factor):
    timings = [timed(b) for b in (2, 5, 12)]
    slower = [Timing(t.batch_size, t.steps, t.seconds * factor) for t in timings]
    once, again = fit_run_cost(WORKLOAD, timings), fit_run_cost(WORKLOAD, slower)
    assert again.seconds(5, 500) == pytest.approx(factor * once.seconds(5, 500))


@given(
    st.lists(
        st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(-10, 10)),
        min_size=2,
        max_size=8,
    )
)
def test_the_least_squares_above_zero_are_those_of_scipy(rows):
    """Which is slow to load, and solves for any number of terms."""
    table = np.array(rows)
    columns, goal = table[:, :2], table[:, 2]
    assume(np.linalg.cond(columns) < 1e4)
    expected, _ = nnls(columns, goal)
    assert _least_squares(columns, goal) == pytest.approx(expected, abs=1e-6)

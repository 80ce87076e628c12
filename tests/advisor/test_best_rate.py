"""The best rate: optima, the law, its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.best_rate import (
    BestRatePrior,
    ScoredRuns,
    best_rate,
    find_optima,
    pool_best_rate_prior,
)


def scored(law, batches, *, seed=0, scatter=0.0, half_range=3, noise=0.0):
    """A grid of rates an octave apart about each batch size's optimum."""
    rng = np.random.default_rng(seed)
    batch, rate, loss = [], [], []
    for size in batches:
        best = law(np.log2(size)) + scatter * rng.standard_normal()
        grid = np.round(best) + np.arange(-half_range, half_range + 1)
        batch += [size] * len(grid)
        rate += list(np.exp2(grid))
        loss += list(1 + 0.02 * np.square(grid - best) + noise * rng.random(len(grid)))
    return ScoredRuns(np.array(batch, float), np.array(rate), np.array(loss))


def line(slope, curvature=0.0, level=-10.0):
    return lambda y: level + slope * (y - 5) + curvature * (y - 5) ** 2


def test_the_law_of_exact_runs_is_found():
    runs = scored(line(0.5), [8, 16, 32, 64, 128])
    found = best_rate(runs, 256)
    assert found is not None
    # A little below: the prior bends the law down.
    assert np.log2(found.median) == pytest.approx(-8.5, abs=0.4)
    assert found.low < found.median < found.high
    assert found.exponent.low < 0.5 < found.exponent.high
    assert sum(found.scaling_rules.values()) == pytest.approx(1, abs=1e-9)
    assert found.n_batch_sizes == 5
    assert found.n_runs == 35


def test_eighty_percent_intervals_cover_the_held_out_optimum_about_as_often():
    covered = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        law = line(rng.normal(0.4, 0.3), rng.normal(-0.03, 0.05))
        runs = scored(law, [8, 16, 64, 128], seed=seed, scatter=0.3)
        found = best_rate(runs, 32)
        truth = law(5.0) + 0.3 * rng.standard_normal()
        covered.append(np.log2(found.low) <= truth <= np.log2(found.high))
    assert 0.72 <= np.mean(covered) <= 0.97


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-6, 1e6), order=st.permutations(range(28)))
def test_rates_times_k_and_any_order_give_the_answer_times_k(factor, order):
    runs = scored(line(0.3), [8, 16, 32, 64], noise=0.01)
    rows = np.array(order)
    other = ScoredRuns(
        runs.batch_size[rows], runs.learning_rate[rows] * factor, runs.loss[rows]
    )
    expected = best_rate(runs, 24).median * factor
    assert best_rate(other, 24).median == pytest.approx(expected, rel=1e-6)


def test_one_batch_size_is_carried_over_with_a_wide_interval():
    runs = scored(line(0.5), [32])
    here, far = best_rate(runs, 32), best_rate(runs, 512)
    assert np.log2(here.median) == pytest.approx(-10, abs=0.3)
    assert np.log2(far.high / far.low) > 1.5 * np.log2(here.high / here.low)


def test_a_lone_run_gives_an_answer_and_nothing_finite_gives_none():
    assert best_rate(ScoredRuns([8], [1e-3], [0.5]), 8) is not None
    assert best_rate(ScoredRuns([8], [1e-3], [np.nan]), 8) is None
    assert best_rate(ScoredRuns([], [], []), 8) is None


def test_a_diverged_replicate_does_not_spoil_the_median_of_three():
    runs = ScoredRuns(
        [8] * 5, [1e-3, 2e-3, 2e-3, 2e-3, 4e-3], [1.0, 0.5, 0.5, np.inf, 1.0]
    )
    assert find_optima(runs).log_rate[0] == pytest.approx(np.log2(2e-3))


def test_an_optimum_at_the_edge_is_less_certain_than_one_inside():
    inside = find_optima(ScoredRuns([8] * 3, [1, 2, 4], [2.0, 1.0, 2.0]))
    edge = find_optima(ScoredRuns([8] * 3, [1, 2, 4], [3.0, 2.0, 1.0]))
    assert edge.log_rate[0] == 2.0
    assert edge.sd[0] > inside.sd[0]


def test_weights_of_zero_leave_a_run_out():
    runs = ScoredRuns([8] * 4, [1, 2, 4, 8], [2.0, 1.0, 2.0, 0.0], [1, 1, 1, 0])
    assert find_optima(runs).log_rate[0] == pytest.approx(1.0)


def test_siblings_shape_the_law_of_a_newcomer():
    siblings = [
        scored(line(-0.6, level=-8 - s), [8, 16, 32, 64, 128], seed=s, scatter=0.1)
        for s in range(12)
    ]
    prior = pool_best_rate_prior(siblings)
    assert prior.slope.mean == pytest.approx(-0.6, abs=0.2)
    assert prior.noise_sd < BestRatePrior().noise_sd
    found = best_rate(scored(line(-0.6), [32]), 128, siblings=siblings)
    assert np.log2(found.median) == pytest.approx(-11.2, abs=0.6)


def test_siblings_with_too_few_batch_sizes_leave_the_prior():
    assert pool_best_rate_prior([scored(line(1.0), [8, 16])]) == BestRatePrior()


@pytest.mark.parametrize(
    "runs",
    [
        ScoredRuns([8, 8], [1e-3], [1.0]),
        ScoredRuns([0], [1e-3], [1.0]),
        ScoredRuns([8], [0.0], [1.0]),
        ScoredRuns([8], [1e-3], [1.0], [-1.0]),
    ],
)
def test_wrong_runs_are_refused(runs):
    with pytest.raises(ValueError, match=r"must|differ"):
        best_rate(runs, 8)


def test_a_wrong_question_is_refused():
    runs = ScoredRuns([8], [1e-3], [1.0])
    with pytest.raises(ValueError, match="asked_batch_size"):
        best_rate(runs, 0)
    with pytest.raises(ValueError, match="level"):
        best_rate(runs, 8, level=1.0)

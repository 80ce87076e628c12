"""Two samples of scores: against known values, and what must hold of any."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from advisor.statistics.two_samples import (
    Sample,
    Spread,
    chance_of_failing_more,
    compare_samples,
    effect_told,
    pool_spreads,
    power_of,
    runs_to_tell,
)

scores = st.lists(st.integers(-500, 500).map(float), min_size=2, max_size=6)
floors = st.none() | st.builds(Spread, st.floats(0.5, 50), st.floats(1, 30))


def compared(a, b, floor=None):
    found = compare_samples(Sample.of(a), Sample.of(b), floor)
    assume(found is not None)
    return found


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")
@given(scores, scores)
def test_without_a_floor_it_is_students_test_of_equal_variances(a, b):
    found = compared(a, b)
    by_scipy = stats.ttest_ind(b, a)
    interval = by_scipy.confidence_interval(0.95)
    assert found.low == pytest.approx(interval.low, rel=1e-6, abs=1e-6)
    assert found.high == pytest.approx(interval.high, rel=1e-6, abs=1e-6)
    assert found.is_distinguishable == (by_scipy.pvalue < 0.05)


@given(scores, scores, floors)
def test_more_replicates_like_those_there_are_narrow_the_interval(a, b, floor):
    once, twice = compared(a, b, floor), compared(a + a, b + b, floor)
    assert twice.high - twice.low < once.high - once.low


@given(scores, scores, floors)
def test_changing_sides_mirrors_everything(a, b, floor):
    one, other = compared(a, b, floor), compared(b, a, floor)
    assert other.median == pytest.approx(-one.median)
    assert other.low == pytest.approx(-one.high)
    assert other.probability_above == pytest.approx(1 - one.probability_above)
    assert other.runs_needed == one.runs_needed


@given(scores, floors)
def test_nothing_is_told_of_equal_samples(a, floor):
    found = compared(a, a, floor)
    assert not found.is_distinguishable
    assert found.probability_above == pytest.approx(0.5)
    assert found.runs_needed is None


@given(scores, scores, st.floats(1e-3, 1e3))
def test_the_verdict_does_not_depend_on_the_unit(a, b, factor):
    one = compared(a, b)
    assume(abs(abs(one.low) + abs(one.high) - abs(one.low + one.high)) > 1e-6)
    other = compared([factor * x for x in a], [factor * x for x in b])
    assert other.is_distinguishable == one.is_distinguishable
    assert other.probability_above == pytest.approx(one.probability_above)
    assert other.median == pytest.approx(factor * one.median, abs=1e-9)


def test_one_run_each_says_nothing_without_a_floor_and_something_with_one():
    a, b = Sample.of([0.412]), Sample.of([0.405])
    assert compare_samples(a, b) is None
    found = compare_samples(a, b, Spread(0.001, 20))
    assert found is not None
    assert found.is_distinguishable


def test_runs_that_tell_are_those_of_the_books():
    """Cohen 1988, table 2.4.1: 64, 26 and 17 a side for d = 0.5, 0.8 and 1."""
    assert [runs_to_tell(d) for d in (0.5, 0.8, 1.0)] == [64, 26, 17]
    assert runs_to_tell(0.0) is None


@pytest.mark.parametrize("effect", [0.7, 1.5, 3.0])
def test_so_many_runs_do_tell_the_difference_as_often_as_said(effect):
    n, rng = runs_to_tell(effect), np.random.default_rng(0)
    told = 0
    for _ in range(200):
        a, b = rng.normal(0, 1, n), rng.normal(effect, 1, n)
        found = compare_samples(Sample.of(a), Sample.of(b))
        told += found.low > 0
    assert told / 200 == pytest.approx(power_of(effect, n), abs=0.08)
    assert power_of(effect, n - 1) < 0.8 <= power_of(effect, n)


def test_the_difference_that_runs_tell_needs_as_many_runs():
    assert runs_to_tell(effect_told(7) * 1.0001) == 7


def test_the_spread_of_many_settings_is_found_again():
    """Truths around 2 with ten degrees of freedom, six runs of each."""
    rng = np.random.default_rng(1)
    truths = 4 * 10 / rng.chisquare(10, 2000)
    samples = [Sample.of(rng.normal(0, math.sqrt(v), 6)) for v in truths]
    found = pool_spreads(samples)
    assert found.sd == pytest.approx(2, rel=0.1)
    assert 5 < found.degrees < 25


def test_settings_with_one_spread_make_it_surer_than_settings_that_differ():
    rng = np.random.default_rng(2)
    alike = [Sample.of(rng.normal(0, 1, 6)) for _ in range(50)]
    unlike = [Sample.of(rng.normal(0, 10 ** rng.normal(0, 1), 3)) for _ in range(50)]
    assert pool_spreads(alike).degrees > 10 > pool_spreads(unlike).degrees


def test_two_settings_never_make_it_surer_than_a_few_runs():
    samples = [Sample.of(np.arange(20.0)), Sample.of(np.arange(20.0))]
    assert pool_spreads(samples).degrees == 3


def test_rounded_scores_that_agree_have_the_spread_of_rounding():
    found = compare_samples(Sample.of([0.91] * 3, 0.01), Sample.of([0.8] * 3, 0.01))
    assert found is not None
    assert found.is_distinguishable
    assert compare_samples(Sample.of([0.91] * 3), Sample.of([0.8] * 3)) is None


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_chances_of_failing_more_mirror(n, m, data):
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    one = chance_of_failing_more(k, n, j, m)
    assert one + chance_of_failing_more(j, m, k, n) == pytest.approx(1, abs=0.01)
    if k / n == j / m and n == m:
        assert one == pytest.approx(0.5, abs=0.01)

"""Loss curves: how scores become curves, and what a curve says of its foot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.statistics import priors
from advisor.statistics.loss_shape import (
    ScoredRuns,
    Shapes,
    excess_loss,
    log_likelihood,
    loss_cap,
    rough_log_scale,
)

pytestmark = pytest.mark.filterwarnings("error")

OCTAVES = np.arange(-3.0, 4.0)


def one_batch(log_rates, losses):
    """Scores at batch 8, rates given as log2."""
    return ScoredRuns([8] * len(losses), np.exp2(log_rates), losses)


def curve_of(log_rates, losses):
    (curve,) = one_batch(log_rates, losses).curves
    return curve


def shaped(scale, *, steepness=1.3, power=1.0, batches=(8, 16, 32, 64), noise=0.0):
    """Curves of the assumed shape: optima 2^-10 at every batch size, seven rates."""
    rng = np.random.default_rng(0)
    rise = excess_loss(OCTAVES - 0.3, steepness, power)
    loss = [rise + noise * rng.standard_normal(len(rise)) for _ in batches]
    return ScoredRuns(
        np.repeat(batches, len(OCTAVES)),
        np.tile(np.exp2(OCTAVES - 10.3), len(batches)),
        np.exp(scale * np.concatenate(loss)),
    )


def likely_places(curve, *, scale=0.05, steepness=1.3, power=1.0):
    """Places a quarter octave apart and their weights, the highest 1."""
    places = np.arange(-16.0, -4.0, 0.25)
    shapes = Shapes.every(np.log([scale]), 0.1, 0.2, steepness, power)
    table = log_likelihood(curve, places, shapes, loss_cap([curve]))[:, 0]
    return places, np.exp(table - table.max())


# --- The shape ------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.4, 1.0, 1.8])
def test_a_curve_is_lowest_at_the_best_rate_and_as_high_two_octaves_below(power):
    rise = excess_loss(np.array([0.0, -2.0, 2.0]), 1.5, power)
    assert rise[0] == 0
    assert rise[1] == pytest.approx(np.sqrt(5) - 1)
    assert rise[2] == pytest.approx(1.5 * rise[1])


@given(
    octaves=st.floats(0, 40),
    further=st.floats(0.01, 5),
    steepness=st.floats(1, 3),
    power=st.floats(0.3, 2),
)
def test_the_further_off_the_dearer_and_above_is_never_cheaper(
    octaves, further, steepness, power
):
    near, far = (
        excess_loss(np.array([-d, d]), steepness, power)
        for d in (octaves, octaves + further)
    )
    assert (far > near).all()
    assert far[1] >= far[0]


def test_every_combination_of_shapes_is_made_with_the_scale_varying_slowest():
    shapes = Shapes.every(np.array([-3.0, -2.0]), 0.1, 0.2, [1.0, 2.0], [0.5, 1.0])
    assert shapes.log_scale.tolist() == [-3.0] * 4 + [-2.0] * 4
    assert shapes.steepness.tolist() == [1.0, 1.0, 2.0, 2.0] * 2
    assert shapes.power.tolist() == [0.5, 1.0] * 4
    picked = shapes.pick(6)
    assert [column.tolist() for column in vars(picked).values()] == [
        [-2.0],
        [0.1],
        [0.2],
        [2.0],
        [0.5],
    ]


# --- From scores to curves ------------------------------------------------------------


def test_a_curve_holds_the_excess_of_each_rate_in_ascending_order():
    runs = ScoredRuns([16, 8, 8, 8], [1.0, 4.0, 1.0, 2.0], [7.0, 2.0, 3.0, 1.0])
    first, second = runs.curves
    assert (first.log_batch, second.log_batch) == (3.0, 4.0)
    assert first.log_rate.tolist() == [0.0, 1.0, 2.0]
    np.testing.assert_allclose(first.excess, np.log([3.0, 1.0, 2.0]), atol=1e-9)
    assert second.excess.tolist() == [0.0]


def test_two_replicates_are_averaged_and_of_three_the_middle_one_counts():
    two = one_batch([0, 1, 1], [1.0, 2.0, 4.0])
    three = one_batch([0, 1, 1, 1], [1.0, 2.0, 4.0, 900.0])
    assert two.curves[0].excess[1] == pytest.approx(np.log(3.0), abs=1e-9)
    assert three.curves[0].excess[1] == pytest.approx(np.log(4.0), abs=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_loss_that_is_no_number_counts_as_far_off(bad):
    curve = curve_of([0, 1, 2], [2.0, 1.0, bad])
    assert np.isinf(curve.excess).tolist() == [False, False, True]


def test_a_batch_size_without_a_finite_loss_has_no_curve():
    runs = ScoredRuns([8, 8, 16], [1, 2, 1], [np.nan, np.inf, 1.0])
    assert [curve.log_batch for curve in runs.curves] == [4.0]
    assert runs.n_runs == 1
    assert ScoredRuns([], [], []).curves == ()


@pytest.mark.parametrize("factor", [1e-6, 0.1, 1e6])
def test_the_unit_of_the_loss_does_not_matter(factor):
    losses = np.array([3.0, 2.0, 2.5, 9.0])
    expected = curve_of(OCTAVES[:4], losses).excess
    np.testing.assert_allclose(
        curve_of(OCTAVES[:4], factor * losses).excess, expected, atol=1e-9
    )


def test_a_zero_loss_is_the_best_one_and_keeps_the_others_finite():
    curve = curve_of([0, 1, 2, 3], [0.5, 0.0, 0.1, 0.4])
    assert int(curve.excess.argmin()) == 1
    assert np.isfinite(curve.excess).all()


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_negative_losses_are_told_apart_in_units_of_their_own_spread(factor):
    losses = np.array([-0.5, -0.9, -0.8, 0.1])
    curve = curve_of([0, 1, 2, 3], factor * losses)
    assert int(curve.excess.argmin()) == 1
    assert 0.1 < curve.excess.max() < 10


@pytest.mark.parametrize(
    "losses",
    [
        [0.0, 5e-324, 0.5, 0.3],
        [1.7e308, 1.7e308, 0.5, 0.4],
        [-1e308, 1e308, 0.5, 0.3],
        [-1e-300, 0.0, 1e99, 1e-310],
        [0.0] * 4,
        [-2.0] * 4,
    ],
)
def test_extreme_losses_raise_no_warning(losses):
    curve = curve_of([0, 1, 1, 2], losses)
    assert not np.isnan(curve.excess).any()
    assert curve.excess.min() == 0


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(12)))
def test_the_order_of_rows_changes_no_curve(order):
    rng = np.random.default_rng(1)
    batch = np.repeat([8.0, 16.0], 6)
    rate = np.tile(np.exp2([-3, -3, -2, -2, -2, -1]), 2)
    loss = rng.random(12)
    rows = np.array(order)
    one = ScoredRuns(batch, rate, loss).curves
    other = ScoredRuns(batch[rows], rate[rows], loss[rows]).curves
    for a, b in zip(one, other, strict=True):
        assert a.log_rate.tolist() == b.log_rate.tolist()
        assert a.excess.tolist() == b.excess.tolist()


def test_ten_thousand_scattered_runs_are_gathered():
    """The work goes with the points of the curves, not with the runs."""
    rng = np.random.default_rng(2)
    n = 10_000
    runs = ScoredRuns(
        np.exp2(rng.uniform(0, 14, n)), np.exp2(rng.uniform(-16, -4, n)), rng.random(n)
    )
    assert runs.n_runs == n
    assert len(runs.curves) <= 60
    assert max(len(curve.log_rate) for curve in runs.curves) <= 50


def test_rates_close_to_each_other_are_one_point_between_them():
    rates = np.exp2([-9.0, -4.0, -3.95, -3.9])
    (curve,) = ScoredRuns([10] * 4, rates, [1.0, 4.0, 3.0, 2.0]).curves
    np.testing.assert_allclose(curve.log_rate, [-9.0, -3.95], atol=1e-5)
    np.testing.assert_allclose(curve.excess, [0.0, np.log(3.0)])


def test_a_few_batch_sizes_and_rates_are_kept_as_they_are():
    rates = np.exp2(np.linspace(-15, -3, 40))
    (curve,) = ScoredRuns([10] * 40, rates, np.arange(40.0) + 1).curves
    assert curve.log_batch == pytest.approx(np.log2(10), abs=1e-5)
    np.testing.assert_allclose(curve.log_rate, np.log2(rates), atol=1e-5)


@pytest.mark.parametrize(
    ("batch", "rate", "loss", "said"),
    [
        ([8, 8], [1e-3], [1.0], "differ in length"),
        ([0], [1e-3], [1.0], "batch_size"),
        ([np.nan], [1e-3], [1.0], "batch_size"),
        ([8], [0.0], [1.0], "learning_rate"),
        ([8], [-1e-3], [1.0], "learning_rate"),
        ([8], [np.inf], [1.0], "learning_rate"),
    ],
)
def test_wrong_columns_are_refused(batch, rate, loss, said):
    with pytest.raises(ValueError, match=said):
        _ = ScoredRuns(batch, rate, loss).curves


# --- What a curve says ----------------------------------------------------------------


def test_the_cap_goes_with_the_scores_and_is_one_where_none_differ():
    curve = curve_of(OCTAVES, np.exp(np.abs(OCTAVES)))
    assert loss_cap([curve]) == pytest.approx(priors.LOSS_CAP * 2)
    assert loss_cap([curve_of([0, 1], [2.0, 2.0])]) == 1.0


def test_the_scale_at_first_sight_is_that_of_a_curve_seen_at_its_best_rate():
    losses = np.exp(0.05 * excess_loss(OCTAVES, priors.LOSS_STEEPNESS))
    found = rough_log_scale([curve_of(OCTAVES, losses)])
    assert found == pytest.approx(np.log(0.05), abs=1e-6)


def test_scores_that_do_not_differ_show_no_scale():
    assert rough_log_scale([curve_of([0, 1], [2.0, 2.0])]) is None
    assert rough_log_scale([curve_of([0, 1], [2.0, np.inf])]) is None


@pytest.mark.parametrize("power", [0.4, 1.0, 1.8])
@pytest.mark.parametrize("best", [-12.0, -10.25, -8.0])
def test_the_likeliest_place_is_where_the_curve_was_made_to_be_lowest(best, power):
    log_rates = np.arange(-13.0, -6.0)
    losses = np.exp(0.05 * excess_loss(log_rates - best, 1.3, power))
    places, weights = likely_places(curve_of(log_rates, losses), power=power)
    assert places[weights.argmax()] == pytest.approx(best, abs=0.25)


def test_a_falling_curve_puts_its_foot_at_its_end_or_beyond():
    log_rates = np.arange(-13.0, -8.0)
    places, weights = likely_places(curve_of(log_rates, np.exp(-0.05 * log_rates)))
    assert weights[places < -10].sum() < 0.1 * weights.sum()


def test_a_rate_at_which_all_runs_diverged_is_no_best_rate():
    losses = [1.3, 1.0, 1.1, np.inf, np.inf]
    places, weights = likely_places(curve_of(np.arange(-12.0, -7.0), losses))
    assert np.isfinite(weights).all()
    assert weights[places >= -9].sum() < 0.1 * weights.sum()


@pytest.mark.parametrize("log_rates", [[-10.0], [-10.0, -8.0], [-11.0, -10.0, -7.0]])
def test_scores_that_do_not_differ_say_only_that_the_rates_were_used(log_rates):
    curve = curve_of(log_rates, [0.7] * len(log_rates))
    places, weights = likely_places(curve)
    inside = (places >= log_rates[0]) & (places <= log_rates[-1])
    np.testing.assert_allclose(weights[inside], 1.0)
    # One standard deviation beyond either end.
    for end, step in ((log_rates[0], -1), (log_rates[-1], 1)):
        at = np.isclose(places, end + step * priors.LONE_RATE_SD)
        np.testing.assert_allclose(weights[at], np.exp(-0.5))


# --- A workload's own shape -----------------------------------------------------------


@pytest.mark.parametrize("scale", [0.005, 0.05, 0.5])
def test_the_scale_of_a_workload_is_found_from_its_curves(scale):
    fit = shaped(scale).shape
    assert np.exp(fit.shape.log_scale[0]) == pytest.approx(scale, rel=0.6)
    np.testing.assert_allclose(fit.optima.log_rate, -10.0, atol=0.25)
    assert (fit.optima.sd < 0.4).all()
    assert fit.optima.log_batch.tolist() == [3.0, 4.0, 5.0, 6.0]


def test_a_steeper_limb_above_is_told_from_an_even_one():
    even = shaped(0.05, steepness=0.9).shape.shape
    steep = shaped(0.05, steepness=2.5).shape.shape
    assert steep.steepness[0] > 1.5 * even.steepness[0]


def test_noisier_scores_leave_their_optima_less_certain():
    quiet, loud = shaped(0.05).shape, shaped(0.05, noise=0.5).shape
    assert loud.optima.sd.mean() > quiet.optima.sd.mean()


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(1e-6, 1e6))
def test_rates_times_a_factor_move_the_optima_and_nothing_else(factor):
    runs = shaped(0.05)
    moved = ScoredRuns(runs.batch_size, runs.learning_rate * factor, runs.loss).shape
    np.testing.assert_allclose(
        moved.optima.log_rate - np.log2(factor),
        runs.shape.optima.log_rate,
        atol=1e-3,
    )
    np.testing.assert_allclose(moved.optima.sd, runs.shape.optima.sd, rtol=0.01)


@pytest.mark.parametrize(
    "runs",
    [
        ScoredRuns([], [], []),
        ScoredRuns([8, 8, 16, 16], [1, 2, 1, 2], [1, 2, 3, 4]),
        one_batch(OCTAVES, [0.5] * 7),
    ],
    ids=["no run", "two rates a batch size", "losses that never differ"],
)
def test_where_no_curve_can_be_seen_there_is_no_shape(runs):
    assert runs.shape is None


def test_a_batch_size_whose_losses_never_differ_has_no_optimum_of_its_own():
    rates = np.tile(np.exp2(OCTAVES), 2)
    losses = np.concatenate([np.exp(0.05 * excess_loss(OCTAVES, 1.3)), [0.7] * 7])
    fit = ScoredRuns(np.repeat([8, 16], 7), rates, losses).shape
    assert fit.optima.log_batch.tolist() == [3.0]

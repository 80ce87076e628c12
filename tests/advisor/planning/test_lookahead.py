"""What a run is expected to tell and to cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.planning.lookahead import Belief, LookAhead
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.outcome import patience_steps

HORIZON = 900.0
BATCHES = (4, 8)


def belief_after(rates=(), failed=(), n_particles=256):
    model = StableLearningRateModel(
        ThresholdPrior(level=Moment(-10.0, 2.5)),
        n_particles=n_particles,
        reference_steps=HORIZON,
    )
    model.fit([8] * len(rates), np.exp2(rates), failed)
    return Belief.of(model, BATCHES, HORIZON)


BELIEF = belief_after([-12.0, -11.0, -10.5, -9.5, -9.0], [0, 0, 0, 1, 1])


@given(
    log_rate=st.floats(-16, -4),
    steps=st.floats(1, HORIZON),
    later=st.floats(1, HORIZON),
)
def test_a_failure_is_likelier_by_a_later_step_and_at_a_higher_rate(
    log_rate, steps, later
):
    rates = np.array([log_rate, log_rate + 0.5])
    first, last = sorted((steps, later))
    early, late = BELIEF.chance_failed(1, rates, [first, last])
    assert (early <= late + 1e-5).all()
    for chance in (early, late):
        assert (chance[0] <= chance[1] + 1e-5).all()
        assert chance.min() >= 0
        assert chance.max() <= 1


def test_by_the_horizon_the_chance_is_the_models_own():
    rates = np.array([-10.2])
    (chance,) = BELIEF.chance_failed(0, rates, [HORIZON])
    x = (rates[0] - BELIEF.draws[0]) / BELIEF.width
    logistic = 1 / (1 + np.exp(-x))
    expected = BELIEF.low + (1 - BELIEF.low - BELIEF.high) * logistic
    np.testing.assert_allclose(chance[0], expected, atol=1e-5)


def test_having_survived_makes_a_failure_less_likely():
    rates = np.array([-9.8])
    fresh = BELIEF.chance_fails(1, rates, HORIZON)
    seasoned = BELIEF.chance_fails(1, rates, HORIZON, survived=300)
    assert (seasoned <= fresh + 1e-6).all()


def test_a_run_near_the_boundary_tells_more_than_one_far_from_it():
    ahead = LookAhead(BELIEF)
    far_below, near, far_above = ahead.gains(1, np.array([-15.0, -10.0, -4.0]), HORIZON)
    assert near > 2 * max(far_below, far_above)
    assert near < ahead.total_sd


def test_at_the_boundary_a_longer_run_tells_more():
    ahead = LookAhead(BELIEF)
    gains = [ahead.gains(1, np.array([-10.0]), steps)[0] for steps in (50, 200, 900)]
    assert gains == sorted(gains)


def test_the_gain_is_the_drop_that_both_ends_leave_on_average():
    """Against the belief updated by hand with either end."""
    rates = np.array([-10.0])
    ahead = LookAhead(BELIEF)
    chance = BELIEF.chance_fails(1, rates, 300.0)[0]
    left = 0.0
    for end in (chance, 1 - chance):
        joint = end * BELIEF.by_node[1] * BELIEF.weights
        share = joint.sum()
        for index in range(len(BATCHES)):
            if index == 1:
                weights, draws = joint / share, BELIEF.draws[1]
            else:
                weights = BELIEF.by_node[index] * joint.sum(0) / share
                draws = BELIEF.draws[index]
            mean = (weights * draws).sum()
            left += share * np.sqrt((weights * (draws - mean) ** 2).sum())
    assert ahead.gains(1, rates, 300.0)[0] == pytest.approx(
        ahead.total_sd - left, rel=1e-3
    )


def test_a_run_that_fails_early_is_expected_to_be_cheaper():
    ahead = LookAhead(BELIEF)
    low, high = ahead.expected_steps(1, np.array([-14.0, -5.0]), HORIZON)
    assert low == pytest.approx(HORIZON, rel=0.1)
    assert patience_steps(int(HORIZON)) < high < 0.7 * low


def test_carrying_a_run_on_costs_the_steps_that_are_left():
    ahead = LookAhead(BELIEF)
    (left,) = ahead.expected_steps(1, np.array([-14.0]), HORIZON, survived=300)
    assert left == pytest.approx(600, rel=0.05)


def test_the_likelier_end_moves_the_threshold_the_way_it_should():
    before = LookAhead(BELIEF)
    after = BELIEF.after_likely_end(1, -9.7, HORIZON)
    mean = (after.draws[1] * after.by_node[1] * after.weights).sum()
    old = (BELIEF.draws[1] * BELIEF.by_node[1] * BELIEF.weights).sum()
    assert mean < old
    assert LookAhead(after).total_sd < before.total_sd

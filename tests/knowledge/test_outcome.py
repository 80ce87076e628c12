"""The outcome rule on recorded and made-up curves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.outcome import (
    is_in_doubt,
    judge_curve,
    judge_logged,
    patience_steps,
    smooth,
)
from knowledge.records import Curve, Outcome

HORIZON = 300


def falling(steps: int = HORIZON, noise: float = 0.02) -> np.ndarray:
    """A loss that falls from 1 to about 0.2, with noise."""
    rng = np.random.default_rng(0)
    return 0.2 + 0.8 * np.exp(-np.arange(steps) / 60) + noise * rng.normal(size=steps)


def judged(losses: np.ndarray, horizon: int = HORIZON, **metrics: list) -> Outcome:
    points = {name: tuple(values) for name, values in metrics.items()}
    return judge_curve(Curve(tuple(losses.tolist()), points), horizon).outcome


def test_a_falling_noisy_loss_is_stable():
    assert judged(falling()) is Outcome.STABLE


def test_a_flat_noisy_loss_at_a_tiny_rate_is_stable():
    rng = np.random.default_rng(1)
    assert judged(0.8 + 0.05 * rng.normal(size=HORIZON)) is Outcome.STABLE


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_has_diverged_at_its_step(bad):
    losses = falling()
    losses[123] = bad
    verdict = judge_curve(Curve(tuple(losses[:124])), HORIZON)
    assert verdict.outcome is Outcome.DIVERGED
    assert verdict.failed_at_step == 124


def test_a_first_step_that_is_nan_has_diverged_at_step_one():
    verdict = judge_curve(Curve((float("nan"),)), HORIZON)
    assert (verdict.outcome, verdict.failed_at_step) == (Outcome.DIVERGED, 1)


def test_a_loss_that_jumps_and_stays_has_diverged_near_the_jump():
    losses = falling()
    losses[150:] += 0.8
    verdict = judge_curve(Curve(tuple(losses)), HORIZON)
    assert verdict.outcome is Outcome.DIVERGED
    assert 151 <= verdict.failed_at_step <= 165


def test_a_collapsed_bounded_loss_above_the_initial_one_has_diverged():
    """A failed sigmoid decoder sits at 0.9 for good, against 0.31 at the start."""
    losses = np.r_[np.linspace(0.31, 0.25, 60), np.full(HORIZON - 60, 0.9)]
    assert judged(losses) is Outcome.DIVERGED


def test_a_verdict_is_said_in_the_words_that_are_stored_and_exported():
    """Stores, imported files and JSON of other versions hold these very words."""
    creeping = falling()
    creeping[180:] += np.linspace(0, 0.36, HORIZON - 180)
    assert judged(falling()) == "stable"
    assert judged(falling()[:50]) == "incomplete"
    assert judged(creeping) == "degraded"
    assert judged(np.array([1.0, math.nan])) == "diverged"


def test_an_early_spike_that_recovers_is_not_a_failure():
    losses = falling()
    losses[5:15] += 3.0
    assert judged(losses) is Outcome.STABLE


def test_a_late_spike_that_recovers_is_not_a_failure():
    losses = falling()
    losses[200:206] += 0.6
    assert judged(losses) is Outcome.STABLE


def test_a_loss_that_creeps_up_again_is_degraded():
    losses = falling()
    losses[180:] += np.linspace(0, 0.36, HORIZON - 180)
    assert judged(losses) is Outcome.DEGRADED


def test_a_tiny_loss_that_multiplies_is_not_yet_a_failure():
    """From 0.002 to 0.01 with an initial loss of 2.3 is noise near zero."""
    losses = np.r_[np.geomspace(2.3, 0.002, 250), np.full(50, 0.01)]
    assert judged(losses) is Outcome.STABLE


def thrown_off(height: float, end: float, steps: int = HORIZON) -> np.ndarray:
    """A classifier at a rate far too high: from guessing to `height`, and to `end`."""
    rng = np.random.default_rng(2)
    losses = end + (height - end) * np.exp(-np.arange(steps) / 8)
    losses[0] = 2.3  # ten classes, none of them known
    return losses + 0.05 * rng.normal(size=steps)


@pytest.mark.parametrize("height", [4.0, 300.0, 1e5])
def test_a_model_thrown_off_that_ends_up_guessing_has_diverged(height):
    """However high the rise, coming down to guessing is no progress."""
    assert judged(thrown_off(height, end=2.35)) is Outcome.DIVERGED


def test_a_model_thrown_off_failed_when_the_loss_rose():
    losses = thrown_off(4.0, end=2.35)
    assert judge_curve(Curve(tuple(losses)), HORIZON).failed_at_step <= 21


def test_a_model_thrown_off_that_learns_after_all_is_stable():
    assert judged(thrown_off(300.0, end=0.5)) is Outcome.STABLE


def test_a_model_thrown_off_is_judged_at_its_end_and_not_before():
    """It may still land well, as after a catapult."""
    losses = thrown_off(4.0, end=2.35)[: HORIZON - 1]
    verdict = judge_curve(Curve(tuple(losses)), HORIZON)
    assert verdict.outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("seed", range(20))
def test_a_tiny_rate_at_a_tiny_batch_is_stable_whatever_the_first_loss(seed):
    """The loss of one example says little, so an easy first one is no rise."""
    rng = np.random.default_rng(seed)
    losses = 2.3 + 0.25 * rng.normal(size=120)
    losses[0] = 2.3 - 0.35
    assert judged(losses, 120) is Outcome.STABLE


def test_constant_output_has_diverged_whatever_the_loss_says():
    spread = [(100, 0.2), (150, 0.0), (200, 0.0)]
    assert judged(falling(), output_spread=spread) is Outcome.DIVERGED


def test_a_run_that_ends_drawing_the_mean_face_has_diverged():
    # RealFace@1/16 at 0.002, batch 3: the loss fell, every preview was the mean face.
    spread = [(40, 2e-3), (80, 5e-4), (120, 4e-5), (160, 2e-5), (200, 1.4e-5)]
    assert judged(falling(), output_spread=spread) is Outcome.DIVERGED


def test_outputs_that_differ_again_before_the_end_are_no_collapse():
    spread = [(40, 2e-3), (80, 5e-5), (120, 4e-5), (160, 2e-2), (200, 3e-2)]
    assert judged(falling(), output_spread=spread) is Outcome.STABLE


def test_outputs_that_never_differed_much_are_those_of_a_model_not_yet_trained():
    spread = [(40, 3e-5), (80, 4e-5), (120, 4e-5), (160, 5e-5), (200, 6e-5)]
    assert judged(falling(), output_spread=spread) is Outcome.STABLE


def test_one_constant_measurement_alone_is_not_enough():
    spread = [(100, 0.2), (150, 0.0), (200, 0.2)]
    assert judged(falling(), output_spread=spread) is Outcome.STABLE


def test_a_preview_that_loses_its_detail_is_degraded():
    steps = range(30, 301, 30)
    detail = [0.1, 0.2, 0.3, 0.35, 0.36, 0.3, 0.25, 0.2, 0.15, 0.1]
    points = list(zip(steps, detail, strict=True))
    assert judged(falling(), matched_detail=points) is Outcome.DEGRADED
    assert judged(falling(), matched_detail=points[:6]) is Outcome.STABLE


def test_a_run_cut_short_while_fine_is_incomplete():
    assert judged(falling()[:100]) is Outcome.INCOMPLETE


def test_an_empty_curve_is_incomplete():
    assert judged(np.empty(0)) is Outcome.INCOMPLETE


@given(st.integers(60, 250), st.floats(0.7, 5.0))
def test_stopping_a_diverged_run_early_never_changes_its_label(jump, height):
    """The rule is absorbing: what happens after the patience does not matter."""
    losses = falling()
    losses[jump:] += height
    whole = judge_curve(Curve(tuple(losses)), HORIZON)
    end = jump + patience_steps(HORIZON) + 15
    cut = judge_curve(Curve(tuple(losses[:end])), HORIZON)
    if whole.outcome is Outcome.DIVERGED and end < HORIZON:
        assert cut == whole


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=50))
def test_smoothing_stays_within_the_values(losses):
    smoothed = smooth(losses)
    assert smoothed.min() >= min(losses) - 1e-9
    assert smoothed.max() <= max(losses) + 1e-9


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=80))
def test_any_curve_gets_a_verdict(losses):
    assert judge_curve(Curve(tuple(losses)), 60).outcome in tuple(Outcome)


@pytest.mark.parametrize("cut", [60, 220, 670])
def test_a_run_cut_short_while_its_loss_falls_is_in_no_doubt(cut: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 2000)
    losses = 1 / (1 + np.arange(2000) / 50) + noise
    assert not is_in_doubt(losses[:cut], 2000)


@pytest.mark.parametrize(
    "end",
    [[0.9] * 40, [1.0] * 5 + [math.nan], [0.75] * 40, [1.02] * 40],
    ids=["high", "not finite", "upper part of its range", "learned nothing"],
)
def test_a_run_that_may_be_failing_is_in_doubt(end: list[float]) -> None:
    """It would be said to have survived to its last step."""
    falling = [1.0, *(0.3 + 0.6 / (1 + step / 5) for step in range(160))]
    start = [1.0] * 160 if end[0] > 1 else falling
    assert is_in_doubt([*start, *end], 2000)


@pytest.mark.parametrize("steps", [2, 5, 20, 40, 300])
@pytest.mark.parametrize("factor", [5.0, 1e3, 1e20])
def test_a_loss_that_ends_far_above_its_first_is_never_stable(steps, factor):
    """However short the run: a few steps leave no time to wait and see."""
    losses = 2.3 * np.r_[1.0, np.full(steps - 1, factor)]
    verdict = judge_curve(Curve(tuple(losses)), steps)
    assert verdict.outcome is Outcome.DIVERGED
    assert verdict.failed_at_step <= 21


def test_a_spike_that_is_over_at_the_end_of_a_short_run_is_none():
    losses = [2.3, 40.0, 30.0, *np.linspace(2.0, 1.5, 17)]
    assert judge_curve(Curve(tuple(losses)), 20).outcome is Outcome.STABLE


def test_a_logged_loss_is_judged_by_its_points_and_failed_at_the_step_logged():
    points = [(50 * n, 1 / n) for n in range(1, 101)]
    assert judge_logged(points[:49]) is None
    assert judge_logged(points).outcome is Outcome.STABLE
    assert judge_logged(points, is_cut_short=True).outcome is Outcome.INCOMPLETE
    blown = points[:60] + [(50 * n, 30.0) for n in range(61, 101)]
    verdict = judge_logged(blown)
    assert verdict.outcome is Outcome.DIVERGED
    assert 3000 <= verdict.failed_at_step <= 3200

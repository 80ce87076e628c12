"""From the curve of a run to its outcome: the only definition of "stable" we have.

One pure, versioned rule. It is absorbing: a loss that stays high for `patience` steps
has diverged whatever it does later, so a run stopped there gets the label of the whole
one. Raw curves are stored, so `Store.verify` applies it again.

Constants were set by looking at curves of face proxies and digits (docs/dev/log.md);
the shape follows learning-rate finders (stop at 4 x the best smoothed loss) and the
catapult phase, during which an early spike is not a failure (arXiv:2003.02218).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Curve, Outcome

RULE_VERSION = "4"
HUGE_LOSS = 1e30  # as good as infinite, and safe to compute with below
SMOOTHING = 0.9  # exponential moving average of the loss, about the last ten steps
INITIAL_STEPS = 5  # the starting loss is their mean
CATAPULT_FRACTION, CATAPULT_MIN, CATAPULT_MAX = 0.05, 20, 100  # steps of grace
PATIENCE_FRACTION, PATIENCE_MIN, PATIENCE_MAX = 0.10, 20, 200  # "stays" above
DIVERGED_RISE = 0.5  # of the way from the best loss back to the starting loss
DIVERGED_MULTIPLE = 4.0  # times the best loss (as LR finders stop) ...
DIVERGED_MULTIPLE_MIN_RISE = 0.1  # ... if that is a real rise and not a tiny loss
MIN_RELATIVE_RISE = 0.10  # of the starting loss: less is noise, not divergence
NOISE_MULTIPLE = 1.0  # standard deviations of one step's loss; 4 of the average's
DEGRADED_RISE = 0.25  # the end lies this far up from the best to the starting loss
DEGRADED_RELATIVE_RISE = 0.05
DEGRADED_NOISE_MULTIPLE = 1.5
LUCKY_NOISE_MULTIPLE = 3.0  # standard deviations a first loss may be lucky by
END_FRACTION, END_MIN = 0.15, 10  # "the end" of a curve
# A model that is thrown far off and comes back to guessing has learned nothing. The
# first loss is an untrained model's, whatever the rate: a run whose smoothed loss once
# rose by MIN_RELATIVE_RISE, and by so many standard deviations of one step's loss, must
# end that share below it.
THROWN_NOISE_MULTIPLE = 1.5
FEWEST_LOGGED = 50  # points of a log: the windows below need about as many steps
SETTLING_STEPS = 10  # before, the average swings nearly as single losses do
# Sharpness here is `matched_detail`, detail drawn where the original has it: plain high
# frequency is largest for an untrained model's noise, so its fall means nothing.
SHARPNESS_METRIC = "matched_detail"
SHARPNESS_FALL = 0.6  # of its own best
SHARPNESS_FROM = 0.25  # of the run: before, a model draws everybody's mean face
SHARPNESS_MIN = 0.05  # of the originals': less has no sharpness to lose
CONSTANT_SPREAD = 1e-5  # outputs (0..1) this alike say nothing about their input
# A run may come back from somewhat larger spreads, so those count at its end only, and
# only where the outputs once differed more: an untrained model's hardly do.
ALIKE_SPREAD = 1e-4  # healthy faces: 1e-2 and more (docs/dev/log.md)
ALIKE_FALL = 0.1  # of the largest spread before


@dataclass(frozen=True)
class Verdict:
    """An outcome, the step at which the run failed if it did, and why."""

    outcome: Outcome
    failed_at_step: int | None
    reason: str


def judge_curve(curve: Curve, horizon_steps: int) -> Verdict:
    """Return the verdict on a run planned for `horizon_steps` steps.

    >>> falling = tuple(1.0 / (1 + step / 20) for step in range(200))
    >>> judge_curve(Curve(falling), 200).outcome
    <Outcome.STABLE: 'stable'>
    >>> judge_curve(Curve(falling[:50]), 200).outcome
    <Outcome.INCOMPLETE: 'incomplete'>
    >>> judge_curve(Curve((*falling[:50], float("nan"))), 200).failed_at_step
    51
    """
    losses = np.asarray(curve.losses, dtype=float)
    finite = np.abs(losses) < HUGE_LOSS  # false for nan too
    if not finite.all():
        first_bad = int(np.argmin(finite)) + 1
        return Verdict(
            Outcome.DIVERGED, first_bad, f"the loss of step {first_bad} is not finite"
        )
    if (step := _constant_since(curve, horizon_steps)) is not None:
        return Verdict(
            Outcome.DIVERGED, step, f"every input gets the same output from step {step}"
        )
    smoothed = smooth(losses)
    noise = _noise(losses, horizon_steps)
    if (step := _stays_high_since(losses, smoothed, noise, horizon_steps)) is not None:
        return Verdict(
            Outcome.DIVERGED, step, f"the loss rose at step {step} and stayed high"
        )
    if losses.size < horizon_steps:
        return Verdict(
            Outcome.INCOMPLETE,
            None,
            f"stopped early after {losses.size} steps, still fine",
        )
    if (step := _thrown_off_since(losses, smoothed, noise, horizon_steps)) is not None:
        return Verdict(
            Outcome.DIVERGED,
            step,
            f"the loss rose at step {step} and never came back below where it began",
        )
    if (step := _exploded_since(losses)) is not None:
        return Verdict(
            Outcome.DIVERGED,
            step,
            f"the loss ends over {DIVERGED_MULTIPLE:g} times where it began",
        )
    return _judge_end(curve, losses, smoothed, noise, horizon_steps)


def judge_logged(
    points: Sequence[tuple[int, float]], *, is_cut_short: bool = False
) -> Verdict | None:
    """Return the verdict on a loss that was logged now and then; None on too few.

    Args:
        points: `(step, loss)` as logged, in the order of their steps. The rule takes
            each for a step, so its windows are as many logged points.
        is_cut_short: Whether the run ended before its planned steps.

    >>> judge_logged([(10 * n, 1 / n) for n in range(1, 61)]).outcome
    <Outcome.STABLE: 'stable'>
    """
    if len(points) < FEWEST_LOGGED:
        return None
    losses = tuple(loss for _, loss in points)
    verdict = judge_curve(Curve(losses), len(points) + is_cut_short)
    if verdict.failed_at_step is None:
        return verdict
    step = points[verdict.failed_at_step - 1][0]
    return Verdict(verdict.outcome, step, f"it failed at step {step} of the log")


def is_in_doubt(losses: Sequence[float], horizon_steps: int) -> bool:
    """Whether a run stopped here could not be said to be fine so far.

    Its smoothed loss is high, or it has learned nothing yet, or it would have degraded
    had it ended here. Such a run should go on until it is clear.

    >>> falling = [1.0 / (1 + step / 20) for step in range(200)]
    >>> is_in_doubt(falling, 2000), is_in_doubt([*falling, *[0.9] * 30], 2000)
    (False, True)
    """
    values = np.asarray(losses, dtype=float)
    if not (np.abs(values) < HUGE_LOSS).all():
        return True
    smoothed, noise = smooth(values), _noise(values, horizon_steps)
    if values.size > INITIAL_STEPS and _is_high(values, smoothed, noise)[-1]:
        return True
    first, end = float(values[0]), float(values[-_end_steps(values.size) :].mean())
    if end >= first - MIN_RELATIVE_RISE * abs(first):
        return True
    ended = _judge_end(Curve(), values, smoothed, noise, values.size)
    return ended.outcome is not Outcome.STABLE


def smooth(losses: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the bias-corrected exponential moving average, shape (n_steps,).

    >>> smooth([1.0, 1.0, 1.0]).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    average, weight = 0.0, 0.0
    out = np.empty(len(losses))
    for i, loss in enumerate(losses):
        average = SMOOTHING * average + (1 - SMOOTHING) * float(loss)
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        out[i] = average / weight
    return out


def catapult_steps(horizon_steps: int) -> int:
    """Steps of grace at the start, in which a spike may still land well."""
    return int(
        np.clip(CATAPULT_FRACTION * horizon_steps, CATAPULT_MIN, CATAPULT_MAX).round()
    )


def patience_steps(horizon_steps: int) -> int:
    """How many steps in a row a loss is high before it counts as staying high."""
    return int(
        np.clip(PATIENCE_FRACTION * horizon_steps, PATIENCE_MIN, PATIENCE_MAX).round()
    )


def _end_steps(horizon_steps: int) -> int:
    return max(END_MIN, round(END_FRACTION * horizon_steps))


def _noise(losses: np.ndarray, horizon_steps: int) -> float:
    """Standard deviation of one step's loss, from the differences of early steps."""
    early = catapult_steps(horizon_steps) + patience_steps(horizon_steps)
    return _step_noise(losses[:early])


def _step_noise(losses: np.ndarray) -> float:
    """Standard deviation of one step's loss about its course."""
    if losses.size < 3:
        return 0.0
    difference = np.diff(losses)
    spread = np.median(np.abs(difference - np.median(difference)))
    return float(1.4826 * spread / math.sqrt(2))


def _surely_below(smoothed: np.ndarray, noise: float) -> np.ndarray:
    """Return what the loss has reached beyond doubt, shape (n_steps,).

    Early averages are of few steps, so they count with more standard deviations.
    """
    kept = SMOOTHING ** np.arange(1, smoothed.size + 1)
    settled = (1 - SMOOTHING) / (1 + SMOOTHING)
    spread = np.sqrt(settled * (1 + kept) / (1 - kept))
    return smoothed + LUCKY_NOISE_MULTIPLE * noise * (spread - math.sqrt(settled))


def _stays_high_since(
    losses: np.ndarray, smoothed: np.ndarray, noise: float, horizon_steps: int
) -> int | None:
    """First step of the first streak of high losses as long as the patience."""
    if losses.size <= INITIAL_STEPS:
        return None
    high = _is_high(losses, smoothed, noise)
    high[: catapult_steps(horizon_steps)] = False
    patience = patience_steps(horizon_steps)
    streak = 0
    for i, is_high in enumerate(high):
        streak = streak + 1 if is_high else 0
        if streak >= patience:
            return i - patience + 2
    return None


def _is_high(
    losses: np.ndarray, smoothed: np.ndarray, noise: float
) -> NDArray[np.bool_]:
    """Whether the smoothed loss lies far above the best before, shape (n_steps,)."""
    initial = float(losses[:INITIAL_STEPS].mean())
    best = np.minimum.accumulate(_surely_below(smoothed, noise))
    way_up = np.maximum(initial - best, 0.0)
    rise = np.minimum(
        best + DIVERGED_RISE * way_up,
        np.maximum(
            DIVERGED_MULTIPLE * best, best + DIVERGED_MULTIPLE_MIN_RISE * way_up
        ),
    )
    floor = best + max(MIN_RELATIVE_RISE * abs(initial), NOISE_MULTIPLE * noise)
    return np.asarray(smoothed > np.maximum(rise, floor))


def _exploded_since(losses: np.ndarray) -> int | None:
    """First step of the far too high losses that a run ends with, or None."""
    limit = DIVERGED_MULTIPLE * abs(float(losses[0]))
    end_steps = min(END_MIN, losses.size // 2)
    if not end_steps or not losses[-end_steps:].min() > limit:
        return None
    below = np.flatnonzero(losses <= limit)
    return int(below[-1]) + 2


def _thrown_off_since(
    losses: np.ndarray, smoothed: np.ndarray, noise: float, horizon_steps: int
) -> int | None:
    """The step at which a loss rose that ends no lower than it began, or None.

    The noise is that of the calmer of the first steps and the second half.
    """
    end_steps = _end_steps(horizon_steps)
    if losses.size <= 2 * end_steps:
        return None
    calm = min(noise, _step_noise(losses[losses.size // 2 :]))
    first, end = float(losses[0]), float(losses[-end_steps:].mean())
    least = MIN_RELATIVE_RISE * abs(first)
    if end < first - least:
        return None
    # Above the end too: the first loss of a small batch may be a lucky one.
    rise = max(least, THROWN_NOISE_MULTIPLE * calm)
    risen = np.flatnonzero(smoothed[SETTLING_STEPS:] > max(first, end) + rise)
    return SETTLING_STEPS + int(risen[0]) + 1 if risen.size else None


def _constant_since(curve: Curve, horizon_steps: int) -> int | None:
    """First of two measurements in a row, past the grace, with constant output."""
    points = _spreads(curve, horizon_steps)
    for (step, spread), (_, after) in pairwise(points):
        alike = [not math.isfinite(s) or s < CONSTANT_SPREAD for s in (spread, after)]
        if all(alike):
            return int(step)
    return None


def _alike_since(curve: Curve, horizon_steps: int) -> int | None:
    """First measurement of the streak of like outputs a run ends with, or None."""
    points = _spreads(curve, horizon_steps)
    if len(points) < 3:
        return None
    limit = min(ALIKE_SPREAD, ALIKE_FALL * max(spread for _, spread in points))
    streak = list(takewhile(lambda point: point[1] < limit, reversed(points)))
    return int(streak[-1][0]) if len(streak) >= 2 else None


def _spreads(curve: Curve, horizon_steps: int) -> list[tuple[int, float]]:
    """The measured spreads of the outputs, past the grace."""
    grace = catapult_steps(horizon_steps)
    return [p for p in curve.metrics.get("output_spread", ()) if p[0] > grace]


def _judge_end(
    curve: Curve,
    losses: np.ndarray,
    smoothed: np.ndarray,
    noise: float,
    horizon_steps: int,
) -> Verdict:
    end_steps = _end_steps(horizon_steps)
    # A first step too large raises the mean of the first losses, never the first.
    initial = float(min(losses[0], losses[:INITIAL_STEPS].mean()))
    best = float(_surely_below(smoothed, noise).min())
    rise = max(
        DEGRADED_RISE * max(initial - best, 0.0),
        DEGRADED_RELATIVE_RISE * abs(initial),
        DEGRADED_NOISE_MULTIPLE * noise,
    )
    if losses.size > 2 * end_steps and losses[-end_steps:].mean() > best + rise:
        above = np.flatnonzero(smoothed <= best + rise)
        rose_at = int(above[-1]) + 2 if above.size else 1
        return Verdict(
            Outcome.DEGRADED, rose_at, "the loss ends in the upper part of its range"
        )
    if (step := _alike_since(curve, horizon_steps)) is not None:
        return Verdict(
            Outcome.DIVERGED,
            step,
            f"every input gets nearly the same output from step {step} to the end",
        )
    if (step := _blurred_since(curve, horizon_steps)) is not None:
        return Verdict(
            Outcome.DEGRADED, step, "the preview lost much of the sharpness it had"
        )
    return Verdict(Outcome.STABLE, None, f"fine for all {horizon_steps:,} steps")


def _blurred_since(curve: Curve, horizon_steps: int) -> int | None:
    """The step after the sharpest preview, if the last two fell well away from it."""
    points = [
        (step, value)
        for step, value in curve.metrics.get(SHARPNESS_METRIC, ())
        if step > SHARPNESS_FROM * horizon_steps and math.isfinite(value)
    ]
    if len(points) < 4:
        return None
    earlier, last = points[:-2], points[-2:]
    sharpest_step, sharpest = max(earlier, key=lambda p: p[1])
    if sharpest < SHARPNESS_MIN or max(p[1] for p in last) > SHARPNESS_FALL * sharpest:
        return None
    return int(next(step for step, _ in points if step > sharpest_step))

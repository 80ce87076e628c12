"""Learning-rate range tests: one run whose rate rises, and what programs read off it.

Written from descriptions of their behaviour, on our own training step: fastai's
`lr_find` (valley, steep, minimum), torch-lr-finder and Lightning (steepest descent),
faceswap's finder (rate of the lowest loss), and where the loss blows up. A range test
suggests a starting rate, not the highest that holds: the benchmark therefore scales
each reading by the constant that fits best in hindsight, which no user could know.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reading = Callable[[Floats, Floats], float]

BLOW_UP = 4.0  # times the best smoothed loss: where sweeps stop (torch-lr-finder: 5)
_EMA = 0.98


def smoothed(losses: Sequence[float], beta: float = _EMA) -> Floats:
    """Return the bias-corrected exponential average, shape (n_steps,)."""
    average, out = 0.0, np.empty(len(losses))
    for i, loss in enumerate(losses):
        average = beta * average + (1 - beta) * loss
        out[i] = average / (1 - beta ** (i + 1))
    return out


def stop_step(losses: Sequence[float]) -> int:
    """Return how many steps a sweep takes: to a blow-up, or all.

    >>> stop_step([1.0] * 50 + [400.0] * 50)
    51
    """
    course = smoothed(losses)
    high = np.flatnonzero(course > BLOW_UP * np.minimum.accumulate(course))
    return int(high[0]) + 1 if len(high) else len(losses)


def _fastai_part(log_rates: Floats, losses: Floats) -> tuple[Floats, Floats]:
    """fastai reads the smoothed losses without the first tenth and the last five."""
    course = smoothed(losses.tolist())
    first, last = len(course) // 10, max(len(course) - 5, len(course) // 10 + 2)
    return log_rates[first:last], course[first:last]


def fastai_minimum(log_rates: Floats, losses: Floats) -> float:
    """A tenth of the rate at the lowest loss."""
    rates, course = _fastai_part(log_rates, losses)
    return float(rates[np.argmin(course)] - np.log2(10))


def fastai_steep(log_rates: Floats, losses: Floats) -> float:
    """The rate at which the loss falls fastest."""
    rates, course = _fastai_part(log_rates, losses)
    return float(rates[np.argmin(np.gradient(course))])


def fastai_valley(log_rates: Floats, losses: Floats) -> float:
    """Half-way through the longest falling subsequence."""
    rates, course = _fastai_part(log_rates, losses)
    length = np.ones(len(course), dtype=int)
    before = np.full(len(course), -1)
    for i in range(1, len(course)):
        for j in np.flatnonzero(course[:i] > course[i]):
            if length[j] + 1 > length[i]:
                length[i], before[i] = length[j] + 1, j
    end = start = int(length.argmax())
    while before[start] >= 0:
        start = int(before[start])
    return float(rates[start + (end - start) // 2])


def torch_lr_finder(log_rates: Floats, losses: Floats) -> float:
    """Steepest descent of the smoothed loss, without the first ten and last five."""
    course = losses.copy()
    for i in range(1, len(course)):
        course[i] = 0.05 * course[i] + 0.95 * course[i - 1]
    return _steepest(log_rates, course, last=5)


def lightning(log_rates: Floats, losses: Floats) -> float:
    """Steepest descent of the averaged loss, without the first ten and the last."""
    return _steepest(log_rates, smoothed(losses.tolist()), last=1)


def _steepest(log_rates: Floats, course: Floats, *, last: int) -> float:
    first = min(10, len(course) // 3)
    part = slice(first, max(len(course) - last, first + 2))
    return float(log_rates[part][np.argmin(np.gradient(course[part]))])


def faceswap(log_rates: Floats, losses: Floats) -> float:
    """A tenth of the rate at the lowest averaged loss, over the whole sweep."""
    course = smoothed(losses.tolist())
    return float(log_rates[np.argmin(course)] - np.log2(10))


def blow_up(log_rates: Floats, losses: Floats) -> float:
    """The rate at which the averaged loss passes four times its best, or the last."""
    return float(log_rates[stop_step(losses.tolist()) - 1])


READINGS: dict[str, Reading] = {
    "fastai valley": fastai_valley,
    "fastai steep": fastai_steep,
    "fastai minimum": fastai_minimum,
    "torch-lr-finder": torch_lr_finder,
    "Lightning": lightning,
    "faceswap finder": faceswap,
    "blow-up point": blow_up,
}
# Steps of a sweep: their defaults, as far as the horizon allows (faceswap: 1000).
SWEEP_STEPS = {"faceswap finder": 1000}
USUAL_SWEEP_STEPS = 100

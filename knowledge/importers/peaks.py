"""The rate a schedule was set to, from what was logged of its way (pure).

A log shows the rate every so many steps, and the peak mostly lies between two lines.
Where warm-up and decay are linear, or the decay is a cosine, the logged rates give the
peak; what no such schedule fits, and no two lines enclose, is asked for.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

Points = Sequence[tuple[int, float]]
SAME = 1e-3  # relative: logs round
NEAR = 1.05  # a peak known to five percent is known
OFF_BY_ONE = 1.01  # some loops log the rate of the step before or after,
# as Trainer does since version 5
_MOST_STARTS, _MOST_POINTS, _PLAIN_DIGITS = 2000, 100, 2


def peak_of(rates: Points, total_steps: int | None = None) -> float | None:
    """Return the peak of a schedule; None where the logged rates do not tell it.

    Args:
        rates: `(step, rate)` as logged; those at rate 0 tell nothing.
        total_steps: For how many steps the run was planned.

    >>> peak_of([(20, 2e-4 * 280 / 300), (40, 2e-4 * 260 / 300)], 300)
    0.0002
    """
    logged = {step: rate for step, rate in sorted(rates) if 0 < rate < math.inf}
    points = list(logged.items())
    if not points:
        return None
    top = max(logged.values())
    at = next(i for i, (_, rate) in enumerate(points) if rate == top)
    if sum(rate > top * (1 - 1e-9) for _, rate in points) > 1:
        return top  # held for a while
    if at == len(points) - 1:
        return top if points[0][0] == 0 and len(points) == 1 else None
    return _of_shapes(points, at, total_steps) or _between(points, at)


def as_set(rate: float) -> float:
    """Return the rate that was set where one was logged in single precision.

    >>> as_set(0.10000000149011612), as_set(0.0092)
    (0.1, 0.0092)
    """
    with np.errstate(over="ignore"):
        single = np.float32(rate)
    return float(str(single)) if float(single) == rate else rate


def _of_shapes(points: Points, at: int, total: int | None) -> float | None:
    """The peak of the shapes that fit, the roundest first."""
    total = total or _end_of_line(points)
    some = points[:: max(1, len(points) // _MOST_POINTS)]
    earliest = points[at - 1][0] if at else 0
    latest = points[at + 1 if at else 0][0]
    stride = max(1, (latest - earliest) // _MOST_STARTS)
    if total is None:
        return None
    for late in (0, 1, -1):
        shifted = [(step - late, rate) for step, rate in some]
        fits = [
            (start, peak)
            for start in range(earliest, latest + 1, stride)
            if total > start
            for shape in (_line, _cosine)
            if (peak := _fitted(shifted, start, total, shape)) is not None
        ]
        if fits:
            break
    else:
        return None
    first = fits[0][1]
    roundest = min((peak for _, peak in fits), key=_digits)
    if _digits(first) <= _PLAIN_DIGITS or _digits(roundest) > _PLAIN_DIGITS:
        low, high = min(p for _, p in fits), max(p for _, p in fits)
        is_known = _digits(first) <= _PLAIN_DIGITS or high < low * NEAR
        return _rounded(first, 4) if is_known else None
    return _rounded(roundest, _PLAIN_DIGITS)


def _line(part: float) -> float:
    return 1 - part


def _cosine(part: float) -> float:
    return (1 + math.cos(math.pi * part)) / 2


def _fitted(
    points: Points, start: int, total: int, shape: Callable[[float], float]
) -> float | None:
    """The one peak that a schedule from `start` needs to pass through all points."""
    peaks = list(_peaks(points, start, total, shape))
    if len(peaks) < 2 or min(peaks) * (1 + SAME) < max(peaks):
        return None
    return sorted(peaks)[len(peaks) // 2]


def _peaks(
    points: Points, start: int, total: int, shape: Callable[[float], float]
) -> Iterator[float]:
    for step, rate in points:
        part = (step - start) / (total - start)
        height = step / start if step < start else shape(min(part, 1.0))
        if height > 0.01:
            yield rate / height


def _end_of_line(points: Points) -> int | None:
    """Where the last two points, drawn on, come to zero."""
    (step, rate), (later, lower) = points[-2:]
    if lower >= rate:
        return None
    return round(later + lower * (later - step) / (rate - lower))


def _between(points: Points, at: int) -> float | None:
    """The roundest rate between the highest logged and what its neighbours allow."""
    step, top = points[at]
    later, lower = points[at + 1]
    if at:
        before, rate = points[at - 1]
        high = top + (top - rate) / (step - before) * (later - step)
        if before and at + 2 < len(points):
            down = points[at + 1], points[at + 2]
            met = [
                _crossing((0, 0.0), points[at - 1], *down)[1],
                _crossing(points[at - 1], points[at], *down)[1],
            ]
            high = max(top, min(high, max(met)))
        if at > 1:  # the peak may also lie before the highest
            when, height = _crossing(*points[at - 2 : at + 2])
            high = max(high, height) if before < when < step else high
    else:
        high = top + (top - lower) / (later - step) * step
    if high > top * NEAR:
        return None
    rounded = (_rounded_up(top, digits) for digits in range(1, _PLAIN_DIGITS + 1))
    return next((rate for rate in rounded if rate <= high * OFF_BY_ONE), top)


def _crossing(
    one: tuple[int, float],
    two: tuple[int, float],
    three: tuple[int, float],
    four: tuple[int, float],
) -> tuple[float, float]:
    """Where a line that climbs through two points meets one that falls through two."""
    climb = (two[1] - one[1]) / (two[0] - one[0])
    fall = (four[1] - three[1]) / (four[0] - three[0])
    if climb <= fall:
        return math.inf, math.inf
    step = (three[1] - two[1] + climb * two[0] - fall * three[0]) / (climb - fall)
    return step, two[1] + climb * (step - two[0])


def _digits(rate: float) -> int:
    """How many digits a rate takes to be written.

    >>> _digits(2e-4), _digits(1.8667e-4)
    (1, 5)
    """
    return next(
        (n for n in range(1, 7) if abs(_rounded(rate, n) / rate - 1) < SAME / 10), 7
    )


def _rounded(rate: float, digits: int) -> float:
    return float(f"{rate:.{digits - 1}e}")


def _rounded_up(rate: float, digits: int) -> float:
    rounded = _rounded(rate, digits)
    unit = 10.0 ** (math.floor(math.log10(rate)) - digits + 1)
    up = rounded if rounded >= rate * (1 - 1e-9) else rounded + unit
    return _rounded(up, digits)

"""A logged value over the steps, in bounded memory, and curves kept packed.

A pair of Python numbers takes some 120 bytes, one in an array 16; a log of millions of
steps is thinned evenly while it is read. What a run's outcome rests on stays: the first
value that is not finite, and the last.
"""

import math
from array import array
from collections.abc import Iterator, Mapping

from knowledge.records import Curve

MOST_POINTS = 20_000  # of one metric; up to twice as many are kept
_HUGE = 1e300  # databases write this and more for infinity


class Points:
    """What was logged of one metric; `pairs` are its (step, value)."""

    def __init__(self, most: int = MOST_POINTS) -> None:
        self._most = most
        self._steps, self._values = array("q"), array("d")
        self._stride, self._seen = 1, 0
        self._ends: dict[int, float] = {}
        self._last: tuple[int, float] | None = None

    def add(self, step: int, value: float) -> None:
        """Take in one value; steps before it that it says anew are forgotten."""
        value = value if abs(value) < _HUGE else math.inf if value > 0 else value
        if self._last is not None and step <= self._last[0]:
            self._forget_from(step)
        self._last = step, value
        if not self._ends and not math.isfinite(value):
            self._ends[step] = value
        if self._seen % self._stride == 0:
            self._steps.append(step)
            self._values.append(value)
        self._seen += 1
        if len(self._steps) > 2 * self._most:
            self._steps, self._values = self._steps[::2], self._values[::2]
            self._stride *= 2

    @property
    def is_thinned(self) -> bool:
        """Whether some of what was logged is left out."""
        return self._stride > 1

    def pairs(self) -> tuple[tuple[int, float], ...]:
        """What is kept, in the order of the steps."""
        kept = dict(zip(self._steps, self._values, strict=True))
        kept |= self._ends | dict([self._last] if self._last else [])
        return tuple(sorted(kept.items()))

    def _forget_from(self, step: int) -> None:
        """Forget what a training that was taken up again logs once more."""
        while self._steps and self._steps[-1] >= step:
            self._steps.pop()
            self._values.pop()
        self._ends = {at: value for at, value in self._ends.items() if at < step}


class PackedCurves(Mapping[str, Curve]):
    """Curves of metrics by the id of their run, each unpacked when it is asked for."""

    def __init__(self) -> None:
        self._packed: dict[str, dict[str, tuple[array[int], array[float]]]] = {}

    def add(self, run_id: str, curve: Curve) -> None:
        """Keep a curve; one of single losses a step is none of a tracker's."""
        self._packed[run_id] = {
            name: (
                array("q", (step for step, _ in points)),
                array("d", (value for _, value in points)),
            )
            for name, points in curve.metrics.items()
        }

    def __getitem__(self, run_id: str) -> Curve:
        packed = self._packed[run_id]
        return Curve(
            (), {name: tuple(zip(*both, strict=True)) for name, both in packed.items()}
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

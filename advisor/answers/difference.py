"""Whether two settings' scores differ by more than chance: the record (pure).

Scores of a metric that is minimized compare by their ratio, since their spread grows
with them and seeds near the boundary differ by a factor of a thousand; others by their
difference. A failed run has no score and counts by itself.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from advisor.evidence.replicates import Cell
from advisor.statistics.two_samples import (
    LEVEL,
    POWER,
    Compared,
    Sample,
    Spread,
    chance_of_failing_more,
    compare_samples,
    effect_told,
    pool_spreads,
)
from knowledge.records import Document, Run

DIGITS = 3
KIN_DEGREES = 4.0  # for which the spreads of other models count, at most: our choice
# How many runs a side are worth starting with where nothing tells the spread.
FIRST_RUNS = (3, 5)
_FARTHEST = 300.0  # of a logarithm whose exponential is still a number


class Verdict(StrEnum):
    """What can be said of two settings; which one is better stands beside it."""

    BETTER = "better"
    FAILS_LESS = "fails_less"
    SCORES_BETTER_FAILS_MORE = "scores_better_fails_more"
    NOT_DISTINGUISHABLE = "not_distinguishable"
    NOTHING_TO_SAY = "nothing_to_say"
    NOT_RUN = "not_run"


class Origin(StrEnum):
    """Where the noise floor comes from."""

    REPLICATES = "replicates"
    OTHER_SETTINGS = "other_settings"
    KIN = "kin"
    NONE = "none"


@dataclass(frozen=True)
class Side(Document):
    """One setting: its scores, how many runs failed, and where both stand.

    `n_runs` are all of them. `score` is the mean; the geometric one where ratios are
    compared. `sd` is what a person gave beside a mean. `runs` are ids; none: the scores
    are the person's.
    """

    name: str
    learning_rate: float | None
    batch_size: int | None
    scores: tuple[float, ...] = ()
    n_runs: int = 0
    n_failed: int = 0
    score: float | None = None
    sd: float | None = None
    runs: tuple[str, ...] = ()

    @property
    def n_scored(self) -> int:
        """How many of the runs did not fail."""
        return self.n_runs - self.n_failed


@dataclass(frozen=True)
class NoiseFloor(Document):
    """How far scores spread from seed to seed: one standard deviation, or a factor.

    `n_settings` are the settings beside the two whose replicates it rests on.
    """

    spread: float | None
    is_factor: bool
    origin: Origin
    n_settings: int = 0


@dataclass(frozen=True)
class Interval(Document):
    """How much larger b's score is than a's, or how many times (`is_factor`)."""

    median: float
    low: float
    high: float
    level: float
    is_factor: bool


@dataclass(frozen=True)
class FirstRuns(Document):
    """So many runs a side tell a difference of so many spreads."""

    runs: int
    spreads: float


@dataclass(frozen=True)
class Difference(Document):
    """Whether b's scores are better than a's, and how many runs would tell.

    `better` is a name of a side; the probability of being better is of the scores of
    runs that did not fail, that of failing more is by itself. `seeds_needed` are runs
    a side in all; None: more than anybody makes. `smallest_told` is the difference
    that runs as now would tell.
    """

    a: Side
    b: Side
    metric: str | None
    goal: str
    verdict: Verdict
    better: str | None
    noise: NoiseFloor
    difference: Interval | None
    probability_b_better: float | None
    probability_b_fails_more: float | None
    seeds_needed: int | None
    smallest_told: float | None
    first_runs: tuple[FirstRuns, ...]
    rests_on: tuple[str, ...]
    is_goal_assumed: bool = False
    length: int | None = None

    @property
    def is_distinguishable(self) -> bool:
        """Whether there is more between the two than chance."""
        told = (Verdict.BETTER, Verdict.FAILS_LESS, Verdict.SCORES_BETTER_FAILS_MORE)
        return self.verdict in told

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        told = {"distinguishable": self.is_distinguishable, "power": POWER}
        return {**super().to_dict(), **told, "level": LEVEL}


@dataclass(frozen=True)
class Scale:
    """On which scores are compared: as they are, or by their logarithm."""

    is_factor: bool

    @classmethod
    def of(cls, goal: str, scores: Iterable[float]) -> "Scale":
        """That of a metric: losses compare by ratios where all are positive."""
        return cls(goal == "min" and all(score > 0 for score in scores))

    def sample(self, side: Side, resolution: float = 0.0) -> Sample | None:
        """The scores of a side as a sample; None where none has a score."""
        if not side.scores:
            return None
        if not self.is_factor:
            found = Sample.of(side.scores, resolution)
        else:
            steps = [resolution / score for score in side.scores]
            found = Sample.of([math.log(x) for x in side.scores], max(steps))
        if len(side.scores) > 1 or side.n_scored < 2:
            return found
        sd = side.sd
        if sd is not None and self.is_factor:
            sd /= side.scores[0]  # of a logarithm, to first order
        return Sample(side.n_scored, found.mean, None if sd is None else sd**2)

    def spread_of(self, cells: Sequence[Cell]) -> Spread | None:
        """What replicates of other settings say of the spread."""
        if not self.is_factor:
            return pool_spreads([Sample.of(cell.scores) for cell in cells])
        logs = [
            [math.log(score) for score in cell.scores]
            for cell in cells
            if all(score > 0 for score in cell.scores)
        ]
        return pool_spreads([Sample.of(values) for values in logs])

    def shown(self, value: float) -> float:
        """A difference or a spread on this scale as it is shown."""
        if not self.is_factor:
            return rounded(value)
        return rounded_factor(math.exp(max(min(value, _FARTHEST), -_FARTHEST)))


def side_of(name: str, learning_rate: float, batch_size: int, cell: Cell) -> Side:
    """A setting with its stored runs."""
    runs: tuple[Run, ...] = (*cell.scored, *cell.failed)
    return Side(
        name,
        learning_rate,
        batch_size,
        cell.scores,
        n_runs=cell.size,
        n_failed=len(cell.failed),
        runs=tuple(run.id for run in runs),
    )


def build_difference(
    a: Side,
    b: Side,
    *,
    metric: str | None,
    goal: str | None,
    others: Sequence[Cell] = (),
    are_kin: bool = False,
    resolution: float = 0.0,
) -> Difference:
    """Return whether two settings differ, with what it rests on.

    Args:
        a: One side.
        b: The other.
        metric: What the scores are in, where that is known.
        goal: `min` or `max`; None: larger is taken to be better, and said so.
        others: Replicates of other settings with scores in the same metric.
        are_kin: Whether those are of other models.
        resolution: The last digit that the scores were written to.
    """
    direction = goal or "max"
    scale = Scale.of(direction, (*a.scores, *b.scores))
    first, second = (scale.sample(side, resolution) for side in (a, b))
    elsewhere = scale.spread_of(others)
    if elsewhere is not None and are_kin:
        elsewhere = replace(elsewhere, degrees=min(elsewhere.degrees, KIN_DEGREES))
    found = compare_samples(first, second, elsewhere) if first and second else None
    verdict, better = _verdict(a, b, found, direction)
    used = tuple(run.id for cell in others for run in cell.scored)
    noise = NoiseFloor(None, scale.is_factor, Origin.NONE)
    if found is not None:
        origin = Origin.REPLICATES
        if elsewhere is not None:
            origin = Origin.KIN if are_kin else Origin.OTHER_SETTINGS
        spread = scale.shown(found.spread.sd)
        noise = NoiseFloor(spread, scale.is_factor, origin, len(others))
    return Difference(
        _scored(a, first, scale),
        _scored(b, second, scale),
        metric=metric,
        goal=direction,
        verdict=verdict,
        better=better,
        noise=noise,
        difference=_interval(found, scale),
        probability_b_better=_probability(found, direction),
        probability_b_fails_more=_rounded(_chance_of_failing_more(a, b)),
        seeds_needed=found.runs_needed if found else None,
        smallest_told=scale.shown(found.smallest_told) if found else None,
        first_runs=() if found else first_runs(),
        rests_on=tuple(dict.fromkeys((*a.runs, *b.runs, *(used if found else ())))),
        is_goal_assumed=goal is None,
    )


def first_runs() -> tuple[FirstRuns, ...]:
    """How many runs to start with, and the differences these tell."""
    return tuple(FirstRuns(n, round(effect_told(n), 1)) for n in FIRST_RUNS)


def rounded(value: float) -> float:
    """Return a score to the digits that are shown.

    >>> rounded(0.0123456), rounded(97.1234)
    (0.0123, 97.1)
    """
    return float(f"{value:.{DIGITS}g}")


def rounded_factor(value: float) -> float:
    """Return a factor to the digits that are shown, those of its distance from one.

    >>> rounded_factor(1.0041234), rounded_factor(0.983333), rounded_factor(12.345)
    (1.0041, 0.983, 12.3)
    """
    off = abs(value - 1)
    if off >= 0.5 or off == 0:
        return rounded(value)
    return round(value, DIGITS - 2 - math.floor(math.log10(off)))


def _verdict(
    a: Side, b: Side, found: Compared | None, goal: str
) -> tuple[Verdict, str | None]:
    """What can be said, and of which side.

    A side that scores better where it did not fail, and fails more often, is not
    better.
    """
    if not (a.n_runs and b.n_runs):
        return Verdict.NOT_RUN, None
    shares = a.n_failed / a.n_runs, b.n_failed / b.n_runs
    fewer = a if shares[0] < shares[1] else b
    if found is not None and found.is_distinguishable:
        winner = b if (found.low > 0) == (goal == "max") else a
        if shares[0] != shares[1] and winner is not fewer:
            return Verdict.SCORES_BETTER_FAILS_MORE, None
        return Verdict.BETTER, winner.name
    more = _chance_of_failing_more(a, b)
    if more is not None and max(more, 1 - more) > (1 + LEVEL) / 2:
        return Verdict.FAILS_LESS, fewer.name
    if found is None and not (a.n_failed or b.n_failed):
        return Verdict.NOTHING_TO_SAY, None
    return Verdict.NOT_DISTINGUISHABLE, None


def _chance_of_failing_more(a: Side, b: Side) -> float | None:
    """The probability that b fails more often; None where none failed."""
    if not (a.n_failed or b.n_failed):
        return None
    return chance_of_failing_more(b.n_failed, b.n_runs, a.n_failed, a.n_runs)


def _scored(side: Side, sample: Sample | None, scale: Scale) -> Side:
    if sample is None:
        return side
    mean = math.exp(sample.mean) if scale.is_factor else sample.mean
    # More digits than of a difference, which is what is left of two of them.
    return replace(side, score=float(f"{mean:.{DIGITS + 1}g}"))


def _interval(found: Compared | None, scale: Scale) -> Interval | None:
    if found is None:
        return None
    low, median, high = (scale.shown(x) for x in (found.low, found.median, found.high))
    return Interval(median, low, high, LEVEL, scale.is_factor)


def _rounded(chance: float | None) -> float | None:
    """A probability as it is shown: never as certain."""
    return None if chance is None else min(max(round(chance, 3), 0.001), 0.999)


def _probability(found: Compared | None, goal: str) -> float | None:
    if found is None:
        return None
    above = found.probability_above
    return _rounded(above if goal == "max" else 1 - above)

"""The posterior -> which run to do next, how long, and why (pure).

A run is worth the octaves of uncertainty it is expected to take off the thresholds
asked about, whichever way it ends, per expected cost. So short runs and early failures
are cheap looks, and a run resumes when its next steps tell more than a new run would.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.planning.lookahead import Belief, LookAhead
from advisor.rates import LEAST_LEARNING_RATE, MOST_LEARNING_RATE
from advisor.statistics import priors
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]
Cost = Callable[[int, float], float]  # of so many steps at a batch size

# Candidate rates per batch size, for runs to the horizon and for shorter ones.
_RATES, _SHORT_RATES = 17, 11
_USABLE = (LEAST_LEARNING_RATE, MOST_LEARNING_RATE)  # where all runs hold, no further
_LEAST_GAIN = 0.01  # of the thresholds' summed sd


@dataclass(frozen=True)
class InFlight:
    """A run that was started and has no outcome yet.

    `stop_after` is the step it is to reach (None: the horizon), `steps` those it had
    survived before.
    """

    batch_size: int
    learning_rate: float
    stop_after: float | None = None
    steps: float = 0.0


@dataclass(frozen=True)
class Survivor:
    """A run that was paused in good health after `steps` steps and can go on."""

    key: str
    batch_size: int
    learning_rate: float
    steps: int


@dataclass(frozen=True)
class PlannedTrial:
    """One proposed run; `believed_low` and `believed_high` bracket the threshold.

    `stop_after` is the step it is to reach for now (0: its horizon), `continues` the
    key of the survivor to carry there, None for a new run.
    """

    batch_size: int
    learning_rate: float
    believed_low: float
    believed_high: float
    reason: str
    stop_after: int = 0
    continues: str | None = None


def plan_next_run(
    model: StableLearningRateModel,
    *,
    asked_batch_sizes: Sequence[int],
    horizon_steps: float | None = None,
    rungs: Sequence[int] = (),
    survivors: Sequence[Survivor] = (),
    cost: Cost | None = None,
    in_flight: Sequence[InFlight] = (),
    n_runs_so_far: int | None = None,
) -> PlannedTrial:
    """Return the run that tells most about the thresholds asked about.

    Args:
        model: Fitted on what is known; runs in flight need not be in it.
        asked_batch_sizes: Batch sizes whose thresholds matter.
        horizon_steps: Run length whose thresholds matter; None: the longest of the
            rungs, or the model's reference length.
        rungs: Steps a run may stop at for now; empty: the horizon only.
        survivors: Runs stopped at a rung in good health, known to the model.
        cost: Of so many steps at a batch size, in any one unit; None: by steps where
            there are rungs, else the same for each run.
        in_flight: Runs started and not finished: their likelier outcome is assumed.
        n_runs_so_far: Labelled runs; None: those the model was fitted on.

    Returns:
        A rate inside the range believed to hold the threshold (2 % to 98 %). One that
        comes again needs a new seed.

    Raises:
        ValueError: No batch size is asked about, or a rung is below one step.

    Source: expected reduction of posterior sd, as in psi (Kontsevich & Tyler 1999).
    """
    batches = sorted({int(batch) for batch in asked_batch_sizes})
    if not batches:
        raise ValueError("plan_next_run needs at least one batch size")
    wanted = _Lengths.of(model, horizon_steps, rungs)
    if rungs and cost is None:
        cost = _steps_alone
    done = model.n_runs_ if n_runs_so_far is None else n_runs_so_far
    started = done + len(in_flight)
    assumes_much = bool(in_flight) and started < priors.BISECTING_RUNS
    if not done or assumes_much:
        trial = _bisecting_run(model, batches, wanted.horizon, in_flight, started)
        # While the range is octaves wide, a short run halves it as well as a long one.
        return replace(trial, stop_after=round(wanted.rungs[0]))
    return _telling_run(model, batches, wanted, survivors, cost, in_flight)


@dataclass(frozen=True)
class _Lengths:
    """The horizon that is asked about, and the steps runs may stop at, ascending."""

    horizon: float | None
    rungs: tuple[float, ...]

    @classmethod
    def of(
        cls,
        model: StableLearningRateModel,
        horizon: float | None,
        rungs: Sequence[int],
    ) -> "_Lengths":
        if rungs and min(rungs) < 1:
            raise ValueError(f"a run stops after at least 1 step, not {min(rungs)}")
        horizon = horizon or max(rungs, default=None)
        end = float(horizon or model.reference_steps)
        return cls(horizon, (*sorted({float(r) for r in rungs if r < end}), end))


def _steps_alone(batch_size: int, steps: float) -> float:
    """What runs cost where nobody says: a step is a step."""
    return steps


def _bisecting_run(
    model: StableLearningRateModel,
    batches: list[int],
    horizon_steps: float | None,
    in_flight: Sequence[InFlight],
    n_started: int,
) -> PlannedTrial:
    """The middle of the widest unexplored part of the believed range.

    The batch sizes take turns, the middle one first.
    """
    middle = (len(batches) - 1) // 2
    turns = [batches[middle], *(b for b in batches if b != batches[middle])]
    batch = turns[n_started % len(turns)]
    low, high = _log_range(model, batch, horizon_steps)
    flying = np.log2([f.learning_rate for f in in_flight])
    marks = np.sort(np.r_[low, flying[(flying > low) & (flying < high)], high])
    widest = int(np.argmax(np.diff(marks)))
    return _trial(batch, marks[widest : widest + 2].mean(), (low, high), "halves")


def _log_range(
    model: StableLearningRateModel, batch: int, horizon: float | None
) -> tuple[float, float]:
    ends = np.clip(model.believed_range(batch, horizon), *_USABLE)
    low, high = np.log2(ends)
    return float(low), float(high)


_REASONS = {
    "halves": "halves the range in which the limit is believed to lie",
    "telling": "is expected to narrow the limits asked about most",
    "short": "is short and cheap, and expected to narrow the limits most for that",
    "further": "carries a run that held so far on to where it is more informative",
    "repeat": "repeats a rate in flight near the limit, with another seed",
}


def _trial(
    batch: int, log_rate: float, believed: tuple[float, float], reason: str
) -> PlannedTrial:
    low, high = (float(np.exp2(end)) for end in believed)
    # Three digits are enough for a rate and easier to read.
    rate = float(f"{np.exp2(log_rate):.3g}")
    return PlannedTrial(batch, min(max(rate, low), high), low, high, _REASONS[reason])


def _telling_run(
    model: StableLearningRateModel,
    batches: list[int],
    wanted: _Lengths,
    survivors: Sequence[Survivor],
    cost: Cost | None,
    in_flight: Sequence[InFlight],
) -> PlannedTrial:
    """The run of the highest expected gain, per cost where costs are known."""
    belief = Belief.of(model, batches, wanted.horizon)
    for flying in in_flight:
        if flying.batch_size in batches:
            belief = belief.after_likely_end(
                batches.index(flying.batch_size),
                float(np.log2(flying.learning_rate)),
                flying.stop_after or belief.horizon_steps,
                flying.steps,
            )
    ahead = LookAhead(belief)
    free: list[_Candidate] = []
    repeats: list[_Candidate] = []
    for one in _candidates(model, batches, wanted, survivors):
        worth = ahead.gains(one.index, one.log_rates, one.steps, one.survived)
        if cost is not None:
            # Gains this small are chance in the draws, however cheap the run.
            worth = np.where(worth < _LEAST_GAIN * ahead.total_sd, 0.0, worth)
            steps = ahead.expected_steps(
                one.index, one.log_rates, one.steps, one.survived
            )
            batch = batches[one.index]
            worth = worth / [max(cost(batch, float(s)), 1e-12) for s in steps]
        rates = [
            f.learning_rate for f in in_flight if f.batch_size == batches[one.index]
        ]
        distance = np.abs(one.log_rates[:, None] - np.log2(rates)).min(
            1, initial=np.inf
        )
        for score, rate, gap in zip(worth, one.log_rates, distance, strict=True):
            is_free = gap >= priors.IN_FLIGHT_SEPARATION
            chosen = replace(one, log_rates=np.array([rate]), score=float(score))
            (free if is_free else repeats).append(chosen)
    best = max(free or repeats, key=lambda candidate: candidate.score)
    return _planned(model, batches, wanted, best, is_repeat=not free)


@dataclass(frozen=True)
class _Candidate:
    """Runs at one batch size, from `survived` steps on to `steps`."""

    index: int
    log_rates: Floats
    steps: float
    survived: float = 0.0
    key: str | None = None
    score: float = 0.0


def _candidates(
    model: StableLearningRateModel,
    batches: list[int],
    wanted: _Lengths,
    survivors: Sequence[Survivor],
) -> Iterator[_Candidate]:
    """New runs to every rung, and survivors carried to every later one."""
    for index, batch in enumerate(batches):
        for rung in wanted.rungs:
            ends = _log_range(model, batch, rung)
            count = _RATES if rung == wanted.rungs[-1] else _SHORT_RATES
            yield _Candidate(index, np.linspace(*ends, count), rung)
    for survivor in survivors:
        if survivor.batch_size in batches:
            index = batches.index(survivor.batch_size)
            rate = np.array([np.log2(survivor.learning_rate)])
            for rung in wanted.rungs:
                if rung > survivor.steps:
                    yield _Candidate(index, rate, rung, survivor.steps, survivor.key)


def _planned(
    model: StableLearningRateModel,
    batches: list[int],
    wanted: _Lengths,
    best: _Candidate,
    *,
    is_repeat: bool,
) -> PlannedTrial:
    batch = batches[best.index]
    believed = _log_range(model, batch, best.steps)
    rate = float(best.log_rates[0])
    if best.key is not None:
        believed = (min(believed[0], rate), max(believed[1], rate))
    is_short = best.steps < wanted.rungs[-1]
    reason = "repeat" if is_repeat else "short" if is_short else "telling"
    trial = _trial(batch, rate, believed, "further" if best.key else reason)
    return replace(trial, stop_after=round(best.steps), continues=best.key)

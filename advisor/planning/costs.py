"""What runs cost: a law of the seconds of a step, fitted to what was timed here (pure).

A step takes `fixed + per_example * batch_size` seconds; looks at held-out data cost
extra. Until anything was timed, the first guess of the workload's spec counts. A run
that fails early costs less, so what is said of a run is the most it will take.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.training.schedules import measurements_of
from experiments.workloads.registry import find_spec
from experiments.workloads.spec import PROXY_WIDTH
from knowledge.names import WorkloadName
from knowledge.records import Run, Throughput

# How the work of a step shrinks with the width, between the proxies that were timed
# (docs/dev/log.md): fewer channels, and kernels that use the machine less well.
PROXY_POWER = 1.5
# A worker starts and loads torch and the faces before its first step (measured:
# docs/dev/log.md).
START_SECONDS = 5.0
BETWEEN_SECONDS = 0.4  # a run's model is built, its record written, the next one chosen
FEWEST_STEPS = 20  # a shorter run says little of the speed
# The machine changes (other programs, a newer version): a timing counts half after so
# many newer ones, of its own batch size and of any.
HALF_LIFE_OF_BATCH, HALF_LIFE = 5.0, 50.0
# The guessed law, moved to the level of the timings, stands beside them with this
# weight at each end of the batch sizes: it shapes what was not timed.
GUESS_WEIGHT = 0.25
GUESS_ENDS = (1, 32)
# Two processes on two cores take this much longer for a step than one alone (measured:
# docs/dev/log.md); what was measured here takes its place.
TOGETHER_FACTOR = 1.1


@dataclass(frozen=True)
class Timing:
    """How long some steps took: `looks` times held-out data was looked at meanwhile.

    `n_workers` is None for a run, beside which as many others trained as usual.
    """

    batch_size: int
    steps: int
    seconds: float
    looks: float = 0.0
    n_workers: int | None = None


@dataclass(frozen=True)
class RunCost:
    """What steps and runs of one workload cost on one machine, in seconds.

    All are nan for what cannot be trained here.
    """

    fixed: float
    per_example: float
    per_look: float

    def step_seconds(self, batch_size: float) -> float:
        """Return the expected seconds of one optimizer step."""
        return self.fixed + self.per_example * batch_size

    def seconds(
        self, batch_size: int, steps: float, *, horizon_steps: int | None = None
    ) -> float:
        """Return the expected seconds of so many steps of a run, looks included.

        `horizon_steps` is the run's full length, over which looks are spread.
        """
        whole = horizon_steps or max(int(steps), 1)
        looks = measurements_of(whole) * steps / whole
        return steps * self.step_seconds(batch_size) + looks * self.per_look


def timing_of_run(run: Run) -> Timing | None:
    """Return what a run of ours tells of the speed, None when it was too short."""
    if not run.is_ours or not run.seconds or not run.steps or run.steps < FEWEST_STEPS:
        return None
    whole = run.horizon_steps or run.steps
    looks = measurements_of(whole) * run.steps / whole
    return Timing(run.batch_size, run.steps, run.seconds, looks)


def timing_of_speed(row: Throughput) -> Timing:
    """Return what a measured speed tells of a step."""
    return Timing(row.batch_size, 1, row.seconds_per_step, n_workers=row.n_workers)


def fit_run_cost(
    workload: str, timings: Sequence[Timing], *, n_workers: int = 1
) -> RunCost:
    """Return the law of a workload's costs, from what was timed on this machine.

    Args:
        workload: A known name; for another one every cost is nan.
        timings: Of this workload, device and precision, newest first.
        n_workers: Processes that train at once; timings of another number count with
            the factor between the two.

    The law minimises the weighted sum of relative errors with both terms at least zero:
    iteratively reweighted least squares (P. J. Huber, Robust Statistics, 1981, section
    7.8).
    """
    guessed = guess_run_cost(workload)
    if not timings or math.isnan(guessed.fixed):
        return guessed
    factor = together_factor(timings)
    timings = _of_one_kind(timings, n_workers)
    sizes = np.array([t.batch_size for t in timings], dtype=float)
    weights = _weights(timings)
    guesses = guessed.fixed + guessed.per_example * sizes
    whole = np.array([t.seconds / t.steps for t in timings])
    whole *= [_to_usual(t, n_workers, factor) for t in timings]
    looks = np.array([t.looks / t.steps for t in timings])
    # Looks cost what they should on a machine of this speed.
    ratios = whole / (guesses + looks * guessed.per_look)
    speed = float(np.quantile(ratios, 0.5, weights=weights, method="inverted_cdf"))
    per_step = np.maximum(whole - looks * guessed.per_look * speed, 0.2 * whole)
    fixed, per_example = _fit_law(
        np.append(sizes, GUESS_ENDS),
        np.append(per_step, [speed * guessed.step_seconds(b) for b in GUESS_ENDS]),
        np.append(weights, [GUESS_WEIGHT] * len(GUESS_ENDS)),
    )
    return RunCost(fixed, per_example, speed * guessed.per_look)


def guess_run_cost(workload: str) -> RunCost:
    """Return a first guess, on one of two cores that both train."""
    spec = find_spec(workload)
    if spec is None:
        return RunCost(math.nan, math.nan, math.nan)
    width = WorkloadName.parse(workload).width_divisor
    cost, shrunk = spec.seconds_per_step, 1.0
    look, proxy_look = spec.seconds_per_look
    if width > 1 and spec.proxy_seconds_per_step is not None:
        cost, look = spec.proxy_seconds_per_step, proxy_look or look
        shrunk = float((PROXY_WIDTH / width) ** PROXY_POWER)
    fixed, per_example = cost
    return RunCost(fixed * shrunk, per_example * shrunk, look * shrunk)


def together_factor(timings: Iterable[Timing]) -> float:
    """Return how much longer a step takes when all cores train, at least 1.

    The newest timing of each batch size counts, alone and together.
    """
    alone: dict[int, float] = {}
    together: dict[int, float] = {}
    for timing in timings:
        if timing.n_workers is not None:
            of = alone if timing.n_workers == 1 else together
            of.setdefault(timing.batch_size, timing.seconds / timing.steps)
    ratios = [together[b] / alone[b] for b in sorted(alone.keys() & together.keys())]
    return max(1.0, float(np.median(ratios))) if ratios else TOGETHER_FACTOR


def elapsed_seconds(run_seconds: Iterable[float], *, n_workers: int) -> float:
    """Return the wall clock of runs in this order, each taken by the first free worker.

    Starts are counted; no runs take no time.

    >>> elapsed_seconds([10.0, 10.0, 5.0], n_workers=2) > START_SECONDS + 15.0
    True
    """
    busy = [0.0] * max(n_workers, 1)
    for seconds in run_seconds:
        first = busy.index(min(busy))
        busy[first] += seconds + BETWEEN_SECONDS
    return START_SECONDS + max(busy) if max(busy) > 0 else 0.0


def _of_one_kind(timings: Sequence[Timing], n_workers: int) -> Sequence[Timing]:
    """Leave out measured speeds that a newer one or one of the other kind replaces."""
    newest: dict[object, Timing] = {}
    for t in timings:
        if t.n_workers is not None:
            newest.setdefault((t.batch_size, t.n_workers), t)
    kept = {id(t) for t in newest.values()}
    timings = [t for t in timings if t.n_workers is None or id(t) in kept]
    wanted = {t.batch_size for t in timings if (t.n_workers == 1) == (n_workers == 1)}
    return [
        t
        for t in timings
        if t.n_workers is None
        or (t.n_workers == 1) == (n_workers == 1)
        or t.batch_size not in wanted
    ]


def _to_usual(timing: Timing, n_workers: int, factor: float) -> float:
    """What turns a step alone into one among others, or reverse."""
    if timing.n_workers is None or (timing.n_workers == 1) == (n_workers == 1):
        return 1.0
    return factor if n_workers > 1 else 1.0 / factor


def _weights(timings: Sequence[Timing]) -> np.ndarray:
    """What each timing counts: the newest of a batch size the most."""
    seen: Counter[int] = Counter()
    weights = []
    for place, timing in enumerate(timings):
        age = seen[timing.batch_size] / HALF_LIFE_OF_BATCH + place / HALF_LIFE
        weights.append(0.5**age)
        seen[timing.batch_size] += 1
    return np.array(weights)


def _fit_law(
    sizes: np.ndarray, seconds: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """The line of least relative error; both terms at least zero, not both zero."""
    rows = np.stack([1.0 / seconds, sizes / seconds], axis=1)
    errors = np.ones(len(sizes))
    law = np.zeros(2)
    for _ in range(20):
        root = np.sqrt(weights / np.maximum(np.abs(errors), 0.02))
        law = _least_squares(rows * root[:, None], root)
        errors = rows @ law - 1.0
    return float(law[0]), float(law[1])


def _least_squares(columns: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """The two terms, at least zero, whose sum of columns comes nearest to the goal."""
    both = np.linalg.lstsq(columns, goal, rcond=None)[0]
    if both.min() >= 0:
        return np.asarray(both)
    alone = np.maximum(columns.T @ goal / np.square(columns).sum(0), 0.0)
    error = np.square(columns * alone - goal[:, None]).sum(0)
    return np.where(np.arange(2) == error.argmin(), alone, 0.0)

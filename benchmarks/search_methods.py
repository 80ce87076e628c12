"""The searches that `benchmarks.search` compares, all fed from the same runs.

Each yields, run after run, what it has spent (examples) and where it puts the threshold
of each batch size (log2 rate). Those that only collect runs (grid, bisection, Optuna)
have their answer read off by the same fit of a logistic, which is kinder to them than
their best trial. Every method stops a run that has diverged; ours may also stop early.

The one decision to know: seeds come from one small set, the reference's, so a threshold
is that of these seeds, and no search is wrong for having had others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from advisor.planning.next_run import Survivor, plan_next_run
from advisor.statistics import priors
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel
from benchmarks.range_tests import READINGS, SWEEP_STEPS, USUAL_SWEEP_STEPS, stop_step
from benchmarks.real_runs import RATES_PER_OCTAVE, Laboratory, RealRun, on_grid

Floats = NDArray[np.float64]

_PARTICLES = 512
# A search of ours is over when it sees its thresholds to 3.5 % (octaves), or after so
# many plans, however much of its budget is left.
_SURE, _MOST_PLANS = 0.05, 120
_LAPSE = 0.01
_WIDTH = (np.log(0.2), 1.0)  # weak prior of the fit that reads runs


@dataclass(frozen=True)
class State:
    """What a search has spent, in examples, and its thresholds, shape (n_batches,)."""

    spent: float
    log_thresholds: Floats


@dataclass
class Bench:
    """One search's work place: where to search, its chance, and the runs it had."""

    lab: Laboratory
    batch_sizes: tuple[int, ...]
    low: float
    high: float
    seed: int
    n_seeds: int = 8
    rungs: tuple[int, ...] = ()
    spent: float = 0.0
    runs: list[RealRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self._orders = {b: 1 + rng.permutation(self.n_seeds) for b in self.batch_sizes}
        self._used: set[tuple[int, float, int]] = set()
        self._turns = dict.fromkeys(self.batch_sizes, 0)

    def new_run(self, batch_size: int, log_rate: float) -> RealRun:
        """A run nobody had in this search, at the nearest rate that has one left.

        Nothing is paid yet.
        """
        order = self._orders[batch_size]
        centre = on_grid(float(np.clip(log_rate, self.low, self.high)))
        steps = range(int(2 * (self.high - self.low) * RATES_PER_OCTAVE))
        for shift in ((i + 1) // 2 * (-1) ** i / RATES_PER_OCTAVE for i in steps):
            for turn in range(self.n_seeds):
                at = (self._turns[batch_size] + turn) % self.n_seeds
                key = (batch_size, centre + shift, int(order[at]))
                if key not in self._used and self.low <= key[1] <= self.high:
                    self._used.add(key)
                    self._turns[batch_size] = at + 1
                    return self.lab.run(*key)
        raise ValueError(f"batch {batch_size}: every run between the bounds was asked")

    def whole_run(self, batch_size: int, log_rate: float) -> RealRun:
        """A new run to its horizon, or until it fails; paid for."""
        run = self.new_run(batch_size, log_rate)
        self.spent += run.cost(run.horizon_steps)
        self.runs.append(run)
        return run

    def state(self) -> State:
        """What the whole runs so far say, read off by a fitted logistic."""
        found = [
            fitted_threshold(
                [run for run in self.runs if run.batch_size == batch],
                self.low,
                self.high,
            )
            for batch in self.batch_sizes
        ]
        return State(self.spent, np.array(found))


def fitted_threshold(runs: Sequence[RealRun], low: float, high: float) -> float:
    """Return the log2 rate at which half fail: the likeliest logistic's.

    Runs that all hold, or all fail, leave the middle of what is open.
    """
    rates = np.log2([run.learning_rate for run in runs])
    failed = np.array([run.failed for run in runs], dtype=bool)
    if not failed.any() or failed.all():
        low = float(rates[~failed].max(initial=low))
        high = float(rates[failed].min(initial=high))
        return (low + high) / 2

    def loss(values: Floats) -> float:
        chance = expit((rates - values[0]) / np.exp(values[1]))
        chance = _LAPSE + (1 - 2 * _LAPSE) * chance
        likely = np.log(np.where(failed, chance, 1 - chance)).sum()
        return float(0.5 * ((values[1] - _WIDTH[0]) / _WIDTH[1]) ** 2 - likely)

    middle = (rates[failed].min() + rates[~failed].max()) / 2
    fit = minimize(loss, (middle, _WIDTH[0]), method="Nelder-Mead")
    return float(np.clip(fit.x[0], low, high))


def bisection(bench: Bench, budget: float) -> Iterator[State]:
    """Bisect every batch size in turn; what is done with starts again, other seeds."""
    ends = {batch: (bench.low, bench.high) for batch in bench.batch_sizes}
    while bench.spent < budget:
        for batch, (low, high) in ends.items():
            middle = (low + high) / 2
            failed = bench.whole_run(batch, middle).failed
            left = (low, middle) if failed else (middle, high)
            is_done = left[1] - left[0] < 1 / RATES_PER_OCTAVE
            ends[batch] = (bench.low, bench.high) if is_done else left
            yield bench.state()


def grid(bench: Bench, budget: float) -> Iterator[State]:
    """The finest grid of rates that the budget allows, over all batch sizes.

    How fine it may be is known beforehand to no user; here it is tried out.
    """
    best: State | None = None
    for n_rates in range(2, 10_000):
        trial = Bench(
            bench.lab,
            bench.batch_sizes,
            bench.low,
            bench.high,
            bench.seed,
            bench.n_seeds,
        )
        rates = np.linspace(bench.low, bench.high, n_rates + 2)[1:-1]
        for batch in bench.batch_sizes:
            for rate in rates:
                trial.whole_run(batch, float(rate))
        if trial.spent > budget:
            break
        best = trial.state()
    if best is not None:
        yield best


def optuna_sampler(name: str) -> Callable[[Bench, float], Iterator[State]]:
    """A search by one of Optuna's samplers, `TPE` or `GP`: a study per batch size.

    The highest rate is looked for under the constraint that the run holds.
    """

    def search(bench: Bench, budget: float) -> Iterator[State]:
        studies = {batch: _study(name, bench.seed) for batch in bench.batch_sizes}
        while bench.spent < budget:
            for batch, study in studies.items():
                trial = study.ask()
                log_rate = trial.suggest_float("log_rate", bench.low, bench.high)
                failed = bench.whole_run(batch, log_rate).failed
                trial.set_constraint("held", 1.0 if failed else -1.0)
                study.tell(trial, log_rate)
                yield bench.state()

    return search


def _study(name: str, seed: int) -> Any:
    """A study that maximises the rate, among trials that meet their constraint."""
    import optuna  # an extra: only this benchmark needs it

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    samplers: dict[str, Any] = {
        "TPE": optuna.samplers.TPESampler,
        "GP": optuna.samplers.GPSampler,
    }
    sampler = samplers[name](seed=seed)
    return optuna.create_study(direction="maximize", sampler=sampler)


def range_test(name: str) -> Callable[[Bench, float], Iterator[State]]:
    """One reading of range tests: the mean over sweeps, more of them with more budget.

    A batch size that has not had a sweep yet counts as the middle of the bounds.
    """
    reading = READINGS[name]

    def search(bench: Bench, budget: float) -> Iterator[State]:
        steps = SWEEP_STEPS.get(name, USUAL_SWEEP_STEPS)
        log_rates = np.linspace(
            bench.low, bench.high, min(steps, bench.lab.horizon_steps)
        )
        found: dict[int, list[float]] = {batch: [] for batch in bench.batch_sizes}
        middle = (bench.low + bench.high) / 2
        for turn in range(bench.n_seeds):
            for batch in bench.batch_sizes:
                seed = 1 + (bench.seed + turn) % bench.n_seeds
                losses = bench.lab.sweep(batch, log_rates.tolist(), seed)
                taken = stop_step(losses)
                bench.spent += batch * taken
                part = np.array(losses[:taken])
                found[batch].append(reading(log_rates[:taken], part))
                means = [np.mean(v) if v else middle for v in found.values()]
                yield State(bench.spent, np.array(means))
            if bench.spent > budget:
                return

    return search


def ours(bench: Bench, budget: float) -> Iterator[State]:
    """The planner and model of the product, fed as `verify` feeds them."""
    horizon = bench.lab.horizon_steps
    rungs = tuple(rung for rung in bench.rungs if rung < horizon)
    reached: list[tuple[RealRun, float]] = []
    model = _fitted_model(bench, reached)
    for _ in range(_MOST_PLANS):
        paused = {
            str(i): run
            for i, (run, steps) in enumerate(reached)
            if steps < min(horizon, run.stopped_at)
        }
        trial = plan_next_run(
            model,
            asked_batch_sizes=bench.batch_sizes,
            horizon_steps=horizon,
            rungs=(*rungs, horizon) if rungs else (),
            survivors=[
                Survivor(
                    key, run.batch_size, run.learning_rate, int(reached[int(key)][1])
                )
                for key, run in paused.items()
            ],
            cost=lambda batch, steps: batch * steps,
        )
        if trial.continues is not None:
            index = int(trial.continues)
            run, before = reached[index]
            reached[index] = (run, run.reaches(trial.stop_after))
            bench.spent += run.cost(reached[index][1]) - run.cost(before)
        else:
            run = bench.new_run(trial.batch_size, float(np.log2(trial.learning_rate)))
            reached.append((run, run.reaches(trial.stop_after)))
            bench.spent += run.cost(reached[-1][1])
        model = _fitted_model(bench, reached)
        answers = [model.threshold(batch, horizon) for batch in bench.batch_sizes]
        yield State(bench.spent, np.log2([answer.median for answer in answers]))
        is_sure = max(answer.sd_octaves for answer in answers) < _SURE
        if is_sure or bench.spent >= budget:
            return


def _fitted_model(
    bench: Bench, reached: Sequence[tuple[RealRun, float]]
) -> StableLearningRateModel:
    """The model with the bounds for a prior: the middle, and a quarter of the range."""
    horizon = float(bench.lab.horizon_steps)
    prior = ThresholdPrior(
        level=Moment((bench.low + bench.high) / 2, (bench.high - bench.low) / 4),
        log_width=Moment(*priors.LOG_WIDTH_UNREPORTED),
    )
    model = StableLearningRateModel(
        prior, reference_steps=horizon, n_particles=_PARTICLES
    )
    failed = [run.failed and run.stopped_at <= steps for run, steps in reached]
    return model.fit(
        [run.batch_size for run, _ in reached],
        [run.learning_rate for run, _ in reached],
        failed,
        steps=[
            float(run.onset or steps) if bad else steps
            for (run, steps), bad in zip(reached, failed, strict=True)
        ],
        horizon_steps=[horizon] * len(reached),
    )


METHODS: dict[str, Callable[[Bench, float], Iterator[State]]] = {
    "ours": ours,
    "bisection": bisection,
    "grid": grid,
    "Optuna TPE": optuna_sampler("TPE"),
    "Optuna GP": optuna_sampler("GP"),
    **{name: range_test(name) for name in READINGS},
}

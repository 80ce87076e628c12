"""What short runs are worth: searches that may stop at rungs against whole runs only.

Simulated workloads whose threshold falls with the run length. A run that fails does so
at a random step and costs no more than it took; one that is well at a rung may be left
there or carried on. Both searches plan with `plan_next_run` and may spend the same
number of examples; every choice is theirs.

The one decision to know: a fall of 0 is the case against short runs. There the step of
a failure is chance, so a run that is well at a rung may fail yet.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advisor.planning.next_run import Survivor, plan_next_run
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.outcome import patience_steps

Floats = NDArray[np.float64]

FALLS = (0.0, 0.2, 0.4)
METHODS = ("whole runs", "rungs")
# Budgets in whole runs at every batch size.
BUDGETS = (1, 2, 4, 8)
BATCH_SIZES = (4, 8, 16)
HORIZON_STEPS = 900
RUNGS = (100, 300, 900)
_EARLIEST_FAILURE = 20
_WIDTHS = (0.05, 0.12, 0.25)
_PRIOR = ThresholdPrior(level=Moment(-10.0, 2.5))
_PARTICLES = 512
_WITHIN = float(np.log2(1.1))


@dataclass(frozen=True)
class Truth:
    """A simulated workload: log2 thresholds at the horizon by batch size."""

    thresholds: tuple[float, ...]
    width: float
    fall: float

    def failure_step(
        self, index: int, log_rate: float, rng: np.random.Generator
    ) -> float:
        """Return the step at which a new run fails; infinity if it never does."""
        excess = log_rate - self.thresholds[index] + self.width * rng.logistic()
        end = np.log2(HORIZON_STEPS)
        if self.fall > 0:
            log_time = end - excess / self.fall
        else:
            chance = rng.uniform(np.log2(_EARLIEST_FAILURE), end)
            log_time = chance if excess > 0 else np.inf
        log_time = max(log_time, np.log2(_EARLIEST_FAILURE))
        return float(np.exp2(log_time)) if log_time <= end else np.inf


def build_truth(fall: float, seed: int) -> Truth:
    """Return the workload of one fall and seed, alike but for the fall."""
    rng = np.random.default_rng([seed, 0])
    level, slope = rng.uniform(-2, 2), rng.normal(0.2, 0.4)
    scatter = 0.1 * rng.standard_normal(len(BATCH_SIZES))
    y = np.log2(BATCH_SIZES) - np.log2(BATCH_SIZES).mean()
    thresholds = -10 + level + slope * y + scatter
    return Truth(tuple(thresholds.tolist()), float(rng.choice(_WIDTHS)), fall)


@dataclass(frozen=True)
class _Run:
    batch_size: int
    learning_rate: float
    failure_step: float
    steps: float = 0.0

    @property
    def failed(self) -> bool:
        return self.failure_step <= self.steps

    def carried_to(self, rung: float) -> "_Run":
        """The run at a rung; one that is failing there goes on until that is seen."""
        seen = min(self.failure_step + patience_steps(HORIZON_STEPS), HORIZON_STEPS)
        return replace(self, steps=seen if self.failure_step <= rung else rung)


def search(
    method: str, truth: Truth, seed: int, budgets: Sequence[float]
) -> list[tuple[Floats, Floats, Floats]]:
    """Return medians and ends of the thresholds (log2) when each budget is spent.

    Budgets are in examples; a search stops before the run that would exceed its own.
    """
    rng = np.random.default_rng([seed, 1])
    runs: list[_Run] = []
    found = []
    for budget in sorted(budgets):
        while True:
            model = _fitted(runs)
            planned = _next(method, truth, model, runs, rng)
            if _cost(planned) > budget:
                break
            runs = planned
        answers = [model.threshold(batch) for batch in BATCH_SIZES]
        ends = np.log2([[a.median, a.low, a.high] for a in answers])
        found.append((ends[:, 0], ends[:, 1], ends[:, 2]))
    return found


def _cost(runs: Sequence[_Run]) -> float:
    return sum(run.batch_size * run.steps for run in runs)


def _fitted(runs: Sequence[_Run]) -> StableLearningRateModel:
    model = StableLearningRateModel(
        _PRIOR, reference_steps=HORIZON_STEPS, n_particles=_PARTICLES
    )
    return model.fit(
        [run.batch_size for run in runs],
        [run.learning_rate for run in runs],
        [run.failed for run in runs],
        steps=[min(run.failure_step, run.steps) for run in runs],
        horizon_steps=[float(HORIZON_STEPS)] * len(runs),
    )


def _next(
    method: str,
    truth: Truth,
    model: StableLearningRateModel,
    runs: Sequence[_Run],
    rng: np.random.Generator,
) -> list[_Run]:
    """The runs with the planned one among them, run or carried on."""
    paused = {
        str(i): run
        for i, run in enumerate(runs)
        if not run.failed and run.steps < HORIZON_STEPS
    }
    trial = plan_next_run(
        model,
        asked_batch_sizes=BATCH_SIZES,
        horizon_steps=HORIZON_STEPS,
        rungs=RUNGS if method == "rungs" else (),
        survivors=[
            Survivor(key, run.batch_size, run.learning_rate, round(run.steps))
            for key, run in paused.items()
        ],
        cost=lambda batch, steps: batch * steps,
    )
    if trial.continues is not None:
        index = int(trial.continues)
        carried = runs[index].carried_to(trial.stop_after)
        return [*runs[:index], carried, *runs[index + 1 :]]
    at = BATCH_SIZES.index(trial.batch_size)
    fails_at = truth.failure_step(at, float(np.log2(trial.learning_rate)), rng)
    new = _Run(trial.batch_size, trial.learning_rate, fails_at)
    return [*runs, new.carried_to(trial.stop_after)]


def rung_search(
    *,
    n_searches: int = 20,
    falls: Sequence[float] = FALLS,
    methods: Sequence[str] = METHODS,
    budgets: Sequence[float] = BUDGETS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how near the thresholds at the horizon are, by fall, method and budget.

    Columns: `fall`, `method`, `budget` (in whole runs at every batch size), `within_10`
    (share of thresholds found within 10 %) with its standard error over searches `se`,
    `error` (mean absolute, octaves), `coverage` of the 90 % intervals.
    """
    unit = HORIZON_STEPS * sum(BATCH_SIZES)
    rows = []
    for fall in falls:
        truths = [build_truth(fall, seed + k) for k in range(n_searches)]
        true = np.array([truth.thresholds for truth in truths])
        for method in methods:
            paths = [
                search(method, truth, seed + k, [unit * b for b in budgets])
                for k, truth in enumerate(truths)
            ]
            for step, budget in enumerate(sorted(budgets)):
                median, low, high = (
                    np.array([path[step][part] for path in paths]) for part in range(3)
                )
                within = (np.abs(median - true) <= _WITHIN).mean(1)
                rows.append(
                    {
                        "fall": fall,
                        "method": method,
                        "budget": budget,
                        "within_10": within.mean(),
                        "se": within.std() / np.sqrt(len(within)),
                        "error": np.abs(median - true).mean(),
                        "coverage": ((low <= true) & (true <= high)).mean(),
                    }
                )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    head = (
        "| fall | method | budget | within 10 % | error | 90 % intervals cover |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    lines = [
        f"| {r.fall:g} | {r.method} | {r.budget:g} | {r.within_10:.2f} ± {r.se:.2f} "
        f"| {r.error:.2f} | {r.coverage:.2f} |"
        for r in table.itertuples()
    ]
    return "\n".join([head, *lines])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(markdown(rung_search(n_searches=arguments.searches, seed=arguments.seed)))


if __name__ == "__main__":
    main()

"""How fast a search finds the thresholds of five batch sizes: grid, bisection, ours.

A simulated workload has a threshold at each batch size; a run fails with a probability
that rises with its rate. Every method may do so many runs in all. Ours plans each run
with `plan_next_run` and reads the answer off `StableLearningRateModel`.

The one decision to know: method and truth draw from generators of their own, so at one
seed all methods face the same workload, and a scenario differs from the base by nothing
but what its name says.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from advisor.planning.next_run import plan_next_run
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

SCENARIOS = ("base", "lapses", "surge", "slope -1", "slope +1", "width 0.3")
METHODS = ("grid", "bisection", "ours")
RUNS = (15, 30, 60)
BATCH_SIZES = (2, 4, 8, 16, 32)
# What may be tried: eight octaves, which hold every threshold.
LOWEST, HIGHEST = -14.0, -6.0
_CENTRE = -10.0
_PRIOR = ThresholdPrior(level=Moment(_CENTRE, 2.5))
_PARTICLES = 1024
_WITHIN = float(np.log2(1.1))


@dataclass(frozen=True)
class Truth:
    """A simulated workload: log2 thresholds by batch size, width and lapse rate."""

    thresholds: tuple[float, ...]
    width: float
    lapse: float

    def fails(self, index: int, log_rate: float, rng: np.random.Generator) -> bool:
        """Return whether one run at a batch size and log2 rate fails."""
        chance = expit((log_rate - self.thresholds[index]) / self.width)
        return bool(rng.random() < self.lapse + (1 - 2 * self.lapse) * chance)


def build_truth(scenario: str, seed: int) -> Truth:
    """Return the workload of one scenario and seed.

    Thresholds lie within two octaves of the centre, go as a power of the batch size
    drawn from N(0.2, 0.4) and scatter by 0.1 octaves; the boundary is 0.03, 0.1 or 0.2
    octaves wide; one run in a hundred lapses, in either direction.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"No scenario named {scenario!r}. Known: {SCENARIOS}")
    rng = np.random.default_rng([seed, 0])
    level, slope = rng.uniform(-2, 2), rng.normal(0.2, 0.4)
    scatter = 0.1 * rng.standard_normal(len(BATCH_SIZES))
    width = float(rng.choice((0.03, 0.1, 0.2)))
    bend = 0.0
    if scenario == "surge":
        slope, bend = rng.normal(0.0, 0.3), -rng.uniform(0.05, 0.2)
    if scenario.startswith("slope"):
        slope = float(scenario.removeprefix("slope"))
    y = np.log2(BATCH_SIZES)
    y = y - y.mean()
    thresholds = _CENTRE + level + slope * y + bend * y**2 + scatter
    truth = Truth(tuple(thresholds.tolist()), width, 0.01)
    if scenario == "lapses":
        return replace(truth, lapse=0.05)
    return replace(truth, width=0.3) if scenario == "width 0.3" else truth


@dataclass(frozen=True)
class Found:
    """What a search says of each batch size after some runs: log2 rates, (n_batches,).

    `low` and `high` end the 90 % interval; NaN for a method that gives none.
    """

    n_runs: int
    median: Floats
    low: Floats
    high: Floats


def search(method: str, truth: Truth, seed: int, n_runs: int) -> Found:
    """Return the thresholds one method finds with `n_runs` runs in all."""
    return search_path(method, truth, seed, (n_runs,))[-1]


def search_path(
    method: str, truth: Truth, seed: int, n_runs: Sequence[int]
) -> list[Found]:
    """Return what one search knows after each number of runs.

    A grid and a bisection share their runs out beforehand, so they are done anew for
    each number; ours goes on from where it was.
    """
    rng = np.random.default_rng([seed, 1])
    if method == "ours":
        return _planned(truth, rng, sorted(n_runs))
    one_batch = {"grid": _grid, "bisection": _bisection}.get(method)
    if one_batch is None:
        raise ValueError(f"No method named {method!r}. Known: {METHODS}")
    return [_each_batch(one_batch, truth, rng, total) for total in sorted(n_runs)]


Run = Callable[[float], bool]


def _each_batch(
    one_batch: Callable[[Run, int], float],
    truth: Truth,
    rng: np.random.Generator,
    n_runs: int,
) -> Found:
    """One batch size after the other, each with its share of the runs."""
    share = n_runs // len(BATCH_SIZES)
    median = np.empty(len(BATCH_SIZES))
    for index in range(len(BATCH_SIZES)):

        def run(log_rate: float, index: int = index) -> bool:
            return truth.fails(index, log_rate, rng)

        median[index] = one_batch(run, share)
    nothing = np.full(len(BATCH_SIZES), np.nan)
    return Found(n_runs, median, nothing, nothing)


def _grid(run: Run, n_runs: int) -> float:
    """The gap that parts holding from failing rates with fewest errors: its middle."""
    rates = np.linspace(LOWEST, HIGHEST, n_runs + 2)
    failed = np.array([run(float(rate)) for rate in rates[1:-1]])
    errors = np.r_[0, np.cumsum(failed)] + np.r_[np.cumsum(~failed[::-1])[::-1], 0]
    gap = int(errors.argmin())
    return float(rates[gap : gap + 2].mean())


def _bisection(run: Run, n_runs: int) -> float:
    """The middle of the bracket left after trying its middle again and again."""
    low, high = LOWEST, HIGHEST
    for _ in range(n_runs):
        middle = (low + high) / 2
        low, high = (low, middle) if run(middle) else (middle, high)
    return (low + high) / 2


def _planned(
    truth: Truth, rng: np.random.Generator, n_runs: Sequence[int]
) -> list[Found]:
    batches: list[int] = []
    rates: list[float] = []
    failed: list[bool] = []
    found = []
    for done in range(n_runs[-1] + 1):
        model = StableLearningRateModel(_PRIOR, n_particles=_PARTICLES)
        model.fit(batches, rates, failed)
        if done in n_runs:
            found.append(_read_off(model, done))
        if done < n_runs[-1]:
            trial = plan_next_run(model, asked_batch_sizes=BATCH_SIZES)
            batches.append(trial.batch_size)
            rates.append(trial.learning_rate)
            index = BATCH_SIZES.index(trial.batch_size)
            failed.append(truth.fails(index, float(np.log2(rates[-1])), rng))
    return found


def _read_off(model: StableLearningRateModel, n_runs: int) -> Found:
    answers = [model.threshold(batch) for batch in BATCH_SIZES]
    ends = np.log2([[a.median, a.low, a.high] for a in answers])
    return Found(n_runs, ends[:, 0], ends[:, 1], ends[:, 2])


def threshold_search(
    *,
    n_searches: int = 100,
    scenarios: Sequence[str] = SCENARIOS,
    methods: Sequence[str] = METHODS,
    n_runs: Sequence[int] = RUNS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how near the thresholds are, by scenario, method and number of runs.

    Columns: `scenario`, `method`, `runs`, `within_10` (share of the thresholds found
    within 10 % of the true rate) with its standard error over searches `se`, `coverage`
    of the 90 % intervals and their mean `width` in octaves (NaN without intervals).
    """
    rows = []
    for scenario in scenarios:
        truths = [build_truth(scenario, seed + k) for k in range(n_searches)]
        for method in methods:
            paths = [
                search_path(method, truth, seed + k, n_runs)
                for k, truth in enumerate(truths)
            ]
            for step in range(len(n_runs)):
                found = [path[step] for path in paths]
                name = {"scenario": scenario, "method": method}
                rows.append(name | _score(truths, found))
    return pd.DataFrame(rows)


def _score(truths: Sequence[Truth], found: Sequence[Found]) -> dict[str, object]:
    true = np.array([truth.thresholds for truth in truths])
    median, low, high = (
        np.array([getattr(one, name) for one in found])
        for name in ("median", "low", "high")
    )
    within = (np.abs(median - true) <= _WITHIN).mean(1)
    has_intervals = np.isfinite(low).all()
    return {
        "runs": found[0].n_runs,
        "within_10": within.mean(),
        "se": within.std() / np.sqrt(len(within)),
        "coverage": ((low <= true) & (true <= high)).mean()
        if has_intervals
        else np.nan,
        "width": (high - low).mean(),
    }


def markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    head = (
        "| scenario | method | runs | within 10 % | 90 % intervals cover | width |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    lines = [
        f"| {r.scenario} | {r.method} | {r.runs} | {r.within_10:.2f} ± {r.se:.2f} "
        f"| {_shown(r.coverage)} | {_shown(r.width)} |"
        for r in table.itertuples()
    ]
    return "\n".join([head, *lines])


def _shown(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    arguments = parser.parse_args()
    table = threshold_search(
        n_searches=arguments.searches,
        scenarios=arguments.scenario or SCENARIOS,
        seed=arguments.seed,
    )
    print(markdown(table))


if __name__ == "__main__":
    main()

"""What failure steps are worth: the threshold model with time against bare outcomes.

Simulated workloads whose runs fail at a random time that is shorter at higher rates.
The model sees either the step of each failure or only that the run failed; its
thresholds are checked at the observed run length and at ten times that.

The one decision to know: a fall of 0 is the case against us. There the threshold stays
where it is and the step of a failure is mere chance, so steps must not mislead.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

FALLS = (0.0, 0.2, 0.4, 0.8)
RUNS = (6, 12, 24, 48)
METHODS = ("with failure steps", "outcomes alone")
HORIZON_STEPS = 2000
_BATCH_SIZES = (2, 4, 8, 16, 32)
_CENTRE_BATCH = 8
# The face models stay whole for some steps even at absurd rates (first looks).
_EARLIEST_FAILURE = 20
# Rates are spread about the boundary as people spread them: over about an octave.
_RATE_SPREAD = 0.6
_WIDTHS = (0.05, 0.12, 0.25)
_WITHIN = float(np.log2(1.1))
_LEVEL_SD = 1.0
_PRIOR = ThresholdPrior(level=Moment(-10.0, 2.5))


@dataclass(frozen=True)
class Runs:
    """Runs of one simulated workload, and what is true of it at the centre batch size.

    `threshold` is log2 of the rate at which half of all runs fail by the horizon,
    `fall` the octaves it falls per doubling of the steps. Arrays have shape (n_runs,).
    """

    batch_size: Floats
    learning_rate: Floats
    unstable: NDArray[np.bool_]
    steps: Floats
    threshold: float
    fall: float

    def true_threshold(self, times_horizon: float) -> float:
        """Return the log2 threshold at a multiple of the observed run length."""
        return self.threshold - self.fall * float(np.log2(times_horizon))


def simulate(fall: float, *, seed: int, n_runs: int) -> Runs:
    """Return runs of a workload whose threshold falls by `fall` octaves per doubling.

    The time to failure is log-logistic, with a scale that shrinks as the rate grows;
    with a fall of 0, whether a run fails is settled by its rate and the step is
    uniform in its logarithm.
    """
    rng = np.random.default_rng(seed)
    threshold = -10 + _LEVEL_SD * rng.standard_normal()
    slope, width = rng.normal(0.2, 0.35), rng.choice(_WIDTHS)
    batch = rng.choice(_BATCH_SIZES, n_runs)
    centre = threshold + slope * (np.log2(batch) - np.log2(_CENTRE_BATCH))
    log_rate = centre + _RATE_SPREAD * rng.standard_normal(n_runs)
    excess = log_rate - centre + width * rng.logistic(size=n_runs)
    end = np.log2(HORIZON_STEPS)
    if fall > 0:
        log_time = end - excess / fall
    else:
        chance = rng.uniform(np.log2(_EARLIEST_FAILURE), end, n_runs)
        log_time = np.where(excess > 0, chance, np.inf)
    log_time = np.maximum(log_time, np.log2(_EARLIEST_FAILURE))
    return Runs(
        batch_size=batch.astype(np.float64),
        learning_rate=np.exp2(log_rate),
        unstable=log_time <= end,
        steps=np.round(np.exp2(np.minimum(log_time, end))),
        threshold=threshold,
        fall=fall,
    )


def failure_times(
    *,
    n_workloads: int = 100,
    falls: Sequence[float] = FALLS,
    runs: Sequence[int] = RUNS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how well thresholds are known, by fall, method and number of runs.

    Columns: `fall`, `method`, `runs`, `within_10` (share of medians within 10 % of the
    truth at the observed run length) with its standard error `se`, `error` (mean
    absolute, octaves), and for 1x and 10x the observed length the coverage of 90 %
    intervals (`cover_1x`, `cover_10x`) and their mean width in octaves.
    """
    rows = []
    for fall in falls:
        for n_runs in runs:
            data = [
                simulate(fall, seed=seed + k, n_runs=n_runs) for k in range(n_workloads)
            ]
            for method in METHODS:
                scores = np.array([_scores(one, method) for one in data])
                rows.append(_row(fall, method, n_runs, scores))
    return pd.DataFrame(rows)


def _scores(runs: Runs, method: str) -> tuple[float, ...]:
    """Error, coverage and width at 1x, then coverage and width at 10x."""
    steps = runs.steps if method == METHODS[0] else None
    model = StableLearningRateModel(_PRIOR, reference_steps=HORIZON_STEPS).fit(
        runs.batch_size,
        runs.learning_rate,
        runs.unstable,
        steps=steps,
        horizon_steps=HORIZON_STEPS,
    )
    scores: list[float] = []
    for times in (1, 10):
        found = model.threshold(_CENTRE_BATCH, times * HORIZON_STEPS)
        low, median, high = np.log2([found.low, found.median, found.high])
        true = runs.true_threshold(times)
        if times == 1:
            scores.append(abs(median - true))
        scores += [float(low <= true <= high), high - low]
    return tuple(scores)


def _row(fall: float, method: str, n_runs: int, scores: Floats) -> dict[str, object]:
    within = scores[:, 0] <= _WITHIN
    error, cover_1x, width_1x, cover_10x, width_10x = scores.mean(0)
    return {
        "fall": fall,
        "method": method,
        "runs": n_runs,
        "within_10": within.mean(),
        "se": within.std() / np.sqrt(len(within)),
        "error": error,
        "cover_1x": cover_1x,
        "width_1x": width_1x,
        "cover_10x": cover_10x,
        "width_10x": width_10x,
    }


def runs_needed(table: pd.DataFrame, share: float = 0.8) -> pd.DataFrame:
    """Return the runs after which `share` of medians are within 10 %, by fall.

    One row per fall, one column per method; read off between the tabulated numbers of
    runs, in their logarithm. Infinite where the share is never reached.
    """
    rows = [
        {"fall": fall, "method": method, "runs": _crossing(part, share)}
        for (fall, method), part in table.groupby(["fall", "method"], sort=False)
    ]
    wide = pd.DataFrame(rows).pivot(index="fall", columns="method", values="runs")
    return wide.reset_index()


def _crossing(part: pd.DataFrame, share: float) -> float:
    within = np.maximum.accumulate(part["within_10"].to_numpy())
    log_runs = np.log2(part["runs"].to_numpy())
    if within[-1] < share:
        return float("inf")
    if within[0] >= share:
        return float(np.exp2(log_runs[0]))
    after = int(np.argmax(within >= share))
    ends = slice(after - 1, after + 1)
    return float(np.exp2(np.interp(share, within[ends], log_runs[ends])))


def markdown(table: pd.DataFrame) -> str:
    """Return the table, and the runs needed, as Markdown."""
    head = (
        "| fall | model | runs | within 10 % | error | covers, 1x | width, 1x "
        "| covers, 10x | width, 10x |\n|" + " --- |" * 9
    )
    lines = [
        f"| {r.fall:g} | {r.method} | {r.runs} | {r.within_10:.2f} ± {r.se:.2f} "
        f"| {r.error:.2f} | {r.cover_1x:.2f} | {r.width_1x:.2f} "
        f"| {r.cover_10x:.2f} | {r.width_10x:.2f} |"
        for r in table.itertuples()
    ]
    needed = runs_needed(table)
    steps, bits = METHODS
    last = [
        f"| {row['fall']:g} | {_count(row[steps])} | {_count(row[bits])} |"
        for _, row in needed.iterrows()
    ]
    second = (
        "Runs until four limits in five are within 10 %:\n\n"
        f"| fall | {steps} | {bits} |\n| --- | --- | --- |"
    )
    return "\n".join([head, *lines, "", second, *last])


def _count(runs: float) -> str:
    return f"{runs:.0f}" if np.isfinite(runs) else f"more than {max(RUNS)}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", type=int, default=100)
    arguments = parser.parse_args()
    print(markdown(failure_times(n_workloads=arguments.workloads)))


if __name__ == "__main__":
    main()

"""The thresholds that a search should find: many seeds at many rates, to the horizon.

The one decision to know: the reference walks outward from the boundary until every seed
holds, or every seed fails, at two rates running.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.real_runs import RATES_PER_OCTAVE, Laboratory, RealRun, on_grid

Floats = NDArray[np.float64]

SEEDS = 8
_LAPSE = 0.005
_BOOTSTRAPS = 200


@dataclass(frozen=True)
class Reference:
    """One batch size's threshold: log2 rate at which half of all runs fail.

    `se` is its standard error over seeds, `width` the logistic's scale; in octaves.
    `lowest` is the log2 rate looked at below which all runs are taken to hold.
    """

    batch_size: int
    log_threshold: float
    se: float
    width: float
    lowest: float
    runs: tuple[RealRun, ...]


def find_reference(
    lab: Laboratory, batch_size: int, low: float, high: float, n_seeds: int = SEEDS
) -> Reference:
    """Return the threshold of a batch size between two log2 rates.

    Raises:
        ValueError: All runs hold, or all fail, at both ends.
    """
    seeds = range(1, n_seeds + 1)
    runs: dict[float, list[RealRun]] = {}

    def share(log_rate: float) -> float:
        if log_rate not in runs:
            runs[log_rate] = [lab.run(batch_size, log_rate, seed) for seed in seeds]
        return float(np.mean([run.failed for run in runs[log_rate]]))

    start = _boundary(lab, batch_size, low, high)
    step = 1 / RATES_PER_OCTAVE
    low, high = on_grid(low), on_grid(high)
    for direction, settled in ((1, 1.0), (-1, 0.0)):
        in_a_row, rate = 0, start
        while in_a_row < 2 and low <= rate <= high:
            in_a_row = in_a_row + 1 if share(rate) == settled else 0
            rate += direction * step
    all_runs = [run for rate in sorted(runs) for run in runs[rate]]
    threshold, width = _fitted(all_runs)
    return Reference(
        batch_size,
        threshold,
        _standard_error(all_runs),
        width,
        min(runs),
        tuple(all_runs),
    )


def _boundary(lab: Laboratory, batch_size: int, low: float, high: float) -> float:
    """Bisect with two seeds, down to a step of the grid."""
    while high - low > 2 / RATES_PER_OCTAVE:
        middle = on_grid((low + high) / 2)
        fails = all(lab.run(batch_size, middle, seed).failed for seed in (1, 2))
        low, high = (low, middle) if fails else (middle, high)
    return on_grid((low + high) / 2)


def _fitted(runs: list[RealRun]) -> tuple[float, float]:
    """Threshold and width of the likeliest logistic, with a small lapse."""
    rates = np.log2([run.learning_rate for run in runs])
    failed = np.array([run.failed for run in runs])
    if failed.all() or not failed.any():
        raise ValueError(
            f"no boundary between rates of {2 ** rates.min():.3g} and "
            f"{2 ** rates.max():.3g} at batch {runs[0].batch_size}: widen the bounds"
        )

    def loss(values: Floats) -> float:
        chance = expit((rates - values[0]) / np.exp(values[1]))
        chance = _LAPSE + (1 - 2 * _LAPSE) * chance
        # The width's weak prior keeps a clean cut from having none.
        likely = np.log(np.where(failed, chance, 1 - chance)).sum()
        return float(-likely + 0.5 * ((values[1] - np.log(0.1)) / 1.5) ** 2)

    middle = (rates[failed].min() + rates[~failed].max()) / 2
    starts = [(middle + shift, np.log(0.15)) for shift in (-0.3, 0.0, 0.3)]
    fits = [minimize(loss, start, method="Nelder-Mead") for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    return float(best.x[0]), float(np.exp(best.x[1]))


def _standard_error(runs: list[RealRun]) -> float:
    """Of the threshold, by drawing seeds anew."""
    rng = np.random.default_rng(0)
    seeds = sorted({run.seed for run in runs})
    by_seed = {seed: [run for run in runs if run.seed == seed] for seed in seeds}
    found = []
    for _ in range(_BOOTSTRAPS):
        drawn = [run for s in rng.choice(seeds, len(seeds)) for run in by_seed[int(s)]]
        if 0 < sum(run.failed for run in drawn) < len(drawn):
            found.append(_fitted(drawn)[0])
    return float(np.std(found))

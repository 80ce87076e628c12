"""How many examples a search needs to find real thresholds: ours against the usual.

Every run is a real training run of a cheap workload. The truth at each batch size is
the rate at which half of the runs fail at the full horizon, from eight seeds at every
eighth of an octave. A search pays for each example it trains on; runs that diverge end
there, for every method.

The one decision to know: range tests are scored as generously as can be, their rates
multiplied by the one constant that suits them best in hindsight.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advisor.planning.spec import VerificationSpec
from benchmarks.range_tests import READINGS
from benchmarks.real_runs import Laboratory, RealRun, TrainedRuns
from benchmarks.search_methods import METHODS, Bench, State
from benchmarks.search_truth import Reference, find_reference
from experiments.workloads.registry import get_spec
from experiments.workloads.spec import WorkloadSpec

Floats = NDArray[np.float64]

BUDGETS = (0.5, 1, 2, 4, 8)
SHARES = (0.25, 0.5, 0.75, 0.9)
# The fixed budget: so many whole runs at every batch size.
WHOLE_RUNS = 4
WITHIN = math.log2(1.15)
# What may be tried, by recipe, unless told: round powers of ten about the usual rates.
BOUNDS = {"sgd": (1e-3, 10.0), "momentum": (1e-4, 1.0)}
USUAL_BOUNDS = (1e-4, 1.0)
# Recipe and batch sizes unless told, by kind of workload; else what its spec says.
USUAL = {"faces": ("faceswap-2021", (2, 4, 8, 16)), "digits": ("sgd", (4, 16, 64, 256))}
BAR_BEST, BAR_GRID = 2.0, 5.0
BAR_REPLAY = 0.95


class SettledRuns:
    """Runs of another laboratory; below a reference's low end they are taken to hold.

    There every seed held at two rates running, so nothing is trained at lower ones.
    Above the high end everything is: how soon a run fails is what it costs.
    """

    def __init__(self, lab: Laboratory, references: Sequence[Reference]):
        self._lab = lab
        self.workload, self.recipe = lab.workload, lab.recipe
        self.horizon_steps = lab.horizon_steps
        self._lowest = {r.batch_size: r.lowest for r in references}

    def run(self, batch_size: int, log_rate: float, seed: int) -> RealRun:
        """Return the run, or the one of its seed at the low end of the reference."""
        run = self._lab.run(batch_size, max(log_rate, self._lowest[batch_size]), seed)
        return replace(run, learning_rate=2.0**log_rate)

    def sweep(
        self, batch_size: int, log_rates: Sequence[float], seed: int
    ) -> list[float]:
        """Return the other laboratory's sweep."""
        return self._lab.sweep(batch_size, log_rates, seed)


@dataclass(frozen=True)
class Setting:
    """What all methods share: bounds (log2 rates), budget in examples, and seeds."""

    batch_sizes: tuple[int, ...]
    low: float
    high: float
    budget: float
    n_searches: int
    rungs: tuple[int, ...]

    @property
    def budgets(self) -> Floats:
        """In examples, ascending."""
        return np.array(BUDGETS) * self.budget

    def widened(self, factor: float) -> "Setting":
        """The same with both bounds moved outward by a factor."""
        shift = math.log2(factor)
        return replace(self, low=self.low - shift, high=self.high + shift)


def compare(
    lab: Laboratory,
    references: Sequence[Reference],
    setting: Setting,
    methods: Sequence[str] = tuple(METHODS),
) -> pd.DataFrame:
    """Return the share of thresholds found, by method and budget.

    Columns: `method`, `budget` (times the fixed one), `within_15` with its standard
    error over searches `se`, `error` (median absolute, octaves), `constant` (what a
    range test's rates were multiplied by, else NaN).
    """
    true = np.array([reference.log_threshold for reference in references])
    rows = []
    for method in methods:
        errors = np.array(
            [_answers(method, lab, setting, k) for k in range(setting.n_searches)]
        )
        errors = errors - true
        shift = _best_shift(errors[:, -1]) if method in READINGS else 0.0
        errors = errors + shift
        within = (np.abs(errors) <= WITHIN).mean(2)
        for step, budget in enumerate(BUDGETS):
            rows.append(
                {
                    "method": method,
                    "budget": budget,
                    "within_15": within[:, step].mean(),
                    "se": within[:, step].std() / math.sqrt(len(within)),
                    "error": float(np.median(np.abs(errors[:, step]))),
                    "constant": 2.0**shift if method in READINGS else math.nan,
                }
            )
    return pd.DataFrame(rows)


def _answers(method: str, lab: Laboratory, setting: Setting, seed: int) -> Floats:
    """Log2 thresholds at each budget, (n_budgets, n_batches): the last that was paid.

    A grid is laid anew for each budget; the others go on from where they were.
    """
    nothing = np.full(
        len(setting.batch_sizes), (setting.low + setting.high) / 2, dtype=float
    )
    found = []
    paths: dict[float, list[State]] = {}
    for budget in setting.budgets:
        upto = float(budget if method == "grid" else setting.budgets[-1])
        if upto not in paths:
            # Bounds a little to this side or that: else all searches begin alike.
            shift = np.random.default_rng([seed, 2]).uniform(-0.5, 0.5)
            bench = Bench(
                lab,
                setting.batch_sizes,
                setting.low + shift,
                setting.high + shift,
                seed,
                rungs=setting.rungs,
            )
            paths[upto] = list(METHODS[method](bench, upto))
        paid = [state for state in paths[upto] if state.spent <= budget]
        found.append(paid[-1].log_thresholds if paid else nothing)
    return np.array(found)


def _best_shift(errors: Floats) -> float:
    """The shift of all answers, in octaves, that brings most of them near."""
    shifts = np.arange(-12, 12, 1 / 32)
    near = np.abs(errors.ravel() + shifts[:, None]) <= WITHIN
    counts = near.sum(1)
    return float(shifts[counts == counts.max()].mean().round(3))


def examples_needed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the budget at which each method reaches each share, interpolated.

    Columns: `method` and one per share; infinity where it is not reached.
    """
    rows = []
    for method, part in table.groupby("method", sort=False):
        shares = np.maximum.accumulate(part["within_15"].to_numpy())
        budgets = np.log2(part["budget"].to_numpy())
        needed = {share: _crossing(budgets, shares, share) for share in SHARES}
        rows.append({"method": method} | needed)
    return pd.DataFrame(rows)


def _crossing(log_budgets: Floats, shares: Floats, share: float) -> float:
    if shares[-1] < share:
        return math.inf
    after = int(np.argmax(shares >= share))
    if after == 0:
        return float(2.0 ** log_budgets[0])
    ends = slice(after - 1, after + 1)
    return float(2.0 ** np.interp(share, shares[ends], log_budgets[ends]))


def replayed(references: Sequence[Reference]) -> tuple[int, int]:
    """Return how many runs stopped early were trained on, and how many stayed bad."""
    runs = [r for reference in references for r in reference.runs]
    judged = [run.stayed_bad for run in runs if run.stayed_bad is not None]
    return len(judged), sum(judged)


def markdown(table: pd.DataFrame) -> str:
    """Return the shares, and the examples needed, as Markdown."""
    wide = table.pivot(index="method", columns="budget", values="within_15")
    errors = table.pivot(index="method", columns="budget", values="se")
    constants = table.groupby("method")["constant"].first()
    names = list(dict.fromkeys(table["method"]))
    head = "| method | " + " | ".join(f"{b:g}x" for b in BUDGETS) + " | multiplied by |"
    lines = [head, "|" + " --- |" * (len(BUDGETS) + 2)]
    for name in names:
        cells = [
            f"{wide.loc[name, b]:.2f} ± {errors.loc[name, b]:.2f}" for b in BUDGETS
        ]
        constant = constants[name]
        shown = "" if math.isnan(constant) else f"{constant:.2g}"
        lines.append(f"| {name} | " + " | ".join([*cells, shown]) + " |")
    needed = examples_needed(table)
    lines += [
        "",
        "Budget at which a share is reached:",
        "",
        "| method | " + " | ".join(f"{share:g}" for share in SHARES) + " |",
        "|" + " --- |" * (len(SHARES) + 1),
    ]
    for _, row in needed.iterrows():
        cells = [_shown(row[share]) for share in SHARES]
        lines.append(f"| {row['method']} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _verdict(needed)])


def _shown(budget: float) -> str:
    if math.isinf(budget):
        return f"over {BUDGETS[-1]:g}x"
    least = "" if budget > BUDGETS[0] else "at most "
    return f"{least}{budget:.2g}x"


def _verdict(needed: pd.DataFrame) -> str:
    """Say by how much ours is ahead, share by share, against the bars."""
    by_name = needed.set_index("method")
    others = by_name.drop(index="ours", errors="ignore")
    if "ours" not in by_name.index or others.empty:
        return ""
    lines = []
    for share in SHARES:
        ours = by_name.loc["ours", share]
        best = others[share].idxmin()
        if math.isinf(ours):
            lines.append(f"- Share {share:g}: ours does not reach it.")
            continue
        ahead = others.loc[best, share] / ours
        text = f"- Share {share:g}: the best other ({best}) needs {_times(ahead)}"
        if "grid" in others.index:
            text += f", a grid {_times(others.loc['grid', share] / ours)}"
        lines.append(f"{text} the examples of ours.")
    bars = f"(Bars: {BAR_BEST:g} times, {BAR_GRID:g} times.)"
    return "\n".join([*lines, bars])


def _times(ratio: float) -> str:
    return "too many to tell" if math.isinf(ratio) else f"{ratio:.1f} times"


def _section(
    lab: Laboratory,
    references: Sequence[Reference],
    setting: Setting,
    factors: Sequence[float],
) -> str:
    """The whole result as a section of a Markdown page."""
    lines = [
        f"## {lab.workload}, recipe {lab.recipe}, {lab.horizon_steps} steps",
        "",
        "| batch size | half fail at | standard error (octaves) | width (octaves) "
        "| runs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for r in references:
        lines.append(
            f"| {r.batch_size} | {2.0**r.log_threshold:.3g} | {r.se:.2f} "
            f"| {r.width:.2f} | {len(r.runs)} |"
        )
    trained, stayed = replayed(references)
    lines += [
        "",
        f"Of {trained} runs stopped early and trained on, {stayed} still had a high "
        f"loss at the horizon (bar: {BAR_REPLAY:.0%}).",
        "",
        f"1x is {setting.budget:,.0f} examples; {setting.n_searches} searches each; "
        f"share of batch sizes within 15 %.",
    ]
    for factor in factors:
        wide = setting.widened(factor)
        lines += [
            "",
            f"Between {2.0**wide.low:.2g} and {2.0**wide.high:.2g}:",
            "",
            markdown(compare(SettledRuns(lab, references), references, wide)),
        ]
    return "\n".join(lines)


def usual(spec: WorkloadSpec) -> tuple[str, tuple[int, ...]]:
    """Return recipe and batch sizes of a workload unless told."""
    return USUAL.get(spec.kind or "", (spec.recipes[0], spec.usual_batch_sizes))


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", default="digits_cnn")
    parser.add_argument("--recipe", help="default: sgd for digits, else its own")
    parser.add_argument("--batch-size", type=int, action="append")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--budget", type=float, help="examples of the fixed budget")
    parser.add_argument("--seeds", type=int, default=8, help="searches per method")
    parser.add_argument("--widen", type=float, default=4.0)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    usual_recipe, usual_sizes = usual(get_spec(given.workload))
    recipe = given.recipe or usual_recipe
    batches = tuple(sorted(given.batch_size or usual_sizes))
    lab = TrainedRuns(
        given.workload, recipe, horizon_steps=given.steps, cache=given.cache
    )
    low, high = (math.log2(rate) for rate in BOUNDS.get(recipe, USUAL_BOUNDS))
    spec = VerificationSpec(given.workload, batches, recipe, "cpu", given.steps)
    setting = Setting(
        batches,
        low,
        high,
        given.budget or WHOLE_RUNS * given.steps * float(sum(batches)),
        given.seeds,
        spec.rungs,
    )
    references = [find_reference(lab, batch, low, high) for batch in batches]
    print(_section(lab, references, setting, (1.0, given.widen)))


if __name__ == "__main__":
    main()

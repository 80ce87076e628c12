"""Public grids of scored runs, and the questions put to them.

Every question holds one batch size of one workload out: the method sees runs at other
batch sizes alone, and is scored at the rate of the held-out grid nearest to its answer.
The grids themselves are never part of this repository.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

FEW_BATCH_SIZES, FEW_RATES = 3, 4


@dataclass(frozen=True)
class Source:
    """One collection of grids, and what a good answer must reach on it.

    `average` is how replicates of a cell are joined; `unit` is per cent of the best
    loss, or points of a score that should be high; `bar` the mean regret to reach.
    """

    name: str
    file: str
    average: str
    unit: str
    bar: float
    widths_are_siblings: bool = False

    @property
    def is_score(self) -> bool:
        """Whether high values are good."""
        return self.unit == "points"


SOURCES = (
    Source("Step Law dense", "steplaw_dense.csv", "mean", "%", 0.14),
    Source("Step Law MoE", "steplaw_moe.csv", "mean", "%", 0.07),
    Source("HPOBench", "hpobench_nn.csv", "mean", "points", 0.27, True),
    Source("FCNet", "fcnet.csv", "median", "%", 27.0, True),
)


@dataclass(frozen=True)
class Grid:
    """One workload: its rows, and its cells (mean or median of replicates)."""

    workload: str
    source: Source
    rows: pd.DataFrame
    cells: pd.DataFrame

    @property
    def batch_sizes(self) -> list[int]:
        """Ascending."""
        return sorted(int(b) for b in self.cells["batch_size"].unique())

    def at(self, batch_size: int) -> pd.DataFrame:
        """The cells of one batch size, by ascending rate."""
        cells = self.cells[self.cells["batch_size"] == batch_size]
        return cells.sort_values("learning_rate")


@dataclass(frozen=True)
class Question:
    """What is the best rate at a batch size, given runs at other batch sizes?"""

    grid: Grid
    batch_size: int
    seen: pd.DataFrame

    def score(self, rate: float, low: float, high: float) -> dict[str, float]:
        """Return regret, error in octaves, coverage and width of an answer.

        The interval is stretched by half a grid step to either side, since the grid's
        best is only known to that.
        """
        at = self.grid.at(self.batch_size)
        rates, values = at["learning_rate"].to_numpy(), at["metric_value"].to_numpy()
        log_rates = np.log2(rates)
        losses = -values if self.grid.source.is_score else values
        best = int(np.argmin(losses))
        nearest = int(np.argmin(np.abs(log_rates - np.log2(rate))))
        regret = float(losses[nearest] - losses[best])
        if not self.grid.source.is_score:
            regret /= float(losses[best])
        half = 0.5 * float(np.median(np.diff(log_rates)))
        inside = np.log2(low) - half <= log_rates[best] <= np.log2(high) + half
        return {
            "regret": 100 * regret,
            "error": float(abs(np.log2(rate) - log_rates[best])),
            "covered": float(inside),
            "width": float(np.log2(high / low)),
        }


def data_folder(given: str | None = None) -> Path:
    """Return the folder of the grids: given, or beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    root = Path(os.environ.get("LR_ADVISOR_SHARED", beside))
    return Path(given) if given else root / "data"


def load_grids(source: Source, folder: Path) -> dict[str, Grid]:
    """Return the workloads of a source by name."""
    table = pd.read_csv(folder / source.file)
    keys = ["batch_size", "learning_rate"]
    grids = {}
    for name, rows in table.groupby("workload"):
        cells = rows.groupby(keys).agg(
            metric_value=("metric_value", source.average),
            workload=("workload", "first"),
            optimizer=("optimizer", "first"),
            metric_name=("metric_name", "first"),
            steps_or_tokens=("steps_or_tokens", "first"),
            source=("source", "first"),
        )
        grids[str(name)] = Grid(str(name), source, rows, cells.reset_index())
    return grids


def relatives(grid: Grid, grids: dict[str, Grid]) -> list[Grid]:
    """Return the workloads an answer may pool from: never another width of its data."""
    others = [other for other in grids.values() if other.workload != grid.workload]
    if not grid.source.widths_are_siblings:
        return others
    data = _data_set(grid.workload)
    return [other for other in others if _data_set(other.workload) != data]


def _data_set(workload: str) -> str:
    return workload.split("/")[1].split("-")[0]


def sparse_questions(
    grids: dict[str, Grid], n_draws: int, seed: int = 0
) -> Iterator[Question]:
    """Every batch size held out `n_draws` times; 3 others, 4 rates each, are seen."""
    rng = np.random.default_rng(seed)
    for grid in grids.values():
        for batch in grid.batch_sizes:
            others = [b for b in grid.batch_sizes if b != batch]
            for _ in range(n_draws):
                count = min(FEW_BATCH_SIZES, len(others))
                chosen = sorted(rng.choice(others, count, replace=False))
                seen = [_some_rates(grid.at(int(b)), rng) for b in chosen]
                yield Question(grid, batch, pd.concat(seen))


def full_questions(grids: dict[str, Grid]) -> Iterator[Question]:
    """Every batch size held out once; all others are seen."""
    for grid in grids.values():
        for batch in grid.batch_sizes:
            seen = grid.cells[grid.cells["batch_size"] != batch]
            yield Question(grid, batch, seen)


def _some_rates(cells: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = min(FEW_RATES, len(cells))
    rows: Sequence[int] = np.sort(rng.choice(len(cells), count, replace=False))
    return cells.iloc[rows]

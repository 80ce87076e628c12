"""How right "is this difference real?" is: prints tables for the docs.

Of public grids with replicates: of pairs of settings called distinguishable from two to
five runs each, how often the sign is that of all replicates; how often two halves of
one setting's replicates are called different; and how often the 95 % interval holds the
difference of all replicates. With the noise floor of the two settings alone, and drawn
towards that of the workload's other settings. Nothing is done where the grids are
absent.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.answers.difference import Difference, build_difference, side_of
from advisor.evidence.replicates import Cell, Place, near_cells
from benchmarks.grids import SOURCES, Grid, Source, data_folder, load_grids
from knowledge.records import Run

REPLICATED = ("HPOBench", "FCNet")
COUNTS, DRAWS, SEED = (2, 3, 4, 5), 400, 0


@dataclass(frozen=True)
class Trial:
    """One question put to the test, and what all replicates say (None: no truth)."""

    n: int
    is_pooled: bool
    is_equal: bool
    found: Difference
    truth: float | None


def cells_of(grid: Grid) -> dict[Place, np.ndarray]:
    """The replicates of each setting of a workload."""
    groups = grid.rows.groupby(["batch_size", "learning_rate"])["metric_value"]
    return {
        Place(int(batch), float(rate)): values.to_numpy()
        for (batch, rate), values in groups
    }


def trials(grid: Grid, rng: np.random.Generator, draws: int) -> Iterator[Trial]:
    """Draw pairs of neighbouring rates, and halves of one setting, and ask of each."""
    cells = cells_of(grid)
    places = list(cells)
    goal = "max" if grid.source.is_score else "min"
    for _ in range(draws):
        a = places[int(rng.integers(len(places)))]
        others = [p for p in places if p != a and p.batch_size == a.batch_size]
        gaps = [abs(math.log(p.learning_rate / a.learning_rate)) for p in others]
        b = others[int(np.argmin(gaps))]
        for n in COUNTS:
            drawn = {p: rng.permutation(v)[: 2 * n] for p, v in cells.items()}
            for is_pooled in (False, True):
                floor = _floor(drawn, (a, b), n) if is_pooled else ()
                if n <= min(len(cells[a]), len(cells[b])):
                    sides = drawn[a][:n], drawn[b][:n]
                    found = _compare((a, b), sides, goal, floor)
                    truth = _truth(cells[a], cells[b], found)
                    yield Trial(n, is_pooled, False, found, truth)
                if 2 * n <= len(cells[a]):
                    halves = drawn[a][:n], drawn[a][n:]
                    found = _compare((a, a), halves, goal, floor)
                    yield Trial(n, is_pooled, True, found, None)


def _floor(
    drawn: dict[Place, np.ndarray], asked: tuple[Place, Place], n: int
) -> tuple[Cell, ...]:
    """The other settings of the workload with as many replicates, as a store has."""
    others = [_cell(p, v[:n]) for p, v in drawn.items() if p not in asked]
    return near_cells([cell for cell in others if len(cell.scored) > 1], asked)


def _compare(
    places: tuple[Place, Place],
    scores: tuple[np.ndarray, np.ndarray],
    goal: str,
    floor: tuple[Cell, ...],
) -> Difference:
    a, b = (
        side_of(name, place.learning_rate, place.batch_size, _cell(place, values))
        for name, place, values in zip("ab", places, scores, strict=True)
    )
    return build_difference(a, b, metric="score", goal=goal, others=floor)


def _cell(place: Place, values: np.ndarray) -> Cell:
    return Cell(
        tuple(
            Run(
                id=f"run:{place.batch_size}-{place.learning_rate}-{i}",
                workload="grid",
                batch_size=place.batch_size,
                learning_rate=place.learning_rate,
                optimizer="adam",
                recipe=None,
                source="grid",
                metric_value=float(value),
            )
            for i, value in enumerate(values)
        )
    )


def _truth(a: np.ndarray, b: np.ndarray, found: Difference) -> float:
    """How much larger b is than a, of all replicates, on the scale of the answer."""
    if found.noise.is_factor:
        return float(np.log(b).mean() - np.log(a).mean())
    return float(b.mean() - a.mean())


def scores_of(all_trials: list[Trial]) -> pd.DataFrame:
    """Return a row per number of runs and noise floor."""
    rows = []
    for is_pooled in (False, True):
        for n in COUNTS:
            group = [t for t in all_trials if (t.n, t.is_pooled) == (n, is_pooled)]
            pairs = [t for t in group if not t.is_equal]
            equal = [t for t in group if t.is_equal]
            called = [t for t in pairs if t.found.is_distinguishable]
            rows.append(
                {
                    "floor": "with other settings" if is_pooled else "alone",
                    "runs a side": n,
                    "pairs": len(pairs),
                    "called different": _share(
                        [t.found.is_distinguishable for t in pairs]
                    ),
                    "sign right": _share([_is_right(t) for t in called]),
                    "interval covers": _share(
                        [_covers(t) for t in pairs if t.found.difference]
                    ),
                    "equal": len(equal),
                    "false alarms": _share([t.found.is_distinguishable for t in equal]),
                }
            )
    return pd.DataFrame(rows)


def _share(found: list[bool]) -> float:
    return sum(found) / len(found) if found else math.nan


def _is_right(trial: Trial) -> bool:
    interval = trial.found.difference
    if interval is None or trial.truth is None:
        return False
    at = math.log(interval.median) if interval.is_factor else interval.median
    return at * trial.truth > 0


def _covers(trial: Trial) -> bool:
    interval = trial.found.difference
    if interval is None or trial.truth is None:
        return False
    truth = math.exp(trial.truth) if interval.is_factor else trial.truth
    return interval.low <= truth <= interval.high


def table_of(source: Source, folder: Path, draws: int) -> str:
    """Return the scores on one source as Markdown."""
    rng = np.random.default_rng(SEED)
    grids = load_grids(source, folder)
    found = [trial for grid in grids.values() for trial in trials(grid, rng, draws)]
    rows = scores_of(found)
    lines = [f"| {' | '.join(rows.columns)} |", "| --- |" + " ---: |" * 7]
    for row in rows.itertuples(index=False):
        cells = [f"{x:.3f}" if isinstance(x, float) else str(x) for x in row]
        lines.append(f"| {' | '.join(cells)} |")
    return f"{source.name}, {len(grids)} workloads:\n\n" + "\n".join(lines)


def main() -> None:
    """Print the tables of the sources that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of the grids")
    parser.add_argument("--draws", type=int, default=DRAWS, help="pairs per workload")
    options = parser.parse_args()
    folder = data_folder(options.data)
    for source in SOURCES:
        if source.name not in REPLICATED:
            continue
        if not (folder / source.file).is_file():
            print(f"{source.name}: not there, skipped ({folder / source.file})")
            continue
        print(table_of(source, folder, options.draws), "\n")


if __name__ == "__main__":
    main()

"""How far formulas for the learning rate are off, on grids of others.

`python -m benchmarks.formulas` asks each formula for the best rate of every cell that a
grid holds out (as `benchmarks.advice` does), and writes advisor/scaling/formulas.json:
the factor it is off by, and the regret. The grids that ship are in knowledge/published;
those of the Step Law are read from the folder that `benchmarks.grids` names, and where
they are absent their figures stay as they are.
"""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.rates import round_rate
from advisor.reading.formulas import read_model_numbers
from advisor.scaling.formulas import FORMULAS, Case, Formula
from advisor.scaling.published import FIGURES_FILE
from benchmarks.grids import (
    SOURCES,
    Grid,
    Question,
    Source,
    data_folder,
    full_questions,
    load_grids,
)
from benchmarks.rules import Seen
from knowledge.inbox import write_whole
from knowledge.published.reading import find_published

CIFAR = Source("CIFAR-10", "library:cifar10", "mean", "%", 0.0)
FCNET = Source("FCNet", "library:fcnet", "median", "%", 0.0)
HPOBENCH = Source("HPOBench", "library:hpobench", "mean", "points", 0.0)
LORA = Source("LoRA sweep", "library:lora", "mean", "%", 0.0)
STEP_LAW = SOURCES[:2]


def main() -> None:
    """Write the figures of every formula on every grid it can be asked on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="the folder of the Step Law's grids")
    folder = data_folder(parser.parse_args().data)
    figures = [
        row
        for source, grids in all_grids(folder)
        for formula in FORMULAS
        if (row := figure(formula, source, grids)) is not None
    ]
    if not (folder / STEP_LAW[0].file).exists():
        kept = json.loads(FIGURES_FILE.read_text())
        names = {source.name for source in STEP_LAW}
        figures += [row for row in kept if row["grid"] in names]
    text = ",\n".join(json.dumps(row) for row in figures)
    write_whole(FIGURES_FILE, f"[\n{text}\n]\n".encode())
    print(pd.DataFrame(figures).to_string(index=False))


def all_grids(folder: Path) -> Iterator[tuple[Source, Sequence[Grid]]]:
    """Yield each collection with its workloads, those with one optimizer alone."""
    published = find_published()
    if published is not None:
        rows = pd.DataFrame(published.columns())
        rows["steps_or_tokens"] = rows["horizon_steps"]
        rows = rows[rows["optimizer"] != "lars"].dropna(subset=["metric_value"])
        for source in (CIFAR, FCNET, HPOBENCH, LORA):
            of_it = rows[rows["source"] == source.file]
            yield source, [_grid(source, *each) for each in of_it.groupby("workload")]
    for source in STEP_LAW:
        if (folder / source.file).exists():
            yield source, list(load_grids(source, folder).values())


def _grid(source: Source, name: object, rows: pd.DataFrame) -> Grid:
    cells = rows.groupby(["batch_size", "learning_rate"], as_index=False)
    means = cells["metric_value"].mean().assign(workload=name)
    return Grid(str(name), source, rows, means)


def figure(
    formula: Formula, source: Source, grids: Sequence[Grid]
) -> dict[str, object] | None:
    """Return how far a formula is off on a collection; None where it says nothing."""
    scores = [
        score
        for grid in grids
        for question in questions_of(formula, grid)
        if (score := _score(formula, question)) is not None
    ]
    if not scores:
        return None
    return {
        "formula": formula.name,
        "grid": source.name,
        "optimizer": "sgd" if source is CIFAR else "adam",
        "questions": len(scores),
        "factor": round(float(np.exp2(np.median([s["error"] for s in scores]))), 2),
        "regret": round(float(np.mean([s["regret"] for s in scores])), 3),
        "unit": source.unit,
    }


def questions_of(formula: Formula, grid: Grid) -> Iterator[Question]:
    """Batch sizes at which several rates were scored, each held out once."""
    for question in full_questions({grid.workload: grid}):
        rates = grid.at(question.batch_size)["learning_rate"]
        if len(rates) > 2 and (len(question.seen) or not formula.carries):
            yield question


def _score(formula: Formula, question: Question) -> dict[str, float] | None:
    known = _nearest_best(question) if formula.carries else (None, None)
    name = re.sub(r"[-/]", " ", question.grid.workload.replace("-h", " width "))
    numbers = read_model_numbers(re.sub(r"\b(N|D)(?=\d)", r"\1=", name))
    rate = formula.rate(
        Case(
            learning_rate=known[1],
            from_batch_size=known[0],
            to_batch_size=question.batch_size,
            **vars(numbers),
        )
    )
    if rate is None:
        return None
    return question.score(round_rate(rate), rate, rate)


def _nearest_best(question: Question) -> tuple[int, float]:
    """The nearest other batch size, and the best of the rates that were run there."""
    is_score = question.grid.source.is_score
    seen = Seen.of(question.seen, is_score=is_score)
    sizes, best = seen.best_by_batch()
    nearest = int(np.argmin(np.abs(sizes - np.log2(question.batch_size))))
    return round(2 ** sizes[nearest]), float(2 ** best[nearest])


if __name__ == "__main__":
    main()

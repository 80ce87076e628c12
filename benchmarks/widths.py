"""Do narrow copies tell a model's limit? `python -m benchmarks.widths`.

Each width of the face models that was run is left out in turn, and its limits are
predicted from the runs of the other widths alone, by the program's own fit, without
what anybody reports. Laws are compared with what the left-out runs show.

The runs are those of the shipped study and of benchmarks/full_size. They are few, and
batch sizes of one width share its error: in the summary every width counts once.
`--write` puts the tables into docs/explanation/width.md and draws its picture.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import altair as alt
import numpy as np
import pandas as pd
from scipy.stats import norm

from advisor.evidence.scope import NOTHING_ASKED, Scope
from advisor.evidence.selecting import Body, Evidence
from advisor.rates import fit_text
from advisor.service import Advisor
from advisor.statistics import priors
from advisor.statistics.fitting import Fitter
from advisor.statistics.threshold import StableLearningRateModel
from benchmarks.pictures import DOCS, PICTURES, save_svg
from knowledge.names import WorkloadName
from knowledge.records import Outcome, Run

ROWS = Path(__file__).parent / "full_size" / "runs.jsonl"
PAGE, PICTURE = DOCS / "explanation" / "width.md", "widths.svg"
MODELS = ("original", "realface")
DIVISORS = (1, 2, 4, 8, 16, 32)
LONGEST = 1000  # steps: of the study's runs
FEWEST = 4  # runs at a batch size, for a limit to count as measured
OURS = "this law"
_FIXED = (0.0, 1e-3)
# What each law puts in place of the priors: WIDTH_CROSSOVER, _POWER and _WALK.
LAWS: dict[str, tuple[float, tuple[float, float], float]] = {
    OURS: (priors.WIDTH_CROSSOVER, priors.WIDTH_POWER, priors.WIDTH_WALK),
    "a straight line, power -0.5 ± 0.35": (60.0, (0.5, 0.35), priors.WIDTH_WALK),
    "no change with the width": (-60.0, _FIXED, priors.WIDTH_WALK),
    "one over the width": (60.0, _FIXED, priors.WIDTH_WALK),
    "nothing carried over": (priors.WIDTH_CROSSOVER, priors.WIDTH_POWER, 30.0),
}
NOTHING = "nothing carried over"


def load_runs(file: Path = ROWS) -> list[Run]:
    """Return the runs that are kept beside the benchmarks."""
    names = {field.name for field in fields(Run)}
    runs = []
    for line in file.read_text(encoding="utf-8").splitlines():
        values: dict[str, Any] = json.loads(line)["body"]["run"]
        known = {name: value for name, value in values.items() if name in names}
        runs.append(Run(**known | {"outcome": Outcome(values["outcome"])}))
    return runs


def left_out_widths(runs: Sequence[Run]) -> pd.DataFrame:
    """Return predicted and measured limits: a row per width, batch size and law.

    Columns: `model`, `divisor`, `batch_size`, `runs` (at that batch size), `steps`,
    `law`, `measured` and `predicted` (log2 rate at which half of runs fail by then),
    `measured_sd`, `sd` and `error` (octaves). What counts as measured are batch sizes
    with at least FEWEST runs, of widths at which some failed and some did not.
    """
    with Advisor.open(":memory:") as advisor:
        advisor.store.record_runs(runs)
        advisor.store.ingest_all()
        rows = [
            row
            for model in MODELS
            for divisor in DIVISORS
            for row in _rows(advisor, WorkloadName(model, divisor))
        ]
    table = pd.DataFrame(rows)
    return table.assign(error=table["predicted"] - table["measured"])


def _rows(advisor: Advisor, name: WorkloadName) -> Iterator[dict[str, Any]]:
    scope, found = advisor.library.settle(name.text, NOTHING_ASKED)
    evidence = found.without_claims()
    own = evidence.own
    batches = sorted({run.batch_size for run in own.runs})
    here = {b: [r for r in own.runs if r.batch_size == b] for b in batches}
    told = [b for b in batches if len(here[b]) >= FEWEST]
    if len({_failed(run) for run in own.runs}) < 2:
        return
    steps = min(LONGEST, max(run.steps or 0 for run in own.runs))
    nobody = replace(evidence, own=Body(own.workload, own.recipe, own.optimizer))
    truth = fit_under(NOTHING, scope, evidence)
    models = {law: fit_under(law, scope, nobody) for law in LAWS}
    for batch in told:
        measured, measured_sd = truth.predict([[batch, steps]], return_std=True)
        for law, model in models.items():
            predicted, sd = model.predict([[batch, steps]], return_std=True)
            yield {
                "model": name.base,
                "divisor": name.width_divisor,
                "batch_size": batch,
                "runs": len(here[batch]),
                "steps": steps,
                "law": law,
                "measured": measured[0],
                "measured_sd": measured_sd[0],
                "predicted": predicted[0],
                "sd": sd[0],
            }


def fit_under(law: str, scope: Scope, evidence: Evidence) -> StableLearningRateModel:
    """Return the program's fit as it would be under another law of the width."""
    crossover, power, walk = LAWS[law]
    values = {"CROSSOVER": crossover, "POWER": power, "WALK": walk}
    with patch.multiple(priors, **{f"WIDTH_{k}": v for k, v in values.items()}):
        return Fitter().model(scope, evidence)


def _failed(run: Run) -> bool:
    return bool(run.outcome and run.outcome.is_unstable)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return how each law did, every width counting once.

    Columns: `law`, `cells`, `widths`, `error` (mean absolute, octaves), `full_size` (of
    those at full size alone), `cover_80` and `cover_90` (shares of intervals that hold
    the measured limit, whose own doubt is allowed for), `width_90` (octaves).
    """
    doubt = np.hypot(table["sd"], table["measured_sd"])
    z = (table["error"] / doubt).abs()
    scored = table.assign(
        absolute=table["error"].abs(),
        cover_80=z <= norm.ppf(0.9),
        cover_90=z <= norm.ppf(0.95),
        width_90=2 * norm.ppf(0.95) * table["sd"],
    )
    columns = ["absolute", "cover_80", "cover_90", "width_90"]
    by_width = scored.groupby(["law", "model", "divisor"])[columns].mean()
    rows = []
    for law in LAWS:
        mean = by_width.loc[law].mean()
        full = by_width.loc[law].xs(1, level="divisor")["absolute"]
        rows.append(
            {
                "law": law,
                "cells": int((table["law"] == law).sum()),
                "widths": len(by_width.loc[law]),
                "error": mean["absolute"],
                "full_size": full.mean(),
                "cover_80": mean["cover_80"],
                "cover_90": mean["cover_90"],
                "width_90": mean["width_90"],
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return the summary and this law's cells as Markdown."""
    found = summary(table)
    head = (
        f"{found['cells'][0]} limits of {found['widths'][0]} widths, left out in turn. "
        "Errors and ranges are in factors of 2; of ranges, the share that hold:\n\n"
        "| law | error | error at full size | 80 % ranges | 90 % ranges "
        "| 90 %, how wide |\n|" + " --- |" * 6
    )
    lines = [
        f"| {r.law} | {r.error:.2f} | {r.full_size:.2f} | {r.cover_80:.2f} "
        f"| {r.cover_90:.2f} | {r.width_90:.1f} |"
        for r in found.itertuples()
    ]
    second = (
        "Each limit, predicted by this law from the other widths:\n\n"
        "| model | width | batch | runs | steps | measured | predicted (80 %) "
        "| error |\n|" + " --- |" * 8
    )
    cells = [
        f"| {r.model} | {width_text(r.divisor)} | {r.batch_size} | {r.runs} "
        f"| {r.steps:,} | {_rate(r.measured)} | {_rate(r.predicted)} "
        f"({_rate(r.predicted - _Z80 * r.sd)} to {_rate(r.predicted + _Z80 * r.sd)}) "
        f"| {r.error:+.2f} |"
        for r in table[table["law"] == OURS].itertuples()
    ]
    return "\n".join([head, *lines, "", second, *cells])


def _rate(log_rate: float) -> str:
    return fit_text(2.0**log_rate)


_Z80 = float(norm.ppf(0.9))


def width_text(divisor: int) -> str:
    """Return a width as people write it.

    >>> width_text(1), width_text(8)
    ('full', '1/8')
    """
    return "full" if divisor == 1 else f"1/{divisor}"


def chart(table: pd.DataFrame) -> alt.FacetChart:
    """Return measured limits and those predicted from the other widths."""
    ours = table[table["law"] == OURS]
    one = ours.sort_values("runs").groupby(["model", "divisor"]).tail(1)
    rows = pd.DataFrame(
        {
            "model": one["model"].map({"original": "Original", "realface": "RealFace"}),
            "width": one["divisor"].map(width_text),
            "measured": np.exp2(one["measured"]),
            "least": np.exp2(one["measured"] - _Z80 * one["measured_sd"]),
            "most": np.exp2(one["measured"] + _Z80 * one["measured_sd"]),
            "predicted": np.exp2(one["predicted"]),
            "low": np.exp2(one["predicted"] - _Z80 * one["sd"]),
            "high": np.exp2(one["predicted"] + _Z80 * one["sd"]),
        }
    )
    order = [width_text(divisor) for divisor in reversed(DIVISORS)]
    base = alt.Chart(rows).encode(
        x=alt.X("width:N", title="Width of the layers", sort=order)
        .axis(labelAngle=0)
        .scale(domain=order)
    )
    rate = alt.Y("low:Q", title="Rate at which half of runs fail").scale(
        type="log", nice=False, domain=[1e-4, 1.2e-2]
    )
    bars = base.mark_bar(width=14, color="#BBD3E8").encode(y=rate, y2="high:Q")
    ticks = base.mark_tick(width=14, thickness=2, color="#0072B2").encode(
        y="predicted:Q"
    )
    points = base.mark_point(filled=True, size=60, color="#D55E00").encode(
        y="measured:Q"
    )
    doubts = base.mark_rule(color="#D55E00").encode(y="least:Q", y2="most:Q")
    return (
        alt.layer(bars, ticks, doubts, points)
        .properties(
            width=300,
            height=240,
        )
        .facet(
            column=alt.Column("model:N", title=None),
            title="Dots: measured. Bars: predicted from the other widths (both 80 %)",
        )
    )


def write(table: pd.DataFrame, page: Path = PAGE, pictures: Path = PICTURES) -> None:
    """Put the tables into the page, between its marks, and draw the picture."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(_START, 1)
    after = rest.split(_END, 1)[1]
    made = f"{before}{_START}\n\n{markdown(table)}\n\n{_END}{after}"
    page.write_text(made, encoding="utf-8")
    save_svg(chart(table), pictures / PICTURE)


_START, _END = "<!-- made by benchmarks/widths.py -->", "<!-- until here -->"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widths")
    parser.add_argument("--write", action="store_true", help="into the page")
    options = parser.parse_args(arguments)
    table = left_out_widths(load_runs())
    print(markdown(table))
    if options.write:
        write(table)


if __name__ == "__main__":
    main()

"""Ultralytics' `results.csv`, with the `args.yaml` beside it where there is one.

With `optimizer=auto` the trainer takes a rate of its own, and `lr0` is not used. The
first of the rates it logs is that of biases, which warms up downwards.
"""

import math
from pathlib import Path

from knowledge.importers.importer import FileOptions, ParsedFile, not_runs
from knowledge.importers.one_run import History, load_settings, run_of_history
from knowledge.importers.tables import header_of, load_table, logged

name = "ultralytics"
_WATCHED = ("metrics/mAP50-95(B)", "metrics/mAP_0.5:0.95", "metrics/accuracy_top1")
_RATES = ("lr/pg1", "lr/pg2", "lr/pg0")
_NOMINAL = 64  # `nbs`: gradients are gathered up to so many examples


def recognises(path: Path) -> bool:
    """Whether the table has epochs and the losses and rates of such a training."""
    header = header_of(path)
    return "epoch" in header and any(c.startswith("lr/pg") for c in header)


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run; its length is counted in epochs."""
    table = load_table(path)
    if "epoch" not in table.columns:
        raise not_runs(path)
    columns = logged(table, "epoch", names=table.columns)
    settings = load_settings(path.with_name("args.yaml"))
    if settings.get("optimizer", "auto").lower() == "auto":
        settings = {k: v for k, v in settings.items() if k not in ("optimizer", "lr0")}
    notes = ["Its length is counted in epochs."]
    try:
        batch = float(settings.get("batch", "nan"))
        nominal = float(settings.get("nbs", _NOMINAL))
    except ValueError:
        batch = nominal = math.nan
    if not batch >= 1:
        settings.pop("batch", None)
    elif not asked.batch_size and not asked.accumulation and nominal >= 1.5 * batch:
        notes.append(
            f"Its batch size is counted as {batch:g}, as its users do; gradients are "
            f"gathered up to {nominal:g} examples a step: to count those, say "
            f"--accumulation {round(nominal / batch)}."
        )
    history = History(
        "Ultralytics results.csv",
        settings=settings,
        metrics={
            column: points
            for column, points in columns.items()
            if column.startswith(("train/", "val/", "metrics/"))
        },
        rates=next((columns[c] for c in _RATES if c in columns), ()),
        watched=next((c for c in _WATCHED if c in columns), None),
        notes=tuple(notes),
    )
    return run_of_history(path, history, asked)

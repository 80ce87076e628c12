"""A table whose rows are the epochs of one run, as Keras' CSVLogger writes it.

Its settings are in none of its columns; a rate is, where a schedule logs it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from knowledge.importers.fields import find_fields, metrics_among
from knowledge.importers.importer import FileOptions, ParsedFile, not_runs
from knowledge.importers.one_run import History, run_of_history
from knowledge.importers.tables import (
    Row,
    Table,
    header_of,
    load_table,
    logged,
    numbers,
)

name = "keras"


def recognises(path: Path) -> bool:
    """Whether each row is an epoch and no column a setting but the rate."""
    header = header_of(path)
    settings = {"batch_size", "total_batch", "workload", "optimizer", "run_name"}
    return (
        "epoch" in header
        and not settings & find_fields(header).keys()
        and bool(metrics_among(header, {}))
    )


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run; its length is counted in epochs, the first of which is 1."""
    table = load_table(path)
    if "epoch" not in table.columns:
        raise not_runs(path)
    rows, anew = _last_training(table)
    table = replace(table, rows=rows)
    columns = logged(table, "epoch", names=table.columns)
    first = min((points[0][0] for points in columns.values()), default=1)
    counted = {
        name: tuple((step + (first == 0), value) for step, value in points)
        for name, points in columns.items()
        if name != "epoch"
    }
    rate = find_fields(table.columns).get("learning_rate", "")
    history = History(
        "CSV log of epochs",
        metrics={name: points for name, points in counted.items() if name != rate},
        rates=counted.get(rate, ()),
        notes=("Its length is counted in epochs.", *anew),
    )
    return run_of_history(path, history, asked)


def _last_training(table: Table) -> tuple[tuple[Row, ...], Sequence[str]]:
    """The rows after the last at which epochs begin anew, and a word on it."""
    epochs = numbers(table.column("epoch")) or []
    starts = [i for i in range(1, len(epochs)) if epochs[i] <= epochs[i - 1]]
    if not starts or len(epochs) < len(table.rows):
        return table.rows, ()
    said = "The epochs begin again in the file: the last training is read."
    return table.rows[starts[-1] :], (said,)

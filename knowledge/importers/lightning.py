"""Lightning's `metrics.csv`, with the `hparams.yaml` beside it where there is one.

A row holds what was logged at one moment, so most of its cells are empty, and the first
step is 0. The column of the learning-rate monitor, `lr-AdamW`, names the optimizer too.
"""

import re
from pathlib import Path

from knowledge.importers.fields import find_fields, metrics_among
from knowledge.importers.importer import FileOptions, ParsedFile, not_runs
from knowledge.importers.one_run import History, load_settings, run_of_history
from knowledge.importers.tables import header_of, load_table, logged

name = "lightning"
RATE_MONITOR = re.compile(r"lr-(\w+?)(?:/pg1|-1)?")


def recognises(path: Path) -> bool:
    """Whether rows are moments, by epoch and step, and no column is a batch size."""
    header = header_of(path)
    return (
        {"epoch", "step"} <= set(header)
        and not {"batch_size", "total_batch"} & find_fields(header).keys()
        and bool(metrics_among(header, {}))
    )


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run."""
    table = load_table(path)
    if "step" not in table.columns:
        raise not_runs(path)
    columns = {
        column: tuple((step + 1, value) for step, value in points)
        for column, points in logged(table, "step", names=table.columns).items()
    }
    monitors = [
        match for column in columns if (match := RATE_MONITOR.fullmatch(column))
    ]
    rate = monitors[0][0] if monitors else find_fields(columns).get("learning_rate")
    settings = load_settings(path.with_name("hparams.yaml"))
    if monitors:
        settings = {"optimizer": monitors[0][1], **settings}
    history = History(
        "Lightning metrics.csv",
        settings=settings,
        metrics={
            column: points
            for column, points in columns.items()
            if column not in ("epoch", "step", rate)
        },
        rates=columns.get(rate or "", ()),
    )
    return run_of_history(path, history, asked)

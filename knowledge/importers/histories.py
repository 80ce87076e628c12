"""Rows that are moments of one run, recognized and gathered (pure).

A file that logs a line an epoch, read as one run a row, would count one training twelve
times, at rates that a schedule passed through and nobody set. Recognized is what only a
log looks like: one workload, optimizer, batch size, seed and source; steps that rise
from row to row by the same amount; a rate that stays, or rises to one peak and falls.
Of rows that name their run, rising steps are enough.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from knowledge.importers.rows import RUN_NAMED
from knowledge.records import Curve, Run

FEWEST_MOMENTS = 4  # three equally spaced run lengths may well be three runs


def gather_histories(
    runs: Sequence[Run], *, rows: str | None = None
) -> tuple[list[Run], dict[str, Curve], list[str]]:
    """Return rows, in the order of the file, with each history as one run.

    Beside them the curve of each history by the id of its run, and a sentence on each.
    `rows`, where the person says it: `runs`, or `history`; else it is recognized.
    """
    if rows == "runs":
        return list(runs), {}, []
    gathered: list[Run] = []
    curves, said = {}, []
    for stretch in _stretches(runs):
        if len(stretch) < 2 or (rows != "history" and not is_history(stretch)):
            gathered += stretch
            continue
        run, curve = _one_run(stretch)
        gathered.append(run)
        curves[run.id] = curve
        said.append(
            f"{len(stretch)} rows of {run.workload} at batch {run.batch_size} are the "
            f"history of one run ({run.metric_name} over {run.steps} steps): kept as "
            f"one, at its highest rate {run.learning_rate:g}."
        )
    return gathered, curves, said


def is_history(rows: Sequence[Run]) -> bool:
    """Whether rows of one set-up are moments of one run."""
    steps = [row.steps for row in rows if row.steps is not None]
    is_named = (rows[0].note or "").startswith(RUN_NAMED)
    if len(rows) < (2 if is_named else FEWEST_MOMENTS) or len(steps) < len(rows):
        return False
    gaps = {later - earlier for earlier, later in pairwise(steps)}
    if is_named:
        return min(gaps) > 0
    # The last stretch of a log may be shorter than the others.
    even = {later - earlier for earlier, later in pairwise(steps[:-1])}
    if min(gaps) <= 0 or len(even) != 1 or max(gaps) > max(even):
        return False
    rates = [row.learning_rate for row in rows]
    peak = rates.index(max(rates))
    return rates[:peak] == sorted(rates[:peak]) and rates[peak:] == sorted(
        rates[peak:], reverse=True
    )


def _stretches(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Rows of one set-up that follow each other, cut where the steps begin again."""
    for _, group in groupby(runs, key=_set_up):
        stretch: list[Run] = []
        for row in group:
            if stretch and (row.steps or 0) <= (stretch[-1].steps or 0):
                yield stretch
                stretch = []
            stretch.append(row)
        yield stretch


def _set_up(run: Run) -> tuple[object, ...]:
    what = run.workload, run.optimizer, run.batch_size, run.source, run.seed
    return *what, run.metric_name, run.recipe, run.device, run.note


def _one_run(rows: Sequence[Run]) -> tuple[Run, Curve]:
    values = [row.metric_value for row in rows]
    finite = [value for value in values if value is not None]
    failed = next(
        (row for row in rows if row.outcome and row.outcome.is_unstable), None
    )
    best = (max if rows[0].goal == "max" else min)(finite, default=math.nan)
    last = rows[-1]
    run = replace(
        rows[0],
        learning_rate=max(row.learning_rate for row in rows),
        steps=last.steps,
        horizon_steps=last.steps,
        metric_value=finite[-1] if finite and failed is None else None,
        outcome=failed.outcome if failed else last.outcome,
        failed_at_step=(failed.failed_at_step or failed.steps) if failed else None,
        note="; ".join(
            filter(
                None,
                (
                    rows[0].note,
                    f"a history of {len(rows)} rows",
                    f"best {rows[0].metric_name} {best:g}",
                ),
            )
        ),
    )
    points = [
        (row.steps or 0, math.nan if value is None else value)
        for row, value in zip(rows, values, strict=True)
    ]
    return run, Curve((), {rows[0].metric_name or "metric": tuple(points)})

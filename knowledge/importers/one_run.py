"""The log of one run, of whatever form, as that run with its curve."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.fields import (
    direction,
    effective_batch,
    find_fields,
    metric_to_watch,
    metrics_among,
)
from knowledge.importers.importer import (
    FileOptions,
    Missing,
    ParsedFile,
    load_text,
    missing,
    shown,
)
from knowledge.importers.peaks import Points, as_set, peak_of
from knowledge.importers.rows import checked_values, run_of
from knowledge.records import Curve, Run, content_id

GRADIENT_NORM = re.compile(r"grad(?:ient)?[_/ ]?norm", re.IGNORECASE)

_NOT_THERE = "it is not in the file"


@dataclass(frozen=True)
class History:
    """What a file tells of one run.

    `settings` by their names as written; `metrics` by name as (step, value) pairs, as
    `rates`. `watched`: the metric such files are read for, else told from the names.
    `is_cut_short`: it ended before its planned steps, with nobody stopping it.
    """

    source: str
    settings: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Points] = field(default_factory=dict)
    rates: Points = ()
    planned_steps: int | None = None
    is_cut_short: bool = False
    watched: str | None = None
    notes: tuple[str, ...] = ()


def run_of_history(path: Path, history: History, asked: FileOptions) -> ParsedFile:
    """Return the run that a log is of, or what the log does not say of it.

    Raises:
        ImportFileError: Nothing was logged, or a value cannot be right.
        BadValueError: `--metric` names what was not logged.
    """
    if not history.metrics:
        raise ImportFileError(f"{path} holds no loss and no other score of a run.")
    fields = find_fields(history.settings, asked.map)
    said = {name: history.settings[key].strip() for name, key in fields.items()}
    rate, how = _rate(said, history, asked)
    metric = _metric(history, asked)
    goal = asked.goal or direction(metric or "") or ""
    batch, way = effective_batch(said, asked)
    known = {
        "workload": asked.workload or said.get("workload", ""),
        "optimizer": said.get("optimizer") or asked.says("optimizer"),
        "batch_size": batch,
        "learning_rate": rate,
        "metric": metric or "",
        "goal": goal if metric else "min",
    }
    reasons = {"learning_rate": how, "metric": _why_no_metric(history)}
    lacks: list[Missing] = [
        missing(name, reasons.get(name) or _NOT_THERE)
        for name, value in known.items()
        if not value
    ]
    if lacks:
        return ParsedFile(asked=tuple(lacks))
    row = {**known, "recipe": said.get("recipe") or asked.says("recipe")}
    run, curve = _run(path, row, history)
    ways = (f"Its batch size is {way}: examples per optimizer step.",) if way else ()
    notes = (*history.notes, *ways, *((how,) if how else ()))
    return ParsedFile((run,), curves={run.id: curve}, notes=notes)


def load_settings(path: Path) -> dict[str, str]:
    """Return the settings of a YAML file, by key, as text; none where there is no file.

    Nested keys stand by their own names. What is not `key: value` is left out.
    """
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in load_text(path).splitlines():
        key, colon, value = line.partition(":")
        value = value.split(" #")[0].strip().strip("'\"")
        if colon and value and value[0] not in "!&*[{|>#" and value != "null":
            found.setdefault(key.strip(), value)
    return found


def _rate(
    said: Mapping[str, str], history: History, asked: FileOptions
) -> tuple[str, str]:
    """The rate that was set, and how it was found or why it was not."""
    if told := said.get("learning_rate") or asked.says("learning_rate"):
        return told, ""
    logged = [(step, rate) for step, rate in history.rates if rate > 0]
    if not logged:
        return "", _NOT_THERE
    highest, step = max((rate, -step) for step, rate in logged)
    peak = peak_of(history.rates, history.planned_steps)
    if peak is None:
        return "", (
            f"it logs rates up to {highest:g} of a schedule whose peak they do not tell"
        )
    peak = as_set(peak)
    if math.isclose(peak, highest, rel_tol=1e-6):
        return repr(peak), ""
    return repr(peak), (
        f"Its rate {peak:g} is the peak of its schedule, which the file logs as "
        f"{highest:g} at step {-step}."
    )


def _metric(history: History, asked: FileOptions) -> str | None:
    if asked.metric:
        if asked.metric not in history.metrics:
            expected = f"logged are {shown(history.metrics)}."
            raise BadValueError("metric", asked.metric, expected=expected)
        return asked.metric
    if history.watched in history.metrics:
        return history.watched
    return metric_to_watch(metrics_among(history.metrics, {}))


def _why_no_metric(history: History) -> str:
    known = metrics_among(history.metrics, {})
    return f"it may be any of {shown(known, most=4)}" if known else "no score is known"


def _run(path: Path, row: Mapping[str, str], history: History) -> tuple[Run, Curve]:
    metric = row["metric"]
    points = sorted(history.metrics[metric])
    failed = _failed_at(history.metrics)
    kept = {
        name: tuple(sorted(values))
        for name, values in history.metrics.items()
        if name == metric or direction(name) or GRADIENT_NORM.search(name)
    }
    last = max(step for values in kept.values() for step, _ in values)
    is_scored = failed is None and math.isfinite(points[-1][1])
    text = {
        **{name: value for name, value in row.items() if name != "metric"},
        "metric_name": metric,
        "metric_value": repr(points[-1][1]) if is_scored else "nan",
        "steps_or_tokens": str(last),
        "source": history.source,
        "outcome": "incomplete" if history.is_cut_short else "",
    }
    if failed is not None:
        text |= {"outcome": "diverged", "failed_at_step": str(failed)}
    try:
        values = checked_values(text)
    except ValueError as error:
        raise ImportFileError(f"{path}: {error}.") from error
    curve = Curve((), kept)
    run = run_of(content_id("run", {"row": values, "curve": curve.to_dict()}), values)
    finite = [value for _, value in points if math.isfinite(value)]
    best = (max if row["goal"] == "max" else min)(finite, default=math.nan)
    notes = [run.note, f"best {metric} {best:g}" if finite else None]
    return replace(run, note="; ".join(filter(None, notes)) or None), curve


def _failed_at(metrics: Mapping[str, Points]) -> int | None:
    """The first step at which a loss or a gradient norm was not finite."""
    return min(
        (
            step
            for name, points in metrics.items()
            if direction(name) == "min" or GRADIENT_NORM.search(name)
            for step, value in points
            if not math.isfinite(value)
        ),
        default=None,
    )

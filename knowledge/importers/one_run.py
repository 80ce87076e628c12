"""The log of one run, of whatever form, as that run with its curve."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.fields import (
    BROKEN_OFF,
    CUT_SHORT,
    direction,
    effective_batch,
    find_fields,
    metric_to_watch,
    metrics_among,
    training_losses,
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
from knowledge.importers.rows import RUN_NAMED, checked_values, run_of
from knowledge.outcome import RULE_VERSION, judge_logged
from knowledge.records import Curve, Outcome, Run, content_id

GRADIENT_NORM = re.compile(r"grad(?:ient)?[_/ ]?norm", re.IGNORECASE)

_NOT_THERE = "it is not in the file"
_LONGEST_NAME = 100


@dataclass(frozen=True)
class History:
    """What a file tells of one run.

    `settings` by their names as written; `metrics` by name as (step, value) pairs, as
    `rates`. `watched`: the metric such files are read for, else told from the names.
    `is_cut_short`: it ended before its planned steps, with nobody stopping it; `state`:
    how it ended, in the tracker's word. `scores` are final values that stand beside the
    logged ones, `goals` which way a metric goes where the file says it.
    """

    source: str
    settings: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Points] = field(default_factory=dict)
    rates: Points = ()
    planned_steps: int | None = None
    is_cut_short: bool = False
    watched: str | None = None
    notes: tuple[str, ...] = ()
    name: str = ""
    state: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    goals: Mapping[str, str] = field(default_factory=dict)

    @property
    def logged(self) -> list[str]:
        """The names of all that may be its score."""
        return list({**self.metrics, **self.scores})

    @property
    def broke_off(self) -> bool:
        """Whether its process ended by an error or was killed."""
        return self.state.lower() in BROKEN_OFF


def run_of_history(path: Path, history: History, asked: FileOptions) -> ParsedFile:
    """Return the run that a log is of, or what the log does not say of it.

    Raises:
        ImportFileError: Nothing was logged, or a value cannot be right.
        BadValueError: `--metric` names what was not logged.
    """
    if not history.logged and not history.broke_off:
        raise ImportFileError(f"{path} holds no loss and no other score of a run.")
    fields = find_fields(history.settings, asked.map)
    said = {name: history.settings[key].strip() for name, key in fields.items()}
    rate, how = _rate(said, history, asked)
    metric = _metric(history, asked)
    goal = (
        asked.goal or history.goals.get(metric or "") or direction(metric or "") or ""
    )
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
        if not value and (name != "metric" or history.logged)
    ]
    if lacks:
        return ParsedFile(asked=tuple(lacks))
    row = {
        **known,
        "recipe": said.get("recipe") or asked.says("recipe"),
        "outcome": _state_outcome(history, asked),
    }
    run, curve = _run(path, row, history)
    seed = said.get("seed", "")
    run = replace(run, seed=int(seed) if seed.isdecimal() else None)
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
        if asked.metric not in history.logged:
            expected = f"logged are {shown(history.logged)}."
            raise BadValueError("metric", asked.metric, expected=expected)
        return asked.metric
    if history.watched in history.logged:
        return history.watched
    return metric_to_watch(metrics_among(history.logged, {}))


def _why_no_metric(history: History) -> str:
    known = metrics_among(history.logged, {}) or list(history.goals)
    return f"it may be any of {shown(known, most=4)}" if known else "no score is known"


def _state_outcome(history: History, asked: FileOptions) -> str:
    """What the way a run ended says of it, in itself or by what the person says."""
    told = {one.lower(): outcome for one, outcome in asked.outcome_of.items()}
    state = history.state.lower()
    if state in told:
        return told[state]
    return "incomplete" if history.is_cut_short or state in CUT_SHORT else ""


def _run(path: Path, row: Mapping[str, str], history: History) -> tuple[Run, Curve]:
    metric = row["metric"]
    points = sorted(history.metrics.get(metric, ()))
    kept = {
        name: tuple(sorted(values))
        for name, values in history.metrics.items()
        if name == metric or direction(name) or GRADIENT_NORM.search(name)
    }
    failed = _failed_at(kept, history.goals)
    steps = [step for values in kept.values() for step, _ in values]
    # What broke off had not come to its score.
    reached = points[-1][1] if points and not history.broke_off else None
    last = history.scores.get(metric, reached)
    value = "" if last is None else repr(last)
    text = {
        **{name: value for name, value in row.items() if name != "metric"},
        "metric_name": metric if value else "",
        "metric_value": value if failed is None else "nan",
        "goal": row["goal"] if value else "",
        "steps_or_tokens": str(max(steps)) if steps else "",
        "source": history.source,
    }
    if failed is not None:
        text |= {"outcome": "diverged", "failed_at_step": str(failed)}
    try:
        values = checked_values(text)
    except ValueError as error:
        raise ImportFileError(f"{path}: {error}.") from error
    curve = Curve((), kept)
    run = run_of(content_id("run", {"row": values, "curve": curve.to_dict()}), values)
    run, judged = _judged(run, history)
    finite = [value for _, value in points if math.isfinite(value)]
    best = (max if row["goal"] == "max" else min)(finite, default=math.nan)
    notes = [
        f"{RUN_NAMED}{history.name[:_LONGEST_NAME]}" if history.name else None,
        run.note,
        f"best {metric} {best:g}" if finite else None,
        judged,
    ]
    return replace(run, note="; ".join(filter(None, notes)) or None), curve


def _failed_at(metrics: Mapping[str, Points], goals: Mapping[str, str]) -> int | None:
    """The first step at which a loss, objective or gradient norm was not finite."""
    return min(
        (
            step
            for name, points in metrics.items()
            if name in goals or direction(name) == "min" or GRADIENT_NORM.search(name)
            for step, value in points
            if not math.isfinite(value)
        ),
        default=None,
    )


def _judged(run: Run, history: History) -> tuple[Run, str | None]:
    """The run with what the one outcome rule says of its training loss, and a note.

    What broke off tells nothing by ending, and of what was cut short only a failure.
    """
    losses = training_losses(history.metrics)
    is_open = run.outcome is None or (history.is_cut_short and not history.state)
    if history.broke_off or not is_open or not losses:
        return run, None
    name = max(losses, key=lambda loss: len(history.metrics[loss]))
    points = sorted(history.metrics[name])
    verdict = judge_logged(points, is_cut_short=history.is_cut_short)
    if verdict is None or verdict.outcome is Outcome.INCOMPLETE:
        return run, None
    outcome, failed = verdict.outcome, verdict.failed_at_step
    how = f"{outcome.value} by rule {RULE_VERSION} on {name}"
    return replace(run, outcome=outcome, failed_at_step=failed), how

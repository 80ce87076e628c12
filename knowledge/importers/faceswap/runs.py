"""The sessions of a faceswap model as the run they are: from scratch, at one set-up.

The first session and those that went on at the same batch size and rate are one run. A
session after that goes on from weights that another set-up trained: kept as a run from
scratch it would say of its rate what is not true, so it is named and left out.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from pathlib import Path

from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.faceswap.losses import (
    LONGEST_SAVE_INTERVAL,
    Losses,
    log_of,
    losses_of,
    per_step,
)
from knowledge.importers.faceswap.states import Model, Session, is_state, model_of
from knowledge.importers.importer import (
    FileOptions,
    ParsedFile,
    load_bytes,
    load_text,
    missing,
    not_runs,
)
from knowledge.importers.rows import checked_values, run_of
from knowledge.outcome import RULE_VERSION, judge_curve
from knowledge.records import Curve, content_id

name = "faceswap"
METRIC = "lowest_avg_loss"
_KEYS = (b'"sessions"', b'"iterations"')
_MOST_SIDE_POINTS = 2000
_FEWEST_JUDGED = 250  # steps, the usual time between saves: fewer show no slow failure


@dataclass(frozen=True)
class _Logged:
    """Losses a step, and how they stand to what the state file counts."""

    curve: Curve | None = None
    is_whole: bool = False
    said: str = ""


def recognises(path: Path) -> bool:
    """Whether the file is a state: a name, and sessions by number."""
    head = load_bytes(path, most=2**20)
    if not head.lstrip().startswith(b"{") or not all(key in head for key in _KEYS):
        return False
    try:
        return is_state(json.loads(load_text(path)))
    except (ValueError, RecursionError, ImportFileError):
        return False


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run, or say what the file does not tell of it."""
    try:
        model = model_of(json.loads(load_text(path)))
    except (ValueError, RecursionError) as error:
        raise not_runs(path) from error
    if model is None:
        raise not_runs(path)
    if asked.metric not in (None, METRIC):
        raise BadValueError("metric", asked.metric, expected=f"it keeps {METRIC}.")
    if not model.sessions:
        raise ImportFileError(f"{path} tells of no session with an iteration.")
    if model.unaccounted > LONGEST_SAVE_INTERVAL:
        raise ImportFileError(
            f"{path} does not tell how {model.unaccounted} of its iterations were "
            "trained, so what it tells is no run from scratch."
        )
    first = model.sessions[0].set_up
    same = tuple(takewhile(lambda one: one.set_up.is_like(first), model.sessions))
    row = _row(model, same, asked)
    lacks = [
        missing(key, _why(key, model))
        for key in ("workload", "optimizer", "batch_size", "learning_rate")
        if not row[key]
    ]
    if lacks:
        return ParsedFile(asked=tuple(lacks))
    others = model.sessions[len(same) :]
    notes = (*_said(model, same), *_left_out(path, others))
    return _run(path, model, same, row, notes)


def _row(model: Model, same: Sequence[Session], asked: FileOptions) -> dict[str, str]:
    """What the file says, and the person where it says nothing."""
    set_up = same[0].set_up
    batch, rate = set_up.batch_size, set_up.learning_rate
    is_all = len(same) == len(model.sessions) and not model.unaccounted
    return {
        "workload": asked.workload or model.name,
        "optimizer": model.optimizer or asked.says("optimizer"),
        "batch_size": asked.says("batch_size") or (str(batch) if batch else ""),
        "learning_rate": repr(rate) if rate else asked.says("learning_rate"),
        "metric_name": METRIC if is_all and model.lowest_loss else "",
        "metric_value": repr(model.lowest_loss) if is_all and model.lowest_loss else "",
        "goal": "min",
        "steps_or_tokens": str(_iterations(same) // set_up.accumulation),
        "source": "faceswap state file",
        "recipe": set_up.recipe or asked.says("recipe"),
        "batch_convention": "per_side",
    }


def _why(key: str, model: Model) -> str:
    if key == "learning_rate" and len(model.sessions) > 1:
        return "only that of the last of its sessions is in the file"
    return "it is not in the file"


def _run(
    path: Path,
    model: Model,
    same: Sequence[Session],
    row: Mapping[str, str],
    notes: Sequence[str],
) -> ParsedFile:
    logged = _logged(path, same)
    curve = logged.curve
    text = dict(row)
    if curve is not None:
        verdict = judge_curve(curve, len(curve.losses))
        is_enough = logged.is_whole and len(curve.losses) >= _FEWEST_JUDGED
        if verdict.outcome.is_unstable or is_enough:
            text |= {
                "outcome": verdict.outcome.value,
                "steps_or_tokens": str(len(curve.losses)),
            }
        if verdict.outcome.is_unstable:  # the lowest loss is from before it failed
            text |= {"metric_name": "", "metric_value": ""}
            text["failed_at_step"] = str(verdict.failed_at_step or "")
    try:
        values = checked_values(text)
    except ValueError as error:
        raise ImportFileError(f"{path}: {error}.") from error
    if not values["metric_name"] and not values["outcome"]:
        raise ImportFileError(
            f"{path} says which rate was used and not how it went: it holds no loss "
            "of the sessions before the first change."
        )
    content = {"row": values, "started": same[0].started}
    if curve is not None:
        content["curve"] = curve.to_dict()
    run = run_of(content_id("run", content), values)
    run = replace(
        run,
        precision=same[0].set_up.precision,
        outcome_rule=RULE_VERSION if run.outcome else None,
        note="; ".join(filter(None, [run.note, *_of_run(model, same), logged.said])),
    )
    curves = {run.id: curve} if curve is not None else {}
    said = (f"{model.name}: {logged.said}.",) if logged.said else ()
    return ParsedFile((run,), curves=curves, notes=(*notes, *said))


def _logged(path: Path, same: Sequence[Session]) -> _Logged:
    """What the event files hold of a run's sessions, as far as they lack nothing."""
    losses, is_whole = Losses(), True
    for session in same:
        log = log_of(path, session.number) if session.is_logged else None
        found = losses_of(log) if log else Losses()
        if session.set_up.is_of_finder and len(found.total) > session.iterations:
            # The search for a rate raises it until the loss blows up.
            return _Logged(said="its log may hold the search for the rate: not judged")
        if found.total:
            losses = losses.followed_by(found)
        if (
            len(found.total) < session.iterations - LONGEST_SAVE_INTERVAL
            or not found.total
        ):
            is_whole = False
            break
    if not losses.total:
        return _Logged()
    accumulation = same[0].set_up.accumulation
    curve = Curve(
        per_step(losses.total, accumulation),
        {
            f"loss_{side}": _thinned(per_step(values, accumulation))
            for side, values in sorted(losses.sides.items())
        },
    )
    said = f"{len(losses.total)} of {_iterations(same)} iterations are logged"
    return _Logged(curve if curve.losses else None, is_whole, said)


def _thinned(losses: Sequence[float]) -> tuple[tuple[int, float], ...]:
    """The losses of one side by step, as means over stretches where they are many.

    A stretch with a loss that is not finite keeps that.
    """
    stride = math.ceil(len(losses) / _MOST_SIDE_POINTS) or 1
    return tuple(
        (start + len(some), sum(some) / len(some))
        for start in range(0, len(losses), stride)
        if (some := losses[start : start + stride])
    )


def _iterations(sessions: Sequence[Session]) -> int:
    return sum(session.iterations for session in sessions)


def _of_run(model: Model, same: Sequence[Session]) -> list[str]:
    """What is kept with the run: its sessions and the model's own options."""
    options = ", ".join(f"{key} {value}" for key, value in model.options.items())
    parts = [f"sessions {same[0].number} to {same[-1].number}" if len(same) > 1 else ""]
    if same[0].set_up.is_of_finder:
        parts.append("rate set by the learning rate finder")
    return [part for part in (*parts, options) if part]


def _said(model: Model, same: Sequence[Session]) -> list[str]:
    batch, accumulation = same[0].set_up.batch_size, same[0].set_up.accumulation
    said = [f"Batch sizes of {model.name} are faces of each side a step."]
    if accumulation > 1 and batch:
        said.append(
            f"Its batch size is {batch // accumulation} x {accumulation} accumulation."
        )
    if same[0].set_up.is_of_finder:
        said.append(
            f"The rate of {model.name} is what its learning rate finder set, "
            f"{same[0].set_up.learning_rate:g}, whatever its options say."
        )
    return said


def _left_out(path: Path, sessions: Sequence[Session]) -> list[str]:
    """A sentence on the sessions that are no runs from scratch."""
    if not sessions:
        return []
    parts = []
    for set_up, group in groupby(sessions, key=lambda session: session.set_up):
        numbers = [session.number for session in group]
        which = f"{numbers[0]}" + (f" to {numbers[-1]}" if len(numbers) > 1 else "")
        rate = (
            f"{set_up.learning_rate:g}" if set_up.learning_rate else "an unknown rate"
        )
        parts.append(f"{which} (batch {set_up.batch_size or 'unknown'} at {rate})")
    rest = f" and {len(parts) - 5} changes more" if len(parts) > 5 else ""
    return [
        f"Not kept of {path.name}: session {', '.join(parts[:5])}{rest}, which went on "
        "from weights trained at another set-up and is no run from scratch."
    ]

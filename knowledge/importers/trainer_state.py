"""Hugging Face's `trainer_state.json`: one run, what it logged and its length.

Of the batch it knows the part of one device alone; optimizer and model are not in it.
"""

import json
import math
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge.importers.importer import (
    FileOptions,
    ParsedFile,
    load_bytes,
    load_text,
    not_runs,
)
from knowledge.importers.one_run import History, run_of_history

name = "trainer_state"
_NO_WAY_TO_ZERO = 0.01  # no loss falls from here to 0 between two logged steps
_KEY = b'"log_history"'
_HEAD = 2**20
# What is logged of the pace and the end of a training, and is no score.
_NO_SCORE = re.compile(
    r"epoch|step|learning_rate|total_flos|num_input_tokens_seen|train_loss|"
    r".*(?:_runtime|_per_second|_time)"
)


def recognises(path: Path) -> bool:
    """Whether the file is one JSON object that has a log."""
    head = load_bytes(path, most=_HEAD)
    return head.lstrip().startswith(b"{") and _KEY in head


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run."""
    try:
        state = json.loads(load_text(path))
    except (ValueError, RecursionError) as error:
        raise not_runs(path) from error
    log = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(log, list):
        raise not_runs(path)
    metrics: dict[str, list[tuple[int, float]]] = {}
    rates = []
    for entry in log:
        if not isinstance(entry, dict) or not _is_step(entry.get("step")):
            continue
        step = int(entry["step"])
        for key, value in entry.items():
            number = _number(value)
            if number is None:
                continue
            if key == "learning_rate":
                rates.append((step, number))
            elif not _NO_SCORE.fullmatch(key):
                metrics.setdefault(key, []).append((step, number))
    masked = _unmask(metrics.get("loss", []))
    planned, reached = (
        int(n) if _is_step(n := state.get(key)) else None
        for key in ("max_steps", "global_step")
    )
    batch = _number(state.get("train_batch_size"))
    history = History(
        "Hugging Face trainer_state.json",
        settings={"train_batch_size": f"{batch:.17g}"} if batch else {},
        metrics=metrics,
        rates=rates,
        planned_steps=planned,
        is_cut_short=bool(reached and planned and reached < planned)
        and not _was_stopped(state),
        notes=(*_about_batch(batch, asked), *masked),
    )
    return run_of_history(path, history, asked)


def _unmask(losses: list[tuple[int, float]]) -> tuple[str, ...]:
    """Put back, in place, the losses that were not finite; return a word on it.

    Trainer logs each as the mean of those before (`logging_nan_inf_filter`, which is
    on), and so as 0 where a whole stretch had no other.
    """
    for i, ((_, before), (step, value)) in enumerate(pairwise(losses), start=1):
        if value == 0 and before > _NO_WAY_TO_ZERO:
            losses[i:] = [(at, v if v else math.nan) for at, v in losses[i:]]
            return (
                f"Its loss of exactly 0 from step {step} stands for ones that were not "
                "finite, as this trainer logs them.",
            )
    return ()


def _about_batch(batch: float | None, asked: FileOptions) -> tuple[str, ...]:
    if batch is None or asked.batch_size or (asked.devices and asked.accumulation):
        return ()
    return (
        f"The file says {batch:g} examples a device, and neither devices nor gradient "
        f"accumulation: counted are {asked.devices or 1} x {asked.accumulation or 1}; "
        "else say --devices and --accumulation.",
    )


def _was_stopped(state: Mapping[str, Any]) -> bool:
    """Whether the training was told to stop, as early stopping does."""
    try:
        told = state["stateful_callbacks"]["TrainerControl"]["args"]
        return told["should_training_stop"] is True
    except (KeyError, TypeError):
        return False


def _is_step(value: Any) -> bool:
    number = _number(value)
    return number is not None and 0 <= number < 2**53


def _number(value: Any) -> float | None:
    """A logged number; `NaN` and `Infinity` are some, true and false are none."""
    if isinstance(value, str) and value.lower() in ("nan", "inf", "-inf", "infinity"):
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 or value != value else math.inf

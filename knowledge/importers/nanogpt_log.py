"""Console logs of training loops like nanoGPT's: a step and its losses in a line.

Read are lines such as `step 250: train loss 2.1, val loss 2.2`, `iter 10: loss 3.4, lr
6e-4`, `step 5 | loss: 9.1 | norm: 2.0` and `step:125/1750 val_loss:4.6`, and the
settings that such programs print first, `learning_rate = 1e-3`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from knowledge.importers.importer import (
    FileOptions,
    ParsedFile,
    load_bytes,
    load_text,
    not_runs,
)
from knowledge.importers.one_run import History, run_of_history

name = "nanogpt_log"
_HEAD = 2**16
_LONGEST_LINE = 2000
_STEP = re.compile(
    r"\b(?:step|iter|iteration|it)\s{0,9}[:=#]?\s{0,9}(\d{1,15})(?:/(\d{1,15}))?\b",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\b(?P<name>(?:train(?:ing)?|val(?:idation)?|eval|test)[ _/](?:loss|bpb|ppl|"
    r"perplexity)|loss|lr|learning[ _]rate|grad[ _]?norm|norm|bpb|ppl|perplexity)"
    r"\s{0,9}[:=]?\s{0,9}(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|"
    r"[-+]?inf(?:inity)?)\b",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"(?:overriding:\s*)?([a-z_]{1,60})\s*=\s*([^\s#]+)", re.IGNORECASE
)
_OPTIMIZER = re.compile(r"\b(?:using fused|optimizer:?) (\w+)", re.IGNORECASE)


def recognises(path: Path) -> bool:
    """Whether at least two of the first lines log a step with a loss."""
    head = load_bytes(path, most=_HEAD)
    if b"\0" in head:
        return False
    found = 0
    for line in head.decode("utf-8", errors="replace").splitlines():
        step = _STEP.search(line[:_LONGEST_LINE])
        found += bool(step and _values(line[step.end() : _LONGEST_LINE]))
        if found > 1:
            return True
    return False


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run; where steps begin anew in one log, the last training."""
    return run_of_history(path, _history(path, load_text(path).splitlines()), asked)


def _history(path: Path, lines: Iterable[str]) -> History:
    metrics: dict[str, dict[int, float]] = {}
    settings: dict[str, str] = {}
    planned = first = None
    before = 0
    for line in (whole[:_LONGEST_LINE] for whole in lines):
        step = _STEP.search(line)
        values = _values(line[step.end() :]) if step else {}
        if step and values:
            at = int(step[1])
            if first is None or at <= first < before:
                metrics, first = {}, at
            before = at
            planned = int(step[2]) if step[2] else planned
            for key, value in values.items():
                metrics.setdefault(key, {})[at] = value
        elif setting := _SETTING.match(line.strip()):
            settings[setting[1]] = setting[2].strip("'\"")
        elif optimizer := _OPTIMIZER.search(line):
            settings.setdefault("optimizer", optimizer[1])
    if not metrics:
        raise not_runs(path)
    points = {key: tuple(values.items()) for key, values in metrics.items()}
    if planned is None and settings.get("max_iters", "").isdecimal():
        planned = int(settings["max_iters"][:15])
    reached = max(step for values in metrics.values() for step in values)
    return History(
        "console log",
        settings=settings,
        rates=points.pop("lr", ()),
        metrics=points,
        planned_steps=planned,
        is_cut_short=planned is not None and reached < planned * _NEARLY,
    )


_NEARLY = 0.98  # the last lines may be a stretch of steps before the end


def _values(text: str) -> dict[str, float]:
    """What one line logs, by name.

    >>> _values(": train loss 2.10, val loss 2.20, lr 6e-4")
    {'train/loss': 2.1, 'val/loss': 2.2, 'lr': 0.0006}
    """
    return {
        _name(match["name"]): float(match["value"]) for match in _VALUE.finditer(text)
    }


def _name(written: str) -> str:
    words = re.split(r"[ _/]", written.lower())
    if words[0] in ("lr", "learning"):
        return "lr"
    if words[-1] == "norm":
        return "grad_norm"
    part = {"training": "train", "validation": "val"}.get(words[0], words[0])
    return "/".join([part, *words[1:]])

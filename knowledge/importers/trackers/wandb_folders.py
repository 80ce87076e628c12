"""The folder that Weights & Biases writes for a run, online or offline.

`run-ID.wandb` has all that was logged: messages of the wandb package, in the frames of
LevelDB's log. The package reads them in Go alone, so the frames are read here: blocks
of 32 KiB, and 7 bytes of sum, length and kind before each piece. Without that file the
settings and the last values are in `files/`.

Source: github.com/google/leveldb, doc/log_format.md; the 7 bytes before are wandb's.
"""

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from knowledge.errors import ImportFileError
from knowledge.importers.importer import FileOptions, ParsedFile, load_bytes, load_text
from knowledge.importers.one_run import History
from knowledge.importers.trackers.libraries import load_library
from knowledge.importers.trackers.points import Points
from knowledge.importers.trackers.run_set import history_of, is_kept, runs_of
from knowledge.progress import say

_MAGIC, _MAGIC_SIZE, _BLOCK = b":W&B", 7, 32 * 1024
_PIECE = struct.Struct("<IHB")  # sum, length, kind
_FULL, _LAST = 1, 4
_SAID_EVERY = 20_000
_ENDING = "The log does not say how the run ended: it was killed, or is still running."


def is_log(path: Path) -> bool:
    """Whether a file is the log of a run."""
    return load_bytes(path, most=len(_MAGIC)) == _MAGIC


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run."""
    return bool(_log_of(folder)) or all(
        (folder / "files" / file).is_file()
        for file in ("config.yaml", "wandb-summary.json")
    )


def read_run(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run of a folder, or of the log in it."""
    log = path if path.is_file() else _log_of(path)
    folder = path.parent if path.is_file() else path
    histories = [_of_log(log) if log else _of_files(folder)]
    return runs_of(path, histories, asked, source="Weights & Biases")


def _log_of(folder: Path) -> Path | None:
    with os.scandir(folder) as entries:
        logs = [Path(one.path) for one in entries if one.name.endswith(".wandb")]
    return next((log for log in sorted(logs) if log.is_file() and is_log(log)), None)


def _of_log(log: Path) -> History:
    messages = load_library(
        "wandb.proto.wandb_internal_pb2",
        extra="wandb",
        reads="the log of a run of Weights & Biases",
    )
    settings: dict[str, Any] = {}
    logged: dict[str, Points] = {}
    last: dict[str, float] = {}
    title, state, notes = log.parent.name, "", [_ENDING]
    for number, content in enumerate(_messages(log)):
        if number and number % _SAID_EVERY == 0:
            say(f"{log}: {number:,} records read.")
        try:
            record = messages.Record.FromString(content)
        except Exception as error:  # the kind is the library's, and differs
            raise ImportFileError(
                f"{log} is damaged after {number} records."
            ) from error
        kind = record.WhichOneof("record_type")
        if kind == "run":
            title = record.run.display_name or record.run.run_id or title
            settings |= _updates(record.run.config.update)
        elif kind == "config":
            settings |= _updates(record.config.update)
        elif kind == "history":
            _take(_values(record.history.item), record.history.step.num, logged)
        elif kind == "summary":
            last |= _values(record.summary.update)
        elif kind == "exit":
            state = "crashed" if record.exit.exit_code else "finished"
            notes = []
    return _history(title, settings, logged, last, state or "crashed", notes)


def _of_files(folder: Path) -> History:
    yaml = load_library(
        "yaml", extra="wandb", reads="the settings of a run of Weights & Biases"
    )
    try:
        config = yaml.safe_load(load_text(folder / "files" / "config.yaml")) or {}
        summary = json.loads(load_text(folder / "files" / "wandb-summary.json"))
    except (ValueError, yaml.YAMLError) as error:
        raise ImportFileError(f"{folder} cannot be read: {error}.") from error
    settings = {
        key: value["value"]
        for key, value in config.items()
        if isinstance(value, Mapping) and "value" in value and key != "_wandb"
    }
    logged: dict[str, Points] = {}
    values = {
        key: number
        for key, value in summary.items()
        if (number := _number(value)) is not None
    }
    _take(values, int(values.get("_step", 0)), logged)
    note = "Its curve is not in the folder: the last values are read."
    return _history(folder.name, settings, logged, {}, "crashed", [note, _ENDING])


def _history(
    title: str,
    settings: Mapping[str, Any],
    logged: Mapping[str, Points],
    last: Mapping[str, float],
    state: str,
    notes: list[str],
) -> History:
    told = {key: value for key, value in settings.items() if key != "_wandb"}
    scores = {
        key: value
        for key, value in last.items()
        if key not in logged and is_kept(key) and not key.startswith("_")
    }
    history = history_of(title, told, logged, state=state, scores=scores)
    return History(**{**vars(history), "notes": (*history.notes, *notes)})


def _take(values: Mapping[str, float], step: int, logged: dict[str, Points]) -> None:
    at = values.get("_step", step)
    at = values.get("train/global_step", values.get("trainer/global_step", at))
    for key, value in values.items():
        if not key.startswith("_") and (key in logged or is_kept(key)):
            logged.setdefault(key, Points()).add(int(at), value)


def _updates(items: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        place = found
        *above, key = item.nested_key or [item.key]
        for part in above:
            place = place.setdefault(part, {})
        place[key] = json.loads(item.value_json)
    return found


def _values(items: Any) -> dict[str, float]:
    """The numbers among logged values, by their names."""
    found = {}
    for item in items:
        text = item.value_json
        if text[:1] in "{[tfn":
            continue
        number = _number(json.loads(text))
        if number is not None:
            found[".".join(item.nested_key) or item.key] = number
    return found


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return math.nan if value in ("NaN", "Infinity", "-Infinity") else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _messages(log: Path) -> Iterator[bytes]:
    """The messages of a log, up to one that is not whole."""
    with log.open("rb") as content:
        content.seek(_MAGIC_SIZE)
        pieces = b""
        while True:
            left = _BLOCK - content.tell() % _BLOCK
            if left < _PIECE.size:
                content.read(left)
                continue
            head = content.read(_PIECE.size)
            if len(head) < _PIECE.size:
                return
            _, length, kind = _PIECE.unpack(head)
            piece = content.read(length)
            if len(piece) < length:
                return
            pieces += piece
            if kind in (_FULL, _LAST):
                yield pieces
                pieces = b""

"""TensorBoard event files: each folder of them is a run, with its HParams.

The files are a frame and a message each; the messages are TensorBoard's own. Its reader
of frames checks each byte's sum in Python and takes six times as long, so the frame is
read here: a length of 8 bytes, its sum, the message, its sum.

Source: tensorflow.org/tutorials/load_data/tfrecord (the frame).
"""

import json
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.errors import ImportFileError
from knowledge.importers.importer import FileOptions, ParsedFile, load_bytes
from knowledge.importers.one_run import History, load_settings
from knowledge.importers.trackers.libraries import load_library
from knowledge.importers.trackers.points import Points
from knowledge.importers.trackers.run_set import history_of, is_kept, runs_of
from knowledge.progress import say

name = "tensorboard"
_FIRST = b"brain.Event:"  # the version that every event file begins with
_LENGTH, _SUM = struct.Struct("<QI"), 4
_LONGEST = 2**30
_SCALARS, _HPARAMS = ("", "scalars"), "hparams"
_FLOATS, _TEXT = (1, 2, 14, 19), 7  # float, double, bfloat16, half; string
# Folders that one training writes beside each other (Keras, estimators).
_PARTS = frozenset("train training validation val valid eval test".split())
_HPARAMS_FOLDER = re.compile(r"\d{9,}\.\d+")
_SAID_EVERY = 200_000


@dataclass
class _Logged:
    """What one folder of event files says."""

    settings: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Points] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)


def recognises(path: Path) -> bool:
    """Whether a file begins with the version of event files."""
    return path.is_file() and _FIRST in load_bytes(path, most=64)


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the run of an event file, or the runs of a folder of them."""
    if not path.is_dir():
        if not recognises(path):
            raise ImportFileError(f"{path} is no event file of TensorBoard.")
        return read_logs(path, [path], asked)
    files = [
        Path(place) / file
        for place, _, names in os.walk(path)
        for file in sorted(names)
        if recognises(Path(place) / file)
    ]
    if not files:
        raise ImportFileError(f"{path} holds no event file of TensorBoard.")
    return read_logs(path, files, asked)


def read_logs(root: Path, files: Sequence[Path], asked: FileOptions) -> ParsedFile:
    """Read the runs of event files under a folder."""
    reads = "TensorBoard event files"
    events = load_library("tensorboard.compat.proto.event_pb2", extra=name, reads=reads)
    by_folder: dict[Path, list[Path]] = {}
    for file in sorted(files):
        by_folder.setdefault(file.parent, []).append(file)
    histories = _histories(root, by_folder, events.Event)
    return runs_of(root, histories, asked, source="TensorBoard")


def _histories(
    root: Path, by_folder: Mapping[Path, Sequence[Path]], event: Any
) -> Iterator[History]:
    """The runs, a folder's parts and the HParams beside its curves put together."""
    bundles: dict[Path, list[Path]] = {}
    for folder in sorted(by_folder):
        is_part = folder.name.lower() in _PARTS and folder != root
        bundles.setdefault(folder.parent if is_part else folder, []).append(folder)

    def of(owner: Path) -> Iterator[History]:
        logged = _Logged()
        for folder in bundles[owner]:
            part = "" if folder == owner else f"{folder.name}/"
            _read_folder(by_folder[folder], event, logged, part)
        inner = [one for one in bundles if one.parent == owner and one != owner]
        apart = []
        if logged.metrics:
            said = [one for one in inner if _HPARAMS_FOLDER.fullmatch(one.name)]
            for one in inner:
                found = _Logged()
                _read_folder(by_folder.get(one, ()), event, found, "")
                if one in said and len(said) == 1:
                    logged.settings |= found.settings
                elif drawn := _drawn_with(one, found):
                    logged.metrics |= dict.fromkeys([drawn], *found.metrics.values())
                else:
                    apart.append(one)
        else:
            apart = inner
        if logged.metrics or logged.settings:
            yield history_of(
                _title(owner, root),
                {**load_settings(owner / "hparams.yaml"), **logged.settings},
                logged.metrics,
            )
        for one in apart:
            yield from of(one)

    for owner in bundles:
        if owner == root or owner.parent not in bundles:
            yield from of(owner)


def _title(folder: Path, root: Path) -> str:
    if folder == root or not folder.is_relative_to(root):
        return folder.name
    return str(folder.relative_to(root))


def _drawn_with(folder: Path, found: _Logged) -> str | None:
    """The name of what `add_scalars` puts into a folder beside the run, if it is."""
    if len(found.tags) != 1 or not found.metrics:
        return None
    (tag,) = found.tags
    start = tag.replace("/", "_") + "_"
    return (
        f"{tag}/{folder.name[len(start) :]}" if folder.name.startswith(start) else None
    )


def scalars_of(file: Path) -> Iterator[tuple[str, float]]:
    """The scalars of an event file by tag, in the order of the file.

    Raises:
        ImportFileError: The library is missing, or the file is damaged.
    """
    reads = "TensorBoard event files"
    events = load_library("tensorboard.compat.proto.event_pb2", extra=name, reads=reads)
    for parsed in _events(file, events.Event):
        for value in parsed.summary.value:
            if (number := _number(value)) is not None:
                yield value.tag, number


def _read_folder(files: Sequence[Path], event: Any, logged: _Logged, part: str) -> None:
    """Read the files of one writer, in order of their time."""
    for file in files:
        for parsed in _events(file, event):
            for value in parsed.summary.value:
                _take(value, parsed.step, logged, part)


def _events(file: Path, event: Any) -> Iterator[Any]:
    for number, message in enumerate(_messages(file)):
        if number and number % _SAID_EVERY == 0:
            say(f"{file}: {number:,} events read.")
        try:
            parsed = event.FromString(message)
        except Exception as error:  # the kind is the library's, and differs
            raise ImportFileError(
                f"{file} is damaged after {number} events: remove it, or name "
                "the folders of the other runs."
            ) from error
        yield parsed


def _messages(file: Path) -> Iterator[bytes]:
    """The messages of an event file, up to one that is not whole."""
    with file.open("rb") as content:
        while len(head := content.read(_LENGTH.size)) == _LENGTH.size:
            length, _ = _LENGTH.unpack(head)
            if length > _LONGEST:
                return
            message = content.read(length + _SUM)
            if len(message) < length + _SUM:
                return
            yield message[:length]


def _take(value: Any, step: int, logged: _Logged, part: str) -> None:
    plugin = value.metadata.plugin_data.plugin_name
    if plugin == _HPARAMS:
        logged.settings |= _hparams(value.metadata.plugin_data.content)
        return
    if value.HasField("tensor") and value.tensor.dtype == _TEXT:
        logged.settings |= _settings_in_text(value.tensor)
    number = _number(value)
    if number is None:
        return
    logged.tags.add(value.tag)
    name = part + value.tag
    if name not in logged.metrics:
        if not is_kept(name):
            return
        logged.metrics[name] = Points()
    logged.metrics[name].add(step, number)


def _number(value: Any) -> float | None:
    """The number of a scalar, stored in either way; None where it is none."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    plugin = value.metadata.plugin_data.plugin_name
    is_scalar = value.HasField("tensor") and plugin in _SCALARS
    return (
        _scalar(value.tensor) if is_scalar and value.tensor.dtype in _FLOATS else None
    )


def _scalar(tensor: Any) -> float | None:
    """The one number in a tensor; None where it holds more."""
    if math.prod(dim.size for dim in tensor.tensor_shape.dim) != 1:
        return None
    if tensor.float_val or tensor.double_val:
        return float([*tensor.float_val, *tensor.double_val][0])
    util = load_library(
        "tensorboard.util.tensor_util", extra=name, reads="TensorBoard event files"
    )
    return float(util.make_ndarray(tensor).reshape(-1)[0])


def _settings_in_text(tensor: Any) -> dict[str, Any]:
    """Settings that were logged as a JSON text, as Hugging Face's trainer does."""
    text = b"".join(tensor.string_val).decode("utf-8", errors="replace").strip()
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {
        key: value
        for key, value in found.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _hparams(content: bytes) -> dict[str, Any]:
    """The values of the HParams plugin for one session."""
    plugin = load_library(
        "tensorboard.plugins.hparams.plugin_data_pb2",
        extra=name,
        reads="the HParams of TensorBoard",
    )
    start = plugin.HParamsPluginData.FromString(content).session_start_info
    return {
        key: getattr(value, kind)
        for key, value in start.hparams.items()
        if (kind := value.WhichOneof("kind")) in ("number_value", "string_value")
    }

"""Which importer reads a file, and what a folder holds."""

import os
import re
from collections import ChainMap
from collections.abc import Iterator, Sequence
from pathlib import Path

from knowledge.errors import ImportFileError, MissingReaderError
from knowledge.importers.importer import (
    AUTO,
    FOLDER_FORMATS,
    FORMATS,
    FileOptions,
    Importer,
    Missing,
    ParsedFile,
    importer_of,
    load_bytes,
    not_runs,
)
from knowledge.importers.trackers import tensorboard
from knowledge.progress import say
from knowledge.records import Run

# Read along with the file that they explain.
COMPANIONS = ("args.yaml", "hparams.yaml")
_BACKUP, _STATE, _LOGS = ".bk", "_state.json", "_logs"  # faceswap's
_STOPS = (
    re.compile(r"(?P<training>checkpoint)-(?P<step>\d{1,18})"),
    re.compile(r"(?P<training>.+)_snapshot_(?P<step>\d{1,18})_iters"),
)
MOST_FILES = 5000
_NAMED = 10


def parse_runs(
    path: Path, file_format: str = AUTO, asked: FileOptions | None = None
) -> ParsedFile:
    """Read the runs of a file, or of all files of a folder.

    Args:
        path: Of the file or folder.
        file_format: One of `FORMATS`; `auto`: as the content tells.
        asked: What the person says of it.

    Raises:
        ImportFileError: No such format or file, or it holds no runs.
    """
    asked = asked or FileOptions()
    if file_format != AUTO:
        importer_of(file_format)
    return (
        _of_folder(path, file_format, asked)
        if path.is_dir()
        else _of_unit(path, file_format, asked)
    )


def _of_unit(path: Path, file_format: str, asked: FileOptions) -> ParsedFile:
    """Read what one importer reads as a whole: a file, or a folder of a tracker."""
    if not path.is_dir():
        load_bytes(path, most=1)
    importer = importer_of(file_format) if file_format != AUTO else _recognised(path)
    if importer is None or (path.is_dir() and not importer.recognises(path)):
        raise not_runs(path)
    return _labelled(importer, importer.read(path, asked))


def _labelled(importer: Importer, parsed: ParsedFile) -> ParsedFile:
    if parsed.asked:
        parsed = ParsedFile(notes=parsed.notes, asked=parsed.asked)
    return ParsedFile(**{**vars(parsed), "format": importer.name})


def _recognised(path: Path) -> Importer | None:
    names = FOLDER_FORMATS if path.is_dir() else FORMATS
    return next((one for one in map(importer_of, names) if one.recognises(path)), None)


def _of_folder(folder: Path, file_format: str, asked: FileOptions) -> ParsedFile:
    found: list[tuple[Path, ParsedFile]] = []
    others: list[str] = []
    paths = _last_checkpoints(list(_files(folder)))
    if file_format in (AUTO, tensorboard.name):
        # Files that lie in several folders may be of one run.
        logs = [path for path in paths if tensorboard.recognises(path)]
        if logs:
            read = tensorboard.read_logs(folder, logs, asked)
            found.append((folder, _labelled(importer_of(tensorboard.name), read)))
            paths = sorted(set(paths) - set(logs))
    for number, path in enumerate(paths):
        name = str(path.relative_to(folder))
        say(f"{folder}: {number} of {len(paths)} files looked at, now {name}.")
        try:
            found.append((path, _of_unit(path, file_format, asked)))
        except MissingReaderError:
            raise
        except ImportFileError:
            if path == folder:
                raise
            others.append(name)
    if not found:
        raise ImportFileError(
            f"{folder} holds no file with runs: name the file itself to learn why."
        )
    parsed = [one for _, one in found]
    runs: dict[str, Run] = {run.id: run for one in parsed for run in one.runs}
    asked_for: dict[str, Missing] = {m.field: m for p in parsed for m in p.asked}
    notes = [note for one in parsed for note in one.notes]
    return ParsedFile(
        () if asked_for else tuple(runs.values()),
        tuple(
            (line, f"{path.relative_to(folder)}: {why}" if path != folder else why)
            for path, one in found
            for line, why in one.rejected
        ),
        # Looked into, not copied: curves of many runs are large.
        ChainMap(*(one.curves for one in parsed)),  # type: ignore[arg-type]
        (*dict.fromkeys(notes), *_left_out(others)),
        tuple(asked_for.values()),
        ", ".join(sorted({one.format for one in parsed})),
    )


def _files(folder: Path) -> Iterator[Path]:
    """The files in a folder, in order; no hidden ones, and no links out of it.

    What a tracker keeps as a folder is one thing.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        if _recognised(Path(place)):
            folders.clear()
            yield Path(place)
            continue
        read_along = {
            name.removesuffix(_STATE) + _LOGS for name in names if _STATE in name
        }
        folders[:] = sorted(
            name for name in set(folders) - read_along if not name.startswith(".")
        )
        for name in sorted(names):
            path = Path(place) / name
            is_hidden = name.startswith(".") or path.is_symlink()
            if is_hidden or _is_companion(name, names):
                continue
            count += 1
            if count > MOST_FILES:
                raise ImportFileError(
                    f"{folder} holds more than {MOST_FILES} files: name a folder in it."
                )
            yield path


def _is_companion(name: str, names: Sequence[str]) -> bool:
    """Whether a file is read along with another of its folder, or is its backup."""
    is_backup = name.endswith(_BACKUP) and name.removesuffix(_BACKUP) in names
    return is_backup or name in COMPANIONS


def _last_checkpoints(paths: Sequence[Path]) -> list[Path]:
    """Leave out what an earlier checkpoint of the same training says again."""
    last: dict[object, tuple[float, Path]] = {}
    for path in paths:
        stops = (stop.fullmatch(path.parent.name) for stop in _STOPS)
        stop = next(filter(None, stops), None)
        training, at = path.parent, float("inf")
        if stop is not None:
            of = "" if stop["training"] == "checkpoint" else stop["training"]
            training, at = path.parent.parent / of, float(stop["step"])
        key = (training, path.name)
        if key not in last or at > last[key][0]:
            last[key] = at, path
    kept = {path for _, path in last.values()}
    return [path for path in paths if path in kept]


def _left_out(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (f"No runs were found in {', '.join(names[:_NAMED])}{rest}.",)

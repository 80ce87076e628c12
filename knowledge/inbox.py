"""Saving an event: one immutable record file, no lock and no duckdb.

Written under a temporary name, synced, renamed: when `record` returns, the event is
saved; the tables follow when somebody ingests (`knowledge.store.store`). Workers use
only this module. The kind of a record is in its file's name.
"""

import contextlib
import errno
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge.errors import DiskFullError, StoreError

INBOX, ARCHIVE, REJECTED = "inbox", "archive", "rejected"
REASON = ".reason.txt"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
RECORD_FORMAT = 1
STALE_SECONDS = 3600.0
# Kinds that no answer rests on, with the table they go to: they may wait in the inbox
# until somebody reads that table.
PATIENT = {
    "answer": "answers",
    "conversation": "conversations",
    "feedback": "feedback",
}
MAX_PATIENT = 100  # more of them are brought in, lest listing them takes long


def record(
    store_folder: Path,
    kind: str,
    body: Mapping[str, Any],
    *,
    event_id: str | None = None,
) -> str:
    """Save one event and return its id; after this line it survives a crash.

    Args:
        store_folder: The store; its inbox folder must exist.
        kind: `run`, `runs`, `study`, `library`, `claims`, `retraction`, `answer`,
            `forecasts`, `throughput`, `job`, `workloads`, `conversation` or `feedback`.
        body: Plain JSON values. A number that is not finite must be None.
        event_id: Given by a writer that may repeat itself, so that it counts once.

    Raises:
        StoreError: The disk is full, or the folder cannot be written.
    """
    event_id = event_id or uuid.uuid4().hex
    text = json.dumps(
        {
            "format": RECORD_FORMAT,
            "event_id": event_id,
            "kind": kind,
            "recorded": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
            "body": body,
        },
        allow_nan=False,
    )
    name = f"{time.time_ns():020d}-{name_part(kind, event_id)}.json"
    write_whole(store_folder / INBOX / name, text.encode())
    return event_id


def now_text() -> str:
    """Return the time, to the microsecond, as records hold it (UTC)."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, and survives a crash."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise disk_error(error, path.parent) from error


def disk_error(error: OSError, folder: Path) -> StoreError:
    """Say in a sentence why the disk refused, and that nothing saved is lost."""
    if error.errno in NO_ROOM:
        return DiskFullError(
            f"The disk holding {folder} is full: free some space and repeat. "
            "What was saved before is untouched."
        )
    reason = error.strerror or str(error)
    return StoreError(
        f"Cannot write in {folder} ({reason}): check the folder's permissions. "
        "What was saved before is untouched."
    )


def waiting(store_folder: Path) -> list[Path]:
    """Return the record files not yet ingested, oldest first."""
    return [
        store_folder / INBOX / name for name in sorted(_waiting_names(store_folder))
    ]


def can_wait(store_folder: Path) -> bool:
    """Whether nothing waits but a few records that no answer rests on."""
    names = _waiting_names(store_folder)
    return len(names) <= MAX_PATIENT and all(map(_is_patient, names))


def count_evidence(store_folder: Path) -> int:
    """Return how many records wait that an answer may rest on."""
    return sum(not _is_patient(name) for name in _waiting_names(store_folder))


def _waiting_names(store_folder: Path) -> list[str]:
    try:
        names = os.listdir(store_folder / INBOX)
    except FileNotFoundError:
        return []
    return [name for name in names if name[-5:] == ".json"]


def _is_patient(name: str) -> bool:
    _, _, kind_and_id = name.partition("-")
    return kind_and_id.partition("-")[0] in PATIENT


def load_record(path: Path) -> dict[str, Any]:
    """Read one record file; ValueError when it is not one of ours."""
    if os.path.lexists(path) and not path.is_file():  # reading a pipe never ends
        raise ValueError("it is no file")
    content = json.loads(path.read_bytes())
    kinds = {"event_id": str, "kind": str, "body": dict}
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), kind) for key, kind in kinds.items()
    ):
        raise ValueError("it is not a record of this program")
    if content.get("format", 0) not in range(RECORD_FORMAT + 1):
        raise ValueError("its format is not known here: it may be of a newer version")
    return content


def archived(store_folder: Path) -> Iterator[Path]:
    """Yield every ingested record file, oldest first."""
    yield from sorted((store_folder / ARCHIVE).glob("*/*.json"))


def count_archived(store_folder: Path) -> int:
    """Return how many record files the archive holds."""
    with contextlib.suppress(FileNotFoundError):
        months = os.listdir(store_folder / ARCHIVE)
        folders = [store_folder / ARCHIVE / month for month in months]
        return sum(
            name[-5:] == ".json"
            for folder in folders
            if folder.is_dir()
            for name in os.listdir(folder)
        )
    return 0


def archive(store_folder: Path, path: Path) -> None:
    """Move an ingested record file to the archive (by month, to keep folders small)."""
    try:
        recorded_ns = int(path.name.split("-", 1)[0])
        month = time.strftime("%Y-%m", time.gmtime(recorded_ns / 1e9))
    except (ValueError, OverflowError, OSError):  # not named by us
        month = "undated"
    _move(path, store_folder / ARCHIVE / month)


def put_aside(store_folder: Path, path: Path, reason: str) -> None:
    """Move what is no record to `rejected/`, with the reason in a file beside it."""
    moved = _move(path, store_folder / REJECTED)
    with contextlib.suppress(OSError):  # no room: it is put aside all the same
        moved.with_name(f"{moved.name}{REASON}").write_text(reason + "\n")


def put_aside_names(store_folder: Path) -> dict[str, str]:
    """Return the files that are put aside, with the reason of each."""
    folder = store_folder / REJECTED
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return {}
    reasons = {name: _read_text(folder / f"{name}{REASON}") for name in names}
    return {name: why for name, why in reasons.items() if not name.endswith(REASON)}


def _move(path: Path, folder: Path) -> Path:
    """Move a file into a folder; another one of its name there stays as well."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    with contextlib.suppress(FileNotFoundError):  # another ingester moved it
        if target.exists() and not (
            path.is_file() and path.read_bytes() == target.read_bytes()
        ):
            target = folder / f"{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}"
        path.replace(target)
    return target


def _read_text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace").strip()
    return "no reason is kept"


def sweep(store_folder: Path, *, now: float) -> None:
    """Remove temporary files of writers that were killed (never acknowledged)."""
    for path in (store_folder / INBOX).glob("*.tmp"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def part_of_name(path: Path) -> str:
    """Return the part of a record file's name that comes of its kind and id."""
    return path.name.partition("-")[2].removesuffix(".json")


def name_part(kind: str, event_id: str) -> str:
    """Return the kind, which most ids begin with anyway, and the id, for a name."""
    text = "".join(c if c.isalnum() else "-" for c in event_id)[:80]
    return text if text.startswith(f"{kind}-") else f"{kind}-{text}"


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there; the rename is journaled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

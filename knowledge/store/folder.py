"""A store's folder: how it is made and known again, its tables and their snapshots."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from knowledge import inbox
from knowledge.errors import (
    NotAStoreError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
)

MARKER, DATABASE, SNAPSHOTS, RUNS = "store.json", "store.duckdb", "snapshots", "runs"
FORMAT_VERSION = 1
OWN_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "threads": 2,
}


def newest_generation(folder: Path) -> int:
    """Return the number of the newest snapshot; 0 where there is none."""
    try:
        return int((folder / SNAPSHOTS / "newest").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def publish(folder: Path) -> None:
    """Copy the closed database to a new numbered snapshot and point to it."""
    snapshots = folder / SNAPSHOTS
    generation = newest_generation(folder) + 1
    temporary = snapshots / f"snapshot-{generation}.{os.getpid()}.tmp"
    try:
        shutil.copyfile(folder / DATABASE, temporary)
        temporary.replace(snapshot_file(folder, generation))
    finally:
        temporary.unlink(missing_ok=True)
    inbox.write_whole(snapshots / "newest", str(generation).encode())
    for old in snapshots.glob("snapshot-*.duckdb"):
        number = int(old.stem.split("-")[1])
        if number < generation - 1:
            with contextlib.suppress(OSError):  # Windows: still being read
                old.unlink()


def snapshot_file(folder: Path, generation: int) -> Path:
    """Return where the snapshot of this number lies."""
    return folder / SNAPSHOTS / f"snapshot-{generation}.duckdb"


def busy_error(folder: Path) -> StoreBusyError:
    """Return what to raise when another program holds the tables."""
    return StoreBusyError(
        f"Another program holds {folder / DATABASE} open: close it there. "
        "What was saved waits in the inbox and nothing is lost."
    )


@contextlib.contextmanager
def open_for_writing(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the tables; the caller holds the store's lock.

    Raises:
        StoreBusyError: Another program holds the file.
        StoreVersionError: A newer DuckDB wrote it.
        StoreError: It is no DuckDB file.
    """
    try:
        con = duckdb.connect(str(folder / DATABASE), config=OWN_CONFIG)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise busy_error(folder) from error
        if "newer version" in str(error).lower():
            raise StoreVersionError(
                f"{folder / DATABASE} was written by a newer DuckDB: update lr-advisor."
            ) from error
        raise StoreError(
            f"{folder / DATABASE} cannot be opened as a DuckDB file: move it away and "
            "run `lr-advisor doctor`, which rebuilds it from the records."
        ) from error
    try:
        yield con
    finally:
        con.close()


def prepare_folder(folder: Path) -> bool:
    """Make the folders of a store where there is none; True if it is new.

    Raises:
        NotAStoreError: The path is a file, or a folder that holds something else.
        StoreVersionError: The folder's format is of a newer program.
    """
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise NotAStoreError(
            f"{folder} is a file, not a store folder: name another folder."
        )
    if marker.is_file():
        _check_marker(marker)
        is_new = False
    elif folder.is_dir() and any(
        name for name in os.listdir(folder) if not _is_our_leftover(name)
    ):
        raise NotAStoreError(
            f"{folder} holds other files and is not a store: name an empty or new "
            "folder. Nothing was changed."
        )
    else:
        is_new = True
    try:
        for name in (inbox.INBOX, inbox.ARCHIVE, SNAPSHOTS, RUNS):
            (folder / name).mkdir(parents=True, exist_ok=True)
        if is_new:
            content = {"format": "lr-advisor-store", "version": FORMAT_VERSION}
            inbox.write_whole(marker, json.dumps(content).encode())
    except OSError as error:
        raise inbox.disk_error(error, folder) from error
    return is_new


def _is_our_leftover(name: str) -> bool:
    """Whether a killed first opening may have left it (the marker comes last)."""
    return name in (inbox.INBOX, inbox.ARCHIVE, SNAPSHOTS, RUNS) or name.startswith(
        MARKER
    )


def _check_marker(marker: Path) -> None:
    try:
        content = json.loads(marker.read_text())
        version = int(content["version"])
        known = content["format"] == "lr-advisor-store"
    except (ValueError, KeyError, TypeError) as error:
        raise NotAStoreError(
            f"{marker} cannot be read: {marker.parent} is not a store of this program."
        ) from error
    if not known:
        raise NotAStoreError(f"{marker.parent} is not a store of this program.")
    if version > FORMAT_VERSION:
        raise StoreVersionError(
            f"The store {marker.parent} has format {version} and this program knows "
            f"up to {FORMAT_VERSION}: update lr-advisor. Nothing was changed."
        )

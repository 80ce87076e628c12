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
    DiskFullError,
    NotAStoreError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
)

MARKER, DATABASE, SNAPSHOTS, RUNS = "store.json", "store.duckdb", "snapshots", "runs"
FORMAT_VERSION = 1
_TOO_MANY = 10**15  # snapshots: a pointer that says so is damaged
_HEADER_BYTES = 3 * 4096  # of a DuckDB file, before its blocks
OWN_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "threads": 2,
}


def newest_generation(folder: Path) -> int:
    """Return the number of the newest snapshot; 0 where there is none."""
    try:
        number = int((folder / SNAPSHOTS / "newest").read_text())
    except (FileNotFoundError, ValueError):
        return 0
    return number if 0 < number < _TOO_MANY else 0


def publish(folder: Path, *, n_events: int, thorough: bool = False) -> None:
    """Copy the closed database to a new numbered snapshot and point to it.

    Args:
        folder: The store.
        n_events: How many records the tables hold; the copy is opened and counted.
        thorough: Whether to read every row of the copy.

    Raises:
        duckdb.Error: The copy cannot be read, or holds less. The pointer stays.
    """
    snapshots = folder / SNAPSHOTS
    numbers = _snapshot_numbers(folder)
    generation = max([newest_generation(folder), *numbers]) + 1
    temporary = snapshots / f"snapshot-{generation}.{os.getpid()}.tmp"
    try:
        shutil.copyfile(folder / DATABASE, temporary)
        _check_copy(temporary, n_events, thorough=thorough)
        temporary.replace(snapshot_file(folder, generation))
    finally:
        temporary.unlink(missing_ok=True)
    inbox.write_whole(snapshots / "newest", str(generation).encode())
    for number in numbers:
        if number < generation - 1:
            with contextlib.suppress(OSError):  # Windows: still being read
                snapshot_file(folder, number).unlink()


def _snapshot_numbers(folder: Path) -> list[int]:
    names = (folder / SNAPSHOTS).glob("snapshot-*.duckdb")
    numbers = [name.stem.partition("-")[2] for name in names]
    found = [int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) < 16]
    return [number for number in found if number < _TOO_MANY]


def _check_copy(path: Path, n_events: int, *, thorough: bool) -> None:
    with open_for_reading(path) as con:
        found = con.execute("select count(*) from events").fetchall()[0][0]
        if found != n_events:
            raise duckdb.IOException(f"{path} holds {found} of {n_events} records")
        if thorough:
            for (table,) in con.execute(
                "select table_name from duckdb_tables()"
            ).fetchall():
                con.execute(f"select sum(hash(t)::hugeint) from {table} t").fetchall()


def snapshot_file(folder: Path, generation: int) -> Path:
    """Return where the snapshot of this number lies."""
    return folder / SNAPSHOTS / f"snapshot-{generation}.duckdb"


def busy_error(folder: Path) -> StoreBusyError:
    """Return what to raise when another program holds the tables."""
    return StoreBusyError(
        f"Another program holds {folder / DATABASE} open: close it there. "
        "What was saved waits in the inbox and nothing is lost."
    )


def open_for_reading(path: Path) -> duckdb.DuckDBPyConnection:
    """Open tables that nobody writes.

    Raises:
        duckdb.Error: The file is missing, damaged or cut short.
    """
    con = duckdb.connect(str(path), read_only=True, config=OWN_CONFIG)
    try:
        block_bytes, n_used = con.execute(
            "select block_size, used_blocks from pragma_database_size()"
        ).fetchall()[0]
        # Free blocks at its end may be missing.
        n_blocks, rest = divmod(path.stat().st_size - _HEADER_BYTES, block_bytes)
        if rest or n_blocks < n_used:
            raise duckdb.IOException(f"{path} is incomplete")
    except BaseException:
        con.close()
        raise
    return con


@contextlib.contextmanager
def open_for_writing(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the tables; the caller holds the store's lock.

    Raises:
        StoreBusyError: Another program holds the file.
        StoreVersionError: A newer DuckDB wrote it.
        duckdb.Error: It is damaged, or no DuckDB file.
    """
    try:
        con = duckdb.connect(str(folder / DATABASE), config=OWN_CONFIG)
    except duckdb.IOException as error:
        said = str(error).lower()
        if "could not set lock" in said or "used by another process" in said:
            raise busy_error(folder) from error
        if "newer version" in said:
            raise StoreVersionError(
                f"{folder / DATABASE} was written by a newer DuckDB: update lr-advisor."
            ) from error
        raise
    try:
        yield con
    finally:
        con.close()


@contextlib.contextmanager
def trouble_in_words(folder: Path) -> Iterator[None]:
    """Turn what the disk and DuckDB raise while tables are written into a StoreError.

    Raises:
        DiskFullError: There is no room left.
        StoreError: It is something else.
    """
    try:
        yield
    except OSError as error:
        raise inbox.disk_error(error, folder) from error
    except duckdb.Error as error:
        kind, what = (
            (DiskFullError, "the disk is full: free some space and repeat")
            if is_disk_full(error)
            else (StoreError, str(error).splitlines()[0][:120])
        )
        raise kind(
            f"{folder / DATABASE} could not be written ({what}). What was saved waits "
            "in the inbox and nothing is lost."
        ) from error


def is_disk_full(error: Exception) -> bool:
    """Whether DuckDB, or the system, says that there is no room."""
    said = str(error).lower()
    return any(os.strerror(number).lower() in said for number in inbox.NO_ROOM)


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

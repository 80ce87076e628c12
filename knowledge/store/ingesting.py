"""Records into the tables: what waits, and all of them where tables were lost.

The records are the store: tables that cannot be read, or lack what `archive/` holds,
are made anew from `archive/` and `inbox/` together. The caller holds the store's lock.
"""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from knowledge import inbox
from knowledge.errors import DiskFullError, StoreBusyError, StoreError
from knowledge.store.folder import (
    DATABASE,
    OWN_CONFIG,
    is_disk_full,
    newest_generation,
    open_for_reading,
    open_for_writing,
    publish,
    snapshot_file,
)
from knowledge.store.judging import judge_anew
from knowledge.store.migrations import migrate
from knowledge.store.tables import insert_events

Record = tuple[Path, Mapping[str, Any]]
Odd = list[tuple[Path, str]]  # what cannot be read or brought in, and why

OLD = f"{DATABASE}.old"
_AT_ONCE = 500  # records in memory together
_MOST_NAMED = 3


@dataclass(frozen=True)
class Ingested:
    """How many waiting records came in; `note` says that tables were made anew."""

    count: int
    note: str | None = None


def ingest_waiting(folder: Path, *, thorough: bool = False) -> Ingested:
    """Bring in what waits and publish; what is odd is put aside with the reason.

    Args:
        folder: The store.
        thorough: Whether to read all of the tables, since a reader met damage.

    Raises:
        duckdb.Error: The tables can be neither written nor made anew.
        StoreBusyError: Another program holds the tables.
        StoreVersionError: They are of a newer program.
        OSError: The disk refuses.
    """
    if not (folder / DATABASE).is_file() and (
        newest_generation(folder) or inbox.count_archived(folder)
    ):
        return rebuild(folder, "was missing")
    records, odd = load(inbox.waiting(folder))
    try:
        with open_for_writing(folder) as con:
            migrate(con)
            is_complete = not _lacks_archived(con, folder)
            if is_complete:
                odd += bring_in(con, records)
            n_events = count_events(con)
        if is_complete:
            publish(folder, n_events=n_events, thorough=thorough)
    except duckdb.Error as error:
        if is_disk_full(error):
            raise
        return rebuild(folder, f"could not be read ({str(error).splitlines()[0][:80]})")
    if not is_complete:
        return rebuild(folder, "lacked records that were saved")
    return Ingested(_put_away(folder, [path for path, _ in records], odd))


def rebuild(folder: Path, problem: str) -> Ingested:
    """Make the tables anew from all records, publish them, and say why.

    Those as they were are kept as store.duckdb.old. Raises as `ingest_waiting`;
    nothing has changed then.
    """
    new = folder / f"{DATABASE}.tmp"
    waiting = inbox.waiting(folder)
    paths = [*inbox.archived(folder), *waiting]
    base = f"{DATABASE} {problem}: it was rebuilt from the records"
    try:
        _remove(new)  # of a rebuild that was killed
        n_events, odd = _fill_file(new, paths)
        published = snapshot_file(folder, newest_generation(folder))
        if _holds_more(published, new):  # the archive lost some
            _remove(new)
            shutil.copyfile(published, new)
            n_events, odd = _fill_file(new, paths)
            base += " and from the published tables, which hold more"
        _put_in_place(folder, new)
    finally:
        _remove(new)
    publish(folder, n_events=n_events)
    note = f"{base} ({n_events} records)."
    of_archive = [path for path, _ in odd if path not in waiting]
    if of_archive:
        note += f" {unread_text(of_archive)}"
    odd = [(path, why) for path, why in odd if path in waiting]
    return Ingested(_put_away(folder, waiting, odd), note)


def fill(con: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> Odd:
    """Bring records into tables, and return those that cannot be read or come in."""
    migrate(con)
    odd: Odd = []
    for start in range(0, len(paths), _AT_ONCE):
        records, unreadable = load(paths[start : start + _AT_ONCE])
        odd += [*unreadable, *bring_in(con, records)]
    return odd


def load(paths: Sequence[Path]) -> tuple[list[Record], Odd]:
    """Read records, and say which of the files are none."""
    records: list[Record] = []
    odd: Odd = []
    for path in paths:
        try:
            records.append((path, inbox.load_record(path)))
        except FileNotFoundError:  # another ingester has moved it
            continue
        except (ValueError, RecursionError, PermissionError) as error:
            odd.append((path, _first_line(error)))
    return records, odd


def bring_in(con: duckdb.DuckDBPyConnection, records: Sequence[Record]) -> Odd:
    """Insert records in one transaction; where that fails, one by one.

    Returns those that new tables refuse as well, and why. An error that new tables do
    not know is the fault of these, and is raised.
    """
    try:
        _insert(con, [event for _, event in records])
        return []
    except Exception as error:  # an odd record may raise anything
        if is_disk_full(error):
            raise
    refused: Odd = []
    # Titles first, as in one transaction: claims name workloads without a title.
    for path, event in sorted(records, key=lambda r: r[1]["kind"] != "workloads"):
        try:
            _insert(con, [event])
        except Exception as error:
            reason = None if is_disk_full(error) else _why_odd(event)
            if reason is None:
                raise
            refused.append((path, reason))
    return refused


def count_events(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many records the tables hold."""
    return int(con.execute("select count(*) from events").fetchall()[0][0])


def left_out_text(n_records: int, refused: StoreError) -> str | None:
    """Say how many saved records an answer does not rest on, and why; None: of none."""
    if not n_records:
        return None
    why = "the tables cannot be written"
    if isinstance(refused, DiskFullError):
        why = "the disk is full"
    elif isinstance(refused, StoreBusyError):
        why = "another program holds the tables open"
    what, them = ("records", "them") if n_records > 1 else ("record", "it")
    return (
        f"{n_records} saved {what} could not be brought in ({why}): this answer does "
        f"not rest on {them}."
    )


def unread_text(paths: Sequence[Path]) -> str:
    """Say which archived records cannot be read."""
    names = ", ".join(path.name for path in paths[:_MOST_NAMED])
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    s = "s" if len(paths) > 1 else ""
    return f"{len(paths)} record{s} cannot be read: {names}{more}."


def _insert(
    con: duckdb.DuckDBPyConnection, events: Sequence[Mapping[str, Any]]
) -> None:
    """Insert what events say in one transaction, or nothing."""
    con.execute("begin")
    try:
        insert_events(con, events)
        judge_anew(con)
        con.execute("commit")
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a fatal one has ended it already
            con.execute("rollback")
        raise


def _why_odd(event: Mapping[str, Any]) -> str | None:
    """Say why new tables refuse a record; None: they take it."""
    with duckdb.connect(config=OWN_CONFIG) as con:
        migrate(con)
        try:
            _insert(con, [event])
        except (MemoryError, duckdb.OutOfMemoryException):
            raise
        except Exception as error:
            return _first_line(error)
    return None


def _lacks_archived(con: duckdb.DuckDBPyConnection, folder: Path) -> bool:
    """Whether the archive holds a record that the tables never met.

    Mostly the numbers tell. Where there are more files than records, since some are
    there twice, the files' names tell.
    """
    if count_events(con) >= inbox.count_archived(folder):
        return False
    kinds = dict(con.execute("select event_id, kind from events").fetchall())
    known = {inbox.name_part(kind, event_id) for event_id, kind in kinds.items()}
    strange = [p for p in inbox.archived(folder) if inbox.part_of_name(p) not in known]
    return any(
        event["event_id"] not in kinds and _why_odd(event) is None
        for _, event in load(strange)[0]
    )


def _fill_file(path: Path, paths: Sequence[Path]) -> tuple[int, Odd]:
    """Fill a file of tables from records, and return how many records it holds."""
    with duckdb.connect(str(path), config=OWN_CONFIG) as con:
        odd = fill(con, paths)
        return count_events(con), odd


def _holds_more(published: Path, new: Path) -> bool:
    """Whether the published tables can be read and hold records the new ones lack."""
    try:
        with open_for_reading(published) as con:
            before = set(con.execute("select event_id from events").fetchall())
    except duckdb.Error:
        return False
    with open_for_reading(new) as con:
        return not before <= set(con.execute("select event_id from events").fetchall())


def _put_in_place(folder: Path, new: Path) -> None:
    """Let new tables take the place of the old ones, which are kept beside them."""
    database = folder / DATABASE
    database.with_name(f"{DATABASE}.wal").unlink(missing_ok=True)  # of the old ones
    if database.exists():
        database.replace(folder / OLD)
    new.replace(database)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _put_away(folder: Path, paths: Sequence[Path], odd: Odd) -> int:
    """Move what came in to the archive and what is odd aside; return how many came."""
    for path, reason in odd:
        inbox.put_aside(folder, path, reason)
    good = set(paths) - {path for path, _ in odd}
    for path in sorted(good):
        inbox.archive(folder, path)
    return len(good)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"

"""Fits of siblings in a file of the store, so that a new process need not repeat them.

A fit is named by a hash of what it was made from: evidence, prior and the code itself.
The file is a SQLite one, so that finding or adding a few among thousands costs as much
as those few. A file that is missing, damaged or cannot be written costs time and
nothing else.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from advisor.regression import Moment, PosteriorSummary

FOLDER = "cache"
MAX_FITS = 20_000  # about 20 MB
# Whatever a fit of a body of evidence depends on; a change of any makes new fits.
_CODE = (
    *("evidence", "fitting", "pooling", "priors", "regression", "sampler", "survival"),
    "../experiments/workloads/__init__",
)
_TABLE = (
    "create table if not exists fits ("
    "number integer primary key autoincrement, name text unique, summary text)"
)
_AT_ONCE = 500  # names in one query


def _code_version() -> str:
    """A hash of the statistics as they are while this process starts."""
    digest = hashlib.sha256(f"{np.__version__} {scipy.__version__}".encode())
    for name in _CODE:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]


_VERSION = _code_version()


class KeptFits:
    """Posterior summaries by what they were made from; safe to use from threads."""

    def __init__(self, store_folder: Path) -> None:
        self._path = store_folder / FOLDER / f"fits-{_VERSION}.sqlite"

    def find(self, keys: Sequence[Hashable]) -> dict[Hashable, PosteriorSummary]:
        """Return the fits made from these, without those that nobody has made."""
        if not keys or not self._path.exists():
            return {}
        by_name = {_name(key): key for key in keys}
        names = list(by_name)
        found: dict[Hashable, PosteriorSummary] = {}
        with self._forgiven(), contextlib.closing(self._open()) as con:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                marks = ", ".join("?" for _ in some)
                sql = f"select name, summary from fits where name in ({marks})"
                for name, text in con.execute(sql, some):
                    summary = _summary(text)
                    if summary is not None:
                        found[by_name[name]] = summary
        return found

    def keep(self, fits: Mapping[Hashable, PosteriorSummary]) -> None:
        """Add new fits to those of other processes; the oldest go."""
        if not fits:
            return
        rows = [(_name(key), json.dumps(asdict(fit))) for key, fit in fits.items()]
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            self._remove_older_versions()
        with self._forgiven(), contextlib.closing(self._open()) as con, con:
            con.execute(_TABLE)
            con.executemany(
                "insert or replace into fits (name, summary) values (?, ?)", rows
            )
            con.execute(
                "delete from fits where number <= (select max(number) from fits) - ?",
                [MAX_FITS],
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=5)

    @contextlib.contextmanager
    def _forgiven(self) -> Iterator[None]:
        """What fails in the file is left undone, and a damaged file is removed."""
        try:
            yield
        except sqlite3.OperationalError:  # no such table, a full disk, no permission
            pass
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _remove_older_versions(self) -> None:
        for path in self._path.parent.glob("fits-*"):
            if path.stem.partition(".")[0] != self._path.stem:
                path.unlink(missing_ok=True)


def _summary(text: str) -> PosteriorSummary | None:
    """The fit that a row holds, or None when it is damaged."""
    try:
        values: dict[str, Any] = json.loads(text)
        moments = {name: Moment(**m) for name, m in values["moments"].items()}
        return PosteriorSummary(**{**values, "moments": moments})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _name(key: Hashable) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]

"""Queries kept under a name, and those that were run: a small file beside the store.

It is no evidence, so it is no record: who loses it loses a convenience.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from knowledge import inbox
from knowledge.errors import BadValueError

FILE = "queries.json"
MOST_RUN, MOST_SAVED, MOST_NAME_CHARS = 30, 200, 60


@dataclass(frozen=True)
class KeptQueries:
    """Queries by name, and those that were run, the newest first."""

    saved: Mapping[str, str] = field(default_factory=dict)
    run: Sequence[str] = ()


def load_queries(folder: Path) -> KeptQueries:
    """Return what was kept; nothing if there is no file or it cannot be read."""
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
        saved = {str(name): str(query) for name, query in kept["saved"].items()}
        return KeptQueries(saved, [str(query) for query in kept["run"]])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return KeptQueries()


def note_run(folder: Path, query: str) -> None:
    """Put a query in front of those that were run."""
    with FileLock(folder / f"{FILE}.lock"):
        kept = load_queries(folder)
        others = [other for other in kept.run if other != query]
        _write(folder, KeptQueries(kept.saved, [query, *others][:MOST_RUN]))


def save_query(folder: Path, name: str, query: str) -> None:
    """Keep a query under a name, in the place of one that had it.

    Raises:
        BadValueError: The name is empty, or there are too many.
    """
    name = " ".join(name.split())[:MOST_NAME_CHARS]
    if not name:
        raise BadValueError("name", "empty", expected="give a few words.")
    with FileLock(folder / f"{FILE}.lock"):
        kept = load_queries(folder)
        saved = {**kept.saved, name: query}
        if len(saved) > MOST_SAVED:
            raise BadValueError("name", name, expected="delete a saved query first.")
        _write(folder, KeptQueries(saved, kept.run))


def drop_query(folder: Path, name: str) -> None:
    """Forget the query of a name; one that is gone already stays gone."""
    with FileLock(folder / f"{FILE}.lock"):
        kept = load_queries(folder)
        saved = {n: query for n, query in kept.saved.items() if n != name}
        _write(folder, KeptQueries(saved, kept.run))


def _write(folder: Path, kept: KeptQueries) -> None:
    document = {"saved": dict(kept.saved), "run": list(kept.run)}
    inbox.write_whole(folder / FILE, json.dumps(document, indent=1).encode())

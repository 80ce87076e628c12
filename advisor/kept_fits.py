"""Fits of siblings in a file of the store, so that a new process need not repeat them.

A fit is named by a hash of what it was made from: evidence, prior and the code itself.
A file that is missing, damaged or cannot be written costs time and nothing else.
"""

import contextlib
import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import scipy

from advisor.regression import Moment, PosteriorSummary
from knowledge.errors import StoreError
from knowledge.inbox import write_whole

FOLDER = "cache"
MAX_FITS = 1000
# Whatever a fit of a body of evidence depends on; a change of any makes new fits.
_CODE = (
    *("evidence", "fitting", "pooling", "priors", "regression", "sampler", "survival"),
    "../experiments/workloads/__init__",
)


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
        self._path = store_folder / FOLDER / f"fits-{_VERSION}.json"
        self._known: dict[str, Any] | None = None
        self._lock = Lock()

    def find(self, key: Hashable) -> PosteriorSummary | None:
        """Return the fit made from this, or None when nobody has made it."""
        with self._lock:
            if self._known is None:
                self._known = self._load()
            values = self._known.get(_name(key), {})
        try:
            moments = {name: Moment(**m) for name, m in values["moments"].items()}
            return PosteriorSummary(**{**values, "moments": moments})
        except (AttributeError, KeyError, TypeError):  # not kept, or damaged
            return None

    def keep(self, fits: Mapping[Hashable, PosteriorSummary]) -> None:
        """Write new fits beside those of other processes; the oldest go."""
        if not fits:
            return
        new = {_name(key): asdict(summary) for key, summary in fits.items()}
        with self._lock:
            known = self._load() | (self._known or {}) | new
            self._known = dict(list(known.items())[-MAX_FITS:])
            content = json.dumps(self._known).encode()
            with contextlib.suppress(OSError, StoreError):
                self._path.parent.mkdir(exist_ok=True)
                write_whole(self._path, content)
                self._remove_older_versions()

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _remove_older_versions(self) -> None:
        for path in self._path.parent.glob("fits-*.json"):
            if path != self._path:
                path.unlink(missing_ok=True)


def _name(key: Hashable) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]

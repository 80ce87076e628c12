"""Fits in a file of the store, so that a new process need not repeat them.

Kept are the moments of siblings, the draws of exponents (for the report on a whole
store), and whole the fits of the workloads asked about last.

A fit is named by a hash of evidence, prior and the code itself. The file is SQLite,
since few among thousands are read or added. If it is missing, damaged or cannot be
written, that costs time and nothing else.
"""

import contextlib
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.statistics.beliefs import Moment, PosteriorSummary, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel

Floats = NDArray[np.float64]

FOLDER = "cache"
MAX_FITS, MAX_DRAWS = 20_000, 5_000  # about 20 MB, and as much or more
MAX_MODELS = 50  # up to 2 MB each
# Whatever a fit of a body of evidence depends on; a change of any makes new fits.
_CODE = (
    *("advisor/statistics/*.py", "advisor/evidence/*.py", "experiments/workloads/*.py"),
    *(f"knowledge/{name}.py" for name in ("names", "recipes", "optimizers")),
)
_ROOT = Path(__file__).resolve().parents[2]
_TABLE = (
    "create table if not exists {} (number integer primary key autoincrement, "
    "name text unique, content blob)"
)
_AT_ONCE = 500  # names in one query


def _code_version() -> str:
    """A hash of the statistics as they are while this process starts."""
    versions = f"{np.__version__} {metadata.version('scipy')}"
    digest = hashlib.sha256(versions.encode())
    for pattern in _CODE:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(f"{path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


_VERSION = _code_version()


class KeptFits:
    """What fits gave by what they were made from; safe to use from threads."""

    def __init__(self, store_folder: Path) -> None:
        self._path = store_folder / FOLDER / f"fits-{_VERSION}.sqlite"

    def find(self, keys: Sequence[Hashable]) -> dict[Hashable, PosteriorSummary]:
        """Return the fits made from these, without those that nobody has made."""
        rows = self._find("fits", keys)
        found = {key: _summary(content) for key, content in rows.items()}
        return {key: fit for key, fit in found.items() if fit is not None}

    def keep(self, fits: Mapping[Hashable, PosteriorSummary]) -> None:
        """Add new fits to those of other processes; the oldest go."""
        rows = {key: json.dumps(asdict(fit)).encode() for key, fit in fits.items()}
        self._keep("fits", rows, limit=MAX_FITS)

    def find_draws(self, key: Hashable) -> Floats | None:
        """Return the draws that were kept under a key, or None."""
        content = self._find("draws", [key]).get(key, b"")
        return np.frombuffer(content) if content and len(content) % 8 == 0 else None

    def keep_draws(self, key: Hashable, draws: Floats) -> None:
        """Add draws to those of other processes; the oldest go."""
        content = np.asarray(draws, np.float64).tobytes()
        self._keep("draws", {key: content}, limit=MAX_DRAWS)

    def find_model(self, key: Hashable) -> StableLearningRateModel | None:
        """Return the fitted model that was kept under a key, or None."""
        content = self._find("models", [key]).get(key)
        return None if content is None else _model(content)

    def keep_model(self, key: Hashable, model: StableLearningRateModel) -> None:
        """Add a fitted model to those of other processes; the oldest go."""
        options = model.get_params()
        prior = asdict(options.pop("prior") or ThresholdPrior())
        arrays: dict[str, Any] = {
            **model.to_arrays(),
            "prior": np.array(json.dumps(prior)),
            "options": np.array(json.dumps(options)),
        }
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        self._keep("models", {key: buffer.getvalue()}, limit=MAX_MODELS)

    def _find(self, table: str, keys: Sequence[Hashable]) -> dict[Hashable, bytes]:
        if not keys or not self._path.exists():
            return {}
        by_name = {_name(key): key for key in keys}
        names = list(by_name)
        found: dict[Hashable, bytes] = {}
        with self._forgiven(), contextlib.closing(self._open()) as con:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                marks = ", ".join("?" for _ in some)
                sql = f"select name, content from {table} where name in ({marks})"
                found |= {by_name[name]: text for name, text in con.execute(sql, some)}
        return found

    def _keep(self, table: str, rows: Mapping[Hashable, bytes], *, limit: int) -> None:
        if not rows:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            self._remove_older_versions()
        with self._forgiven(), contextlib.closing(self._open()) as con, con:
            con.execute(_TABLE.format(table))
            con.executemany(
                f"insert or replace into {table} (name, content) values (?, ?)",
                [(_name(key), content) for key, content in rows.items()],
            )
            newest = f"(select max(number) from {table})"
            con.execute(f"delete from {table} where number <= {newest} - ?", [limit])

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


def _summary(content: bytes) -> PosteriorSummary | None:
    """The fit that a row holds, or None when it is damaged."""
    try:
        values: dict[str, Any] = json.loads(content)
        moments = {name: Moment(**m) for name, m in values["moments"].items()}
        return PosteriorSummary(**{**values, "moments": moments})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _model(content: bytes) -> StableLearningRateModel | None:
    """The fitted model that a row holds, or None when it is damaged."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = dict(stored)
        prior: dict[str, Any] = json.loads(str(arrays.pop("prior")))
        options: dict[str, Any] = json.loads(str(arrays.pop("options")))
        moments = {k: Moment(**v) for k, v in prior.items() if isinstance(v, dict)}
        return StableLearningRateModel.from_arrays(
            arrays, prior=ThresholdPrior(**prior | moments), **options
        )
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile):
        return None


def _name(key: Hashable) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]

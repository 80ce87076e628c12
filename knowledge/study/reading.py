"""The study that ships with the program: measured runs and their curves, as Parquet.

`study.toml` says what was run, when and where, and holds the other files' hashes, so
damage is known before a row is used. Curves stay here; a store keeps the rows.
`knowledge.study.writing` makes the files. pyarrow is loaded where a file is read.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from knowledge.errors import StudyError
from knowledge.outcome import judge_curve
from knowledge.records import STUDY, Curve, Run

FOLDER = Path(__file__).parent
FACTS_FILE, RUNS_FILE = "study.toml", "runs.parquet"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ShippedRuns:
    """Runs that ship in a folder with their facts; a store takes those of a kind once.

    `facts` is the content of the TOML file beside them.
    """

    folder: Path
    facts: Mapping[str, Any]
    kind: ClassVar[str]

    @property
    def id(self) -> str:
        """The name of these runs: their kind and a hash of them."""
        return f"{self.kind}:{self.facts['runs_sha256'][:16]}"

    def columns(self) -> dict[str, list[Any]]:
        """Return the runs column by column, as plain JSON values.

        Raises:
            StudyError: The file is missing, damaged or of another study.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = self._content(RUNS_FILE, self.facts["runs_sha256"])
        try:
            table = pq.read_table(pa.BufferReader(content))
            found = {
                name: table.column(name).to_pylist() for name in table.schema.names
            }
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.folder / RUNS_FILE) from error
        return {
            field.name: found[field.name]
            for field in fields(Run)
            if field.name in found
        }

    def _content(self, name: str, sha256: str) -> bytes:
        try:
            content = (self.folder / name).read_bytes()
        except OSError as error:
            raise _damaged(self.folder / name) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _damaged(self.folder / name)
        return content


@dataclass(frozen=True)
class ShippedStudy(ShippedRuns):
    """The study in its folder, with its curves."""

    kind: ClassVar[str] = STUDY

    def curve(self, run_id: str) -> Curve:
        """Return the raw curve of one run; empty when the study has none of it.

        Raises:
            StudyError: A file of curves cannot be read.
        """
        for path in self._curve_paths():
            for _, curve in _read_curves(path, only=run_id):
                return curve
        return Curve()

    def curves(self) -> Iterator[tuple[str, Curve]]:
        """Yield every run's id with its curve, ordered by id.

        Raises:
            StudyError: A file of curves is missing, damaged or of another study.
        """
        for path in self._curve_paths():
            self._content(path.name, self.facts["curves_sha256"][path.name])
            yield from _read_curves(path)

    def _curve_paths(self) -> list[Path]:
        return [self.folder / name for name in sorted(self.facts["curves_sha256"])]


def find_study(folder: Path | None = None) -> ShippedStudy | None:
    """Return the study that ships with the program, or None where there is none.

    Raises:
        StudyError: There is one, and it cannot be read.
    """
    folder = FOLDER if folder is None else folder
    facts = read_facts(folder / FACTS_FILE)
    if facts is None:
        return None
    if not isinstance(facts.get("curves_sha256"), dict):
        raise _damaged(folder / FACTS_FILE)
    return ShippedStudy(folder, facts)


def read_facts(path: Path) -> dict[str, Any] | None:
    """Return what is said of shipped runs; None without the file.

    Raises:
        StudyError: It cannot be read, or is of a newer program.
    """
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if facts.get("format", 0) > FORMAT_VERSION:
        raise StudyError(
            f"{path} is of a newer version of this program: install that version, or "
            "take the folder away."
        )
    if not isinstance(facts.get("runs_sha256"), str):
        raise _damaged(path)
    return facts


def _read_curves(path: Path, *, only: str | None = None) -> Iterator[tuple[str, Curve]]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = None if only is None else pc.field("run_id") == only
    try:
        table = pq.read_table(path, filters=wanted)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path) from error
    for row in table.to_pylist():
        yield (
            row["run_id"],
            Curve(
                tuple(row["losses"]),
                {
                    metric["name"]: tuple(
                        zip(metric["steps"], metric["values"], strict=True)
                    )
                    for metric in row["metrics"]
                },
            ),
        )


def recheck_study(stored: Mapping[str, tuple[str, int]]) -> tuple[int, list[str]]:
    """Judge the shipped curves again: how many there were, and what is wrong.

    `stored` is outcome and horizon of the study's runs in a store, by run id.
    """
    problems = []
    n_checked = 0
    try:
        study = find_study() if stored else None
        for run_id, curve in study.curves() if study else ():
            if run_id in stored:
                n_checked += 1
                outcome, horizon_steps = stored[run_id]
                problems.append(mislabelled(run_id, outcome, curve, horizon_steps))
    except StudyError as error:
        problems.append(str(error))
    return n_checked, [problem for problem in problems if problem]


def mislabelled(
    run_id: str, outcome: str, curve: Curve, horizon_steps: int
) -> str | None:
    """Say so when a stored outcome is not what the curve says; None when it is."""
    found = judge_curve(curve, horizon_steps).outcome
    if found == outcome:
        return None
    return f"{run_id} is stored as {outcome}, its curve says {found}"


def _damaged(path: Path) -> StudyError:
    return StudyError(
        f"{path} is missing or damaged, so the runs that ship with the program there "
        "are left out: install the program again to have them back."
    )

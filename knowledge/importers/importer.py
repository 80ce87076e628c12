"""What every importer takes and returns, and which importers there are.

What a file does not say is asked for and never guessed: a reader that lacks a field
returns it in `asked`, with no run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from knowledge.errors import BadValueError, ImportFileError
from knowledge.names import WorkloadName
from knowledge.records import Curve, Outcome, Run

AUTO = "auto"
# Name to module, loaded when used; the first that recognises a file has it.
FORMATS = {
    name: f"knowledge.importers.{module}"
    for name, module in {
        "parquet": "parquet_runs",
        "trainer_state": "trainer_state",
        "faceswap": "faceswap.runs",
        "tensorboard": "trackers.tensorboard",
        "mlflow": "trackers.mlflow",
        "wandb": "wandb",
        "optuna": "optuna",
        "nanogpt_log": "nanogpt_log",
        "ultralytics": "ultralytics",
        "lightning": "lightning",
        "keras": "keras",
        "csv": "csv_runs",
    }.items()
}
# Those that write a folder a run or a store, which is read as a whole.
FOLDER_FORMATS = ("mlflow", "wandb")
MAX_BYTES = 500 * 2**20


@dataclass(frozen=True)
class FileOptions:
    """What a person says of a file, beside what the file says.

    A workload's name, a metric and its goal are the person's to say, and so is the
    whole batch size of the log of one run; else what the file says holds. `map` names
    the column of a field, `outcome_of` the outcome of a state; `rows`: whether a row
    is a run (`runs`) or a moment of one (`history`).

    Raises:
        BadValueError: A value cannot be right.
    """

    workload: str | None = None
    batch_size: int | str | None = None
    learning_rate: float | str | None = None
    optimizer: str | None = None
    recipe: str | None = None
    metric: str | None = None
    goal: str | None = None
    devices: int | str | None = None
    accumulation: int | str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    rows: str | None = None
    outcome_of: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("batch_size", "devices", "accumulation"):
            _check_number(name, getattr(self, name), whole=True)
        _check_number("learning_rate", self.learning_rate, whole=False)
        _check_choice("goal", self.goal, ("min", "max"))
        _check_choice("rows", self.rows, ("runs", "history"))
        for state, outcome in self.outcome_of.items():
            _check_choice(f"outcome_of {state}", outcome, tuple(Outcome))
        if self.workload is not None:
            try:
                WorkloadName.parse(self.workload)
            except ValueError as error:
                raise BadValueError(
                    "workload", self.workload, expected=f"{error}."
                ) from None

    def says(self, name: str) -> str:
        """Return what was said of a field, as text; empty: nothing."""
        value = getattr(self, name)
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Missing:
    """One thing a file does not say, why it is needed or not found, and the option.

    `columns` are those of a table that may say it under a name that is not known.
    """

    field: str
    why: str
    option: str
    columns: tuple[str, ...] = ()


def missing(name: str, why: str, columns: Iterable[str] = ()) -> Missing:
    """Return what is asked for a field of `FileOptions`.

    >>> missing("batch_size", "no column says it").option
    '--batch-size N'
    """
    option = f"--{name.replace('_', '-')}"
    metavar = _METAVARS.get(name, name[0].upper())
    return Missing(name, why, f"{option} {metavar}", tuple(columns))


_METAVARS = {
    "batch_size": "N",
    "learning_rate": "X",
    "metric": "NAME",
    "goal": "min|max",
}


def asked_sentence(path: object, asked: Sequence[Missing]) -> str:
    """Return one sentence on what a file does not say, and how to say it.

    >>> asked_sentence("a.csv", [missing("workload", "no column says it")])
    'a.csv does not say the workload (no column says it): give --workload W.'
    """
    reasons: dict[str, list[str]] = {}
    for one in asked:
        reasons.setdefault(one.why, []).append(f"the {one.field.replace('_', ' ')}")
    lacks = "; ".join(f"{listed(fields)} ({why})" for why, fields in reasons.items())
    named = next((m.field for m in asked if m.columns and m.field in _METAVARS), None)
    other = f" A column of another name: --map {named}=COLUMN." if named else ""
    options = listed([m.option for m in asked])
    return f"{path} does not say {lacks}: give {options}.{other}"


def listed(names: Sequence[str]) -> str:
    """Return names as one reads them: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def shown(names: Iterable[str], *, most: int = 30) -> str:
    """Return names out of a file as they may stand in a sentence.

    >>> shown(["a", "b\\x0b" * 40], most=2)
    'a, b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?b?'
    """
    listed = ["".join(c if c.isprintable() else "?" for c in name) for name in names]
    return ", ".join(name[:40] for name in listed[:most])


@dataclass(frozen=True)
class ParsedFile:
    """The good rows as runs, and `(line, reason)` for each row left out.

    `curves` holds what is known of a run's way by its id, `notes` a sentence on what
    the file was taken for; `asked`, what it does not say: then there are no runs.
    """

    runs: tuple[Run, ...] = ()
    rejected: tuple[tuple[int, str], ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    asked: tuple[Missing, ...] = ()
    format: str = AUTO


class Importer(Protocol):
    """One format: a module of this room."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Whether the content is of this format; the name does not count.

        Of `FOLDER_FORMATS` folders are asked about too.
        """

    def read(self, path: Path, asked: FileOptions) -> ParsedFile:
        """Read its runs; ImportFileError says in a sentence why that cannot be."""


def importer_of(file_format: str) -> Importer:
    """Return the reader of a format; ImportFileError names those there are."""
    if file_format not in FORMATS:
        raise ImportFileError(
            f"Runs cannot be read from the format '{file_format}': name one of "
            f"{', '.join((AUTO, *FORMATS))}."
        )
    return cast(Importer, import_module(FORMATS[file_format]))


def load_text(path: Path) -> str:
    """Return a file's text: UTF-8, UTF-16 with its mark, else Windows' Latin.

    Raises:
        ImportFileError: No such file, too large, or no text.
    """
    content = load_bytes(path)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise not_runs(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def load_bytes(path: Path, *, most: int | None = None) -> bytes:
    """Return a file's bytes, or the first of them; ImportFileError as `load_text`."""
    try:
        if most is None and path.stat().st_size > MAX_BYTES:
            raise ImportFileError(
                f"{path} is larger than {MAX_BYTES // 2**20} MB: split it."
            )
        with path.open("rb") as file:
            return file.read(-1 if most is None else most)
    except FileNotFoundError as error:
        raise ImportFileError(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ImportFileError(f"{path} cannot be read: {why}.") from error


def not_runs(path: Path) -> ImportFileError:
    """The error for a file that holds no runs in any form that is known."""
    return ImportFileError(
        f"{path} is not a table of runs, nor the log of one: save it as CSV in UTF-8 "
        "or as Parquet, or see docs/how-to/import-runs.md."
    )


def _check_number(name: str, value: Any, *, whole: bool) -> None:
    if value is None:
        return
    expected = f"a {'whole' if whole else 'positive'} number, such as "
    expected += "16." if whole else "3e-4."
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadValueError(name, value, expected=f"give {expected}") from None
    if not 0 < number < 2**53 or not math.isfinite(number) or (whole and number % 1):
        raise BadValueError(name, value, expected=f"give {expected}")


def _check_choice(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise BadValueError(name, value, expected=f"give {' or '.join(choices)}.")

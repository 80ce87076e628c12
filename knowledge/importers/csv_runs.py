"""Runs from the contract's CSV or Parquet: one row is one run.

A row's id is the hash of its content and of its number among identical rows, so
importing a file twice adds nothing and 25 equal replicates add 25.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.errors import ImportFileError
from knowledge.importers.histories import gather_histories
from knowledge.importers.importer import ParsedFile
from knowledge.metrics import direction_of
from knowledge.names import WorkloadName
from knowledge.optimizers import canonical_optimizer
from knowledge.records import Outcome, Run, content_id

REQUIRED = (
    "workload optimizer batch_size learning_rate metric_name metric_value "
    "steps_or_tokens source"
).split()
OPTIONAL = "seed outcome failed_at_step device recipe goal batch_convention".split()
MAX_BYTES = 500 * 2**20
_MAX_TEXT = 200
AUTO = "auto"


def parse_runs(path: Path, file_format: str = AUTO) -> ParsedFile:
    """Read a table of runs; bad rows are rejected with line and reason.

    Args:
        path: Of the file.
        file_format: One of `FORMATS`; `auto`: as the file's name ends, else CSV.

    Raises:
        ImportFileError: No such format or file, not readable as a table, or columns
            missing.
    """
    if file_format == AUTO:
        ending = path.suffix.lower().removeprefix(".")
        file_format = ending if ending in _READERS else "csv"
    if file_format not in _READERS:
        raise ImportFileError(
            f"Runs cannot be read from the format '{file_format}': name one of "
            f"{', '.join(FORMATS)}."
        )
    rows = _READERS[file_format](path)
    runs, rejected = [], []
    seen: Counter[str] = Counter()
    for line, row in rows:
        try:
            values = _values(row)
        except ValueError as error:
            rejected.append((line, str(error)))
            continue
        content = content_id("row", values)
        occurrence = seen[content]
        seen[content] += 1
        run_id = content_id("run", {"content": content, "occurrence": occurrence})
        runs.append(_run(run_id, values))
    gathered, curves, notes = gather_histories(runs)
    return ParsedFile(tuple(gathered), tuple(rejected), curves, tuple(notes))


def _read_csv(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImportFileError(
                f"{path} is larger than {MAX_BYTES // 2**20} MB: split it."
            )
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise _unreadable(path, error) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    _check_columns(path, reader.fieldnames or ())
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise ImportFileError(f"{path}, line {reader.line_num}: {error}.") from error


def _read_parquet(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    import pyarrow.parquet as pq  # slow to load, and of this format alone

    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    _check_columns(path, table.column_names)
    for line, row in enumerate(table.to_pylist(), start=2):
        yield line, {k: "" if v is None else str(v) for k, v in row.items()}


_READERS = {"csv": _read_csv, "parquet": _read_parquet}
FORMATS = (AUTO, *_READERS)


def _unreadable(path: Path, error: Exception) -> ImportFileError:
    if isinstance(error, FileNotFoundError):
        return ImportFileError(f"There is no file {path}.")
    if isinstance(error, OSError) and error.strerror:
        return ImportFileError(f"{path} cannot be read: {error.strerror}.")
    return ImportFileError(
        f"{path} is not a table of runs: save it as CSV in UTF-8 or as Parquet."
    )


def _check_columns(path: Path, names: object) -> None:
    present = set(names)  # type: ignore[call-overload]
    missing = [name for name in REQUIRED if name not in present]
    if missing and any(";" in str(name) for name in present):
        raise ImportFileError(
            f"{path} separates its columns with ;, and a comma is needed: save it "
            "again with commas, and with points in numbers."
        )
    if missing:
        raise ImportFileError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}. "
            f"Needed: {', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}."
        )


def _values(row: Mapping[str, str | None]) -> dict[str, str | int | float | None]:
    """Check one row; ValueError says which value is wrong and how."""
    if None in row:
        raise ValueError("the row has more values than the header has columns")
    text = {k: (v or "").strip() for k, v in row.items()}
    name, metric = text["workload"], text["metric_name"]
    if len(max(text.values(), key=len)) > _MAX_TEXT:
        raise ValueError(f"a value is longer than {_MAX_TEXT} characters")
    WorkloadName.parse(name)
    if not text["optimizer"]:
        raise ValueError("optimizer is empty")
    if not text["source"]:
        raise ValueError("source is empty: say where the run comes from")
    outcome = text.get("outcome", "").lower() or None
    if metric and not text["metric_value"] and outcome is None:
        raise ValueError(
            f"metric_value is empty: without a value of {metric} the row says which "
            "rate was used, not how it went"
        )
    has_value = bool(metric and text["metric_value"])
    value = _number(text["metric_value"], "metric_value") if has_value else None
    if outcome is not None and outcome not in tuple(Outcome):
        raise ValueError(
            f"outcome '{outcome}' is not one of stable, degraded, diverged, incomplete"
        )
    if outcome is None and value is not None and not math.isfinite(value):
        outcome = "diverged"
    return {
        "workload": name,
        "optimizer": text["optimizer"].lower(),
        "batch_size": _whole(text["batch_size"], "batch_size", at_least=1),
        "learning_rate": _rate(text["learning_rate"]),
        "metric_name": metric or None,
        "metric_value": value if value is not None and math.isfinite(value) else None,
        "goal": _goal(text.get("goal", ""), metric),
        "steps": _steps(text["steps_or_tokens"]),
        "source": text["source"],
        "seed": _optional_whole(text.get("seed", ""), "seed"),
        "outcome": outcome,
        "failed_at_step": _optional_whole(
            text.get("failed_at_step", ""), "failed_at_step"
        ),
        "device": text.get("device", "").lower() or None,
        "recipe": text.get("recipe", "") or None,
        "batch_convention": _convention(text.get("batch_convention", ""), name),
    }


def _run(run_id: str, values: Mapping[str, str | int | float | None]) -> Run:
    outcome, written = values["outcome"], str(values["optimizer"])
    optimizer = canonical_optimizer(written)
    return Run(
        id=run_id,
        note=f"optimizer as written: {written}" if optimizer != written else None,
        **{  # type: ignore[arg-type]
            **values,
            "optimizer": optimizer,
            "outcome": Outcome(str(outcome)) if outcome else None,
            "horizon_steps": values["steps"],
        },
    )


def _number(text: str, name: str) -> float:
    if not text:
        raise ValueError(f"{name} is empty")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} '{text}' is not a number") from None


def _whole(text: str, name: str, *, at_least: int) -> int:
    value = _number(text, name)
    if not math.isfinite(value) or value != int(value) or not at_least <= value < 2**53:
        raise ValueError(f"{name} {text} is not a whole number of at least {at_least}")
    return int(value)


def _optional_whole(text: str, name: str) -> int | None:
    return _whole(text, name, at_least=0) if text else None


def _steps(text: str) -> int | None:
    """Steps, tokens or epochs as the source counts them; empty when not said."""
    if not text:
        return None
    value = _number(text, "steps_or_tokens")
    if not math.isfinite(value) or not 0 <= value < 2**63:
        raise ValueError(f"steps_or_tokens {text} is not a number of steps or tokens")
    return round(value) or None


def _rate(text: str) -> float:
    value = _number(text, "learning_rate")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"learning_rate {text} is not a positive number")
    return value


def _goal(text: str, metric: str) -> str | None:
    if text:
        if text.lower() not in ("min", "max"):
            raise ValueError(f"goal '{text}' is neither min nor max")
        return text.lower()
    if not metric:
        return None
    goal = direction_of(metric)
    if goal is None:
        raise ValueError(
            f"metric_name '{metric}' does not say whether more is better: "
            "add a goal column with min or max"
        )
    return goal


def _convention(text: str, workload: str) -> str:
    if text and text not in ("total", "per_side"):
        raise ValueError(f"batch_convention '{text}' is neither total nor per_side")
    return text or WorkloadName.parse(workload).batch_convention

"""Tables of runs with columns of any plain names, turned into the contract's rows.

A table with the contract's own columns goes through as it is. Else a column is taken
for a field by its plain name (`fields`), and what no column says is asked for.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.fields import (
    BROKEN_OFF,
    CUT_SHORT,
    direction,
    effective_batch,
    english,
    find_fields,
    metric_to_watch,
    metrics_among,
)
from knowledge.importers.histories import gather_histories
from knowledge.importers.importer import (
    FileOptions,
    Missing,
    ParsedFile,
    missing,
    shown,
)
from knowledge.importers.rows import REQUIRED, runs_of_rows
from knowledge.importers.tables import Row, Table, numbers

_LENGTH = "steps_or_tokens"
_PROSE = re.compile(r"\b(?:lr|learning[ _-]?rate)\b", re.IGNORECASE)
_TRIALS = {"number", "value", "state"}  # Optuna's, whatever the table is saved as
_LONGEST_NAME = 100
_ASKED_FOR = ("workload", "optimizer", "batch_size", "learning_rate")


@dataclass(frozen=True)
class _Reading:
    """What of a table means what: the column of each field, and the metric's name."""

    fields: Mapping[str, str]
    losses: tuple[str, ...]
    metric: str
    goal: str
    source: str
    asked: FileOptions


def runs_of_table(
    path: Path, table: Table, asked: FileOptions, *, source: str = "imported table"
) -> ParsedFile:
    """Read a table's rows as runs, or say what it does not tell.

    Raises:
        ImportFileError: No column is one of a run.
        BadValueError: `--map` or `--metric` names a column that is none.
    """
    columns = {_LENGTH if name == "steps" else name for name in table.columns}
    if set(REQUIRED) <= columns and not asked.map:
        rows = [(line, _as_it_is(row, asked)) for line, row in table.rows]
        return _gathered(rows, asked, ())
    reading = _read_columns(table, asked, source)
    lacks = _missing(path, table, reading)
    if lacks:
        return ParsedFile(asked=lacks)
    rows = [(line, _row(row, reading)) for line, row in _rows_to_read(table, reading)]
    return _gathered(rows, asked, list(_notes(table, reading)))


def _rows_to_read(table: Table, reading: _Reading) -> list[Row]:
    """The rows of the metric that is watched, those of one run after each other."""
    metric, name = reading.fields.get("metric_name"), reading.fields.get("run_name")
    rows = [
        (line, row)
        for line, row in table.rows
        if None in row
        or metric is None
        or (row[metric] or "").strip() in ("", reading.metric)
    ]
    if name is None:
        return rows
    first: dict[str, int] = {}
    for line, row in rows:
        first.setdefault(row[name], line)
    return sorted(rows, key=lambda one: first[one[1][name]])


def _gathered(
    rows: Sequence[Row],
    asked: FileOptions,
    notes: Sequence[str],
) -> ParsedFile:
    runs, rejected = runs_of_rows(rows)
    gathered, curves, said = gather_histories(runs, rows=asked.rows)
    return ParsedFile(tuple(gathered), tuple(rejected), curves, tuple([*notes, *said]))


def _as_it_is(row: Mapping[str, str], asked: FileOptions) -> Mapping[str, str]:
    """A row of the contract, its workload named and empty cells filled as asked."""
    said = {
        field: asked.says(field)
        for field in (*_ASKED_FOR, "recipe", "goal")
        if asked.says(field)
        and (field == "workload" or not (row.get(field) or "").strip())
    }
    # What `export` writes calls the length `steps`.
    return {_LENGTH: row.get("steps", ""), **row, **said}


def _read_columns(table: Table, asked: FileOptions, source: str) -> _Reading:
    mapped = dict(asked.map)
    if asked.metric in table.columns:
        mapped["metric_value"] = str(asked.metric)
    elif set(table.columns) >= _TRIALS:
        mapped.setdefault("metric_value", "value")
    fields = find_fields(table.columns, mapped)
    ranked = [
        name
        for name in metrics_among(table.columns, fields)
        if numbers(table.column(name))
    ]
    in_rows = _metrics_of_rows(table, fields)
    if in_rows:
        if asked.metric and asked.metric not in in_rows:
            expected = f"the rows have {shown(in_rows)}."
            raise BadValueError("metric", asked.metric, expected=expected)
        only = in_rows[0] if len(in_rows) == 1 else None
        metric = asked.metric or only or metric_to_watch(metrics_among(in_rows, {}))
    else:
        if "metric_value" not in fields:
            if asked.metric:
                expected = f"the columns are {shown(table.columns)}."
                raise BadValueError("metric", asked.metric, expected=expected)
            watched = metric_to_watch(ranked)
            fields |= {"metric_value": watched} if watched else {}
        metric = asked.metric or english(fields.get("metric_value", ""))
    return _Reading(
        fields,
        tuple(name for name in ranked if direction(name) == "min"),
        metric or "",
        asked.goal or direction(metric or "") or "",
        source,
        asked,
    )


def _missing(path: Path, table: Table, reading: _Reading) -> tuple[Missing, ...]:
    fields, asked = reading.fields, reading.asked
    said = {name for name, column in fields.items() if any(table.column(column))}
    if "total_batch" in said:
        said |= {"batch_size"}
    if not said & {"batch_size", "learning_rate", "metric_value"}:
        raise ImportFileError(
            f"{path} is not a table of runs: none of its columns "
            f"({shown(table.columns, most=10)}) is a batch size, a learning rate or a "
            "score; name them with --map FIELD=COLUMN."
        )
    lacks = [
        missing(name, _why(name, table), _may_say(name, table, fields))
        for name in _ASKED_FOR
        if name not in said and not asked.says(name)
    ]
    in_rows = _metrics_of_rows(table, fields)
    if in_rows and not reading.metric:
        lacks.append(missing("metric", f"it may be any of {shown(in_rows, most=9)}"))
    elif "metric_value" not in said and "outcome" not in said:
        columns = _may_say("metric", table, fields)
        lacks.append(missing("metric", _why_no_metric(table, fields), columns))
    elif "metric_value" in said and "goal" not in said and not reading.goal:
        why = f"nothing says whether more of {reading.metric} is better"
        lacks.append(missing("goal", why))
    return tuple(lacks)


def _metrics_of_rows(table: Table, fields: Mapping[str, str]) -> list[str]:
    """The metrics of a table whose rows name theirs."""
    if not {"metric_name", "metric_value"} <= fields.keys():
        return []
    return list(dict.fromkeys(filter(None, table.column(fields["metric_name"]))))


def _why(name: str, table: Table) -> str:
    why = "no column says it"
    if name != "learning_rate":
        return why
    for column in table.columns:
        if any(_PROSE.search(value) for value in table.column(column)[:1000]):
            return (
                f"{why}, and the text in '{shown([column])}', which mentions it, is "
                "not read"
            )
    return why


def _may_say(name: str, table: Table, fields: Mapping[str, str]) -> list[str]:
    """The columns that may say a field: those taken for no other, with its kind."""
    is_text = name in ("workload", "optimizer")
    return [
        column
        for column in table.columns
        if column not in fields.values()
        and any(values := table.column(column))
        and (is_text or numbers(values))
    ]


def _why_no_metric(table: Table, fields: Mapping[str, str]) -> str:
    known = metrics_among(table.columns, fields)
    if len(known) > 1:
        return f"it may be any of {shown(known, most=4)}"
    return "no column is a metric that is known"


def _row(row: Mapping[str, str], reading: _Reading) -> Mapping[str, str]:
    """One row of the contract, in text."""
    if None in row:
        return row
    asked = reading.asked
    said = {f: (row.get(column) or "").strip() for f, column in reading.fields.items()}
    metric = reading.metric
    value = said.get("metric_value", "")
    if not value and said.get("state", "").lower() in BROKEN_OFF:
        metric = ""
    return {
        "workload": asked.workload or said.get("workload", ""),
        "optimizer": said.get("optimizer") or asked.says("optimizer"),
        "batch_size": _batch(said, asked)[0] or asked.says("batch_size"),
        "learning_rate": said.get("learning_rate") or asked.says("learning_rate"),
        "metric_name": metric,
        "metric_value": value,
        "steps_or_tokens": _count(said.get("steps_or_tokens", "")),
        "source": said.get("source") or reading.source,
        "seed": _count(said.get("seed", "")),
        "outcome": _outcome(row, said, reading),
        "failed_at_step": _count(said.get("failed_at_step", "")),
        "device": _device(said.get("device", "")),
        "recipe": said.get("recipe") or asked.says("recipe"),
        "goal": (said.get("goal") or reading.goal) if metric else "",
        "batch_convention": said.get("batch_convention", ""),
        "run_name": said.get("run_name", "")[:_LONGEST_NAME],
    }


def _batch(said: Mapping[str, str], asked: FileOptions) -> tuple[str, str | None]:
    """The effective batch of a row, by its own cells, devices and accumulation."""
    return effective_batch(said, replace(asked, batch_size=None))


def _outcome(row: Mapping[str, str], said: Mapping[str, str], reading: _Reading) -> str:
    """What is said of a run's end, else what its losses say, else its state."""
    told = {one.lower(): outcome for one, outcome in reading.asked.outcome_of.items()}
    if outcome := said.get("outcome", "").lower():
        return told.get(outcome, outcome)
    losses = [said.get("metric_value", ""), *(row.get(c) or "" for c in reading.losses)]
    if any(not math.isfinite(value) for value in numbers(losses) or ()):
        return "diverged"
    state = said.get("state", "").lower()
    if state in told:
        return told[state]
    if state in ("diverged", "nan"):
        return "diverged"
    return "incomplete" if state in CUT_SHORT else ""


def _count(text: str) -> str:
    """A whole number that is no more than nice to know; else nothing."""
    try:
        value = float(text)
    except ValueError:
        return ""
    return str(round(value)) if math.isfinite(value) and 0 <= value < 2**53 else ""


def _device(text: str) -> str:
    kind = {"gpu": "cuda"}.get(text.lower().split(":")[0], text.lower().split(":")[0])
    return kind if kind in ("cpu", "cuda", "mps") else ""


def _notes(table: Table, reading: _Reading) -> Iterator[str]:
    fields, asked = reading.fields, reading.asked
    taken = [
        f"{field} from {column}"
        for field, column in fields.items()
        if field != "metric_value"
        and column != field
        and not (field == "workload" and asked.workload)
    ]
    if reading.metric:
        goes = {"min": "less is better", "max": "more is better"}.get(reading.goal)
        taken.append(f"the score is {reading.metric}{f' ({goes})' if goes else ''}")
    if taken:
        yield f"Read from the columns: {', '.join(taken)}."
    others = [m for m in _metrics_of_rows(table, fields) if m != reading.metric]
    if others:
        yield f"Rows of other metrics are not read: {shown(others, most=9)}."
    ways = Counter(
        way
        for _, row in table.rows
        if None not in row
        and (way := _batch({f: row[c] or "" for f, c in fields.items()}, asked)[1])
    )
    if ways:
        yield f"Batch sizes are examples per optimizer step, such as {min(ways)}."
    for field in _ASKED_FOR:
        column = fields.get(field, "")
        if column and asked.says(field) and any(table.column(column)):
            yield (
                f"The workload is {asked.workload}, whatever {column} says."
                if field == "workload"
                else f"{column} says the {field.replace('_', ' ')}: what you say of it "
                "holds where that is empty."
            )
    told = {one.lower() for one in asked.outcome_of}
    states = Counter(
        state
        for _, row in table.rows
        if None not in row
        and (said := {f: (row.get(c) or "").strip() for f, c in fields.items()})
        and (state := said.get("state", ""))
        and not _outcome(row, said, reading)
    )
    for state, count in states.items():
        if state.lower() in BROKEN_OFF and state.lower() not in told:
            yield (
                f"The state '{state}' of {count} run{'s' * (count > 1)} is no outcome "
                f"by itself: if they diverged, say --outcome-of {state}=diverged."
            )

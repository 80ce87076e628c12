"""The store's tables, filtered: rows to look at, counts, and files to download.

Names of tables and columns are from here; values go in as parameters.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from advisor.rates import rate_text
from advisor.service import Advisor
from knowledge.store.sql_box import QueryResult

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

ROWS_SHOWN = 1000
VALUES_OFFERED = 300
MOST_WHOLE = 2**63
# Table -> the columns it can be filtered by.
FILTERS: Mapping[str, tuple[str, ...]] = {
    "runs": ("workload", "outcome", "source"),
    "claims": ("workload", "kind", "source"),
    "trials": ("workload", "recipe"),
    "answers": ("intent",),
    "forecasts": ("workload", "basis"),
    "throughput": ("workload", "machine"),
    "jobs": ("workload", "state"),
    "workloads": ("family", "origin"),
}
# Table -> the columns to read first; the rest follow.
FIRST: Mapping[str, tuple[str, ...]] = {
    "runs": (
        *("workload", "batch_size", "learning_rate", "outcome", "failed_at_step"),
        *("steps", "metric_name", "metric_value", "optimizer", "recipe", "seed"),
        *("source", "id"),
    ),
    "claims": (
        *("workload", "batch_size", "learning_rate", "bound", "statement"),
        *("source_title", "reliability", "inferred", "kind", "at_tool_ceiling"),
    ),
    "answers": ("asked", "question", "text", "intent"),
    "forecasts": (
        *("made", "workload", "batch_size", "learning_rate", "probability_stable"),
        *("threshold_low", "threshold", "threshold_high", "basis", "job_id"),
    ),
    "throughput": (
        *("workload", "batch_size", "examples_per_second", "seconds_per_step"),
        *("n_workers", "device", "measured"),
    ),
    "jobs": ("state", "workload", "batch_size", "learning_rate", "started", "reason"),
}
ORDER: Mapping[str, str] = {
    "runs": "created desc nulls last, id",
    "claims": "workload nulls last, batch_size nulls last, id",
    "trials": "workload, recipe, batch_size, learning_rate",
    "answers": "asked desc",
    "forecasts": "made desc, id",
    "throughput": "workload, n_workers, batch_size, measured desc",
    "jobs": "created desc",
    "workloads": "name",
}


@dataclass(frozen=True)
class TableView:
    """A table and the values that its rows must have, by column; empty: all rows."""

    table: str
    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def where(self) -> tuple[str, list[Any]]:
        """Return the condition with its parameters."""
        parts, values = [], []
        for column, allowed in self.wanted:
            if column not in FILTERS[self.table]:
                raise ValueError(f"{self.table} is not filtered by {column}")
            if allowed:
                parts.append(f"{column} in (select unnest(?))")
                values.append(list(allowed))
        return " and ".join(parts) or "true", values


def values_of(advisor: Advisor, table: str, column: str) -> list[str]:
    """Return the values a table can be filtered by, in order."""
    if column not in FILTERS[table]:
        raise ValueError(f"{table} is not filtered by {column}")
    rows = advisor.store.rows(
        f"select distinct {column} from {table} where {column} is not null "
        f"order by 1 limit {VALUES_OFFERED}"
    )
    return [str(value) for (value,) in rows]


def count_rows(advisor: Advisor, view: TableView) -> int:
    """Return how many rows match."""
    where, values = view.where()
    rows = advisor.store.rows(
        f"select count(*) from {view.table} where {where}", values
    )
    return int(rows[0][0])


def load_rows(
    advisor: Advisor, view: TableView, *, limit: int | None = None
) -> pd.DataFrame:
    """Return the matching rows, the columns to read first in front."""
    where, values = view.where()
    cut = f" limit {int(limit)}" if limit is not None else ""
    found: pd.DataFrame = advisor.store.frame(
        f"select * from {view.table} where {where} order by {ORDER[view.table]}{cut}",
        values,
    )
    first = [c for c in FIRST.get(view.table, ()) if c in found.columns]
    rest = [c for c in found.columns if c not in first]
    return found[[*first, *rest]]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as a CSV file."""
    text: str = frame.to_csv(index=False)
    return text.encode()


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def result_frame(result: QueryResult) -> pd.DataFrame:
    """Return the rows of a query; columns of the same name are numbered.

    Lists, records and whole numbers beyond 64 bits come as text: Streamlit draws one
    type a column.
    """
    columns = (
        zip(*result.rows, strict=True) if result.rows else [()] * len(result.columns)
    )
    names = _unique(result.columns)
    return pd.DataFrame(
        {
            name: _of_one_type(values)
            for name, values in zip(names, columns, strict=True)
        }
    )


def _of_one_type(values: Sequence[Any]) -> list[Any]:
    """The values of a column as numbers, or else as text, with None where none is."""
    there = [value for value in values if value is not None]
    kinds = {type(value) for value in there}
    if kinds <= {bool} or kinds <= {str}:
        return list(values)
    if all(_is_number(value) for value in there):
        # A query says inf and nan in words: JSON has no such numbers.
        return [float(v) if isinstance(v, str) else v for v in values]
    return [None if v is None else _as_text(v) for v in values]


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value in ("inf", "-inf", "nan")
    if isinstance(value, int):
        return abs(value) < MOST_WHOLE and not isinstance(value, bool)
    return isinstance(value, float)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names with a number behind those that were there before.

    >>> _unique(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    found: list[str] = []
    for name in names:
        number, unique = 1, name
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found


def with_rates(frame: pd.DataFrame) -> "pd.DataFrame | Styler":
    """Return a table whose rates are shown as answers write them, and sort as numbers.

    Streamlit's own scientific format would show 6e-3 as 6E-3.
    """
    if "learning_rate" not in frame or frame.empty:
        return frame
    numbers = dict.fromkeys(frame.select_dtypes("float").columns, "{:.7g}")
    return frame.style.format({**numbers, "learning_rate": rate_text}, na_rep="")

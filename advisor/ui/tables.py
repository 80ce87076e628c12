"""The store's tables, filtered: rows to look at, counts, and files to download.

Names of tables and columns are from here; values go in as parameters.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.words import outcome_text, percent, title_of
from knowledge.store.sql_box import QueryResult

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

ROWS_SHOWN = 1000
VALUES_OFFERED = 300
MOST_WHOLE = 2**63
# Relative: it leads to wherever this app is served. What is read of it is the id.
RUN_LINK, RUN_LINK_TEXT = "runs?run=", r"run=(.+)$"
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
# What a column is called where it is not called by its name.
LABELS = {
    "workload": "model",
    "batch_size": "batch",
    "learning_rate": "rate",
    "outcome": "how it ended",
    "inferred": "our reading",
    "source_title": "source",
    "bound": "said",
    "stable": "held",
    "degraded": "got worse",
    "incomplete": "stopped early",
    "probability_stable": "chance to hold",
    "threshold": "limit",
    "threshold_low": "limit from",
    "threshold_high": "limit to",
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
_BOUNDS = {"stable": "held", "unstable": "failed"}
_WORDS: Mapping[str, Callable[[Any], str]] = {
    "workload": title_of,
    "bound": lambda bound: _BOUNDS.get(bound, bound),
}
_FORMATS: Mapping[str, Callable[[float], str]] = {
    **dict.fromkeys(
        ("learning_rate", "threshold", "threshold_low", "threshold_high"), rate_text
    ),
    "probability_stable": percent,
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


def shown(frame: pd.DataFrame) -> "pd.DataFrame | Styler":
    """Return a table in the words and numbers of every page; rates sort as numbers.

    Streamlit's own scientific format would show 6e-3 as 6E-3.
    """
    if frame.empty:
        return frame
    worded = frame.copy()
    if "outcome" in frame:
        failed = frame.get("failed_at_step", pd.Series([None] * len(frame)))
        worded["outcome"] = [
            outcome_text(outcome, step)
            for outcome, step in zip(
                _plain(frame["outcome"]), _plain(failed), strict=True
            )
        ]
    for column, words in _WORDS.items():
        if column in frame:
            worded[column] = [
                words(one) if one is not None else None for one in _plain(frame[column])
            ]
    numbers = dict.fromkeys(frame.select_dtypes("float").columns, "{:.7g}")
    formats = {c: f for c, f in _FORMATS.items() if c in frame}
    return worded.style.format({**numbers, **formats}, na_rep="")


def with_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the store as people read it, its rate as text."""
    rate = row.get("learning_rate")
    return {
        **row,
        "workload": title_of(row["workload"]),
        "learning_rate": rate_text(rate) if rate else None,
        "outcome": outcome_text(row.get("outcome"), row.get("failed_at_step")),
    }


def columns_shown(frame: pd.DataFrame) -> dict[str, Any]:
    """Return how each column is headed and shown, times by the browser's clock."""
    found: dict[str, Any] = {}
    for name in frame.columns:
        label = LABELS.get(name, name.replace("_", " "))
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            found[name] = local_time(label)
        elif pd.api.types.is_integer_dtype(frame[name]):
            found[name] = st.column_config.NumberColumn(label, format="localized")
        else:
            found[name] = label
    return found


def _plain(column: "pd.Series[Any]") -> list[Any]:
    return [None if pd.isna(one) else one for one in column]


def local_time(label: str, *, style: str = "calendar") -> Any:
    """Return a column of times as the browser's clock has them."""
    return st.column_config.DatetimeColumn(
        label, format=style, timezone=st.context.timezone
    )


def pick_rows(
    data: Any,
    ids: Sequence[str],
    *,
    key: str,
    several: bool = False,
    ticked: Sequence[str] = (),
    **options: Any,
) -> list[str]:
    """Draw a table; return the id of the row clicked now, or of all that are ticked.

    Nothing is returned while nothing new is chosen. A table's identity is that of its
    rows, so that a tick never slips to another run; what was clicked is read from the
    rows as they were then.
    """
    own, picked = f"{key}_{hash(tuple(ids))}", f"{key}_picked"

    def note() -> None:
        selection = st.session_state[own]["selection"]
        st.session_state[picked] = newly_chosen(ids, selection, key=own)

    places = [ids.index(one) for one in ticked if one in ids]
    event = st.dataframe(
        data,
        hide_index=True,
        key=own,
        placeholder="",
        on_select=note,
        selection_mode=["multi-row", "single-cell"] if several else "single-cell",
        selection_default={"selection": {"rows": places}} if several else None,
        **options,
    )
    noted: list[str] = st.session_state.pop(picked, [])
    return noted or newly_chosen(ids, event["selection"], key=own)


def newly_chosen(ids: Sequence[str], selection: Any, *, key: str) -> list[str]:
    """Return what was clicked or ticked since the table was last drawn."""
    chosen = (list(selection["rows"]), list(selection["cells"]))
    before = st.session_state.get(f"{key}_before")
    st.session_state[f"{key}_before"] = chosen
    rows, cells = chosen
    if chosen == before or (before is None and not cells):
        return []
    if cells and (before is None or cells != before[1]):
        return [ids[cells[0][0]]]
    return [ids[row] for row in rows]

"""A person's own SELECT: read-only, on a snapshot, in a child process with limits.

DuckDB's own limits do not hold inside one scalar call (measured).
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.errors import DamagedTablesError, QueryError
from knowledge.python_process import python_command, python_environment
from knowledge.store.store import Store

# The child's own limit is on the processor's time (sql_box_child.py). This one is for
# systems without it, and long: on a busy machine starting alone takes seconds.
TIMEOUT_SECONDS = 60.0
MAX_ROWS = 5_000
_CHILD = "knowledge.store.sql_box_child"


@dataclass(frozen=True)
class QueryResult:
    """Columns and rows as plain JSON values; `truncated` when more rows matched."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


def query_store(store: Store, sql: str, *, max_rows: int) -> QueryResult:
    """Run one SELECT on the newest tables; damaged ones are mended first.

    Raises as `run_query`.
    """
    generation = store.generation
    try:
        return run_query(store.snapshot_path, sql, max_rows=max_rows)
    except DamagedTablesError:
        store.mend(generation)
        return run_query(store.snapshot_path, sql, max_rows=max_rows)


def run_query(snapshot: Path, sql: str, *, max_rows: int = MAX_ROWS) -> QueryResult:
    """Run one SELECT on the snapshot and return its rows.

    Raises:
        QueryError: It is no single SELECT, it failed, or it took too long or too much.
        DamagedTablesError: The snapshot cannot be read.
    """
    try:
        done = subprocess.run(
            python_command(_CHILD, str(snapshot), str(max_rows)),
            input=sql.encode("utf-8", "replace"),
            env=python_environment({}),
            timeout=TIMEOUT_SECONDS,
            capture_output=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise QueryError(
            f"The query took more than {TIMEOUT_SECONDS:g} s and was stopped: "
            "ask for fewer rows or a simpler result."
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise QueryError(
            "The query needed more memory or time than it may have and was stopped: "
            "ask for fewer rows or a simpler result."
        ) from error
    if answer.get("damaged"):
        raise DamagedTablesError(snapshot, answer["error"])
    if "error" in answer:
        raise QueryError(answer["error"])
    return QueryResult(
        tuple(answer["columns"]),
        tuple(tuple(row) for row in answer["rows"]),
        answer["truncated"],
    )

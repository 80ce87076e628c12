"""The child of `sql_box`: one SELECT from stdin, one JSON document on stdout.

Run without the person's environment. Imports nothing of ours.
"""

import contextlib
import datetime
import decimal
import json
import math
import sys

import duckdb

MEMORY_BYTES = 1536 * 2**20
PROCESSOR_SECONDS = 5  # a busy machine takes longer, and stops no query for it
MAX_OUTPUT_BYTES = 8 * 2**20
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "lock_configuration": True,
    "memory_limit": "512MB",
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
}


def _limit() -> None:
    with contextlib.suppress(ImportError):  # there is no such module on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)


def _answer(snapshot: str, sql: str, max_rows: int) -> dict[str, object]:
    con = duckdb.connect(snapshot, read_only=True, config=CONFIG)
    statements = con.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return {
            "error": "Only one SELECT at a time is run here (also DESCRIBE, SUMMARIZE, "
            "SHOW); the tables are read-only."
        }
    con.execute(statements[0])
    columns = [c[0] for c in con.description]
    rows = con.fetchmany(max_rows + 1)
    return {
        "columns": columns,
        "rows": [[_plain(v) for v in row] for row in rows[:max_rows]],
        "truncated": len(rows) > max_rows,
    }


def main() -> None:
    """Answer the query on stdin; every failure becomes an `error` in the JSON."""
    snapshot, max_rows = sys.argv[1], int(sys.argv[2])
    sql = sys.stdin.buffer.read(100_000).decode("utf-8", "replace")
    _limit()
    try:
        text = json.dumps(_answer(snapshot, sql, max_rows), allow_nan=False)
        if len(text) > MAX_OUTPUT_BYTES:
            text = json.dumps({"error": "The result is too large: ask for fewer rows."})
    except MemoryError:
        text = '{"error": "The query needed too much memory: ask for fewer rows."}'
    except BaseException as error:
        first_line = (str(error) or type(error).__name__).split("\n")[0]
        document = {
            "error": f"The query failed: {first_line[:300]}",
            # Those of damaged files have no class of their own.
            "damaged": type(error) in (duckdb.Error, duckdb.IOException),
        }
        text = json.dumps(document)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()

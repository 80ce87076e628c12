"""Tables as people have them: of commas, semicolons or tabs, JSON Lines or Parquet.

Every value is text, numbers with a decimal comma turned into ones with a point.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import ImportFileError
from knowledge.importers.importer import load_bytes, load_text, not_runs
from knowledge.importers.json_lines import begins_as_json_lines, cells_of, rows_of

PARQUET = b"PAR1"
_HEAD = 2**16
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_NUL = "\0"
Row = tuple[int, Mapping[str, str]]


@dataclass(frozen=True)
class Table:
    """Column names and rows by line (the header, where there is one, is line 1).

    A row with more values than the header has columns holds the key None.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> list[str]:
        """Every value of a column, as text without spaces around it."""
        return [(row.get(name) or "").strip() for _, row in self.rows]


def load_table(path: Path) -> Table:
    """Read a table of text, JSON Lines or Parquet.

    Raises:
        ImportFileError: No such file, or it is none.
    """
    if is_parquet(path):
        return _load_parquet(path)
    text = load_text(path)
    if begins_as_json_lines(text):
        return _load_json_lines(path, text)
    separator = _separator(text)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        columns = tuple(name.strip() for name in reader.fieldnames or ())
        reader.fieldnames = columns
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ImportFileError(f"{path}, line {reader.line_num}: {error}.") from error
    if separator != ",":
        rows = [(line, _with_points(row)) for line, row in rows]
    return Table(columns, tuple(rows))


def header_of(path: Path) -> tuple[str, ...]:
    """Return the column names of a text table, or the keys of the first JSON Lines.

    Empty where the file is neither.
    """
    head = load_bytes(path, most=_HEAD)
    if head.startswith(PARQUET):
        return ()
    text = head.decode("utf-8-sig", errors="replace")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", errors="replace")
    if _NUL not in text and begins_as_json_lines(text):
        *lines, last = text.split("\n")
        cells = [cells_of(line) or {} for line in (lines or [last])]
        return tuple({name: None for row in cells for name in row})
    if _NUL in text or text.lstrip().startswith(("{", "[", "<")):
        return ()
    try:
        names = next(csv.reader(io.StringIO(text), delimiter=_separator(text)), [])
    except csv.Error:
        return ()
    return tuple(name.strip() for name in names) if len(names) > 1 else ()


def _load_json_lines(path: Path, text: str) -> Table:
    columns: dict[str, None] = {}
    rows = []
    for line, cells in rows_of(text):
        if cells is None:
            raise ImportFileError(f"{path}, line {line}: it is no JSON object.")
        columns |= dict.fromkeys(cells)
        rows.append((line, cells))
    empty = dict.fromkeys(columns, "")
    return Table(tuple(columns), tuple((line, {**empty, **row}) for line, row in rows))


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    return load_bytes(path, most=len(PARQUET)) == PARQUET


def _load_parquet(path: Path) -> Table:
    import pyarrow as pa  # slow to load, and of this format alone
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        rows = table.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise not_runs(path) from error
    return Table(
        tuple(table.column_names),
        tuple(
            (line, {k: "" if v is None else str(v) for k, v in row.items()})
            for line, row in enumerate(rows, start=2)
        ),
    )


def _separator(text: str) -> str:
    """What parts the columns: of a comma, a semicolon and a tab the most frequent."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max((",", ";", "\t"), key=bare.count)


def _with_points(row: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.replace(",", ".")
        if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip())
        else value
        for name, value in row.items()
    }


def logged(
    table: Table, step: str, *, names: Iterable[str]
) -> dict[str, tuple[tuple[int, float], ...]]:
    """Return columns of numbers as (step, value) pairs; empty cells are left out."""
    found = {}
    for name in names:
        cells = zip(table.column(step), table.column(name), strict=True)
        pairs = [(at, value) for at, value in cells if at and value]
        steps = numbers([at for at, _ in pairs])
        values = numbers([value for _, value in pairs])
        if steps and values and all(0 <= at < 2**53 for at in steps):
            found[name] = tuple(zip(map(int, steps), values, strict=True))
    return found


def numbers(values: Sequence[str]) -> list[float] | None:
    """Return values as numbers, without the empty ones; None if one is no number."""
    try:
        return [float(value) for value in values if value]
    except ValueError:
        return None

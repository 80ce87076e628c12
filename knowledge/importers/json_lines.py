"""JSON Lines, one object a row, as columns and cells of text (pure).

Keys of nested objects are joined by `/`: `{"config": {"lr": 1}}` has the column
`config/lr`. A list is one cell.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Cells = Mapping[str, str]


def begins_as_json_lines(text: str) -> bool:
    """Whether the first line of a text is one whole JSON object.

    >>> begins_as_json_lines('{"lr": 0.1}\\n'), begins_as_json_lines('{\\n"lr": 0.1}')
    (True, False)
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool(cells_of(first))


def rows_of(text: str) -> Iterator[tuple[int, Cells | None]]:
    """Return the rows by line, without empty ones; None for one that is no object."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, cells_of(line)


def cells_of(line: str) -> Cells | None:
    """Return what stands in one row by column; None where it is no JSON object.

    >>> cells_of('{"config": {"lr": 1e-3, "fused": true}, "loss": NaN, "tag": null}')
    {'config/lr': '0.001', 'config/fused': 'true', 'loss': 'nan', 'tag': ''}
    """
    if not line.lstrip().startswith("{"):
        return None
    try:
        row = json.loads(line)
        return dict(_flat(row)) if isinstance(row, dict) else None
    except (ValueError, RecursionError):
        return None


def _flat(row: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{under}{key}/")
        else:
            yield f"{under}{key}".strip(), _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    """A number, a truth or a list, as JSON has it; `NaN` in the words of Python."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)

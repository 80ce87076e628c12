"""What a tool returns, cut to what a language model can read at once (pure).

Long lists and texts lose their ends, and it says how much.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from knowledge.errors import QueryError

MOST_CHARS = 40_000
# Tried one after another until the whole fits: list items, rows, characters of a text.
_LIMITS = ((25, 100, 8_000), (10, 40, 2_000), (5, 10, 500), (3, 3, 100))
# What was asked for itself is shown longer than the ids it rests on.
_ROWS = ("rows", "jobs", "workloads", "columns")


def short_result(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's document with long lists and texts cut, as plain JSON values.

    Where a list was cut, its number of missing items stands beside it.

    Raises:
        QueryError: Even its shortest form is too long to be read.

    >>> short_result({"ids": list(range(30))})["ids_not_shown"]
    5
    """
    for limits in _LIMITS:
        short: dict[str, Any] = _short(document, *limits)
        if len(json.dumps(short, allow_nan=False)) <= MOST_CHARS:
            return short
    raise QueryError("The result is too large: ask for fewer rows or columns.")


def _short(value: Any, items: int, rows: int, chars: int, most: int = 0) -> Any:
    if isinstance(value, Mapping):
        return _short_mapping(value, items, rows, chars)
    if isinstance(value, list | tuple):
        # Inside another list, as in a row of a table, there is no place beside it.
        kept = [_short(v, items, rows, chars) for v in value[: most or rows]]
        left = len(value) - len(kept)
        return kept if most or not left else [*kept, f"... and {left} more"]
    if isinstance(value, str) and len(value) > chars:
        return f"{value[:chars]}... and {len(value) - chars} more characters"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _short_mapping(
    value: Mapping[str, Any], items: int, rows: int, chars: int
) -> dict[str, Any]:
    short: dict[str, Any] = {}
    for name, part in value.items():
        most = rows if name in _ROWS else items
        short[name] = _short(part, items, rows, chars, most)
        if isinstance(part, list | tuple) and len(part) > most:
            short[f"{name}_not_shown"] = len(part) - most
    return short

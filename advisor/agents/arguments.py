"""Arguments of a tool, as a program gave them -> values its schema allows (pure).

The schema that is checked is the one that is published. A number written as text is
read as the number; nothing else is guessed.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.errors import BadValueError

Properties = Mapping[str, Mapping[str, Any]]


def check_arguments(
    tool: str, properties: Properties, required: Sequence[str], given: object
) -> dict[str, Any]:
    """Return the arguments that were given and are not null, as their schema says.

    Args:
        tool: Its name, for the message.
        properties: A JSON schema for each argument.
        required: Those that must be there.
        given: What came in, by name.

    Raises:
        BadValueError: One is unknown, missing, or no such value.
    """
    if not isinstance(given, Mapping):
        raise BadValueError("arguments", given, expected="give them by name.")
    unknown = sorted(str(name) for name in set(given) - set(properties))
    if unknown:
        takes = ", ".join(properties) or "no arguments"
        raise BadValueError("argument", unknown[0], expected=f"{tool} takes {takes}.")
    present = {name: value for name, value in given.items() if value is not None}
    for name in required:
        if name not in present:
            raise BadValueError(name, "missing", expected=f"{tool} needs it.")
    return {name: _checked(name, properties[name], present[name]) for name in present}


def _checked(name: str, schema: Mapping[str, Any], value: object) -> Any:
    found = _of_kind(schema, value)
    if found is None:
        raise BadValueError(name, value, expected=f"give {_wanted(schema)}.")
    if isinstance(found, list):
        return [_checked(name, schema["items"], item) for item in found]
    return found


def _of_kind(schema: Mapping[str, Any], value: object) -> Any:
    """The value as its schema has it, or None if it is no such value."""
    kind = schema["type"]
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "string":
        return value if isinstance(value, str) and _text_fits(schema, value) else None
    if kind == "array":
        fits = isinstance(value, list) and _count_fits(schema, value)
        return value if fits else None
    return _number(schema, value)


def _text_fits(schema: Mapping[str, Any], value: str) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    return bool(value.strip()) and len(value) <= int(schema["maxLength"])


def _count_fits(schema: Mapping[str, Any], value: Sequence[object]) -> bool:
    return int(schema["minItems"]) <= len(value) <= int(schema["maxItems"])


def _number(schema: Mapping[str, Any], value: object) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or not (
        schema["minimum"] <= number <= schema["maximum"]
    ):
        return None
    if schema["type"] == "number":
        return number
    return int(number) if number.is_integer() else None


def _wanted(schema: Mapping[str, Any]) -> str:
    """What a schema allows, in words.

    >>> _wanted({"type": "integer", "minimum": 1, "maximum": 5000})
    'a whole number from 1 to 5,000'
    """
    kind = schema["type"]
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        least, most = schema["minItems"], schema["maxItems"]
        return f"a list of {least} to {most}, each {_wanted(schema['items'])}"
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    if kind == "string":
        return f"a text of at most {schema['maxLength']:,} characters"
    number = "a whole number" if kind == "integer" else "a number"
    return f"{number} from {schema['minimum']:,} to {schema['maximum']:,}"

"""Numbers and names as people give them -> values that can be right, or a clear error.

Everything that enters from outside passes here once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from advisor.rates import LEAST_LEARNING_RATE, MOST_LEARNING_RATE
from knowledge.errors import BadValueError, PlanError, SettingsError

MOST_STEPS = 10**15
MAX_BATCH_SIZE = 10_000_000
ODD_LEARNING_RATE = 1.0
DEVICES = ("cpu", "cuda", "mps")


def check_batch_size(batch_size: object) -> int:
    """Return a batch size that can be right, or raise BadValueError.

    >>> check_batch_size("16")
    16
    """
    expected = f"give a whole number from 1 to {MAX_BATCH_SIZE:,}."
    number = _number(batch_size)
    if number is None:
        raise BadValueError("batch_size", batch_size, expected=expected)
    if not math.isfinite(number) or number != int(number):
        raise BadValueError("batch_size", batch_size, expected=expected)
    if not 1 <= number <= MAX_BATCH_SIZE:
        raise BadValueError("batch_size", batch_size, expected=expected)
    return int(number)


def check_learning_rate(learning_rate: object) -> float:
    """Return a learning rate that can be right, or raise BadValueError."""
    expected = "give a positive number such as 1e-4."
    number = _number(learning_rate)
    if number is None or not math.isfinite(number) or number <= 0:
        raise BadValueError("learning_rate", learning_rate, expected=expected)
    if not LEAST_LEARNING_RATE <= number <= MOST_LEARNING_RATE:
        raise BadValueError(
            "learning_rate",
            learning_rate,
            expected="no program trains at such a rate; give one such as 1e-4.",
        )
    return number


def _number(value: object) -> float | None:
    """The number that was given, also as text; True and False are none."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more than 308 digits
        return math.inf
    except (TypeError, ValueError):
        return None


def odd_rate_warning(learning_rate: float) -> str | None:
    """Return a warning about a rate that is possible and hardly meant."""
    if learning_rate < ODD_LEARNING_RATE:
        return None
    return (
        f"A learning rate of {learning_rate:g} is far above any usual one: is the "
        "exponent missing (7e-5, say)?"
    )


def check_device(device: str | None) -> str:
    """Return the device asked about, or this machine's."""
    if device is None:
        return this_device()
    if device.lower() not in DEVICES:
        raise BadValueError(
            "device", device, expected=f"known are {', '.join(DEVICES)}."
        )
    return device.lower()


def this_device() -> str:
    """Return the device training would use here, without loading torch."""
    if Path("/proc/driver/nvidia/gpus").exists():
        return "cuda"
    return "cpu"


def parse_budget(text: str) -> float:
    """Return seconds from `120s`, `2m`, `1h` or a plain number of seconds.

    >>> parse_budget("2m")
    120.0
    """
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    unit = text[-1:].lower()
    digits = text[:-1] if unit in units else text
    try:
        seconds = float(digits) * units.get(unit, 1.0)
    except ValueError:
        raise SettingsError(
            f"budget '{text}' is not a length of time: write 120s, 2m or 1h."
        ) from None
    return seconds


@contextmanager
def reading_saved(what: str) -> Iterator[None]:
    """Read a document that a program of ours saved, perhaps an earlier version.

    Raises:
        PlanError: It lacks something, or holds what this version does not know.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PlanError(
            f"{what} was written by another version of this program, or is damaged: "
            "ask again for a new one."
        ) from error


def several(value: Any) -> list[Any]:
    """Return what was given: nothing, one value, or all of a list.

    >>> several(None), several(5), several((2, 5))
    ([], [5], [2, 5])
    """
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]

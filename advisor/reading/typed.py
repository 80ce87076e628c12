"""A condition as it was typed into a field -> its value (pure)."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from advisor.checks import MOST_STEPS
from advisor.reading.numbers import read_number
from knowledge.errors import BadValueError
from knowledge.recipes import RECIPES
from knowledge.records import PRECISIONS


def check_horizon(text: str) -> int:
    """Return a run length in steps as it was typed, or raise BadValueError.

    >>> check_horizon("20k"), check_horizon("20,000 steps")
    (20000, 20000)
    """
    number = read_number(re.sub(r"\s*(?:steps?|its?|iterations?)\s*$", "", text))
    whole = number is not None and number == number.to_integral_value()
    if number is None or not whole or not 1 <= number <= MOST_STEPS:
        raise BadValueError("horizon", text, expected="give steps such as 20000.")
    return int(number)


def check_risk(text: str) -> float:
    """Return a risk as it was typed, in per cent or as a share.

    >>> check_risk("5 %"), check_risk("0.05"), check_risk("5")
    (0.05, 0.05, 0.05)
    """
    expected = "give a percentage such as 5 %."
    try:
        number = float(text.replace("%", "").replace(",", ".").strip())
    except ValueError:
        raise BadValueError("risk", text, expected=expected) from None
    if "%" in text or number >= 1:
        number /= 100
    if not 0 < number < 1:
        raise BadValueError("risk", text, expected=expected)
    return number


def check_recipe(text: str) -> str:
    """Return a recipe's name as it was typed."""
    return _one_of(text, "recipe", RECIPES)


def check_precision(text: str) -> str:
    """Return a precision as it was typed."""
    return _one_of(text, "precision", PRECISIONS)


def _one_of(text: str, name: str, known: Iterable[str]) -> str:
    said = text.strip().lower()
    if said not in known:
        raise BadValueError(name, text, expected=f"known are {', '.join(known)}.")
    return said


CHECKS: Mapping[str, Callable[[str], Any]] = {
    "horizon_steps": check_horizon,
    "risk": check_risk,
    "recipe": check_recipe,
    "precision": check_precision,
}

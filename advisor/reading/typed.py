"""A run length or a risk as it was typed into a field -> its value (pure)."""

import re

from advisor.checks import MOST_STEPS
from advisor.reading.numbers import read_number
from knowledge.errors import BadValueError


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

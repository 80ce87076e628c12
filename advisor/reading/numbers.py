"""Every way in which people write a number, read exactly and replaced by a marker.

Values are Decimal, so that `65 micro`, `6,5e-5` and `0.000065` are one number. (To a
general unit library `2k` is two Boltzmann constants.)
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from advisor.reading.text import Mark

# Beyond what a float holds nothing is a batch size or a rate; it also keeps
# `1e999999999` from becoming an integer of that many digits.
_LARGEST_EXPONENT = 300

# A question holds a handful; what has more is a pasted log.
_MOST_NUMBERS = 100

_UNITS = "one two three four five six seven eight nine".split()
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORD_VALUES = {
    "zero": 0,
    "a": 1,
    **{word: i for i, word in enumerate(_UNITS, 1)},
    **{word: i for i, word in enumerate(_TEENS, 10)},
    **{word: 10 * i for i, word in enumerate(_TENS, 2)},
}
_SMALL = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)}|"
    rf"{'|'.join(_UNITS)}|zero)"
)
_WORDS = (
    rf"\b(?P<minus>(?:minus|negative)\s)?(?:(?P<hundreds>{_SMALL}|a) "
    rf"(?P<scale>hundred|thousand)(?:(?: and)? (?P<rest>{_SMALL}))?|(?P<dozen>a dozen|"
    rf"dozen)|(?P<small>{_SMALL}))\b"
)
# "one" is mostly no number ("which one", "not one number").
_ONE_IS_A_NUMBER = re.compile(r"batch(?: of| is|=|:| =)? ?$")

_POWER_OF_TEN = re.compile(
    r"(?<![\w.])(?:(?P<mantissa>\d+(?:[.,]\d+)?|\.\d+)\s?(?:x|\*|times)\s?)?(?:10|"
    r"ten)\s?(?:\^|\*\*|to the (?:power (?:of )?)?)\s?\(?(?P<minus>-|minus |negative "
    r")?(?P<exponent>\d{1,3}|[a-z]{3,6})\b\)?"
)
_FRACTIONS = {
    "micro": -6,
    "millionth": -6,
    "hundred thousandth": -5,
    "ten thousandth": -4,
    "milli": -3,
    "thousandth": -3,
}
# A minus sign follows a blank or "=", and no number ("8 -16" is a range).
_DIGITS = (
    r"(?<![\w.])(?P<sign>(?:minus|negative)\s|(?:(?<=[\s=:(\[,])|"
    r"^)(?<!\d\s)-(?=[\d.]))?(?P<mantissa>\d+(?:,\d+)*(?:\.\d+)?|"
    r"\.\d+)(?P<exponent>\.?e[-+]?\d+|\s?e\s?[-+]\s?\d+)?(?P<suffix>\s?(?:micro|milli|"
    r"millionth|(?:(?:ten|hundred)[ -])?thousandth)s?\b|\s?[kuμ](?![a-z]))?"
)
_ANY_NUMBER = re.compile(f"{_WORDS}|{_DIGITS}")
_BETWEEN_FACTORS = re.compile(r"(?<=\d)\s?[x*]\s?(?=\d)")


@dataclass(frozen=True)
class Number:
    """A number that was written, and how: "two" and "20k" are hardly batch sizes."""

    value: Decimal
    is_word: bool = False
    in_thousands: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is an integer."""
        return self.value == self.value.to_integral_value()

    @property
    def could_be_rate(self) -> bool:
        """Whether its size alone makes it a learning rate."""
        return 0 < self.value < 1


def read_number(text: str) -> Decimal | None:
    """Return the one number that the text consists of, or None.

    >>> read_number("6,5e-5") == read_number("65 micro") == Decimal("0.000065")
    True
    >>> read_number("thirty-two"), read_number("1,024"), read_number("5 apples")
    (Decimal('32'), Decimal('1024'), None)
    """
    marked, numbers = mark_numbers(text.strip().lower())
    if len(numbers) == 1 and marked.strip() == chr(Mark.FIRST_NUMBER):
        return numbers[0].value
    return None


def mark_numbers(text: str) -> tuple[str, list[Number]]:
    """Return the text with each number as one marker, and the numbers in that order.

    >>> [n.value for n in mark_numbers("thirty-two, 1,024 and 6,5e-5")[1]]
    [Decimal('32'), Decimal('1024'), Decimal('0.000065')]
    """
    text = _POWER_OF_TEN.sub(_write_power, text)
    text = _BETWEEN_FACTORS.sub(" x ", text)
    numbers: list[Number] = []

    def mark(match: re.Match[str]) -> str:
        if match["small"] == "one" and not _is_number_one(match):
            return match[0]
        found = _read_digits(match) if match["mantissa"] else _read_words(match)
        first = Mark.FIRST_NUMBER + len(numbers)
        if len(numbers) + len(found) > _MOST_NUMBERS:
            return " "
        numbers.extend(found)
        return f" {' , '.join(chr(first + i) for i in range(len(found)))} "

    return re.sub(" +", " ", _ANY_NUMBER.sub(mark, text)), numbers


def _is_number_one(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 12) : match.start()]
    return bool(_ONE_IS_A_NUMBER.search(before))


def _read_words(match: re.Match[str]) -> list[Number]:
    if match["dozen"]:
        value = 12
    elif match["small"]:
        value = _small_value(match["small"])
    else:
        scale = 100 if match["scale"] == "hundred" else 1000
        rest = _small_value(match["rest"]) if match["rest"] else 0
        value = _small_value(match["hundreds"]) * scale + rest
    return [Number(Decimal(-value if match["minus"] else value), is_word=True)]


def _small_value(words: str) -> int:
    return sum(_WORD_VALUES[word] for word in re.split("[- ]", words))


def _read_digits(match: re.Match[str]) -> list[Number]:
    """Read the mantissa's commas as a list, thousands or a decimal sign; scale it."""
    mantissa, exponent = match["mantissa"], match["exponent"] or ""
    parts = _split_commas(mantissa, has_exponent=bool(exponent))
    power = int(re.sub(r"[^-+\d]", "", exponent)[:12] or 0)
    suffix = (match["suffix"] or "").strip().replace("-", " ").rstrip("s")
    power += {"k": 3, "u": -6, "μ": -6, "": 0}.get(suffix, _FRACTIONS.get(suffix, 0))
    sign = -1 if match["sign"] else 1
    found = []
    for part in parts:
        if len(part) + abs(power) > _LARGEST_EXPONENT:
            return []
        value = sign * Decimal(part).scaleb(power)
        found.append(Number(value, in_thousands=suffix == "k"))
    return found


def _split_commas(mantissa: str, *, has_exponent: bool) -> list[str]:
    """Return the numbers that a run of digits, commas and a point stands for.

    `6,5` before an exponent and `0,0001` are decimals, `1,024` is a thousand and
    24, `8,16` and `128,256` (powers of two) are lists.
    """
    parts = mantissa.split(",")
    if len(parts) == 1:
        return parts
    if len(parts) == 2 and (has_exponent or parts[0].strip("0") == ""):
        return [parts[0] + "." + parts[1].replace(".", "")]
    in_thousands = len(parts[0]) <= 3 and all(
        len(part.split(".")[0]) == 3 for part in parts[1:]
    )
    if in_thousands and not all(map(_is_power_of_two, parts)):
        return ["".join(parts)]
    return parts


def _is_power_of_two(digits: str) -> bool:
    if not digits.isdigit() or digits.startswith("0") or len(digits) > 6:
        return False
    return int(digits) > 4 and int(digits) & (int(digits) - 1) == 0


def _write_power(match: re.Match[str]) -> str:
    """Write `1.5 x 10^-4` as `1.5e-4`."""
    exponent = match["exponent"]
    if not exponent.isdigit():
        if exponent not in _WORD_VALUES:
            return match[0]
        exponent = str(_WORD_VALUES[exponent])
    return f"{match['mantissa'] or '1'}e{'-' if match['minus'] else ''}{exponent}"

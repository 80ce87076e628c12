"""Every number in a piece of prose, with what it is said to be (pure).

`advisor/language/numbers.py` reads what a person may have meant. This reads what a
program wrote and must not let one number pass unseen: what it cannot read for certain
is reported as unreadable, and whoever asked refuses the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

RATE, BATCH, PROBABILITY, SHARE = "rate", "batch", "probability", "share"
STEPS, SECONDS, COUNT, EXPONENT = "steps", "seconds", "count", "exponent"
BETAS, OTHER = "betas", "other"
# These are known to the last digit, so no rounding of them is right.
_EXACT = (BATCH, STEPS, COUNT, OTHER)
_MOST_DIGITS = 40

_POWER = re.compile(
    r"(?<![\w.,])(?:(\d+(?:[.,]\d+)?|\.\d+)\s?[x*]\s?)?10\s?(?:\^|\*\*)\s?"
    r"\(?([-+]?\d{1,3})\b\)?"
)
_NUMERAL = re.compile(
    r"(?<![\w.,@])(?P<sign>(?<![\d)%] )(?<![\d)%])[-+])?"
    r"(?P<mantissa>\d+(?:,\d+)*(?:\.\d+)?|\.\d+)"
    r"(?P<exponent>\s?e\s?[-+]?\d+)?(?P<over>/\d+(?![\d.]))?"
    r"(?P<suffix>\s?%|\s?(?:percent|per cent|micro|milli|[ukμ])\b|[^\W\d_]+)?"
)
_POWERS = {"micro": -6, "u": -6, "μ": -6, "milli": -3, "k": 3}
_PERCENT = ("%", "percent", "per cent")
_SECONDS = {"ms": "0.001", "s": "1", "min": "60", "h": "3600"}
_TIME_WORD = re.compile(
    r"\s?(ms|s|min|h|sec|seconds?|minutes?|hours?)\b(?!\.?\s?\d)", re.ASCII
)
_TIME_WORDS = {"sec": "s", "second": "s", "minute": "min", "hour": "h"}

_UNITS = "zero two three four five six seven eight nine ten eleven twelve".split()
_SMALL = {"one": 1, **{w: n + (n > 0) for n, w in enumerate(_UNITS)}}
_LARGE = (
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty "
    "forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions dozen dozens percent"
).split()
_PARTS = (
    r"half|halves|halved?|halving|thirds?|quarters?|quartered|fifths?|sixths?|sevenths?|"
    r"eighths?|ninths?|tenths?|\w*hundredths?|thousandths?|millionths?|twice|doubl\w+|"
    r"tripl\w+|quadrupl\w+|\w+fold|nought|orders? of magnitude"
)
_WORD = re.compile(rf"\b(?:{'|'.join((*_SMALL, *_LARGE))}|{_PARTS})\b")
_HALF_OF_RUNS = re.compile(
    r"half(?:(?: of)?(?: all)?(?: the| these| its)? runs| fails?)\b"
)
_PRONOUN_ONE = re.compile(
    r"\b(?:the|this|that|which|no|any|every|each|safe|safer|highest|lowest|best|last|"
    r"first|same|only|other|another)\s$"
)
_THINGS = (
    r"runs?|reports?|observations?|claims?|workloads?|models?|sources?|answers?|rates|"
    r"batch sizes|octaves?|left out"
)
_COUNTED = re.compile(
    rf"\s(?:(?:of|the|related|reported|other|planned|verification|stored)\s){{0,3}}"
    rf"(?:{_THINGS})\b"
)
_AFTER_BATCH = re.compile(
    r"\b(?:batch(?:es)?(?:[\s-]sizes?)?|bs)\s?(?:of|is|are|at|to|from|between)?[=:]?\s?$"
)
_AFTER_CHANCE = re.compile(
    r"(?:\bp\([^)]*\)|probability|probabilities|chance|likelihood|odds)(?:\s(?:of|at|for)\s"
    r"\d[\d.,]*(?:e-?\d+)?)?[^.;\d\n]{0,40}$"
)
_BEFORE_CHANCE = re.compile(
    r"\s(?:of being |of staying )?(?:chance|probab|likel|stable|safe|sure|certain|"
    r"of (?:all |the )?runs)"
)
_AFTER_EXPONENT = re.compile(r"(?:\^|\bexponent\b[^.;\d\n]{0,25}|power of\s?)\(?$")
_AFTER_BETAS = re.compile(r"\b(?:betas?|momentum)\s?(?:of\s)?\(?$")
_AFTER_ADAM = re.compile(r"\b(?:adamw?|lamb|lion)\s?\(?$")
_AFTER_SCORE = re.compile(r"(?:loss|mse|accuracy|score)\w*\s?(?:of|is)?[=:]?\s?$")
_AFTER_STEP = re.compile(r"\bsteps?\s$")
_AFTER_SEED = re.compile(r"\bseeds?\s$")
_AFTER_RATE = re.compile(
    r"(?:\b(?:rates?|lr)\b\s?(?:of|is|at|to|=|:)?|\b(?:start|begin|stay|train)\w*\s"
    r"(?:at|with|from)|\b(?:use|using|try|set|choose|pick|take|say|with|near|around|"
    r"about)|[=:~])\s?$"
)
_OF_WIDTH = re.compile(r"[\s,and/\d]*of (?:each|the|its|full) width")
_SAME_LIST = re.compile(r"\s?(?:,|/|-|to|and|or|, and|, or)\s?")


@dataclass(frozen=True)
class Figure:
    """A number as written: its value, how exactly it was given, and what it is of.

    `step` is one unit of its last digit.
    """

    kind: str
    value: Decimal
    digits: int
    step: Decimal
    start: int
    end: int
    shown: str

    def is_rounded_from(self, source: Decimal) -> bool:
        """Whether it says a known number: the same, or that rounded to two digits up.

        >>> figure = read_figures("near 5.7e-5").figures[0]
        >>> figure.is_rounded_from(Decimal("5.71e-5"))
        True
        >>> read_figures("near 6e-5").figures[0].is_rounded_from(Decimal("5.71e-5"))
        False
        """
        if self.value == source:
            return True
        if self.kind in _EXACT or self.digits < 2:
            return False
        return abs(self.value - source) <= self.step / 2


@dataclass(frozen=True)
class Reading:
    """The text as it was read, its numbers in order, and what could not be read."""

    text: str
    figures: tuple[Figure, ...]
    unreadable: str | None = None


def read_figures(text: str, names: Iterable[str] = ()) -> Reading:
    """Return every number of a text in plain characters, with what it is of.

    Args:
        text: Tidied by `advisor.language.text.plain`.
        names: Words that hold digits and are no numbers (`realface@1/16`, ids).

    >>> [(f.kind, str(f.value)) for f in read_figures("6.5e-5 at batch 5").figures]
    [('rate', '0.000065'), ('batch', '5')]
    """
    lowered = _POWER.sub(lambda m: f"{m[1] or 1}e{m[2]}", text.lower())
    masked = _mask(lowered, names)
    figures: list[Figure] = []
    unreadable = None
    rest = list(masked)
    for match in _NUMERAL.finditer(masked):
        figure = _figure(match, masked, figures)
        if figure is None:
            unreadable = unreadable or match[0]
            continue
        figures.append(figure)
        rest[match.start() : match.end()] = " " * (match.end() - match.start())
    for match in _WORD.finditer(masked):
        word = _word_figure(match, masked)
        if word is None:
            unreadable = unreadable or _phrase(match, masked)
        elif word.kind != "none":
            figures.append(word)
    stray = next((c for c in rest if unicodedata.category(c).startswith("N")), None)
    return Reading(
        lowered, tuple(sorted(figures, key=lambda f: f.start)), unreadable or stray
    )


def _mask(text: str, names: Iterable[str]) -> str:
    """Blank out names letter by letter, so that places stay what they are."""
    for name in sorted({n.lower() for n in names}, key=len, reverse=True):
        pattern = rf"(?<![\w@/.-]){re.escape(name)}(?![\w@/-])"
        text = re.sub(pattern, lambda m: "\uf000" * len(m[0]), text)
    return text


# -- digits ----------------------------------------------------------------------------


def _figure(match: re.Match[str], text: str, before: Sequence[Figure]) -> Figure | None:
    mantissa = _decimal_text(match["mantissa"])
    suffix = (match["suffix"] or "").strip()
    if mantissa is None or len(match[0]) > _MOST_DIGITS:
        return None
    exponent = re.sub(r"[^-+\d]", "", match["exponent"] or "")
    if len(exponent) > 4:
        return None
    power = int(exponent or 0)
    scale = Decimal(1)
    if suffix in _POWERS:
        power += _POWERS[suffix]
    elif suffix in _PERCENT:
        power -= 2
    elif suffix in _SECONDS:
        scale = Decimal(_SECONDS[suffix])
    elif suffix:
        return None
    else:
        scale = _time_scale(text[match.end() :]) or scale
    number = Decimal(mantissa)
    step = Decimal(1).scaleb(min(0, int(number.as_tuple().exponent)))
    if match["over"]:
        below = int(match["over"][1:])
        if below == 0:
            return None
        number, scale = number / below, Decimal(1)
    sign = -1 if match["sign"] == "-" else 1
    return Figure(
        kind=_kind(match, text, suffix, number.scaleb(power), before),
        value=sign * (number * scale).scaleb(power),
        digits=len(mantissa.replace(".", "").lstrip("0")),
        step=(step * scale).scaleb(power),
        start=match.start(),
        end=match.end(),
        shown=match[0].strip(),
    )


def _decimal_text(mantissa: str) -> str | None:
    """Read the commas: thousands, or one decimal sign; anything else is in doubt."""
    if "," not in mantissa:
        return mantissa
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", mantissa):
        return mantissa.replace(",", "")
    if mantissa.count(",") == 1 and "." not in mantissa:
        return mantissa.replace(",", ".")
    return None


def _time_scale(after: str) -> Decimal | None:
    match = _TIME_WORD.match(after)
    if not match:
        return None
    unit = match[1].removesuffix("s") if len(match[1]) > 2 else match[1]
    return Decimal(_SECONDS[_TIME_WORDS.get(unit, unit)])


def _kind(
    match: re.Match[str],
    text: str,
    suffix: str,
    value: Decimal,
    before: Sequence[Figure],
) -> str:
    left, right = text[max(0, match.start() - 60) : match.start()], text[match.end() :]
    if suffix in _PERCENT:
        chance = _AFTER_CHANCE.search(left) or _BEFORE_CHANCE.match(right)
        return PROBABILITY if chance else SHARE
    if suffix in _SECONDS or _TIME_WORD.match(right):
        return SECONDS
    if re.match(r"\s?(?:steps?|iterations?)\b", right):
        return STEPS
    whole = value == value.to_integral_value() and not match["exponent"]
    if whole and not match["over"] and _COUNTED.match(right):
        return COUNT
    if match["over"] and _OF_WIDTH.match(right):
        return "width"
    for cue, kind in (
        (_AFTER_BATCH, BATCH),
        (_AFTER_CHANCE, PROBABILITY),
        (_AFTER_EXPONENT, EXPONENT),
        (_AFTER_BETAS, BETAS),
        (_AFTER_SCORE, "score"),
        (_AFTER_STEP, STEPS),
        (_AFTER_SEED, "seed"),
    ):
        is_apt = {BATCH: whole, PROBABILITY: not match["exponent"]}
        if cue.search(left) and is_apt.get(kind, True):
            return kind
    if right.startswith("/") and _AFTER_ADAM.search(left):
        return BETAS
    if match["sign"] == "-" or _opens_interval(match, text, before):
        return EXPONENT
    if before and _SAME_LIST.fullmatch(text[before[-1].end : match.start()]):
        kind = before[-1].kind
        if kind in (EXPONENT, BETAS) or (kind in (BATCH, STEPS) and whole):
            return kind
    if 0 < value < 1 or match["exponent"] or match["over"] or _AFTER_RATE.search(left):
        return RATE
    return OTHER


def _opens_interval(match: re.Match[str], text: str, before: Sequence[Figure]) -> bool:
    """Whether it is the low end in "batch^0.2 (90 %: 0.1 to 0.3)"."""
    if len(before) < 2 or before[-2].kind != EXPONENT or before[-1].kind != SHARE:
        return False
    opened = text[before[-2].end : before[-1].start].strip() == "("
    return opened and text[before[-1].end : match.start()].strip() == ":"


# -- words -----------------------------------------------------------------------------


def _word_figure(match: re.Match[str], text: str) -> Figure | None:
    """A count in words, or a figure of kind "none" where the word is no number."""
    word, left = match[0], text[max(0, match.start() - 20) : match.start()]
    kind = "none"
    if word == "half":
        harmless = _HALF_OF_RUNS.match(text, match.start())
    elif word == "percent":
        harmless = re.search(r"\d\s?$", left)
    elif word == "one" and _PRONOUN_ONE.search(left):
        harmless = match
    else:
        harmless = _COUNTED.match(text, match.end()) if word in _SMALL else None
        kind = COUNT
    if not harmless:
        return None
    value = Decimal(_SMALL.get(word, 0))
    return Figure(kind, value, 1, Decimal(1), match.start(), match.end(), word)


def _phrase(match: re.Match[str], text: str) -> str:
    """The word with the number words around it: "one tenth"."""
    found = [m for m in _WORD.finditer(text) if abs(m.start() - match.start()) < 20]
    start, end = min(m.start() for m in found), max(m.end() for m in found)
    return text[start:end]

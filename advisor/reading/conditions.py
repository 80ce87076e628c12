"""For how many steps, at what risk, and in which setting an answer is to hold.

Only what is wanted counts. A length that is reported ("after 30k its it went blurry")
does not say how long somebody wants to train, so a length needs a word of wanting, or
a place of its own ("realface batch 5, 20k steps").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from advisor.reading.numbers import Number
from advisor.reading.text import NAME, Mark
from advisor.reading.text import NUMBER as N

_LARGEST_HORIZON = 10**15
_FEWEST_SHORT = 100  # "20 it is" agrees to twenty, "20k it is" are iterations
_HALF = Decimal("0.5")
_SMALLEST_BARE = Decimal("0.005")  # without a sign of percent less is a rate


@dataclass(frozen=True)
class Conditions:
    """What an answer is to hold for; None where nothing was said.

    `risk` is the accepted probability of a failure.
    """

    horizon_steps: int | None = None
    risk: float | None = None
    recipe: str | None = None
    precision: str | None = None

    @property
    def said(self) -> dict[str, int | float | str]:
        """Those that were said, by name."""
        return {name: v for name, v in vars(self).items() if v is not None}

    @property
    def setting(self) -> "Conditions":
        """Of them what names the setting: recipe and precision."""
        return Conditions(recipe=self.recipe, precision=self.precision)

    def filled_up(self, other: "Conditions") -> "Conditions":
        """These, and from another what they leave unsaid."""
        return replace(other, **self.said)  # type: ignore[arg-type]


UNCONDITIONAL = Conditions()


def read_conditions(marked: str, numbers: Sequence[Number]) -> Conditions:
    """Return the conditions of a text whose names and numbers are markers."""
    return Conditions(_read_horizon(marked, numbers), _read_risk(marked, numbers))


def _number(numbers: Sequence[Number], mark: str) -> Number:
    return numbers[ord(mark) - Mark.FIRST_NUMBER]


# -- run length ------------------------------------------------------------------------

_CLAUSE_END = re.compile(r"[.,;:?!()\n]+")
_UNIT = r"(?:it(?P<short>s| is)?|iters?|iterations?|steps?|updates)\b"
_LENGTH = re.compile(
    rf"(?P<n>{N}) ?(?P<times>k|thousand|m|mio|million)? ?(?:training |train |more )?"
    rf"(?:{_UNIT}(?! ?(?:/|per\b|a (?:second|sec|minute|min)\b|of (?:accum|warm|{N})|"
    r"warm|accum|in\b(?! total| all)))|(?P<bare>(?= ?(?:$|(?:on|at|with|for|tops|max|"
    r"only|is|total|or|runs?|long|training)\b))))"
)
_TIMES = {"k": 1_000, "thousand": 1_000, "m": 10**6, "mio": 10**6, "million": 10**6}
_FILLER = r"(?:about|around|some|a|the|another|only|just|roughly|say|like|~|up to)"
_WANTED_BEFORE = re.compile(
    r"\b(?:for|over|within|in|horizon(?: of| is| =| to)?|horizon|only|just|time for|"
    r"limit(?: of| is)?|max(?:imum)?|at most|no more than|what about|how about|and|"
    rf"train(?:ing)?|length(?: of| is)?|runs?(?: of)?)(?: {_FILLER})*[ =~]*$"
)
_LONGED_FOR = re.compile(r"\b(?:for|over|horizon|like|what about|how about|time for)\b")
_PLANS = re.compile(
    r"\b(?:can|could|want|wanna|plan\w*|going to|gonna|need|must|will|intend|have time|"
    r"time for|stop (?:at|after)|budget|leave it|let it|if i|long|horizon)\b"
)
_WANTED_AFTER = re.compile(
    r"^ ?(?:total|in total|max\w*|tops|only|long|run|training|horizon|planned|budget)\b"
)
_REPORTED = re.compile(
    r"\b(?:ran|trained|went|was|were|had|held|worked|survived|diverged|failed|blew|saw|"
    r"got|became|looked|stayed|did|lost|left|used|jumped|started|came|turned|gave|"
    r"broke|collapsed|crashed|exploded|been|done|loss|losses|i am at|he|she|his|her|"
    r"spik\w*|converge|preview)\b"
)
_REPORTED_AT = re.compile(
    r"(?<!stop )\b(?:after|since|at|around|round|by|past|from|until|till|first|last|"
    r"next|every|each|per|step|warm-?up(?: of| for)?|accum\w*|came back in)"
    rf"(?: {_FILLER})* ?~?$"
)
_OVER = re.compile(r"\b(?:ago|already|so far|he says|she says)\b")
# "realface b5 20k steps": nothing but what is asked about.
_EMPTY = re.compile(
    rf"^(?:[\s~=@/-]|{NAME}|{N}|[{Mark.CPU}-{Mark.CUDAS}{Mark.OPTIMIZER}]|\b(?:about|only|"
    r"just|max|for|and|then|or|total|batch|lr|on|with|a|the|what|which|please|what's|"
    r"is|best|good|need|give|me)\b)*$"
)


def _read_horizon(marked: str, numbers: Sequence[Number]) -> int | None:
    """The first length that is wanted."""
    start = 0
    for end in [*(m.start() for m in _CLAUSE_END.finditer(marked)), len(marked)]:
        clause = _CLAUSE_END.sub(" ", marked[start:end])
        start = end
        for match in _LENGTH.finditer(clause):
            steps = _steps(match, numbers)
            if steps is not None and _is_wanted(clause, match, marked):
                return steps
    return None


def _steps(match: re.Match[str], numbers: Sequence[Number]) -> int | None:
    """How many steps were written, if it is a number of steps."""
    number = _number(numbers, match["n"])
    if match["bare"] is not None and not (number.in_thousands or match["times"]):
        return None
    value = number.value * _TIMES.get(match["times"] or "", 1)
    if value != value.to_integral_value() or not 1 <= value <= _LARGEST_HORIZON:
        return None
    is_short = "short" in match.groupdict() and match["short"] == " is"
    return None if is_short and value < _FEWEST_SHORT else int(value)


def _is_wanted(clause: str, match: re.Match[str], text: str) -> bool:
    before, after = clause[: match.start()], clause[match.end() :]
    if _REPORTED.search(before) or _REPORTED_AT.search(before) or _OVER.search(after):
        return False
    if match["bare"] is not None:
        return bool(_WANTED_BEFORE.search(before) and _LONGED_FOR.search(before))
    if _WANTED_BEFORE.search(before) or _WANTED_AFTER.search(after):
        return True
    if _PLANS.search(before):
        return True
    return bool(_EMPTY.match(before) and _EMPTY.match(after)) and not _REPORTED.search(
        text
    )


# -- risk ------------------------------------------------------------------------------

_SHARE = rf"(?P<p>{N}) ?(?P<unit>%|percent|per cent|pct)?"
_FAILING = (
    r"(?:fail\w*|diverg\w*|break\w*|blow\w*|collaps\w*|nans?|going wrong|explod\w*|"
    r"crash\w*|losing it|loss of (?:the|a) run)"
)
_HOLDING = r"(?:success|hold\w*|surviv\w*|stability|staying stable|stable|going well)"
_LINK = r"(?:of|is|=|:|up to|about|under|below|at most|max|level|tolerance|only)"
# The tidied text may have "change" for "chance".
_CHANCE = r"(?:chan[cg]e|probability|odds)"
_RISK = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\brisk(?: ?{_LINK})* ?{_SHARE}",
        rf"{_SHARE}(?: of)? (?:the |a )?(?:risk\b|failure|{_CHANCE} "
        rf"(?:of|that it|it|to)(?: \w+)? ?{_FAILING})",
        rf"{_SHARE}(?<=[%t])(?: of (?:the |my )?runs)?(?: may| can| could| might)? "
        rf"{_FAILING}",
        rf"\b{_FAILING} (?:in )?(?:at most |about |only )*{_SHARE}(?<=[%t])",
    )
)
_SAFE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_SHARE} ?(?:sure|safe|safety|certain|certainty|confident|stable|"
        rf"p ?\( ?stable ?\)|{_CHANCE} (?:of|that it|it|to)(?: \w+)? ?{_HOLDING})\b",
        rf"\bp ?\( ?stable ?\)(?: ?(?:of|is|at|=|>=|>|least|above|over))* ?{_SHARE}",
        rf"\b(?:safe|sure|certain)\w*[ ,:=-]+(?:to )?{_SHARE}(?<=[%t])",
    )
)
_ONE_IN = re.compile(
    rf"(?:(?P<one>{N})|\b(?:one|a)) (?:run )?(?:in|out of|of) (?P<all>{N})"
)
_OF_FAILING = re.compile(rf"\b(?:risk|{_FAILING})")


def _read_risk(marked: str, numbers: Sequence[Number]) -> float | None:
    """The risk that is accepted; "99 % sure" and "safe: 1 %" are one per cent."""
    if (one := _one_in(marked, numbers)) is not None:
        return one
    for patterns, is_safe in ((_RISK, False), (_SAFE, True)):
        for pattern in patterns:
            match = pattern.search(marked)
            share = _share(match, numbers, is_safe=is_safe) if match else None
            if share is None or (match and not _is_meant(match, numbers)):
                continue
            # Nobody wants to be one per cent sure.
            return float(1 - share if is_safe and share > _HALF else share)
    return None


def _is_meant(match: re.Match[str], numbers: Sequence[Number]) -> bool:
    """Whether a whole number is a share: "risk 5" is, "batch 12 risk" has none."""
    number = _number(numbers, match["p"])
    return bool(match["unit"]) or number.value < 1 or match[0].startswith("risk")


def _one_in(marked: str, numbers: Sequence[Number]) -> float | None:
    """The risk of "one run in twenty may fail"."""
    match = _ONE_IN.search(marked)
    if match is None or not _OF_FAILING.search(marked):
        return None
    one = _number(numbers, match["one"]).value if match["one"] else Decimal(1)
    of = _number(numbers, match["all"]).value
    return round(float(one / of), 6) if 0 < one < of else None


def _share(
    match: re.Match[str], numbers: Sequence[Number], *, is_safe: bool
) -> Decimal | None:
    """A share between 0 and 1; "risk 5" is five per cent, "risk 0.05" too."""
    value = _number(numbers, match["p"]).value
    if match["unit"]:
        value /= 100
    elif is_safe and not _HALF < value < 1:
        return None  # "batch 6 safe", "1e-4 stable"
    elif value >= 1:
        value /= 100
    elif value < _SMALLEST_BARE:
        return None
    return value if 0 < value < 1 else None

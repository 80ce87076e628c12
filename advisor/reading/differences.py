"""Whether a text asks if a difference is real, or how many runs would tell (pure).

Its patterns stand here and not among the cues: only where two settings are named, or
two lists of scores, does "is that noise?" ask for a test.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from advisor.reading.sides import COUNTED, mark_text, read_sides
from advisor.reading.text import NUMBER as N
from advisor.reading.text import Mark

_THING = (
    r"(?:difference|differ|gap|improvement|gain|margin|effect|win|advantage|edge|boost)"
)
_SUBJECT = rf"(?:{_THING}s?|that|this|it|they|those|these|one|result)"
# "chance" is respelled as the commoner "change" before it gets here.
_ASKED = re.compile(
    "|".join(
        (
            rf"\b{_THING}\b[^.?!\n]{{0,40}}\b(?:real|significan\w+|meaningful|"
            r"chan[cg]e|luck|lucky|random\w*|trust|matters?|genuine|robust|noise)\b",
            r"\b(?:real|significant|meaningful|genuine|true|actual|reliable) "
            rf"{_THING}\b",
            rf"\b(?:is|are|was|were|isn't|could|can|might|may) {_SUBJECT}[^.?!\n]"
            r"{0,30}\b(?:real|significan\w+|meaningful|noise|luck|lucky|chan[cg]e|random\w*|"
            r"fluke|coincidence|robust)\b",
            r"\b(?:just|only|mere|merely|within|inside|above|beyond|pure|plain|all) "
            r"(?:the |a |my )?(?:seed |run to run |run-to-run |random )?"
            r"(?:noise|luck|chan[cg]e|randomness|variance|fluke|error bars?)\b",
            r"\bnoise or (?:real|not|signal|luck)\b|\breal or (?:noise|not|luck|just|"
            r"chan[cg]e|random)\b|\bsignal or noise\b|\bor (?:just |only |is it |"
            r"is that |am i |did i )*(?:just |only )?(?:noise|luck|chan[cg]e|random|"
            r"lucky|seed)",
            r"\bstatistical(?:ly)?\b|\bp[- ]?values?\b|\bsignifican(?:t|tly|ce)\b|"
            r"\bt[- ]test\b|\bnoise floor\b|\bby chan[cg]e\b|\blucky seeds?\b",
            r"\b(?:distinguish\w*|tell\w*|told) (?:\w+ ){0,4}?(?:apart|from noise)\b|"
            r"\b(?:in)?distinguishable\b",
            r"\b(?:really|truly|actually|genuinely|reliably|definitely|consistently|"
            r"clearly|honestly) (?:any |that much |much )?(?:better|worse|"
            r"different|higher|lower|beats?|beating|wins?)\b",
            r"\b(?:trust|believe|rely on) (?:that|this|the) (?:\w+ )?"
            rf"(?:{_THING}|result|ranking|order)\b",
        )
    )
)
_HOW_MANY = re.compile(
    rf"\bhow many (?:more |extra |additional |other |further )?{COUNTED}\b[^.?!\n]"
    r"{0,70}\b(?:tell|needed|need|enough|sure|certain|know|decide|distinguish|see|"
    r"show|prove|significan\w+|trust|apart|settle|convincing|conclude)\b|"
    rf"\b(?:are|is) (?:my )?{N} {COUNTED} enough\b|\bhow many more\b\W*$|"
    rf"\benough {COUNTED}\b"
)
_ABOUT_TWO = re.compile(
    r"\b(?:differ\w*|apart|better|significan\w+|compare|comparing|two|noise|gap|"
    r"distinguish)\b"
)
# What asks it only where scores stand beside two settings.
_WITH_SCORES = re.compile(
    r"\bmatters?\b|\b(?:which|what)(?: one| of them| of the two| is|'s)* (?:is )?"
    r"(?:the )?(?:better|winner|best)\b|\b(?:is|are|was|does|do)\b[^.?!\n]{0,60}"
    r"\b(?:better|worse|different|differ|win|wins|real|enough)\b|"
    r"\breal\b|\bworth\b|\bnoise\b|\bconclude\b|\bsure\b|\btrust\b|\bsay\b"
)
_THAN = re.compile(rf"\b(?:better|worse) (?:choice |pick )?than (?:an? )?(?:\w+ )?{N}")


class Asks(StrEnum):
    """What a text wants to know of a difference."""

    IS_IT_REAL = "is_it_real"
    HOW_MANY_RUNS = "how_many_runs"


def asks_of(
    text: str, known: Sequence[str] = (), *, follows_two: bool = False
) -> Asks | None:
    """Return what a text asks of a difference; None if it asks something else.

    `follows_two`: the turn before named two settings, which "is that real?" is about.

    >>> asks_of("is 1e-3 really better than 5e-4 at batch 32 on digits_mlp?")
    <Asks.IS_IT_REAL: 'is_it_real'>
    >>> asks_of("what lr for realface at batch 5?")
    """
    marked, _, _ = mark_text(text, known)
    if _HOW_MANY.search(marked) and (_ABOUT_TWO.search(marked) or len(marked) < 60):
        return Asks.HOW_MANY_RUNS
    sides = read_sides(text, known)
    if sides is None:
        is_about_them = follows_two and bool(_ASKED.search(marked))
        return Asks.IS_IT_REAL if is_about_them else None
    is_asked = bool(_ASKED.search(marked) or _THAN.search(marked))
    if sides.has_scores:
        is_asked |= bool(_WITH_SCORES.search(marked))
        is_asked &= "?" in text or bool(_ASKED.search(marked)) or _is_a_request(marked)
    elif not sides.has_settings:
        return None
    return Asks.IS_IT_REAL if is_asked else None


def _is_a_request(marked: str) -> bool:
    return bool(re.search(r"\b(?:is|are|does|do|which|tell me|should|can)\b", marked))


@dataclass(frozen=True)
class Effect:
    """A difference to tell and the spread from run to run, in one unit."""

    difference: float
    spread: float


_DIFFERENCE_OF = re.compile(
    rf"\b{_THING}s? (?:of |is |= ?|as small as |around |about )*(?P<after>{N})|"
    rf"(?P<before>{N}) ?(?:% |points? )?{_THING}\b"
)
_SPREAD_OF = re.compile(
    r"\b(?:std|stdev|standard deviation|spread|noise|variation|scatter)\b"
    rf"(?: (?:from|of|between|across|over|the|seeds?|runs?|to|run)\b)*"
    rf"(?: ?(?:is|of|=|:|about|around|~))* ?(?P<after>{N})"
)


def read_effect(text: str) -> Effect | None:
    """Return the difference and the spread that a text names; None without both.

    >>> read_effect("seed std is 0.4, how many seeds to see a difference of 0.3?")
    Effect(difference=0.3, spread=0.4)
    """
    marked, numbers, _ = mark_text(text, ())
    found = []
    for pattern in (_DIFFERENCE_OF, _SPREAD_OF):
        match = pattern.search(marked)
        mark = match and (match["after"] or match.groupdict().get("before"))
        value = float(numbers[ord(mark) - Mark.FIRST_NUMBER].value) if mark else 0.0
        found.append(value)
    return Effect(*found) if min(found) > 0 else None

"""Sentences of a wording, with what each rate in them is tied to (pure).

Grammar is not read, only order: what stands beside a rate is said of it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from advisor.language_model.facts import Facts
from advisor.language_model.figures import (
    BATCH,
    COUNT,
    PROBABILITY,
    RATE,
    STEPS,
    Figure,
    Reading,
)
from advisor.wording import title_of

WORKLOAD, VERDICT = "workload", "verdict"
TIED = (BATCH, WORKLOAD, PROBABILITY, STEPS, VERDICT)

_SEGMENT_END = re.compile(
    r"[()]|[,:]\s+(?=[^\d\s-])|\s-\s|\b(?:while|whereas|but|because|since|so|though|"
    r"although|which|where)\b"
)
# "The chance that it stays stable" is no verdict.
_CHANCE_OF = re.compile(
    r"p\(\w+\)|\b(?:probability|chance|likelihood|odds)\b[^.;,\d]{0,40}?\b(?:stable|safe)"
)
_VERDICTS = re.compile(
    r"(?P<harmless>(?:\b(?:not|never|hardly|barely|scarcely|slightly|neither|no)|n't)\b(?:(?!\bsafe\b)[\w\s])"
    r"{0,20}?\b(?:unsafe|risky?|dangerous|too (?:high|large|big))\b)|"
    r"(?P<not_safe>(?:\b(?:not|never|hardly|neither)|n't)\b[\w\s]{0,20}?\b(?:safe|"
    r"stable|ok|fine|hold|held)\b)|"
    r"(?P<unsafe>\bunsafe\b|\bdangerous|\btoo (?:high|large|big)\b|"
    r"\bexpect it to (?:fail|diverge)|\bwill (?:fail|diverge|blow)|\bavoid\b)|"
    r"(?P<risky>\brisk(?:y|ier)\b)|"
    r"(?P<safe>(?<!to be )(?<!held )\bsafe(?:ly)?\b(?! rate)|\b(?:fine|ok|okay|"
    r"acceptable|reliabl[ey]|no problem|good choice|go ahead|will hold|holds up|works)"
    r"\b|\b(?:is|stays?|remains?|are|(?<!held to )be|trains?|perfectly|completely) "
    r"stable\b)"
)


@dataclass(frozen=True)
class Token:
    """Something in a sentence that a rate is tied to, and where it stands."""

    kind: str
    value: object
    start: int


@dataclass(frozen=True)
class Sentence:
    """One sentence as read, with its tokens in order."""

    reading: Reading
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The sentence in lower case."""
        return self.reading.text

    def values(self, kind: str) -> list[object]:
        """What tokens of one kind say, in order."""
        return [t.value for t in self.tokens if t.kind == kind]

    def segment(self, start: int) -> str:
        """The part between commas, brackets and conjunctions that a place lies in."""
        ends = [0, *(m.end() for m in _SEGMENT_END.finditer(self.text)), len(self.text)]
        left = max(end for end in ends if end <= start)
        return self.text[left : min(end for end in ends if end > start)]

    def judges(self, segment: str) -> bool:
        """Whether a part of it calls something safe or unsafe."""
        return bool(_VERDICTS.search(without_chances(segment)))

    def nearest(self, kind: str, start: int) -> object:
        """What the last token of a kind before a place says, else the first after."""
        tokens = [t for t in self.tokens if t.kind == kind]
        before = [t for t in tokens if t.start < start]
        return before[-1].value if before else tokens[0].value if tokens else None

    def other_end(self, figure: Figure) -> tuple[Figure | None, bool]:
        """The other end of "X to Y" if it is one, and whether this is the low one."""
        figures = [f for f in self.reading.figures if f.kind == RATE]
        at = figures.index(figure)
        if at + 1 < len(figures) and self._is_range(figure, figures[at + 1]):
            return figures[at + 1], True
        if at > 0 and self._is_range(figures[at - 1], figure):
            return figures[at - 1], False
        return None, False

    def _is_range(self, low: Figure, high: Figure) -> bool:
        gap = self.text[low.end : high.start].strip()
        between = self.text[: low.start].rstrip().endswith("between")
        return gap in ("to", "-", "up to") or (gap == "and" and between)


def build_sentence(reading: Reading, facts: Facts) -> Sentence:
    """Return a sentence with its tokens; of rates only those the facts speak of."""
    rates = {f.rate for f in facts.facts}
    tokens = [
        Token(f.kind, f.value, f.start)
        for f in reading.figures
        if f.kind in (BATCH, PROBABILITY, STEPS, COUNT)
        or (f.kind == RATE and f.value in rates)
    ]
    tokens += _names(reading.text, facts.workloads)
    tokens += [
        Token(VERDICT, m.lastgroup, m.start())
        for m in _VERDICTS.finditer(without_chances(reading.text))
    ]
    return Sentence(reading, tuple(sorted(tokens, key=lambda t: t.start)))


def without_chances(text: str) -> str:
    """Blank out "P(stable)" and its like, keeping every place."""
    return _CHANCE_OF.sub(lambda m: "." * len(m[0]), text)


def _names(text: str, known: Iterable[str]) -> Iterator[Token]:
    """The workloads that a sentence names; a longer name is not its shorter part."""
    taken: set[int] = set()
    for name in sorted(known, key=len, reverse=True):
        for spelling in {name.lower(), title_of(name).lower()}:
            pattern = rf"(?<![\w@/]){re.escape(spelling)}(?![\w@/])"
            for match in re.finditer(pattern, text):
                if match.start() not in taken:
                    taken.add(match.start())
                    yield Token(WORKLOAD, name, match.start())


def partners_of(tokens: Sequence[Token], kind: str) -> list[tuple[Token, list[object]]]:
    """Return for each rate what of one kind a sentence says of it.

    "At batch 2 X, at batch 5 Y" ties each rate to what comes before it, "X at batch 2
    and Y at batch 5" to what comes after; lists of one length go in order.
    """
    line = [t for t in tokens if t.kind in (RATE, kind)]
    groups = [(k, list(g)) for k, g in groupby(line, key=lambda t: t.kind)]
    found: list[tuple[Token, list[object]]] = []
    for i, (of, rates) in enumerate(groups):
        if of != RATE:
            continue
        begins = groups[0][0] == RATE
        sides = [i + 1] if begins else [i - 1]
        if not begins and i + 2 == len(groups):  # what is left over at the end
            sides.append(i + 1)
        for side in sides:
            values = groups[side][1] if side < len(groups) else []
            in_order = len(values) == len(rates)
            for at, rate in enumerate(rates):
                mine = [values[at]] if in_order else values
                found.append((rate, [t.value for t in mine]))
    return found

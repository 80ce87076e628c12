"""Text -> Symptoms (pure): what went wrong, when, and what was changed before.

A pattern takes the words it read out of the text, so that a more general one cannot
read them again ("stays blurry" is not also "got blurry"). The words are in
`symptom_patterns` and `change_patterns`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from advisor.reading import change_patterns as changes
from advisor.reading import symptom_patterns as words
from advisor.reading.log_lines import read_log
from advisor.reading.text import plain
from knowledge.records import Document

ROSE = 1.5  # times what it was: less may be the loss of one batch


class Symptom(StrEnum):
    """What a person sees go wrong. Their order is how much each one tells."""

    OUT_OF_MEMORY = "out_of_memory"
    RATE_WITHOUT_EFFECT = "rate_without_effect"
    NOT_A_NUMBER = "not_a_number"
    ODD_LOSS = "odd_loss"
    SIDES_ALIKE = "sides_alike"
    CONSTANT_OUTPUT = "constant_output"
    LOSS_UP = "loss_up"
    ONE_SIDE = "one_side"
    LOSS_SWINGS = "loss_swings"
    BLURRY = "blurry"
    WASHED_OUT = "washed_out"
    ARTEFACTS = "artefacts"
    OVERFIT = "overfit"
    NEVER_SHARP = "never_sharp"
    PLATEAU = "plateau"
    SLOW = "slow"
    SLOW_STEPS = "slow_steps"
    SPIKE = "spike"
    GAINS_AT_LOW_RATE = "gains_at_low_rate"
    UNCLEAR = "unclear"


class ChangeKind(StrEnum):
    """What a person may have changed before it went wrong."""

    BATCH_SIZE = "batch"
    LEARNING_RATE = "learning_rate"
    OPTIMIZER = "optimizer"
    MIXED_PRECISION = "mixed_precision"
    RESUMED = "resumed"
    DATA = "data"
    LOSS_FUNCTION = "loss_function"
    SOFTWARE = "software"


@dataclass(frozen=True)
class Change:
    """One change, from what to what if that was said; `direction` is up or down."""

    kind: ChangeKind
    before: float | None = None
    after: float | None = None
    direction: str | None = None


@dataclass(frozen=True)
class Symptoms(Document):
    """What a text says went wrong; `kinds` is empty where it does not say.

    `at` is how far training was, in `unit` (steps or epochs). `is_late` is said of
    hours and days, `worked_before` of what went well first. `shown` says what pasted
    log lines show.
    """

    text: str
    kinds: tuple[Symptom, ...] = ()
    at: int | None = None
    unit: str | None = None
    from_the_start: bool = False
    is_late: bool = False
    worked_before: bool = False
    changes: tuple[Change, ...] = ()
    shown: str | None = None

    @property
    def main(self) -> Symptom:
        """The symptom that tells most."""
        return self.kinds[0] if self.kinds else Symptom.UNCLEAR

    @property
    def at_step(self) -> int | None:
        """The step, where one was said in steps."""
        return self.at if self.unit == "steps" else None

    def change(self, *kinds: ChangeKind) -> Change | None:
        """Return the first change of these kinds, or None."""
        return next((c for c in self.changes if c.kind in kinds), None)


@lru_cache(maxsize=256)
def read_symptoms(text: str) -> Symptoms:
    """Return what a text says of a training that went wrong; no text raises.

    >>> found = read_symptoms("preview got blurier after 12k its, no nan")
    >>> found.main.value, found.at_step, len(found.kinds)
    ('blurry', 12000, 1)
    >>> [c.after for c in read_symptoms("pale since i raised bs from 4 to 8").changes]
    [8.0]
    """
    log = read_log(plain(text))
    tidy = tidy_symptoms(log.in_words)
    at, unit = _read_at(tidy)
    from_the_start = bool(changes.FROM_THE_START.search(tidy))
    return Symptoms(
        text=text,
        kinds=_read_kinds(tidy),
        at=at,
        unit=unit,
        from_the_start=from_the_start,
        is_late=bool(changes.LATE.search(tidy)),
        worked_before=bool(changes.WORKED_BEFORE.search(tidy)),
        changes=tuple(_read_changes(tidy)),
        shown=log.shown,
    )


def tidy_symptoms(text: str) -> str:
    """Return the text in lower case, with the words of symptoms spelt right.

    >>> tidy_symptoms("The prewiew is BLURY")
    'the preview is blurry'
    """
    text = plain(text).lower().replace("[", " ").replace("]", " ")
    return re.sub(r"[a-z]{5,14}", lambda match: _respell(match[0]), text)


@lru_cache(maxsize=4096)
def _respell(word: str) -> str:
    """Return the word of a symptom that this is a slip of, or the word itself."""
    if word in words.KEYWORDS or word in words.REAL_WORDS:
        return word
    slips = 1 if len(word) < 9 else 2
    near = process.extract(
        word, words.KEYWORDS, scorer=OSA.distance, score_cutoff=slips, limit=3
    )
    return next((k for k, _, _ in near if k[0] == word[0]), word)


# -- what ------------------------------------------------------------------------------


def _read_kinds(text: str) -> tuple[Symptom, ...]:
    found: set[str] = set()
    rest = text
    for name, pattern, keeps_words in words.PATTERNS:
        for match in list(pattern.finditer(rest)):
            if words.is_denied(rest, match, name):
                continue
            found.add(name)
            if not keeps_words:
                start, end = match.span()
                rest = f"{rest[:start]}{'_' * (end - start)}{rest[end:]}"
    if _loss_is_said_to_rise(rest) and "spike" not in found:
        found.add("loss_up")
    if not found:
        found |= _last_resort(rest)
    if "not_a_number" in found:  # "train loss and val loss are nan" names two losses
        found.discard("overfit")
    if "slow_steps" in found:
        found.discard("slow")
    return tuple(kind for kind in Symptom if kind.value in found)


def _last_resort(text: str) -> set[str]:
    """The first symptom that is only hinted at."""
    for name, pattern in words.LAST_RESORT:
        match = pattern.search(text)
        if match and not words.is_denied(text, match, name):
            return {name}
    return set()


def _loss_is_said_to_rise(text: str) -> bool:
    """Whether a loss is given before and after, and it rose."""
    return any(
        float(match["after"]) >= ROSE * float(match["before"])
        for pattern in words.LOSSES
        for match in pattern.finditer(text)
    )


# -- when ------------------------------------------------------------------------------


def _read_at(text: str) -> tuple[int | None, str | None]:
    """The furthest step that is named, or else the furthest epoch."""
    for unit, patterns in (("steps", changes.STEPS), ("epochs", changes.EPOCHS)):
        counts = [
            count
            for pattern in patterns
            for match in pattern.finditer(text)
            if 1 <= (count := _count(match)) <= changes.MOST_STEPS
        ]
        if counts:
            return max(counts), unit
    return None, None


def _count(match: re.Match[str]) -> int:
    thousands = 1000 if match.groupdict().get("k") else 1
    return round(float(re.sub("[ ,']", "", match["n"])) * thousands)


# -- what was changed ------------------------------------------------------------------


def _read_changes(text: str) -> Iterator[Change]:
    for kind in ChangeKind:
        match = next(
            (
                m
                for m in changes.CHANGES[kind.value].finditer(text)
                if not words.is_denied(text, m)
            ),
            None,
        )
        if match is None:
            continue
        if kind not in (ChangeKind.BATCH_SIZE, ChangeKind.LEARNING_RATE):
            yield Change(kind)
            continue
        before, after = _values(text[match.start() :][: changes.REACH])
        yield Change(kind, before, after, _direction(match[0], before, after))


def _values(text: str) -> tuple[float | None, float | None]:
    """What a value went from and to, as far as it is said."""
    if found := changes.FROM_TO.search(text):
        return float(found["before"]), float(found["after"])
    if found := changes.TO.search(text):
        return None, float(found["after"])
    return None, None


def _direction(said: str, before: float | None, after: float | None) -> str | None:
    if before is not None and after is not None and before != after:
        return "up" if after > before else "down"
    if changes.RAISED.search(said):
        return "up"
    return "down" if changes.LOWERED.search(said) else None

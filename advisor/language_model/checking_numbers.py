"""Each number of a wording against the facts, and what is said of it (pure).

A number must stand in its source in the same role, and with the same batch size,
workload, length, probability and verdict beside it.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from advisor.language_model.facts import ADVISED, ASKED, Fact, Facts, Interval
from advisor.language_model.figures import (
    BATCH,
    COUNT,
    PROBABILITY,
    RATE,
    STEPS,
    Figure,
)
from advisor.language_model.spoken import (
    TIED,
    VERDICT,
    WORKLOAD,
    Sentence,
    Token,
    partners_of,
    without_chances,
)
from advisor.rates import rate_text

MOST_SHOWN = 24
_CHANCE_TOLERANCE = Decimal("0.005")

# Beside such a word only the recommended rate may stand.
_PUTS_FORWARD = re.compile(
    r"\b(?:start|begin|use|using|try|choose|choosing|pick|set|select|take|recommend\w*|"
    r"suggest\w*|advis\w+|go|stay|keep|opt|aim|prefer|switch|lower|rais\w+|increase|"
    r"increasing|decrease|decreasing|reduc\w+|drop|should|usable|up to|at most|instead|"
    r"rather|better|ideal)\b"
)
_AS_THE_RATE = re.compile(
    r"\b(?:is|as|be|for)\s(?:the|your|a)\s(?:learning )?(?:rate|lr)\b"
)
_OF_THRESHOLD = re.compile(r"\b(?:half|fail\w*|threshold|boundary|diverg\w+)\b")
_OF_BEST = re.compile(r"\b(?:best|lowest loss|optimum|optimal)\b")
_OF_EVIDENCE = re.compile(
    r"\b(?:report\w*|observed|observations?|claim\w*|ceiling|slider|tried|posts?|article|verif\w+|"
    r"plan\w*|runs?|diverged|degraded)\b"
)
_OUTCOME = re.compile(r"\b(?:diverged|degraded|stable|failed|unstable|held)\b")
_OF_ESTIMATE = re.compile(r"\bhalf\b|p\(stable\)")
DENIES = re.compile(r"\b(?:no|none|not|never|nowhere)\b")

MAY_SAY: Mapping[str | None, frozenset[str]] = {
    "safe": frozenset({"safe", "harmless"}),
    "risky": frozenset({"risky", "not_safe"}),
    "unsafe": frozenset({"unsafe", "not_safe"}),
    "unknown": frozenset(),
    None: frozenset({"not_safe"}),
}

# -- each number -----------------------------------------------------------------------


def fault_of_numbers(sentence: Sentence, facts: Facts) -> str | None:
    """Return which number of a sentence no fact gives in that role, or None."""
    for figure in sentence.reading.figures:
        if figure.kind == RATE:
            may_stand = _may_say_rate(figure, sentence, facts)
        else:
            may_stand = any(
                kind == figure.kind and figure.is_rounded_from(value)
                for kind, value in facts.numbers
            )
        if not may_stand or _is_called_a_rate(figure, sentence):
            return _number_fault(figure, facts)
    return _fault_of_counts(sentence, facts)


def _is_called_a_rate(figure: Figure, sentence: Sentence) -> bool:
    """Whether something that is no rate (Adam's beta, an exponent) is given as one."""
    return figure.kind != RATE and bool(
        _AS_THE_RATE.search(sentence.text) and not sentence.values(RATE)
    )


def _fault_of_counts(sentence: Sentence, facts: Facts) -> str | None:
    """Runs and reports are of the workload that is named next."""
    tokens = [t for t in sentence.tokens if t.kind in (COUNT, WORKLOAD)]
    for count, workload in pairwise(tokens):
        if count.kind != COUNT or workload.kind != WORKLOAD:
            continue
        if (workload.value, count.value) not in facts.counts:
            return f"it counted {count.value} of what is not so many"
    return None


def _number_fault(figure: Figure, facts: Facts) -> str:
    shown = figure.shown[:MOST_SHOWN]
    if any(figure.is_rounded_from(value) for value in facts.every_number()):
        return f"it used a number ({shown}) for something else than it stands for"
    return f"it named a number ({shown}) that no run or fit gives"


def _may_say_rate(figure: Figure, sentence: Sentence, facts: Facts) -> bool:
    segment = sentence.segment(figure.start)
    mine = [f for f in facts.facts if f.rate == figure.value]
    advised = any(f.role == ADVISED for f in mine)
    if _PUTS_FORWARD.search(segment):
        return advised or any(f.verdict == "safe" or _holds(f) for f in mine)
    if mine and (advised or _is_judged(sentence)):
        return not (advised and _OF_THRESHOLD.search(segment))
    if sentence.judges(segment) or (
        sentence.values(VERDICT) and not sentence.values(RATE)
    ):
        return False
    return _is_of_interval(figure, sentence, facts) or _is_of_record(
        figure, sentence, facts
    )


def _holds(fact: Fact) -> bool:
    """Whether there is a batch size up to which the rate that was asked about holds."""
    return fact.role == ASKED and fact.verdict is None and fact.batch_size is not None


def _is_judged(sentence: Sentence) -> bool:
    """Whether a sentence says of a rate how it does, so that it is no advice."""
    return bool(
        sentence.values(VERDICT)
        or sentence.values(PROBABILITY)
        or DENIES.search(sentence.text)
        or re.search(r"\bunknown|\bthin\b", sentence.text)
        or re.search(r"\bup to batch|\blargest\b", sentence.text)
    )


def _is_of_interval(figure: Figure, sentence: Sentence, facts: Facts) -> bool:
    """Whether it is the median or an end of a threshold or of the best rate."""
    segment = sentence.segment(figure.start)
    cues = {
        "max_stable": _OF_THRESHOLD.search(segment)
        or _OF_THRESHOLD.search(sentence.text),
        "best": _OF_BEST.search(segment) or _OF_BEST.search(sentence.text),
    }
    other, is_low = sentence.other_end(figure)
    for interval in facts.intervals:
        if not cues[interval.of] or not _is_about(interval, sentence, figure.start):
            continue
        if other is None:
            fits = figure.is_rounded_from(interval.median)
        else:
            low, high = (figure, other) if is_low else (other, figure)
            fits = low.is_rounded_from(interval.low) and high.is_rounded_from(
                interval.high
            )
        if fits:
            return True
    return False


def _is_about(interval: Interval, sentence: Sentence, start: int) -> bool:
    return (
        sentence.nearest(BATCH, start) in (None, interval.batch_size)
        and sentence.nearest(WORKLOAD, start) in (None, interval.workload)
        and sentence.nearest(STEPS, start) in (None, interval.steps)
    )


def _is_of_record(figure: Figure, sentence: Sentence, facts: Facts) -> bool:
    """Whether one line of evidence has this rate with the sentence's other words."""
    text = sentence.text
    if not _OF_EVIDENCE.search(text) or _PUTS_FORWARD.search(text):
        return False
    if _OF_ESTIMATE.search(text):
        return False
    batches = set(sentence.values(BATCH))
    outcomes = set(_OUTCOME.findall(without_chances(text)))
    return any(
        not _OF_ESTIMATE.search(record.text)
        and any(f.kind == RATE and f.value == figure.value for f in record.figures)
        and batches <= {f.value for f in record.figures if f.kind == BATCH}
        and outcomes <= set(_OUTCOME.findall(record.text))
        for record in facts.records
    )


# -- what belongs together -------------------------------------------------------------


def fault_of_ties(said: Sequence[Sentence], facts: Facts) -> str | None:
    """Each rate with the batch size, workload and probability that stand beside it.

    A probability in a sentence of its own belongs to the rate before it, else to the
    next one.
    """
    before: dict[str, list[object]] = {}
    last: list[Token] = []
    waiting: list[Token] = []
    for sentence in said:
        rates = [t for t in sentence.tokens if t.kind == RATE]
        chances = [t for t in sentence.tokens if t.kind == PROBABILITY]
        if rates:
            tokens = [*waiting, *sentence.tokens]
            fault = _fault_in(sentence, tokens, facts, before)
            waiting, last = [], rates
        else:
            if not last:
                waiting += chances
            fault = _fault_in(sentence, [*last, *chances], facts, {})
            fault = fault or _stray_batch(sentence, facts)
        if fault:
            return fault
        for kind in (BATCH, WORKLOAD):
            if sentence.values(kind):
                before[kind] = sentence.values(kind)
    if waiting:
        return "it gave a probability without saying of which rate"
    return None


def _fault_in(
    sentence: Sentence,
    tokens: Sequence[Token],
    facts: Facts,
    before: Mapping[str, list[object]],
) -> str | None:
    tied: dict[Token, dict[str, list[object]]] = {}
    for kind in TIED:
        for rate, partners in partners_of(tokens, kind):
            tied.setdefault(rate, {}).setdefault(kind, []).extend(partners)
    own = sentence.tokens
    for rate, partners_by_kind in tied.items():
        facts_of_rate = [f for f in facts.facts if f.rate == rate.value]
        is_own = rate in own
        if any(
            _agrees(f, partners_by_kind, before, is_named=not is_own)
            for f in facts_of_rate
        ):
            continue
        figures = [f for f in sentence.reading.figures if f.start == rate.start]
        if is_own and any(_is_of_record(f, sentence, facts) for f in figures):
            continue
        return f"it said of a rate ({_rate_text(rate)}) what belongs to another"
    return None


def _rate_text(rate: Token) -> str:
    return rate_text(float(rate.value)) if isinstance(rate.value, Decimal) else ""


def _agrees(
    fact: Fact,
    partners: Mapping[str, list[object]],
    before: Mapping[str, list[object]],
    *,
    is_named: bool,
) -> bool:
    """Whether what is tied to a rate is this fact's.

    What a tool said must be named with its batch size and workload (`is_named`: it was,
    in a sentence before); what the answer says may go without.
    """
    for kind, known in (
        (BATCH, fact.batch_size),
        (WORKLOAD, fact.workload),
        (STEPS, fact.steps),
    ):
        found = partners.get(kind, [])
        if any(value != known for value in found):
            return False
        if found or kind == STEPS:
            continue
        if (earlier := before.get(kind)) and known not in earlier:
            return False
        if not (fact.own or is_named):
            return False
    # The largest batch size for a rate has none of its own, only the asked level.
    has_chance = fact.role == ADVISED or fact.verdict is not None
    chances = partners.get(PROBABILITY, []) if has_chance else []
    if not all(_is_chance(chance, fact) for chance in chances):
        return False
    return set(partners.get(VERDICT, [])) <= MAY_SAY[verdict_of(fact)]


def verdict_of(fact: Fact) -> str | None:
    """What may be said of a fact's rate: the answer's own rates and those that hold
    up to some batch size are safe.
    """
    return "safe" if fact.role == ADVISED or _holds(fact) else fact.verdict


def _is_chance(said: object, fact: Fact) -> bool:
    if not isinstance(said, Decimal) or fact.probability is None:
        return False
    return abs(said - fact.probability) <= _CHANCE_TOLERANCE


def _stray_batch(sentence: Sentence, facts: Facts) -> str | None:
    """A batch size beside no rate must be one the answer is about, or be evidence."""
    known = {f.batch_size for f in facts.facts} | set(facts.largest_batches)
    known |= {i.batch_size for i in facts.intervals}
    if _OF_EVIDENCE.search(sentence.text):
        return None
    strays = [b for b in sentence.values(BATCH) if b not in known]
    return f"it spoke of another batch size ({strays[0]})" if strays else None

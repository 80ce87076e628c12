"""A language model's wording against the facts of an answer (pure).

The decision to know: refusing is cheap, since the deterministic answer is there anyway.
So what cannot be followed from number to fact counts as a fault, even where a person
might have understood it.
"""

import re
from collections.abc import Sequence

from advisor.language_model.checking_form import fault_of_form, without_list_marks
from advisor.language_model.checking_numbers import (
    DENIES,
    MAY_SAY,
    MOST_SHOWN,
    fault_of_numbers,
    fault_of_ties,
    verdict_of,
)
from advisor.language_model.facts import ADVISED, ASKED, Facts, sentences
from advisor.language_model.figures import BATCH, RATE, read_figures
from advisor.language_model.spoken import VERDICT, Sentence, build_sentence

_MUST_SAY = {
    "safe": r"\bsafe\b",
    "risky": r"\brisky\b",
    "unsafe": r"\bunsafe\b",
    "unknown": r"\bunknown\b|\bnot known\b|\bthin\b|\bcannot (?:say|tell)\b",
}


def find_fault(text: str, facts: Facts) -> str | None:
    """Return why a tidied wording may not be shown, or None.

    Args:
        text: From `advisor.language_model.checking_form.tidy_wording`.
        facts: Of the answer and of what the tools returned.
    """
    return fault_of_form(text) or _fault_of_content(text, facts)


def _fault_of_content(text: str, facts: Facts) -> str | None:
    said = []
    for part in sentences(without_list_marks(text)):
        reading = read_figures(part, facts.names)
        if reading.unreadable:
            shown = reading.unreadable[:MOST_SHOWN].strip()
            return f'it wrote a number that cannot be checked ("{shown}")'
        said.append(build_sentence(reading, facts))
    faults = (fault_of_numbers(sentence, facts) for sentence in said)
    return (
        next((fault for fault in faults if fault), None)
        or fault_of_ties(said, facts)
        or _fault_of_verdict(said, text.lower(), facts)
        or _missing_headline(said, text.lower(), facts)
    )


def _fault_of_verdict(
    said: Sequence[Sentence], lowered: str, facts: Facts
) -> str | None:
    verdicts = {f.verdict for f in facts.own(ASKED)}
    allowed = frozenset[str]() if verdicts else MAY_SAY["safe"]
    for fact in facts.own(ASKED):
        allowed |= MAY_SAY[verdict_of(fact)]
    for sentence in said:
        words = set(sentence.values(VERDICT))
        if not sentence.values(RATE) and not words <= allowed:
            return "it contradicts the verdict"
    for verdict in verdicts:
        if verdict is not None and not re.search(_MUST_SAY[verdict], lowered):
            return f"it left out the verdict ({verdict})"
    return None


def _missing_headline(
    said: Sequence[Sentence], lowered: str, facts: Facts
) -> str | None:
    rates = {value for sentence in said for value in sentence.values(RATE)}
    batches = {value for sentence in said for value in sentence.values(BATCH)}
    if facts.largest_batches:
        largest = facts.largest_batches[0]
        if largest is not None:
            return None if largest in batches else "it left out the batch size"
        if not DENIES.search(lowered):
            return "it contradicts the verdict"
    if {f.verdict for f in facts.own(ASKED)} == {"safe"}:
        return None
    if not {f.rate for f in facts.own(ADVISED)} <= rates:
        return "it left out the recommended rate"
    return None

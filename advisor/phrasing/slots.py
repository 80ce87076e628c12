"""An answer as named pieces of its own text: what a wording may say by name (pure).

A slot's text is the answer's own, letter by letter. What no named slot covers becomes a
slot as well, which the wording must have, so nothing is lost or altered.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from advisor.answers.brief import (
    Sentence,
    act_text,
    brief_of,
    brief_verdict,
    start_text,
    tried_text,
    would_start_text,
)
from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import (
    comparison_text,
    judgement_text,
    largest_batch_interval,
)
from advisor.conversation.answer import Answer
from advisor.rates import fit_text
from advisor.words import chance_text, title_of

NAMED = re.compile(r"\{\s*(\w+)\s*\}", re.ASCII)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
_VERDICT = "the verdict on the rate that was asked about"
_MEANINGS = {
    "verdict": _VERDICT,
    "start": "what rate to start at, or that there is none yet",
    "why": "the runs and reports nearest to the setting",
    "doubt": "how well it is known",
    "limit": "what limits the answer",
    "act": "what to do next",
}
_OPTIONAL = ("why", "act")


@dataclass(frozen=True)
class Slot:
    """A piece of an answer's text; `is_words` if it stands inside a sentence."""

    name: str
    text: str
    meaning: str
    is_required: bool = True
    is_words: bool = False

    @property
    def gist(self) -> str:
        """The text with a # in place of every number.

        >>> Slot("rate", "5.6e-5 at batch 5.", "").gist
        '# at batch #.'
        """
        return without_numbers(self.text)


def without_numbers(text: str) -> str:
    """Return a text with a # in place of every number."""
    return _NUMBER.sub("#", text)


def slots_of(answer: Answer) -> tuple[Slot, ...]:
    """Return the pieces of an answer, in the order in which its text has them."""
    text, words = _words(answer)
    rest, found = [text], []
    for slot in _sentences(answer):
        at = next((i for i, part in enumerate(rest) if slot.text in part), None)
        if slot.text and at is not None:
            rest[at : at + 1] = rest[at].split(slot.text, 1)
            found.append(slot)
    left = [part.strip() for piece in rest for part in piece.split("\n\n")]
    found += [
        Slot(f"point_{i}", part, "what the answer says")
        for i, part in enumerate(filter(None, left), 1)
    ]
    return (*words, *sorted(found, key=lambda slot: answer.text.find(slot.text)))


def fill(wording: str, slots: Sequence[Slot]) -> str:
    """Return a wording with the text of each slot in its place."""
    texts = {slot.name: slot.text for slot in slots}

    def text_of(match: re.Match[str]) -> str:
        ends = wording[match.end() : match.end() + 1] in (".", "!", "?")
        return texts[match[1]].removesuffix(".") if ends else texts[match[1]]

    return NAMED.sub(text_of, wording)


def _words(answer: Answer) -> tuple[str, list[Slot]]:
    """The text without the sentence that tells one rate to start at, and its words.

    Of several rates each stays in the sentence that says where it holds.
    """
    r = answer.recommendation
    if r is None or r.learning_rate is None or _is_of_several(answer):
        return answer.text, []
    sentence = would_start_text(r) if answer.judgements else start_text(r)
    if sentence not in answer.text:
        return answer.text, []
    rate = f"{fit_text(r.learning_rate)}{tried_text(r)}"  # never one without the other
    steps = f"{r.horizon_steps:,} steps" if r.horizon_steps else ""
    words = [
        ("rate", rate, "the learning rate to start at"),
        ("workload", title_of(r.workload), "the model that is trained"),
        ("batch_size", f"batch {r.batch_size}", "the batch size"),
        ("horizon", steps, "the length of training that is spoken of"),
    ]
    if not answer.judgements:  # there it is that of another rate
        chance = f"{chance_text(r.probability_stable)} of runs"
        words.append(("p_stable", chance, "the share of runs that should hold"))
    return answer.text.replace(sentence, "", 1), [
        Slot(name, text, meaning, is_required=name == "rate", is_words=True)
        for name, text, meaning in words
        if name == "rate" or (text and text in answer.text)
    ]


def _is_of_several(answer: Answer) -> bool:
    return len(answer.recommendations) > 1 or len(answer.judgements) > 1


def _sentences(answer: Answer) -> Iterator[Slot]:
    """What an answer may say in whole sentences; some of it stands in its text."""
    for i, other in enumerate(answer.also, 1):
        said = f"You also asked: {other.question}\n\n{other.text}"
        yield Slot(f"also_{i}", said, "the answer to what else was asked")
    for i, comparison in enumerate(answer.comparisons, 1):
        said = comparison_text(comparison)
        yield Slot(f"comparison_{i}", said, "which model tolerates the higher rate")
    if _is_of_several(answer):
        yield from _of_several(answer)
        return
    for row in answer.rows or ():
        if "largest_batch" in row:
            about = "up to which batch size the rate holds"
            interval = largest_batch_interval(row)
            yield Slot("verdict", f"{row['reason']} {interval}.", about)
            yield Slot("verdict", row["reason"], about)
    for sentence in _brief(answer):
        about = _MEANINGS[sentence.name]
        is_required = sentence.name not in _OPTIONAL
        yield Slot(sentence.name, sentence.text, about, is_required)


def _brief(answer: Answer) -> Sequence[Sentence]:
    if answer.judgements:
        return brief_verdict(answer.judgements[0])
    return brief_of(answer.recommendations[0]) if answer.recommendations else ()


def _of_several(answer: Answer) -> Iterator[Slot]:
    for i, judgement in enumerate(answer.judgements, 1):
        yield Slot(f"verdict_{i}", judgement_text(judgement), _VERDICT)
    lines = answer.text.split("\n\n")
    for i, r in enumerate(answer.recommendations, 1):
        place = f"{title_of(r.workload)} at batch {r.batch_size}"
        said = next((line for line in lines if line.startswith(f"{place}: ")), "")
        yield Slot(f"rate_{i}", said, f"the learning rate of {place}")
    yield _plan(answer.recommendations[0])


def _plan(r: Recommendation) -> Slot:
    return Slot("act", act_text(r.verification), _MEANINGS["act"], is_required=False)

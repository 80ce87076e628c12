"""Several questions in one message: where one ends, and which is asked first (pure)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from advisor.reading.intents import Intent
from advisor.reading.parsing import parse_question, with_told
from advisor.reading.question import Question
from advisor.reading.reading import Reading, read_text

# "4 and what is warm-up" begins a question; "batch 4 and 8" does not.
_NEXT = re.compile(
    r"(?<=[?!.])\s+|\n+|[,;]?\s+(?:and|also|but|plus|then)\s+(?:also\s+)?(?="
    r"(?:what|what's|which|how|why|is|are|does|do|should|can|could|would|explain|tell|"
    r"show|list|cancel|stop|verify|export|import)\b(?! (?:about|if)\b))",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\W*(?:and |also |but |plus |then |ok,? |so )*(?:what|which|how|why|is|are|does|"
    r"do|should|can|could|will|would|explain|tell|show|list|compare|recommend|give|cancel|lr|"
    r"stop|run|test|verify|export|import)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_MOST = 4
# Another question of the same message is answered too when it is clear what it asks.
_SURE = 0.8
_NO_WISH = (Intent.OFF_TOPIC, Intent.NEEDS_CLARIFICATION)


def split_questions(text: str) -> list[str]:
    """Return the questions of a message, at most four; what only tells is left out.

    >>> split_questions("LR for batch 5 on RealFace? And what is warm-up?")
    ['LR for batch 5 on RealFace?', 'And what is warm-up?']
    >>> split_questions("is 1e-4 ok at batch 4 and 8?")
    ['is 1e-4 ok at batch 4 and 8?']
    """
    parts = [part.strip() for part in _NEXT.split(text)]
    asking = [part for part in parts if part.endswith("?") or _ASKS.match(part)]
    return [part for part in asking if len(part.split()) >= _FEWEST_WORDS][:_MOST]


def read_message(
    text: str,
    before: Question | None,
    known: Sequence[str],
    *,
    answered_alone: Collection[Intent],
) -> tuple[Question, list[Question], list[Question]]:
    """Return the question that a message asks, all of which it is clear, and the rest.

    The first is of the whole message, unless its clear questions are more precise. The
    rest is clear, too, but answered only by itself.
    """
    whole = parse_question(text, before=before, known_workloads=known)
    clear = [q for q in _each_question(text, before, known) if q.confidence >= _SURE]
    questions = [q for q in clear if q.intent not in answered_alone]
    comes_alone = whole.intent in answered_alone
    left = [
        q
        for q in clear
        if (comes_alone or q.intent in answered_alone)
        and q.intent not in _NO_WISH
        and q.text != text.strip()
    ]
    is_alone = _stands_alone(questions, whole)
    if is_alone or len(questions) > 1:
        told = _told_beside(text, questions, known)
        questions = [with_told(question, told) for question in questions]
    if is_alone or _speak_of_different_things(questions):
        return replace(questions[0], text=whole.text), questions, left
    return whole, questions, left


def _each_question(
    text: str, before: Question | None, known: Sequence[str]
) -> list[Question]:
    """The questions of a message, each read after the one before it."""
    found = []
    for part in split_questions(text):
        before = _part(part, before, known)
        found.append(before)
    return found


def _part(text: str, before: Question | None, known: Sequence[str]) -> Question:
    """One of several questions: a concept by itself, others with the one before."""
    alone = parse_question(text, known_workloads=known)
    if alone.intent is Intent.EXPLAIN_CONCEPT and alone.confidence >= _SURE:
        return alone
    return parse_question(text, before=before, known_workloads=known)


def _stands_alone(questions: Sequence[Question], whole: Question) -> bool:
    """Whether the one question of a message is about less than the message names."""
    if len(questions) != 1 or questions[0].inherited:
        return False
    named = questions[0].slots.workload
    return named is not None and named != whole.slots.workload


def _told_beside(
    text: str, questions: Sequence[Question], known: Sequence[str]
) -> Reading:
    """What a message says of the setting and none of its questions says for itself."""
    whole = read_text(text, known)
    for own in (read_text(question.text, known) for question in questions):
        unsaid = dict.fromkeys(own.conditions.said)
        names = replace(
            whole.names,
            device=None if own.names.device else whole.names.device,
            optimizer=None if own.names.optimizer else whole.names.optimizer,
        )
        conditions = replace(whole.conditions, **unsaid)
        whole = replace(whole, names=names, conditions=conditions)
    return whole


def _speak_of_different_things(questions: Sequence[Question]) -> bool:
    """Whether the questions of a message name different workloads, each for itself."""
    named = [q.slots.workload for q in questions if q.slots.workload is not None]
    return len(questions) > 1 and len(set(named)) > 1

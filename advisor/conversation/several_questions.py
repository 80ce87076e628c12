"""A message -> the question it asks first, and what else it asks (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from advisor.conversation.kinds import KINDS
from advisor.reading.intents import Intent
from advisor.reading.parsing import parse_question
from advisor.reading.question import Question
from advisor.reading.several import split_questions

# Another question of the same message is answered too when it is clear what it asks.
_SURE = 0.8


def read_message(
    text: str, before: Question | None, known: Sequence[str]
) -> tuple[Question, list[Question]]:
    """Return the question that a message asks, and all of which it is clear.

    The first is of the whole message, unless its one clear question, or several about
    different things, say more precisely what is asked about.
    """
    whole = parse_question(text, before=before, known_workloads=known)
    questions = _clear_questions(text, before, known)
    if _stands_alone(questions, whole) or _speak_of_different_things(questions):
        return _first_alone(questions, whole), questions
    return whole, questions


def _clear_questions(
    text: str, before: Question | None, known: Sequence[str]
) -> list[Question]:
    """The questions of a message of which it is clear what they ask."""
    found = []
    for part in split_questions(text):
        before = _part(part, before, known)
        found.append(before)
    return [
        q for q in found if q.confidence >= _SURE and KINDS[q.intent].goes_with_others
    ]


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


def _first_alone(questions: Sequence[Question], whole: Question) -> Question:
    """The first of the questions, on the device that the message names.

    An optimizer counts for it too, unless another part may have named that.
    """
    slots = questions[0].slots
    slots = replace(slots, device=slots.device or whole.slots.device)
    if len(questions) == 1:
        slots = replace(slots, optimizer=slots.optimizer or whole.slots.optimizer)
    return replace(questions[0], text=whole.text, slots=slots)


def _speak_of_different_things(questions: Sequence[Question]) -> bool:
    """Whether the questions of a message name different workloads, each for itself."""
    named = [q.slots.workload for q in questions if q.slots.workload is not None]
    return len(questions) > 1 and len(set(named)) > 1

"""Conversations as they were: found, named, and opened again.

Opened again, a conversation is asked again; what was said then is shown beside it.
"""

import contextlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advisor.conversation.answer import Answer
from advisor.reading.question import Question
from knowledge.errors import BadValueError, HistoryError, StoreError
from knowledge.inbox import now_text
from knowledge.store.store import Store

MOST_LISTED = 200
MOST_NAME_CHARS = 80
# The name of a conversation that was deleted: nobody can give it one.
DELETED = ""


@dataclass(frozen=True)
class Conversation:
    """A conversation in the list; times are UTC texts to the second.

    `learning_rate` is the last one that it recommended, if it did.
    """

    id: str
    name: str
    started: str
    last: str
    n_answers: int
    learning_rate: float | None = None


@dataclass(frozen=True)
class SavedAnswer:
    """One answer as it was given; `learning_rate` is what it recommended, if it did.

    `context` is the turn before: a record, or the text that was given of it.
    """

    id: str
    asked: str
    question: str
    context: Question | str | None
    intent: str
    text: str
    learning_rate: float | None
    thumb: str | None


def list_conversations(store: Store, search: str = "") -> list[Conversation]:
    """Return conversations, newest first; of those that hold a text, if one is given.

    The text is looked for in names, questions and answers, without regard to case.
    Those that were deleted are left out.
    """
    rows = store.rows(
        """
        with grouped as (
            select coalesce(a.conversation, a.id) as id,
                arg_min(a.question, (a.asked, a.id)) as first, min(a.asked) as started,
                max(a.asked) as last, count(*) as n,
                bool_or(contains(lower(a.question || ' ' || coalesce(a.text, '')), $2))
                    as holds,
                arg_max((a.recommendation->>'$.learning_rate')::double, (a.asked, a.id))
                    as rate
            from answers a
            where a.conversation is null
                or a.id not in (select id from conversations where name = $3)
            group by all)
        select g.id, coalesce(c.name, g.first), g.started, g.last, g.n, g.rate
        from grouped g left join conversations c on c.id = g.id
        where coalesce(c.name, g.first) <> $3
            and ($2 = '' or g.holds or contains(lower(coalesce(c.name, '')), $2))
        order by g.last desc, g.id limit $1
        """,
        [MOST_LISTED, search.strip().lower(), DELETED],
    )
    return [
        Conversation(row_id, name, _seconds(started), _seconds(last), n, rate)
        for row_id, name, started, last, n, rate in rows
    ]


def answers_of(store: Store, conversation_id: str) -> list[SavedAnswer]:
    """Return a conversation's answers in the order they were given.

    There are none if it is unknown or was deleted; those that others took the place of
    are left out.
    """
    gone = "(select id from conversations where name = ?)"
    is_kept = f"coalesce(a.conversation, a.id) not in {gone} and a.id not in {gone}"
    return _saved(
        store,
        f"coalesce(a.conversation, a.id) = ? and {is_kept}",
        [conversation_id, DELETED, DELETED],
    )


def saved_answer(store: Store, answer_id: str) -> SavedAnswer:
    """Return one answer.

    Raises:
        HistoryError: There is none by this id.
    """
    found = _saved(store, "a.id = ?", [answer_id])
    if not found:
        raise HistoryError(
            f"No answer '{answer_id[:40]}' in this store: ask the question again."
        )
    return found[0]


def _saved(store: Store, where: str, values: Sequence[Any]) -> list[SavedAnswer]:
    rows = store.rows(
        "select a.id, a.asked, a.question, a.context, a.intent, a.text, "
        "(a.recommendation->>'$.learning_rate')::double, f.thumb from answers a "
        f"left join feedback f on f.answer_id = a.id where {where} "
        "order by a.asked, a.id",
        values,
    )
    return [
        SavedAnswer(row[0], _seconds(row[1]), row[2], _turn_from(row[3]), *row[4:])
        for row in rows
    ]


def _turn_from(context: str | None) -> Question | str | None:
    """The turn before as it was saved; earlier versions saved its text."""
    try:
        return Question.from_document(json.loads(context or ""))
    except (KeyError, TypeError, ValueError):
        return context


def _seconds(moment: Any) -> str:
    return str(moment.isoformat(sep=" ", timespec="seconds"))


def save_answer(
    store: Store,
    answer: Answer,
    context: Question | str | None,
    conversation: str | None,
) -> str | None:
    """Save an answer and return its id; None when the disk refuses."""
    document = answer.to_dict()
    proposal = answer.proposal
    answer_id = proposal.answer_id if proposal else f"answer:{uuid.uuid4().hex[:16]}"
    kept = "question intent slots text recommendation evidence".split()
    body = {
        **{name: document[name] for name in kept},
        "id": answer_id,
        "asked": now_text(),
        "context": json.dumps(context.to_document())
        if isinstance(context, Question)
        else context,
        "conversation": conversation,
    }
    try:
        store.record_answer(body)
    except StoreError:
        return None
    return answer_id


def rate_answer(store: Store, answer_id: str, thumb: str | None) -> None:
    """Save a thumb (`up` or `down`) with an answer, or take it back with None.

    Raises:
        BadValueError: It is no thumb.
        HistoryError: No such answer is stored.
    """
    if thumb not in ("up", "down", None):
        raise BadValueError("thumb", thumb, expected="give up or down.")
    saved_answer(store, answer_id)
    store.record_feedback(answer_id, thumb)


def name_conversation(store: Store, conversation_id: str, name: str) -> None:
    """Give a conversation a name under which it is found again."""
    name = " ".join(name.split())[:MOST_NAME_CHARS]
    if not name:
        raise BadValueError("name", "empty", expected="give a few words.")
    store.record_conversation(conversation_id, name)


def replace_answer(store: Store, answer_id: str | None) -> None:
    """Leave an answer out of its conversation: another took its place.

    By a record, as a conversation of this one answer is deleted. Its link still opens.
    """
    if answer_id is not None:
        with contextlib.suppress(StoreError):  # as with an answer that is not saved
            store.record_conversation(answer_id, DELETED)


def delete_conversation(store: Store, conversation_id: str) -> None:
    """Take a conversation out of the history, by a record; a new name brings it back.

    Runs that were started from it, and what was forecast of them, stay.
    """
    store.record_conversation(conversation_id, DELETED)

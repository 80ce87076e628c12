"""Conversations: kept, named, searched, and still there after a restart."""

from pathlib import Path

import pytest

from advisor.conversation.history import answers_of, list_conversations, saved_answer
from advisor.service import Advisor
from knowledge.errors import BadValueError, HistoryError

FIRST, SECOND = "conversation:aaaaaaaaaaaa", "conversation:bbbbbbbbbbbb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with two conversations and a question from the terminal."""
    folder = tmp_path / "store"
    with Advisor.open(folder, study=False, library=False) as advisor:
        advisor.ask("what is batch size?", conversation=FIRST)
        advisor.ask("what does EGs/sec mean?", conversation=FIRST)
        advisor.ask("help", conversation=SECOND)
        advisor.ask("what LR for batch 5 on realface?")
    return folder


def test_conversations_survive_a_restart_newest_first(folder: Path) -> None:
    with Advisor.open(folder) as advisor:
        found = list_conversations(advisor.store)
        assert [c.n_answers for c in found] == [1, 1, 2]
        assert [c.id for c in found[1:]] == [SECOND, FIRST]
        assert found[2].name == "what is batch size?"


def test_the_answers_of_a_conversation_come_in_order_with_what_they_said(
    folder: Path,
) -> None:
    with Advisor.open(folder) as advisor:
        asked = [a.question for a in answers_of(advisor.store, FIRST)]
        assert asked == ["what is batch size?", "what does EGs/sec mean?"]
        alone = list_conversations(advisor.store)[0].id
        (saved,) = answers_of(advisor.store, alone)
        r = advisor.recommend("realface", 5)
        assert (saved.id, saved.learning_rate) == (alone, r.learning_rate)


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("egs/SEC", [FIRST]),
        ("Known workloads", [SECOND]),
        ("100%_'; drop", []),
        ("  ", None),
    ],
)
def test_a_search_looks_into_questions_and_answers(
    folder: Path, search: str, ids: list[str] | None
) -> None:
    with Advisor.open(folder) as advisor:
        found = [c.id for c in list_conversations(advisor.store, search)]
        assert found == ids if ids is not None else len(found) == 3


def test_a_conversation_is_found_under_its_newest_name(folder: Path) -> None:
    with Advisor.open(folder) as advisor:
        advisor.name_conversation(FIRST, "  my   old name ")
        advisor.name_conversation(FIRST, "Units")
        assert list_conversations(advisor.store, "old name") == []
        (found,) = list_conversations(advisor.store, "units")
        assert (found.id, found.name) == (FIRST, "Units")
        with pytest.raises(BadValueError, match="few words"):
            advisor.name_conversation(FIRST, "  ")


def test_a_thumb_is_kept_with_the_answer_and_can_be_taken_back(folder: Path) -> None:
    with Advisor.open(folder) as advisor:
        answer_id = answers_of(advisor.store, FIRST)[0].id
        advisor.rate_answer(answer_id, "up")
        assert saved_answer(advisor.store, answer_id).thumb == "up"
        advisor.rate_answer(answer_id, "down")
        assert saved_answer(advisor.store, answer_id).thumb == "down"
        advisor.rate_answer(answer_id, None)
        assert saved_answer(advisor.store, answer_id).thumb is None
        with pytest.raises(BadValueError, match="up or down"):
            advisor.rate_answer(answer_id, "sideways")
        with pytest.raises(HistoryError, match="ask the question again"):
            advisor.rate_answer("answer:unknown", "up")


def test_an_answer_that_is_only_shown_again_is_not_saved_again(folder: Path) -> None:
    with Advisor.open(folder) as advisor:
        before = advisor.store.counts()["answers"]
        assert advisor.ask("help", save=False).answer_id is None
        assert advisor.store.counts()["answers"] == before

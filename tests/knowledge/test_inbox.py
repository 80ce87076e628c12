"""Records on disk: whole or not there, told apart by name, moved out of the way."""

import errno
import json
import os
from pathlib import Path

import pytest

from knowledge import inbox
from knowledge.errors import StoreError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / inbox.INBOX).mkdir()
    return tmp_path


def test_a_record_is_read_as_it_was_saved(folder):
    event_id = inbox.record(folder, "job", {"id": "job:1"}, event_id="job:1-2")
    (path,) = inbox.waiting(folder)
    content = inbox.load_record(path)
    assert event_id == content["event_id"] == "job:1-2"
    assert (content["kind"], content["body"]) == ("job", {"id": "job:1"})


def test_records_wait_in_the_order_they_were_saved(folder):
    ids = [inbox.record(folder, "claims", {"claims": []}) for _ in range(5)]
    assert [inbox.load_record(p)["event_id"] for p in inbox.waiting(folder)] == ids


def test_where_there_is_no_inbox_nothing_waits(tmp_path):
    assert inbox.waiting(tmp_path) == []
    assert inbox.can_wait(tmp_path)


def test_a_number_that_json_has_no_word_for_is_refused_and_leaves_nothing(folder):
    with pytest.raises(ValueError, match="JSON"):
        inbox.record(folder, "run", {"seconds": float("nan")})
    assert os.listdir(folder / inbox.INBOX) == []


def test_what_no_answer_rests_on_can_wait_and_a_run_cannot(folder, monkeypatch):
    inbox.record(folder, "answer", {})
    inbox.record(folder, "feedback", {}, event_id="feedback:1")
    assert inbox.can_wait(folder)
    monkeypatch.setattr(inbox, "MAX_PATIENT", 1)
    assert not inbox.can_wait(folder)
    monkeypatch.undo()
    inbox.record(folder, "run", {}, event_id="run:answer")
    assert not inbox.can_wait(folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "is not a record"),
        ('{"kind": "run", "body": {}}', "is not a record"),
        ("{", "Expecting"),
        (
            json.dumps({"event_id": "x", "kind": "run", "body": {}, "format": 99}),
            "newer version",
        ),
    ],
)
def test_a_file_that_is_no_record_of_ours_is_a_value_error(tmp_path, text, why):
    path = tmp_path / "1-run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=why):
        inbox.load_record(path)


def test_a_record_may_be_archived_twice_and_is_found_once(folder):
    """Two ingesters may have read the same file."""
    inbox.record(folder, "job", {})
    (path,) = inbox.waiting(folder)
    inbox.archive(folder, path)
    inbox.archive(folder, path)
    (found,) = inbox.archived(folder)
    assert found.name == path.name
    assert inbox.waiting(folder) == []


def test_only_old_leftovers_of_killed_writers_are_removed(folder):
    inbox.record(folder, "job", {})
    old, new = (folder / inbox.INBOX / f"{n}.json.tmp" for n in ("old", "new"))
    now = 1_000_000.0
    for path, age in ((old, inbox.STALE_SECONDS + 1), (new, 1.0)):
        path.write_text("{")
        os.utime(path, (now - age, now - age))
    inbox.sweep(folder, now=now)
    assert not old.exists()
    assert new.exists()
    assert len(inbox.waiting(folder)) == 1


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EACCES, "check the folder"),
    ],
)
def test_what_the_disk_refuses_is_said_and_leaves_no_half_file(
    folder, monkeypatch, number, says
):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match=says):
        inbox.record(folder, "job", {})
    assert os.listdir(folder / inbox.INBOX) == []

"""Runs that ended while the disk was full: said, and there when it has room."""

import errno
import json
import os
import shutil
from dataclasses import replace

import pytest

from advisor.cli import main, verify
from advisor.running.supervision import Supervision
from advisor.service import Advisor
from experiments.jobs.carrying_out import build_run
from knowledge import inbox
from knowledge.records import Curve, Outcome, run_body
from tests.by_hand import start_instead

ASKED = ["verify", "--workload", "digits_mlp", "--batch-size", "32"]
ASKED += ["--learning-rate", "0.01", "--steps", "60"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def runs_end_at_once(monkeypatch, folder):
    """In place of a supervisor: the run's record is saved and its job ends."""

    def carry_out(supervision: Supervision) -> None:
        queue = supervision.queue
        job = queue.claim("me")
        if job is None:
            return
        curve = Curve(losses=(1.0, 0.5))
        verdict = {"outcome": Outcome.STABLE, "failed_at_step": None, "note": ""}
        run = build_run(job.config, curve=curve, seconds=1.0, **verdict)
        run = replace(run, steps=60, job_id=job.id)
        body = run_body(run, curve)
        inbox.record(folder, "run", body, event_id=run.id)
        queue.end(job.id, "me", state="finished", run_id=run.id)
        queue.end_verification(job.verification_id, state="finished")

    start_instead(monkeypatch, carry_out)


@pytest.fixture
def full_disk(monkeypatch, folder, runs_end_at_once):
    """Room for small files, none for the tables."""
    Advisor.open(folder).close()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)


def test_runs_that_a_full_disk_keeps_from_the_tables_are_said(
    folder, full_disk, capsys
):
    """No table of empty outcomes that passes for a success."""
    assert main.main(["--store", str(folder), *ASKED]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.strip().splitlines()[-1]
    assert last.startswith("1 run could not be saved in the tables because the disk")
    assert "free some space" in last


def test_the_document_of_such_runs_has_the_reason(folder, full_disk, capsys):
    """Who reads the JSON sees it as well."""
    assert main.main(["--store", str(folder), *ASKED, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["state"] == "finished"
    assert "is full" in document["error"]
    assert document["runs"][0]["outcome"] is None


def test_such_runs_appear_when_there_is_room_again(
    folder, full_disk, monkeypatch, capsys
):
    """What was said stays true: nothing needs to be repeated."""
    main.main(["--store", str(folder), *ASKED, "--json"])
    verification_id = json.loads(capsys.readouterr().out)["verification_id"]
    monkeypatch.undo()
    with Advisor.open(folder) as advisor:
        document = advisor.verifications.get(verification_id).to_dict()
    assert document["error"] is None
    assert document["runs"][0]["outcome"] == "stable"


def test_with_room_there_is_no_error(folder, runs_end_at_once, capsys):
    """The usual end of a verification."""
    assert main.main(["--store", str(folder), *ASKED, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["error"] is None


def test_waiting_for_runs_ends_where_not_even_their_records_can_be_written(
    folder, monkeypatch, nothing_trains, capsys
):
    """Nobody is left to say that they are over."""
    monkeypatch.setattr(verify, "FULL_SECONDS", 0.1)
    room = shutil.disk_usage(folder.parent)._replace(free=4096)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room)
    assert main.main(["--store", str(folder), *ASKED, "--json"]) == 2
    said = capsys.readouterr()
    assert "cannot be saved because the disk" in json.loads(said.out)["error"]
    assert "free some space" in said.err

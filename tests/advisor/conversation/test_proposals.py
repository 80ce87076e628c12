"""Proposals: a plan works once, for whoever is first, and nothing else is a plan."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.conversation.proposals import FOLDER, LIFETIME_SECONDS, Action, Proposals
from knowledge.errors import PlanError, StoreError

UNKNOWN = "plan:0123456789ab"


@pytest.fixture
def proposals(tmp_path):
    return Proposals(tmp_path)


def saved(proposals: Proposals) -> str:
    return proposals.save(Action.CANCEL, "stop job 1", {"job_ids": ["job:1"]}).id


def take(proposals: Proposals, plan_id: str) -> None:
    with proposals.taken(plan_id):
        pass


def file_of(tmp_path: Path, plan_id: str) -> Path:
    return tmp_path / FOLDER / f"{plan_id.removeprefix('plan:')}.json"


def test_a_proposal_is_found_as_it_was_saved(proposals):
    kept = proposals.save(Action.VERIFY, "2 runs of größe", {"batch_sizes": [5, 7]})
    assert proposals.find(kept.id) == kept
    assert kept.verification_id == kept.id.replace("plan", "verification")


def test_looking_does_not_use_it_up(proposals):
    plan_id = saved(proposals)
    proposals.find(plan_id)
    take(proposals, plan_id)


def test_a_plan_works_once(proposals):
    plan_id = saved(proposals)
    take(proposals, plan_id)
    for again in (proposals.find, lambda p: take(proposals, p)):
        with pytest.raises(PlanError, match="a plan works once"):
            again(plan_id)


def test_while_it_is_carried_out_nobody_else_can_take_it(proposals):
    plan_id = saved(proposals)
    with proposals.taken(plan_id), pytest.raises(PlanError, match="works once"):
        take(proposals, plan_id)


def test_what_fails_is_put_back(proposals):
    plan_id = saved(proposals)

    class Trouble(BaseException):
        """Such as Ctrl-C, which is no Exception."""

    def fail() -> None:
        with proposals.taken(plan_id):
            raise Trouble

    with pytest.raises(Trouble):
        fail()
    take(proposals, plan_id)


def test_a_withdrawn_plan_is_used_up_and_withdrawing_twice_is_harmless(proposals):
    plan_id = saved(proposals)
    proposals.withdraw(plan_id)
    proposals.withdraw(plan_id)
    with pytest.raises(PlanError, match="used or withdrawn"):
        take(proposals, plan_id)


def test_of_twenty_threads_one_takes_it(tmp_path):
    plan_id = saved(Proposals(tmp_path))
    start = threading.Barrier(20)
    said: list[str] = []

    def run() -> None:
        own = Proposals(tmp_path)
        start.wait()
        try:
            with own.taken(plan_id):
                said.append("taken")
        except PlanError as error:
            said.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("taken") == 1
    assert all("works once" in text for text in said if text != "taken")
    assert len(said) == 20


def test_of_two_processes_one_takes_each_plan(tmp_path):
    """Both wait for the same file to appear, then go through the plans in order."""
    plans = [saved(Proposals(tmp_path)) for _ in range(200)]
    code = (
        "import sys, pathlib\n"
        "from advisor.conversation.proposals import Proposals\n"
        "from knowledge.errors import PlanError\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while not (folder / 'go').exists(): pass\n"
        "for plan in sys.argv[2:]:\n"
        "    try:\n"
        "        with Proposals(folder).taken(plan): print(plan)\n"
        "    except PlanError: pass\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), *plans],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    taken = [process.communicate()[0].split() for process in both]
    assert sorted(taken[0] + taken[1]) == sorted(plans)


def test_an_unknown_id_is_said_to_be_unknown(proposals):
    for look in (proposals.find, lambda p: take(proposals, p)):
        with pytest.raises(PlanError, match="unknown or older than 7 days"):
            look(UNKNOWN)
    proposals.withdraw(UNKNOWN)


def test_a_plan_that_is_too_old_works_no_more(proposals, tmp_path):
    plan_id = saved(proposals)
    past = time.time() - LIFETIME_SECONDS - 60
    os.utime(file_of(tmp_path, plan_id), (past, past))
    for look in (proposals.find, lambda p: take(proposals, p)):
        with pytest.raises(PlanError, match="older than 7 days"):
            look(plan_id)
    newer = saved(proposals)  # saving sweeps
    assert [p.name for p in (tmp_path / FOLDER).iterdir()] == [
        file_of(tmp_path, newer).name
    ]


@pytest.mark.parametrize(
    "plan_id",
    [
        "",
        "plan:",
        "0123456789ab",
        "plan:0123456789AB",
        "plan:0123456789ab\n",
        "plan:0123456789ab.json",
        "plan:../../../etc/passwd",
        "plan:..%2f..%2fstore",
        "plan:/etc/passwd",
        "plan:0123456789ab/../x",
        "plan:\x00123456789ab",
        "plan:\u0660123456789ab",
        "verification:0123456789ab",
        "plan:" + "a" * 10_000,
    ],
)
def test_what_is_no_id_is_refused_in_a_sentence(proposals, plan_id):
    for look in (
        proposals.find,
        proposals.withdraw,
        lambda p: take(proposals, p),
    ):
        with pytest.raises(PlanError, match="no plan's id") as caught:
            look(plan_id)
        assert len(str(caught.value)) < 200


@settings(deadline=None)  # machines are busy
@given(st.text(max_size=40) | st.from_regex(r"plan:[^0-9a-f]*[./\\].*"))
def test_no_text_names_a_file_outside_the_folder(plan_id):
    """A path is only made of what the id's form allows: 12 hexadecimal digits."""
    proposals = Proposals(Path("/nowhere"))
    with pytest.raises(PlanError):
        proposals.find(plan_id)


@settings(deadline=None)  # machines are busy
@given(st.from_regex(r"\Aplan:[0-9a-f]{12}\Z"))
def test_every_id_of_the_form_is_looked_for(plan_id):
    with pytest.raises(PlanError, match=f"No plan {plan_id} waits here"):
        Proposals(Path("/nowhere")).find(plan_id)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"action": "explode"}'])
def test_a_damaged_file_is_refused_in_a_sentence(proposals, tmp_path, content):
    plan_id = saved(proposals)
    file_of(tmp_path, plan_id).write_text(content)
    for look in (proposals.find, lambda p: take(proposals, p)):
        with pytest.raises(PlanError, match="damaged"):
            look(plan_id)


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="Cannot write"):
        saved(Proposals(tmp_path))


def test_numbers_that_json_does_not_know_are_never_saved(proposals, tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        proposals.save(Action.VERIFY, "x", {"rate": float("nan")})
    assert list((tmp_path / FOLDER).glob("*")) == []

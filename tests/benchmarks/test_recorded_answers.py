"""Recorded answers: the same twice, what must differ left out, what differs named."""

import copy
import sys

import pytest

from benchmarks import recorded_answers
from benchmarks.recorded_answers import (
    Command,
    case_name,
    comparable,
    differences,
    find_command,
    load,
    main,
    save,
)
from benchmarks.recorded_cases import AFTERWARDS, CASES, OLD_STORES

ASKED = ["ask", "what LR for batch 5 on RealFace?", "--json"]


@pytest.fixture(autouse=True)
def _environment_stays(monkeypatch):
    """Recording sets variables of its own."""
    for name, value in recorded_answers.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LR_ADVISOR_NO_STUDY", "1")


@pytest.fixture
def recorded(tmp_path):
    command = Command(tmp_path / "store", find_command())
    return {"ask": {case_name(ASKED): command.record(ASKED)}}


def test_the_same_program_answers_the_same_in_two_new_stores(recorded, tmp_path):
    other = Command(tmp_path / "elsewhere" / "store", find_command())
    assert recorded == {"ask": {case_name(ASKED): other.record(ASKED)}}


def test_a_changed_number_is_named_with_its_place_and_both_values(recorded):
    changed = copy.deepcopy(recorded)
    recommendation = changed["ask"][case_name(ASKED)]["document"]["recommendation"]
    rate = recommendation["learning_rate"]
    recommendation["learning_rate"] = 1.01 * rate
    (line,) = differences(recorded, changed)
    assert line.endswith(
        f"document > recommendation > learning_rate: {rate} -> {1.01 * rate}"
    )


def test_comparing_two_recordings_ends_with_1_where_they_differ(
    recorded, tmp_path, capsys
):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    save(recorded, before)
    save(recorded, after)
    assert load(before) == recorded
    assert main(["compare", str(before), "--with", str(after)]) == 0
    assert capsys.readouterr().out.strip() == "0 differences in 1 cases."
    recorded["ask"][case_name(ASKED)]["exit_code"] = 2
    save(recorded, after)
    assert main(["compare", str(before), "--with", str(after)]) == 1
    assert "exit_code: 0 -> 2" in capsys.readouterr().out


def test_a_refusal_is_recorded_with_its_sentence_and_exit_code(tmp_path):
    command = Command(tmp_path / "store", find_command())
    found = command.record(["jobs", "show", "job:none"])
    assert found["exit_code"] == 2
    assert "No job 'job:none'" in found["said"][0]
    assert command.record(["frobnicate"])["exit_code"] == 2


def test_a_bug_is_recorded_and_does_not_end_the_recording(tmp_path):
    def broken(arguments):
        raise KeyError("x")

    found = Command(tmp_path / "store", broken).record(["ask"])
    assert found == {"exit_code": 1, "said": ["KeyError: 'x'"], "document": []}


def test_what_a_busy_machine_was_too_slow_for_is_asked_again(tmp_path):
    said = iter(["The query took more than 5 s and was stopped.", "No such table."])

    def slow_at_first(arguments):
        sys.stderr.write(next(said))
        return 2

    found = Command(tmp_path / "store", slow_at_first).record(["sql", "select 1"])
    assert found["said"] == ["No such table."]
    assert list(said) == []


def test_only_chance_the_clock_and_the_folder_are_left_out(tmp_path):
    document = {
        "answer_id": "answer:0123456789abcdef",
        "claim": "claim:own/0123456789ab",
        "run": "run:0123456789abcdef",
        "started": "2026-11-30T15:25:13.005341",
        "text": f"Kept 2026-11-30 15:25:13 in {tmp_path}/x",
        "learning_rate": 5.600000049e-05,
        "batch_size": 5,
    }
    assert comparable(document, tmp_path / "store") == {
        "answer_id": "answer:*",
        "claim": "claim:own/*",
        "run": "run:0123456789abcdef",
        "text": "Kept TIME in FOLDER/x",
        "learning_rate": 5.6e-05,
        "batch_size": 5,
    }


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", None, [], {}])
def test_a_value_of_another_type_is_a_difference(value):
    others = [True, 1, 1.0, "1", None, [], {}]
    found = [other for other in others if not list(differences(value, other, "x"))]
    assert found == [value]
    assert type(found[0]) is type(value)


def test_of_long_texts_the_part_that_differs_is_shown():
    before = "a" * 500 + "5.6e-5" + "b" * 500
    (line,) = differences({"text": before}, {"text": before.replace("5.6", "5.7")})
    assert "5.6e-5" in line
    assert "5.7e-5" in line
    assert len(line) < 300


@pytest.mark.parametrize("kind", [*CASES, "afterwards", "old stores"])
def test_every_case_of_a_kind_has_its_own_name(kind):
    cases = {**CASES, "afterwards": AFTERWARDS, "old stores": OLD_STORES}[kind]
    assert cases
    assert len({case_name(arguments) for arguments in cases}) == len(cases)

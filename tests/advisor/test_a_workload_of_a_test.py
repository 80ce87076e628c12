"""A workload from outside the package is asked about, run and answered for."""

import json
from pathlib import Path

import pytest

from advisor.answers.wording import settings_snippets
from advisor.cli.main import main
from advisor.service import Advisor
from experiments.workloads.registry import BUILT_IN, FILES_VARIABLE
from knowledge.errors import SettingsError
from tests.waiting import LIMIT_SECONDS

FILE = Path(__file__).parent / "lines_workload.py"
FINE, TOO_HIGH = 0.05, 50.0
BATCH_SIZE = 16
ADDED = {
    **{"name": "lines", "title": "Lines", "origin": "added"},
    **dict.fromkeys(("runs", "labelled", "claims"), 0),
}


def listed(advisor):
    """What the list of workloads says, by name."""
    return {row["name"]: row for row in advisor.workloads()}


@pytest.fixture(autouse=True)
def named(monkeypatch):
    """Processes that are started meanwhile inherit it."""
    monkeypatch.setenv(FILES_VARIABLE, str(FILE))


@pytest.fixture
def advisor(tmp_path):
    with Advisor.open(tmp_path / "store", study=False, library=False) as advisor:
        yield advisor


def test_it_is_asked_about_then_run_and_then_answered_from_its_runs(advisor):
    before = advisor.recommend("lines", BATCH_SIZE)
    assert (before.basis, before.learning_rate) == ("none", None)
    assert (before.optimizer, before.horizon_steps) == ("sgd", 60)

    verification = advisor.verify("lines", BATCH_SIZE, learning_rate=[FINE, TOO_HIGH])
    verification.wait(timeout_seconds=LIMIT_SECONDS)
    assert (verification.state, verification.error) == ("finished", None)

    fine, failed = sorted(
        advisor.library.runs_of("lines"), key=lambda run: run.learning_rate
    )
    assert (fine.outcome, failed.outcome) == ("stable", "diverged")
    assert (fine.metric_name, fine.goal) == ("validation_loss", "min")
    assert fine.batch_convention == "per_side"
    seconds = 2 * BATCH_SIZE * fine.steps / fine.examples_per_second
    assert seconds == pytest.approx(fine.seconds, abs=0.001)  # as it is rounded

    after = advisor.recommend("lines", BATCH_SIZE)
    assert after.basis == "measured"
    assert set(after.to_dict()["evidence"]["used"]) == {fine.id, failed.id}
    assert after.learning_rate < TOO_HIGH
    assert settings_snippets(after)["liner"].startswith("rate=")
    assert listed(advisor)["lines"] == ADDED | {"runs": 2, "labelled": 2}


def test_all_that_can_be_trained_is_listed_once_before_anything_was_run(advisor):
    """A file may be named long after the store was made."""
    assert listed(advisor)["lines"] == ADDED
    names = [row["name"] for row in advisor.workloads()]
    assert len(names) == len(set(names))
    assert {spec.name for spec in BUILT_IN} < set(names)


def test_it_is_read_in_a_question_and_written_by_its_title(advisor):
    answer = advisor.ask("which learning rate for lines at batch 16?")
    assert (answer.intent, answer.slots["workload"]) == ("recommend_lr", "lines")
    assert "Lines" in answer.text


def test_a_plan_for_it_spreads_over_nothing_but_what_was_asked(advisor):
    plan = advisor.plan_runs("lines", BATCH_SIZE)
    assert {run.batch_size for run in plan.runs} == {BATCH_SIZE}
    first = plan.runs[0]
    assert plan.estimated_examples >= 2 * first.batch_size * first.last_step


def test_the_command_describes_and_times_it(tmp_path, capsys):
    """Both load torch in a process of their own, which finds the file too."""
    store = ["--store", str(tmp_path / "store"), "--json"]
    assert main([*store, "workloads", "describe", "lines"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["parameters"] == {"total": 2}
    assert main([*store, "speed", "--workload", "lines", "--budget", "600s"]) == 0
    timed = json.loads(capsys.readouterr().out)
    assert {row["batch_size"] for row in timed["rows"]} == {4, 16, 64}


def test_a_file_that_is_gone_is_said_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(FILES_VARIABLE, str(tmp_path / "gone.py"))
    store = ["--store", str(tmp_path / "store")]
    assert main([*store, "recommend", "--workload", "lines", "--batch-size", "8"]) == 2
    assert "gone.py, which cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["1 / 0", "WORKLOADS = [3]", None], ids=["raises", "holds none", "gone"]
)
def test_the_doctor_names_a_file_that_cannot_be_used(
    tmp_path, monkeypatch, advisor, text
):
    assert advisor.doctor()["ok"]
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv(FILES_VARIABLE, str(path))
    report = advisor.doctor()
    assert not report["ok"]
    assert [str(path) in problem for problem in report["problems"]] == [True]
    with pytest.raises(SettingsError, match=r"mine\.py, which cannot be used"):
        advisor.workloads()

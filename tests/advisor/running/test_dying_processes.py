"""What a person reads when the processes that carry out runs cannot, or die.

Everything real: supervisors, workers, training. The tests wait for states, never for a
length of time.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from advisor.cli import main
from advisor.running.supervision import MOST_DEATHS, STARTED_FILE
from advisor.running.verification import Verification
from advisor.service import Advisor
from advisor.settings import Settings
from tests.gate import Gate
from tests.processes import SUPERVISOR, WORKER, kill_all, processes
from tests.sabotage import EXITS, IS_KILLED, Sabotage
from tests.waiting import LIMIT_SECONDS, until

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def advisor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisor]:
    monkeypatch.setenv("LR_ADVISOR_WORKERS", "1")
    settings = Settings(folder, 1, ships=frozenset())
    with Advisor.open(folder, settings=settings, seeded=False) as opened:
        yield opened
        kill_all(folder)


@pytest.fixture
def sabotage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sabotage:
    return Sabotage(tmp_path / "sabotage", monkeypatch)


def start(advisor: Advisor, *, n_runs: int = 1) -> Verification:
    rates = [1e-3 * 2**i for i in range(n_runs)]
    return advisor.verify("digits_mlp", 32, learning_rate=rates, steps=20)


def wait(verification: Verification) -> None:
    verification.wait(timeout_seconds=LIMIT_SECONDS)


def assert_failed_for_good(advisor: Advisor, verification: Verification) -> str:
    """Return why it failed; nothing of it is left to wait for."""
    assert verification.state == "failed"
    assert {job.state for job in verification.jobs()} == {"failed"}
    assert not advisor.queue.has_work()
    assert verification.error is not None
    assert all(job.error for job in verification.jobs())
    return verification.error


def assert_resumable(advisor: Advisor, verification: Verification) -> None:
    """When the cause is gone, its jobs can be carried out after all."""
    for job in verification.jobs():
        advisor.resume(job.id)
    until(lambda: not advisor.queue.has_work(), what="the end of all work")
    assert {job.state for job in verification.jobs()} == {"finished"}
    assert {job.error for job in verification.jobs()} == {None}


# -- the supervisor --------------------------------------------------------------------


def test_a_supervisor_that_cannot_start_is_tried_again_and_then_said(
    advisor: Advisor, sabotage: Sabotage
) -> None:
    sabotage.at_start_of(SUPERVISOR, EXITS)
    verification = start(advisor)
    wait(verification)
    error = assert_failed_for_good(advisor, verification)
    assert f"{MOST_DEATHS} times" in error
    assert "exit code 7: no luck today" in error
    log = advisor.store.folder / "workers.log"
    assert str(log) in error
    assert log.read_text().count("no luck today") == MOST_DEATHS
    assert "lr-advisor jobs resume" in error
    sabotage.mend()
    assert_resumable(advisor, verification)


def test_a_python_that_is_not_there_is_said_at_once(
    advisor: Advisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(advisor.store.folder / "python"))
    verification = start(advisor)
    error = assert_failed_for_good(advisor, verification)
    assert "could not be started" in error
    assert "No such file" in error


def test_a_supervisor_that_dies_is_replaced_by_who_waits(
    advisor: Advisor, gate: Gate
) -> None:
    verification = start(advisor, n_runs=2)
    until(gate.held, what="a run at the gate")
    kill_all(advisor.store.folder)
    gate.open()
    wait(verification)
    assert verification.state == "finished"


def test_one_that_was_started_by_somebody_else_is_replaced_too(
    advisor: Advisor, folder: Path, gate: Gate
) -> None:
    """Nothing of who started it need be left."""
    verification = start(advisor, n_runs=2)
    until(gate.held, what="a run at the gate")
    kill_all(folder)
    gate.open()
    with Advisor.open(folder, settings=advisor.settings) as another:
        wait(another.verifications.get(verification.id))
    assert verification.state == "finished"


def test_a_supervisor_killed_that_cannot_start_again_leaves_the_run_under_way(
    advisor: Advisor, gate: Gate, sabotage: Sabotage
) -> None:
    """What trains is not given up; what waits is, when nothing trains any more."""
    verification = start(advisor, n_runs=2)
    until(gate.held, what="a run at the gate")
    sabotage.at_start_of(SUPERVISOR, IS_KILLED)
    for process in processes(advisor.store.folder, SUPERVISOR):
        process.kill()
    for _ in range(10 * MOST_DEATHS):
        advisor.verifications.look_after()
        until(
            lambda: not processes(advisor.store.folder, SUPERVISOR),
            what="a supervisor's end",
        )
    assert verification.state == "running"
    assert sorted(job.state for job in verification.jobs()) == ["queued", "running"]
    kill_all(advisor.store.folder)
    wait(verification)
    assert "ended by SIGKILL" in assert_failed_for_good(advisor, verification)


def test_a_verification_that_is_being_cancelled_ends_without_a_supervisor(
    advisor: Advisor, sabotage: Sabotage
) -> None:
    sabotage.at_start_of(SUPERVISOR, EXITS)
    verification = start(advisor)
    verification.cancel()
    wait(verification)
    assert verification.state == "cancelled"
    assert {job.state for job in verification.jobs()} == {"cancelled"}
    assert verification.error is None


def test_a_second_supervisor_is_not_taken_for_the_first(
    advisor: Advisor, gate: Gate
) -> None:
    """One is at work, another one waits and leaves: nobody starts a third."""
    verification = start(advisor)
    until(gate.held, what="the run at the gate")
    advisor.tend()
    second = json.loads((advisor.store.folder / STARTED_FILE).read_text())["pid"]
    psutil.Process(second).kill()
    until(
        lambda: len(processes(advisor.store.folder, SUPERVISOR)) == 1,
        what="the end of the second supervisor",
    )
    advisor.verifications.look_after()
    last = json.loads((advisor.store.folder / STARTED_FILE).read_text())["pid"]
    assert last == second
    assert advisor.supervision.trouble() is None
    verification.cancel()
    wait(verification)
    assert verification.state == "cancelled"


# -- the workers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "how"),
    [(EXITS, "exit code 7: no luck today"), (IS_KILLED, "ended by SIGKILL")],
)
def test_a_worker_that_cannot_start_fails_what_waits(
    advisor: Advisor, sabotage: Sabotage, then: str, how: str
) -> None:
    sabotage.at_start_of(WORKER, then)
    verification = start(advisor, n_runs=3)
    wait(verification)
    error = assert_failed_for_good(advisor, verification)
    assert "No worker could be started" in error
    assert how in error
    assert str(advisor.store.folder / "workers.log") in error
    assert not any(job.attempts for job in verification.jobs())
    sabotage.mend()
    assert_resumable(advisor, verification)


@pytest.mark.parametrize(
    ("then", "how"),
    [
        ("os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        (IS_KILLED, "ended by SIGKILL, often for lack of memory"),
        (EXITS, "exit code 7: no luck today"),
    ],
)
def test_a_worker_that_dies_with_its_run_each_time_fails_the_run(
    advisor: Advisor, sabotage: Sabotage, then: str, how: str
) -> None:
    """Before the first step, when torch is loaded."""
    sabotage.in_torch(then)
    verification = start(advisor)
    wait(verification)
    error = assert_failed_for_good(advisor, verification)
    assert "lost 3 times" in error
    assert how in error
    assert ".log" in error or "log.txt" in error
    (job,) = verification.jobs()
    assert job.attempts == 3


def test_missing_torch_is_said_after_one_attempt(
    advisor: Advisor, sabotage: Sabotage
) -> None:
    sabotage.in_torch("raise ModuleNotFoundError(\"No module named 'torch'\")")
    verification = start(advisor)
    wait(verification)
    error = assert_failed_for_good(advisor, verification)
    assert "No module named 'torch'" in error
    assert str(advisor.store.folder / "workers.log") in error
    (job,) = verification.jobs()
    assert job.attempts == 1


def test_a_worker_killed_once_before_the_first_step_costs_an_attempt(
    advisor: Advisor, sabotage: Sabotage
) -> None:
    sabotage.in_torch("import time\ntime.sleep(3600)")
    verification = start(advisor)
    until(lambda: any(job.pid for job in verification.jobs()), what="a worker")
    sabotage.mend()
    for process in processes(advisor.store.folder, WORKER):
        process.kill()
    wait(verification)
    assert verification.state == "finished"
    (job,) = verification.jobs()
    assert (job.attempts, job.error) == (2, None)


def test_runs_that_nowhere_can_be_written_fail_with_the_reason(
    advisor: Advisor,
) -> None:
    runs = advisor.store.folder / "runs"
    runs.rmdir()
    runs.write_text("a file, not a folder")
    verification = start(advisor, n_runs=2)
    wait(verification)
    error = assert_failed_for_good(advisor, verification)
    assert str(advisor.store.folder) in error
    assert all("/runs/job-" in (job.error or "") for job in verification.jobs())


def test_a_search_whose_runs_fail_again_and_again_ends(
    advisor: Advisor, sabotage: Sabotage
) -> None:
    """One run went well; a budget in examples is never used up by runs that fail."""
    first = advisor.verify("digits_mlp", 32, examples=40 * 32, steps=20)
    wait(first)
    sabotage.in_torch("raise ImportError('broken')")
    second = advisor.verify("digits_mlp", 32, examples=1e9, steps=20)
    wait(second)
    assert second.state == "failed"
    assert "broken" in (second.error or "")


# -- where the person looks ------------------------------------------------------------

COMMAND = "verify --workload digits_mlp --batch-size 32 --learning-rate 1e-3 --steps 20"


@pytest.mark.parametrize("how", [[], ["--detach"]])
def test_the_terminal_says_it_and_ends(
    folder: Path, sabotage: Sabotage, how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also who does not wait for the runs learns that they cannot begin."""
    sabotage.at_start_of(SUPERVISOR, EXITS)
    arguments = [*COMMAND.split(), "--store", str(folder), "--json", *how]
    assert main.main(arguments) == 2
    said = capsys.readouterr()
    assert "no luck today" in said.err
    document = json.loads(said.out)
    assert document["state"] == "failed"
    assert "no luck today" in document["error"]


def test_jobs_that_nobody_carries_out_any_more_are_not_shown_without_a_word(
    advisor: Advisor,
    folder: Path,
    sabotage: Sabotage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the command, by the answer in words, by the doctor."""
    sabotage.at_start_of(SUPERVISOR, EXITS)
    start(advisor)
    until(advisor.supervision.trouble, what="a supervisor that died")
    assert main.main(["jobs", "list", "--store", str(folder)]) == 0
    said = capsys.readouterr()
    assert "Nobody carries out the runs that wait" in said.err
    assert "no luck today" in said.err
    assert "queued" in said.out
    assert "no luck today" in advisor.ask("what is running?", save=False).text
    assert any("no luck today" in problem for problem in advisor.doctor()["problems"])

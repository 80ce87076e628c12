"""Verification runs in real processes: finished, cancelled, killed and resumed."""

import os

import pytest

from advisor.cli import verify
from advisor.running.job_documents import job_dict, shown_state
from advisor.running.verification import Verification
from advisor.service import Advisor
from advisor.settings import Settings
from advisor.track_record.wording import track_record_document
from experiments.jobs.records import Job
from experiments.training.run_folder import RunFolder
from knowledge.errors import BadValueError, WorkloadUnavailableError
from knowledge.records import Outcome, Run
from tests.by_hand import start_instead
from tests.gate import HELD_AT_STEP
from tests.processes import kill_all, processes
from tests.waiting import LIMIT_SECONDS, until

pytestmark = pytest.mark.slow

# Without any run there would be nothing to make a forecast of.
KNOWN = Run(
    id="run:known",
    workload="digits_cnn",
    batch_size=64,
    learning_rate=1e-4,
    optimizer="adam",
    recipe="adam",
    source="a table",
    outcome=Outcome.STABLE,
    horizon_steps=200,
)


@pytest.fixture
def advisor(tmp_path, monkeypatch):
    """A store in a folder whose name has a space and a quote.

    Its supervisor keeps two workers, also on a machine with one core.
    """
    monkeypatch.setenv("LR_ADVISOR_WORKERS", "2")
    folder = tmp_path / "a store's folder"
    with Advisor.open(
        folder, settings=Settings(folder, 2, ships=frozenset())
    ) as opened:
        yield opened
        for verification in opened.queue.verifications(unfinished=True):
            opened.cancel(verification.id)
        until(lambda: not opened.queue.has_work(), what="the end of all work")
        until(lambda: not processes(folder), what="the end of all processes")


def wait(advisor: Advisor, verification: Verification) -> None:
    """Wait for its end, and for the processes that write down what came of it."""
    verification.wait(timeout_seconds=LIMIT_SECONDS)
    until(lambda: not processes(advisor.store.folder), what="the end of its processes")


def test_named_rates_are_run_as_they_are_and_become_evidence(advisor):
    verification = advisor.verify(
        "digits_mlp", [16, 32], learning_rate=[1e-3, 3e3], steps=60
    )
    wait(advisor, verification)
    document = verification.to_dict()
    assert document["state"] == "finished"
    tried = [(r["batch_size"], r["learning_rate"]) for r in document["runs"]]
    assert sorted(tried) == [(16, 1e-3), (16, 3e3), (32, 1e-3), (32, 3e3)]
    outcomes = {r["learning_rate"]: r["outcome"] for r in document["runs"]}
    assert outcomes == {1e-3: "stable", 3e3: "diverged"}
    assert document["before"]["basis"] == "none"
    assert document["after"]["basis"] == "measured"
    assert document["after"]["evidence"]["n_runs"] == 4
    # The states of the jobs are mirrored into the store.
    states = advisor.store.rows("select distinct state from jobs")
    assert states == [("finished",)]
    assert advisor.store.verify().problems == ()


def test_chosen_rates_lie_where_the_threshold_is_believed_to_be(advisor, monkeypatch):
    with monkeypatch.context() as patched:
        start_instead(patched)
        verification = advisor.verify("digits_mlp", 32, runs=6, steps=60)
    assert len(verification.job_ids) == 2  # there at once, for whoever detaches
    advisor.tend()
    wait(advisor, verification)
    runs = verification.to_dict()["runs"]
    assert len(runs) == 6
    for run in runs:
        assert run["believed_low"] <= run["learning_rate"] <= run["believed_high"]
    assert len({run["seed"] for run in runs}) == 6
    assert verification.progress == 1.0


def test_a_killed_supervisor_and_killed_workers_lose_nothing(advisor, gate):
    """The resumed curve equals that of an undisturbed run, to the last digit.

    And what was forecast of a run is neither lost nor said a second time.
    """
    advisor.store.record_run(KNOWN)
    verification = advisor.verify(
        "digits_cnn", 64, learning_rate=[1e-3, 2e-3, 3e-3], steps=200
    )
    queue = advisor.queue
    forecasts = advisor.store.forecasts()
    assert sorted(f.job_id for f in forecasts) == sorted(verification.job_ids)
    until(lambda: len(gate.held()) == 2, what="two runs at the gate")
    kill_all(advisor.store.folder)
    shown = sorted(shown_state(job) for job in verification.jobs())
    assert shown == ["interrupted", "interrupted", "queued"]

    gate.open()
    advisor.tend()  # what opening the app again does
    wait(advisor, verification)
    jobs = verification.jobs()
    assert [job.state for job in jobs] == ["finished"] * 3
    resumed = [job for job in jobs if job.resumed_from_step]
    assert [job.resumed_from_step for job in resumed] == [HELD_AT_STEP] * 2
    assert sorted(job.attempts for job in jobs) == [1, 2, 2]
    assert len(advisor.store.runs()) == 1 + 3
    assert advisor.store.forecasts() == forecasts
    assert len(advisor.track_record().forecasts) == 3

    job = resumed[0]
    again = advisor.verify(
        "digits_mlp", 32, learning_rate=[1e-3], steps=60
    )  # the queue still works
    wait(advisor, again)
    from experiments.training.loop import train

    undisturbed = train(
        job.config,
        RunFolder(advisor.store.folder / "undisturbed"),
        watch=lambda step, loss: True,
    )
    assert advisor.store.curve(job.run_id) == undisturbed.curve
    assert queue.job(job.id).run_id == job.run_id


def test_every_run_is_forecast_before_it_starts_and_scored_when_it_ends(advisor):
    verification = advisor.verify("digits_mlp", 32, runs=10, steps=60)
    wait(advisor, verification)
    record = advisor.track_record()
    # The first two started when nothing was known.
    assert len(record.forecasts) == 8
    assert not record.unscored
    times = advisor.store.rows(
        "select f.made, j.started from forecasts f join jobs j on j.id = f.job_id"
    )
    assert len(times) == 8
    assert all(made < started for made, started in times)
    for scored in record.forecasts:
        run = advisor.store.run(scored.run_id)
        assert run.job_id == scored.forecast.job_id
        assert run.learning_rate == scored.forecast.learning_rate
        assert scored.stable == (run.outcome == "stable")
    (interval,) = record.intervals
    assert len(interval.run_ids) == 8
    assert advisor.doctor()["calibration"] == track_record_document(record)
    assert advisor.store.verify().problems == ()


def test_cancelling_leaves_no_process_behind(advisor, gate):
    verification = advisor.verify("digits_cnn", 64, budget_seconds=300, steps=20_000)
    until(gate.held, what="a run at the gate")
    for job_id in verification.job_ids:
        advisor.cancel(job_id)
    until(
        lambda: not processes(advisor.store.folder),
        what="the end of cancelled processes",
    )
    assert {job.state for job in verification.jobs()} == {"cancelled"}
    assert verification.state == "cancelled"


@pytest.mark.parametrize("how", ["a verification's own cancel", "Ctrl-C"])
def test_cancelling_ends_a_verification_whose_supervisor_is_gone(
    advisor, gate, monkeypatch, how
):
    """Somebody must close it: killed processes hear no flag."""
    verification = advisor.verify("digits_cnn", 64, budget_seconds=300, steps=20_000)
    until(gate.held, what="a run at the gate")
    kill_all(advisor.store.folder)
    if how == "Ctrl-C":
        with monkeypatch.context() as patched:
            patched.setattr(verification, "jobs", _interrupted)
            patched.setattr(verify, "STOPPING_SECONDS", LIMIT_SECONDS)
            verify.watch(advisor, verification)
    else:
        verification.cancel()
        wait(advisor, verification)
    assert verification.state == "cancelled"
    assert {job.state for job in verification.jobs()} == {"cancelled"}


def _interrupted() -> list[Job]:
    raise KeyboardInterrupt


def test_a_run_that_cannot_be_carried_out_says_why(advisor):
    verification = advisor.verify(
        "original@1/64", 2, runs=3, steps=60, data="/no/folder::/nor/this"
    )
    wait(advisor, verification)
    assert verification.state == "failed"
    assert "There is no folder '/no/folder'" in verification.error
    failed = verification.jobs()[0]
    assert job_dict(failed)["state"] == "failed"


def test_a_cancelled_job_goes_on_from_its_step_when_resumed(advisor, gate):
    verification = advisor.verify("digits_cnn", 64, learning_rate=1e-3, steps=200)
    (job_id,) = verification.job_ids
    until(gate.held, what="the run at the gate")
    advisor.cancel(job_id)
    until(lambda: advisor.queue.job(job_id).is_over, what="its end")
    assert advisor.queue.job(job_id).state == "cancelled"
    gate.open()
    advisor.resume(job_id)
    until(lambda: advisor.queue.job(job_id).is_over, what="its end once resumed")
    until(lambda: not processes(advisor.store.folder), what="the end of its processes")
    job = advisor.queue.job(job_id)
    assert (job.state, job.resumed_from_step) == ("finished", HELD_AT_STEP)
    # The part run before cancelling does not count beside the whole one.
    evidence = advisor.recommend("digits_cnn", 64).evidence
    assert [job.run_id] == list(evidence.used)


def test_imported_workloads_and_odd_requests_are_refused_in_a_sentence(
    advisor, tmp_path
):
    path = tmp_path / "runs.csv"
    path.write_text(
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source\nmine,adam,8,0.001,val_loss,0.5,100,me\n"
    )
    advisor.import_runs(path)
    with pytest.raises(WorkloadUnavailableError, match="cannot be trained here"):
        advisor.verify("mine", 8)
    for asked in (
        *({"steps": 1}, {"runs": 0}, {"budget_seconds": 0.0}, {"seeds": 0}),
        {"examples": 0},
    ):
        with pytest.raises(BadValueError):
            advisor.verify("digits_mlp", 8, **asked)
    with pytest.raises(BadValueError, match=r"batch_size is 5000.*1437 examples"):
        advisor.verify("digits_mlp", [32, 5000], runs=3, steps=60)
    assert advisor.queue.verifications() == []
    assert os.listdir(advisor.store.folder / "runs") == []

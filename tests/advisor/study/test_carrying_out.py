"""The study under way: done parts are known again, stopped ones go on."""

import dataclasses
import json

import pytest

from advisor.cli.main import main
from advisor.service import Advisor
from advisor.settings import Settings
from advisor.study.carrying_out import STARTUP_SECONDS, run_study, study_status
from advisor.study.plan import StudyPart, StudyPlan
from experiments.jobs.records import NewJob
from knowledge.study.reading import find_study

FIXED = StudyPart(
    "fixed", "Do they run?", "digits_mlp", "adam", (16,), 40, 1, (1e-3, 3e3)
)
CHOSEN = StudyPart("chosen", "And these?", "digits_mlp", "sgd", (16, 64), 40, 1)
BROKEN = StudyPart("broken", "What is that?", "digits_mlp", "faceswap-3", (4,), 40, 1)

LONG = 1e5  # seconds; the clock runs while a test does, and must not end its study


def plan_of(*parts: StudyPart) -> StudyPlan:
    return StudyPlan("study", 60.0, parts)


@pytest.fixture
def advisor(tmp_path, monkeypatch, nothing_trains):
    """Without supervisors: what is queued waits until a test carries it out."""
    monkeypatch.setattr("advisor.study.carrying_out.POLL_SECONDS", 0.01)
    settings = Settings(tmp_path / "s", n_workers=2, ships=frozenset())
    with Advisor.open(tmp_path / "s", settings=settings) as opened:
        yield opened


def open_step(advisor: Advisor, plan: StudyPlan, suffix: str = "") -> str:
    """Queue the plan's first step as the study would."""
    step = plan.study_steps()[0]
    return advisor.verify(
        step.part.workload,
        list(step.batch_sizes),
        learning_rate=list(step.part.learning_rates),
        recipe=step.part.recipe,
        steps=step.steps,
        budget_seconds=20 if step.is_adaptive else None,
        verification_id=step.verification_id + suffix,
    ).id


def finish(
    advisor: Advisor, verification_id: str, *, seconds: float, steps: int = 40
) -> None:
    """Carry out what is queued, in name only."""
    from experiments.jobs.carrying_out import build_run
    from knowledge.records import Curve

    curve = Curve(tuple(2.0 / (1 + step) for step in range(steps)))
    for _ in advisor.queue.jobs(verification_id=verification_id):
        job = advisor.queue.claim("me")
        run = build_run(
            job.config,
            curve=curve,
            seconds=seconds,
            outcome="stable",
            failed_at_step=None,
            note="",
        )
        advisor.store.record_run(dataclasses.replace(run, job_id=job.id), curve)
        advisor.queue.end(job.id, "me", state="finished", run_id=run.id)
    advisor.queue.end_verification(verification_id, state="finished")


def states(advisor: Advisor, plan: StudyPlan, budget: float = 60) -> list[str]:
    return [
        s.state
        for s in study_status(advisor.verifications, plan, budget_seconds=budget)
    ]


def test_nothing_was_started_yet(advisor):
    status = study_status(
        advisor.verifications, plan_of(FIXED, CHOSEN), budget_seconds=60
    )
    assert [(s.state, s.n_runs, s.spent_seconds) for s in status] == [
        ("waiting", 0, 0)
    ] * 2
    assert status[0].to_dict()["budget_seconds"] == 29.1


def test_named_rates_are_done_when_all_of_them_ran(advisor):
    plan = plan_of(FIXED)
    verification_id = open_step(advisor, plan)
    assert states(advisor, plan) == ["running"]
    finish(advisor, verification_id, seconds=0.1)
    assert states(advisor, plan) == ["done"]
    said: list[str] = []
    run_study(advisor.verifications, plan, budget_seconds=LONG, say=said.append)
    assert said == ["study-fixed: done before, 2 runs."]


def test_a_part_whose_time_is_not_used_up_goes_on_under_a_new_number(advisor):
    """A computer that was switched off meanwhile used up no time of the study."""
    plan = plan_of(CHOSEN)
    finish(advisor, open_step(advisor, plan), seconds=3)
    assert states(advisor, plan) == ["stopped"]
    finish(advisor, open_step(advisor, plan, suffix=".2"), seconds=60)
    assert states(advisor, plan) == ["done"]
    assert states(advisor, plan, budget=600) == ["stopped"]  # more time was given


def test_a_run_that_another_step_carries_on_is_counted_and_paid_for_once(advisor):
    plan = plan_of(CHOSEN)
    finish(advisor, open_step(advisor, plan), seconds=3)
    (before,) = study_status(advisor.verifications, plan, budget_seconds=60)
    source = advisor.queue.jobs()[0]
    opened = advisor.queue.submit_verification(
        advisor.queue.verification(plan.study_steps()[0].verification_id).spec,
        verification_id=plan.study_steps()[0].verification_id + ".2",
    )
    longer = dataclasses.replace(source.config, steps=80)
    advisor.queue.submit(
        NewJob(longer, verification_id=opened, continues_job=source.id)
    )
    finish(advisor, opened, seconds=5, steps=80)
    (after,) = study_status(advisor.verifications, plan, budget_seconds=60)
    assert after.n_runs == before.n_runs
    started = STARTUP_SECONDS  # of the second step
    more = after.spent_seconds - before.spent_seconds - started
    assert more == pytest.approx((5 - 3) / advisor.settings.n_workers)


def test_stopped_runs_of_named_rates_are_resumed_and_not_repeated(advisor):
    plan = plan_of(FIXED)
    verification_id = open_step(advisor, plan)
    advisor.cancel(verification_id)
    advisor.queue.end_verification(verification_id, state="cancelled")
    assert states(advisor, plan) == ["stopped"]
    ids = [job.id for job in advisor.queue.jobs()]

    def carry_out(seconds: float) -> None:
        finish(advisor, verification_id, seconds=0.1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.study.carrying_out.time.sleep", carry_out)
        final = run_study(
            advisor.verifications, plan, budget_seconds=LONG, say=lambda line: None
        )
    assert [s.state for s in final] == ["done"]
    assert [job.id for job in advisor.queue.jobs()] == ids


def test_when_the_time_is_over_the_rest_waits(advisor, monkeypatch):
    """Each part takes longer than it should: the study ends in time all the same."""
    now = [0.0]

    def slowly(*_: object) -> None:
        now[0] += 50

    monkeypatch.setattr("advisor.study.carrying_out._carry_out", slowly)
    monkeypatch.setattr("advisor.study.carrying_out.time.monotonic", lambda: now[0])
    said: list[str] = []
    plan = plan_of(FIXED, CHOSEN, dataclasses.replace(FIXED, name="last"))
    run_study(advisor.verifications, plan, budget_seconds=60, say=said.append)
    assert said[-1] == "study-last: no time was left. Run the study again to go on."


def test_a_part_that_cannot_be_carried_out_is_said_and_passed_over(advisor):
    said: list[str] = []
    plan = plan_of(BROKEN, FIXED)
    done = open_step(advisor, plan_of(FIXED))
    finish(advisor, done, seconds=0.1)
    final = run_study(advisor.verifications, plan, budget_seconds=LONG, say=said.append)
    assert any("study-broken: could not be carried out." in line for line in said)
    assert [s.state for s in final] == ["waiting", "done"]


def test_ctrl_c_stops_the_runs_and_they_can_go_on(advisor):
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    plan = plan_of(FIXED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.study.carrying_out.time.sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_study(
                advisor.verifications, plan, budget_seconds=LONG, say=lambda line: None
            )
    assert {job.state for job in advisor.queue.jobs()} == {"cancelled"}


@pytest.mark.slow
def test_a_small_study_is_run_shipped_and_brought_into_a_new_store(
    tmp_path, monkeypatch
):
    """With real training: run, run again, ship, and a store that starts with it."""
    settings = Settings(tmp_path / "s", n_workers=2, ships=frozenset())
    plan = plan_of(FIXED)
    with Advisor.open(tmp_path / "s", settings=settings) as advisor:
        said: list[str] = []
        status = run_study(
            advisor.verifications, plan, budget_seconds=LONG, say=said.append
        )
        assert status[0].state == "done"
        assert status[0].outcomes == {"diverged": 1, "stable": 1}
        again = run_study(
            advisor.verifications, plan, budget_seconds=LONG, say=said.append
        )
        assert said[-1] == "study-fixed: done before, 2 runs."
        assert again[0].n_runs == 2
    arguments = ["--store", str(tmp_path / "s"), "study"]
    assert main([*arguments, "ship", "--into", str(tmp_path / "study")]) == 0
    study = find_study(tmp_path / "study")
    assert study.facts["runs"] == 2
    assert [part["name"] for part in study.facts["parts"]] == ["study-fixed"]
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path / "study")
    with Advisor.open(":memory:", study=True) as fresh:
        assert fresh.store.counts()["runs"] == 2
        assert fresh.recommend("digits_mlp", 16, recipe="adam").basis == "measured"
        assert fresh.doctor()["ok"]


def test_the_terminal_says_how_far_the_study_is(tmp_path, capsys):
    arguments = ["--store", str(tmp_path / "s"), "--no-seeds", "study"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["study"], document["budget_seconds"]) == ("study", 2400)
    assert {part["state"] for part in document["parts"]} == {"waiting"}
    assert main([*arguments, "status", "--full"]) == 0
    assert "0 of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ship"], "study ship needs --into FOLDER"),
        (["ship", "--into", "out"], "no run to ship"),
        (["run", "--budget", "soon"], "budget 'soon' is not a length of time"),
        (["run", "--budget", "1s"], "budget is 1s: give 10m to"),
        (["run", "--budget", "nan"], "budget is nan: give 10m to"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path, capsys, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    assert main(["--store", str(tmp_path / "s"), "study", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_statuses_are_plain_values(advisor):
    for status in study_status(
        advisor.verifications, plan_of(FIXED), budget_seconds=60
    ):
        json.dumps(status.to_dict(), allow_nan=False)
        assert dataclasses.asdict(status)["state"] == "waiting"

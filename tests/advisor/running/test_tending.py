"""Runs stopped at rungs, carried further, and what is said of them meanwhile."""

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from advisor.evidence.selecting import OVERTAKEN
from advisor.planning import spec as spec_of_runs
from advisor.planning.next_run import PlannedTrial, Survivor
from advisor.planning.spec import VerificationSpec
from advisor.running.supervisor import _advance_all
from advisor.running.tending import MOST_FAILURES, Tending, examples_spent
from advisor.service import Advisor
from advisor.settings import Settings
from experiments.jobs.queue import Queue
from experiments.jobs.records import NewJob
from experiments.jobs.worker import do_job
from knowledge import inbox
from knowledge.errors import StoreError
from knowledge.outcome import RULE_VERSION
from knowledge.records import Outcome, Run, RunConfig
from tests.by_hand import advance, work

STEPS = 900  # rungs at 100, 300 and 900
KNOWN = Run(
    id="run:known",
    workload="digits_mlp",
    batch_size=32,
    learning_rate=1.0,
    optimizer="adam",
    recipe="adam",
    source="ours",
    seed=100,
    outcome=Outcome.DIVERGED,
    failed_at_step=20,
    steps=40,
    horizon_steps=STEPS,
    precision="fp32",
    outcome_rule=RULE_VERSION,
)
Choose = Callable[[list[Survivor], tuple[int, ...]], PlannedTrial]


@pytest.fixture
def advisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_trains: None
) -> Iterator[Advisor]:
    """A store that knows one run; jobs are carried out one after another, by us."""
    # Runs of digits are cheap: stopping them at rungs is what these tests are about.
    monkeypatch.setattr(spec_of_runs, "SHORT_RUN_SECONDS", 0.0)
    folder = tmp_path / "store"
    with Advisor.open(
        folder, study=False, library=False, settings=Settings(folder, n_workers=1)
    ) as opened:
        opened.store.record_run(KNOWN)
        yield opened


def plan(monkeypatch: pytest.MonkeyPatch, choose: Choose) -> None:
    """Let a test choose the next run in place of the planner."""

    def planned(
        model: Any,
        *,
        survivors: list[Survivor],
        rungs: tuple[int, ...],
        **rest: Any,
    ) -> PlannedTrial:
        return choose(survivors, rungs)

    monkeypatch.setattr(spec_of_runs, "plan_next_run", planned)


def new_run(rungs: tuple[int, ...], rate: float = 1e-3) -> PlannedTrial:
    return PlannedTrial(32, rate, 1e-4, 1e-1, "a new one", rungs[0])


def carried(survivor: Survivor, stop_after: int) -> PlannedTrial:
    return PlannedTrial(
        survivor.batch_size,
        survivor.learning_rate,
        *(1e-4, 1e-1, "carried further", stop_after, survivor.key),
    )


def carry_first(survivors: list[Survivor], rungs: tuple[int, ...]) -> PlannedTrial:
    """Carry what has gone least far to its next rung; else start a new run."""
    for survivor in sorted(survivors, key=lambda s: s.steps):
        return carried(survivor, next(r for r in rungs if r > survivor.steps))
    return new_run(rungs)


def test_a_survivor_is_carried_from_rung_to_rung_as_one_job(advisor, monkeypatch):
    plan(monkeypatch, carry_first)
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * STEPS)
    stops = work(advisor, verification)
    assert [job.stop_after for job in stops] == [100, 300, None]
    assert len({job.id for job in stops}) == 1
    assert verification.state == "finished"
    (run,) = verification.to_dict()["runs"]
    assert (run["outcome"], run["steps_done"], run["steps"]) == ("stable", 900, 900)
    found = advisor.recommend("digits_mlp", 32).evidence
    assert sorted(found.used) == sorted(["run:known", run["id"]])
    assert [x.reason for x in found.excluded] == [OVERTAKEN, OVERTAKEN]


def fail_jobs(advisor: Advisor, verification_id: str, config: RunConfig) -> None:
    """So many jobs in a row that nothing more is planned."""
    for _ in range(MOST_FAILURES):
        advisor.queue.submit(NewJob(config, verification_id))
        job = advisor.queue.claim("us")
        advisor.queue.end(job.id, "us", state="failed", error="no memory")


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("its budget is used", "finished"),
        ("the runs after it failed", "failed"),
        ("it was cancelled", "cancelled"),
        ("the next run cannot be chosen", "failed"),
    ],
)
def test_a_finished_run_is_in_the_tables_when_its_verification_is_closed(
    advisor, monkeypatch, how, state
):
    """However it ends, and though another process may be bringing it in just then."""
    waiting: list[Any] = []

    def close(queue: Queue, *arguments: Any, **values: Any) -> None:
        waiting.append(inbox.waiting(advisor.store.folder))
        end(queue, *arguments, **values)

    end = Queue.end_verification
    monkeypatch.setattr(Queue, "end_verification", close)
    runs = 1 if state == "finished" else 9
    verification = advisor.verify("digits_mlp", 32, runs=runs, steps=60)
    job = advisor.queue.claim("us")
    do_job(advisor.queue, advisor.store.folder, job, "us")
    assert inbox.waiting(advisor.store.folder) != []
    if how == "the runs after it failed":
        fail_jobs(advisor, verification.id, job.config)
    elif how == "it was cancelled":
        advisor.queue.cancel_verification(verification.id)
    elif how == "the next run cannot be chosen":
        refused = Mock(side_effect=StoreError("The disk is full."))
        monkeypatch.setattr(Tending, "advance", refused)
    _advance_all(Tending(advisor.store, advisor.queue, advisor.planner))
    assert verification.state == state
    assert waiting == [[]]


def test_verifications_side_by_side_never_take_the_same_seed(advisor, monkeypatch):
    """Neither their first runs nor those chosen later, while others still wait."""
    plan(monkeypatch, lambda survivors, rungs: new_run(rungs))
    wanted = {"steps": STEPS, "examples": 32 * 300}
    both = [advisor.verify("digits_mlp", 32, **wanted) for _ in range(2)]
    for verification in both:
        work(advisor, verification)
    seeds = [job.config.seed for job in advisor.jobs()]
    assert len(set(seeds)) == len(seeds) == 6


SPEC = VerificationSpec("digits_mlp", (32,), "adam", "cpu", STEPS).to_dict()


@pytest.mark.parametrize(
    "saved",
    [
        {"spec": {"workload": "digits_mlp", "batch_size": 32}},
        {"spec": {**SPEC, "wish": "short"}},
        {"spec": {**SPEC, "batch_sizes": None}},
        {"spec": None},
        {"spec": SPEC, "first_runs": [{"workload": "digits_mlp", "lr": 1e-3}]},
        {"spec": SPEC, "first_runs": [None]},
    ],
)
def test_a_verification_of_another_version_ends_with_a_sentence(advisor, saved):
    """Who tends the store goes on with the others."""
    opened = advisor.queue.submit_verification({**saved, "before": {}})
    other = advisor.queue.submit_verification({"spec": SPEC, "before": {}})
    _advance_all(Tending(advisor.store, advisor.queue, advisor.planner))
    failed = advisor.queue.verification(opened)
    assert failed.state == "failed"
    assert "written by another version of this program" in (failed.error or "")
    assert len(advisor.queue.jobs(verification_id=other)) == 1


def test_a_run_stopped_at_a_rung_counts_to_its_last_step(advisor, monkeypatch):
    before = advisor.recommend("digits_mlp", 32, horizon=STEPS).max_stable
    plan(monkeypatch, lambda survivors, rungs: new_run(rungs, rate=0.02))
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * 200)
    stops = work(advisor, verification)
    assert [job.last_step for job in stops] == [100, 100]
    runs = verification.to_dict()["runs"]
    assert [(r["outcome"], r["steps_done"]) for r in runs] == [("incomplete", 100)] * 2
    after = advisor.recommend("digits_mlp", 32, horizon=STEPS).max_stable
    assert after.low > before.low


def test_an_answer_that_knows_cut_short_runs_alone_says_so(advisor, monkeypatch):
    plan(monkeypatch, lambda survivors, rungs: new_run(rungs, rate=0.02))
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * 200)
    work(advisor, verification)
    answer = advisor.recommend("digits_mlp", 32, horizon=STEPS, exclude=["run:known"])
    assert answer.basis == "interpolated"
    assert answer.max_stable is not None
    assert (
        "No run has gone to its end yet: they were fine for up to 100 steps and "
        "stopped there, so only a lower bound of the limit is known."
    ) in answer.caveats
    assert not any("Nothing is known" in caveat for caveat in answer.caveats)


def test_cheap_runs_go_to_their_end_and_measure_the_threshold(
    tmp_path, monkeypatch, nothing_trains
):
    """What Run does for digits on a store that knows nothing of them."""
    # Whether they are cheap is decided by their times: here also on a slow machine.
    monkeypatch.setattr(spec_of_runs, "SHORT_RUN_SECONDS", math.inf)
    folder = tmp_path / "store"
    with Advisor.open(
        folder, study=False, library=False, settings=Settings(folder, n_workers=1)
    ) as advisor:
        verification = advisor.verify("digits_mlp", 32, steps=600, examples=2e5)
        work(advisor, verification)
        runs = verification.to_dict()["runs"]
        assert len(runs) >= 8
        assert "incomplete" not in {run["outcome"] for run in runs}
        answer = advisor.recommend("digits_mlp", 32)
    assert answer.basis == "measured"
    assert answer.max_stable.high < 8 * answer.max_stable.low


def test_a_longer_plan_goes_on_from_the_runs_of_a_shorter_one(advisor, monkeypatch):
    """As new jobs of the same seeds; the shorter records count no more."""
    plan(monkeypatch, carry_first)
    first = advisor.verify("digits_mlp", 32, steps=300, examples=32 * 100)
    (short,) = work(advisor, first)
    plan(
        monkeypatch,
        lambda survivors, rungs: (
            carried(survivors[0], rungs[-1]) if survivors else new_run(rungs)
        ),
    )
    second = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * 800)
    (long,) = work(advisor, second)
    spent = [examples_spent(v.jobs(), advisor.store) for v in (first, second)]
    assert spent == [32 * 100, 32 * (STEPS - 100)]
    assert (long.continues_job, long.config.seed) == (short.id, short.config.seed)
    assert long.config.steps == STEPS
    assert long.resumed_from_step == 100
    curve = advisor.store.curve(long.run_id)
    assert len(curve.losses) == STEPS
    assert curve.losses[:100] == advisor.store.curve(short.run_id).losses
    assert long.run_id in advisor.recommend("digits_mlp", 32).evidence.used
    assert short.run_id not in advisor.recommend("digits_mlp", 32).evidence.used


def test_only_what_went_well_under_the_same_settings_can_go_on(advisor, monkeypatch):
    plan(monkeypatch, lambda survivors, rungs: new_run(rungs))
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * 100)
    (job,) = work(advisor, verification)
    runs = advisor.store.runs(workload="digits_mlp")
    spec = verification.spec
    assert list(advisor.planner.find_paused(spec, runs)) == [job.id]
    from dataclasses import replace

    for other in (
        replace(spec, batch_sizes=(64,)),
        replace(spec, recipe="adamw"),
        replace(spec, data="other"),
        replace(spec, steps=100),
    ):
        assert advisor.planner.find_paused(other, runs) == {}
    advisor.queue.carry_further(job.id, stop_after=None)  # under way
    assert advisor.planner.find_paused(spec, runs) == {}


def test_a_budget_of_examples_is_kept_and_killed_runs_count(advisor, monkeypatch):
    plan(monkeypatch, lambda survivors, rungs: new_run(rungs))
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * 500)
    stops = work(advisor, verification)
    assert len(stops) == 5
    assert examples_spent(verification.jobs(), advisor.store) == 32 * 500
    assert verification.progress == 1.0


def test_two_who_plan_at_the_same_moment_queue_each_run_once(advisor):
    spec = advisor.verify("digits_mlp", 32, learning_rate=1e-3, steps=STEPS).spec
    asked = {"spec": spec.to_dict(), "before": {}}
    opened = advisor.queue.submit_verification(asked)
    start = threading.Barrier(2)

    def plan_it() -> None:
        with Advisor.open(advisor.store.folder, settings=advisor.settings) as another:
            start.wait()
            advance(another, opened)

    planners = [threading.Thread(target=plan_it) for _ in range(2)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    assert len(advisor.queue.jobs(verification_id=opened)) == 1


def test_a_number_of_runs_means_whole_runs(advisor):
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, runs=1)
    (job,) = verification.jobs()
    assert job.stop_after is None
    assert verification.spec.rungs == (STEPS,)


def test_a_forecast_speaks_of_the_steps_up_to_the_first_stop(advisor, monkeypatch):
    """Which runs are carried on depends on how they did: to hold a forecast of the
    whole length to those alone would make it look wrong.
    """
    plan(monkeypatch, carry_first)
    verification = advisor.verify("digits_mlp", 32, steps=STEPS, examples=32 * STEPS)
    work(advisor, verification)
    (forecast,) = advisor.store.forecasts()  # carrying on makes no second one
    assert forecast.horizon_steps == 100
    said = advisor.judge("digits_mlp", 32, 1e-3, horizon=100)
    assert 0 < forecast.probability_stable <= 1
    assert said.recommendation.horizon_steps == forecast.horizon_steps


def test_answers_say_how_long_they_hold_and_what_longer_would_cost(advisor):
    r = advisor.recommend("digits_mlp", 32, horizon=40)
    (said,) = [c for c in r.caveats if "longer ones fail" in c]
    assert said.startswith("This applies to runs of 40 steps")
    assert "400 steps takes about" in said
    r = advisor.recommend("digits_mlp", 32, horizon=5000)
    assert any(
        c.startswith("To measure runs of 5,000 steps takes about") for c in r.caveats
    )


def test_what_cannot_be_trained_here_gets_no_cost_of_a_longer_run(advisor):
    r = advisor.recommend("realface", 5)
    assert not any("takes about" in caveat for caveat in r.caveats)

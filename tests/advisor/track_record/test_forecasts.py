"""Forecasts say what the advisor would have answered, and stand before the run does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.evidence.selecting import Body, Evidence
from advisor.service import Advisor
from advisor.statistics.threshold import StableLearningRateModel
from advisor.track_record.forecasts import EVIDENCE_LISTED, build_forecasts
from experiments.jobs.queue import Queue
from knowledge.errors import StoreError
from knowledge.outcome import RULE_VERSION
from knowledge.records import Claim, Forecast, Outcome, Run, RunConfig

STEPS = 60
CONFIG = RunConfig("digits_mlp", "adam", 32, 1e-2, seed=9, steps=STEPS)


def run(number: int, rate: float, outcome: Outcome) -> Run:
    """A run of digits_mlp as a worker would leave it."""
    return Run(
        id=f"run:{number:016x}",
        workload="digits_mlp",
        batch_size=32,
        learning_rate=rate,
        optimizer="adam",
        recipe="adam",
        source="ours",
        seed=number,
        outcome=outcome,
        failed_at_step=20 if outcome.is_unstable else None,
        steps=STEPS,
        horizon_steps=STEPS,
        precision="fp32",
        outcome_rule=RULE_VERSION,
    )


KNOWN = (run(1, 1e-3, Outcome.STABLE), run(2, 1.0, Outcome.DIVERGED))


@pytest.fixture
def advisor(tmp_path: Path, nothing_trains: None) -> Iterator[Advisor]:
    """A store that knows two runs; nobody trains."""
    with Advisor.open(tmp_path / "store") as opened:
        for known in KNOWN:
            opened.store.record_run(known)
        yield opened


def test_a_forecast_is_what_judge_and_recommend_say_at_that_moment(advisor) -> None:
    """To the digit: what is scored is what a person is told."""
    verification = advisor.verify(
        "digits_mlp", [16, 32], learning_rate=[1e-2, 0.1], steps=STEPS
    )
    forecasts = advisor.store.forecasts()
    assert {f.job_id for f in forecasts} == set(verification.job_ids)
    for forecast in forecasts:
        said = advisor.judge(
            "digits_mlp", forecast.batch_size, forecast.learning_rate, horizon=STEPS
        )
        assert forecast.probability_stable == said.probability_stable
        r = said.recommendation
        assert forecast.basis == r.basis
        assert (forecast.threshold_low, forecast.threshold_high) == (
            r.max_stable.low,
            r.max_stable.high,
        )
        assert sorted(forecast.evidence) == [known.id for known in KNOWN]
        assert (forecast.n_runs, forecast.n_claims) == (2, 0)
        assert forecast.verification_id == verification.id


def test_a_forecast_is_saved_before_its_job_can_be_claimed(
    advisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the job is queued, its forecast is in the store already."""
    saved: list[set[str]] = []
    submit = Queue.submit

    def watched(self, job, *, job_id, **rest):
        saved.append({f.job_id for f in advisor.store.forecasts()})
        assert job_id in saved[-1]
        return submit(self, job, job_id=job_id, **rest)

    monkeypatch.setattr(Queue, "submit", watched)
    advisor.verify("digits_mlp", 32, learning_rate=[1e-2, 0.1], steps=STEPS)
    advisor.verify("digits_mlp", 32, runs=3, steps=STEPS)
    assert len(saved) >= 3


def test_where_nothing_is_known_nothing_is_forecast(tmp_path, nothing_trains) -> None:
    """The advisor would have said so; a guess is not put on its record."""
    with Advisor.open(tmp_path / "store") as advisor:
        advisor.verify("digits_cnn", 32, learning_rate=1e-2, steps=STEPS)
        assert advisor.store.forecasts() == []
        assert len(advisor.jobs()) == 1


def test_claims_alone_are_enough_to_be_held_to(advisor) -> None:
    """A proxy is forecast from what is reported of its family."""
    advisor.verify("realface@1/32", 5, learning_rate=1e-4, steps=STEPS)
    (forecast,) = advisor.store.forecasts()
    assert forecast.basis == "borrowed"
    assert forecast.n_borrowed > 0
    assert 0 <= forecast.probability_stable <= 1


def test_planning_that_dies_between_forecast_and_queue_leaves_no_double(
    advisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forecast without a job is never scored; the next run gets its own."""
    with monkeypatch.context() as broken:
        broken.setattr(Queue, "submit", lambda *_, **__: raise_store_error())
        with pytest.raises(StoreError):
            advisor.verify("digits_mlp", 32, learning_rate=0.1, steps=STEPS)
    advisor.verify("digits_mlp", 32, learning_rate=0.1, steps=STEPS)
    forecasts, jobs = advisor.store.forecasts(), advisor.jobs()
    assert len(forecasts) == 2
    assert [f.job_id for f in forecasts if f.job_id in {j.id for j in jobs}] == [
        jobs[0].id
    ]
    assert len({f.id for f in forecasts}) == 2
    assert advisor.track_record().forecasts == ()


def raise_store_error() -> None:
    """The queue's disk is full."""
    raise StoreError("full")


def forecast_on(runs: tuple[Run, ...], claims: tuple[Claim, ...] = ()) -> Forecast:
    """One forecast on the given evidence."""
    evidence = Evidence(
        Body("digits_mlp", "adam", "adam", runs, claims), (), (), (), ()
    )
    model = StableLearningRateModel(reference_steps=STEPS, n_particles=64).fit(
        [32], [1e-2], [False]
    )
    (forecast,) = build_forecasts(
        {"job:1": CONFIG},
        evidence=evidence,
        model=model,
        made="2026-11-22T10:00:00",
        verification_id=None,
        code_version="1",
    )
    return forecast


def test_the_hash_stands_for_all_evidence_however_much_is_listed() -> None:
    """Thousands of ids do not fill the store; their order does not matter."""
    many = tuple(run(i, 1e-3, Outcome.STABLE) for i in range(EVIDENCE_LISTED + 50))
    forecast = forecast_on(many)
    assert len(forecast.evidence) == EVIDENCE_LISTED
    assert forecast.n_runs == len(many)
    assert forecast_on(many[::-1]).evidence_hash == forecast.evidence_hash
    assert forecast_on(many[1:]).evidence_hash != forecast.evidence_hash


def test_the_id_is_of_the_content() -> None:
    """Recorded twice it is one; another number is another forecast."""
    assert forecast_on(KNOWN) == forecast_on(KNOWN)
    assert forecast_on(KNOWN).id != forecast_on(KNOWN[:1]).id

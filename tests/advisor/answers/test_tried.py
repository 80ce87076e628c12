"""What a person's runs and labels do to the advised rate, over made-up stores."""

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers.brief import start_text
from advisor.answers.recommendation import Recommendation, build_recommendation
from advisor.answers.tried import REACH
from advisor.evidence.scope import Scope
from advisor.planning.plan import VerificationPlan
from advisor.rates import rate_text, round_rate
from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from knowledge.records import Outcome, Run
from tests.evidence_of import select_evidence

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)
SCORE = {1e-5: 0.45, 5e-5: 0.39, 2e-4: 0.52}
NO_PLAN = VerificationPlan(needed=False, reason="")


def run_of(
    rate: float, score: float | None, *, batch: int = 16, outcome: str | None = None
) -> Run:
    return Run(
        f"run:{batch} {rate}",
        "my/net",
        batch,
        rate,
        "adam",
        None,
        "me",
        steps=1000,
        horizon_steps=1000,
        metric_name="loss",
        goal="min",
        metric_value=score,
        outcome=Outcome(outcome) if outcome else None,
    )


def advised(runs: list[Run], batch: int = 16) -> Recommendation:
    scope = Scope("my/net", "adam", None, "cpu", 1000)
    evidence, fitter = select_evidence(scope, runs=runs, claims=()), Fitter()
    return build_recommendation(
        scope,
        batch,
        evidence=evidence,
        model=fitter.model(scope, evidence),
        best=fitter.best_rate(evidence, batch),
        verification=NO_PLAN,
    )


def octaves(rate: float | None, other: float) -> float:
    assert rate is not None
    return abs(math.log2(rate / other))


@st.composite
def scored_runs(draw: st.DrawFn) -> list[Run]:
    """Runs at one to three batch sizes, whose loss has one lowest point."""
    n = draw(st.integers(1, 4))
    low, step = draw(st.integers(-15, -5)), draw(st.sampled_from([0.5, 1.0, 2.0]))
    lowest = low + step * draw(st.floats(0, 1)) * (n - 1)
    batches = [16, *draw(st.sets(st.sampled_from([4, 64]), max_size=2))]
    rates = [low + step * k for k in range(n)]
    return [
        run_of(2.0**x, 1 + 0.1 * (x - lowest) ** 2, batch=batch)
        for batch in batches
        for x in rates
    ]


MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@MANY
@given(scored_runs(), st.data())
def test_a_label_that_agrees_with_the_scores_keeps_the_answer_at_the_best_score(
    runs, data
):
    agreeing = [
        replace(run, outcome=Outcome.STABLE) if data.draw(st.booleans()) else run
        for run in runs
    ]
    before, after = advised(runs), advised(agreeing)
    best = before.tried.best_scored
    # One run alone says little of what is safe: a tenth of an octave.
    assert (
        octaves(after.learning_rate, best) <= octaves(before.learning_rate, best) + 0.1
    )


@MANY
@given(scored_runs(), st.sampled_from([4, 16, 64]), st.booleans())
def test_a_rate_that_nobody_ran_or_above_the_best_one_is_said_in_the_same_sentence(
    runs, batch, fails
):
    if fails:
        runs = [*runs, run_of(4 * runs[-1].learning_rate, None, outcome="diverged")]
    r = advised(runs, batch)
    sentence = start_text(r)
    here = [run for run in runs if run.batch_size == batch]
    rates = [run.learning_rate for run in here]
    near = [rate for rate in rates if abs(rate / r.learning_rate - 1) < 0.05]
    if not here:
        assert "which no run has tried" in sentence
    elif not near:
        assert any(rate_text(round_rate(rate)) in sentence for rate in rates)
    scores = {run.learning_rate: run.metric_value for run in here if run.metric_value}
    if scores and r.learning_rate > 1.06 * min(scores, key=scores.get):
        assert "which scored best there" in sentence
    if r.basis == "measured":
        assert min(rates) * 0.95 <= r.learning_rate <= max(rates) * 1.05


@pytest.mark.parametrize("labels", ["", "stable"])
def test_scores_speak_whether_or_not_the_runs_have_an_outcome(labels):
    runs = [
        run_of(rate, score, outcome=labels or None) for rate, score in SCORE.items()
    ]
    r = advised(runs)
    assert r.learning_rate == pytest.approx(4e-5, rel=0.1)
    assert (r.basis, r.learning_rate_is) == ("measured", "best")


def test_a_finite_score_beside_one_that_failed_is_a_run_at_that_batch_size():
    """Nine rows, one of them not finite: three batch sizes have evidence, not one."""
    runs = [
        run_of(rate, 1.5 + 0.1 * abs(math.log2(rate / 1e-3)), batch=batch)
        for batch in (16, 64, 256)
        for rate in (3e-4, 1e-3, 3e-3)
    ]
    runs[5] = replace(runs[5], metric_value=None, outcome=Outcome.DIVERGED)
    r = advised(runs)
    assert r.basis == "measured"
    assert not any("outside" in caveat for caveat in r.caveats)
    assert not any("Every run" in caveat for caveat in r.caveats)


def test_one_rate_at_each_of_two_batch_sizes_is_no_measurement_of_another_rate():
    runs = [run_of(1e-4, 0.4), run_of(3e-5, 0.41, batch=64)]
    r = advised(runs)
    assert r.basis != "measured"
    assert "below every rate run there (from 1e-4)" in start_text(r)


@pytest.fixture
def advisor(tmp_path):
    with Advisor.open(tmp_path / "store", seeded=False) as opened:
        path = tmp_path / "runs.csv"
        rows = [
            f"my-net,adamw,{b},{x},loss,{y},900,me,"
            for b in (8, 16)
            for x, y in SCORE.items()
        ]
        path.write_text("\n".join([HEADER, *rows]))
        opened.import_runs(path)
        yield opened


def test_beyond_four_times_the_largest_batch_there_is_no_number_but_the_largest_known(
    advisor,
):
    near, far = (
        advisor.recommend("my-net", 16 * REACH),
        advisor.recommend("my-net", 4096),
    )
    assert near.learning_rate is not None
    assert near.largest_known is None
    assert (far.learning_rate, far.best, far.max_stable, far.basis) == (
        *(None, None, None),
        "none",
    )
    known = far.to_dict()["largest_known"]
    assert known == {"batch_size": 64, "learning_rate": near.learning_rate}
    text = advisor.ask("what lr for my-net at batch 4096").text
    assert text.startswith(
        "I have no rate for my-net at batch 4096; at batch 64, the largest I can speak "
        f"for, it would be {rate_text(near.learning_rate)}."
    )
    judged = advisor.judge("my-net", 4096, 1e-4)
    assert (judged.verdict, judged.probability_stable) == ("unknown", None)
    assert "four times the largest batch size with evidence" in judged.reason


def test_every_spelling_of_an_optimizer_is_the_same_evidence(tmp_path):
    """Rows equal but for the name give equal answers, and a question finds them."""
    told = {}
    for i, name in enumerate(("adamw", "adamw_torch", "PagedAdamW8bit", "optax.adamw")):
        rows = [f"my-net,{name},16,{x},loss,{y},900,me," for x, y in SCORE.items()]
        path = tmp_path / f"{i}.csv"
        path.write_text(
            "\n".join([HEADER, *rows, f"my-net,{name},16,1e-3,loss,nan,9,me,"])
        )
        with Advisor.open(tmp_path / f"store{i}", seeded=False) as opened:
            opened.import_runs(path)
            r = opened.recommend("my-net", 16, optimizer="AdamW")
            told[name] = r.learning_rate, r.max_stable.median, r.optimizer
    assert len(set(told.values())) == 1


def test_an_optimizer_nobody_knows_is_said_to_be_unknown(tmp_path):
    path = tmp_path / "runs.csv"
    rows = [f"my-net,sparkle,16,{x},loss,{y},900,me,stable" for x, y in SCORE.items()]
    path.write_text("\n".join([HEADER, *rows]))
    with Advisor.open(tmp_path / "store", seeded=False) as opened:
        opened.import_runs(path)
        r = opened.recommend("my-net", 16)
        assert any("'sparkle' is not an optimizer" in text for text in r.caveats)
        assert r.exponent.high - r.exponent.low > 1.2

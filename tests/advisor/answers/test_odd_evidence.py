"""Odd evidence: a finite honest answer or a caveat, and never a numpy warning."""

import json
import math
import warnings
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers.largest_batch import batch_estimate, limit_reason
from advisor.answers.recommendation import build_judgement, build_recommendation
from advisor.answers.wording import judgement_text, recommendation_text
from advisor.evidence.scope import Scope
from advisor.planning.plan import VerificationPlan
from advisor.scaling.referee import Referee
from advisor.scaling.wording import scaling_report_text
from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from knowledge.records import Outcome, Run
from tests.evidence_of import select_evidence

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)

VERDICTS = {"safe", "risky", "unsafe", "unknown"}


def check_document(document: object) -> None:
    """No NaN, no infinity, and rates that are positive."""
    text = json.dumps(document, allow_nan=False)
    for rate in _values(json.loads(text), "learning_rate"):
        assert rate is None or (isinstance(rate, float | int) and rate > 0)


def _values(value: object, name: str):
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from _values(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, name)


def check_rates(r) -> None:
    """Intervals in order, probabilities that are ones, doubt said where it belongs."""
    for interval in (r.max_stable, r.best):
        if interval is not None:
            assert 0 < interval.low <= interval.median <= interval.high
    if r.exponent is not None:
        assert r.exponent.low <= r.exponent.median <= r.exponent.high
    if r.probability_stable is not None:
        assert 0 <= r.probability_stable <= 1
    if r.learning_rate is None:
        assert r.caveats
    elif not 1e-8 <= r.learning_rate <= 10:
        assert any("far from any rate in use" in caveat for caveat in r.caveats)


# -- through a file, as a person brings it ---------------------------------------------


def rows(
    points: Sequence[tuple[int, float]], metric: object = "", outcome: object = ""
) -> list[str]:
    """Rows of workload odd/w; metric and outcome are values or functions of a point."""

    def at(what: object, point: tuple[int, float]) -> object:
        return what(*point) if callable(what) else what

    return [
        f"odd/w,adam,{b},{x},{'val_loss' if at(metric, (b, x)) != '' else ''},"
        f"{at(metric, (b, x))},100,test,{at(outcome, (b, x))}"
        for b, x in points
    ]


def fails_above(limit: float):
    return lambda _, x: "diverged" if x > limit else "stable"


def bowl(_: int, x: float) -> float:
    return 1 + (math.log2(x) + 8) ** 2


GRID = [(b, 2.0**x) for b in (8, 32, 128) for x in (-12, -10, -8, -6, -4)]
ONE_BATCH = [(16, 2.0**x) for x in range(-12, -3)]
ONE_RATE = [(b, 1e-3) for b in (1, 8, 64, 512)]
WIDE_RATES = [(8, 10.0**e) for e in range(-12, 1)]
WIDE_BATCHES = [(10**e, 1e-3 * 2.0**k) for e in range(8) for k in (-1, 0, 1)]
ALL_OUTCOMES = fails_above(2**-7)

ODD_FILES = {
    "one batch size, labelled": rows(ONE_BATCH, outcome=ALL_OUTCOMES),
    "one batch size, scored": rows(ONE_BATCH, metric=bowl),
    "one rate, labelled": rows(
        ONE_RATE, outcome=lambda b, _: "diverged" if b > 60 else "stable"
    ),
    "one rate, scored": rows(ONE_RATE, metric=lambda b, _: 1 / b),
    "all stable": rows(GRID, outcome="stable"),
    "all diverged": rows(GRID, outcome="diverged"),
    "all incomplete": rows(GRID, outcome="incomplete"),
    "all degraded": rows(GRID, metric=bowl, outcome="degraded"),
    "duplicates": rows(GRID * 5, metric=bowl, outcome=ALL_OUTCOMES),
    "metrics nan": rows(GRID, metric="nan"),
    "metrics inf": rows(GRID, metric="inf"),
    "some metrics nan": rows(
        GRID, metric=lambda b, x: "nan" if x > 2**-7 else bowl(b, x)
    ),
    "huge metrics": rows(GRID, metric=lambda b, x: 1e308 * x),
    "identical metrics": rows(GRID, metric=1.0),
    "rates over twelve orders, labelled": rows(WIDE_RATES, outcome=fails_above(1e-5)),
    "rates over twelve orders, scored": rows(WIDE_RATES, metric=bowl),
    "batches from 1 to 1e7, labelled": rows(WIDE_BATCHES, outcome=fails_above(1e-3)),
    "batches from 1 to 1e7, scored": rows(WIDE_BATCHES, metric=bowl),
    "one run, stable": rows([(8, 1e-3)], outcome="stable"),
    "one run, diverged": rows([(8, 1e-3)], outcome="diverged"),
    "one run, scored": rows([(8, 1e-3)], metric=1.0),
    "one run, incomplete": rows([(8, 1e-3)], outcome="incomplete"),
    "two runs that disagree": rows([(8, 1e-3)], outcome="stable")
    + rows([(8, 1e-3)], outcome="diverged"),
    "upside down": rows(
        GRID, outcome=lambda _, x: "stable" if x > 2**-7 else "diverged"
    ),
    "two metrics of either goal": rows(GRID, metric=bowl)
    + [r.replace("val_loss", "val_acc") for r in rows(GRID, metric=lambda _, x: x)],
}


def workload_of(name: str) -> str:
    """The name under which an odd file's runs are imported: a family of its own."""
    return f"{name.replace(',', '').replace(' ', '-')}/w"


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    """One store with every odd file."""
    path = tmp_path_factory.mktemp("odd") / "odd.csv"
    lines = [
        line.replace("odd/w", workload_of(name), 1)
        for name, lines in ODD_FILES.items()
        for line in lines
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Advisor.open(":memory:", seeded=False) as opened:
            assert opened.import_runs(path).rejected == ()
            yield opened


@pytest.mark.parametrize("name", ODD_FILES)
def test_odd_files_get_finite_honest_answers_without_a_warning(name, advisor):
    workload = workload_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for batch in (1, 8, 10**6):
            r = advisor.recommend(workload, batch)
            check_rates(r)
            check_document(r.to_dict())
            assert recommendation_text(r)
        for rate in (1e-9, 1e-3, 10.0):
            judged = advisor.judge(workload, 8, rate)
            assert judged.verdict in VERDICTS
            assert judged.reason
            check_document(judged.to_dict())
            largest = advisor.largest_batch(workload, rate)
            check_document(largest.to_dict())
            assert largest.reason
        report = advisor.scaling(workload)
        check_document(report.to_dict())
        assert scaling_report_text(report)
        check_document(advisor.ask(f"what LR for batch 8 on {workload}?").to_dict())


def test_the_report_over_all_odd_files_is_whole(advisor):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = advisor.scaling()
    check_document(report.to_dict())
    assert "one-rate-scored" in scaling_report_text(report)


@pytest.mark.parametrize(
    ("name", "caveat"),
    [
        ("all stable", "No run has failed yet"),
        ("all diverged", "Every run failed"),
        ("one run, scored", "no stability evidence"),
        ("all incomplete", "No run has gone to its end yet"),
        ("one rate, scored", "what somebody used"),
        ("upside down", "The runs contradict each other"),
        ("two runs that disagree", "The runs contradict each other: at the same"),
    ],
)
def test_what_is_missing_is_said(name, caveat, advisor):
    r = advisor.recommend(workload_of(name), 32)
    assert any(caveat in said for said in r.caveats)


@pytest.mark.parametrize("name", ["duplicates", "one batch size, labelled"])
def test_runs_in_order_are_not_called_contradictory(name, advisor):
    said = advisor.recommend(workload_of(name), 16).caveats
    assert not any("contradict" in caveat for caveat in said)


def test_far_from_the_evidence_the_distance_is_said_as_a_factor(advisor):
    workload = workload_of("all degraded")

    def said(batch: int) -> str:
        return " ".join(advisor.recommend(workload, batch).caveats)

    assert "outside" not in said(32)
    assert "a factor of 2 outside" in said(256)
    assert "a factor of 4 outside" in said(512)
    assert "lies beyond 512, four times the largest" in said(1024)


# -- straight through the statistics ---------------------------------------------------


def answer_everything(
    nobody: Advisor, runs: Sequence[Run], batch: int, rate: float
) -> None:
    """Recommend, judge, limit, compare and referee, without a database."""
    fitter = Fitter()
    scope = Scope("odd/w", "adam", None, "cpu", 100)
    evidence = select_evidence(scope, runs=runs, claims=())
    model = fitter.model(scope, evidence)
    r = build_recommendation(
        scope,
        batch,
        evidence=evidence,
        model=model,
        best=fitter.best_rate(evidence, batch),
        verification=VerificationPlan(False, "not asked"),
    )
    check_rates(r)
    check_document(r.to_dict())
    assert recommendation_text(r)
    judged = build_judgement(r, rate, model=model)
    check_document(judged.to_dict())
    assert judgement_text(judged)
    if evidence.tells_stability:
        found = model.largest_batch(rate, scope.risk, scope.horizon_steps)
        if found is not None:
            check_document(batch_estimate(found))
            assert limit_reason(scope, rate, found, model, evidence)
    report = Referee(nobody.library, fitter, nobody.planner).report_on(
        [(scope, evidence)]
    )
    check_document(report.to_dict())
    assert scaling_report_text(report)


@pytest.fixture(scope="module")
def nobody() -> Iterator[Advisor]:
    """A store that holds claims, and nothing of what is asked."""
    with Advisor.open(":memory:") as opened:
        yield opened


@st.composite
def odd_runs(draw: st.DrawFn) -> list[Run]:
    """Up to a dozen runs, with anything that an import can let through."""
    n_runs = draw(st.integers(1, 12))
    batches = st.one_of(st.integers(1, 64), st.integers(1, 10**7))
    log_rates = st.one_of(st.floats(-40, 0), st.floats(-12, -6))
    metrics = st.one_of(
        st.none(),
        st.just(1.0),
        st.floats(allow_nan=False, allow_infinity=False),
    )
    outcomes = st.one_of(st.none(), st.sampled_from(list(Outcome)))
    goal = draw(st.sampled_from(["min", "max"]))
    runs = []
    for i in range(n_runs):
        metric = draw(metrics)
        steps = draw(st.one_of(st.none(), st.integers(1, 10**11)))
        runs.append(
            Run(
                id=f"run:{i}",
                workload="odd/w",
                batch_size=draw(batches),
                learning_rate=2.0 ** draw(log_rates),
                optimizer="adam",
                recipe=None,
                source="test",
                outcome=draw(outcomes),
                steps=steps,
                horizon_steps=steps,
                metric_name=None if metric is None else "val_loss",
                metric_value=metric,
                goal=None if metric is None else goal,
            )
        )
    return runs


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    runs=odd_runs(),
    batch=st.sampled_from([1, 7, 256, 10**7]),
    log_rate=st.floats(-30, 10),
)
def test_any_runs_get_a_finite_answer_without_a_warning(nobody, runs, batch, log_rate):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer_everything(nobody, runs, batch, 2.0**log_rate)

"""A diagnosis ranks causes by the side of the boundary, and says what it rests on."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.answers.recommendation import EvidenceSummary, Judgement, Recommendation
from advisor.diagnosis.causes import CAUSE_WORDS, RANKINGS, SYMPTOM_WORDS, CauseName
from advisor.diagnosis.diagnosing import diagnose, find_side, is_similar, ranked_causes
from advisor.diagnosis.records import SLOTS, Diagnosis, Likelihood, Side
from advisor.diagnosis.wording import (
    diagnosis_details,
    diagnosis_text,
    table_of_causes,
    table_of_first_causes,
)
from advisor.estimates import Estimate
from advisor.planning.plan import VerificationPlan
from advisor.rates import rate_text
from advisor.reading.symptoms import Symptom, Symptoms, read_symptoms
from advisor.service import Advisor
from advisor.words import chance_text
from knowledge.records import Outcome, Run
from tests.example_records import REALFACE_RUN

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "diagnosis.md"
BY_RATE = [kind for kind, ranking in RANKINGS.items() if ranking.rate_at is not None]
NOT_BY_RATE = [kind for kind in RANKINGS if kind not in BY_RATE]
THRESHOLD = Estimate(2e-3, 1.7e-3, 2.4e-3, 0.9)
RATES = {Side.BELOW: 9e-4, Side.NEAR: 1.9e-3, Side.ABOVE: 6e-3}
VERDICTS = {
    Side.BELOW: ("safe", 0.99),
    Side.NEAR: ("risky", 0.6),
    Side.ABOVE: ("unsafe", 0.01),
}


def judged(
    side: Side = Side.BELOW, *, batch_size: int = 5, **changes: Any
) -> Judgement:
    """A judgement of RealFace's copy on the given side; `changes` are its record's."""
    verdict, probability = VERDICTS[side]
    recommendation = Recommendation(
        workload="realface@1/16",
        batch_size=batch_size,
        optimizer="adam",
        recipe="faceswap-2021",
        device="cpu",
        precision="fp32",
        horizon_steps=1000,
        learning_rate=1e-3,
        probability_stable=0.95,
        max_stable=THRESHOLD,
        best=None,
        basis="measured",
        borrowed_from=(),
        exponent=Estimate(-0.3, -0.5, -0.1, 0.9, "max_stable"),
        scaling_rules=None,
        evidence=EvidenceSummary((), (), 0, 0),
        limits=(),
        verification=VerificationPlan(needed=False, reason=""),
    )
    fields = {f for f in Judgement.__dataclass_fields__}
    own = {k: v for k, v in changes.items() if k in fields - {"workload", "optimizer"}}
    shared = {k: v for k, v in changes.items() if k in ("workload", "optimizer")}
    rest = {k: v for k, v in changes.items() if k not in {*own, *shared}}
    return replace(
        Judgement(
            workload="realface@1/16",
            batch_size=batch_size,
            learning_rate=RATES[side],
            optimizer="adam",
            recipe="faceswap-2021",
            device="cpu",
            probability_stable=probability,
            verdict=verdict,
            recommendation=replace(recommendation, **rest, **shared),
        ),
        **own,
        **shared,
    )


def first(text: str, side: Side, **kwargs: Any) -> CauseName:
    """The likeliest cause of what a sentence says on a side."""
    return diagnose(read_symptoms(text), judged(side), **kwargs).first.name


def a_run(number: int, **changes: Any) -> Run:
    """A run of the copy at the rate and batch size that are judged above."""
    at = {"id": f"run:{number}", "seed": number, "learning_rate": RATES[Side.ABOVE]}
    return replace(REALFACE_RUN, **{**at, **changes})


def failed(number: int, step: int, **changes: Any) -> Run:
    """A run that broke down at a step."""
    return a_run(
        number,
        **{
            "outcome": Outcome.DIVERGED,
            "failed_at_step": step,
            "steps": step,
            **changes,
        },
    )


# -- the side --------------------------------------------------------------------------


@pytest.mark.parametrize("side", [Side.BELOW, Side.NEAR, Side.ABOVE])
def test_the_side_follows_from_verdict_and_interval(side: Side):
    """Below and above are outside the interval; near is the rest."""
    assert find_side(judged(side)) is side


def test_a_safe_rate_within_the_interval_is_near():
    """Not well below: a longer run or another seed may fail."""
    assert find_side(judged(Side.BELOW, learning_rate=1.8e-3)) is Side.NEAR


def test_without_a_probability_the_side_is_unknown():
    """Nothing is known, or nothing but scores."""
    assert find_side(None) is Side.UNKNOWN
    assert find_side(judged(probability_stable=None)) is Side.UNKNOWN
    assert find_side(judged(max_stable=None)) is Side.UNKNOWN
    assert find_side(judged(Side.NEAR, verdict="unknown")) is Side.UNKNOWN


# -- the order -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BY_RATE)
@pytest.mark.parametrize("is_low", [False, True])
def test_the_same_symptom_has_another_first_cause_below_and_above(
    kind: Symptom, is_low: bool
):
    """Above the boundary the rate comes first; well below it is the last suspect."""
    above = ranked_causes(kind, Side.ABOVE)
    below = ranked_causes(kind, Side.BELOW, is_low=is_low)
    assert above[0] is CauseName.RATE_TOO_HIGH
    assert below[0] is not above[0]
    assert below[-1] is CauseName.RATE_TOO_HIGH


@pytest.mark.parametrize("kind", NOT_BY_RATE)
def test_what_does_not_come_from_the_rate_has_one_cause_on_every_side(kind: Symptom):
    """Memory, speed, an impossible loss and too little data: no rate mends them."""
    firsts = {ranked_causes(kind, side)[0] for side in Side}
    assert len(firsts) == 1
    assert all(CauseName.RATE_TOO_HIGH not in ranked_causes(kind, s) for s in Side)


@pytest.mark.parametrize(
    "text", ["NaN", "loss went up", "loss swings", "preview gets blurrier"]
)
def test_near_the_boundary_chance_comes_first_and_a_run_would_tell(text: str):
    """A draw of seeds: to lower the rate at once would waste what may hold."""
    d = diagnose(read_symptoms(text), judged(Side.NEAR))
    assert d.first.name is CauseName.AT_THE_EDGE
    assert d.first.change.index("warm-up") < d.first.change.index("lower it")
    assert d.trial is not None
    assert d.trial.learning_rates == (RATES[Side.NEAR],)


def test_every_symptom_and_cause_has_its_words():
    """A name without words would end an answer in a traceback."""
    assert set(RANKINGS) == set(SYMPTOM_WORDS) == set(Symptom)
    assert set(CAUSE_WORDS) == set(CauseName)


def test_nan_in_the_first_steps_differs_from_a_late_one():
    """A bad value is there from the start; half precision runs out later."""
    assert first("NaN on the first step", Side.BELOW) is CauseName.DATA
    assert first("NaN at step 600", Side.BELOW) is CauseName.MIXED_PRECISION


def test_a_failure_beyond_our_runs_is_called_late():
    """A rate safe for 1,000 steps is not said to be safe for 10,000."""
    d = diagnose(
        read_symptoms("worked fine for 10k its then blew up"),
        judged(Side.BELOW),
        runs=[a_run(1, steps=800, learning_rate=9e-4)],
    )
    assert d.first.name is CauseName.LATE_FAILURE
    assert "1,000 steps" in d.first.why
    assert "step 10000" in d.first.why
    assert "has 800" in d.first.why
    assert first("blew up at step 400", Side.BELOW) is not CauseName.LATE_FAILURE


def test_our_longest_run_counts_where_the_answer_speaks_of_more():
    """An answer for 100,000 steps rests on runs that are much shorter."""
    j = judged(Side.BELOW, horizon_steps=100_000)
    said = read_symptoms("blew up at 12k")
    assert diagnose(said, j).first.name is not CauseName.LATE_FAILURE
    runs = [a_run(1, workload="realface@1/32", steps=1000)]
    assert diagnose(said, j, runs=runs).first.name is CauseName.LATE_FAILURE


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("since I enabled mixed precision", CauseName.MIXED_PRECISION),
        ("after resuming", CauseName.RESUMED),
        ("after I added new photos", CauseName.DATA),
        ("since I changed the optimizer", CauseName.OPTIMIZER_CHANGE),
        ("since I switched the mask", CauseName.LOSS_FUNCTION),
        ("since the driver update", CauseName.SOFTWARE),
        ("since I raised the lr", CauseName.RATE_CHANGE),
        ("since I raised the batch", CauseName.BATCH_CHANGE),
    ],
)
def test_what_was_changed_comes_first_below_the_boundary(change: str, cause: CauseName):
    """Above it the rate stays first, unless the person's own run had outlived ours."""
    d = diagnose(read_symptoms(f"loss went up {change}"), judged(Side.BELOW))
    assert d.first.name is cause
    assert d.first.likelihood is Likelihood.LIKELY
    assert first(f"loss went up {change}", Side.ABOVE) is CauseName.RATE_TOO_HIGH


def test_a_run_that_outlived_ours_acquits_the_rate():
    """It held 120,000 steps at this rate: what was changed since comes first."""
    text = "it ran fine for 120k its, nan since I enabled mixed precision"
    d = diagnose(read_symptoms(text), judged(Side.ABOVE))
    assert [c.name for c in d.causes[:2]] == [
        CauseName.MIXED_PRECISION,
        CauseName.RATE_TOO_HIGH,
    ]
    assert "held at this rate for longer" in diagnosis_text(d)
    text = "it ran fine for 120k its, nan since I raised the lr"
    assert first(text, Side.ABOVE) is CauseName.RATE_TOO_HIGH


def test_a_batch_change_over_the_boundary_is_told_with_both_batch_sizes():
    """The rate held at 4 and fails at 8, and here the boundary falls."""
    d = diagnose(
        read_symptoms("washed out after I raised the batch from 4 to 8"),
        judged(Side.ABOVE, batch_size=8),
        before=judged(Side.BELOW, batch_size=4),
    )
    assert d.first.name is CauseName.RATE_TOO_HIGH
    assert CauseName.BATCH_CHANGE not in {c.name for c in d.causes}
    assert "At batch 4 it was well below" in d.first.why
    assert "falls as the batch size grows" in d.first.why


def test_a_batch_change_below_the_boundary_is_no_matter_of_the_boundary():
    """It holds at both, so the optimizer's averages are named."""
    d = diagnose(
        read_symptoms("washed out after I raised the batch from 4 to 8"),
        judged(Side.BELOW, batch_size=8),
        before=judged(Side.BELOW, batch_size=4),
    )
    assert d.first.name is CauseName.BATCH_CHANGE
    assert "holds at both batch sizes" in d.first.why


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.4, "rises with"), (-0.4, -0.1, "falls as"), (-0.1, 0.2, "may rise or")],
)
def test_the_exponents_interval_decides_what_is_said_of_it(low, high, said):
    """No direction is claimed where the interval holds both."""
    x = Estimate((low + high) / 2, low, high, 0.9, "max_stable")
    text = "pale after I raised the batch from 4 to 8"
    d = diagnose(read_symptoms(text), judged(Side.BELOW, exponent=x))
    assert said in d.first.why


def test_a_rate_clearly_below_the_recommended_one_may_be_raised_to_it():
    """A plateau well below the boundary: the way is up, and to what is said."""
    j = judged(Side.BELOW, learning_rate=1e-5)
    d = diagnose(read_symptoms("loss is stuck"), j)
    assert d.first.name is CauseName.RATE_TOO_LOW
    assert "Raise it to 1e-3" in d.first.change
    near_it = judged(Side.BELOW, learning_rate=9e-4)
    found = diagnose(read_symptoms("loss is stuck"), near_it)
    assert CauseName.RATE_TOO_LOW not in {c.name for c in found.causes}


def test_far_above_a_lower_rate_comes_before_warm_up():
    """A warm-up bridges no factor of three; a small excess it may."""
    far = diagnose(read_symptoms("nan"), judged(Side.ABOVE)).first.change
    assert far.startswith("Lower the rate to 1e-3")
    close = judged(Side.ABOVE, learning_rate=2.5e-3)
    text = diagnose(read_symptoms("nan"), close).first.change
    assert text.index("warm-up") < text.index("lower it to 1e-3")


def test_an_optimizer_without_averages_has_no_lag():
    """SGD has no epsilon to raise."""
    j = judged(Side.BELOW, optimizer="sgd")
    names = {c.name for c in diagnose(read_symptoms("loss went up"), j).causes}
    assert CauseName.OPTIMIZER_LAG not in names
    d = diagnose(read_symptoms("loss went up"), judged(Side.BELOW))
    lag = next(c for c in d.causes if c.name is CauseName.OPTIMIZER_LAG)
    assert "1e-7" in lag.change


def test_where_only_scores_are_known_the_best_rate_is_the_measure():
    """No stability known: above the range of the best rate the rate comes first."""
    best = Estimate(1e-3, 5e-4, 2e-3, 0.9)
    known = {"max_stable": None, "best": best, "probability_stable": None}
    high = judged(learning_rate=1e-2, **known)
    low = judged(learning_rate=1e-5, **known)
    said = read_symptoms("loss is stuck")
    assert diagnose(said, high).first.name is CauseName.RATE_TOO_HIGH
    assert "No run says" in diagnose(said, high).first.why
    assert diagnose(said, low).first.name is CauseName.RATE_TOO_LOW


# -- our own runs ----------------------------------------------------------------------


def test_runs_like_it_are_counted_with_their_ids():
    """As many failed, half of them by which step."""
    runs = [failed(1, 100), failed(2, 300), failed(3, 400), a_run(4)]
    runs.append(failed(5, 50, outcome=Outcome.DEGRADED, learning_rate=5e-3))
    d = diagnose(read_symptoms("nan"), judged(Side.ABOVE), runs=runs)
    assert d.similar is not None
    assert (d.similar.n_runs, d.similar.n_failed, d.similar.median_failed_at) == (
        5,
        4,
        100,
    )
    assert "4 of 5 runs of RealFace@1/16 at batch 5 and 5e-3 to 6e-3" in d.first.why
    assert "half of them by step 100 (3 broke down, 1 got worse" in d.first.why
    assert d.evidence == tuple(f"run:{i}" for i in range(1, 6))


@pytest.mark.parametrize(
    "unlike",
    [
        {"learning_rate": 2e-3},
        {"batch_size": 24},
        {"workload": "realface@1/32"},
        {"recipe": "faceswap-3"},
        {"optimizer": "sgd"},
        {"outcome": Outcome.INCOMPLETE},
        {"outcome": None},
    ],
)
def test_other_runs_are_not_counted(unlike: dict[str, Any]):
    """Another rate, batch, width or recipe says nothing of this one."""
    run = a_run(1, **unlike)
    assert not is_similar(run, judged(Side.ABOVE))
    assert diagnose(read_symptoms("nan"), judged(Side.ABOVE), runs=[run]).evidence == ()


def test_a_run_carried_further_counts_once():
    """The earlier record of the same run is held by the later one."""
    short = a_run(1, steps=300, horizon_steps=300, job_id="job:1")
    longer = a_run(2, seed=1, steps=1000, job_id="job:1")
    d = diagnose(read_symptoms("nan"), judged(Side.ABOVE), runs=[short, longer])
    assert d.evidence == ("run:2",)


def test_copies_of_other_widths_tell_only_how_late_failures_come():
    """Their rates are other rates, so they are evidence of time alone."""
    runs = [failed(i, 100 * i, workload="realface@1/32") for i in (1, 2, 3)]
    late = diagnose(read_symptoms("blew up at 12k"), judged(Side.BELOW), runs=runs)
    assert late.similar is None
    assert "half came by step 200 and the last at 300" in late.first.why
    assert late.evidence == ("run:1", "run:2", "run:3")
    soon = diagnose(read_symptoms("blew up at 120"), judged(Side.BELOW), runs=runs)
    assert soon.evidence == ()


def test_a_real_store_gives_judgement_and_runs_to_diagnose_with():
    """The whole way: runs recorded, rates judged, the causes of one symptom ranked."""
    rates = [4e-4, 6e-4, 9e-4, 1.3e-3, 4e-3, 5e-3, 6e-3]
    runs = [
        a_run(i, learning_rate=rate)
        if rate < 2e-3
        else failed(i, 90, learning_rate=rate)
        for i, rate in enumerate(rates)
    ]
    runs = [replace(run, batch_convention="per_side") for run in runs]
    runs.append(a_run(9, learning_rate=5e-3))  # counted otherwise: left out
    said = read_symptoms("loss exploded at step 200")
    found = {}
    with Advisor.open(":memory:", seeded=False) as advisor:
        advisor.store.record_runs(runs)
        for rate in (1e-4, 6e-3):
            j = advisor.judge("realface@1/16", 5, rate)
            rows = advisor.store.runs_of_group("faceswap")
            found[rate] = diagnose(said, j, runs=rows)
    assert [d.side for d in found.values()] == [Side.BELOW, Side.ABOVE]
    assert found[6e-3].first.name is CauseName.RATE_TOO_HIGH
    assert set(found[6e-3].evidence) == {"run:4", "run:5", "run:6"}
    assert found[1e-4].first.name is not CauseName.RATE_TOO_HIGH
    for d in found.values():
        assert untraced(d, said.text) == []


# -- the text --------------------------------------------------------------------------


def test_without_model_batch_and_rate_the_answer_is_general_and_asks():
    """A helpful list all the same, and what would make it precise."""
    d = diagnose(read_symptoms("my preview gets blurrier"))
    text = diagnosis_text(d)
    assert d.side is Side.UNKNOWN
    assert d.missing == SLOTS
    assert len(d.causes) > 2
    assert text.startswith("In general")
    assert "Tell me the model, the batch size, the learning rate and the step" in text


def test_only_what_is_missing_is_asked_for():
    """A person who named the model is not asked for it again."""
    d = diagnose(read_symptoms("nan at step 300"), missing=("learning_rate",))
    assert "Tell me the learning rate, and" in diagnosis_text(d)


def test_nothing_said_still_gives_causes_and_asks_what_is_seen():
    """'Something is wrong' is where most people start."""
    assert "what you see" in diagnosis_text(diagnose(read_symptoms("it is broken")))


def test_memory_asks_for_no_rate():
    """Out of memory is answered without the slots."""
    text = diagnosis_text(diagnose(read_symptoms("CUDA out of memory")))
    assert "Probably not the learning rate" in text
    assert "Tell me" not in text


def test_the_likeliest_cause_is_said_first_then_at_most_four_others():
    """A list of ten causes is no diagnosis."""
    d = diagnose(read_symptoms("nan, blurry, swings, stuck"), judged(Side.ABOVE))
    text = diagnosis_text(d)
    assert text.startswith("The rate is the likeliest cause: 6e-3 on RealFace@1/16")
    assert "What to change" in text
    others, run = diagnosis_details(d)
    assert others.startswith("Other causes")
    assert others.count("\n- ") == 4
    assert run.startswith("The run that would tell")


def numbers_in(value: Any) -> set[str]:
    """Every number of a document, as the text may write it."""
    if isinstance(value, dict):
        return {n for v in value.values() for n in numbers_in(v)}
    if isinstance(value, list | tuple):
        return {n for v in value for n in numbers_in(v)}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return set()
    return {f"{value:g}", str(value), rate_text(value), f"{100 * value:.0f}"}


def untraced(d: Diagnosis, question: str) -> list[str]:
    """The numerals of a text that stand neither in the record nor in the question."""
    document = {k: v for k, v in d.to_dict().items() if k not in ("causes", "symptoms")}
    known = numbers_in(document) | numbers_in({"at": d.symptoms.at})
    known |= set(re.findall(r"\d[\d.]*(?:e-?\d+)?", question))
    text = " ".join([diagnosis_text(d), *diagnosis_details(d)])
    text = text.replace(",000", "000").replace(str(d.workload and "RealFace@1/16"), "")
    if d.probability_stable in (0.0, 1.0):  # shown as a bound: nothing is certain
        text = text.replace(chance_text(d.probability_stable), "")
    found = re.findall(r"(?<![\w.])-?\d[\d.]*(?:e-?\d+)?|(?<=\^)-?[\d.]+", text)
    # "#00298" is step 298, and 0.030 is 0.03.
    known |= {n.lstrip("0") for n in known} | {n.rstrip("0") for n in known if "." in n}
    return [n for n in found if n.rstrip(".") not in known]


SENTENCES = [
    json.loads(line)["text"]
    for line in Path(__file__)
    .parents[1]
    .joinpath("reading", "symptom_sentences.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
RUNS = [failed(1, 100), failed(2, 333), a_run(3), failed(4, 77, learning_rate=9e-4)]


@pytest.mark.parametrize("side", [*RATES, None])
def test_every_numeral_of_the_text_can_be_traced(side: Side | None):
    """A number that nobody gave and nobody measured is made up."""
    for text in SENTENCES:
        j = judged(side) if side else None
        before = judged(Side.BELOW, batch_size=4) if side else None
        d = diagnose(read_symptoms(text), j, before=before, runs=RUNS)
        assert untraced(d, text) == [], text


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.sampled_from(SENTENCES)),
    st.sampled_from([*RATES, None]),
)
def test_any_text_gives_a_diagnosis_with_a_cause(text: str, side: Side | None):
    """Whatever is typed, there is a cause, a text, and a document."""
    j = judged(side) if side else None
    d = diagnose(read_symptoms(text), j, runs=RUNS)
    assert d.causes
    assert len({c.name for c in d.causes}) == len(d.causes)
    assert diagnosis_text(d)
    json.dumps(d.to_dict())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(Symptom), max_size=4, unique=True),
    st.sampled_from(Side),
    st.one_of(st.none(), st.integers(1, 10**6)),
    st.sets(st.sampled_from(SENTENCES), max_size=2),
    st.booleans(),
)
def test_likelier_causes_come_first(kinds, side, at, said, worked):
    """The order and the words must not contradict each other."""
    changes = tuple(c for text in said for c in read_symptoms(text).changes)
    unit = "steps" if at else None
    s = Symptoms("", tuple(kinds), at, unit, worked_before=worked, changes=changes)
    d = diagnose(s, judged(side) if side in RATES else None)
    order = [list(Likelihood).index(c.likelihood) for c in d.causes]
    assert order == sorted(order)
    assert diagnosis_text(d)


# -- the page --------------------------------------------------------------------------


def test_the_page_is_what_the_tables_say():
    """`make docs` writes it; a changed ranking must not leave it behind."""
    page = PAGE.read_text(encoding="utf-8")
    for table in (table_of_first_causes(), table_of_causes()):
        assert "\n".join(table) in page, "run `make docs`"

"""What a person asks of the advisor, on real stores."""

import dataclasses
import json
import math
import subprocess
import sys

import pytest

from advisor.service import Advisor
from knowledge.errors import BadValueError, UnknownWorkloadError
from knowledge.records import Outcome, Run

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)


@pytest.fixture(scope="module")
def seeded():
    with Advisor.open(":memory:") as advisor:
        yield advisor


@pytest.fixture
def empty():
    with Advisor.open(":memory:", seeded=False) as advisor:
        yield advisor


def add_runs(advisor: Advisor, rates: dict[float, bool], **values: object) -> None:
    """Record labelled runs: rate -> whether it failed."""
    base = {
        "workload": "realface@1/16",
        "batch_size": 5,
        "optimizer": "adam",
        "recipe": "faceswap-2021",
        "source": "ours",
        "steps": 300,
        "horizon_steps": 300,
        "batch_convention": "per_side",
    } | values
    known = len(advisor.store.runs())
    runs = [
        Run(
            id=f"run:{known + i}",
            learning_rate=rate,
            outcome=Outcome.DIVERGED if failed else Outcome.STABLE,
            failed_at_step=100 if failed else None,
            seed=i,
            **base,
        )
        for i, (rate, failed) in enumerate(rates.items())
    ]
    advisor.store.record_runs(runs)


def walk(value: object):
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from walk(inner)
    else:
        yield value


# -- the forum's question -------------------------------------------------------------


def test_a_new_store_answers_from_the_forums_reports(seeded):
    r = seeded.recommend("RealFace", 5)
    assert r.basis == "reported"
    assert 3e-5 < r.learning_rate <= 6.5e-5
    assert r.max_stable.low < 7e-5
    assert r.max_stable.high > 6.5e-5
    assert math.isfinite(r.max_stable.high)
    assert r.evidence.by_workload[0] == ("realface", 0, 4)
    assert r.evidence.n_claims == 10
    assert r.borrowed_from == ("dlight", "original")
    assert any("highest setting" in caveat for caveat in r.caveats)
    assert r.horizon_steps == 100_000


def test_without_the_seeds_nothing_is_known_and_said_so(empty):
    r = empty.recommend("realface", 5)
    assert r.basis == "none"
    assert (r.learning_rate, r.max_stable, r.best) == (None, None, None)
    assert "verification run" in r.caveats[0]
    assert r.verification.needed
    assert empty.judge("realface", 5, 1e-4).verdict == "unknown"
    assert empty.largest_batch("realface", 1e-4).batch_size is None


def test_opening_a_seeded_store_without_seeds_leaves_them_out(tmp_path):
    with Advisor.open(tmp_path / "s") as advisor:
        assert advisor.recommend("realface", 5).basis == "reported"
    with Advisor.open(tmp_path / "s", seeded=False) as advisor:
        assert advisor.recommend("realface", 5).basis == "none"


@pytest.mark.parametrize(
    "claim", ["realface-3-stable", "realface-5-stable", "realface-5-unstable"]
)
def test_leaving_out_one_claim_moves_the_interval(seeded, claim):
    whole = seeded.recommend("realface", 5)
    claim_id = f"claim:forum-2021/{claim}"
    without = seeded.recommend("realface", 5, exclude=[claim_id])
    assert without.max_stable != whole.max_stable
    assert claim_id not in without.evidence.used
    assert claim_id in {e.id for e in without.evidence.excluded}


def test_the_sliders_ceiling_is_no_limit(seeded):
    verdict = seeded.judge("realface", 2, 1.2e-4)
    assert verdict.verdict not in ("safe", "unsafe")
    assert 0.25 < verdict.probability_stable < 0.9


def test_a_rate_far_above_every_report_is_unsafe_and_far_below_is_safe(seeded):
    assert seeded.judge("realface", 5, 2e-3).verdict == "unsafe"
    assert seeded.judge("realface", 5, 1e-5).verdict == "safe"


def test_the_verification_of_a_full_size_model_goes_through_proxies(seeded):
    plan = seeded.recommend("realface", 5).verification
    assert {run.workload for run in plan.runs} == {"realface@1/16"}
    assert plan.spec.batch_sizes == (2, 5, 12)
    assert {run.batch_size for run in plan.runs} <= {2, 5, 12}
    assert plan.estimated_seconds > 0
    assert "changes with batch size" in plan.purpose


# -- measured evidence ----------------------------------------------------------------


def test_measured_runs_give_a_measured_answer_with_a_narrower_interval():
    with Advisor.open(":memory:") as advisor:
        before = advisor.recommend("realface@1/16", 5)
        assert before.basis == "borrowed"
        rates = {1e-3: False, 2e-3: False, 3e-3: False, 4e-3: True, 6e-3: True}
        add_runs(advisor, rates)
        after = advisor.recommend("realface@1/16", 5)
        assert after.basis == "measured"
        assert ("realface@1/16", 5, 0) in after.evidence.by_workload
        ratio = after.max_stable.high / after.max_stable.low
        assert ratio < before.max_stable.high / before.max_stable.low
        assert 2e-3 < after.max_stable.median < 5e-3
        assert after.horizon_steps == 300


def test_proxies_move_the_exponent_of_the_full_size_and_not_its_basis():
    with Advisor.open(":memory:") as advisor:
        before = advisor.recommend("realface", 5)
        for batch, shift in ((2, 1.5), (5, 1.0), (12, 0.6)):
            rates = {3e-3 * shift * f: f > 1 for f in (0.5, 0.7, 0.85, 1.2, 1.4, 1.8)}
            add_runs(advisor, rates, batch_size=batch)
        after = advisor.recommend("realface", 5)
        assert after.basis == "reported"
        assert "realface@1/16" in after.borrowed_from
        assert after.exponent.median < before.exponent.median - 0.05
        assert after.evidence.n_runs == 18


def test_other_recipes_and_precisions_are_left_out_with_their_reason(empty):
    add_runs(empty, {1e-3: False, 4e-3: True})
    add_runs(empty, {2e-3: False}, recipe="faceswap-3")
    add_runs(empty, {2e-3: False}, precision="bf16")
    r = empty.recommend("realface@1/16", 5)
    assert r.recipe == "faceswap-2021"
    reasons = " ".join(e.reason for e in r.evidence.excluded)
    assert r.evidence.n_runs == 2
    assert "another recipe (faceswap-3)" in reasons
    assert "another precision (bf16)" in reasons


def test_an_answer_far_outside_the_batches_says_so(empty):
    add_runs(empty, {1e-3: False, 4e-3: True})
    r = empty.recommend("realface@1/16", 20)
    assert r.basis == "extrapolated"
    assert any("outside the batch sizes" in caveat for caveat in r.caveats)


def test_a_longer_horizon_lowers_the_rate_and_is_called_an_extrapolation(empty):
    add_runs(empty, {1e-3: False, 2e-3: False, 4e-3: True, 8e-3: True})
    short = empty.recommend("realface@1/16", 5)
    long = empty.recommend("realface@1/16", 5, horizon=10_000)
    assert long.learning_rate < short.learning_rate
    assert any("an extrapolation" in caveat for caveat in long.caveats)


@pytest.mark.parametrize("workload", ["realface@1/16", "digits_mlp"])
def test_a_longer_run_is_never_called_safer(empty, workload):
    """Lengths below, at and beyond those that were run."""
    rates = {1e-3: False, 2e-3: False, 3e-3: True, 4e-3: False, 6e-3: True}
    recipe = {} if workload == "realface@1/16" else {"recipe": "adam"}
    add_runs(empty, rates, workload=workload, **recipe)
    for batch_size in (2, 5, 20):
        lengths = (20, 200, 300, 600, 20_000, 1_000_000)
        answers = [
            empty.recommend(workload, batch_size, horizon=length, **recipe)
            for length in lengths
        ]
        caps = [answer.max_stable.median for answer in answers]
        chances = [
            empty.judge(
                workload, batch_size, 2.5e-3, horizon=length, **recipe
            ).probability_stable
            for length in lengths
        ]
        assert caps == sorted(caps, reverse=True)
        assert chances == sorted(chances, reverse=True)


def test_a_best_rate_of_short_runs_is_said_to_be_one(empty):
    scores = {1e-4: 0.9, 3e-4: 0.6, 1e-3: 0.4, 3e-3: 0.5, 1e-2: 0.8}
    base = Run("run:0", "my/net", 16, 1e-3, "adam", None, "me", steps=500)
    empty.store.record_runs(
        [
            dataclasses.replace(
                base,
                id=f"run:{i}",
                learning_rate=rate,
                metric_name="val_loss",
                metric_value=score,
                goal="min",
            )
            for i, (rate, score) in enumerate(scores.items())
        ]
    )
    said = "read from scores after at most 500 steps"
    long = empty.recommend("my/net", 16, horizon=100_000)
    assert any(said in caveat for caveat in long.caveats)
    short = empty.recommend("my/net", 16, horizon=500)
    assert not any(said in caveat for caveat in short.caveats)


def test_the_order_of_the_runs_changes_nothing():
    rates = {1e-3: False, 2e-3: False, 3e-3: True, 4e-3: True}
    answers = []
    for order in (rates, dict(reversed(rates.items()))):
        with Advisor.open(":memory:", seeded=False) as advisor:
            add_runs(advisor, order)
            answers.append(advisor.recommend("realface@1/16", 5))
    assert answers[0].max_stable == answers[1].max_stable


# -- imports --------------------------------------------------------------------------


def import_rows(advisor: Advisor, tmp_path, *rows: str):
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return advisor.import_runs(path)


def test_importing_twice_adds_nothing(empty, tmp_path):
    rows = [f"Grid/W,adam,16,{x},val_loss,{1 + x},100,me," for x in (0.1, 0.2)]
    first = import_rows(empty, tmp_path, *rows, "bad,adam,0,1,loss,1,1,me,")
    assert (first.added, first.skipped, len(first.rejected)) == (2, 0, 1)
    assert first.workloads == ("Grid/W",)
    second = import_rows(empty, tmp_path, *rows)
    assert (second.added, second.skipped) == (0, 2)


def test_imported_names_match_without_regard_to_case(empty, tmp_path):
    import_rows(empty, tmp_path, "Grid/W,adam,16,0.1,val_loss,1,100,me,")
    assert empty.recommend("grid/w", 16).workload == "Grid/W"


def test_scored_runs_alone_give_the_best_rate_and_say_what_is_missing(empty, tmp_path):
    rows = [
        f"g/w,adam,{b},{x},val_loss,{(math.log2(x) + 8) ** 2 + 1},100,me,"
        for b in (8, 32)
        for x in (2**-10, 2**-9, 2**-8, 2**-7, 2**-6)
    ]
    import_rows(empty, tmp_path, *rows)
    r = empty.recommend("g/w", 16)
    assert r.basis == "interpolated"
    assert r.learning_rate == pytest.approx(2**-8, rel=0.2)
    assert r.best.low < r.learning_rate < r.best.high
    assert r.exponent.quantity == "best"
    assert sum(r.scaling_rules.values()) == pytest.approx(1.0)
    assert any("no stability evidence" in caveat for caveat in r.caveats)
    assert empty.recommend("g/w", 8).basis == "measured"
    plan = r.verification
    assert plan.needed
    assert plan.runs == ()
    report = empty.scaling("g/w")
    assert (report.quantity, report.n_runs) == ("best", 10)


def test_the_interval_of_the_best_rate_is_wider_far_from_what_was_tried(
    empty, tmp_path
):
    rows = [
        f"g/w,sgd,{b},{x},val_loss,{(math.log2(x) + 8) ** 2 + 1},100,me,"
        for b in (8, 32)
        for x in (2**-10, 2**-9, 2**-8, 2**-7, 2**-6)
    ]
    import_rows(empty, tmp_path, *rows)
    near, far = (empty.recommend("g/w", b).best for b in (16, 128))
    assert far.high / far.low > 1.5 * near.high / near.low


def test_scored_runs_judge_a_claim_about_the_best_rate(tmp_path):
    """Ten runs whose best rate is the same at both batch sizes speak against linear."""
    rows = [
        f"g/w,sgd,{b},{x},val_loss,{(math.log2(x) + 8) ** 2 + 1},100,me,"
        for b in (8, 32, 128, 512)
        for x in (2**-10, 2**-9, 2**-8, 2**-7, 2**-6)
    ]
    with Advisor.open(":memory:") as advisor:
        import_rows(advisor, tmp_path, *rows)
        verdicts = {c.id: c for c in advisor.scaling("g/w").claims}
        assert verdicts["claim:article/linear-scaling"].verdict == "contradicted"
        assert verdicts["claim:forum-2021/inverse"].verdict == "undecided"


def test_a_best_rate_above_the_cap_is_not_recommended(empty, tmp_path):
    rows = [
        f"g/w,adam,8,{x},val_loss,{1 / x},100,me,{'diverged' if x > 0.01 else 'stable'}"
        for x in (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
    ]
    import_rows(empty, tmp_path, *rows)
    r = empty.recommend("g/w", 8)
    assert r.learning_rate < r.best.median
    assert r.learning_rate_is == "cap"


# -- documents ------------------------------------------------------------------------


def test_every_document_is_json_without_nan(seeded):
    documents = [
        seeded.recommend("realface", 5).to_dict(),
        seeded.judge("original", 12, 1e-4).to_dict(),
        seeded.largest_batch("realface", 7e-5).to_dict(),
        seeded.scaling("realface").to_dict(),
        seeded.scaling().to_dict(),
        seeded.ask("What LR for batch 5 on RealFace?").to_dict(),
        seeded.doctor(),
    ]
    for document in documents:
        json.dumps(document, allow_nan=False)


def test_the_recommendation_has_exactly_the_contracts_keys_and_a_few_more(seeded):
    document = seeded.recommend("realface", 5).to_dict()
    contract = (
        "workload batch_size optimizer recipe device horizon_steps learning_rate "
        "probability_stable max_stable best basis borrowed_from exponent "
        "scaling_rules evidence caveats verification"
    ).split()
    assert set(contract) <= set(document)
    assert {"used", "excluded", "n_runs", "n_claims"} <= set(document["evidence"])
    assert set(document["max_stable"]) == {"median", "low", "high", "level"}
    assert sum(document["scaling_rules"].values()) == pytest.approx(1.0)
    run = document["verification"]["runs"][0]
    wanted = "workload batch_size learning_rate seed steps estimated_seconds".split()
    assert set(run) == {*wanted, "stop_after"}


def test_the_same_evidence_gives_the_same_answer(seeded):
    with Advisor.open(":memory:") as other:
        assert other.recommend("realface", 5) == seeded.recommend("realface", 5)


# -- bad input ------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [0, -4, 10**9, "five", 2.5, None, float("nan")])
def test_a_batch_size_that_cannot_be_right_is_named(seeded, batch_size):
    with pytest.raises(BadValueError, match="batch_size is"):
        seeded.recommend("realface", batch_size)


@pytest.mark.parametrize("rate", [0, -1e-4, float("nan"), float("inf"), "x", 1e300])
def test_a_rate_that_cannot_be_right_is_named(seeded, rate):
    with pytest.raises(BadValueError, match="learning_rate is"):
        seeded.judge("realface", 5, rate)


def test_an_unknown_workload_suggests_the_nearest(seeded):
    with pytest.raises(UnknownWorkloadError, match="Did you mean realface"):
        seeded.recommend("RealFaces", 5)
    with pytest.raises(UnknownWorkloadError, match="Known: original"):
        seeded.recommend("zzz", 5)
    with pytest.raises(BadValueError, match="power of two"):
        seeded.recommend("realface@1/3", 5)


@pytest.mark.parametrize(
    "scope",
    [{"risk": 0}, {"risk": 1.5}, {"horizon": 0}, {"recipe": "x"}, {"device": "tpu"}],
)
def test_other_odd_values_are_named(seeded, scope):
    with pytest.raises(BadValueError):
        seeded.recommend("realface", 5, **scope)


@pytest.mark.parametrize("batch_size", [1, 10_000_000])
def test_extreme_batch_sizes_get_a_finite_answer(seeded, batch_size):
    r = seeded.recommend("realface", batch_size)
    rate = r.largest_known.learning_rate if r.largest_known else r.learning_rate
    values = [v for v in walk(r.to_dict()) if isinstance(v, float)]
    assert all(math.isfinite(v) for v in values)
    assert rate > 0


def test_all_stable_and_all_diverged_are_finite_bounds(empty):
    add_runs(empty, {1e-3: False, 2e-3: False})
    r = empty.recommend("realface@1/16", 5)
    assert any("No run has failed yet" in caveat for caveat in r.caveats)
    add_runs(empty, {1e-2: True, 2e-2: True}, batch_size=9, workload="dlight@1/16")
    r = empty.recommend("dlight@1/16", 9)
    assert any("Every run failed" in caveat for caveat in r.caveats)
    assert dataclasses.asdict(r)["learning_rate"] < 1e-2


def test_knowing_the_service_loads_neither_torch_nor_streamlit():
    code = (
        "import sys, advisor.service; "
        "print(sorted({'torch', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

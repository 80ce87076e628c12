"""The referee: verdicts on scaling rules, the runs that would decide, comparisons."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from advisor.answers.comparison import chances_of_highest
from advisor.answers.wording import comparison_text, largest_batch_text
from advisor.estimates import Estimate
from advisor.planning.costs import elapsed_seconds
from advisor.scaling.deciding_runs import (
    choose_score_runs,
    choose_stability_runs,
    reaching_batches,
)
from advisor.scaling.exponents import leading_bands
from advisor.scaling.records import Finding, Rule
from advisor.scaling.verdicts import (
    claimed_rules,
    implied_exponent,
    judge_rule,
    ordered_share,
    tally_families,
    with_copies,
)
from advisor.scaling.wording import conclusion_text, scaling_report_text
from advisor.service import Advisor
from advisor.statistics.fitted import scaling_rule_shares
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.claims.seeds import load_seed_claims
from knowledge.errors import BadValueError
from knowledge.records import Outcome
from tests.example_records import REALFACE_RUN

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome,recipe"
)
INVERSE = Rule("claim:x", "forum", "Inverse.", "max_stable", -1.0)
ADAM_PRIOR = (0.2, 0.35)


def finding(mean: float, sd: float, **values: object) -> Finding:
    """A finding whose exponent has a normal posterior."""
    draws = np.random.default_rng(0).normal(mean, sd, 1000)
    known = {
        "workload": "realface",
        "optimizer": "adam",
        "recipe": "faceswap-2021",
        "quantity": "max_stable",
        "exponent": Estimate(mean, mean - 1.64 * sd, mean + 1.64 * sd, 0.9),
        "scaling_rules": scaling_rule_shares(draws),
        "batch_range": (2, 32),
        "n_batch_octaves": 4.0,
        "n_compared": 5,
        "n_runs": 40,
        "n_proxy_runs": 0,
        "n_claims": 0,
        "held_fixed": "recipe faceswap-2021",
        "devices": ("cpu",),
        "by_source": (),
        "prior": ADAM_PRIOR,
        "draws": draws,
    }
    return Finding(**(known | values))


def import_rows(advisor: Advisor, tmp_path, rows: list[str]) -> None:
    path = tmp_path / f"{len(rows)}.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    report = advisor.import_runs(path)
    assert report.rejected == ()


def labelled_rows(
    exponent: float,
    *,
    n_runs: int = 60,
    workload: str = "realface@1/16",
    optimizer: str = "adam",
    recipe: str = "faceswap-2021",
    batches: tuple[int, ...] = (2, 4, 8, 16, 32),
) -> list[str]:
    """Runs of a workload whose highest stable rate goes as batch^exponent."""
    random = np.random.default_rng(3)
    rows = []
    for i in range(n_runs):
        batch = batches[i % len(batches)]
        threshold = -7.0 + exponent * (math.log2(batch) - 3)
        log_rate = threshold + random.uniform(-1.2, 1.2)
        fails = random.random() < 1 / (1 + math.exp(-(log_rate - threshold) / 0.1))
        outcome = "diverged" if fails else "stable"
        rows.append(
            f"{workload},{optimizer},{batch},{2**log_rate:.4g},,,500,lab,"
            f"{outcome},{recipe}"
        )
    return rows


def scored_rows(workload: str, exponent: float, optimizer: str = "adam") -> list[str]:
    """Runs whose loss is lowest at a rate that goes as batch^exponent."""
    return [
        f"{workload},{optimizer},{b},{2.0**x:.6g},val_loss,"
        f"{(x + 6 - exponent * (math.log2(b) - 6)) ** 2 + 1:.6g},100,paper,,"
        for b in (8, 32, 128, 512)
        for x in range(-12, 3)
    ]


def verdict_of(report, claim_id: str):
    return next(c for c in report.claims if c.id == f"claim:{claim_id}")


@pytest.fixture(scope="module")
def seeded():
    with Advisor.open(":memory:") as advisor:
        yield advisor


@pytest.fixture(scope="module")
def falling(tmp_path_factory):
    """A seeded store with 60 runs of a proxy whose exponent is -1."""
    with Advisor.open(":memory:") as advisor:
        import_rows(advisor, tmp_path_factory.mktemp("rows"), labelled_rows(-1.0))
        yield advisor


# -- verdicts --------------------------------------------------------------------------


def test_runs_at_a_claimed_exponent_support_it():
    verdict = judge_rule(INVERSE, [finding(-1.0, 0.1)])
    assert verdict.verdict == "supported"
    assert "40 runs" in verdict.reason


def test_runs_at_another_exponent_contradict_it():
    assert judge_rule(INVERSE, [finding(0.2, 0.1)]).verdict == "contradicted"


def test_a_wide_posterior_decides_nothing():
    assert judge_rule(INVERSE, [finding(-0.7, 0.5)]).verdict == "undecided"


def test_few_runs_decide_nothing_however_sharp_they_look():
    verdict = judge_rule(INVERSE, [finding(-1.0, 0.05, n_runs=7)])
    assert verdict.verdict == "undecided"
    assert "at least 8" in verdict.reason


def test_runs_at_one_batch_size_decide_nothing_about_a_slope():
    verdict = judge_rule(INVERSE, [finding(0.2, 0.1, n_batch_octaves=0.0)])
    assert verdict.verdict == "undecided"
    assert "too small a range to see a trend" in verdict.reason


def test_rates_that_somebody_used_decide_nothing_about_the_best():
    rule = Rule("claim:x", "article", "Linear.", "best", 1.0)
    used = finding(0.2, 0.1, quantity="best", n_compared=0)
    verdict = judge_rule(rule, [used])
    assert verdict.verdict == "undecided"
    assert "not the best ones" in verdict.reason
    tried = finding(0.2, 0.1, quantity="best", n_compared=2)
    assert judge_rule(rule, [tried]).verdict == "contradicted"


def test_runs_that_fail_at_any_rate_decide_nothing_about_one():
    """Where it is not the rate that decides, its slope says nothing."""
    verdict = judge_rule(INVERSE, [finding(0.2, 0.1, ordered=0.5)])
    assert verdict.verdict == "undecided"
    assert "higher rate in 50% of all pairs" in verdict.reason
    assert judge_rule(INVERSE, [finding(0.2, 0.1, ordered=0.9)]).verdict == (
        "contradicted"
    )


def test_pairs_are_of_one_model_recipe_and_batch_size():
    """Another model's failures at lower rates are no disorder."""
    runs = [
        replace(REALFACE_RUN, workload=name, learning_rate=rate, outcome=outcome)
        for name, level in (("realface@1/16", 1.0), ("realface@1/32", 100.0))
        for rate, outcome in (
            *[(level * (1 + i), Outcome.STABLE) for i in range(4)],
            *[(level * (3 + i), Outcome.DIVERGED) for i in range(2)],
        )
    ]
    assert ordered_share(runs) == pytest.approx((2 + 0.5 + 3 + 0.5) / 8)
    cut_short = [replace(run, outcome=Outcome.INCOMPLETE) for run in runs]
    assert ordered_share(cut_short) is None
    assert ordered_share(runs[:5]) is None


def test_the_prior_alone_contradicts_nobody():
    """P(near -1) is tiny before any run; runs that leave it there say nothing."""
    verdict = judge_rule(INVERSE, [finding(*ADAM_PRIOR)])
    assert verdict.verdict == "undecided"
    assert "not moved it enough" in verdict.reason


def test_runs_of_narrower_copies_count_and_are_named():
    found = finding(-1.0, 0.1, n_runs=0, n_proxy_runs=30)
    verdict = judge_rule(INVERSE, [found])
    assert verdict.verdict == "supported"
    assert "0 full-size runs, 30 of narrow copies" in verdict.reason


@pytest.mark.parametrize(
    ("rule", "found", "why"),
    [
        ({"quantity": "best"}, {}, "the best rate"),
        ({"workload": "dlight"}, {}, "said of dlight"),
        ({"optimizer": "adam"}, {"optimizer": "sgd"}, "said of adam"),
        ({"device": "cuda"}, {}, "no run here was made on one"),
    ],
)
def test_a_claim_is_not_judged_where_it_does_not_apply(rule, found, why):
    values = {"quantity": "max_stable", **rule}
    scoped = Rule("claim:x", "forum", "Inverse.", exponent=-1.0, **values)
    verdict = judge_rule(scoped, [finding(-1.0, 0.1, **found)])
    assert (verdict.verdict, verdict.applies) == ("undecided", False)
    assert why in verdict.reason


def test_a_claim_about_a_gpu_is_judged_by_runs_on_one():
    rule = Rule("claim:x", "f", "Inverse.", "max_stable", -1.0, device="cuda")
    verdict = judge_rule(rule, [finding(-1.0, 0.1, devices=("cuda",))])
    assert verdict.verdict == "supported"


def test_no_evidence_at_all_is_undecided():
    verdict = judge_rule(INVERSE, [])
    assert (verdict.verdict, verdict.reason) == (
        "undecided",
        "there is no evidence yet",
    )


def test_a_claim_over_many_workloads_gets_a_tally():
    many = [finding(0.2, 0.1, workload=f"g/{i}") for i in range(5)]
    many += [finding(-0.7, 0.5, workload=f"g/{i}") for i in range(5, 17)]
    verdict = judge_rule(INVERSE, many)
    assert verdict.tally == {"supported": 0, "contradicted": 5, "undecided": 12}
    assert verdict.verdict == "contradicted"
    assert "contradicted in 5, undecided in 12 and supported in 0" in verdict.reason


def test_one_decided_workload_of_many_is_too_few():
    many = [finding(0.2, 0.1, workload="g/0")]
    many += [finding(-0.7, 0.5, workload=f"g/{i}") for i in range(1, 12)]
    assert judge_rule(INVERSE, many).verdict == "undecided"


def test_a_claim_that_holds_for_some_and_not_for_others_stays_undecided():
    two = [finding(-1.0, 0.1), finding(0.2, 0.1, workload="dlight")]
    verdict = judge_rule(INVERSE, two)
    assert verdict.verdict == "undecided"
    assert "for some and not for others" in verdict.reason


def test_what_the_copies_say_by_themselves_stands_beside_the_verdict():
    own = judge_rule(INVERSE, [finding(-0.7, 0.5, n_runs=0, n_proxy_runs=40)])
    copies = judge_rule(INVERSE, [finding(-1.0, 0.1, workload="realface@1/16")])
    joined = with_copies(own, copies)
    assert joined.verdict == "undecided"
    assert "realface@1/16 by itself: supported" in joined.reason


# -- what was claimed ------------------------------------------------------------------


def test_the_seeds_own_rates_follow_other_powers_than_they_claim():
    rules = {rule.id: rule for rule in claimed_rules(load_seed_claims())}
    assert rules["claim:forum-2021/inverse"].exponent == -1
    assert rules["claim:article/linear-scaling"].exponent == 1
    assert rules["implied:article"].exponent == 1.66
    assert rules["implied:forum-2021/realface"].exponent == -0.47
    assert rules["implied:forum-2021/dlight"].exponent == -0.53
    assert rules["implied:forum-2021/original"].exponent == -0.62


def test_rates_at_one_batch_size_follow_no_power():
    claims = [c for c in load_seed_claims() if c.id == "claim:article/rate-at-32"]
    assert implied_exponent(claims) is None


# -- reports ---------------------------------------------------------------------------


def test_a_new_store_reports_what_was_claimed_and_decides_nothing(seeded):
    report = seeded.scaling("realface")
    assert report.n_runs == 0
    assert report.n_claims == 4
    assert {c.verdict for c in report.claims} == {"undecided"}
    assert sum(report.scaling_rules.values()) == pytest.approx(1)
    text = scaling_report_text(report)
    assert "batch^-0.47" in text
    assert "To decide between" in text


def test_the_document_has_the_contracts_keys(seeded):
    wanted = (
        "workload quantity exponent scaling_rules batch_range n_runs n_claims claims "
        "deciding_runs"
    ).split()
    for report in (seeded.scaling("realface"), seeded.scaling()):
        document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert set(wanted) <= set(document)
        assert document["claims"]
        for claim in document["claims"]:
            assert {"id", "source", "statement", "verdict", "reason"} <= set(claim)
        for run in document["deciding_runs"]:
            assert {"workload", "batch_size", "learning_rate", "seed"} <= set(run)


def test_runs_of_a_proxy_decide_about_it_and_lean_on_the_full_size(falling):
    proxy = falling.scaling("realface@1/16")
    assert verdict_of(proxy, "forum-2021/inverse").verdict == "supported"
    assert proxy.exponent.low < -1 < proxy.exponent.high
    full = falling.scaling("realface")
    claim = verdict_of(full, "forum-2021/inverse")
    assert "realface@1/16 by itself: supported" in claim.reason
    assert [f.workload for f in full.findings] == ["realface", "realface@1/16"]
    assert full.exponent.median < falling.scaling("dlight").exponent.median + 0.2


def test_a_claim_is_no_evidence_for_itself(tmp_path):
    """It shapes the exponent that is answered with, not the one that judges it."""
    judged, answered = [], []
    for seeded in (True, False):
        with Advisor.open(
            ":memory:", seeded=seeded, study=False, library=False
        ) as advisor:
            import_rows(advisor, tmp_path, labelled_rows(0.2, n_runs=12))
            report = advisor.scaling("realface")
        assert bool(report.findings[0].n_claims) == seeded
        judged.append([f.exponent_of_runs for f in report.findings])
        answered.append(report.findings[0].exponent)
    assert judged[0] == judged[1]
    assert answered[0] != answered[1]


def test_a_rising_threshold_contradicts_the_inverse_rule(tmp_path):
    with Advisor.open(":memory:") as advisor:
        import_rows(advisor, tmp_path, labelled_rows(0.5))
        report = advisor.scaling("realface@1/16")
        claim = verdict_of(report, "forum-2021/inverse")
        assert claim.verdict == "contradicted"
        assert report.scaling_rules["sqrt"] > 0.5


def test_the_article_is_judged_by_scores_and_the_forum_by_outcomes(tmp_path):
    with Advisor.open(":memory:") as advisor:
        import_rows(advisor, tmp_path, scored_rows("g/w", 1.0, "sgd"))
        report = advisor.scaling("g/w")
        assert verdict_of(report, "article/linear-scaling").verdict == "supported"
        assert not verdict_of(report, "forum-2021/inverse").applies
        assert report.quantity == "best"


def test_each_optimizer_gets_a_finding_of_its_own(tmp_path):
    with Advisor.open(":memory:") as advisor:
        import_rows(
            advisor,
            tmp_path,
            scored_rows("g/w", 1.0, "sgd") + scored_rows("g/w", 0.0, "adam"),
        )
        report = advisor.scaling("g/w")
        by_optimizer = {f.optimizer: f.exponent.median for f in report.findings}
        assert by_optimizer["sgd"] > 0.7
        assert by_optimizer["adam"] < 0.3
        claim = verdict_of(report, "article/linear-scaling")
        assert claim.verdict == "undecided"
        assert "for some and not for others" in claim.reason
        alone = advisor.scaling("g/w", optimizer="sgd")
        assert [f.optimizer for f in alone.findings] == ["sgd"]
        assert verdict_of(alone, "article/linear-scaling").verdict == "supported"


def test_our_runs_and_imported_ones_are_said_apart(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        rows = labelled_rows(-1.0, n_runs=30)
        ours = [row.replace(",lab,", ",ours,") for row in labelled_rows(0.0, n_runs=30)]
        import_rows(advisor, tmp_path, rows + ours)
        report = advisor.scaling("realface@1/16")
        said = {a.source: a for a in report.findings[0].by_source}
        assert set(said) == {"ours", "lab"}
        assert said["lab"].exponent.median < said["ours"].exponent.median - 0.5
        text = scaling_report_text(report)
        assert "Our own 30 runs, by themselves" in text
        assert "The 30 runs imported from lab, by themselves" in text


def test_an_optimizer_nobody_used_is_said_to_have_no_evidence(seeded):
    report = seeded.scaling("realface", optimizer="sgd")
    assert report.exponent is None
    assert report.deciding.runs == ()  # no recipe here trains it so
    assert "with SGD" in scaling_report_text(report)
    assert "with SGD: 0 workloads" in scaling_report_text(
        seeded.scaling(optimizer="sgd")
    )


def test_the_whole_store_is_one_report_with_each_claim_once(tmp_path):
    with Advisor.open(":memory:") as advisor:
        rows = [r for i in range(6) for r in scored_rows(f"g/w{i}", 0.2)]
        import_rows(advisor, tmp_path, rows)
        report = advisor.scaling()
        assert (report.workload, report.exponent) == (None, None)
        assert report.n_runs == len(rows)
        statements = [c.statement for c in report.claims]
        assert len(statements) == len(set(statements))
        claim = verdict_of(report, "article/linear-scaling")
        assert claim.verdict == "contradicted"
        assert claim.tally["contradicted"] == 6
        assert claim.elsewhere  # the forum's workloads speak of another quantity
        text = scaling_report_text(report)
        assert text.count("the linear scaling rule") == 1
        assert "g, Adam, best rate" in text
        assert "faceswap, Adam (recipe faceswap-2021), highest stable rate" in text
        families = {(f.family, f.quantity): f for f in report.families}
        assert families["g", "best"].n_workloads == 6
        assert families["g", "best"].lowest <= families["g", "best"].median


def test_an_empty_store_says_that_nothing_is_known():
    with Advisor.open(":memory:", seeded=False) as advisor:
        report = advisor.scaling()
        assert report.claims == ()
        assert "0 workloads" in scaling_report_text(report)
        assert "Nothing is known yet" in scaling_report_text(advisor.scaling("dlight"))


def test_families_are_tallied_by_optimizer_and_quantity():
    found = [
        finding(0.0, 0.1),
        finding(1.0, 0.1, workload="dlight"),
        finding(0.5, 0.1, quantity="best"),
    ]
    first, second = tally_families(found)
    assert (first.quantity, first.n_workloads) == ("best", 1)
    assert (second.family, second.n_workloads, second.median) == ("faceswap", 2, 0.5)
    assert second.bands == {"constant": 1, "linear": 1}


# -- the runs that would decide --------------------------------------------------------


def test_deciding_runs_stand_at_the_far_ends_and_cost_something(falling):
    deciding = falling.scaling("realface").deciding
    assert {run.batch_size for run in deciding.runs} == {2, 32}
    # Its copy at 1/16 has decided: what is open is how copies of other widths differ.
    assert {run.workload for run in deciding.runs} == {"realface@1/8"}
    assert all(run.estimated_seconds > 0 for run in deciding.runs)
    each = [run.estimated_seconds for run in deciding.runs]
    n_workers = falling.settings.n_workers
    told = elapsed_seconds(each, n_workers=n_workers)  # the start of workers included
    assert deciding.seconds == pytest.approx(told, abs=0.5)
    assert set(deciding.between) == set(
        leading_bands(falling.scaling("realface").scaling_rules)
    )
    seeds = [run.seed for run in deciding.runs]
    assert len(set(seeds)) == len(seeds)


def test_a_new_store_would_decide_by_the_cheapest_copy(seeded):
    deciding = seeded.scaling("realface").deciding
    assert {run.workload for run in deciding.runs} == {"realface@1/16"}
    assert {run.batch_size for run in deciding.runs} == {2, 16}


def test_deciding_runs_of_an_import_are_named_without_a_cost(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        import_rows(advisor, tmp_path, scored_rows("g/w", 0.25))
        report = advisor.scaling("g/w")
        assert {run.batch_size for run in report.deciding.runs} == {8, 512}
        assert all(run.estimated_seconds is None for run in report.deciding.runs)
        assert "cannot be trained here" in scaling_report_text(report)


def simulate(batches, log_rates, slope: float, random) -> np.ndarray:
    """Outcomes of runs whose threshold is 2^-7 at batch 8 and goes as batch^slope."""
    threshold = -7 + slope * (np.log2(batches) - 3)
    return random.random(len(batches)) < 1 / (
        1 + np.exp(-(log_rates - threshold) / 0.1)
    )


def test_deciding_runs_tell_two_rules_apart_and_runs_at_the_middle_do_not():
    """Simulated: six runs after ten; constant or square root holds in turn."""
    bands = ("constant", "sqrt")
    believed: dict[str, list[float]] = {"ends": [], "middle": []}
    for seed in range(8):
        random = np.random.default_rng(100 + seed)
        slope = (0.0, 0.5)[seed % 2]
        batches = np.resize([4, 8, 16], 10)
        rates = np.exp2(random.uniform(-8.5, -5.5, 10))
        failed = simulate(batches, np.log2(rates), slope, random)
        fitted = StableLearningRateModel(n_particles=512).fit(batches, rates, failed)
        ends = choose_stability_runs(
            "mine", fitted, [2, 32], bands, horizon_steps=None, count=6
        )
        middle = np.exp2(np.linspace(*np.log2(fitted.believed_range(8)), 6))
        for name, more in (
            ("ends", [(t.batch_size, t.learning_rate) for t in ends]),
            ("middle", [(8, rate) for rate in middle]),
        ):
            b, x = np.array(more).T
            then = StableLearningRateModel(n_particles=512).fit(
                np.r_[batches, b],
                np.r_[rates, x],
                np.r_[failed, simulate(b, np.log2(x), slope, random)],
            )
            believed[name].append(then.scaling_rules()[bands[seed % 2]])
    assert np.mean(believed["ends"]) > np.mean(believed["middle"]) + 0.05


def test_a_failure_at_the_large_end_speaks_for_the_rule_that_falls():
    random = np.random.default_rng(1)
    batches = np.repeat([4, 8, 16], 6)
    rates = np.exp2(random.uniform(-9, -5, len(batches)))
    model = StableLearningRateModel(n_particles=512).fit(
        batches, rates, np.log2(rates) > -7
    )
    ends = choose_stability_runs(
        "mine",
        model,
        [2, 64],
        ("constant", "inverse_sqrt"),
        horizon_steps=None,
        count=4,
    )
    assert {t.batch_size: t.speaks_for for t in ends} == {
        2: "constant",
        64: "inverse_sqrt",
    }


def test_score_trials_are_where_the_two_rules_predict_the_best_rate():
    trials = choose_score_runs("mine", (32, 0.01), [8, 128], ("sqrt", "linear"))
    rates = {(t.batch_size, t.speaks_for): t.learning_rate for t in trials}
    assert rates[128, "linear"] == pytest.approx(0.04)
    assert rates[128, "sqrt"] == pytest.approx(0.02)


def test_a_narrow_batch_range_is_widened():
    assert reaching_batches((5, 5)) == (5, 40)


# -- the largest batch -----------------------------------------------------------------


def test_a_rate_above_everything_has_no_batch_and_says_none(falling):
    found = falling.largest_batch("realface@1/16", 0.9)
    assert found.batch_size is None
    assert found.reason.startswith("No batch size:")


def test_a_falling_threshold_limits_the_batch(falling):
    found = falling.largest_batch("realface@1/16", 2**-7.8)
    assert 4 <= found.batch_size["median"] <= 16
    assert found.batch_size["low"] <= found.batch_size["median"]
    assert "too high" in found.reason


def test_a_limit_that_is_only_as_far_as_was_looked_is_said_to_be(falling):
    found = falling.largest_batch("realface@1/16", 1e-6)
    assert "where I stopped" in found.reason
    assert "the evidence goes to batch 32" in largest_batch_text(found)


def test_a_rising_threshold_has_a_smallest_batch_too(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        import_rows(advisor, tmp_path, labelled_rows(1.0))
        found = advisor.largest_batch("realface@1/16", 2**-7.3)
        assert re.match(r"From batch \d+ up to batch", found.reason)


def test_scores_alone_call_no_batch_safe_and_say_what_is_known(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        import_rows(advisor, tmp_path, scored_rows("g/w", 0.5))
        near = advisor.largest_batch("g/w", 2**-6.5)
        assert near.batch_size is None
        assert "32 has the best rate nearest" in near.reason
        far = advisor.largest_batch("g/w", 1e-9)
        assert "lies below the best rate at every batch size" in far.reason
        judged = advisor.judge("g/w", 32, 2**-1.5)
        assert (judged.verdict, judged.probability_stable) == ("unknown", None)
        assert "says whether it was stable" in judged.reason
        assert "above the best one" in judged.reason


# -- comparisons -----------------------------------------------------------------------


def test_chances_add_up_and_ties_are_shared():
    assert chances_of_highest([[1.0, 2.0], [0.0, 0.5]]) == [1.0, 0.0]
    three = chances_of_highest([[0.0], [0.0], [0.0]])
    assert three == pytest.approx([1 / 3] * 3)


def test_reports_do_not_tell_the_models_apart(seeded):
    answer = seeded.ask("RealFace or DLight at batch 4?")
    (compared,) = answer.comparisons
    assert 0.3 < compared.probability < 0.7
    assert sum(compared.probabilities.values()) == pytest.approx(1, abs=0.002)
    assert "No clear difference between RealFace and DLight" in answer.text


def test_runs_tell_two_workloads_apart(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        import_rows(advisor, tmp_path, labelled_rows(0.0, workload="g/high", recipe=""))
        lower = [
            re.sub(
                r",(\d+),([\d.e-]+),,", lambda m: f",{m[1]},{float(m[2]) / 4:.4g},,", r
            )
            for r in labelled_rows(0.0, workload="g/low", recipe="")
        ]
        import_rows(advisor, tmp_path, [*lower, lower[0]])
        compared = advisor.compare(["g/low", "g/high"], 8)
        assert compared.highest == "g/high"
        assert compared.probability > 0.95
        assert comparison_text(compared).startswith("Almost surely, g/high tolerates")


def test_one_workload_is_nothing_to_compare(seeded):
    with pytest.raises(BadValueError, match="name two or more"):
        seeded.compare(["RealFace", "realface"], 4)


def test_different_questions_do_not_compare(tmp_path):
    with Advisor.open(":memory:", seeded=False) as advisor:
        import_rows(advisor, tmp_path, labelled_rows(0.0, workload="a/w", recipe=""))
        import_rows(advisor, tmp_path, [*scored_rows("b/w", 0.3)])
        compared = advisor.compare(["a/w", "b/w"], 8)
        assert compared.probability is None
        assert "what is stable" in comparison_text(compared)
        unknown = advisor.compare(["a/w", "dlight"], 8)
        assert "nothing is known about dlight" in comparison_text(unknown)


# -- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "RealFace or DLight at batch 4?",
        "Is the LR inversely proportional to the batch on realface?",
        "is the linear scaling rule right?",
        "how big may the batch be for realface at 5e-5?",
    ],
)
def test_every_number_in_an_answer_stands_in_its_document(falling, question):
    answer = falling.ask(question)
    document = answer.to_dict()
    text = document.pop("text")
    known = {float(x) for x in _NUMBER.findall(json.dumps(document) + question)}
    percents = {round(100 * x) for x in known if 0 <= x <= 1}
    minutes = {round(x / 60) for x in known}
    for number in map(float, _NUMBER.findall(text)):
        assert number in known | percents | minutes | {round(x) for x in known}


_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?!\w)")  # none of ids


def test_the_answer_to_a_general_question_speaks_of_the_whole_store(falling):
    answer = falling.ask("is the linear scaling rule right?")
    assert answer.scaling is not None
    assert answer.scaling.workload is None
    assert conclusion_text(falling.scaling()) == answer.text

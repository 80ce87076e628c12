"""Charts are built from records alone, and hold what they should show."""

import json
import math
from dataclasses import replace
from typing import Any

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.answers.recommendation import EvidenceSummary, Recommendation
from advisor.charts.curves import (
    MAX_POINTS,
    build_loss_chart,
    build_metric_chart,
    smoothed,
    thin,
)
from advisor.charts.reliability import build_reliability_chart
from advisor.charts.rules import build_rules_chart
from advisor.charts.threshold import (
    BandPoint,
    ThresholdBand,
    ThresholdChartData,
    batch_grid,
    build_threshold_chart,
    describe_threshold_chart,
    explain_threshold_chart,
)
from advisor.estimates import Estimate
from advisor.planning.plan import VerificationPlan
from advisor.track_record.scores import reliability_bins
from knowledge.records import Curve, Outcome
from tests import example_records as examples

RUN = examples.REALFACE_RUN
CLAIM = replace(
    examples.CLAIM,
    id="claim:1",
    workload="realface",
    batch_size=5,
    learning_rate=6.5e-5,
    bound="stable",
)
ANSWER = Recommendation(
    workload="realface",
    batch_size=5,
    optimizer="adam",
    recipe="faceswap-2021",
    device="cpu",
    precision="fp32",
    horizon_steps=100_000,
    learning_rate=5.71e-5,
    probability_stable=0.9,
    max_stable=Estimate(1.02e-4, 4.91e-5, 2.89e-4, 0.9),
    best=None,
    basis="reported",
    borrowed_from=(),
    exponent=None,
    scaling_rules=None,
    evidence=EvidenceSummary((), (), 0, 0),
    limits=(),
    verification=VerificationPlan(False, ""),
)
BAND = ThresholdBand(
    "realface",
    100_000,
    (BandPoint(1.0, 4e-5, 1e-4, 4e-4), BandPoint(16.0, 2e-5, 8e-5, 3e-4)),
)


def values_in(chart: alt.LayerChart) -> list[dict[str, Any]]:
    """Return every inline row of a chart, as the browser gets it."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    rows = [row for data in spec.get("datasets", {}).values() for row in data]
    for part in (spec, *spec["layer"]):
        rows += part.get("data", {}).get("values", [])
    return rows


def kinds_in(chart: alt.LayerChart) -> set[str]:
    """Return what the marks of a threshold chart stand for."""
    return {row["kind"] for row in values_in(chart) if "kind" in row}


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.STABLE, "held (run)"),
        (Outcome.DEGRADED, "failed (run)"),
        (Outcome.DIVERGED, "failed (run)"),
        (Outcome.INCOMPLETE, "not judged (run)"),
        (None, "not judged (run)"),
    ],
)
def test_a_run_is_marked_by_its_outcome(outcome: Outcome | None, kind: str) -> None:
    """A run that was cut short has not held."""
    data = ThresholdChartData((), (BAND,), (replace(RUN, outcome=outcome),), ())
    assert kinds_in(build_threshold_chart(data)) == {kind}


def test_claims_are_arrows_and_never_runs() -> None:
    """What somebody said does not look like what was measured."""
    failed = replace(CLAIM, id="claim:2", bound="unstable", learning_rate=7e-5)
    chart = build_threshold_chart(ThresholdChartData((), (), (), (CLAIM, failed)))
    assert kinds_in(chart) == {"held (report)", "failed (report)"}


def test_every_mark_carries_its_id() -> None:
    """So that a person can look it up."""
    chart = build_threshold_chart(ThresholdChartData((), (BAND,), (RUN,), (CLAIM,)))
    assert {r["id"] for r in values_in(chart) if "id" in r} == {"run:1", "claim:1"}


@pytest.mark.parametrize(("goal", "best"), [("min", "run:0"), ("max", "run:2")])
def test_the_best_score_of_a_batch_size_stands_out(goal: str, best: str) -> None:
    runs = [
        replace(
            RUN,
            id=f"run:{i}",
            source="somebody",
            outcome=None,
            metric_name="metric",
            metric_value=float(i),
            goal=goal,
        )
        for i in range(3)
    ]
    chart = build_threshold_chart(ThresholdChartData((), (), tuple(runs), ()))
    rows = [row for row in values_in(chart) if "kind" in row]
    assert [row["id"] for row in rows if row["kind"] == "best score (run)"] == [best]


def test_a_chart_explains_only_what_it_shows() -> None:
    scores = replace(BAND, quantity="best")
    told = explain_threshold_chart(ThresholdChartData((), (scores,), (), ()))
    assert "best score" in told
    assert "fail" not in told
    assert "Arrows" not in told
    held = explain_threshold_chart(ThresholdChartData((), (BAND,), (), (CLAIM,)))
    assert "half of all runs fail" in held
    assert "Arrows" in held


def test_a_chart_of_nothing_is_still_a_chart() -> None:
    """An empty answer must not break the page."""
    data = ThresholdChartData((), (), (), ())
    assert values_in(build_threshold_chart(data)) == []
    assert "0 runs" in describe_threshold_chart(data)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    st.integers(2, 40),
)
def test_the_grid_spans_all_batch_sizes_and_meets_none(
    sizes: list[int], count: int
) -> None:
    """At a batch size that was run the curve would have a kink."""
    grid = batch_grid(sizes, count=count)
    assert len(grid) == count
    assert grid[0] <= min(sizes) * 1.01
    assert grid[-1] >= max(sizes)
    assert grid == sorted(grid)
    assert not set(grid) & {float(size) for size in sizes}


def test_values_that_are_not_finite_are_left_out_of_a_loss_chart() -> None:
    """JSON has no word for them; the failed step is marked instead."""
    curve = Curve((1.0, math.nan, 0.5, math.inf))
    chart = build_loss_chart({"loss": curve}, failed_at_step=4)
    steps = {row["step"] for row in values_in(chart)}
    assert steps == {1, 3, 4}


def test_an_empty_curve_gives_an_empty_chart() -> None:
    """A run that has made no step yet."""
    assert values_in(build_loss_chart({"loss": Curve()})) == []


@pytest.mark.parametrize(("last", "kind"), [(0.5, None), (1e-3, "log")])
def test_a_loss_over_decades_is_drawn_in_log(last: float, kind: str | None) -> None:
    """Otherwise its end would be a flat line."""
    losses = (1.0,) * 5 + (last,) * 400
    spec = build_loss_chart({"loss": Curve(losses)}).to_dict()
    assert spec["layer"][1]["encoding"]["y"]["scale"].get("type") == kind


def test_the_rules_are_drawn_in_their_own_order() -> None:
    """From inverse to linear, each with its probability."""
    shares = {
        "inverse": 0.1,
        "inverse_sqrt": 0.2,
        "constant": 0.3,
        "sqrt": 0.396,
        "linear": 0.004,
    }
    rows = values_in(build_rules_chart(shares))
    assert [row["share"] for row in rows][:5] == list(shares.values())
    assert rows[4]["text"] == "<1 %"


def test_a_metric_chart_marks_the_failed_step() -> None:
    """The same sign as in the loss chart."""
    rows = values_in(build_metric_chart("sharpness", [(10, 0.5)], failed_at_step=12))
    assert {row["step"] for row in rows} == {10, 12}


@given(st.integers(0, 5000))
def test_thinning_keeps_the_ends_and_bounds_the_size(n: int) -> None:
    """A long run stays quick to draw, and its last step is seen."""
    points = [(i, float(i)) for i in range(n)]
    kept = thin(points)
    assert len(kept) <= MAX_POINTS + 1
    assert kept[:1] == points[:1]
    assert kept[-1:] == points[-1:]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_smoothing_stays_within_the_values(values: list[float]) -> None:
    """An average cannot leave their range."""
    found = [v for _, v in smoothed(list(enumerate(values)))]
    slack = 1e-6 * (1 + max(map(abs, values)))
    assert min(values) - slack <= min(found)
    assert max(found) <= max(values) + slack


def test_reliability_shows_each_range_of_forecasts_beside_the_diagonal() -> None:
    """With its interval, and how many runs it stands on."""
    bins = reliability_bins([0.8, 0.85, 0.2], [True, False, False])
    rows = values_in(build_reliability_chart(bins))
    dots = {row["said"]: row for row in rows if "runs" in row}
    assert dots[0.825]["seen"] == 0.5
    assert dots[0.825]["runs"] == 2
    assert dots[0.825]["low"] < 0.5 < dots[0.825]["high"]
    assert dots[0.2]["text"] == "Where it said 10 to 30 %, 0 of 1 run held."
    assert [row["seen"] for row in rows if "runs" not in row] == [0, 1]


def test_reliability_without_forecasts_is_the_diagonal_alone() -> None:
    """What would be right stands there before anything was forecast."""
    rows = values_in(build_reliability_chart(()))
    assert rows == [{"said": 0, "seen": 0}, {"said": 1, "seen": 1}]


def test_lines_for_runs_of_unequal_length_say_so() -> None:
    """A thousand steps are not a hundred thousand."""
    copy = replace(BAND, workload="realface@1/16", horizon_steps=1000)
    data = ThresholdChartData((), (BAND, copy), (), ())
    labels = {row["label"] for row in values_in(build_threshold_chart(data))}
    assert labels == {"RealFace\n100,000 steps", "RealFace@1/16\n1,000 steps"}
    told = explain_threshold_chart(data)
    assert "100,000 steps for RealFace and 1,000 steps for RealFace@1/16" in told
    alike = ThresholdChartData((), (BAND,), (), ())
    assert "unequal" not in explain_threshold_chart(alike)


def test_an_imported_length_is_not_called_steps() -> None:
    """Its source may count epochs."""
    band = replace(BAND, workload="hpobench/a", horizon_steps=81)
    chart = build_threshold_chart(ThresholdChartData((), (band,), (), ()))
    assert {row["label"] for row in values_in(chart)} == {"hpobench/a\nlength 81"}


def test_the_bar_is_not_said_to_be_the_band() -> None:
    """It holds how its one batch size departs from the law, and shows its middle."""
    data = ThresholdChartData((ANSWER,), (BAND,), (), ())
    told = explain_threshold_chart(data)
    assert "is the same" not in told
    assert "own variation" in told
    marks = [
        layer["mark"]["type"]
        for layer in build_threshold_chart(data).to_dict()["layer"]
    ]
    assert {"errorbar", "tick"} <= set(marks)


def test_reports_at_the_answer_s_batch_size_stand_beside_it_and_on_top() -> None:
    """Neither the diamond nor the other report hides one."""
    failed = replace(CLAIM, id="claim:2", bound="unstable", learning_rate=7e-5)
    alone = replace(CLAIM, id="claim:3", batch_size=2)
    data = ThresholdChartData((ANSWER,), (), (), (CLAIM, failed, alone))
    chart = build_threshold_chart(data)
    beside = {row["id"]: row["beside"] for row in values_in(chart) if "kind" in row}
    assert beside["claim:1"] < 0 < beside["claim:2"]
    assert beside["claim:3"] == beside["this answer"] == 0
    offsets = [
        layer["mark"].get("xOffset", 0)
        for layer in chart.to_dict()["layer"]
        if layer["mark"]["type"] == "point"
    ]
    assert offsets[0] == 0
    assert sorted(offsets) == sorted(set(beside.values()))


def test_large_batch_sizes_are_whole_numbers_on_the_axis() -> None:
    band = replace(
        BAND, points=(BandPoint(512.0, 1.0, 2.0, 3.0), BandPoint(2048.0, 1.0, 2.0, 3.0))
    )
    chart = build_threshold_chart(ThresholdChartData((), (band,), (), ()))
    axis = chart.to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert axis["format"] == "d"
    assert 1024 in axis["values"]


def test_a_long_bar_carries_its_label_inside_and_is_never_sure() -> None:
    """Beyond the end of the bar it would be cut off on a phone."""
    shares = {
        "inverse": 0.0,
        "inverse_sqrt": 0.0,
        "constant": 1.0,
        "sqrt": 0.0,
        "linear": 0.0,
    }
    chart = build_rules_chart(shares)
    rows = {row["rule"]: row for row in values_in(chart)}
    assert (rows["constant"]["text"], rows["constant"]["is_long"]) == (">99 %", True)
    assert (rows["linear"]["text"], rows["linear"]["is_long"]) == ("<1 %", False)
    aligned = [layer["mark"].get("align") for layer in chart.to_dict()["layer"]]
    assert {"left", "right"} <= set(aligned)

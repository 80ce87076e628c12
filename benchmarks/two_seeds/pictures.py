"""Findings -> charts (pure): specifications that are drawn when the page is written."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import altair as alt

from advisor.charts.axes import INK, STABLE_COLOUR, UNSTABLE_COLOUR, log_axis, rate_axis
from advisor.charts.outcome_map import (
    build_outcome_map,
    describe_outcome_map,
    panels_by_horizon,
    panels_by_recipe,
)
from advisor.evidence.selecting import has_failed
from advisor.statistics.beliefs import Interval
from advisor.words import title_of
from benchmarks.two_seeds.answers import DigitsAnswers
from benchmarks.two_seeds.boundaries import LENGTHS, Boundary
from benchmarks.two_seeds.findings import (
    FORUM_RECIPE,
    Picture,
)
from benchmarks.two_seeds.material import Material

# Okabe and Ito's palette, in an order whose neighbours differ in lightness too.
PALETTE = (
    *(STABLE_COLOUR, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", UNSTABLE_COLOUR),
    INK,
)
WIDTH, HEIGHT = 560, 300
_GRID = 13  # batch sizes at which a boundary is drawn


def picture_map(material: Material, workload: str, name: str) -> tuple[Picture, ...]:
    """The outcomes of one workload by recipe, and of the forum's recipe by length."""
    runs = [r for r in material.runs if r.workload == workload]
    panels = panels_by_recipe(runs)
    if not panels:
        return ()
    by_length = panels_by_horizon(material.of(workload, FORUM_RECIPE), LENGTHS)
    return tuple(
        Picture(f"two-seeds-{name}{ending}", describe_outcome_map(shown), _spec(chart))
        for ending, shown in (("", panels), ("-lengths", by_length))
        if shown
        for chart in [build_outcome_map(shown)]
    )


def picture_boundaries(
    boundaries: Mapping[str, Boundary], name: str
) -> tuple[Picture, ...]:
    """The boundary of each workload against batch, and two rules to hold it against."""
    rows: list[dict[str, Any]] = [
        {
            "label": title_of(workload),
            "batch": batch,
            "rate": found.median,
            "low": found.low,
            "high": found.high,
        }
        for workload, b in boundaries.items()
        for batch in _between(b.batch_sizes)
        for found in [b.threshold(batch)]
    ]
    if not rows:
        return ()
    rules: list[dict[str, Any]] = [
        {"label": label, "batch": batch, "rate": middle.median * (batch / at) ** power}
        for b in list(boundaries.values())[:1]
        for at in [b.batch_sizes[len(b.batch_sizes) // 2]]
        for middle in [b.threshold(at)]
        for label, power in (("inverse", -1.0), ("square root", 0.5))
        for batch in _between(b.batch_sizes)
    ]
    x = log_axis("batch", "Batch size", [row["batch"] for row in rows])
    ends = [row[end] for row in rows for end in ("low", "high")]
    y = rate_axis([*ends, *[row["rate"] for row in rules]])
    bands = (
        _chart(rows)
        .mark_area(opacity=0.18)
        .encode(x=x, y=_other(y, "low"), y2="high:Q", color=_colour(rows))
    )
    lines = _chart(rows).mark_line(strokeWidth=2).encode(x=x, y=y, color=_colour(rows))
    dashes = (
        _chart(rules)
        .mark_line(color=INK, strokeDash=[5, 4], strokeWidth=1)
        .encode(x=x, y=y, detail="label:N")
    )
    labels = (
        _chart([row for row in rules if row["batch"] == rules[-1]["batch"]])
        .mark_text(align="right", dy=-8, color=INK)
        .encode(x=x, y=y, text="label:N")
    )
    said = "; ".join(
        f"{title_of(workload)}: "
        + ", ".join(f"{b.threshold(n).median:.2g} at batch {n}" for n in b.batch_sizes)
        for workload, b in boundaries.items()
    )
    return (Picture(name, said, _layers(bands, lines, dashes, labels)),)


def picture_lengths(
    by_workload: Mapping[str, Mapping[int, Boundary]],
) -> tuple[Picture, ...]:
    """The boundary against the length of the run, for a small and a large batch."""
    rows: list[dict[str, Any]] = [
        {
            "label": f"{title_of(workload)}, batch {batch}",
            "steps": steps,
            "rate": found.median,
            "low": found.low,
            "high": found.high,
        }
        for workload, boundaries in by_workload.items()
        if len(boundaries) > 1
        for steps, b in boundaries.items()
        for batch in (b.batch_sizes[0], b.batch_sizes[-1])
        for found in [b.threshold(batch)]
    ]
    if not rows:
        return ()
    x = alt.X("steps:Q", title="Steps", scale=alt.Scale(type="log"))
    y = rate_axis([row[end] for row in rows for end in ("low", "high")])
    base = _chart(rows)
    bars = base.mark_rule(opacity=0.5).encode(
        x=x, y=_other(y, "low"), y2="high:Q", color=_colour(rows)
    )
    lines = base.mark_line(point=True).encode(x=x, y=y, color=_colour(rows))
    said = "; ".join(f"{r['label']}: {r['rate']:.2g} at {r['steps']:,}" for r in rows)
    return (Picture("two-seeds-lengths", said, _layers(bars, lines)),)


def picture_times(
    material: Material, workloads: Sequence[str], recipe: str
) -> tuple[Picture, ...]:
    """The step at which each run failed against its rate, coloured by batch size."""
    rows: list[dict[str, Any]] = [
        {
            "panel": title_of(workload),
            "rate": run.learning_rate,
            "step": run.failed_at_step,
            "label": str(run.batch_size),
        }
        for workload in workloads
        for run in material.of(workload, recipe)
        if has_failed(run) and run.failed_at_step
    ]
    if not rows:
        return ()
    batches = sorted({row["label"] for row in rows}, key=int)
    rate = rate_axis([row["rate"] for row in rows])
    x = alt.X("rate:Q", title="Learning rate", scale=rate["scale"], axis=rate["axis"])
    chart = (
        _chart(rows)
        .mark_point(filled=True, opacity=0.8, size=40)
        .encode(
            x=x,
            y=alt.Y("step:Q", title="Failed at step", scale=alt.Scale(type="log")),
            color=alt.Color(
                "label:N",
                title="Batch size",
                sort=batches,
                scale=alt.Scale(domain=batches, scheme="viridis"),
            ),
        )
        .properties(width=250, height=230)
        .facet(facet=alt.Facet("panel:N", title=None), columns=3)
    )
    said = f"{len(rows)} failures; a higher rate fails sooner where dots fall"
    return (Picture("two-seeds-times", said, _spec(chart)),)


def picture_best_rates(
    settings: Sequence[tuple[str, DigitsAnswers]],
    typical: Mapping[int, float],
) -> tuple[Picture, ...]:
    """The best rate and the boundary of each setting, with the article's rates."""
    rows: list[dict[str, Any]] = []
    for title, answers in settings:
        for label, rates in (
            ("best rate", answers.best_rates),
            ("half of all fail", answers.thresholds),
        ):
            rows += [_best_row(title, label, *found) for found in rates.items()]
    if not rows:
        return ()
    titles = list(dict.fromkeys(row["panel"] for row in rows))
    rows += [
        _best_row(title, "the article", batch, rate)
        for title in titles
        for batch, rate in typical.items()
    ]
    x = log_axis("batch", "Batch size", [row["batch"] for row in rows])
    y = rate_axis([row["rate"] for row in rows])
    chart = (
        _chart(rows)
        .mark_line(point=True)
        .encode(x=x, y=y, color=_colour(rows))
        .properties(width=230, height=200)
        .facet(facet=alt.Facet("panel:N", title=None, sort=titles), columns=3)
    )
    said = "; ".join(
        f"{r['panel']}, {r['label']} at batch {r['batch']}: {r['rate']:.2g}"
        for r in rows
        if r["label"] == "best rate"
    )
    return (Picture("two-seeds-best-rates", said, _spec(chart)),)


def picture_reached(
    reached: Sequence[tuple[str, Mapping[int, tuple[float, float]]]],
) -> tuple[Picture, ...]:
    """The accuracy each batch size reaches at its best rate, with its error."""
    rows: list[dict[str, Any]] = [
        {
            "label": title,
            "batch": batch,
            "accuracy": mean,
            "low": mean - 2 * error,
            "high": mean + 2 * error,
        }
        for title, found in reached
        for batch, (mean, error) in found.items()
    ]
    if not rows:
        return ()
    x = log_axis("batch", "Batch size", [row["batch"] for row in rows])
    y = alt.Y(
        "accuracy:Q",
        title="Accuracy on held-out digits",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=".1%"),
    )
    low = alt.Y("low:Q", title=y["title"], scale=y["scale"], axis=y["axis"])
    base = _chart(rows)
    bars = base.mark_rule(opacity=0.5).encode(
        x=x, y=low, y2="high:Q", color=_colour(rows)
    )
    lines = base.mark_line(point=True).encode(x=x, y=y, color=_colour(rows))
    said = "; ".join(
        f"{row['label']}: {row['accuracy']:.1%} at batch {row['batch']}" for row in rows
    )
    return (Picture("two-seeds-accuracy", said, _layers(bars, lines)),)


def picture_exponents(
    found: Sequence[tuple[str, str, Interval]], name: str
) -> tuple[Picture, ...]:
    """Exponents with their intervals: a row each, coloured by what differs."""
    rows: list[dict[str, Any]] = [
        {
            "what": what,
            "label": label,
            "exponent": x.median,
            "low": x.low,
            "high": x.high,
        }
        for what, label, x in found
    ]
    if not rows:
        return ()
    ends = [row[end] for row in rows for end in ("low", "high")]
    scale = alt.Scale(domain=[min(-1.1, *ends), max(1.1, *ends)])
    x = alt.X("exponent:Q", title="Exponent of the batch size", scale=scale)
    low = alt.X("low:Q", title=x["title"], scale=scale)
    y = alt.Y("what:N", title=None, sort=None, axis=alt.Axis(labelLimit=300))
    apart = alt.YOffset("label:N", sort=None)
    base = _chart(rows)
    bars = base.mark_rule(strokeWidth=2).encode(
        x=low, x2="high:Q", y=y, yOffset=apart, color=_colour(rows)
    )
    dots = base.mark_point(filled=True, size=60).encode(
        x=x, y=y, yOffset=apart, color=_colour(rows)
    )
    said = "; ".join(f"{r['what']}, {r['label']}: {r['exponent']:.2f}" for r in rows)
    layers = alt.layer(bars, dots).properties(width=WIDTH, height=alt.Step(26))
    return (Picture(f"two-seeds-{name}", said, _spec(layers)),)


def _best_row(panel: str, label: str, batch: int, rate: float) -> dict[str, Any]:
    return {"panel": panel, "label": label, "batch": batch, "rate": rate}


def _between(batch_sizes: Sequence[int]) -> list[float]:
    low, high = math.log2(batch_sizes[0]), math.log2(batch_sizes[-1])
    return [2 ** (low + (high - low) * i / (_GRID - 1)) for i in range(_GRID)]


def _chart(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=list(rows)))  # type: ignore[no-untyped-call]


def _colour(rows: Sequence[Mapping[str, Any]]) -> alt.Color:
    labels = list(dict.fromkeys(row["label"] for row in rows))
    colours = [colour for colour, _ in zip(cycle(PALETTE), labels, strict=False)]
    return alt.Color(
        "label:N",
        scale=alt.Scale(domain=labels, range=colours),
        legend=alt.Legend(title=None, orient="top", columns=3, labelLimit=300),
    )


def _other(axis: alt.Y, field: str) -> alt.Y:
    kept = {key: axis[key] for key in ("title", "scale", "axis")}
    return alt.Y(f"{field}:Q", **kept)


def _layers(*layers: alt.Chart) -> Mapping[str, Any]:
    return _spec(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def _spec(chart: alt.TopLevelMixin) -> Mapping[str, Any]:
    found: dict[str, Any] = chart.to_dict()
    # Words for every mark would make up most of the file; the page has a description.
    config = {**found.get("config", {}), "aria": False}
    return {**found, "background": "white", "config": config}

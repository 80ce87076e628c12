"""The threshold or the best rate over batch sizes, with runs and reports (pure)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from advisor.answers.recommendation import Recommendation
from advisor.charts.axes import (
    INK,
    NEUTRAL_COLOUR,
    STABLE_COLOUR,
    UNSTABLE_COLOUR,
    data_of,
    layered,
    log_axis,
    rate_axis,
    without_shorthand,
)
from advisor.words import chance_text, joined, title_of
from experiments.workloads.registry import find_spec
from knowledge.records import Claim, Outcome, Run

MAX_RUNS = 1500  # more dots say nothing more and make the page slow


BESIDE = 11  # pixels by which a report stands beside what is at its batch size, too


_CROSS = "M-0.8,-0.8L0.8,0.8M0.8,-0.8L-0.8,0.8"
_ARROW_UP = "M0,1L0,-1M-0.6,-0.3L0,-1L0.6,-0.3"
_ARROW_DOWN = "M0,-1L0,1M-0.6,0.3L0,1L0.6,0.3"

# Legend text -> (colour, fill, shape), in the order of the legend.
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "recommended": (INK, "#F0E442", "diamond"),
    "held (run)": (STABLE_COLOUR, STABLE_COLOUR, "circle"),
    "failed (run)": (UNSTABLE_COLOUR, "transparent", _CROSS),
    "best score (run)": (INK, NEUTRAL_COLOUR, "circle"),
    "not judged (run)": (NEUTRAL_COLOUR, "transparent", "circle"),
    "held (report)": (STABLE_COLOUR, "transparent", _ARROW_UP),
    "failed (report)": (UNSTABLE_COLOUR, "transparent", _ARROW_DOWN),
}


# What a band shows, by its quantity: the line's tooltip and the level of its range.
BAND_WORDS = {
    "max_stable": ("Half of all runs fail at", "90 %"),
    "best": ("Best score expected at", "80 %"),
}


@dataclass(frozen=True)
class BandPoint:
    """A rate with its interval, at one batch size."""

    batch_size: float
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class ThresholdBand:
    """A rate of one workload over batch sizes, for runs of `horizon_steps`.

    `quantity` says which: `max_stable`, where half of all runs fail, or `best`.
    """

    workload: str
    horizon_steps: int | None
    points: tuple[BandPoint, ...]
    quantity: str = "max_stable"


@dataclass(frozen=True)
class ThresholdChartData:
    """What the chart of an answer shows, as records; the first band is the answer's."""

    recommendations: tuple[Recommendation, ...]
    bands: tuple[ThresholdBand, ...]
    runs: tuple[Run, ...]
    claims: tuple[Claim, ...]


def batch_grid(batch_sizes: Iterable[float], *, count: int = 25) -> list[float]:
    """Return batch sizes evenly spaced in log, one octave beyond those given.

    None is a whole number: at one that was run the model knows its own offset, and the
    curve would have a kink.

    >>> batch_grid([4, 8], count=4)
    [2.01, 4.02, 8.04, 16.08]
    """
    sizes = list(batch_sizes)
    low = max(math.log2(min(sizes)) - 1, 0.0)
    high = math.log2(max(sizes)) + 1
    step = (high - low) / (count - 1)
    sizes = [2 ** (low + i * step) for i in range(count)]
    return [round(b * 1.005 if abs(b - round(b)) < 0.004 * b else b, 4) for b in sizes]


def build_threshold_chart(data: ThresholdChartData) -> alt.LayerChart:
    """Return learning rate against batch size, both in log.

    The bands are where half of all runs fail, with their interval; dots and crosses are
    runs (larger: full size), arrows what people reported, the diamond the answer with
    the threshold's interval at the batch size asked about.
    """
    best_ids = _best_ids(data.runs)
    points = [
        *[_answer_point(r) for r in data.recommendations if r.learning_rate],
        *[_run_point(run, best_ids) for run in data.runs[-MAX_RUNS:]],
        *[_claim_point(claim, data) for claim in data.claims],  # last: in full view
    ]
    bands = [
        {
            "workload": band_title(band),
            "label": band_title(band).replace(", ", "\n", 1),
            "batch": p.batch_size,
            "low": p.low,
            "median": p.median,
            "high": p.high,
            "quantity": band.quantity,
            "role": "answer" if i == 0 else "other",
            "place": "above" if i % 2 == 0 else "below",
        }
        for i, band in enumerate(data.bands)
        for p in band.points
    ]
    x = log_axis("batch", "Batch size", [row["batch"] for row in [*points, *bands]])
    rates = [row["rate"] for row in points]
    rates += [row[end] for row in bands for end in ("low", "high")]
    y = rate_axis(rates)
    layers: list[alt.Chart] = []
    if bands:
        layers += _band_layers(bands, x, y)
    intervals = [_interval_row(r) for r in data.recommendations if r.max_stable]
    if intervals:
        layers += _interval_layers(intervals, x, y)
    if points:
        layers += _points_layers(points, x, y)
    if not layers:
        layers = [alt.Chart(data_of([])).mark_point()]
    return layered(layers, height=460)


def describe_threshold_chart(data: ThresholdChartData) -> str:
    """Return the chart in a sentence, for people who hear it instead of seeing it."""
    names = ", ".join(dict.fromkeys(title_of(b.workload) for b in data.bands))
    shows = "where half of all runs fail"
    if any(band.quantity == "best" for band in data.bands):
        shows = "where the best score is expected"
    return (
        f"Learning rate against batch size on logarithmic axes: {shows}"
        f"{' for ' + names if names else ''}, with {len(data.runs)} runs and "
        f"{len(data.claims)} reports."
    )


def explain_threshold_chart(data: ThresholdChartData) -> str:
    """Return what the lines and marks of the chart mean, of those that are there."""
    said = []
    quantities = [band.quantity for band in data.bands]
    if "max_stable" in quantities:
        said.append(
            "Grey line: where half of all runs fail, by a law fitted over all batch "
            "sizes, with its 90 % band."
        )
        said += [_lengths_text(data.bands)]
    if any(r.max_stable for r in data.recommendations):
        said.append(
            "The bar is the 90 % interval of the answer, with a tick at its middle. "
            "It also holds how that one batch size departs from the law, so it may "
            "stand off the band."
        )
    if "best" in quantities:
        said.append("Grey line: where the best score is expected, with its 80 % band.")
    if data.claims:
        said.append(
            "Arrows are reports and point to where the limit lies. At the batch size "
            "asked about they are drawn a little beside it."
        )
    if len({band.workload for band in data.bands}) > len(data.recommendations):
        said.append("Dashed: a narrow copy that can be trained here.")
    return " ".join([*filter(None, said), "Point at a mark for its id."])


def band_title(band: ThresholdBand) -> str:
    """Return the workload of a band with the length of run it speaks of.

    >>> band_title(ThresholdBand("realface", 100_000, ()))
    'RealFace, 100,000 steps'
    """
    title = title_of(band.workload)
    length = _length_words(band)
    return f"{title}, {length}" if length else title


def _length_words(band: ThresholdBand) -> str:
    if band.horizon_steps is None or band.quantity == "best":
        return ""
    if find_spec(band.workload) is None:  # in whatever its source counts
        return f"length {band.horizon_steps:,}"
    return f"{band.horizon_steps:,} steps"


def _lengths_text(bands: Sequence[ThresholdBand]) -> str:
    """A warning where the lines are for runs of unequal length."""
    lengths = {title_of(b.workload): w for b in bands if (w := _length_words(b))}
    if len(set(lengths.values())) < 2:
        return ""
    said = joined([f"{length} for {title}" for title, length in lengths.items()])
    return f"The lines are for runs of unequal length: {said}."


# -- the threshold chart ---------------------------------------------------------------


def _best_ids(runs: Sequence[Run]) -> set[str]:
    """The run with the best score at each batch size of each workload."""
    best: dict[tuple[str, int], Run] = {}
    for run in runs:
        if run.metric_value is None or run.goal is None:
            continue
        key = run.workload, run.batch_size
        sign = -1.0 if run.goal == "max" else 1.0
        known = best.get(key)
        if known is None or sign * run.metric_value < sign * (known.metric_value or 0):
            best[key] = run
    return {run.id for run in best.values()}


def _run_point(run: Run, best_ids: set[str]) -> dict[str, Any]:
    outcome = run.outcome
    if outcome is None or outcome is Outcome.INCOMPLETE:
        is_best = run.id in best_ids
        kind = "best score (run)" if is_best else "not judged (run)"
    else:
        kind = "failed (run)" if outcome.is_unstable else "held (run)"
    said = [str(outcome or "not judged")]
    if run.metric_value is not None:
        said.append(f"{run.metric_name} {run.metric_value:.4g}")
    if run.is_measured:
        said.append(f"{run.steps or run.horizon_steps or '?'} steps")
    return {
        "kind": kind,
        "batch": run.batch_size,
        "rate": run.learning_rate,
        "workload": title_of(run.workload),
        "what": ", ".join(said),
        "id": run.id,
        "size": 60 if "@" in run.workload else 110,
        "beside": 0,
    }


def _claim_point(claim: Claim, data: ThresholdChartData) -> dict[str, Any]:
    """A report; beside its batch size where the answer or another report stands too."""
    held = claim.bound == "stable"
    at = {r.batch_size for r in data.recommendations}
    at |= {c.batch_size for c in data.claims if c.batch_size and c.id != claim.id}
    return {
        "kind": "held (report)" if held else "failed (report)",
        "batch": claim.batch_size,
        "rate": claim.learning_rate,
        "workload": title_of(claim.workload or ""),
        "what": claim.statement,
        "id": claim.id,
        "size": 150,
        "beside": (-BESIDE if held else BESIDE) if claim.batch_size in at else 0,
    }


def _answer_point(r: Recommendation) -> dict[str, Any]:
    sure = (
        ""
        if r.probability_stable is None
        else f"P(stable) {chance_text(r.probability_stable)}"
    )
    return {
        "kind": "recommended",
        "batch": r.batch_size,
        "rate": r.learning_rate,
        "workload": title_of(r.workload),
        "what": sure or "best rate known",
        "id": "this answer",
        "size": 300,
        "beside": 0,
    }


def _interval_row(r: Recommendation) -> dict[str, Any]:
    found = r.max_stable
    if found is None:
        raise ValueError(f"{r.workload} has no threshold")
    return {
        "workload": title_of(r.workload),
        "batch": r.batch_size,
        "low": found.low,
        "median": found.median,
        "high": found.high,
    }


def _interval_layers(rows: list[dict[str, Any]], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    base = alt.Chart(data_of(rows)).encode(x=x)
    return [
        base.mark_errorbar(color=INK, ticks=True, thickness=1.5).encode(
            y=alt.Y("low:Q", **without_shorthand(y)), y2="high:Q"
        ),
        base.mark_tick(orient="horizontal", color=INK, size=26, thickness=2).encode(
            y=alt.Y("median:Q", **without_shorthand(y))
        ),
    ]


def _band_layers(rows: list[dict[str, Any]], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    data = data_of(rows)
    strength = alt.condition("datum.role == 'answer'", alt.value(0.22), alt.value(0.1))
    dash = alt.condition("datum.role == 'answer'", alt.value([1, 0]), alt.value([5, 4]))
    ends = {row["workload"]: row for row in rows}
    shows, level = BAND_WORDS[rows[0]["quantity"]]
    tooltip = [
        alt.Tooltip("workload:N", title="Workload"),
        alt.Tooltip("batch:Q", title="Batch size", format=".3~g"),
        alt.Tooltip("median:Q", title=shows, format=".3~g"),
        alt.Tooltip("low:Q", title=f"{level} from", format=".3~g"),
        alt.Tooltip("high:Q", title=f"{level} to", format=".3~g"),
    ]
    low = alt.Y("low:Q", **without_shorthand(y))
    median = alt.Y("median:Q", **without_shorthand(y))
    return [
        alt.Chart(data)
        .mark_area(color=NEUTRAL_COLOUR)
        .encode(
            x=x,
            y=low,
            y2="high:Q",
            detail="workload:N",
            opacity=strength,
            tooltip=tooltip,
        ),
        alt.Chart(data)
        .mark_line(color=NEUTRAL_COLOUR, strokeWidth=2)
        .encode(x=x, y=median, detail="workload:N", strokeDash=dash, tooltip=tooltip),
        *[
            alt.Chart(data_of([row for row in ends.values() if row["place"] == place]))
            .mark_text(align="right", dy=dy, color=INK, fontSize=12, lineBreak="\n")
            .encode(x=x, y=median, text="label:N")
            for place, dy in (("above", -22), ("below", 11))
        ],
    ]


def _points_layers(rows: list[dict[str, Any]], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    kinds = [kind for kind in _KINDS if any(row["kind"] == kind for row in rows)]
    looks = [_KINDS[kind] for kind in kinds]
    legend = alt.Legend(title=None, orient="top", columns=2, symbolSize=110)
    colours, fills, shapes = zip(*looks, strict=True)
    return [
        alt.Chart(data_of([row for row in rows if row["beside"] == beside]))
        .mark_point(strokeWidth=2, opacity=1, xOffset=beside)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=list(colours)),
                legend=legend,
            ),
            fill=alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=list(fills))),
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=kinds, range=list(shapes))
            ),
            size=alt.Size("size:Q", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("kind:N", title="Shows"),
                alt.Tooltip("workload:N", title="Workload"),
                alt.Tooltip("batch:Q", title="Batch size"),
                alt.Tooltip("rate:Q", title="Learning rate", format=".3~g"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("id:N", title="Id"),
            ],
        )
        for beside in sorted({row["beside"] for row in rows}, key=abs)
    ]


# -- curves ----------------------------------------------------------------------------

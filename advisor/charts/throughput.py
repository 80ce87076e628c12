"""What is fastest here -> an Altair chart (pure): examples per second against batch."""

from typing import Any, cast

import altair as alt

from advisor.answers.fastest_batch import BatchChoice, FastestBatch
from advisor.charts.axes import NEUTRAL_COLOUR, STABLE_COLOUR
from advisor.rates import rate_text
from advisor.words import title_of

KNOWN, UNKNOWN = "a stable rate is known", "no rate is known"


def build_throughput_chart(found: FastestBatch) -> alt.LayerChart:
    """Return examples per second against batch size; filled where a rate is known.

    The answer's batch size carries its rate.
    """
    rows = [_row(choice, found) for choice in found.choices]
    data = alt.Data(values=rows)  # type: ignore[no-untyped-call]
    unit = found.report.unit[0].upper() + found.report.unit[1:]
    x = alt.X(
        "batch:Q",
        title="Batch size",
        scale=alt.Scale(type="log", base=2, nice=False, padding=12),
        axis=alt.Axis(values=[row["batch"] for row in rows], format="d"),
    )
    y = alt.Y("speed:Q", title=unit, scale=alt.Scale(zero=True))
    kinds = [kind for kind in (KNOWN, UNKNOWN) if kind in {r["kind"] for r in rows}]
    colours = {KNOWN: STABLE_COLOUR, UNKNOWN: NEUTRAL_COLOUR}
    fills = {KNOWN: STABLE_COLOUR, UNKNOWN: "transparent"}
    line = alt.Chart(data).mark_line(color=NEUTRAL_COLOUR, strokeWidth=1.5)
    points = (
        alt.Chart(data)
        .mark_point(strokeWidth=2, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[colours[k] for k in kinds]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            fill=alt.Fill(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[fills[k] for k in kinds]),
            ),
            tooltip=[
                alt.Tooltip("batch:Q", title="Batch size"),
                alt.Tooltip("speed:Q", title=unit, format=".3~g"),
                alt.Tooltip("step:Q", title="Seconds per step", format=".3~g"),
                alt.Tooltip("rate:N", title="Learning rate"),
                alt.Tooltip("source:N", title="From"),
            ],
        )
    )
    text = (
        alt.Chart(data).mark_text(dy=-14, fontSize=12).encode(x=x, y=y, text="label:N")
    )
    layers = alt.layer(line.encode(x=x, y=y), points, text)
    return cast("alt.LayerChart", layers.properties(height=260))


def describe_throughput_chart(found: FastestBatch) -> str:
    """Return the chart in a sentence, for whoever cannot see it."""
    title, top = title_of(found.report.workload), found.report.fastest
    if top is None:
        return f"No speed of {title} has been measured here."
    return (
        f"Speed of {title} against batch size, {len(found.choices)} batch sizes; most "
        f"at batch {top.batch_size}: {top.examples_per_second:.3g} a second."
    )


def _row(choice: BatchChoice, found: FastestBatch) -> dict[str, Any]:
    speed, r = choice.speed, choice.recommendation
    rate = rate_text(r.learning_rate) if r.learning_rate and choice.is_known else ""
    return {
        "batch": speed.batch_size,
        "speed": speed.examples_per_second,
        "step": speed.seconds_per_step,
        "rate": rate or "not known",
        "kind": KNOWN if choice.is_known else UNKNOWN,
        "source": "timed steps" if speed.source == "measured" else "whole runs",
        "label": rate if choice is found.choice else "",
    }

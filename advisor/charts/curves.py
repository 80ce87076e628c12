"""The loss and the measurements of runs over their steps, as charts (pure)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from advisor.charts.axes import (
    NEUTRAL_COLOUR,
    STABLE_COLOUR,
    UNSTABLE_COLOUR,
    data_of,
    layered,
)
from knowledge.records import Curve

MAX_POINTS = 500  # of one curve
LIVE_HEIGHT, LABEL_PIXELS = 250, 14
LIVE_PLOT = LIVE_HEIGHT - 70  # without the axis below
LABEL_ROOM = 1.45  # of the axis, so that a label has room at the end of its line
_ENDED = {
    "held": STABLE_COLOUR,
    "failed": UNSTABLE_COLOUR,
    "stopped early": "#56B4E9",
    "running": NEUTRAL_COLOUR,
}
DASHES = [[1, 0], [6, 3], [2, 2], [10, 3, 2, 3], [4, 1], [1, 3]]
# What is measured on the way, the most telling first, in words.
METRIC_WORDS = {
    "validation_accuracy": "Accuracy on held-out data",
    "validation_loss": "Loss on held-out data",
    "held_out_loss": "Loss on held-out faces",
    "held_out_mse": "Error on held-out faces",
    "matched_detail": "Detail in its right place (1: as in the photo)",
    "sharpness": "Sharpness of the faces (1: as in the photo)",
    "sharpness_a": "Sharpness of A's faces",
    "sharpness_b": "Sharpness of B's faces",
    "output_spread": "How much outputs differ (0: all alike)",
    "training_loss": "Loss on all training data",
    "gradient_norm": "Size of the gradient",
    "noise_scale": "Noise of the gradient, in examples",
    "sharpness_top": "Curvature of the loss, at most",
    "batch_sharpness": "Curvature along the steps",
    "mean_face_mse": "Error of always drawing the mean face",
}


def build_loss_chart(
    curves: Mapping[str, Curve], *, failed_at_step: int | None = None
) -> alt.LayerChart:
    """Return the loss against the step: raw faint, smoothed strong, one line a label.

    The vertical axis is logarithmic where the smoothed loss spans a decade or more.
    `failed_at_step` is marked.
    """
    raw, smooth = [], []
    for label, curve in curves.items():
        steps = [(i, x) for i, x in enumerate(curve.losses, 1) if math.isfinite(x)]
        raw += _line_rows(label, thin(steps))
        smooth += _line_rows(label, thin(smoothed(steps)))
    values = [row["value"] for row in smooth] or [1.0]
    is_log = min(values) > 0 and max(values) >= 10 * min(values)
    scale = alt.Scale(type="log") if is_log else alt.Scale(zero=False)
    x = _step_axis()
    y = alt.Y(
        "value:Q", title="Loss", scale=scale, axis=_value_axis(values, is_log=is_log)
    )
    colour = _line_colours(list(curves))
    layers = [
        alt.Chart(data_of(raw))
        .mark_line(opacity=0.3, strokeWidth=1)
        .encode(x=x, y=y, color=colour),
        alt.Chart(data_of(smooth))
        .mark_line(strokeWidth=2)
        .encode(x=x, y=y, color=colour, tooltip=_line_tooltip("Loss, smoothed")),
    ]
    if failed_at_step is not None:
        layers.append(_step_rule(failed_at_step))
    return layered(layers, height=260)


@dataclass(frozen=True)
class LiveCurve:
    """The loss of one test; `ended` is held, failed, stopped early, or its state."""

    label: str
    ended: str
    curve: Curve


def build_live_chart(tests: Sequence[LiveCurve], *, steps: int = 1) -> alt.LayerChart:
    """Return the smoothed loss of tests, each coloured and named by how it ended.

    The words at the end of a line say what its colour says. The axis is as long as
    `steps`, the planned length, so that it does not grow with the lines.
    """
    rows, ends = [], []
    for number, test in enumerate(tests):
        found = [(i, x) for i, x in enumerate(test.curve.losses, 1) if math.isfinite(x)]
        points = thin(smoothed(found))
        name = {"test": number, "ended": _kind(test.ended)}
        rows += [{**row, **name} for row in _line_rows(test.label, points)]
        if points:
            said = f"{test.label}: {test.ended}"
            ends.append({**name, "step": points[-1][0], "value": points[-1][1]})
            ends[-1] |= {"said": said, "place": points[-1][1]}
    values = [row["value"] for row in rows] or [1.0]
    low, high = min(values), max(values)
    is_log = low > 0 and high >= 10 * low
    scale = alt.Scale(type="log" if is_log else "linear", zero=False, nice=False)
    if high > low:
        scale["domain"] = [low, high]
        _spread(ends, low, high, is_log=is_log)
    longest = max([steps, *(row["step"] for row in rows)])
    x = alt.X(
        "step:Q",
        title="Step",
        scale=alt.Scale(domain=[0, longest * LABEL_ROOM], nice=False),
    )
    y = alt.Y("value:Q", title="Loss, smoothed", scale=scale)
    colour = alt.Color(
        "ended:N",
        scale=alt.Scale(domain=list(_ENDED), range=list(_ENDED.values())),
        legend=None,
    )
    return layered(
        [
            alt.Chart(data_of(rows))
            .mark_line(strokeWidth=2)
            .encode(
                x=x, y=y, color=colour, detail="test:N", tooltip=_line_tooltip("Loss")
            ),
            alt.Chart(data_of(ends))
            .mark_text(align="left", dx=6, fontSize=11)
            .encode(
                x=x,
                y=alt.Y("place:Q", title="Loss, smoothed", scale=scale),
                text="said:N",
            ),
        ],
        height=LIVE_HEIGHT,
    )


def describe_live_chart(tests: Sequence[LiveCurve]) -> str:
    """Return the chart in a sentence, for people who hear it instead of seeing it."""
    said = ", ".join(f"{test.label} {test.ended}" for test in tests)
    return f"Loss against the step of each test: {said}."


def _kind(ended: str) -> str:
    return ended if ended in _ENDED else "running"


def _spread(
    ends: list[dict[str, Any]], low: float, high: float, *, is_log: bool
) -> None:
    """Move the labels at the ends of lines apart, so that none lies on another."""
    if is_log:
        low, high = math.log(low), math.log(high)
    gap = (high - low) * LABEL_PIXELS / LIVE_PLOT
    below = low - gap
    for end in sorted(ends, key=lambda end: float(end["value"])):
        value = math.log(end["value"]) if is_log else end["value"]
        below = max(value, below + gap)
        end["place"] = math.exp(below) if is_log else below


def build_comparison_chart(
    lines: Mapping[str, Sequence[tuple[int, float]]], *, title: str
) -> alt.LayerChart:
    """Return the lines of several runs, each with a colour and a dash of its own."""
    rows = [
        row
        for label, points in lines.items()
        for row in _line_rows(label, thin([p for p in points if math.isfinite(p[1])]))
    ]
    values = [row["value"] for row in rows] or [1.0]
    is_log = min(values) > 0 and max(values) >= 10 * min(values)
    scale = alt.Scale(type="log") if is_log else alt.Scale(zero=False)
    labels = list(lines)
    dash = alt.Scale(domain=labels, range=DASHES[: len(labels)])
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=260)
    chart = (
        alt.Chart(data_of(rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=_step_axis(),
            y=alt.Y(
                "value:Q",
                title=title,
                scale=scale,
                axis=_value_axis(values, is_log=is_log),
            ),
            color=_line_colours(labels, legend=legend),
            strokeDash=alt.StrokeDash("label:N", scale=dash, legend=legend),
            tooltip=_line_tooltip(title),
        )
    )
    return layered([chart], height=320)


def build_metric_chart(
    name: str,
    points: Sequence[tuple[int, float]],
    *,
    failed_at_step: int | None = None,
) -> alt.LayerChart:
    """Return one metric that was measured now and then, against the step."""
    rows = _line_rows(name, [p for p in points if math.isfinite(p[1])])
    line = (
        alt.Chart(data_of(rows))
        .mark_line(point=True, color=STABLE_COLOUR, strokeWidth=2)
        .encode(
            x=_step_axis(),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            tooltip=_line_tooltip(metric_words(name)),
        )
    )
    layers = [line] if failed_at_step is None else [line, _step_rule(failed_at_step)]
    return layered(layers, height=180)


def smoothed(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return an exponential moving average over about a fifteenth of the curve.

    >>> smoothed([(1, 2.0), (2, 2.0)])
    [(1, 2.0), (2, 2.0)]
    """
    weight = min(1.0, 2.0 / (1.0 + max(len(points) / 15, 1.0)))
    found: list[tuple[int, float]] = []
    for step, value in points:
        last = found[-1][1] if found else value
        found.append((step, last + weight * (value - last)))
    return found


def thin(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most about MAX_POINTS of the points, the last one among them."""
    stride = max(1, math.ceil(len(points) / MAX_POINTS))
    kept = list(points[::stride])
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def metric_words(name: str) -> str:
    """Return a metric's name as a title.

    >>> metric_words("sharpness_b"), metric_words("val_loss")
    ("Sharpness of B's faces", 'Val loss')
    """
    words = name.replace("_", " ")
    return METRIC_WORDS.get(name, f"{words[:1].upper()}{words[1:]}")


def score_text(name: str | None, value: float | None) -> str:
    """Return a run's score with what it is of; empty if it has none.

    >>> score_text("val_loss", 1.91827), score_text(None, None)
    ('Val loss 1.918', '')
    """
    if value is None:
        return ""
    return f"{metric_words(name)} {value:.4g}" if name else f"{value:.4g}"


def in_order(metrics: Iterable[str]) -> list[str]:
    """Return the names of metrics, the most telling first and unknown ones last.

    >>> in_order(["zeal", "gradient_norm", "validation_loss"])
    ['validation_loss', 'gradient_norm', 'zeal']
    """
    order = list(METRIC_WORDS)
    return sorted(
        metrics, key=lambda n: (order.index(n) if n in order else len(order), n)
    )


def is_constant(points: Sequence[tuple[int, float]]) -> bool:
    """Whether a metric was measured more than once and never changed.

    >>> is_constant([(1, 0.5), (2, 0.5)]), is_constant([(1, 0.5)])
    (True, False)
    """
    return len(points) > 1 and len({value for _, value in points}) == 1


def _line_rows(label: str, points: Iterable[tuple[int, float]]) -> list[dict[str, Any]]:
    return [{"label": label, "step": step, "value": value} for step, value in points]


def _value_axis(values: Sequence[float], *, is_log: bool) -> alt.Axis:
    """A few ticks; where the scale is logarithmic, whole decades."""
    if not is_log:
        return alt.Axis(tickCount=4)
    low, high = math.log10(min(values)), math.log10(max(values))
    decades = range(math.floor(low), math.ceil(high) + 1)
    return alt.Axis(values=[10.0**n for n in decades], format="~g")


def _step_axis() -> alt.X:
    axis = alt.Axis(tickCount=6, format=",d")
    return alt.X("step:Q", title="Step", scale=alt.Scale(nice=False), axis=axis)


def _line_colours(labels: list[str], *, legend: alt.Legend | None = None) -> Any:
    palette = [
        STABLE_COLOUR,
        "#E69F00",
        "#009E73",
        "#CC79A7",
        "#56B4E9",
        NEUTRAL_COLOUR,
    ]
    scale = alt.Scale(domain=labels, range=palette[: max(len(labels), 1)])
    if legend is None and len(labels) > 1:
        legend = alt.Legend(title=None, orient="top")
    return alt.Color("label:N", scale=scale, legend=legend)


def _line_tooltip(title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="Run"),
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("value:Q", title=title, format=".4~g"),
    ]


def _step_rule(step: int) -> alt.Chart:
    rows = [{"step": step, "text": f"failed at step {step}"}]
    rule: alt.Chart = (
        alt.Chart(data_of(rows))
        .mark_rule(color=UNSTABLE_COLOUR, strokeDash=[6, 4], strokeWidth=2)
        .encode(x="step:Q", tooltip=alt.Tooltip("text:N", title="Outcome"))
    )
    return rule

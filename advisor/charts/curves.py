"""The loss and the measurements of runs over their steps, as charts (pure)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from advisor.charts.axes import INK, STABLE_COLOUR, UNSTABLE_COLOUR, data_of, layered
from knowledge.records import Curve

MAX_POINTS = 500  # of one curve


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
    x = alt.X("step:Q", title="Step", scale=alt.Scale(nice=False))
    y = alt.Y("value:Q", title="Loss", scale=scale)
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
            x=alt.X("step:Q", title="Step", scale=alt.Scale(nice=False)),
            y=alt.Y("value:Q", title=metric_words(name), scale=alt.Scale(zero=False)),
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

    >>> metric_words("validation_accuracy")
    'Validation accuracy'
    """
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _line_rows(label: str, points: Iterable[tuple[int, float]]) -> list[dict[str, Any]]:
    return [{"label": label, "step": step, "value": value} for step, value in points]


def _line_colours(labels: list[str]) -> Any:
    palette = [STABLE_COLOUR, "#CC79A7", "#009E73", "#E69F00", "#56B4E9", INK]
    scale = alt.Scale(domain=labels, range=palette[: max(len(labels), 1)])
    legend = alt.Legend(title=None, orient="top") if len(labels) > 1 else None
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

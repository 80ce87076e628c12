"""How forecasts came true, as a chart (pure)."""

from collections.abc import Sequence

import altair as alt

from advisor.charts.axes import (
    NEUTRAL_COLOUR,
    STABLE_COLOUR,
    data_of,
    layered,
    without_shorthand,
)
from advisor.track_record.scores import Bin
from advisor.track_record.wording import bin_text


def build_reliability_chart(bins: Sequence[Bin]) -> alt.LayerChart:
    """Return how often forecasts came true against what they said, with intervals.

    On the dashed line a forecast of 80 % comes true 80 % of the time.
    """
    rows = [
        {
            "said": b.mean_forecast,
            "seen": b.share_stable,
            "low": b.low,
            "high": b.high,
            "runs": b.n_runs,
            "text": bin_text(b),
        }
        for b in bins
    ]
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(format="%", tickCount=5)
    x = alt.X("said:Q", title="Chance to hold, as forecast", scale=scale, axis=axis)
    y = alt.Y("seen:Q", title="Share that held", scale=scale, axis=axis)
    tooltip = [
        alt.Tooltip("text:N", title="Forecasts"),
        alt.Tooltip("low:Q", title="90 % from", format=".0%"),
        alt.Tooltip("high:Q", title="90 % to", format=".0%"),
    ]
    line = (
        alt.Chart(data_of([{"said": 0, "seen": 0}, {"said": 1, "seen": 1}]))
        .mark_line(color=NEUTRAL_COLOUR, strokeDash=[6, 4])
        .encode(x=x, y=y)
    )
    base = alt.Chart(data_of(rows)).encode(x=x, tooltip=tooltip)
    bars = base.mark_rule(color=STABLE_COLOUR, strokeWidth=2).encode(
        y=alt.Y("low:Q", **without_shorthand(y)), y2="high:Q"
    )
    dots = base.mark_circle(color=STABLE_COLOUR, opacity=1, size=110).encode(y=y)
    counts = base.mark_text(align="left", dx=9, dy=9).encode(y=y, text="runs:Q")
    return layered([line, bars, dots, counts], height=340)

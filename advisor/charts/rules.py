"""The probability of each scaling rule, as a chart (pure)."""

from collections.abc import Mapping

import altair as alt

from advisor.charts.axes import STABLE_COLOUR, data_of, layered
from advisor.words import RULE_WORDS, percent

LONG_BAR = 0.75  # a share, from which its label stands in the bar


def build_rules_chart(shares: Mapping[str, float]) -> alt.LayerChart:
    """Return the probability of each rule of thumb as bars."""
    order = ["inverse", "inverse_sqrt", "constant", "sqrt", "linear"]
    rows = [
        {
            "rule": RULE_WORDS[name],
            "share": shares[name],
            "text": percent(shares[name]),
            "is_long": shares[name] > LONG_BAR,
        }
        for name in order
    ]
    base = alt.Chart(data_of(rows)).encode(
        y=alt.Y(
            "rule:N",
            title=None,
            sort=[RULE_WORDS[n] for n in order],
            axis=alt.Axis(labelOverlap=False, labelLimit=200),
        ),
        x=alt.X(
            "share:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=5),
        ),
    )
    bars = base.mark_bar(color=STABLE_COLOUR, height=14)
    # A long bar carries its label inside: beyond its end it would be cut off.
    labels = [
        base.transform_filter("!datum.is_long")
        .mark_text(align="left", dx=4)
        .encode(text="text:N"),
        base.transform_filter("datum.is_long")
        .mark_text(align="right", dx=-4, color="white")
        .encode(text="text:N"),
    ]
    return layered([bars, *labels], height=210)

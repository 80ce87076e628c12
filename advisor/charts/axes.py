"""What all charts share: colours, axes and layers (pure).

Blue held, orange failed (Okabe and Ito's palette), and the shape says the same to
whoever cannot tell the colours apart.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import altair as alt

STABLE_COLOUR, UNSTABLE_COLOUR = "#0072B2", "#D55E00"


NEUTRAL_COLOUR, INK = "#6F7680", "#1B1F24"


def data_of(rows: Sequence[Mapping[str, Any]]) -> alt.Data:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def layered(layers: Sequence[alt.Chart], *, height: int) -> alt.LayerChart:
    return cast("alt.LayerChart", alt.layer(*layers).properties(height=height))


def log_axis(field: str, title: str, values: Sequence[float]) -> alt.X:
    """A base-2 axis with a tick at each power of two in view, else at its ends."""
    low, high = (min(values), max(values)) if values else (1, 16)
    ticks = [
        2**n for n in range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
    ]
    if not _is_any_in_view(ticks, low / 1.1, high * 1.1):
        ticks = sorted({round(low), round(high)})
    every = max(1, math.ceil(len(ticks) / 10))
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="log", base=2, domain=[low / 1.1, high * 1.1], nice=False),
        axis=alt.Axis(values=ticks[::every], format="d", grid=True),
    )


def rate_axis(rates: Sequence[float]) -> alt.Y:
    """A base-10 axis with ticks at 1, 2 and 5 of each decade, fewer over many.

    Where none of them is in view they are at its ends.
    """
    low, high = (min(rates), max(rates)) if rates else (1e-5, 1e-3)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    ticks = [float(f"{s}e{d}") for d in decades for s in steps]
    if not _is_any_in_view(ticks, low / 1.2, high * 1.2):
        ticks = sorted({low, high})
    return alt.Y(
        "rate:Q",
        title="Learning rate",
        scale=alt.Scale(type="log", domain=[low / 1.2, high * 1.2], nice=False),
        axis=alt.Axis(values=ticks, format="~e"),
    )


def _is_any_in_view(ticks: Sequence[float], low: float, high: float) -> bool:
    return any(low <= tick <= high for tick in ticks)


def without_shorthand(channel: alt.Y) -> dict[str, Any]:
    return {key: channel[key] for key in ("title", "scale", "axis")}

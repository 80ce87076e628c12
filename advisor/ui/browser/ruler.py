"""The learning-rate ruler: zones, what held and failed, and a handle to drag.

Everything it needs is sent once; a drag asks the server nothing.
"""

import math
from pathlib import Path
from typing import Any

import streamlit as st

from advisor.answers.ruler import Mark, Ruler, describe_ruler
from advisor.estimates import Estimate
from advisor.rates import rate_text
from advisor.words import percent

_HERE = Path(__file__).parent
_BY = {"run": "in a run here", "you": "as you told", "report": "as somebody reported"}

_mount = st.components.v2.component(
    "lr_advisor_ruler",
    css=(_HERE / "ruler.css").read_text(encoding="utf-8"),
    js=(_HERE / "ruler.js").read_text(encoding="utf-8"),
)


def render_ruler(ruler: Ruler, *, key: str, was: Estimate | None = None) -> None:
    """Draw a ruler; `was` is the interval of the limit before newer runs."""
    _mount(key=key, data=ruler_data(ruler, was))


def ruler_data(ruler: Ruler, was: Estimate | None = None) -> dict[str, Any]:
    """Return what the script in the browser draws."""
    limit, named = ruler.limit, _named(ruler.marks)
    low, high = ruler.curve[0][0], ruler.curve[-1][0]
    return {
        "description": describe_ruler(ruler),
        "curve": [[rate, round(chance, 4)] for rate, chance in ruler.curve],
        "zones": [zone.to_dict() for zone in ruler.zones],
        "marked": ruler.marked,
        "marked_text": ruler.marked_text,
        "limit": [limit.low, limit.median, limit.high],
        "limit_words": f"Half of all runs fail near {rate_text(limit.median)} "
        f"({percent(limit.level)}: {rate_text(limit.low)} to {rate_text(limit.high)})",
        "was": [min(max(end, low), high) for end in (was.low, was.high)]
        if was
        else None,
        "ticks": ticks_between(low, high),
        "marks": [
            {
                "rate": mark.learning_rate,
                "held": mark.held,
                "by": mark.by,
                "title": _title(mark),
                "label": named.get(mark.id, ""),
            }
            for mark in ruler.marks
        ],
    }


def _title(mark: Mark) -> str:
    ended = "held" if mark.held else "failed"
    return f"{rate_text(mark.learning_rate)} {ended} {_BY[mark.by]} ({mark.id})"


def _named(marks: tuple[Mark, ...]) -> dict[str, str]:
    """The labels of the highest mark that held and of the lowest that failed."""
    held = [mark for mark in marks if mark.held]
    failed = [mark for mark in marks if not mark.held]
    ends = [*held[-1:], *failed[:1]]
    return {
        mark.id: f"{rate_text(mark.learning_rate)} {'held' if mark.held else 'failed'}"
        for mark in ends
    }


def ticks_between(low: float, high: float) -> list[float]:
    """Return the round rates between two, at most about ten of them.

    >>> ticks_between(3e-5, 6e-4)
    [5e-05, 0.0001, 0.0002, 0.0005]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    found = [float(f"{step}e{decade}") for decade in decades for step in steps]
    return [tick for tick in found if low <= tick <= high]

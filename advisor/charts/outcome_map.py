"""The outcome map: how each run ended, over batch size and rate, in panels (pure).

No fit. Seeds of one trial are side by side.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import altair as alt

from advisor.charts.axes import (
    NEUTRAL_COLOUR,
    STABLE_COLOUR,
    UNSTABLE_COLOUR,
    data_of,
    log_axis,
    rate_axis,
)
from advisor.evidence.shortening import cut_at
from advisor.rates import rate_text
from advisor.words import OUTCOME_KINDS, title_of
from knowledge.records import Outcome, Run

MAX_RUNS = 3000  # more marks say nothing more and make the page slow
MAX_PANELS = 12
PANEL_WIDTH, PANEL_HEIGHT = 250, 240
SEED_GAP = 0.06  # octaves between the marks of two seeds
_CROSS = "M-0.8,-0.8L0.8,0.8M0.8,-0.8L-0.8,0.8"
# Legend text -> (colour, fill, shape), in the order of the legend.
_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "held": (STABLE_COLOUR, STABLE_COLOUR, "circle"),
    "failed: got worse": (UNSTABLE_COLOUR, "transparent", "triangle-down"),
    "failed: diverged": (UNSTABLE_COLOUR, "transparent", _CROSS),
    "stopped early": (NEUTRAL_COLOUR, "transparent", "circle"),
}

# The same shapes among words.
_GLYPHS = {
    "held": "\u25cf",
    "failed: got worse": "\u25bd",
    "failed: diverged": "\u2715",
    "stopped early": "\u25cb",
}
_LEGEND = alt.Legend(title=None, orient="top", symbolSize=90)

Panels = Mapping[str, Sequence[Run]]


def panels_by_recipe(runs: Iterable[Run]) -> Panels:
    """Return the runs that have an outcome by workload and recipe, for the map."""
    panels: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.outcome is not None:
            how = run.recipe or run.optimizer
            panels[f"{title_of(run.workload)}, {how}"].append(run)
    return dict(sorted(panels.items()))


def panels_by_horizon(runs: Sequence[Run], horizons: Iterable[int]) -> Panels:
    """Return the runs as each of several lengths saw them, for the map.

    A run is left out of a length that it was not planned for or did not get to.
    """
    found = {
        f"After {steps:,} steps": [c for c in (cut_at(r, steps) for r in runs) if c]
        for steps in sorted(horizons)
    }
    return {title: panel for title, panel in found.items() if panel}


def build_outcome_map(panels: Panels, *, columns: int = 3) -> alt.FacetChart:
    """Return the map in one picture: a panel each, batch size against rate, in log."""
    shown = _first(panels)
    rows = [row for title, runs in shown.items() for row in _marks(title, runs)]
    marks = _marks_chart(rows, rows, legend=_LEGEND).properties(
        width=PANEL_WIDTH, height=PANEL_HEIGHT
    )
    header = alt.Header(title=None, labelFontSize=12)
    chart: alt.FacetChart = marks.facet(
        facet=alt.Facet("panel:N", header=header, sort=list(shown)),
        columns=min(columns, max(len(shown), 1)),
    )
    return chart


def build_panels(panels: Panels) -> dict[str, alt.Chart]:
    """Return a chart for each panel, all with the same axes and without a legend.

    `legend_text` says what their marks mean.
    """
    rows = {title: _marks(title, runs) for title, runs in _first(panels).items()}
    everywhere = [row for some in rows.values() for row in some]
    return {
        title: _marks_chart(own, everywhere, legend=None).properties(
            height=PANEL_HEIGHT
        )
        for title, own in rows.items()
    }


def legend_text(panels: Panels) -> str:
    """Return what the marks of a map mean, those that are there.

    >>> legend_text({})
    ''
    """
    there = {_word(run) for runs in _first(panels).values() for run in runs}
    return ", ".join(f"{_GLYPHS[word]} {word}" for word in _LOOKS if word in there)


def _first(panels: Panels) -> Panels:
    return dict(list(panels.items())[:MAX_PANELS])


def _marks_chart(
    rows: Sequence[Mapping[str, Any]],
    everywhere: Sequence[Mapping[str, Any]],
    *,
    legend: alt.Legend | None,
) -> alt.Chart:
    """A mark for each run; axes and kinds of marks are those of the whole map."""
    kinds = [kind for kind in _LOOKS if any(r["outcome"] == kind for r in everywhere)]
    colours, fills, shapes = zip(
        *[_LOOKS[kind] for kind in kinds or ["held"]], strict=True
    )
    return cast(
        "alt.Chart",
        alt.Chart(data_of(rows))
        .mark_point(strokeWidth=1.8, size=55, opacity=0.85)
        .encode(
            x=log_axis("x", "Batch size", [row["x"] for row in everywhere]),
            y=rate_axis([row["rate"] for row in everywhere]),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=kinds, range=list(colours)),
                legend=legend,
            ),
            fill=alt.Fill(
                "outcome:N",
                scale=alt.Scale(domain=kinds, range=list(fills)),
                legend=legend,
            ),
            shape=alt.Shape(
                "outcome:N",
                scale=alt.Scale(domain=kinds, range=list(shapes)),
                legend=legend,
            ),
            tooltip=[
                alt.Tooltip("outcome:N", title="How it ended"),
                alt.Tooltip("batch:Q", title="Batch size"),
                alt.Tooltip("rate_text:N", title="Learning rate"),
                alt.Tooltip("seed:N", title="Seed"),
                alt.Tooltip("failed:N", title="Failed at step"),
                alt.Tooltip("steps:N", title="Steps"),
                alt.Tooltip("id:N", title="Run"),
            ],
        ),
    )


def describe_outcome_map(panels: Panels) -> str:
    """Return the map in words, for whoever cannot see it.

    >>> describe_outcome_map({})
    'No run with an outcome.'
    """
    if not panels:
        return "No run with an outcome."
    said = []
    for title, runs in panels.items():
        held = sum(run.outcome is Outcome.STABLE for run in runs)
        failed = sum(bool(run.outcome and run.outcome.is_unstable) for run in runs)
        said.append(f"{title}: {held} held, {failed} failed")
    return "; ".join(said) + "."


def _marks(panel: str, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each run, those of one trial spread about its batch size."""
    trials: dict[tuple[int, float], list[Run]] = defaultdict(list)
    for run in runs[-MAX_RUNS:]:
        trials[run.batch_size, run.learning_rate].append(run)
    rows = []
    for (batch, rate), same in sorted(trials.items()):
        ordered = sorted(same, key=lambda run: (run.seed or 0, run.id))
        for place, run in enumerate(ordered):
            shift = SEED_GAP * (place - (len(ordered) - 1) / 2)
            rows.append(
                {
                    "panel": panel,
                    "x": batch * 2**shift,
                    "batch": batch,
                    "rate": rate,
                    "rate_text": rate_text(rate),
                    "outcome": _word(run),
                    "seed": run.seed,
                    "failed": run.failed_at_step,
                    "steps": run.steps or run.horizon_steps,
                    "id": run.id,
                }
            )
    return rows


def _word(run: Run) -> str:
    return OUTCOME_KINDS[run.outcome or Outcome.INCOMPLETE]

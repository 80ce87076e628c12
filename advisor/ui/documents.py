"""An answer to take away: text and evidence as Markdown, its chart as a picture.

Nothing is made before somebody asks for it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st
import vl_convert

from advisor.answers.changes import change_line
from advisor.answers.ruler import Ruler, describe_ruler
from advisor.charts.threshold import (
    ThresholdChartData,
    build_threshold_chart,
    of_the_asked,
)
from advisor.ui.details import claim_row, run_row
from advisor.ui.turns import Turn
from knowledge.version import program_version

PICTURE_WIDTH, PICTURE_SCALE = 720, 2.0


def render_downloads(turn: Turn, index: int) -> None:
    """Draw the button that opens what of an answer can be saved as a file."""
    with st.popover("Save", icon=":material/download:", key=f"ask_save_{index}"):
        st.download_button(
            "Text and evidence (Markdown)",
            partial(answer_markdown, turn),
            file_name="answer.md",
            mime="text/markdown",
            key=f"ask_save_md_{index}",
            on_click="ignore",
        )
        chart = turn.chart
        if chart is None:
            return
        for kind, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
            st.download_button(
                f"Chart ({kind.upper()})",
                partial(picture, chart, kind),
                file_name=f"answer.{kind}",
                mime=mime,
                key=f"ask_save_{kind}_{index}",
                on_click="ignore",
            )


def picture(data: ThresholdChartData, kind: str) -> bytes:
    """Return the chart of an answer as a PNG or an SVG picture."""
    chart = build_threshold_chart(of_the_asked(data)).properties(width=PICTURE_WIDTH)
    spec = {**chart.to_dict(), "background": "white"}
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec).encode()
    return vl_convert.vegalite_to_png(spec, scale=PICTURE_SCALE)


def answer_markdown(turn: Turn) -> str:
    """Return an answer with its details and its evidence as a Markdown document."""
    answer = turn.answer
    sources = [f"[{c.number}] {c.summary} (`{c.id}`)" for c in answer.citations]
    parts = [
        f"# {_plain(answer.question)}",
        _plain(change_line(turn.change)) if turn.change else "",
        _plain(answer.text),
        "\n".join(f"- {_plain(source)}" for source in sources),
        _ruler_part(turn.ruler),
        "## Details" if answer.details else "",
        *map(_plain, answer.details),
        _table("Reports", [claim_row(claim) for claim in turn.claims]),
        _table("Runs", [run_row(run) for run in turn.runs]),
        f"LR Advisor {program_version()}, {answer.answer_id or 'not saved'}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ruler_part(ruler: Ruler | None) -> str:
    return f"## Which rates hold\n\n{_plain(describe_ruler(ruler))}" if ruler else ""


def _table(title: str, rows: Sequence[dict[str, Any]]) -> str:
    """A heading and a table; empty where there is nothing to list."""
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[_cell(row[name]) for name in names] for row in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {title}\n\n{table}"


def _cell(value: Any) -> str:
    return "" if value is None else _plain(str(value)).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in a line of its own."""
    for mark in "*_<":
        text = text.replace(mark, f"\\{mark}")
    return text

"""All of an answer that is not said at a glance, behind one word: Details."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from advisor.answers.evidence_rows import exclusions_text, row_to_read
from advisor.answers.wording import recommendation_details, settings_snippets
from advisor.charts.rules import build_rules_chart
from advisor.charts.threshold import (
    ThresholdChartData,
    build_threshold_chart,
    describe_threshold_chart,
    explain_threshold_chart,
)
from advisor.conversation.answer import Answer
from advisor.rates import rate_text
from advisor.scaling.records import QUANTITY_WORDS, ScalingReport
from advisor.ui.text import escaped
from advisor.ui.turns import Turn
from advisor.words import count_text, recipe_words, title_of
from knowledge.records import Claim, Run

_LONG_SQL, _TALLEST_SQL = 1000, 220  # characters of a query, pixels of its box
_ONE_BY_ONE = "Paste them on the Evidence page, one at a time."


def render_details(turn: Turn, index: int) -> None:
    """Draw the details of an answer; closed, they cost nothing."""
    details = st.expander("Details", key=f"ask_details_{index}", on_change="rerun")
    if not details.open:
        return
    parts = {
        "Why": bool(_reasons(turn)) or turn.answer.scaling is not None,
        "Evidence": bool(turn.answer.recommendations or turn.answer.evidence),
        "Chart": turn.chart is not None,
        "Settings": bool(_snippets(turn.answer)),
        "SQL": bool(_queries(turn)),
    }
    names = [name for name, is_there in parts.items() if is_there]
    if not names:
        details.text("There is no more to it.")
        return
    tabs = dict(zip(names, details.tabs(names), strict=True))
    for name, tab in tabs.items():
        with tab:
            _render_part(name, turn, index)


def _render_part(name: str, turn: Turn, index: int) -> None:
    if name == "Why":
        _render_why(turn, index)
    elif name == "Evidence":
        _render_evidence(turn)
    elif name == "Chart" and turn.chart is not None:
        render_threshold_chart(turn.chart, key=f"ask_whole_chart_{index}")
    elif name == "Settings":
        for program, snippet in _snippets(turn.answer).items():
            st.caption(program)
            st.code(snippet, language=None)
    else:
        _render_queries(_queries(turn))


def render_rows(answer: Answer, index: int) -> None:
    """Draw the rows that were asked for."""
    if answer.rows and answer.intent != "max_batch_for_lr":
        st.dataframe(
            [row_to_read(row) for row in answer.rows],
            hide_index=True,
            key=f"ask_rows_{index}",
            placeholder="",
        )


def render_wording(answer: Answer) -> None:
    """Draw a language model's wording, if one was asked; the answer stands as it is."""
    if answer.phrased:
        with st.container(border=True):
            st.text(answer.phrased)
    if answer.phrasing_note:
        st.caption(escaped(answer.phrasing_note))


def render_threshold_chart(data: ThresholdChartData, *, key: str) -> None:
    """Draw learning rate against batch size with all that an answer rests on."""
    st.altair_chart(
        build_threshold_chart(data),
        width="stretch",
        key=key,
        alt=describe_threshold_chart(data),
    )
    st.caption(explain_threshold_chart(data))


# -- why -------------------------------------------------------------------------------


def _render_why(turn: Turn, index: int) -> None:
    for line in _reasons(turn):
        st.text(line)
    r, scaling = turn.answer.recommendation, turn.answer.scaling
    if scaling is not None and scaling.scaling_rules:
        st.caption(escaped(rules_caption(scaling)))
        _render_rules(scaling.scaling_rules, key=f"ask_rules_{index}")
    elif r is not None and r.scaling_rules is not None:
        _render_rules(r.scaling_rules, key=f"ask_rules_{index}")


def _reasons(turn: Turn) -> tuple[str, ...]:
    answer, r = turn.answer, turn.answer.recommendation
    if turn.is_updated and answer.plan is not None and r is not None:
        return recommendation_details(r)
    return answer.details


def rules_caption(report: ScalingReport) -> str:
    """Return what the bars of a referee's report speak of."""
    setting = recipe_words(report.optimizer or "", report.recipe)
    return (
        f"The bars: {QUANTITY_WORDS[report.quantity]} of "
        f"{title_of(report.workload or '')} with {setting}."
    )


def _render_rules(shares: Mapping[str, float], *, key: str) -> None:
    st.altair_chart(
        build_rules_chart(shares),
        width="stretch",
        key=key,
        alt="Probability of each rule of thumb, as bars.",
    )


# -- evidence --------------------------------------------------------------------------


def _render_evidence(turn: Turn) -> None:
    found = turn.answer.recommendations
    excluded = {e.id: e for r in found for e in r.evidence.excluded}
    st.text(evidence_counts(turn))
    if not found:
        st.dataframe(list(turn.answer.evidence), hide_index=True)
    if turn.claims:
        st.markdown("**Reported by others**")
        st.dataframe(
            [claim_row(c) for c in turn.claims], hide_index=True, placeholder=""
        )
    if turn.runs:
        st.markdown("**Runs**")
        st.dataframe([run_row(r) for r in turn.runs], hide_index=True, placeholder="")
    if excluded:
        st.markdown("**Left out**")
        st.text("\n".join(exclusions_text(list(excluded.values()))))
        st.dataframe([vars(e) for e in excluded.values()], hide_index=True)


def evidence_counts(turn: Turn) -> str:
    """Return how much an answer rests on."""
    counts = (
        count_text(len(turn.runs), "run") if turn.runs else "",
        count_text(len(turn.claims), "report") if turn.claims else "",
    )
    said = ", ".join(filter(None, counts))
    return f"Evidence: {said or count_text(len(turn.answer.evidence), 'row')}"


def claim_row(claim: Claim) -> dict[str, Any]:
    """Return a claim as a row to read."""
    return {
        "workload": claim.workload or "any",
        "batch size": claim.batch_size,
        "learning rate": rate_text(claim.learning_rate) if claim.learning_rate else "",
        "said": {"stable": "held", "unstable": "failed"}.get(claim.bound or "", ""),
        "top of slider": "yes" if claim.at_tool_ceiling else "",
        "reliability": claim.reliability,
        "statement": claim.statement,
        "our reading": claim.inferred or "",
        "source": claim.source_title,
        "id": claim.id,
    }


def run_row(run: Run) -> dict[str, Any]:
    """Return a run as a row to read."""
    return {
        "workload": run.workload,
        "batch size": run.batch_size,
        "learning rate": rate_text(run.learning_rate),
        "outcome": str(run.outcome or "not judged"),
        "failed at step": run.failed_at_step,
        "steps": run.steps,
        "seed": run.seed,
        "source": run.source,
        "id": run.id,
    }


def evidence_sql(ids: Sequence[str]) -> list[str]:
    """Return the queries that list these runs and claims, every one of them.

    >>> evidence_sql(["run:1"])
    ["select * from runs where id in ('run:1');"]
    """
    queries = []
    for table, prefix in (("claims", "claim:"), ("runs", "run:")):
        wanted = [i.replace("'", "''") for i in ids if i.startswith(prefix)]
        if wanted:
            listed = ", ".join(f"'{i}'" for i in wanted)
            queries.append(f"select * from {table} where id in ({listed});")
    return queries or ["select * from claims;"]


def _queries(turn: Turn) -> list[str]:
    """The same in SQL: what was counted and listed, and what an answer rests on."""
    answer = turn.answer
    concept = answer.concept["sql"] if answer.concept else None
    used = {i for r in answer.recommendations for i in r.evidence.used}
    listed = evidence_sql(sorted(used)) if used else []
    return [*answer.sql, *([concept] if concept else []), *listed]


def _render_queries(queries: Sequence[str]) -> None:
    """Draw queries, each in a box of its own: the Evidence page takes one at a time."""
    st.caption("Paste it on the Evidence page." if len(queries) == 1 else _ONE_BY_ONE)
    for query in queries:
        # None: as tall as the query.
        height = _TALLEST_SQL if len(query) > _LONG_SQL else None
        st.code(query, language="sql", wrap_lines=True, height=height)


def _snippets(answer: Answer) -> dict[str, str]:
    found = answer.recommendations
    return settings_snippets(found[0]) if len(found) == 1 else {}

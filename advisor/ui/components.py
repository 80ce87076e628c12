"""An answer in its parts: headline, chart, reasons, evidence, settings.

Every function draws a record, so a new answer and the replayed history look the same.
Prose goes through st.text: what a person typed is never read as markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from advisor.answers.brief import tried_text
from advisor.answers.evidence_rows import exclusions_text, row_to_read
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.answers.wording import (
    best_text,
    change_text,
    exponent_text,
    largest_batch_interval,
    recommendation_text,
    rests_on_text,
    setting_text,
    settings_snippets,
    stability_text,
)
from advisor.charts.rules import build_rules_chart
from advisor.charts.threshold import (
    ThresholdChartData,
    build_threshold_chart,
    describe_threshold_chart,
    explain_threshold_chart,
)
from advisor.conversation.answer import Answer
from advisor.conversation.history import SavedAnswer
from advisor.rates import fit_text, rate_text
from advisor.scaling.records import QUANTITY_WORDS, ScalingReport
from advisor.ui.speeds import render_speeds
from advisor.ui.text import escaped
from advisor.ui.turns import Note, Refusal, Turn
from advisor.words import (
    BASIS_WORDS,
    chance_text,
    count_text,
    percent,
    recipe_words,
    title_of,
)
from knowledge.records import Claim, Run

USER_AVATAR, ADVISOR_AVATAR = ":material/person:", ":material/insights:"
BASIS_COLOURS = {
    "measured": "green",
    "interpolated": "blue",
    "extrapolated": "orange",
    "reported": "violet",
    "borrowed": "orange",
    "none": "gray",
}
VERDICT_WORDS = {
    "safe": "safe",
    "risky": "risky",
    "unsafe": "unsafe",
    "unknown": "not known",
}
# Answers whose text says nothing that the parts below it do not say, too.
_SAID_BY_PARTS = ("recommend_lr", "judge_lr")
_LONG_SQL, _TALLEST_SQL = 1000, 220  # characters of a query, pixels of its box
_ONE_BY_ONE = "Paste them on the Evidence page, one at a time."


def render_question(text: str) -> None:
    """Draw what a person asked."""
    with st.chat_message("user", avatar=USER_AVATAR):
        st.text(text)


def render_refusal(refusal: Refusal) -> None:
    """Draw a question that could not be answered, with the reason."""
    render_question(refusal.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        st.warning("I cannot answer that as it stands.")
        st.text(str(refusal.error))


def render_note(note: Note) -> None:
    """Draw a yes or a no, and what came of it."""
    render_question(note.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        st.text(note.text)


def render_answer(turn: Turn, index: int) -> None:
    """Draw everything an answer says; its plan is drawn by `plans`."""
    answer = turn.answer
    if turn.said is not None:
        st.caption(_said_then(turn.said, answer.recommendation))
    for warning in answer.warnings:
        st.badge("check this", color="orange")
        st.text(warning)
    if turn.before is not None and answer.recommendation is not None:
        if turn.n_counted:
            st.badge("updated with the new runs", color="green")
            st.text(change_text(turn.before, answer.recommendation))
        else:
            st.badge("no run could be counted", color="orange")
    _render_headline(answer, is_updated=turn.is_updated)
    if turn.chart is not None:
        render_threshold_chart(turn.chart, key=f"ask_chart_{index}")
    if answer.fastest is not None and answer.fastest.choices:
        render_speeds(answer.fastest, key=f"ask_speeds_{index}")
    _render_reasons(answer, is_updated=turn.is_updated)
    if answer.scaling is not None and answer.scaling.scaling_rules:
        st.caption(escaped(rules_caption(answer.scaling)))
        _render_rules(answer.scaling.scaling_rules, key=f"ask_rules_{index}")
    _render_wording(answer)
    if answer.rows and answer.intent != "max_batch_for_lr":
        st.dataframe(
            [row_to_read(row) for row in answer.rows],
            hide_index=True,
            key=f"ask_rows_{index}",
            placeholder="",
        )
    queries = [*answer.sql, *_concept_sql(answer)]
    if queries:
        with st.expander("The same in SQL", key=f"ask_sql_{index}"):
            _render_queries(queries)
    if answer.recommendations:
        _render_evidence(turn, index)
        _render_thin(answer.recommendations)
        _render_settings(answer.recommendations)
    elif answer.evidence:
        with st.expander(f"Evidence ({len(answer.evidence)})"):
            st.dataframe(list(answer.evidence), hide_index=True)


def _said_then(said: SavedAnswer, now: Recommendation | None) -> str:
    """When a question was asked, and what was answered if that was another rate."""
    text = f"Asked {said.asked} UTC, answered again from today's evidence"
    rate = now.learning_rate if now else None
    if said.learning_rate is None or rate is None or rate == said.learning_rate:
        return f"{text}."
    return f"{text}. It said {rate_text(said.learning_rate)} then."


def render_threshold_chart(data: ThresholdChartData, *, key: str) -> None:
    """Draw learning rate against batch size with what an answer rests on."""
    st.altair_chart(
        build_threshold_chart(data),
        width="stretch",
        key=key,
        alt=describe_threshold_chart(data),
    )
    st.caption(explain_threshold_chart(data))


# -- headline --------------------------------------------------------------------------


def _render_headline(answer: Answer, *, is_updated: bool) -> None:
    found = answer.recommendations
    if answer.intent == "max_batch_for_lr" and answer.rows:
        _render_largest_batch(answer.rows[0])
    elif answer.judgements:
        for judgement in answer.judgements:
            _render_verdict(judgement)
    elif len(found) == 1 and answer.intent != "scaling_rule":
        if answer.intent == "run_verification" and not is_updated:
            return
        _render_rate(found[0])
    elif len(found) > 1:
        _render_rates(found)


def _render_rate(r: Recommendation) -> None:
    with st.container(horizontal=True, gap="large"):
        known = r.largest_known
        if known is not None and known.learning_rate is not None:
            label = f"At batch {known.batch_size}, the largest I can speak for"
            st.metric(label, fit_text(known.learning_rate), width="content")
        else:
            rate = fit_text(r.learning_rate) if r.learning_rate else "no rate yet"
            st.metric("Start at", rate, width="content")
        if r.probability_stable is not None:
            st.metric("P(stable)", chance_text(r.probability_stable), width="content")
        _render_threshold(r)
    _render_scope(r)


def _render_threshold(r: Recommendation) -> None:
    if r.max_stable is None:
        return
    m = r.max_stable
    st.metric(
        "Half of all runs fail near",
        fit_text(m.median),
        delta=f"{percent(m.level)}: {fit_text(m.low)} to {fit_text(m.high)}",
        delta_color="off",
        delta_arrow="off",
        width="content",
    )


def _render_scope(r: Recommendation) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(BASIS_WORDS[r.basis], color=BASIS_COLOURS[r.basis])  # type: ignore[arg-type]
        length = f", for {r.horizon_steps:,} steps" if r.horizon_steps else ""
        st.text(
            f"{title_of(r.workload)} at batch {r.batch_size}, {setting_text(r)}{length}"
        )
    if r.learning_rate is not None and (tried := tried_text(r)):
        st.text(f"{fit_text(r.learning_rate)}{tried}.")


def _render_verdict(j: Judgement) -> None:
    with st.container(horizontal=True, gap="large"):
        st.metric(
            f"{rate_text(j.learning_rate)} at batch {j.batch_size} is",
            VERDICT_WORDS[j.verdict],
            width="content",
        )
        if j.probability_stable is not None:
            st.metric("P(stable)", chance_text(j.probability_stable), width="content")
        if j.recommendation.learning_rate is not None:
            rate = fit_text(j.recommendation.learning_rate)
            st.metric("I would start at", rate, width="content")
        _render_threshold(j.recommendation)
    _render_scope(j.recommendation)


def _render_largest_batch(row: dict[str, Any]) -> None:
    found = row["largest_batch"]
    if found is None:
        st.metric("Largest batch size", "none")
        return
    label = "Largest batch size"
    if row["capped"]:
        label = "Held as far as I looked: batch"
    st.metric(label, f"{found['median']:g}", help=largest_batch_interval(row))


def _render_rates(found: Sequence[Recommendation]) -> None:
    st.table(
        [
            {
                "Workload": title_of(r.workload),
                "Batch size": str(r.batch_size),
                "Start at": fit_text(r.learning_rate) if r.learning_rate else "none",
                "P(stable)": chance_text(r.probability_stable)
                if r.probability_stable is not None
                else "",
                "Half fail near": f"{fit_text(r.max_stable.median)} "
                f"({fit_text(r.max_stable.low)} to {fit_text(r.max_stable.high)})"
                if r.max_stable
                else "",
                "Basis": r.basis,
            }
            for r in found
        ],
        hide_index=True,
    )


# -- reasons ---------------------------------------------------------------------------


def _render_reasons(answer: Answer, *, is_updated: bool) -> None:
    r = answer.recommendation
    is_single = len(answer.recommendations) == 1 and answer.intent in _SAID_BY_PARTS
    if r is not None and (is_single or (is_updated and answer.plan is not None)):
        lines = reason_lines(r)
        if answer.judgements:  # the P(stable) of the first line is another rate's
            lines = lines[1:] if r.max_stable else lines
        for line in lines:
            st.text(line)
        for other in answer.also:
            st.text(f"You also asked: {other.question}")
            st.text(other.text)
        if r.scaling_rules is not None:
            with st.expander("How the rate scales with batch size"):
                st.text(exponent_text(r))
                st.altair_chart(build_rules_chart(r.scaling_rules), width="stretch")
    else:
        st.text(answer.text)


def _render_wording(answer: Answer) -> None:
    """Draw a language model's wording, if one was asked; the answer stands as it is."""
    if answer.phrased:
        with st.container(border=True):
            st.text(answer.phrased)
    if answer.phrasing_note:
        st.caption(escaped(answer.phrasing_note))


def reason_lines(r: Recommendation) -> list[str]:
    """Return the answer's sentences in the order a person needs them."""
    if r.learning_rate is None:
        return [recommendation_text(r)]
    lines = [stability_text(r), best_text(r), rests_on_text(r)]
    return [line for line in lines if line]


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


# -- one click away --------------------------------------------------------------------


def _render_evidence(turn: Turn, index: int) -> None:
    found = turn.answer.recommendations
    used = {i for r in found for i in r.evidence.used}
    excluded = {e.id: e for r in found for e in r.evidence.excluded}
    counts = (
        count_text(len(turn.runs), "run") if turn.runs else "",
        count_text(len(turn.claims), "report") if turn.claims else "",
    )
    label = f"Evidence: {', '.join(filter(None, counts)) or 'none'}"
    with st.expander(label, key=f"ask_evidence_{index}"):
        if turn.claims:
            st.markdown("**Reported by others**")
            st.dataframe(
                [claim_row(c) for c in turn.claims], hide_index=True, placeholder=""
            )
        if turn.runs:
            st.markdown("**Runs**")
            st.dataframe(
                [run_row(r) for r in turn.runs], hide_index=True, placeholder=""
            )
        if excluded:
            st.markdown("**Left out**")
            st.text("\n".join(exclusions_text(list(excluded.values()))))
            st.dataframe([vars(e) for e in excluded.values()], hide_index=True)
        st.markdown("**The same in SQL**")
        _render_queries(evidence_sql(sorted(used)))


def _concept_sql(answer: Answer) -> list[str]:
    return [answer.concept["sql"]] if answer.concept and answer.concept["sql"] else []


def _render_queries(queries: Sequence[str]) -> None:
    """Draw queries, each in a box of its own: the Evidence page takes one at a time."""
    st.caption("Paste it on the Evidence page." if len(queries) == 1 else _ONE_BY_ONE)
    for query in queries:
        # None: as tall as the query.
        height = _TALLEST_SQL if len(query) > _LONG_SQL else None
        st.code(query, language="sql", wrap_lines=True, height=height)


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


def _render_thin(found: Sequence[Recommendation]) -> None:
    caveats = list(dict.fromkeys(c for r in found for c in r.caveats))
    if not caveats:
        return
    with st.expander(
        f"Limits of the evidence ({len(caveats)})", expanded=len(found) == 1
    ):
        for caveat in caveats:
            st.text(f"\u2022 {caveat}")


def _render_settings(found: Sequence[Recommendation]) -> None:
    snippets = settings_snippets(found[0]) if len(found) == 1 else {}
    if not snippets:
        return
    with st.expander("Copy the settings"):
        for program, snippet in snippets.items():
            st.caption(program)
            st.code(snippet, language=None)

"""A question, and its answer at a glance: what changed, the rate, the ruler, the chart.

Every function draws a record, so a new answer and the replayed history look the same.
Prose goes through st.text: what a person typed is never read as markup.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from advisor.answers.brief import verdict_word
from advisor.answers.changes import change_line
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.answers.wording import (
    change_text,
    largest_batch_interval,
    recommendation_text,
)
from advisor.charts.threshold import (
    ThresholdChartData,
    build_threshold_chart,
    describe_threshold_chart,
    of_the_asked,
)
from advisor.conversation.answer import Answer
from advisor.conversation.history import SavedAnswer
from advisor.rates import fit_text, rate_text
from advisor.ui.browser.ruler import render_ruler
from advisor.ui.citing import render_citations
from advisor.ui.speeds import render_speeds
from advisor.ui.text import escaped
from advisor.ui.turns import Note, Refusal, Turn
from advisor.words import BASIS_WORDS, percent, title_of

USER_AVATAR, ADVISOR_AVATAR = ":material/person:", ":material/insights:"
SMALL_CHART = 200  # pixels; the whole one stands in the details
BASIS_COLOURS = {
    "measured": "green",
    "interpolated": "blue",
    "extrapolated": "orange",
    "reported": "violet",
    "borrowed": "orange",
    "none": "gray",
}
SURE_COLOURS = {
    "safe": "green",
    "probably": "yellow",
    "coin toss": "orange",
    "no": "red",
}


def render_question(text: str) -> None:
    """Draw what a person asked."""
    with st.chat_message("user", avatar=USER_AVATAR):
        st.text(text)


def render_refusal(refusal: Refusal) -> None:
    """Draw a question that could not be answered, with the reason."""
    render_question(refusal.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        st.warning("I can't answer that yet.")
        st.text(str(refusal.error))


def render_note(note: Note) -> None:
    """Draw a yes or a no, and what came of it."""
    render_question(note.question)
    with st.chat_message("assistant", avatar=ADVISOR_AVATAR):
        st.text(note.text)


def render_answer(turn: Turn, index: int) -> None:
    """Draw what an answer says at a glance; the rest stands in its details."""
    answer = turn.answer
    if turn.said is not None:
        st.caption(_said_then(turn.said, answer.recommendation))
    for warning in answer.warnings:
        st.badge("check this", color="orange")
        st.text(warning)
    _render_change(turn)
    with st.container(horizontal=True, vertical_alignment="center"):
        _render_headline(answer, is_updated=turn.is_updated)
        render_citations(turn, index)
    st.text(short_text(turn))
    if turn.ruler is not None and not _is_only_a_plan(turn):
        render_ruler(turn.ruler, key=f"ask_ruler_{index}", was=turn.limit_before)
    if turn.chart is not None:
        render_small_chart(turn.chart, key=f"ask_chart_{index}")
    if answer.fastest is not None and answer.fastest.choices:
        render_speeds(answer.fastest, key=f"ask_speeds_{index}")
    for other in answer.also:
        st.text(f"You also asked: {other.question}")
        st.text(other.text)


def render_folded(turn: Turn) -> None:
    """Draw an earlier answer by its short text alone, with what came of it."""
    if turn.done is not None:
        st.caption(escaped(turn.done))
    if turn.change is not None:
        st.caption(escaped(change_line(turn.change)))
    st.text(short_text(turn))


def short_text(turn: Turn) -> str:
    """Return the short text of an answer; after tests, that of what they were for."""
    answer, r = turn.answer, turn.answer.recommendation
    if turn.is_updated and answer.plan is not None and r is not None:
        return recommendation_text(r)
    return answer.text


def render_small_chart(data: ThresholdChartData, *, key: str) -> None:
    """Draw learning rate against batch size, of what was asked about alone."""
    shown = of_the_asked(data)
    st.altair_chart(
        build_threshold_chart(shown, is_small=True),
        width="stretch",
        height=SMALL_CHART,
        key=key,
        alt=describe_threshold_chart(shown),
    )


def _said_then(said: SavedAnswer, now: Recommendation | None) -> str:
    """When a question was asked, and what was answered if that was another rate."""
    text = f"Asked {said.asked} UTC, answered again from today's evidence"
    rate = now.learning_rate if now else None
    if said.learning_rate is None or rate is None or rate == said.learning_rate:
        return f"{text}."
    return f"{text}. It said {fit_text(said.learning_rate)} then."


def _render_change(turn: Turn) -> None:
    """What is new: after runs or a report, or against the answer before."""
    after = turn.answer.recommendation
    if turn.before is not None and after is not None:
        if turn.n_counted:
            st.badge("updated with the new runs", color="green")
            st.text(change_text(turn.before, after))
    elif turn.change is not None:
        st.markdown(f"**{escaped(change_line(turn.change))}**")


def _is_only_a_plan(turn: Turn) -> bool:
    return turn.answer.intent == "run_verification" and not turn.is_updated


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
    known = r.largest_known
    if known is not None and known.learning_rate is not None:
        label = f"At batch {known.batch_size}, the largest I can speak for"
        st.metric(label, fit_text(known.learning_rate), width="content")
    else:
        rate = fit_text(r.learning_rate) if r.learning_rate else "no rate yet"
        st.metric("Start at", rate, width="content", label_visibility="collapsed")
    _render_badges(r, r.probability_stable)


def _render_badges(r: Recommendation, probability: float | None) -> None:
    """How surely it holds, as a word with a percentage, and what that rests on."""
    if probability is not None:
        word = verdict_word(probability)
        st.badge(
            f"{word}: {percent(probability)}",
            color=SURE_COLOURS[word],  # type: ignore[arg-type]
            help="Of so many runs at this rate I expect that they hold to their end.",
        )
    st.badge(BASIS_WORDS[r.basis], color=BASIS_COLOURS[r.basis])  # type: ignore[arg-type]


def _render_verdict(j: Judgement) -> None:
    p = j.probability_stable
    rate = rate_text(j.learning_rate)
    said = "not known" if p is None else f"{verdict_word(p)}, {percent(p)}"
    st.metric(
        f"{rate} at batch {j.batch_size}",
        f"{rate}: {said}",
        width="content",
        label_visibility="collapsed",
    )
    _render_badges(j.recommendation, None)


def _render_largest_batch(row: dict[str, Any]) -> None:
    found = row["largest_batch"]
    if found is None:
        st.metric("Largest batch size", "none that I know")
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
                "Holds": percent(r.probability_stable)
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

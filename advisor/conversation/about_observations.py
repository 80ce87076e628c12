"""Offers to keep what a person saw, or to take it back."""

import re
from dataclasses import replace

from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import setting_text
from advisor.checks import several
from advisor.conversation.acting import propose_observation, propose_retraction
from advisor.conversation.answer import Answer, reply
from advisor.conversation.observing import (
    IN_DOUBT,
    is_same_told,
    is_told_of,
    outcome_told,
    told_outcome,
    told_precision,
    told_steps,
    told_text,
)
from advisor.conversation.parts import Parts
from advisor.conversation.telling import batch_convention_of, told_length
from advisor.rates import rate_text
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.words import title_of
from knowledge.names import WorkloadName
from knowledge.records import TOLD, Run

_MOST_CHARS = 300
FARTHEST = 100.0  # times the threshold: beyond it a report is more likely a slip


_TAKES_BACK = re.compile(
    r"\b(?:retract|take back|takes? (?:it|that|this) back|withdraw|undo|forget|delete|"
    r"remove)\b.{0,40}\b(?:observations?|claims?|reports?|what i (?:said|saw|reported|"
    r"told))\b"
    r"|^\W*(?:please\s+|no,?\s+)?(?:take (?:it|that|this) back|"
    r"(?:undo|retract|withdraw)(?: (?:it|that|this))?)(?:,? please)?\W*$",
    re.IGNORECASE,
)


def observation_offer(parts: Parts, q: Question, answer: Answer) -> Answer:
    """The answer, with the offer to keep what its question tells of a run.

    What was told counts once a person said yes, and never before.
    """
    bound = told_outcome(q.text)
    slots = q.slots
    if bound is None or answer.proposal is not None or answer.recommendation is None:
        return answer
    if not (
        isinstance(slots.workload, str)
        and isinstance(slots.batch_size, int)
        and isinstance(slots.learning_rate, float)
    ):
        return answer
    if not is_told_of(q.text, slots.batch_size, slots.learning_rate):
        return answer
    r = answer.recommendation
    if bound == IN_DOUBT:
        return _ask_how_it_ended(answer, q)
    seen = _seen(q, r, bound)
    refusal = _why_not_kept(parts, seen, r)
    if refusal is not None:
        return replace(answer, text=f"{answer.text}\n\n{refusal}")
    proposal = propose_observation(parts, seen)
    text = (
        f"{answer.text}\n\nDid this happen to you? Save it as evidence "
        f"({proposal.summary}, {setting_text(r)})?"
    )
    return replace(answer, text=text, proposal=proposal)


def _seen(q: Question, r: Recommendation, bound: str) -> Run:
    """What a question tells of a run, whole; the setting is the answer's if unsaid."""
    ended = outcome_told(q.text, bound)
    steps = round(told_steps(q.text) or 0) or None
    failed_at = steps if ended.is_unstable else None
    note = f"\u201c{q.text[:_MOST_CHARS]}\u201d"
    if q.slots.optimizer is None and q.conditions.recipe is None and r.recipe:
        note += f" The optimizer was not said: taken as {r.recipe}."
    return Run(
        id="run:told",
        workload=r.workload,
        batch_size=q.slots.batch_size,  # type: ignore[arg-type]
        learning_rate=q.slots.learning_rate,  # type: ignore[arg-type]
        optimizer=r.optimizer,
        recipe=r.recipe,
        source=TOLD,
        outcome=ended,
        device=q.slots.device,
        precision=told_precision(q.text),
        batch_convention=batch_convention_of(r.workload),
        note=note,
        **told_length(ended, None if failed_at else steps, failed_at=failed_at),
    )


def _ask_how_it_ended(answer: Answer, q: Question) -> Answer:
    """The answer, with the question whether the run held or failed."""
    steps = round(told_steps(q.text) or 0)
    precision = told_precision(q.text)
    length = f" {steps:,} steps" if steps else ""
    how = f" in {precision}" if precision else ""
    place = (
        f"{title_of(str(q.slots.workload))} at batch {q.slots.batch_size} with "
        f"{rate_text(q.slots.learning_rate)}{how}"  # type: ignore[arg-type]
    )
    options = [
        f"{place} held{f' for{length}' if length else ''}.",
        f"{place} failed{f' after{length}' if length else ''}.",
    ]
    asked = "Did it hold or fail in the end? I keep what you saw once you say which."
    return replace(
        answer,
        text=f"{answer.text}\n\n{asked}",
        clarification={"question": "Did it hold or fail?", "options": options},
    )


def _why_not_kept(parts: Parts, seen: Run, r: Recommendation) -> str | None:
    """Why what was seen is not offered to be kept; None when it is."""
    if r.max_stable is not None and seen.outcome is not None:
        times = seen.learning_rate / r.max_stable.median
        fails = seen.outcome.is_unstable
        if times < 1 / FARTHEST if fails else times > FARTHEST:
            return (
                "That is so far from where half of all runs fail that I take it for a "
                "slip and do not offer to keep it."
            )
    told = [is_same_told(seen, before) for before in parts.library.told()]
    return "I have kept that observation of yours before." if any(told) else None


def takes_back(text: str) -> bool:
    """Whether a text asks to take back what a person reported.

    >>> takes_back("retract my observation about original batch 8")
    True
    >>> takes_back("Please undo that."), takes_back("undo the last job")
    (True, False)
    """
    return _TAKES_BACK.search(text) is not None


def retraction_answer(parts: Parts, q: Question) -> Answer:
    """The person's newest observation that fits, as a proposal to take it back."""
    own = parts.library.told()
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    fitting = [
        told
        for told in own
        if (not workloads or WorkloadName.parse(told.workload or "x").base in workloads)
        and (not batches or told.batch_size in batches)
    ]
    rows = tuple({"id": told.id, "observation": told_text(told)} for told in own)
    if not fitting:
        text = "You have no observation of your own here" + (
            " that fits; these are all." if own else "."
        )
        return reply(q, text, intent=Intent.CANCEL, rows=rows)
    proposal = propose_retraction(parts, fitting[-1])
    return reply(
        q,
        f"Shall I {proposal.summary}? Nothing has changed yet.",
        intent=Intent.CANCEL,
        rows=rows,
        proposal=proposal,
    )

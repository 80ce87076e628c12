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
    Observation,
    is_told_in,
    is_told_of,
    observed_text,
    told_outcome,
    told_steps,
)
from advisor.conversation.parts import Parts
from advisor.rates import rate_text
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.words import title_of
from knowledge.names import WorkloadName

# A claim's run length is taken to be from 1e4 to 1e6 steps
# (`advisor.statistics.priors`).
FEWEST_STEPS = 10_000


FARTHEST = 100.0  # times the threshold: beyond it a report is more likely a slip


_TAKES_BACK = re.compile(
    r"\b(?:retract|take back|takes? (?:it|that|this) back|withdraw|undo|forget|delete|"
    r"remove)\b.{0,40}\b(?:observations?|claims?|reports?|what i (?:said|saw|reported|"
    r"told))\b",
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
    steps = told_steps(q.text)
    seen = Observation(
        workload=r.workload,
        batch_size=slots.batch_size,
        learning_rate=slots.learning_rate,
        bound=bound,
        words=q.text,
        optimizer=r.optimizer,
        recipe=r.recipe,
        device=r.device,
        assumed=_assumed(q, r),
        steps=round(steps) if steps else None,
    )
    if bound == IN_DOUBT:
        return _ask_how_it_ended(answer, seen)
    refusal = _why_not_kept(parts, seen, r)
    if refusal is not None:
        return replace(answer, text=f"{answer.text}\n\n{refusal}")
    proposal = propose_observation(parts, seen)
    text = (
        f"{answer.text}\n\nIf you saw this yourself: shall I keep it as your "
        f"observation ({observed_text(seen)}, {setting_text(r)})? It would count from "
        "then on."
    )
    return replace(answer, text=text, proposal=proposal)


def _ask_how_it_ended(answer: Answer, seen: Observation) -> Answer:
    """The answer, with the question whether the run held or failed."""
    length = f" {seen.steps:,} steps" if seen.steps else ""
    place = (
        f"{title_of(seen.workload)} at batch {seen.batch_size} with "
        f"{rate_text(seen.learning_rate)}"
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


def _why_not_kept(parts: Parts, seen: Observation, r: Recommendation) -> str | None:
    """Why what was seen is not offered to be kept; None when it is."""
    if seen.bound == "stable" and seen.steps is not None and seen.steps < FEWEST_STEPS:
        return (
            f"You saw it hold for {seen.steps:,} steps. Failures come late, so I keep "
            "only what held for ten thousand steps or more."
        )
    if r.max_stable is not None:
        times = seen.learning_rate / r.max_stable.median
        is_odd = times > FARTHEST if seen.bound == "stable" else times < 1 / FARTHEST
        if is_odd:
            return (
                "That is so far from where half of all runs fail that I take it for a "
                "slip and do not offer to keep it."
            )
    told = [is_told_in(seen, claim) for claim in parts.library.own_claims()]
    return "I have kept that observation of yours before." if any(told) else None


def _assumed(q: Question, r: Recommendation) -> str | None:
    """What a person did not say of their run and is taken as usual here."""
    if q.slots.optimizer is not None or r.recipe is None:
        return None
    return f"The optimizer was not said: taken as {r.recipe}."


def takes_back(text: str) -> bool:
    """Whether a text asks to take back what a person reported.

    >>> takes_back("retract my observation about original batch 8")
    True
    """
    return _TAKES_BACK.search(text) is not None


def retraction_answer(parts: Parts, q: Question) -> Answer:
    """The person's newest observation that fits, as a proposal to take it back."""
    own = parts.library.own_claims()
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    fitting = [
        claim
        for claim in own
        if (
            not workloads or WorkloadName.parse(claim.workload or "x").base in workloads
        )
        and (not batches or claim.batch_size in batches)
    ]
    rows = tuple({"id": claim.id, "observation": claim.statement} for claim in own)
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

"""The words of the turn before -> a Question, where there is no record of it (pure).

The terminal may give the turn before as text: a question, or its answer. No other
place reads an answer's words.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from advisor.checks import several
from advisor.reading.carried import read_carried
from advisor.reading.conditions import UNCONDITIONAL
from advisor.reading.intents import Intent
from advisor.reading.question import Offer, Question, Slots
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import intent_alone
from advisor.reading.slots import one_or_all, slots_of
from advisor.reading.symptoms import read_symptoms
from advisor.reading.text import NAME, Mark

_R, _B, _O = Mark.RATE, Mark.BATCH, Mark.OTHER
_SAID = tuple(
    (intent, re.compile(pattern))
    for intent, pattern in (
        (
            Intent.JUDGE_LR,
            r"\bto judge\b|\bwhether (?:that |this )?(?:rate )?.{0,3}\bis\b",
        ),
        (Intent.DIAGNOSE, r"\bwhen it (?:diverged|failed)|\bwhat exactly did you see"),
        (Intent.FASTEST_BATCH, r"\bfastest\b|\bspeed\b|\bthroughput\b|\begs? ?/ ?s"),
        (Intent.MAX_BATCH_FOR_LR, r"\bwhich\b[^!]*\blargest batch\b"),
        (
            Intent.RECOMMEND_LR,
            r"^\W*(?:for )?which model,? and (?:at |with )?(?:which |what )?batch\b|"
            r"\bto (?:recommend|suggest|choose) an? (?:good |safe )?(?:lr|rate)\b|"
            r"\b(?:recommend|suggest) an? (?:lr|rate)\b[^!]*\bbatch\b|"
            r"(?:lr|rate)\b[^!]*\bwhich\b|\bwhich\b[^!]*\b(?:lr|rate)\b|"
            r"(?:lr|rate)\b[^!]*\bwhat is your batch",
        ),
        (
            Intent.STATUS_OF_JOBS,
            rf"\bjobs? {_O} (?:is|has|was|are)\b|\bno jobs?\b|\b(?:queued|started) "
            rf"(?:as )?(?:job|{_O} (?:checks|jobs))|\bjobs? (?:are|is) running",
        ),
        (
            Intent.MAX_BATCH_FOR_LR,
            rf"{_R}[^.?!]{{0,40}}\bup to (?:about )?batch|"
            r"\bbatch[^.?!]{0,30}\bcan go to|"
            r"\blargest batch",
        ),
        (
            Intent.SCALING_RULE,
            rf"\b(?:to the power|barely changes|hardly moves|grew as|proportional)\b|"
            rf"\bfrom batch {_B} to (?:batch )?{_B}",
        ),
        (
            Intent.COMPARE_MODELS,
            rf"{NAME}[^.?!]{{0,40}}\bthan\b[^.?!]{{0,10}}{NAME}",
        ),
        (
            Intent.JUDGE_LR,
            rf"^\W*{_R}(?: \w+)? (?:is|are|looks?|seems|holds|diverged|should be|"
            r"works?)\b|"
            rf"{_R} (?:is|looks) (?:fine|ok|risky|too|safe|stable|at the edge|inside)",
        ),
        (
            Intent.RECOMMEND_LR,
            rf"\b(?:start|try|begin|go)[^.?!]{{0,40}}{_R}|{_B}[^.?!]{{0,4}}:? {_R}|"
            rf"{_R} for ",
        ),
        (
            Intent.SHOW_RUNS,
            r"\b(?:runs?|nothing) (?:for|recorded|at|of)\b|\bruns, with\b",
        ),
    )
)
_OFFER = re.compile(
    r"\b(?:start (?:it|them|this|that|now)|run (?:it|them)|shall i|should i|i can "
    r"(?:check|run|verify|test|measure|train)|verif\w+|want me to|launch|i could "
    r"(?:check|run))\b"
)
_STARTS_AT = re.compile(rf"\b(?:start|try|begin)[^.?!]{{0,20}}{_R}")
_ORDERS = re.compile(
    r"^\W*(?:please |now |ok |can you )*(?:verify|check|test|run|start)\b"
)
_CLEAR = 3.0
_ASKS_BACK = re.compile(
    rf"\b(?:which|what) ?(?:model|batch|lr|rate|{NAME})[^.?!]{{0,80}}\?|\bstart it\?|"
    r"\bwhat is your batch\b|\bi need the model and the batch\b"
)


def read_turn(
    text: str, known: Sequence[str], likeliest: Callable[[Reading], Intent]
) -> Question:
    """Return a turn that is known by its words alone.

    `known` are workloads beside the built-in; `likeliest` tells what a question is
    about.
    """
    reading = read_text(text, known)
    said = _said_intent(reading)
    asks_back = bool(_ASKS_BACK.search(reading.marked))
    offer = _OFFER.search(reading.marked)
    if asks_back and "start it" not in reading.marked:
        offer = None
    slots = _slots(reading, is_answer=bool(offer) or "?" not in reading.text)
    offered = None
    if offer:
        placed = reading.roles.placed_rates
        rates = [rate for place, rate in placed if place > offer.start()][:1]
        offered = Offer(learning_rates=tuple(rates or several(slots.learning_rate)))
    wanted = said or likeliest(reading)
    return Question(
        text=text,
        intent=Intent.NEEDS_CLARIFICATION if asks_back and not offer else wanted,
        wanted=wanted,
        slots=slots,
        # An answer names the usual run length and risk as well, which nobody wanted.
        conditions=reading.conditions if said is None else UNCONDITIONAL,
        told=text if read_symptoms(text).kinds else None,
        carries=text if read_carried(text) else None,
        unknown_workload=next(iter(reading.names.unknown), None),
        offered=offered,
        job=reading.job,
    )


def _said_intent(reading: Reading) -> Intent | None:
    """What an answer, or a question that asks back, is about; None: it is neither."""
    asks_back = bool(_ASKS_BACK.search(reading.marked))
    is_question = reading.cues.weight >= _CLEAR and "?" in reading.text
    is_order = reading.cues.intent is Intent.RUN_VERIFICATION and not (
        asks_back or _STARTS_AT.search(reading.marked)
    )
    if (is_question and not asks_back) or (
        is_order
        and (_ORDERS.match(reading.marked) or not _OFFER.search(reading.marked))
    ):
        return None
    for intent, pattern in _SAID:
        if pattern.search(reading.marked):
            return intent
    return None


def _slots(reading: Reading, *, is_answer: bool) -> Slots:
    """The slots of a turn; of several rates in an answer the first counts."""
    slots = slots_of(reading, intent_alone(reading))
    if _ASKS_BACK.search(reading.marked) and isinstance(slots.workload, tuple):
        slots = replace(slots, workload=None)
    if is_answer and isinstance(slots.learning_rate, tuple):
        slots = replace(slots, learning_rate=slots.learning_rate[0])
    if is_answer and slots.batch_size is None and reading.roles.batches:
        first = reading.roles.batches[0]
        slots = replace(slots, batch_size=one_or_all(first.values))
    return slots

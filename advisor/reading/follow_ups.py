"""What a follow-up takes over from the turn before it (pure)."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.checks import several
from advisor.reading.effective import Batch
from advisor.reading.intents import NEEDED, Intent
from advisor.reading.question import SLOT_NAMES, Question, Slots
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import POINTS_BACK, SHORTEST_SENTENCE
from advisor.reading.slots import NOTHING_CARRIED, one_or_all
from advisor.reading.text import Mark

_ALL_OF_THEM = re.compile(r"\b(?:all|every|everything)\b")


_SHORT = 80  # characters of a follow-up about a job or a concept


_MULTIPLE = re.compile(
    r"\b(?:(?P<double>twice|double)|(?P<half>half(?! an? )|halve)|"
    r"(?P<triple>triple|three times)|"
    r"(?P<four>quadruple|four times)|(?P<ten>ten times|tenfold))"
    r"(?: (?:of|as|that|the|this|it|much|big|large|high))*(?: (?P<slot>batch|lr|rate))?"
)


_MULTIPLES = {"double": 2, "half": 0.5, "triple": 3, "four": 4, "ten": 10}


_TO = re.compile(rf"\bto (?:batch )?{Mark.BATCH}|\bfactor\b|\btimes\b|\bmultipl")


_ON_TOP = re.compile(r"\b(?:on top|more|extra|additional\w*|also|as well|too)\b")


_SCRAP = 24  # characters of a marked text


def carries_over(own: Reading, intent: Intent, slots: Slots, *, is_own: bool) -> bool:
    """Whether the text is a follow-up and not a question by itself."""
    if intent in NOTHING_CARRIED:
        return False
    if not is_own:
        return True
    points_back = bool(POINTS_BACK.search(own.roles.marked))
    points_back |= len(own.roles.marked) <= SHORTEST_SENTENCE
    if intent is Intent.EXPLAIN_CONCEPT:
        return points_back and len(own.text) < _SHORT
    if intent in (Intent.STATUS_OF_JOBS, Intent.CANCEL):
        is_about_all = bool(_ALL_OF_THEM.search(own.marked)) or "jobs" in own.marked
        return len(own.text) < _SHORT and not is_about_all
    if intent is Intent.SHOW_RUNS and _ALL_OF_THEM.search(own.roles.marked):
        return False
    if intent is Intent.COMPARE_MODELS and isinstance(slots.workload, str):
        return True
    needed = NEEDED.get(intent, ("workload",))
    is_complete = all(getattr(slots, name) is not None for name in needed)
    return points_back or not is_complete


def inherit(
    own: Reading, before: Question, intent: Intent, slots: Slots, *, is_own: bool
) -> tuple[Slots, frozenset[str]]:
    """Return the slots filled up from before, and the names of those filled."""
    earlier = before.slots
    offered = before.offered
    # Who names a rate speaks of the model that was asked about, not of a narrow copy.
    if offered and intent is Intent.RUN_VERIFICATION and slots.learning_rate is None:
        earlier = replace(
            earlier,
            workload=offered.workload or earlier.workload,
            batch_size=one_or_all(offered.batch_sizes) or earlier.batch_size,
            learning_rate=one_or_all(offered.learning_rates),
        )
    asked_for = {Intent.MAX_BATCH_FOR_LR: "batch_size"}
    if intent is Intent.FASTEST_BATCH and before.wanted is intent:
        asked_for[Intent.FASTEST_BATCH] = "batch_size"
    if is_own:
        asked_for[Intent.RECOMMEND_LR] = "learning_rate"
    takes_batch = intent in NEEDED or intent is Intent.COMPARE_MODELS
    takes_batch |= intent in (Intent.SCALING_RULE, Intent.SHOW_RUNS, Intent.DIAGNOSE)
    takes_batch &= intent not in asked_for
    if slots.batch_size is None and takes_batch and _is_scrap(own):
        slots = replace(slots, batch_size=one_or_all(own.roles.spare))
    over_all = multiplied(own, before)
    if slots.batch_size is None and over_all is not None:
        earlier = replace(earlier, batch_size=over_all.over_all().values[0])
    if not before.carries:  # a rate that was recommended, not one that worked
        asked_for[Intent.RECOMMEND_LR] = "learning_rate"
    carried: dict[str, Any] = {
        name: getattr(earlier, name)
        for name in SLOT_NAMES
        if getattr(slots, name) is None
        and getattr(earlier, name) is not None
        and name != asked_for.get(intent)
    }
    if intent is Intent.COMPARE_MODELS and isinstance(slots.workload, str):
        both = dict.fromkeys((*several(earlier.workload), slots.workload))
        if len(both) > 1:
            carried["workload"] = tuple(both)
    if intent is Intent.SCALING_RULE and isinstance(slots.batch_size, int):
        steps = dict.fromkeys((*several(earlier.batch_size), slots.batch_size))
        if len(steps) == 2 and _TO.search(own.marked):
            carried["batch_size"] = tuple(steps)
    carried |= _changed(own.marked, carried, intent)
    return replace(slots, **carried), frozenset(carried)


def multiplied(own: Reading, before: Question | None) -> Batch | None:
    """The batch size of the turn before, over devices or steps that only this names.

    Steps of accumulation that the turn before named are replaced, not multiplied again,
    unless they come "on top".
    """
    size = before.slots.batch_size if before else None
    if before is None or not own.roles.factors or not isinstance(size, int):
        return None
    kinds = {factor.what for factor in own.roles.factors}
    for batch in read_text(before.text, ()).roles.batches:
        if size in batch.values and not _ON_TOP.search(own.marked):
            size //= math.prod(f.value for f in batch.factors if f.what in kinds)
            break
    found = Batch((size,), 0, True, factors=tuple(own.roles.factors))
    return None if found.over_all().values == (before.slots.batch_size,) else found


def _is_scrap(own: Reading) -> bool:
    """Whether a text is hardly more than a number: "seven", "four?", "and 10?"."""
    return bool(own.roles.spare) and len(own.marked) < _SCRAP and not own.has_rate


def _changed(
    marked: str, carried: Mapping[str, Any], intent: Intent
) -> dict[str, int | float]:
    """Return the carried value that is to be doubled or halved, changed."""
    found = _MULTIPLE.search(marked)
    if not found or intent in (Intent.SCALING_RULE, Intent.EXPLAIN_CONCEPT):
        return {}
    factor = next(value for name, value in _MULTIPLES.items() if found[name])
    slot = "learning_rate" if intent is Intent.JUDGE_LR else "batch_size"
    if found["slot"]:
        slot = "batch_size" if "batch" in found["slot"] else "learning_rate"
    value = carried.get(slot)
    if not isinstance(value, int | float):
        return {}
    changed = value * factor
    return {slot: changed if slot == "learning_rate" else max(1, round(changed))}

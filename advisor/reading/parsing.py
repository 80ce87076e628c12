"""Text -> Question: what is wanted and what was said, with nothing looked up.

The decision to know: the parser never refuses. What it cannot place is
`needs_clarification` (about this subject, too little said) or `off_topic`; a value
that cannot be right (batch -4) is kept as said, with a warning, for the answer to name.
"""

from collections.abc import Sequence

from advisor.reading.conditions import UNCONDITIONAL, Conditions
from advisor.reading.follow_ups import carries_over, conditions_before, inherit
from advisor.reading.intents import NEEDED, Intent
from advisor.reading.learned import IntentModel, learned_model, look_at
from advisor.reading.question import Question, Slots
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import (
    YES,
    follow_up_intent,
    intent_alone,
    is_scrap,
    rule_intent,
    said_intent,
)
from advisor.reading.slots import NOTHING_CARRIED, slot_warnings, slots_of
from advisor.reading.symptoms import read_symptoms

_OF_JOBS = (Intent.STATUS_OF_JOBS, Intent.CANCEL)


# Intents whose answers hold for a run length and at a risk that a person may name.
_CONDITIONAL = (
    *(Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.MAX_BATCH_FOR_LR),
    *(Intent.COMPARE_MODELS, Intent.FASTEST_BATCH, Intent.NEEDS_CLARIFICATION),
)


_CLEAR_CUE = 3.0  # the weight of a phrase that means one thing


def parse_question(
    text: str,
    *,
    context: str | None = None,
    known_workloads: Sequence[str],
    model: IntentModel | None = None,
) -> Question:
    """Return what a text asks; any text gives a Question, none raises.

    Args:
        text: What was typed; of more than 4,000 characters the two ends count.
        context: The previous turn (the person's or ours), from which a follow-up takes
            the slots, and the intent, that it leaves unsaid.
        known_workloads: Names besides the built-in ones; kept in this spelling.
        model: Knows intents; without one that which ships with the program.

    >>> question = parse_question("dlight bs=12, lr?", known_workloads=[])
    >>> question.intent, question.slots.workload, question.slots.batch_size
    ('recommend_lr', 'dlight', 12)
    """
    own = read_text(text, known_workloads)
    before = None
    if context and context.strip():
        before = read_text(context, known_workloads)
    chances = _decide_intent(own, before, model or learned_model())
    intent, confidence = next(iter(chances.items()))
    slots, inherited = _slots_for(intent, own, before)
    conditions, carried = _conditions(intent, own, before)
    job = own.job
    if job is None and before and intent in (Intent.STATUS_OF_JOBS, Intent.CANCEL):
        job = before.job
    if not _is_complete(intent, slots):
        intent = Intent.NEEDS_CLARIFICATION
    has_budget = own.roles.is_budget or intent is Intent.RUN_VERIFICATION
    return Question(
        text=text,
        intent=intent.value,
        slots=slots,
        conditions=conditions,
        inherited=inherited | carried,
        confidence=round(confidence, 3),
        alternatives=tuple(i.value for i in list(chances)[1:4]),
        unknown_workload=next(iter(own.names.unknown), None),
        job=job,
        budget_seconds=own.roles.seconds if has_budget else None,
        warnings=(*own.roles.warnings, *slot_warnings(slots)),
    )


def _decide_intent(
    own: Reading, before: Reading | None, model: IntentModel
) -> dict[Intent, float]:
    """Return the intents with their probabilities, that which fits best first."""
    if before and YES.match(own.marked):
        return {rule_intent(own, before)[0]: 1.0}
    if before and is_scrap(own):
        earlier = said_intent(before) or _likeliest(before, model)
        if found := follow_up_intent(own, before, earlier):
            return {found: 1.0}
    if before and own.conditions.said and _names_nothing(own):
        earlier = said_intent(before) or _likeliest(before, model)
        if earlier in _CONDITIONAL:
            return {earlier: 1.0}
    chances = model.probabilities([look_at(own, before)])[0]
    if before is None and _nothing_failed(own):
        chances = _without(chances, Intent.DIAGNOSE)
    first, second = list(chances)[:2]
    if first is Intent.NEEDS_CLARIFICATION and second in NEEDED:
        slots, _ = _slots_for(second, own, before)
        speaks_of_it = second in own.cues.weights or before is not None
        if second is Intent.MAX_BATCH_FOR_LR and not speaks_of_it:
            return chances
        if _is_complete(second, slots):
            return {second: chances[second]} | chances
    return chances


def _names_nothing(own: Reading) -> bool:
    """Whether a text names conditions and nothing else: "I can accept 30 % risk"."""
    is_weak = own.cues.weight < _CLEAR_CUE
    named = own.names.workloads or own.roles.batches or own.has_rate
    return is_weak and not named


def _nothing_failed(own: Reading) -> bool:
    """Whether a text tells of no symptom: a report of use is no report of a fault."""
    return Intent.DIAGNOSE not in own.cues.weights and not read_symptoms(own.text).kinds


def _without(chances: dict[Intent, float], intent: Intent) -> dict[Intent, float]:
    """The chances of the other intents, which add up to one again."""
    rest = 1 - chances.get(intent, 0.0)
    return {i: p / rest for i, p in chances.items() if i is not intent}


def _conditions(
    intent: Intent, own: Reading, before: Reading | None
) -> tuple[Conditions, frozenset[str]]:
    """Return what the answer is to hold for, and the names of what is inherited."""
    said = own.conditions if intent in _CONDITIONAL else UNCONDITIONAL
    if before is None or intent in (*NOTHING_CARRIED, *_OF_JOBS):
        return said, frozenset()
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    slots = slots_of(own, intent)
    is_short = _names_nothing(own) and own.conditions.said
    if not is_short and not carries_over(own, intent, slots, is_own=is_own):
        return said, frozenset()
    earlier = conditions_before(before)
    return said.filled_up(earlier), frozenset(earlier.said.keys() - said.said.keys())


def _likeliest(before: Reading, model: IntentModel) -> Intent:
    """Return what a question was about, also one that said too little."""
    ruled = intent_alone(before)
    if before.cues.weight >= _CLEAR_CUE and ruled is before.cues.intent:
        return ruled
    chances = model.probabilities([look_at(before, None)])[0]
    said_too_little = next(iter(chances)) is Intent.NEEDS_CLARIFICATION
    if said_too_little and before.cues.weight >= _CLEAR_CUE and before.cues.intent:
        return before.cues.intent
    return next(i for i in chances if i is not Intent.NEEDS_CLARIFICATION)


def _is_complete(intent: Intent, slots: Slots) -> bool:
    """Whether all is known that an answer of that kind takes."""
    return all(getattr(slots, name) is not None for name in NEEDED.get(intent, ()))


def _slots_for(
    intent: Intent, own: Reading, before: Reading | None
) -> tuple[Slots, frozenset[str]]:
    """Return the slots a text has under an intent, and those it inherits."""
    slots = slots_of(own, intent)
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    if before and carries_over(own, intent, slots, is_own=is_own):
        return inherit(own, before, intent, slots, is_own=is_own)
    return slots, frozenset()

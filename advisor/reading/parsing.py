"""Text -> Question: what is wanted and what was said, with nothing looked up.

The parser never refuses. What it cannot place is `needs_clarification` (too little
said) or `off_topic`; a value that cannot be right (batch -4) is kept, with a warning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.checks import several
from advisor.reading.carried import read_carried, read_known
from advisor.reading.conditions import UNCONDITIONAL, Conditions
from advisor.reading.differences import asks_of
from advisor.reading.follow_ups import carries_over, inherit
from advisor.reading.intents import CONDITIONAL, NEEDED, OF_A_SETTING, Intent
from advisor.reading.learned import IntentModel, learned_model, look_at
from advisor.reading.question import Question, Slots
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import (
    YES,
    bare_intent,
    follow_up_intent,
    intent_alone,
    rule_intent,
)
from advisor.reading.sides import read_sides
from advisor.reading.slots import (
    NOTHING_CARRIED,
    proposed_in,
    slot_warnings,
    slots_of,
)
from advisor.reading.symptoms import read_symptoms
from advisor.reading.turn_text import read_turn
from experiments.workloads.registry import find_spec
from knowledge.recipes import RECIPES

_OF_JOBS = (Intent.STATUS_OF_JOBS, Intent.CANCEL)


_ASKS = re.compile(r"\?|^\W*(?:is|are|can|could|should|would|will|does|do|may)\b", re.I)
_CLEAR_CUE = 3.0  # the weight of a phrase that means one thing
_ALL_BUT_SURE = 0.95
_RATHER_THAN_NOT = 0.5


def parse_question(
    text: str,
    *,
    before: Question | None = None,
    known_workloads: Sequence[str],
    model: IntentModel | None = None,
) -> Question:
    """Return what a text asks; any text gives a Question, none raises.

    Args:
        text: What was typed; of more than 4,000 characters the two ends count.
        before: The turn before, from which a follow-up takes what it leaves unsaid.
        known_workloads: Names besides the built-in ones; kept in this spelling.
        model: Knows intents; None: the one that ships with the program.

    >>> question = parse_question("dlight bs=12, lr?", known_workloads=[])
    >>> question.intent.value, question.slots.workload, question.slots.batch_size
    ('recommend_lr', 'dlight', 12)
    """
    own = read_text(text, known_workloads)
    chances = _decide_intent(own, before, model or learned_model())
    intent, confidence = next(iter(chances.items()))
    slots, inherited = _slots_for(intent, own, before)
    conditions, carried = _conditions(intent, own, before)
    conditions = _that_fit(conditions, intent, slots)
    job = own.job
    if job is None and before and intent in _OF_JOBS:
        job = before.job
    wanted = intent
    if intent is Intent.NEEDS_CLARIFICATION:
        wanted = _likeliest(own, chances)
    if not _is_complete(intent, slots):
        intent = Intent.NEEDS_CLARIFICATION
    has_budget = own.roles.is_budget or intent is Intent.RUN_VERIFICATION
    told = text if _tells(own, intent) else None
    carries = _carries(own, before, intent)
    goes_on = inherited or intent in (Intent.DIAGNOSE, Intent.DIFFERENCE)
    if before and Intent.DIFFERENCE in (intent, before.wanted):  # told of other things
        goes_on = intent is before.wanted
    return Question(
        text=text,
        intent=intent,
        slots=slots,
        wanted=wanted,
        conditions=conditions,
        inherited=inherited | (carried & conditions.said.keys()),
        told=told or (before.told if before and goes_on else None),
        carries=carries or (before.carries if before and inherited else None),
        proposed=proposed_in(own) if intent is Intent.DIAGNOSE else Slots(),
        confidence=round(confidence, 3),
        alternatives=tuple(chances)[1:4],
        unknown_workload=_unknown(own, before if "workload" in inherited else None),
        job=job,
        budget_seconds=own.roles.seconds if has_budget else None,
        warnings=(*own.roles.warnings, *slot_warnings(slots)),
    )


def _carries(own: Reading, before: Question | None, intent: Intent) -> str | None:
    """The text, where it tells of a rate that held: at another batch size, or at one.

    Of one batch size only what comes first counts: later ones are mostly asked about.
    """
    if read_carried(own.text):
        return own.text
    is_asked = intent in (Intent.MAX_BATCH_FOR_LR, Intent.DIFFERENCE)
    is_asked |= intent is Intent.JUDGE_LR and bool(_ASKS.search(own.text))
    if is_asked or (before and before.carries) or read_symptoms(own.text).kinds:
        return None
    return own.text if read_known(own.text) else None


def with_told(q: Question, told: Reading) -> Question:
    """Return a question with what its message says of the setting outside of it."""
    if q.intent not in (*CONDITIONAL, *OF_A_SETTING):
        return q
    heeded, slots = _heeded(told.conditions, q.intent), q.slots
    inherited = dict.fromkeys(q.inherited & q.conditions.said.keys())
    own = replace(q.conditions, **inherited)
    conditions = own.filled_up(heeded).filled_up(q.conditions)
    slots = replace(
        slots,
        device=slots.device or told.names.device,
        optimizer=slots.optimizer or told.names.optimizer,
    )
    return replace(
        q,
        slots=slots,
        conditions=_that_fit(conditions, q.intent, slots),
        inherited=q.inherited - heeded.said.keys(),
    )


def turn_of(
    before: Question | str | None,
    known_workloads: Sequence[str],
    model: IntentModel | None = None,
) -> Question | None:
    """Return the turn before as a record, also where only its text is known."""
    if not isinstance(before, str):
        return before
    if not before.strip():
        return None
    if asks_of(before, known_workloads) is not None:
        return parse_question(before, known_workloads=known_workloads, model=model)

    def likeliest(reading: Reading) -> Intent:
        seen = look_at(reading, None)
        return _likeliest(reading, (model or learned_model()).probabilities([seen])[0])

    return read_turn(before, known_workloads, likeliest)


def _decide_intent(
    own: Reading, before: Question | None, model: IntentModel
) -> dict[Intent, float]:
    """Return the intents with their probabilities, that which fits best first."""
    if not own.text.strip():
        return {Intent.NEEDS_CLARIFICATION: 1.0}
    if before is None and (bare := bare_intent(own)):
        return {bare: 1.0}
    if before and YES.match(own.marked):
        return {rule_intent(own, before)[0]: 1.0}
    if _asks_of_a_difference(own, before, model):
        return {Intent.DIFFERENCE: 1.0}
    if before is None and _speaks_of_no_effect(own):
        return {Intent.DIAGNOSE: 1.0}
    if before and (found := follow_up_intent(own, before)):
        return {found: 1.0}
    if before and _names_nothing(own) and _heeded(own.conditions, before.wanted).said:
        return {before.wanted: 1.0}
    chances = model.probabilities([look_at(own, before)])[0]
    is_likely = chances[Intent.DIAGNOSE] > _RATHER_THAN_NOT
    if before is None and _nothing_failed(own) and not is_likely:
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


def _asks_of_a_difference(
    own: Reading, before: Question | None, model: IntentModel
) -> bool:
    """Whether the rule finds that a difference is asked about, and the model agrees.

    "Sure" and "trust" are said of other things too: "how sure are you that it holds?"
    """
    follows_two = before is not None and _names_two(before.slots)
    if asks_of(own.text, own.names.workloads, follows_two=follows_two) is None:
        return False
    chances = model.probabilities([look_at(own, before)])[0]
    first = next(iter(chances))
    return first is Intent.DIFFERENCE or chances[first] <= _ALL_BUT_SURE


def _speaks_of_no_effect(own: Reading) -> bool:
    """Whether the loss is said to be the same at every rate, or good at a low one."""
    kinds = {kind.value for kind in read_symptoms(own.text).kinds}
    return bool(kinds & {"rate_without_effect", "gains_at_low_rate"})


def _names_two(slots: Slots) -> bool:
    """Whether two rates, or two batch sizes, of one model are named."""
    is_one = len(several(slots.workload)) < 2
    rates, batches = several(slots.learning_rate), several(slots.batch_size)
    return is_one and (len(rates) > 1 or len(batches) > 1)


def _tells(own: Reading, intent: Intent) -> bool:
    """Whether a text tells what went wrong, or what two settings scored."""
    if intent is Intent.DIFFERENCE:
        sides = read_sides(own.text, own.names.workloads)
        return sides is not None and sides.has_scores
    return bool(read_symptoms(own.text).kinds)


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
    intent: Intent, own: Reading, before: Question | None
) -> tuple[Conditions, frozenset[str]]:
    """Return what the answer is to hold for, and the names of what is inherited."""
    said = _heeded(own.conditions, intent)
    if before is None or intent in (*NOTHING_CARRIED, *_OF_JOBS):
        return said, frozenset()
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    slots = slots_of(own, intent)
    is_short = _names_nothing(own) and own.conditions.said
    if not is_short and not carries_over(own, intent, slots, is_own=is_own):
        return said, frozenset()
    earlier = before.conditions
    return said.filled_up(earlier), frozenset(earlier.said.keys() - said.said.keys())


def _heeded(conditions: Conditions, intent: Intent) -> Conditions:
    """Those of the conditions that an answer of this kind takes into account."""
    if intent in CONDITIONAL:
        return conditions
    return conditions.setting if intent in OF_A_SETTING else UNCONDITIONAL


def _that_fit(conditions: Conditions, intent: Intent, slots: Slots) -> Conditions:
    """The conditions, but for a recipe that none of the workloads is trained with.

    Who looks for runs under it is told that there are none.
    """
    if intent is Intent.SHOW_RUNS:
        return conditions
    recipe = RECIPES.get(conditions.recipe or "")
    specs = [spec for name in several(slots.workload) if (spec := find_spec(name))]
    if recipe is None or not specs:
        return conditions
    base = recipe.variant_of or recipe.name
    fits = any(base in spec.recipes for spec in specs)
    return conditions if fits else replace(conditions, recipe=None)


def _unknown(own: Reading, before: Question | None) -> str | None:
    """The model nobody knows that a text names, or goes on about."""
    named = next(iter(own.names.unknown), None)
    return named or (before.unknown_workload if before else None)


def _likeliest(own: Reading, chances: Mapping[Intent, float]) -> Intent:
    """Return what a text is about, also one that said too little."""
    first, cued = next(iter(chances)), own.cues.intent
    is_ruled = first is Intent.NEEDS_CLARIFICATION or intent_alone(own) is cued
    if cued is not None and own.cues.weight >= _CLEAR_CUE and is_ruled:
        return cued
    return next((i for i in chances if i is not Intent.NEEDS_CLARIFICATION), first)


def _is_complete(intent: Intent, slots: Slots) -> bool:
    """Whether all is known that an answer of that kind takes."""
    return all(getattr(slots, name) is not None for name in NEEDED.get(intent, ()))


def _slots_for(
    intent: Intent, own: Reading, before: Question | None
) -> tuple[Slots, frozenset[str]]:
    """Return the slots a text has under an intent, and those it inherits."""
    slots = slots_of(own, intent)
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    if before and carries_over(own, intent, slots, is_own=is_own):
        return inherit(own, before, intent, slots, is_own=is_own)
    return slots, frozenset()

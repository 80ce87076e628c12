"""Text -> Question: what is wanted and what was said, with nothing looked up.

The decision to know: the parser never refuses. What it cannot place is
`needs_clarification` (about this subject, too little said) or `off_topic`; a value
that cannot be right (batch -4) is kept as said, with a warning, for the answer to name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.reading.clauses import choose_batches
from advisor.reading.conditions import UNCONDITIONAL, Conditions
from advisor.reading.intents import NEEDED, Intent
from advisor.reading.learned import IntentModel, learned_model, look_at
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import (
    ASKS_BACK,
    NO,
    OFFER,
    POINTS_BACK,
    POLITE,
    SAYS_NO,
    SAYS_YES,
    SHORTEST_SENTENCE,
    YES,
    follow_up_intent,
    intent_alone,
    intent_of_turn,
    is_scrap,
    rule_intent,
    said_intent,
)
from advisor.reading.symptoms import read_symptoms
from advisor.reading.text import Mark, plain
from advisor.reading.vocabulary import FACE_MODELS
from experiments.workloads import WORKLOADS

Workloads = str | tuple[str, ...] | None
BatchSizes = int | tuple[int, ...] | None
LearningRates = float | tuple[float, ...] | None

SLOT_NAMES = ("workload", "batch_size", "learning_rate", "optimizer", "device")


@dataclass(frozen=True)
class Slots:
    """What a question names: None if nothing was said, a tuple if several were."""

    workload: Workloads = None
    batch_size: BatchSizes = None
    learning_rate: LearningRates = None
    optimizer: str | None = None
    device: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The five slots as plain values, tuples as lists.

        >>> Slots(batch_size=(8, 16)).to_dict()["batch_size"]
        [8, 16]
        """
        values = {name: getattr(self, name) for name in SLOT_NAMES}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


@dataclass(frozen=True)
class Question:
    """A text as it was understood.

    `conditions` are what the answer is to hold for. `inherited` names the slots and
    conditions that come from the context. `unknown_workload` is a
    model that was named and is not known, `job` a job's id or number, and
    `budget_seconds` the time a person allows for runs. `confidence` is the probability
    of the intent, `alternatives` are the next likeliest ones.
    """

    text: str
    intent: str
    slots: Slots
    conditions: Conditions = UNCONDITIONAL
    inherited: frozenset[str] = frozenset()
    confidence: float = 0.0
    alternatives: tuple[str, ...] = ()
    unknown_workload: str | None = None
    job: str | None = None
    budget_seconds: float | None = None
    warnings: tuple[str, ...] = ()


# Intents that speak of jobs, concepts or nothing: only a text that points back
# ("cancel it", "why?") carries anything over.
_SELF_CONTAINED = (
    Intent.EXPLAIN_CONCEPT,
    Intent.STATUS_OF_JOBS,
    Intent.CANCEL,
)
_OF_SEVERAL = (Intent.COMPARE_MODELS, Intent.RECOMMEND_LR, Intent.JUDGE_LR)
_OF_JOBS = (Intent.STATUS_OF_JOBS, Intent.CANCEL)
_NOTHING_CARRIED = (Intent.HELP, Intent.OFF_TOPIC)
# Intents whose answers hold for a run length and at a risk that a person may name.
_CONDITIONAL = (
    *(Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.MAX_BATCH_FOR_LR),
    *(Intent.COMPARE_MODELS, Intent.FASTEST_BATCH, Intent.NEEDS_CLARIFICATION),
)
# What we say ourselves tells for what an answer holds, as nobody wished; but for this.
_OUR_ANSWER = re.compile(r"P\(stable\) \d|[Hh]alf of all runs")
AS_ASKED = "As you asked: "
_ALL_OF_THEM = re.compile(r"\b(?:all|every|everything)\b")
_SHORT = 80  # characters of a follow-up about a job or a concept
_MULTIPLE = re.compile(
    r"\b(?:(?P<double>twice|double)|(?P<half>half(?! an? )|halve)|"
    r"(?P<triple>triple|three times)|"
    r"(?P<four>quadruple|four times)|(?P<ten>ten times|tenfold))"
    r"(?: (?:of|as|that|the|this|it|much|big|large|high))*(?: (?P<slot>batch|lr|rate))?"
)
_MULTIPLES = {"double": 2, "half": 0.5, "triple": 3, "four": 4, "ten": 10}
_CLEAR_CUE = 3.0  # the weight of a phrase that means one thing
_TO = re.compile(rf"\bto (?:batch )?{Mark.BATCH}")
_SCRAP = 24  # characters of a marked text
# A rate from here on, and a batch size beyond here, is more likely a slip (our choice;
# the public grids we know of stay below both).
_LARGE_RATE = 1.0
_LARGE_BATCH = 65_536


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
        warnings=(*own.roles.warnings, *_warnings(slots)),
    )


def is_yes(text: str) -> bool:
    """Whether a text agrees to what was proposed, and says nothing else.

    >>> is_yes("yes, run it"), is_yes("yes but on batch 8"), is_yes("ok thanks")
    (True, False, False)
    """
    said = plain(text).lower().replace("\N{THUMBS UP SIGN}", " yes ")
    return bool(YES.match(said.strip()) and SAYS_YES.search(said))


def is_no(text: str) -> bool:
    """Whether a text turns down what was proposed, and says nothing else.

    >>> is_no("no thanks"), is_no("no, batch 8")
    (True, False)
    """
    said = plain(text).lower()
    return bool(NO.fullmatch(said) and SAYS_NO.search(said))


def is_polite(text: str) -> bool:
    """Whether a text is mere politeness, which agrees to nothing.

    >>> is_polite("ok thanks"), is_polite("ok, and at batch 8?")
    (True, False)
    """
    return bool(POLITE.fullmatch(plain(text).lower()))


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
    if before is None or intent in (*_NOTHING_CARRIED, *_OF_JOBS):
        return said, frozenset()
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    slots = _slots(own, intent)
    is_short = _names_nothing(own) and own.conditions.said
    if not is_short and not _carries_over(own, intent, slots, is_own=is_own):
        return said, frozenset()
    earlier = _conditions_before(before)
    return said.filled_up(earlier), frozenset(earlier.said.keys() - said.said.keys())


def _conditions_before(before: Reading) -> Conditions:
    """Return what a turn asked for; of our own answers only what they say was asked."""
    if not _OUR_ANSWER.search(before.text):
        return before.conditions
    _, _, asked = before.text.partition(AS_ASKED)
    return read_text(asked, ()).conditions


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
    slots = _slots(own, intent)
    ruled, is_own = rule_intent(own, before)
    is_own |= ruled is not intent
    if before and _carries_over(own, intent, slots, is_own=is_own):
        return _inherit(own, before, intent, slots, is_own=is_own)
    return slots, frozenset()


def _slots(reading: Reading, intent: Intent) -> Slots:
    """Return what the text itself says."""
    roles, names = reading.roles, reading.names
    is_loose = intent in (*_SELF_CONTAINED, *_NOTHING_CARRIED)
    if is_loose:
        sure = [batch for batch in roles.batches if batch.is_explicit]
        roles = replace(roles, batches=sure)
    batches: tuple[int, ...] = ()
    if intent is not Intent.MAX_BATCH_FOR_LR:
        batches = choose_batches(roles, all_named=intent is Intent.SCALING_RULE)
    rates = list(roles.rates)
    if intent is not Intent.OFF_TOPIC:
        rates = list(dict.fromkeys(roles.all_rates))
    workloads = names.workloads
    if len(workloads) == len(WORKLOADS) and intent not in _OF_SEVERAL:
        workloads = ()
    if intent is Intent.COMPARE_MODELS and not workloads:
        workloads = FACE_MODELS if "face" in reading.text.lower() else ()
    is_concept = intent in (Intent.EXPLAIN_CONCEPT, *_NOTHING_CARRIED)
    optimizer = names.optimizer
    if is_concept and optimizer == "momentum":
        optimizer = None
    if intent is Intent.OFF_TOPIC and not (workloads or batches or rates):
        optimizer = None
    if intent is Intent.OFF_TOPIC:
        rates = [rate for rate in rates if rate < 1]
    return Slots(
        workload=_one_or_all(workloads),
        batch_size=_one_or_all(batches),
        learning_rate=_one_or_all(rates),
        optimizer=optimizer,
        device=names.device,
    )


def _one_or_all(values: Sequence[Any]) -> Any:
    """Return None, the one value, or a tuple of several."""
    return (values[0] if len(values) == 1 else tuple(values)) if values else None


def _carries_over(own: Reading, intent: Intent, slots: Slots, *, is_own: bool) -> bool:
    """Whether the text is a follow-up of its context and not a question by itself."""
    if intent in _NOTHING_CARRIED:
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


def _inherit(
    own: Reading, before: Reading, intent: Intent, slots: Slots, *, is_own: bool
) -> tuple[Slots, frozenset[str]]:
    """Return the slots filled up from the context, and the names of those filled."""
    earlier = _context_slots(before, intent)
    asked_for = {Intent.MAX_BATCH_FOR_LR: "batch_size"}
    if intent is Intent.FASTEST_BATCH and intent_of_turn(before) is intent:
        asked_for[Intent.FASTEST_BATCH] = "batch_size"
    if is_own:
        asked_for[Intent.RECOMMEND_LR] = "learning_rate"
    takes_batch = intent in NEEDED or intent is Intent.COMPARE_MODELS
    takes_batch |= intent in (Intent.SCALING_RULE, Intent.SHOW_RUNS, Intent.DIAGNOSE)
    takes_batch &= intent not in asked_for
    if slots.batch_size is None and takes_batch and _is_scrap(own):
        slots = replace(slots, batch_size=_one_or_all(own.roles.spare))
    carried: dict[str, Any] = {
        name: getattr(earlier, name)
        for name in SLOT_NAMES
        if getattr(slots, name) is None
        and getattr(earlier, name) is not None
        and name != asked_for.get(intent)
    }
    if intent is Intent.COMPARE_MODELS and isinstance(slots.workload, str):
        both = dict.fromkeys((*_several(earlier.workload), slots.workload))
        if len(both) > 1:
            carried["workload"] = tuple(both)
    if intent is Intent.SCALING_RULE and isinstance(slots.batch_size, int):
        steps = dict.fromkeys((*_several(earlier.batch_size), slots.batch_size))
        if len(steps) == 2 and _TO.search(own.marked):
            carried["batch_size"] = tuple(steps)
    carried |= _changed(own.marked, carried, intent)
    return replace(slots, **carried), frozenset(carried)


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


def _context_slots(before: Reading, intent: Intent) -> Slots:
    """Return the context's slots; of several rates in an answer the first counts.

    Who says yes to a run means the rate that was offered.
    """
    slots = _slots(before, intent_alone(before))
    if ASKS_BACK.search(before.marked) and isinstance(slots.workload, tuple):
        slots = replace(slots, workload=None)
    roles = before.roles
    offer = OFFER.search(before.marked)
    if offer and intent is Intent.RUN_VERIFICATION:
        offered = [r for place, r in roles.placed_rates if place > offer.start()]
        if offered:
            slots = replace(slots, learning_rate=offered[0])
    is_answer = bool(OFFER.search(roles.marked)) or "?" not in before.text
    if is_answer and isinstance(slots.learning_rate, tuple):
        slots = replace(slots, learning_rate=slots.learning_rate[0])
    if is_answer and slots.batch_size is None and roles.batches:
        slots = replace(slots, batch_size=_one_or_all(roles.batches[0].values))
    return slots


def _warnings(slots: Slots) -> list[str]:
    """Return a sentence for each value that can hardly be meant as it stands."""
    found = []
    for rate in _several(slots.learning_rate):
        if rate <= 0:
            found.append(f"A learning rate of {rate:g} is not positive.")
        elif rate >= _LARGE_RATE:
            found.append(
                f"A learning rate of {rate:g} is unusually high; perhaps a batch size?"
            )
    for size in _several(slots.batch_size):
        if size < 1:
            found.append(f"A batch size of {size} is below 1.")
        elif size > _LARGE_BATCH:
            found.append(f"A batch size of {size:.6g} is unusually large.")
    return found


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)

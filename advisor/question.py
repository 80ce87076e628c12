"""Text -> Question: what is wanted and what was said, with nothing looked up.

The decision to know: the parser never refuses. What it cannot place is
`needs_clarification` (about this subject, too little said) or `off_topic`; a value
that cannot be right (batch -4) is kept as said, with a warning, for the answer to name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.language.clauses import choose_batches
from advisor.language.intents import Intent, Reading, read_intent
from advisor.language.names import Names, find_names
from advisor.language.numbers import mark_numbers
from advisor.language.roles import Roles, read_roles
from advisor.language.text import plain
from advisor.language.vocabulary import FACE_MODELS

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

    `inherited` names the slots that come from the context. `unknown_workload` is a
    model that was named and is not known, `job` a job's id or number, and
    `budget_seconds` the time a person allows for runs.
    """

    text: str
    intent: str
    slots: Slots
    inherited: frozenset[str] = frozenset()
    confidence: float = 0.0
    unknown_workload: str | None = None
    job: str | None = None
    budget_seconds: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Reading:
    """One text read by itself, before its context is considered."""

    text: str
    names: Names
    roles: Roles
    cues: Reading
    job: str | None

    @property
    def intent(self) -> Intent | None:
        return self.cues.intent


# What has to be known before an answer of that kind can be given.
_NEEDED = {
    Intent.RECOMMEND_LR: ("workload", "batch_size"),
    Intent.JUDGE_LR: ("workload", "batch_size", "learning_rate"),
    Intent.MAX_BATCH_FOR_LR: ("workload", "learning_rate"),
    Intent.FASTEST_BATCH: ("workload",),
    Intent.RUN_VERIFICATION: ("workload", "batch_size"),
}
# Intents that speak of jobs, concepts or nothing: only a text that points back
# ("cancel it", "why?") carries anything over.
_SELF_CONTAINED = (
    Intent.EXPLAIN_CONCEPT,
    Intent.STATUS_OF_JOBS,
    Intent.CANCEL,
)
_NOTHING_CARRIED = (Intent.HELP, Intent.OFF_TOPIC)
# Below this weight a text has no intent of its own when there is a context.
_OWN_INTENT_WEIGHT = 1.9

# "stop", "why?" and "status" say nothing of what they speak of.
_SHORTEST_SENTENCE = 8

_YES = re.compile(
    r"^(?!\s*(?:thanks?|thank you|great|good|now|all|both)[\s!.]*$)[\s!.,]*(?:(?:yes|"
    r"yep|yeah|yup|ya|y|sure|ok|okay|please|do|go|it|that|them|ahead|run|start|fine|"
    r"sounds good|let's|lets|of course|absolutely|proceed|alright|great|good|verify|"
    r"right|correct|exactly|make it so|launch|now|thanks|thank you|check|both|all|for "
    r"it|so|the|this|verification|plan|runs|jobs?|please do|why not|certainly|"
    r"definitely)\b[\s!.,]*)+$"
)
_OFFER = re.compile(
    r"\b(?:start (?:it|them|this|that|now)|run (?:it|them)|shall i|should i|i can "
    r"(?:check|run|verify|test|measure|train)|verif\w+|want me to|launch|i could "
    r"(?:check|run))\b"
)
_ORDER = re.compile(r"\b(?:run|start|verify|check|launch)\b")
_POINTS_BACK = re.compile(
    r"^\W*(?:and|but|so|then|what about|how about|what if|also|same|why|or|with|at|on|"
    r"for|if|instead|ok|okay|hm+|now|use|make it|no)\b|\b(?:it|that|this|there|those|"
    r"them|these|same|instead|too|then|as well|again|behind|either|other|cheaper|"
    r"safer|lower|higher)\b(?! (?:app|tool|program)\b)"
)
_ALL_OF_THEM = re.compile(r"\b(?:all|every|any)\b")
_WITH_ANOTHER = re.compile(r"\b(?:with|to|against|than|vs|versus)\b")
_JOB_ID = re.compile(r"\b(?P<kind>job|run|claim|answer):(?P<id>[\w-]+)", re.IGNORECASE)

# A rate from here on, and a batch size beyond here, is more likely a slip (our choice;
# the public grids we know of stay below both).
_LARGE_RATE = 1.0
_LARGE_BATCH = 65_536


def parse_question(
    text: str, *, context: str | None = None, known_workloads: Sequence[str]
) -> Question:
    """Return what a text asks; any text gives a Question, none raises.

    Args:
        text: What was typed; of more than 4,000 characters the two ends count.
        context: The previous turn (the person's or ours), from which a follow-up takes
            the slots, and the intent, that it leaves unsaid.
        known_workloads: Names besides the built-in ones; kept in this spelling.

    >>> question = parse_question("dlight bs=12, lr?", known_workloads=[])
    >>> question.intent, question.slots.workload, question.slots.batch_size
    ('recommend_lr', 'dlight', 12)
    """
    own = _read(text, known_workloads)
    before = _read(context, known_workloads) if context and context.strip() else None
    intent, is_own = _decide_intent(own, before)
    slots = _slots(own, intent)
    inherited: frozenset[str] = frozenset()
    if before and _carries_over(own, intent, slots, is_own=is_own):
        slots, inherited = _inherit(own, before, intent, slots, is_own=is_own)
    job = own.job
    if job is None and before and intent in (Intent.STATUS_OF_JOBS, Intent.CANCEL):
        job = before.job
    if any(getattr(slots, name) is None for name in _NEEDED.get(intent, ())):
        intent = Intent.NEEDS_CLARIFICATION
    has_budget = own.roles.is_budget or intent is Intent.RUN_VERIFICATION
    return Question(
        text=text,
        intent=intent.value,
        slots=slots,
        inherited=inherited,
        confidence=round(own.cues.confidence, 3),
        unknown_workload=next(iter(own.names.unknown), None),
        job=job,
        budget_seconds=own.roles.seconds if has_budget else None,
        warnings=(*own.roles.warnings, *_warnings(slots)),
    )


def _read(text: str, known: Sequence[str]) -> _Reading:
    text = plain(text)
    ids = _JOB_ID.search(text)
    job = ids["id"] if ids and ids["kind"].lower() == "job" else None
    names = find_names(_JOB_ID.sub(r"\g<kind> ", text), known=known)
    marked, numbers = mark_numbers(names.marked)
    roles = read_roles(marked, numbers)
    return _Reading(text, names, roles, read_intent(roles.marked), job or roles.job)


def _decide_intent(own: _Reading, before: _Reading | None) -> tuple[Intent, bool]:
    """Return the intent and whether it is the text's own (else the context's)."""
    marked = own.roles.marked
    if before and _YES.match(marked):
        if _OFFER.search(before.roles.marked) or _ORDER.search(marked):
            return Intent.RUN_VERIFICATION, False
        return _intent_alone(before), False
    is_weak = own.intent is None or own.cues.weight < _OWN_INTENT_WEIGHT
    if before and own.intent is Intent.EXPLAIN_CONCEPT and _POINTS_BACK.search(marked):
        return own.intent, True
    if not before or not is_weak:
        return _intent_alone(own), True
    belongs = own.cues.is_domain or own.names.device or _POINTS_BACK.search(marked)
    if not belongs:
        return Intent.OFF_TOPIC, True
    intent = _intent_alone(before)
    rates = own.roles.rates or own.roles.bare_rates
    if intent is Intent.RECOMMEND_LR and rates:
        return Intent.JUDGE_LR, False
    return intent, False


def _intent_alone(reading: _Reading) -> Intent:
    """Return the intent of one text, from its cues or else from what it names."""
    intent, roles = reading.intent, reading.roles
    has_rate = bool(roles.rates or roles.bare_rates)
    is_weak = reading.cues.weight < _OWN_INTENT_WEIGHT
    if intent is not None and not (is_weak and has_rate):
        if intent is Intent.OFF_TOPIC or reading.cues.is_domain:
            return intent
        if intent in _NEEDED or intent is Intent.EXPLAIN_CONCEPT:
            return Intent.OFF_TOPIC
        return intent
    if has_rate:
        return Intent.JUDGE_LR
    if reading.names.workloads and roles.batches:
        return Intent.RECOMMEND_LR
    is_scrap = bool(_POINTS_BACK.search(roles.marked)) and len(roles.marked) < 16
    has_words = bool(re.search(r"[^\W\d_]{2}", reading.text))
    if reading.cues.is_domain or is_scrap or not has_words:
        return Intent.NEEDS_CLARIFICATION
    return Intent.OFF_TOPIC


def _slots(reading: _Reading, intent: Intent) -> Slots:
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
    if intent is Intent.COMPARE_MODELS and not workloads:
        workloads = FACE_MODELS if "face" in reading.text.lower() else ()
    is_concept = intent in (Intent.EXPLAIN_CONCEPT, *_NOTHING_CARRIED)
    optimizer = names.optimizer
    if is_concept and optimizer == "momentum":
        optimizer = None
    if intent is Intent.OFF_TOPIC and not (workloads or batches or rates):
        optimizer = None
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


def _carries_over(own: _Reading, intent: Intent, slots: Slots, *, is_own: bool) -> bool:
    """Whether the text is a follow-up of its context and not a question by itself."""
    if intent in _NOTHING_CARRIED:
        return False
    if not is_own:
        return True
    points_back = bool(_POINTS_BACK.search(own.roles.marked))
    points_back |= len(own.roles.marked) <= _SHORTEST_SENTENCE
    if intent in _SELF_CONTAINED:
        return points_back and len(own.text) < 80
    if intent is Intent.SHOW_RUNS and _ALL_OF_THEM.search(own.roles.marked):
        return False
    needed = _NEEDED.get(intent, ("workload",))
    is_complete = all(getattr(slots, name) is not None for name in needed)
    return points_back or not is_complete


def _inherit(
    own: _Reading, before: _Reading, intent: Intent, slots: Slots, *, is_own: bool
) -> tuple[Slots, frozenset[str]]:
    """Return the slots filled up from the context, and the names of those filled."""
    earlier = _context_slots(before)
    asked_for = {Intent.MAX_BATCH_FOR_LR: "batch_size"}
    if is_own:
        asked_for[Intent.FASTEST_BATCH] = "batch_size"
        asked_for[Intent.RECOMMEND_LR] = "learning_rate"
    carried = {
        name: getattr(earlier, name)
        for name in SLOT_NAMES
        if getattr(slots, name) is None
        and getattr(earlier, name) is not None
        and name != asked_for.get(intent)
    }
    is_second = isinstance(slots.workload, str) and isinstance(earlier.workload, str)
    if (
        intent is Intent.COMPARE_MODELS
        and is_own
        and is_second
        and slots.workload != earlier.workload
        and _WITH_ANOTHER.search(own.roles.marked)
    ):
        carried["workload"] = (earlier.workload, slots.workload)
    return replace(slots, **carried), frozenset(carried)


def _context_slots(before: _Reading) -> Slots:
    """Return the context's slots; of several rates in an answer the first counts."""
    slots = _slots(before, _intent_alone(before))
    roles = before.roles
    is_answer = bool(_OFFER.search(roles.marked)) or "?" not in before.text
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

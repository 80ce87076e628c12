"""The values a text names, as the slots of a question (pure)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from advisor.checks import several
from advisor.reading.batches import Batch
from advisor.reading.clauses import choose_batches, choose_rates
from advisor.reading.intents import Intent
from advisor.reading.proposals import proposed_places
from advisor.reading.question import Slots
from advisor.reading.reading import Reading
from advisor.reading.roles import Roles
from advisor.reading.sides import read_sides
from advisor.reading.text import Mark
from experiments.workloads.registry import WORKLOADS, names_of_kind

# Intents that speak of jobs, concepts or nothing: only a text that points back
# ("cancel it", "why?") carries anything over.
SELF_CONTAINED = (
    Intent.EXPLAIN_CONCEPT,
    Intent.STATUS_OF_JOBS,
    Intent.CANCEL,
)


_OF_ONE_RUN = (
    *(Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.RUN_VERIFICATION),
    Intent.DIAGNOSE,
)
_COMPARED = re.compile(
    rf"{Mark.OPTIMIZER} ?(?:,|or|and|vs\.?|versus|/|from|to|with) ?{Mark.OPTIMIZER}"
)
_SHORT = 80  # characters of a marked text


_OF_SEVERAL = (Intent.COMPARE_MODELS, Intent.RECOMMEND_LR, Intent.JUDGE_LR)


NOTHING_CARRIED = (Intent.HELP, Intent.OFF_TOPIC)


# A rate from here on, and a batch size beyond here, is more likely a slip (our choice;
# the public grids we know of stay below both).
_LARGE_RATE = 1.0


_LARGE_BATCH = 65_536


def slots_of(reading: Reading, intent: Intent) -> Slots:
    """Return what the text itself says."""
    if intent is Intent.DIFFERENCE:
        return _slots_of_sides(reading)
    roles, names = reading.roles, reading.names
    if intent is Intent.DIAGNOSE:
        roles = without_proposed(roles)
    is_loose = intent in (*SELF_CONTAINED, *NOTHING_CARRIED)
    if is_loose:
        sure = [batch for batch in roles.batches if batch.is_explicit]
        roles = replace(roles, batches=sure)
    batches: tuple[int, ...] = ()
    if intent is not Intent.MAX_BATCH_FOR_LR:
        batches = choose_batches(roles, all_named=intent is Intent.SCALING_RULE)
    rates = list(roles.rates)
    if intent is not Intent.OFF_TOPIC:
        rates = list(dict.fromkeys(roles.all_rates))
    if intent is Intent.JUDGE_LR and len(rates) > 1:
        rates = choose_rates(roles) or rates
    workloads = names.workloads
    if intent in _OF_ONE_RUN and workloads and not batches:
        batches = _left_over(roles)
    if intent is Intent.HELP and set(workloads) <= set(WORKLOADS):
        workloads = workloads if len(workloads) == 1 else ()
    if len(workloads) == len(WORKLOADS) and intent not in _OF_SEVERAL:
        workloads = ()
    if intent is Intent.COMPARE_MODELS and not workloads:
        workloads = names_of_kind("faces") if "face" in reading.text.lower() else ()
    is_concept = intent in (Intent.EXPLAIN_CONCEPT, *NOTHING_CARRIED)
    optimizer = names.optimizer
    if is_concept and (optimizer == "momentum" or _COMPARED.search(roles.marked)):
        optimizer = None
    if intent is Intent.OFF_TOPIC and not (workloads or batches or rates):
        optimizer = None
    if intent is Intent.OFF_TOPIC:
        rates = [rate for rate in rates if rate < 1]
    return Slots(
        workload=one_or_all(workloads),
        batch_size=one_or_all(batches),
        learning_rate=one_or_all(rates),
        optimizer=optimizer,
        device=names.device,
    )


def _slots_of_sides(reading: Reading) -> Slots:
    """The settings that are compared: a score beside one is no rate."""
    names, sides = reading.names, read_sides(reading.text, reading.names.workloads)
    told = [sides.a, sides.b] if sides else []
    rates = dict.fromkeys(x.learning_rate for x in told if x.learning_rate is not None)
    batches = dict.fromkeys(x.batch_size for x in told if x.batch_size is not None)
    return Slots(
        workload=one_or_all(names.workloads),
        batch_size=one_or_all(tuple(batches)),
        learning_rate=one_or_all(tuple(rates)),
        optimizer=names.optimizer,
        device=names.device,
    )


def _left_over(roles: Roles) -> tuple[int, ...]:
    """The one number of a short text that is nothing else, as a batch size."""
    is_short = len(roles.marked) < _SHORT
    return tuple(roles.spare) if is_short and len(roles.spare) == 1 else ()


def without_proposed(roles: Roles) -> Roles:
    """The roles without what is only thought of; where nothing else is, all of it."""
    proposed = proposed_places(roles.marked)
    kept = [b for b in roles.batches if not _places(roles, b) & proposed]
    rates = [(at, rate) for at, rate in roles.placed_rates if at not in proposed]
    return replace(
        roles, batches=kept, placed_rates=rates, all_rates=[rate for _, rate in rates]
    )


def proposed_in(reading: Reading) -> Slots:
    """What a text only thinks of: another batch size, another rate."""
    roles = reading.roles
    places = proposed_places(roles.marked)
    sizes = [b.values for b in roles.batches if _places(roles, b) & places]
    rates = [rate for place, rate in roles.placed_rates if place in places]
    return Slots(
        batch_size=one_or_all([size for values in sizes for size in values]),
        learning_rate=one_or_all(rates),
    )


def _places(roles: Roles, batch: Batch) -> set[int]:
    """Where the sizes of a batch stand: from its first word to its last number."""
    end, left = batch.position, len(batch.values)
    while left and end < len(roles.marked):
        left -= roles.marked[end] == Mark.BATCH
        end += 1
    return set(range(batch.position, end))


def one_or_all(values: Sequence[Any]) -> Any:
    """Return None, the one value, or a tuple of several."""
    return (values[0] if len(values) == 1 else tuple(values)) if values else None


def slot_warnings(slots: Slots) -> list[str]:
    """Return a sentence for each value that can hardly be meant as it stands."""
    found = []
    for rate in several(slots.learning_rate):
        if rate <= 0:
            found.append(f"A learning rate of {rate:g} is not positive.")
        elif rate >= _LARGE_RATE:
            found.append(
                f"A learning rate of {rate:g} is unusually high; perhaps a batch size?"
            )
    for size in several(slots.batch_size):
        if size < 1:
            found.append(f"A batch size of {size} is below 1.")
        elif size > _LARGE_BATCH:
            found.append(f"A batch size of {size:.6g} is unusually large.")
    return found

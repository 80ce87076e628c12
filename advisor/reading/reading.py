"""One text read by itself: names, what its numbers are, conditions, and cues."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.reading.conditions import Conditions, read_conditions
from advisor.reading.effective import Roles
from advisor.reading.intents import Cues, read_cues
from advisor.reading.log_lines import read_log
from advisor.reading.names import Names, find_names
from advisor.reading.numbers import mark_numbers
from advisor.reading.pasted import settings_in_words
from advisor.reading.recipes import find_setting
from advisor.reading.roles import read_roles
from advisor.reading.text import plain

_ID = re.compile(r"\b(?P<kind>job|run|claim|answer):(?P<id>[\w-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What one text says; `job` is a job's id or number if it names one."""

    text: str
    names: Names
    roles: Roles
    cues: Cues
    conditions: Conditions
    job: str | None

    @property
    def marked(self) -> str:
        """The text with a marker for each name and number."""
        return self.roles.marked

    @property
    def has_rate(self) -> bool:
        """Whether a number in it is a learning rate."""
        return bool(self.roles.rates or self.roles.bare_rates)


def read_text(text: str, known: Sequence[str]) -> Reading:
    """Return what a text says by itself; `known` are workloads beside the built-in."""
    text = plain(text)
    ids = _ID.search(text)
    job = ids["id"] if ids and ids["kind"].lower() == "job" else None
    log = read_log(_ID.sub(r"\g<kind> ", text))
    said, notes = settings_in_words(log.in_words)
    rest, recipe, precision = find_setting(said)
    names = find_names(rest, known=known)
    marked, numbers = mark_numbers(names.marked)
    roles = read_roles(marked, numbers)
    roles.warnings[:0] = notes
    if log.seen:  # "what happened between 90 and 110" speaks of its lines
        roles.batches = [batch for batch in roles.batches if batch.is_explicit]
    cues, conditions = read_cues(roles.marked), read_conditions(marked, numbers)
    conditions = replace(conditions, recipe=recipe, precision=precision)
    return Reading(text, names, roles, cues, conditions, job or roles.job)

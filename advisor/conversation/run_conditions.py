"""Which stored runs a question means, as SQL and as words (pure).

Every condition that was understood is in the query and in the sentence. The query that
is shown is the one that is run, so values are written into it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.checks import several
from advisor.rates import rate_text
from advisor.reading.outcome_words import OUTCOMES, named_outcomes, outcomes_verb
from advisor.reading.question import Question
from advisor.words import (
    count_text,
    joined,
    optimizer_title,
    title_of,
)
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES
from knowledge.records import LIBRARY, OURS, STUDY, TOLD

_OVER = "above|over|beyond|exceeding|more than|higher than|larger than|bigger than"
_UNDER = "below|under|less than|lower than|smaller than"
_LIMIT = re.compile(
    rf"\b(?:(?P<gt>{_OVER})|(?P<lt>{_UNDER})|(?P<ge>at least|from)|"
    r"(?P<le>at most|up to|until))"
    r"(?: (?:a|an|the|batch|size|bs|lr|rate|learning|of))* ?"
    r"(?P<number>\d[\d.,]*(?:e-?\d+)?k?)"
)
_SIGNS = {"gt": ">", "lt": "<", "ge": ">=", "le": "<="}
_SIGN_WORDS = {">": "above ", "<": "below ", ">=": "from ", "<=": "up to "}
_BETWEEN = re.compile(r"\b(?:between|from) [^?]*?\d\S* (?:and|to) \S*\d")
_SEEDS = re.compile(
    r"\bseeds?\s*(?:#|=|:|no\.?|number)?\s*(\d+(?:\s*(?:,|and|or)\s*\d+)*)"
)
_OWN = re.compile(
    r"\b(?:my|our)(?: own)? (?:\w+ ){0,2}(?:runs?|ones?)\b|\bours\b|"
    r"\bof (?:my|our) own\b|\b(?:i|we) (?:ran|made)\b"
)
_FROM_STUDY = re.compile(r"\bstud(?:y|y's|ies)\b|\bshipped\b|\bships? with\b")
_IMPORTED = re.compile(r"\bimport(?:ed|s)?\b")


@dataclass(frozen=True)
class RunQuery:
    """A question's runs: `where` without the outcomes, and `words` to follow "runs"."""

    where: str
    words: str
    outcomes: frozenset[str] | None

    @property
    def matching(self) -> str:
        """The condition with the outcomes, if any were named."""
        if self.outcomes is None:
            return self.where
        names = sorted(self.outcomes, key=OUTCOMES.index)
        ended = _among("outcome", names)
        return ended if self.where == "true" else f"{self.where} and {ended}"

    @property
    def count_sql(self) -> str:
        """How many runs have each outcome, of the named ones."""
        return (
            f"select outcome, count(*) as runs from runs where {self.matching} "
            "group by outcome order by runs desc, outcome"
        )


def read_conditions(q: Question, *, sources: Sequence[str] = ()) -> RunQuery:
    """Return which runs a question means; `sources` are those the store knows."""
    text = q.text.lower()
    found = [
        *_workloads(q),
        *_numbers(text, "batch_size", "at batch", several(q.slots.batch_size)),
        *_numbers(text, "learning_rate", "at rate", several(q.slots.learning_rate)),
        *_settings(q, text),
        *_origin(text, sources),
    ]
    return RunQuery(
        where=" and ".join(sql for sql, _ in found) or "true",
        words=" ".join(words for _, words in found),
        outcomes=named_outcomes(q.text),
    )


def runs_found_text(query: RunQuery, *, total: int, matching: Mapping[str, int]) -> str:
    """Return how many runs there are, under which conditions, and how they ended.

    `total` leaves the outcome open; `matching` counts those asked for, by outcome.

    >>> failed = RunQuery("true", "at batch 12", frozenset({"diverged", "degraded"}))
    >>> runs_found_text(failed, total=9, matching={"diverged": 2})
    'Of 9 runs at batch 12, 2 failed (2 diverged).'
    """
    words = f" {query.words}" if query.words else ""
    if not total:
        return f"No run{words} is stored."
    runs = f"{count_text(total, 'run')}{words}"
    found, shares = sum(matching.values()), _by_outcome(matching)
    if query.outcomes is None:
        return f"{runs}: {shares}."
    verb = outcomes_verb(query.outcomes)
    if not found:
        return (
            f"Of {runs}, none {verb.replace('were ', 'was ').replace('have', 'has')}."
        )
    if found == 1:
        verb = verb.replace("were ", "was ").replace("have", "has")
    ways = f" ({shares})" if len(query.outcomes) > 1 else ""
    return f"Of {runs}, {found} {verb}{ways}."


def _by_outcome(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {outcome}" for outcome, n in counts.items())


Condition = tuple[str, str]  # SQL, words


def _workloads(q: Question) -> list[Condition]:
    """A model's narrower copies are asked for along with it."""
    names = several(q.slots.workload)
    if not names:
        return []
    parts = [_among("workload", names)]
    whole = [name for name in names if not WorkloadName.parse(name).is_proxy]
    copied = [n for n in whole if (spec := find_spec(n)) and spec.can_shrink]
    if copied:
        parts.append(_among("split_part(workload, '@', 1)", copied))
    sql = parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
    words = f"of {_either([title_of(name) for name in names])}"
    return [(sql, words + (" with narrower copies" if copied else ""))]


def _numbers(
    text: str, column: str, words: str, values: Sequence[float]
) -> list[Condition]:
    if not values:
        return []
    is_rate = column == "learning_rate"
    shown = [rate_text(v) if is_rate else f"{v:g}" for v in values]
    if len(values) == 2 and _BETWEEN.search(text):
        low, high = min(values), max(values)
        said = [shown[values.index(low)], shown[values.index(high)]]
        return [
            (
                f"{column} between {low!r} and {high!r}",
                f"{words} {said[0]} to {said[1]}",
            )
        ]
    sign = _limit_on(text, values[0]) if len(values) == 1 else None
    if sign is not None:
        return [
            (f"{column} {sign} {values[0]!r}", f"{words} {_SIGN_WORDS[sign]}{shown[0]}")
        ]
    if is_rate:  # imported rates may have been stored with fewer digits
        near = [f"round(learning_rate / {value!r}, 6) = 1" for value in values]
        sql = near[0] if len(near) == 1 else f"({' or '.join(near)})"
    else:
        sql = f"{column} in ({', '.join(repr(int(v)) for v in values)})"
    return [(sql, f"{words} {_either(shown)}")]


def _limit_on(text: str, value: float) -> str | None:
    """The sign that a text puts before a value: "above 1e-3"."""
    for found in _LIMIT.finditer(text):
        digits = found["number"].rstrip(".,").replace(",", "")
        number = float(digits.rstrip("k")) * (1000 if digits.endswith("k") else 1)
        if abs(number - value) <= 1e-9 * abs(value):
            return next(s for name, s in _SIGNS.items() if found[name])
    return None


def _settings(q: Question, text: str) -> list[Condition]:
    """Recipe or optimizer, precision, device and seed."""
    found: list[Condition] = []
    recipe, optimizer = q.conditions.recipe, q.slots.optimizer
    if recipe is None and optimizer in RECIPES and optimizer != "sgd":
        named = RECIPES[optimizer]
        recipe = optimizer if named.optimizer != optimizer else None
    if recipe is not None:
        found.append((f"recipe = {_quoted(recipe)}", f"with recipe {recipe}"))
    elif optimizer is not None:
        title = optimizer_title(optimizer)
        found.append((f"optimizer = {_quoted(optimizer)}", f"with {title}"))
    if precision := q.conditions.precision:
        found.append((f'"precision" = {_quoted(precision)}', f"in {precision}"))
    if q.slots.device is not None:
        device = q.slots.device
        found.append((f"starts_with(device, {_quoted(device)})", f"on {device}"))
    if seeds := [
        int(n) for said in _SEEDS.findall(text) for n in re.findall(r"\d+", said)
    ]:
        shown = [str(seed) for seed in seeds]
        found.append((f"seed in ({', '.join(shown)})", f"with seed {_either(shown)}"))
    return found


def _origin(text: str, sources: Sequence[str]) -> list[Condition]:
    others = [s for s in sources if s not in (OURS, STUDY, TOLD) and _is_said(s, text)]
    if others:
        return [(_among("source", others), f"from {_either(others)}")]
    if _IMPORTED.search(text):
        kept = ", ".join(map(_quoted, (OURS, STUDY, TOLD, *LIBRARY)))
        return [(f"source not in ({kept})", "from imports")]
    is_of_study, is_own = _FROM_STUDY.search(text), _OWN.search(text)
    if is_of_study and not is_own:
        return [(f"source = {_quoted(STUDY)}", "of the study")]
    if is_own and not is_of_study:  # made here, imported or told of
        shipped = ", ".join(map(_quoted, (STUDY, *LIBRARY)))
        return [(f"source not in ({shipped})", "of yours")]
    return []


def _is_said(source: str, text: str) -> bool:
    name = re.escape(source.lower())
    return bool(re.search(rf"\b(?:from|by|source)(?: the)?:? {name}(?!\w)", text))


def _either(words: Sequence[str]) -> str:
    """Words of which one holds.

    >>> _either(["2", "5", "12"])
    '2, 5 or 12'
    """
    return joined(words).replace(" and ", " or ")


def _among(column: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{column} = {_quoted(values[0])}"
    return f"{column} in ({', '.join(map(_quoted, values))})"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

"""What an answer and the tools' results say, sorted for comparing prose with it (pure).

The decision to know: a number counts only in the role it has in its source. A rate that
some run used is no rate to use, and what holds at one batch size is nothing at another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from advisor.language.text import plain
from advisor.language_model.figures import (
    BATCH,
    COUNT,
    EXPONENT,
    PROBABILITY,
    SECONDS,
    SHARE,
    STEPS,
    Figure,
    read_figures,
)
from advisor.wording import title_of
from experiments.workloads import WORKLOADS

ADVISED, ASKED = "advised", "asked"
_KINDS = {
    "batch_size": BATCH,
    "horizon_steps": STEPS,
    "steps": STEPS,
    "estimated_seconds": SECONDS,
    "n_runs": COUNT,
    "n_claims": COUNT,
}
_COUNTED_LISTS = ("runs", "recommendations", "judgements")
# A word of letters and digits: a workload, a recipe, an id.
_NAME = re.compile(r"(?<![\w.@/-])[A-Za-z_][\w@/:-]*(?:\.\w+)*\d[\w@/:-]*")


@dataclass(frozen=True)
class Fact:
    """One rate with what is said of it; None where the source leaves something open.

    `own`: it stands in the answer itself and not only in a tool's result.
    """

    role: str
    rate: Decimal
    batch_size: Decimal | None
    workload: str | None
    probability: Decimal | None
    verdict: str | None
    steps: Decimal | None
    own: bool


@dataclass(frozen=True)
class Interval:
    """A median with its ends: of a threshold, or of the best rate."""

    of: str
    low: Decimal
    median: Decimal
    high: Decimal
    batch_size: Decimal
    workload: str
    steps: Decimal | None


@dataclass(frozen=True)
class Record:
    """A sentence or a line of evidence, with its numbers."""

    text: str
    figures: tuple[Figure, ...]


@dataclass
class Facts:
    """All that may be said, growing with each tool's result."""

    facts: list[Fact] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    numbers: set[tuple[str, Decimal]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    workloads: set[str] = field(default_factory=lambda: set(WORKLOADS))
    counts: set[tuple[str, Decimal]] = field(default_factory=set)
    largest_batches: list[Decimal | None] = field(default_factory=list)

    def own(self, role: str) -> list[Fact]:
        """The answer's own facts in one role."""
        return [f for f in self.facts if f.own and f.role == role]

    def every_number(self) -> set[Decimal]:
        """All values, whatever they are of."""
        rates = {f.rate for f in self.facts}
        said = {f.value for r in self.records for f in r.figures}
        return rates | said | {value for _, value in self.numbers}


def facts_of_answer(document: Mapping[str, Any]) -> Facts:
    """Return what an answer's JSON document says.

    Numbers in the question count only as slots: what the reading recognised.
    """
    facts = Facts()
    said = {
        key: document.get(key)
        for key in ("recommendations", "judgements", "evidence", "verification")
    }
    for row in document.get("rows") or []:
        if "largest_batch" in row:
            _add_largest(facts, row["largest_batch"])
    slots = document["slots"]
    for name in _several(slots.get("workload")):
        facts.names.add(str(name))
    for batch in _several(slots.get("batch_size")):
        facts.numbers.add((BATCH, _number(batch)))
    found = said["recommendations"] or []
    if len(found) == len(said["judgements"] or []):
        said["judgements"] = [
            {**judged, "recommendation": r}
            for judged, r in zip(said["judgements"] or [], found, strict=True)
        ]
    _collect(facts, said, own=True)
    _add_text(facts, str(document["text"]))
    rates = [_number(rate) for rate in _several(slots.get("learning_rate"))]
    workloads = _several(slots.get("workload"))
    if facts.largest_batches and len(rates) == len(workloads) == 1:
        largest = facts.largest_batches[0]
        facts.facts.append(_asked_largest(rates[0], largest, str(workloads[0]), True))
    return facts


def add_result(facts: Facts, result: Mapping[str, Any]) -> None:
    """Add what a tool returned."""
    _collect(facts, result, own=False)


def _several(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _number(value: object) -> Decimal:
    """The number as JSON writes it, so that 5.71e-05 is exactly that."""
    return Decimal(repr(value) if isinstance(value, float) else str(value))


def _collect(facts: Facts, value: object, *, own: bool) -> None:
    if isinstance(value, Mapping):
        _add_row(facts, value, own=own)
        for key, below in value.items():
            if key in _KINDS and _is_number(below):
                facts.numbers.add((_KINDS[key], _number(below)))
            elif key in _COUNTED_LISTS and isinstance(below, list):
                facts.numbers.add((COUNT, Decimal(len(below))))
                names = Counter(row.get("workload") for row in below)
                facts.counts |= {(str(w), Decimal(n)) for w, n in names.items()}
            if key == "scaling_rules" and isinstance(below, Mapping):
                shares = {(SHARE, _number(v)) for v in below.values()}
                facts.numbers |= shares
            elif key not in ("question", "id", "used", "excluded"):
                _collect(facts, below, own=own)
    elif isinstance(value, list | tuple):
        for below in value:
            _collect(facts, below, own=own)
    elif isinstance(value, str):
        _add_text(facts, value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _add_row(facts: Facts, row: Mapping[str, Any], *, own: bool) -> None:
    rate, batch, workload = (
        row.get(key) for key in ("learning_rate", "batch_size", "workload")
    )
    if not isinstance(workload, str):
        return
    facts.names |= {workload, title_of(workload)}
    facts.workloads.add(workload)
    facts.counts |= {
        (workload, _number(row[key])) for key in ("n_runs", "n_claims") if key in row
    }
    if "reason" in row and isinstance(batch, Mapping | None) and _is_number(rate):
        _add_largest(facts, batch)
        largest = _number(batch["median"]) if batch else None
        facts.facts.append(_asked_largest(_number(rate), largest, workload, own))
    if not _is_number(batch):
        return
    for name in ("max_stable", "best"):
        if isinstance(row.get(name), Mapping):
            _add_interval(facts, name, row, _number(batch), workload)
    exponent = row.get("exponent")
    if isinstance(exponent, Mapping):
        facts.numbers |= {
            (EXPONENT, _number(exponent[key])) for key in ("low", "median", "high")
        }
        facts.numbers.add((SHARE, _number(exponent["level"])))
    if not _is_number(rate) or not ("verdict" in row or "basis" in row):
        return
    p = row.get("probability_stable")
    probability = _number(p) if _is_number(p) else None
    if probability is not None:
        facts.numbers.add((PROBABILITY, probability))
    role = ASKED if "verdict" in row else ADVISED
    facts.facts.append(
        Fact(
            role,
            _number(rate),
            _number(batch),
            workload,
            probability,
            row.get("verdict"),
            _steps(row),
            own=own,
        )
    )


def _asked_largest(
    rate: Decimal, largest: Decimal | None, workload: str, own: bool
) -> Fact:
    return Fact(ASKED, rate, largest, workload, None, None, None, own=own)


def _add_interval(
    facts: Facts, of: str, row: Mapping[str, Any], batch: Decimal, workload: str
) -> None:
    found = row[of]
    low, median, high = (_number(found[key]) for key in ("low", "median", "high"))
    facts.intervals.append(
        Interval(of, low, median, high, batch, workload, _steps(row))
    )
    facts.numbers.add((SHARE, _number(found["level"])))


def _steps(row: Mapping[str, Any]) -> Decimal | None:
    """How many steps a rate is said to hold; a judgement has it from its answer."""
    inner = row.get("recommendation")
    steps = row.get("horizon_steps")
    if steps is None and isinstance(inner, Mapping):
        steps = inner.get("horizon_steps")
    return _number(steps) if _is_number(steps) else None


def _add_largest(facts: Facts, found: Mapping[str, Any] | None) -> None:
    facts.largest_batches.append(_number(found["median"]) if found else None)
    if found:
        facts.numbers |= {
            (BATCH, _number(found[key])) for key in ("low", "median", "high")
        }
        facts.numbers.add((SHARE, _number(found["level"])))


def _add_text(facts: Facts, text: str) -> None:
    facts.names |= set(_NAME.findall(text))
    for sentence in sentences(plain(text)):
        reading = read_figures(sentence, facts.names)
        facts.records.append(Record(reading.text, reading.figures))
        facts.numbers |= {(f.kind, f.value) for f in reading.figures}


def sentences(text: str) -> Iterable[str]:
    """Return the sentences of a text in plain characters, semicolons ending one.

    >>> list(sentences("Start at 1.5e-4. P(stable) 0.9; more"))
    ['Start at 1.5e-4.', 'P(stable) 0.9;', 'more']
    """
    return [part for part in re.split(r"(?<=[.!?;])\s+|\n+", text) if part.strip()]

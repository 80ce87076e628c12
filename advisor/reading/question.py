"""What a text was understood to ask: Slots and Question, plain records (pure).

A follow-up takes what it leaves unsaid from the Question of the turn before, never
from the words of an answer.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from advisor.reading.conditions import UNCONDITIONAL, Conditions
from advisor.reading.intents import Intent
from knowledge.records import Document

Workloads = str | tuple[str, ...] | None


BatchSizes = int | tuple[int, ...] | None


LearningRates = float | tuple[float, ...] | None


SLOT_NAMES = ("workload", "batch_size", "learning_rate", "optimizer", "device")


@dataclass(frozen=True)
class Slots(Document):
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
class Offer:
    """Runs that an answer offered to make; their rates are ours to choose.

    Where it is known by its words alone, workload and batch sizes are the turn's.
    """

    workload: str | None = None
    batch_sizes: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()


@dataclass(frozen=True)
class Question:
    """A text as it was understood.

    `wanted` is what was asked for, also where too little was said and `intent` is
    `needs_clarification`. `inherited` names the slots and conditions taken from the
    turn before. `told` are the words, of this turn or an earlier one, that tell what
    went wrong or what two settings scored, `carries` those that tell of a rate that
    held at another batch size, `described` those of all turns about a model that has no
    runs. `proposed` is what is only thought of: "reduce batch to
    2?". `offered` are the runs that its answer offered, to which a yes agrees. `job` is
    an id or a number, `confidence` the probability of the intent.
    """

    text: str
    intent: Intent
    slots: Slots
    wanted: Intent
    conditions: Conditions = UNCONDITIONAL
    inherited: frozenset[str] = frozenset()
    told: str | None = None
    carries: str | None = None
    described: str | None = None
    proposed: Slots = field(default_factory=Slots)
    offered: Offer | None = None
    confidence: float = 0.0
    alternatives: tuple[Intent, ...] = ()
    unknown_workload: str | None = None
    job: str | None = None
    budget_seconds: float | None = None
    warnings: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """What a follow-up builds on, as plain values."""
        return {
            **{name: getattr(self, name) for name in _KEPT},
            "slots": self.slots.to_dict(),
            "conditions": self.conditions.said,
            "offered": asdict(self.offered) if self.offered else None,
        }

    @classmethod
    def from_document(cls, values: Mapping[str, Any]) -> "Question":
        """The question that such a document was made of.

        Raises:
            KeyError, TypeError, ValueError: It is no such document.
        """
        names = {one.name for one in fields(Conditions)}
        conditions = {k: v for k, v in values["conditions"].items() if k in names}
        slots = {name: _tuple(values["slots"].get(name)) for name in SLOT_NAMES}
        offered = values["offered"]
        return cls(
            text=values["text"],
            intent=Intent(values["intent"]),
            wanted=Intent(values["wanted"]),
            slots=Slots(**slots),
            conditions=Conditions(**conditions),
            told=values["told"],
            carries=values.get("carries"),
            described=values.get("described"),
            unknown_workload=values.get("unknown_workload"),
            offered=Offer(**{k: _tuple(v) for k, v in offered.items()})
            if offered
            else None,
            job=values["job"],
        )


_KEPT = (
    *("text", "intent", "wanted", "told", "carries", "described", "unknown_workload"),
    "job",
)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

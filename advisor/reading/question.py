"""What a text was understood to ask: Slots and Question, plain records (pure)."""

from dataclasses import dataclass
from typing import Any

from advisor.reading.conditions import UNCONDITIONAL, Conditions

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

"""The records of a diagnosis: symptoms, side of the boundary, causes in order (pure).

A cause is likely, possible or unlikely; it has no probability.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from advisor.diagnosis.causes import CAUSE_WORDS, CauseName
from advisor.estimates import Estimate
from advisor.reading.symptoms import Symptoms
from knowledge.records import Document

SLOTS = ("workload", "batch_size", "learning_rate")
CLEARLY_HIGHER = 1.5  # a recommended rate by theirs: less makes no difference
FIRST_STEPS = 20  # a failure in these was there from the start (our choice)


class Side(StrEnum):
    """Where a rate lies: against the boundary, or that it is not known."""

    BELOW = "below"
    NEAR = "near"
    ABOVE = "above"
    UNKNOWN = "unknown"


class Likelihood(StrEnum):
    """How a cause is rated; the order says the rest."""

    LIKELY = "likely"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"


@dataclass(frozen=True)
class Cause:
    """One cause with the reason, what to change, and the run that would tell."""

    name: CauseName
    likelihood: Likelihood
    why: str
    change: str
    run: str | None = None

    @property
    def title(self) -> str:
        """The cause in a few words."""
        return CAUSE_WORDS[self.name].title


@dataclass(frozen=True)
class SimilarRuns:
    """How runs like the one asked about ended; `ids` are all of them."""

    workload: str
    batch_low: int
    batch_high: int
    rate_low: float
    rate_high: float
    n_runs: int
    n_diverged: int
    n_degraded: int
    median_failed_at: int | None
    last_failed_at: int | None
    ids: tuple[str, ...]

    @property
    def n_failed(self) -> int:
        """How many did not hold."""
        return self.n_diverged + self.n_degraded


@dataclass(frozen=True)
class Before(Document):
    """What is known of the same rate at the batch size before a change."""

    batch_size: int
    side: Side
    probability_stable: float | None
    threshold: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """The threshold with its quantity, also where that is None."""
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """The run that would tell, as a plan to confirm: nothing starts by itself."""

    workload: str
    batch_size: int
    learning_rates: tuple[float, ...]
    seeds: int


@dataclass(frozen=True)
class Diagnosis(Document):
    """What went wrong, on which side of the boundary, and the causes in order."""

    symptoms: Symptoms
    side: Side
    causes: tuple[Cause, ...]
    workload: str | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str | None = None
    probability_stable: float | None = None
    threshold: Estimate | None = None
    times_threshold: float | None = None
    recommended: float | None = None
    best: Estimate | None = None
    horizon_steps: int | None = None
    longest_run: int | None = None
    exponent: Estimate | None = None
    epsilon: float | None = None
    basis: str | None = None
    before: Before | None = None
    similar: SimilarRuns | None = None
    copies: SimilarRuns | None = None
    trial: Trial | None = None
    outlived: bool = False
    missing: tuple[str, ...] = ()

    @property
    def first(self) -> Cause:
        """The likeliest cause."""
        return self.causes[0]

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of the runs that were counted."""
        used = [self.similar]
        if any(cause.name is CauseName.LATE_FAILURE for cause in self.causes):
            used.append(self.seen_failing)
        found = [s.ids for s in used if s is not None]
        return tuple(dict.fromkeys(i for ids in found for i in ids))

    @property
    def seen_failing(self) -> SimilarRuns | None:
        """The runs whose failures say how late one may come: like it, else copies."""
        both = (self.similar, self.copies)
        return next((s for s in both if s is not None and s.n_failed > 1), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = {**super().to_dict(), "evidence": list(self.evidence)}
        for cause, said in zip(self.causes, values["causes"], strict=True):
            said["title"] = cause.title
        return values


def is_at_the_start(s: Symptoms) -> bool:
    """Whether it failed in the very first steps."""
    return s.from_the_start or (s.at_step is not None and s.at_step <= FIRST_STEPS)


def is_beyond(d: Diagnosis) -> bool:
    """Whether it failed later than our runs went, or than our answer speaks of."""
    step, known = d.symptoms.at_step, (d.horizon_steps, d.longest_run)
    return step is not None and any(n is not None and step > n for n in known)


def is_past_horizon(d: Diagnosis) -> bool:
    """Whether it failed at a later step than our answer speaks of."""
    step, horizon = d.symptoms.at_step, d.horizon_steps
    return step is not None and horizon is not None and step > horizon


def is_short(d: Diagnosis) -> bool:
    """Whether training was shorter than the runs we speak of."""
    step, horizon = d.symptoms.at_step, d.horizon_steps
    return step is not None and horizon is not None and step < horizon


def is_too_low(d: Diagnosis) -> bool:
    """Whether the rate lies below the boundary and a clearly higher one is advised.

    Where only scores are known it is below the range of the best rate.
    """
    rate, higher = d.learning_rate, d.recommended
    if rate is None or higher is None:
        return False
    if d.side is Side.UNKNOWN:
        return d.best is not None and rate < d.best.low
    return d.side is Side.BELOW and higher >= CLEARLY_HIGHER * rate

"""What the referee says of scaling rules: records, and their JSON (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import Estimate
from advisor.scaling.exponents import (
    HALF_BAND,
    exponent_of,
    leading_bands,
    normal_share,
    odds,
)
from knowledge.records import Document


class Verdict(StrEnum):
    """What the runs say of a statement."""

    SUPPORTED = auto()
    CONTRADICTED = auto()
    UNDECIDED = auto()


QUANTITY_WORDS = {"max_stable": "highest stable rate", "best": "best rate"}


@dataclass(frozen=True)
class Alone(Document):
    """What the runs of one origin say by themselves, without reports or other runs."""

    source: str
    n_runs: int
    exponent: Estimate | None
    scaling_rules: Mapping[str, float] | None


@dataclass(frozen=True)
class Finding(Document):
    """The exponent's posterior for one workload, setting and quantity.

    `n_runs` are the workload's own, `n_proxy_runs` those of its narrower copies.
    `n_batch_octaves` is what all of these span, `n_compared` counts the batch sizes
    with several rates, `ordered` is the share of pairs in which the failed run had the
    higher rate. `draws` are equally likely exponents by the runs alone; they judge
    claims. `prior` is the mean and sd believed before any run.
    """

    workload: str
    optimizer: str
    recipe: str | None
    quantity: str
    exponent: Estimate
    scaling_rules: Mapping[str, float]
    batch_range: tuple[int, int] | None
    n_batch_octaves: float
    n_compared: int
    n_runs: int
    n_proxy_runs: int
    n_claims: int
    held_fixed: str
    devices: tuple[str, ...]
    by_source: tuple[Alone, ...]
    prior: tuple[float, float]
    draws: NDArray[np.float64] = field(repr=False, compare=False)
    ordered: float | None = None

    @property
    def band(self) -> str:
        """The likeliest band of the exponent."""
        return leading_bands(self.scaling_rules)[0]

    @property
    def exponent_of_runs(self) -> Estimate:
        """The exponent by the runs alone: `exponent` rests on claims as well."""
        return exponent_of(self.draws, self.quantity)

    def share_near(self, exponent: float) -> float:
        """P(the exponent lies within 0.25 of a claimed one)."""
        return float((np.abs(self.draws - exponent) <= HALF_BAND).mean())

    def prior_share_near(self, exponent: float) -> float:
        """The same before any run."""
        return normal_share(exponent, *self.prior)

    def odds_moved(self, exponent: float) -> float:
        """By what factor the odds of a claimed exponent moved from the prior.

        By normal curves: draws cannot tell how small a share below a thousandth is.
        """
        sd = max(float(self.draws.std()), 1e-3)
        after = normal_share(exponent, float(self.draws.mean()), sd)
        return odds(after) / odds(self.prior_share_near(exponent))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what only verdicts need stays behind."""
        values = super().to_dict()
        for name in ("draws", "prior", "ordered"):
            del values[name]
        of_runs = self.exponent_of_runs.to_dict()
        return {**values, "exponent_of_runs": of_runs, "band": self.band}


@dataclass(frozen=True)
class Rule:
    """A claimed exponent, with where it applies.

    `implied` marks a power that the source's own rates follow, which it did not state.
    """

    id: str
    source: str
    statement: str
    quantity: str | None
    exponent: float
    workload: str | None = None
    optimizer: str | None = None
    recipe: str | None = None
    device: str | None = None
    implied: bool = False


@dataclass(frozen=True)
class WorkloadVerdict:
    """A rule against one finding."""

    workload: str
    optimizer: str
    recipe: str | None
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class ClaimVerdict(Document):
    """A rule against all findings it applies to, and the verdict over them.

    `elsewhere` counts the findings it says nothing about, by reason.
    """

    id: str
    source: str
    statement: str
    verdict: Verdict
    reason: str
    quantity: str | None
    exponent: float
    implied: bool
    applies: bool
    tally: Mapping[str, int]
    by_workload: tuple[WorkloadVerdict, ...]
    elsewhere: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class DecidingRun:
    """A run that would tell the two leading rules apart.

    `speaks_for` is the rule that a failure, or a better score, would speak for; cost
    and seed are None where the run cannot be made here.
    """

    workload: str
    batch_size: int
    learning_rate: float
    seed: int | None = None
    steps: int | None = None
    estimated_seconds: float | None = None
    speaks_for: str


@dataclass(frozen=True)
class Deciding:
    """The runs that would tell the rules `between` apart, by outcome or by score.

    `seconds` of wall clock, None where the runs cannot be made here.
    """

    runs: tuple[DecidingRun, ...] = ()
    between: tuple[str, ...] = ()
    quantity: str = "max_stable"
    recipe: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class FamilyTally(Document):
    """The exponents of a family's workloads, for one recipe and quantity.

    Order statistics of the medians: the fits share what they have in common already.
    """

    family: str
    optimizer: str
    recipe: str | None
    quantity: str
    n_workloads: int
    n_runs: int
    n_ours: int
    n_imported: int
    batch_range: tuple[int, int] | None
    median: float
    lowest: float
    highest: float
    bands: Mapping[str, int]


@dataclass(frozen=True)
class ScalingReport(Document):
    """The referee's report on one workload, or on the whole store (workload None).

    The first keys are about the leading finding: of the recipe that a recommendation is
    about, if it has evidence; else the one with most runs.
    """

    workload: str | None
    quantity: str
    exponent: Estimate | None
    scaling_rules: Mapping[str, float] | None
    batch_range: tuple[int, int] | None
    n_runs: int
    n_claims: int
    optimizer: str | None
    recipe: str | None
    held_fixed: str | None
    claims: tuple[ClaimVerdict, ...]
    deciding: Deciding
    findings: tuple[Finding, ...] = ()
    families: tuple[FamilyTally, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        values = super().to_dict()
        deciding = values.pop("deciding")
        names = ("runs", "between", "seconds")
        return {**values, **{f"deciding_{name}": deciding[name] for name in names}}

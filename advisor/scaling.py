"""The referee on scaling rules: what sources claim and what the runs say (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advisor.recommendation import Estimate, PlannedRun
from knowledge.records import Claim

SUPPORTED_ABOVE, CONTRADICTED_BELOW = 0.7, 0.1
MIN_RUNS = 8  # of our own or imported runs: with fewer nothing is decided
HALF_BAND = 0.25  # a rule is an exponent plus or minus this


@dataclass(frozen=True)
class ClaimVerdict:
    """One claimed exponent against the evidence."""

    id: str
    source: str
    statement: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class ScalingReport:
    """The posterior of the exponent, and the verdict on each claim about it."""

    workload: str | None
    quantity: str
    exponent: Estimate | None
    scaling_rules: dict[str, float] | None
    batch_range: tuple[int, int] | None
    n_runs: int
    n_claims: int
    optimizer: str | None
    held_fixed: str
    claims: tuple[ClaimVerdict, ...]
    deciding_runs: tuple[PlannedRun, ...]
    workloads: tuple["ScalingReport", ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        return {
            **vars(self),
            "exponent": self.exponent.to_dict() if self.exponent else None,
            "batch_range": list(self.batch_range) if self.batch_range else None,
            "claims": [vars(c) for c in self.claims],
            "deciding_runs": [r.to_dict() for r in self.deciding_runs],
            "workloads": [w.to_dict() for w in self.workloads],
        }


def judge_claims(
    claims: Sequence[Claim],
    *,
    shares: Sequence[float] | None,
    n_runs: int,
    quantity: str,
) -> tuple[ClaimVerdict, ...]:
    """Return a verdict per claimed exponent.

    Args:
        claims: Those with an exponent are judged.
        shares: Posterior probability that the exponent lies within 0.25 of the claimed
            one, one per judged claim in order; None when nothing is fitted.
        n_runs: Labelled or scored runs behind the posterior; the claims themselves
            cannot support each other.
        quantity: What the posterior speaks of, `max_stable` or `best`.
    """
    judged = [claim for claim in claims if claim.exponent is not None]
    verdicts = []
    for i, claim in enumerate(judged):
        share = shares[i] if shares is not None else None
        verdict, reason = _judge(claim, share, n_runs, quantity)
        verdicts.append(
            ClaimVerdict(claim.id, claim.source, claim.statement, verdict, reason)
        )
    return tuple(verdicts)


def _judge(
    claim: Claim, share: float | None, n_runs: int, quantity: str
) -> tuple[str, str]:
    if claim.quantity is not None and claim.quantity != quantity:
        return (
            "undecided",
            f"it speaks of the {_words(claim.quantity)} and the evidence here of the "
            f"{_words(quantity)}",
        )
    if share is None:
        return "undecided", "there is no evidence on this workload"
    text = f"P(exponent within {HALF_BAND:g} of {claim.exponent:g}) is {share:.2f}"
    if n_runs < MIN_RUNS:
        return "undecided", f"{text}, from {n_runs} runs: at least {MIN_RUNS} decide"
    if share >= SUPPORTED_ABOVE:
        return "supported", text
    if share <= CONTRADICTED_BELOW:
        return "contradicted", text
    return "undecided", text


def _words(quantity: str) -> str:
    return "highest stable rate" if quantity == "max_stable" else "best rate"

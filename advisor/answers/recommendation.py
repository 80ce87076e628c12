"""Question + evidence + model -> an answer with its interval and caveats (pure).

The recommended rate is the best rate where it is known, never above the cap, the
highest rate with a predictive P(stable) of at least 1 - risk; else the cap. Every
number leaves rounded as it is shown.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from advisor.answers.caveats import Caveat, Kind, find_caveats
from advisor.answers.seen import Seen, seen_near
from advisor.answers.tried import Tried, rates_tried
from advisor.estimates import LEVEL, Estimate, rounded_shares
from advisor.evidence.scope import DEFAULT_RISK, Asked, Exclusion, Scope
from advisor.evidence.selecting import Evidence, find_basis
from advisor.planning.plan import VerificationPlan
from advisor.rates import (
    factor_text,
    rate_text,
    round_exponent,
    round_rate,
    shown_rate,
)
from advisor.statistics.best_rate import BestRate
from advisor.statistics.threshold import StableLearningRateModel
from advisor.words import percent
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.records import Document

SAFE_UNKNOWN_SD = 2.5  # octaves: a threshold known no better supports no verdict
UNSAFE_BELOW = 0.25


@dataclass(frozen=True)
class EvidenceSummary(Document):
    """The ids an answer rests on, those left out and why, and the counts.

    Counted are the workload's own rows, runs of its copies at other widths and reports
    about related models; `by_workload` says how many of which.
    """

    used: tuple[str, ...]
    excluded: tuple[Exclusion, ...]
    n_runs: int
    n_claims: int
    by_workload: tuple[tuple[str, int, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        names = ("workload", "n_runs", "n_claims")
        rows = [dict(zip(names, row, strict=True)) for row in self.by_workload]
        return {**super().to_dict(), "by_workload": rows}


@dataclass(frozen=True)
class Recommendation(Document):
    """A rate with its interval, what it rests on, and what is thin."""

    workload: str
    batch_size: int
    optimizer: str
    recipe: str | None
    device: str
    precision: str
    horizon_steps: int | None
    learning_rate: float | None
    probability_stable: float | None
    max_stable: Estimate | None
    best: Estimate | None
    basis: str
    borrowed_from: tuple[str, ...]
    exponent: Estimate | None
    scaling_rules: dict[str, float] | None
    evidence: EvidenceSummary
    limits: tuple[Caveat, ...]
    verification: VerificationPlan
    risk: float = DEFAULT_RISK
    learning_rate_is: str | None = field(default=None)
    tried: Tried | None = None
    seen: Seen | None = None
    largest_known: "LargestKnown | None" = None

    @property
    def is_imported(self) -> bool:
        """Whether all that is known of its workload comes from files and reports."""
        return find_spec(self.workload) is None

    @property
    def setting(self) -> Asked:
        """What it holds for but length and risk, to ask the same of something else."""
        return Asked(
            optimizer=self.optimizer,
            recipe=self.recipe,
            device=self.device,
            precision=self.precision,
        )

    @property
    def shown(self) -> dict[str, Any]:
        """Its rates as sentences write them, to two digits."""
        known = self.largest_known and self.largest_known.learning_rate
        return {
            "learning_rate": self.learning_rate and shown_rate(self.learning_rate),
            "max_stable": _shown(self.max_stable),
            "best": _shown(self.best),
            "largest_known": known and shown_rate(known),
        }

    @property
    def caveats(self) -> tuple[str, ...]:
        """What limits the answer, one sentence each, gravest first."""
        return tuple(limit.text for limit in self.limits)

    def caveats_without(self, kind: Kind) -> list[str]:
        """The caveats but those of a kind, where the text has said it already."""
        return [limit.text for limit in self.limits if limit.kind != kind]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        values = {**super().to_dict(), "limits": list(self.caveats)}
        values["shown"] = self.shown
        return {"caveats" if k == "limits" else k: v for k, v in values.items()}


def _shown(estimate: Estimate | None) -> dict[str, float] | None:
    if estimate is None:
        return None
    names = ("median", "low", "high")
    return {name: shown_rate(getattr(estimate, name)) for name in names}


@dataclass(frozen=True)
class LargestKnown:
    """The largest batch size an answer can speak for, and the rate there."""

    batch_size: int
    learning_rate: float | None


@dataclass(frozen=True)
class Judgement(Document):
    """P(stable) of one rate at one batch size, the verdict and why it is that."""

    workload: str
    batch_size: int
    learning_rate: float
    optimizer: str
    recipe: str | None
    device: str
    probability_stable: float | None
    verdict: str
    recommendation: Recommendation
    reason: str = ""


def build_recommendation(
    scope: Scope,
    batch_size: int,
    *,
    evidence: Evidence,
    model: StableLearningRateModel,
    best: BestRate | None,
    verification: VerificationPlan,
    largest_known: LargestKnown | None = None,
) -> Recommendation:
    """Return the answer to "what rate at this batch size", with its reasons.

    With `largest_known` the batch size lies too far beyond the evidence for a rate.
    """
    basis = "none" if largest_known else find_basis(evidence, batch_size)
    rate: float | None = None
    probability: float | None = None
    threshold: Estimate | None = None
    exponent: Estimate | None = None
    rules: dict[str, float] | None = None
    rate_is: str | None = None
    best_estimate = _best_estimate(best)
    if basis != "none" and evidence.tells_stability:
        horizon = scope.horizon_steps
        cap = model.safe_rate(batch_size, scope.risk, horizon)
        found = model.threshold(batch_size, horizon, LEVEL)
        threshold = Estimate(
            round_rate(found.median),
            round_rate(found.low),
            round_rate(found.high),
            LEVEL,
        )
        rate, rate_is = round_rate(cap, down=True), "cap"
        if best is not None and best.start < cap:
            rate, rate_is = round_rate(best.start), "best"
        probability = round(model.probability_stable(batch_size, rate, horizon), 3)
        exponent = _exponent(model)
        rules = rounded_shares(model.scaling_rules())
    elif basis != "none" and best is not None:
        rate, rate_is = round_rate(best.start), "best"
        exponent = Estimate(
            round_exponent(best.exponent.median),
            round_exponent(best.exponent.low),
            round_exponent(best.exponent.high),
            best.exponent.level,
            "best",
        )
        rules = rounded_shares(best.scaling_rules)
    tried = None
    if rate is None:
        basis = "none"
    else:
        tried = rates_tried(evidence, batch_size, rate)
        brackets = any(run.is_measured for run in evidence.labelled_at(batch_size))
        if basis == "measured" and not (brackets or tried.holds()):
            basis = "interpolated"
    return Recommendation(
        workload=scope.workload,
        batch_size=batch_size,
        optimizer=scope.optimizer,
        recipe=scope.recipe,
        device=scope.device,
        precision=scope.precision,
        horizon_steps=scope.horizon_steps,
        learning_rate=rate,
        probability_stable=probability,
        max_stable=threshold,
        best=best_estimate if rate is not None else None,
        basis=basis,
        borrowed_from=_borrowed_from(evidence),
        exponent=exponent,
        scaling_rules=rules,
        evidence=_summarize(evidence),
        limits=find_caveats(
            scope,
            batch_size,
            evidence,
            basis,
            rate,
            knows_best=best is not None,
            knows_threshold=threshold is not None,
            largest_known=largest_known.batch_size if largest_known else None,
        ),
        verification=verification,
        risk=scope.risk,
        learning_rate_is=rate_is,
        tried=tried,
        seen=seen_near(evidence, batch_size),
        largest_known=largest_known,
    )


def build_judgement(
    recommendation: Recommendation,
    learning_rate: float,
    *,
    model: StableLearningRateModel,
) -> Judgement:
    """Return whether one rate is safe at one batch size."""
    r = recommendation
    probability: float | None = None
    verdict, reason = "unknown", _why_unknown(r, learning_rate)
    if r.basis != "none" and r.max_stable is not None:
        probability = round(
            model.probability_stable(r.batch_size, learning_rate, r.horizon_steps), 3
        )
        sd = model.threshold(r.batch_size, r.horizon_steps).sd_octaves
        verdict = _verdict(probability, sd, r.risk)
        reason = _verdict_reason(r, verdict, sd)
    return Judgement(
        workload=r.workload,
        batch_size=r.batch_size,
        learning_rate=learning_rate,
        optimizer=r.optimizer,
        recipe=r.recipe,
        device=r.device,
        probability_stable=probability,
        verdict=verdict,
        recommendation=r,
        reason=reason,
    )


def _verdict_reason(r: Recommendation, verdict: str, sd_octaves: float) -> str:
    asked = percent(1 - r.risk)
    return {
        "safe": f"At least the {asked} of runs asked for should hold.",
        "risky": f"Fewer than the {asked} of runs asked for should hold.",
        "unsafe": f"At most {percent(UNSAFE_BELOW)} of runs should hold.",
        "unknown": f"The limit is known only to within {factor_text(sd_octaves)}.",
    }[verdict]


def _why_unknown(r: Recommendation, learning_rate: float) -> str:
    """Why nothing is said of a rate's stability, and what the scores say of it."""
    if r.largest_known is not None:
        return r.caveats[0]
    if r.best is None:
        return f"Nothing is known about {r.workload} under these settings."
    text = f"No run of {r.workload} says whether it was stable."
    ratio = learning_rate / r.best.median
    if r.best.low <= learning_rate <= r.best.high:
        return f"{text} The rate lies where the best score is expected."
    side, factor = ("above", ratio) if ratio > 1 else ("below", 1 / ratio)
    said = f"{factor:.2g}" if factor < 10 else f"{factor:.0f}"
    return (
        f"{text} The rate lies a factor of {said} {side} the best one, "
        f"{rate_text(r.best.median)}."
    )


def _verdict(probability: float, sd_octaves: float, risk: float) -> str:
    if probability >= 1 - risk:
        return "safe"
    if probability <= UNSAFE_BELOW:
        return "unsafe"
    return "unknown" if sd_octaves > SAFE_UNKNOWN_SD else "risky"


def _best_estimate(best: BestRate | None) -> Estimate | None:
    if best is None:
        return None
    return Estimate(
        round_rate(best.median),
        round_rate(best.low),
        round_rate(best.high),
        best.level,
    )


def _exponent(model: StableLearningRateModel) -> Estimate:
    found = model.exponent(LEVEL)
    return Estimate(
        round_exponent(found.median),
        round_exponent(found.low),
        round_exponent(found.high),
        LEVEL,
        "max_stable",
    )


def _borrowed_from(evidence: Evidence) -> tuple[str, ...]:
    names = {body.workload for body in evidence.siblings}
    if evidence.scored:
        names |= {rows[0].workload for rows in evidence.scored_siblings if rows}
    return tuple(sorted(names))


def _summarize(evidence: Evidence) -> EvidenceSummary:
    own = evidence.own
    base = WorkloadName.parse(own.workload).base.lower()
    runs = {r.id: own.workload for r in (*own.runs, *evidence.scored)}
    claims = {c.id: own.workload for c in own.claims}
    for body in evidence.siblings:
        if body.workload == own.workload:  # under another recipe: listed as left out
            continue
        claims |= {c.id: body.workload for c in body.claims}
        if WorkloadName.parse(body.workload).base.lower() == base:
            runs |= {r.id: body.workload for r in body.runs}
    n_runs, n_claims = Counter(runs.values()), Counter(claims.values())
    return EvidenceSummary(
        used=(*sorted(runs), *sorted(claims)),
        excluded=tuple(e for e in evidence.excluded if e.id not in {*runs, *claims}),
        n_runs=len(runs),
        n_claims=len(claims),
        by_workload=tuple(
            (name, n_runs[name], n_claims[name])
            for name in sorted(
                {*n_runs, *n_claims}, key=lambda n: (n != own.workload, n)
            )
        ),
    )

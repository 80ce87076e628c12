"""The referee on scaling rules: what sources claim and what the runs say (pure).

A verdict needs more than a small or a large probability: enough runs, over enough batch
sizes, that moved the probability from where it stood before any run. Otherwise the
prior would judge the claims.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import LEVEL, Estimate
from advisor.evidence.scope import ADAPTIVE
from advisor.evidence.selecting import has_failed
from advisor.evidence.trajectories import is_labelled
from advisor.rates import octaves_text, round_exponent
from knowledge.names import WorkloadName
from knowledge.records import OURS, STUDY, Claim, Run

SUPPORTED_ABOVE, CONTRADICTED_BELOW = 0.7, 0.1
MIN_RUNS = 8  # of our own or imported runs: with fewer nothing is decided
MIN_OCTAVES = 1.0  # of batch size: over less a slope drowns in the scatter
MIN_RATES = 3  # at one batch size, before its best rate is known at all
MIN_COMPARED = 2  # batch sizes with so many rates, before scores decide about a slope
_ROOT_2 = math.sqrt(2)
HALF_BAND = 0.25  # a rule is an exponent plus or minus this
# By how much the runs must move the odds of a claim to decide it: a Bayes factor of
# about three is the least that is called substantial (Jeffreys 1961, appendix B).
MIN_ODDS = 3.0
LEAST_ORDERED = 0.6  # of pairs of runs; half is what chance gives
DECIDED_SHARE = 0.2  # of the workloads a claim speaks of, before it is judged overall


class Verdict(StrEnum):
    """What the runs say of a statement."""

    SUPPORTED = auto()
    CONTRADICTED = auto()
    UNDECIDED = auto()


QUANTITY_WORDS = {"max_stable": "highest stable rate", "best": "best rate"}


@dataclass(frozen=True)
class Alone:
    """What the runs of one origin say by themselves, without reports or other runs."""

    source: str
    n_runs: int
    exponent: Estimate | None
    scaling_rules: Mapping[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **vars(self),
            "exponent": self.exponent.to_dict() if self.exponent else None,
        }


@dataclass(frozen=True)
class Finding:
    """The exponent's posterior for one workload, setting and quantity.

    `n_runs` are the workload's own; `n_proxy_runs` those of its narrower copies, whose
    slope carries over. `n_batch_octaves` is what all of these span, `n_compared` counts
    the batch sizes at which several rates were tried, `ordered` is the share of pairs
    in which the failed run had the higher rate. `draws` are equally likely exponents by
    the runs alone, whatever is claimed: by them claims are judged. `prior` is the mean
    and sd believed before any run.
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
        return _normal_share(exponent, *self.prior)

    def odds_moved(self, exponent: float) -> float:
        """By what factor the odds of a claimed exponent moved from the prior.

        Both shares are read off normal curves: a thousand draws cannot tell how small
        a share below a thousandth is.
        """
        sd = max(float(self.draws.std()), 1e-3)
        after = _normal_share(exponent, float(self.draws.mean()), sd)
        return _odds(after) / _odds(self.prior_share_near(exponent))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what only verdicts need stays behind."""
        kept_back = ("draws", "prior", "ordered")
        values = {k: v for k, v in vars(self).items() if k not in kept_back}
        return {
            **values,
            "exponent": self.exponent.to_dict(),
            "exponent_of_runs": self.exponent_of_runs.to_dict(),
            "scaling_rules": dict(self.scaling_rules),
            "batch_range": list(self.batch_range) if self.batch_range else None,
            "devices": list(self.devices),
            "by_source": [alone.to_dict() for alone in self.by_source],
            "band": self.band,
        }


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
class ClaimVerdict:
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

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract and what they rest on."""
        return {
            **vars(self),
            "tally": dict(self.tally),
            "elsewhere": dict(self.elsewhere),
            "by_workload": [vars(v) for v in self.by_workload],
        }


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
class FamilyTally:
    """The exponents of a family's workloads, for one recipe and quantity.

    Plain order statistics of the medians: the workloads of a family are already fitted
    with what they share, so that pooling their intervals again would count it twice.
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = {**vars(self), "bands": dict(self.bands)}
        return {**values, "batch_range": list(self.batch_range or ()) or None}


@dataclass(frozen=True)
class ScalingReport:
    """The referee's report on one workload, or on the whole store (workload None).

    The first keys speak of the leading finding: that of the recipe a recommendation
    would speak of, where it has evidence; else the asked workload's with most runs.
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
        return {
            **{k: v for k, v in vars(self).items() if k != "deciding"},
            "exponent": self.exponent.to_dict() if self.exponent else None,
            "scaling_rules": dict(self.scaling_rules) if self.scaling_rules else None,
            "batch_range": list(self.batch_range) if self.batch_range else None,
            "claims": [c.to_dict() for c in self.claims],
            "deciding_runs": [dict(vars(run)) for run in self.deciding.runs],
            "deciding_between": list(self.deciding.between),
            "deciding_seconds": self.deciding.seconds,
            "findings": [f.to_dict() for f in self.findings],
            "families": [f.to_dict() for f in self.families],
        }


def exponent_of(draws: NDArray[np.float64], quantity: str) -> Estimate:
    """Return equally likely exponents as they are shown: the median, its interval."""
    low, median, high = np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return Estimate(
        round_exponent(median),
        round_exponent(low),
        round_exponent(high),
        LEVEL,
        quantity,
    )


def leading_bands(scaling_rules: Mapping[str, float]) -> tuple[str, str]:
    """Return the two likeliest bands of the exponent, likeliest first."""
    ordered = sorted(scaling_rules, key=lambda name: -scaling_rules[name])
    return ordered[0], ordered[1]


# -- what was claimed ------------------------------------------------------------------


def claimed_rules(claims: Sequence[Claim]) -> list[Rule]:
    """Return the powers that sources state, and those their own rates follow."""
    stated = [
        Rule(
            id=claim.id,
            source=claim.source,
            statement=claim.statement,
            quantity=claim.quantity,
            exponent=claim.exponent,
            workload=claim.workload,
            optimizer=claim.optimizer,
            recipe=claim.recipe,
            device=claim.device,
        )
        for claim in claims
        if claim.exponent is not None
    ]
    return sorted(stated + _implied_rules(claims), key=lambda r: (r.source, r.implied))


def _implied_rules(claims: Sequence[Claim]) -> list[Rule]:
    """The power each source's own rates follow, per workload it speaks of.

    Rates that stood are read as the highest that would have stood: generous to the
    source, and said so.
    """
    groups: dict[tuple[str, str | None, str | None], list[Claim]] = {}
    for claim in claims:
        if claim.batch_size and claim.learning_rate and claim.bound != "unstable":
            key = (claim.source, claim.workload, claim.quantity)
            groups.setdefault(key, []).append(claim)
    rules = []
    for (source, workload, quantity), group in sorted(groups.items(), key=str):
        exponent = implied_exponent(group)
        if exponent is None:
            continue
        first = group[0]
        of = f" for {workload}" if workload else ""
        reading = ", each read as the highest that stood" if first.bound else ""
        rules.append(
            Rule(
                id=f"implied:{source}{'/' + workload if workload else ''}",
                source=source,
                statement=f"The {len(group)} rates that {source} gives{of} go as "
                f"batch^{exponent:g}{reading}.",
                quantity=quantity,
                exponent=exponent,
                workload=workload,
                optimizer=first.optimizer,
                recipe=first.recipe,
                device=first.device,
                implied=True,
            )
        )
    return rules


def implied_exponent(claims: Sequence[Claim]) -> float | None:
    """Return the least-squares power of claimed rates; None with one batch size.

    Rounded to the digits shown.
    """
    rates: dict[int, float] = {}
    for claim in claims:
        if claim.batch_size and claim.learning_rate:
            known = rates.get(claim.batch_size, 0.0)
            rates[claim.batch_size] = max(known, claim.learning_rate)
    if len(rates) < 2:
        return None
    y = np.log2(np.array(list(rates), dtype=np.float64))
    x = np.log2(np.array(list(rates.values())))
    return round(float((y - y.mean()) @ x / ((y - y.mean()) ** 2).sum()), 2)


# -- verdicts --------------------------------------------------------------------------


def judge_rule(rule: Rule, findings: Sequence[Finding]) -> ClaimVerdict:
    """Return the verdict on one rule over the findings it applies to."""
    judged: list[WorkloadVerdict] = []
    elsewhere: Counter[str] = Counter()
    for finding in findings:
        why_not = why_not_applicable(rule, finding)
        if why_not is not None:
            elsewhere[why_not] += 1
            continue
        verdict, reason = _judge(rule, finding)
        judged.append(
            WorkloadVerdict(
                finding.workload, finding.optimizer, finding.recipe, verdict, reason
            )
        )
    verdict, reason = _overall(judged, elsewhere)
    tally = Counter(v.verdict for v in judged)
    return ClaimVerdict(
        id=rule.id,
        source=rule.source,
        statement=rule.statement,
        verdict=verdict,
        reason=reason,
        quantity=rule.quantity,
        exponent=rule.exponent,
        implied=rule.implied,
        applies=bool(judged),
        tally={str(v): tally[v] for v in Verdict},
        by_workload=tuple(judged),
        elsewhere=dict(elsewhere.most_common()),
    )


def with_copies(verdict: ClaimVerdict, copies: ClaimVerdict) -> ClaimVerdict:
    """Return the verdict on a full size with what its copies say by themselves."""
    if not copies.by_workload:
        return verdict
    several = Counter(v.workload for v in copies.by_workload)
    said = [
        f"{v.workload}{f' (recipe {v.recipe})' if several[v.workload] > 1 else ''} "
        f"by itself: {v.verdict}"
        for v in copies.by_workload
    ]
    return replace(
        verdict,
        reason=f"{verdict.reason}; {'; '.join(said)}",
        by_workload=(*verdict.by_workload, *copies.by_workload),
    )


def why_not_applicable(rule: Rule, finding: Finding) -> str | None:
    """Return why a rule says nothing about a finding, or None when it does."""
    if rule.workload is not None and not _same_model(rule.workload, finding.workload):
        return f"it was said of {rule.workload}"
    adaptive = finding.optimizer in ADAPTIVE
    if rule.optimizer is not None and (rule.optimizer in ADAPTIVE) != adaptive:
        return f"it was said of {rule.optimizer}, the runs here are {finding.optimizer}"
    if rule.device not in (None, "cpu") and rule.device not in finding.devices:
        return f"it asks about a GPU ({rule.device}) and no run here was made on one"
    if rule.quantity is not None and rule.quantity != finding.quantity:
        return (
            f"it speaks of the {QUANTITY_WORDS[rule.quantity]} and the evidence here "
            f"of the {QUANTITY_WORDS[finding.quantity]}"
        )
    return None


def _same_model(claimed: str, workload: str) -> bool:
    names = [WorkloadName.parse(name).base.lower() for name in (claimed, workload)]
    return names[0] == names[1]


def ordered_share(runs: Sequence[Run]) -> float | None:
    """Return in what share of pairs at one batch size the failed run's rate is higher.

    A pair is one run that failed and one that held, of one workload under one recipe;
    equal rates count half. None with fewer than MIN_RUNS pairs.
    """
    together: dict[tuple[str, str | None, int], list[Run]] = {}
    for run in runs:
        if is_labelled(run):
            key = run.workload, run.recipe, run.batch_size
            together.setdefault(key, []).append(run)
    higher, pairs = 0.0, 0
    for here in together.values():
        lost = [run.learning_rate for run in here if has_failed(run)]
        held = [run.learning_rate for run in here if not has_failed(run)]
        higher += sum((x > y) + 0.5 * (x == y) for x, y in product(lost, held))
        pairs += len(lost) * len(held)
    return higher / pairs if pairs >= MIN_RUNS else None


def _judge(rule: Rule, finding: Finding) -> tuple[Verdict, str]:
    share, before = (
        finding.share_near(rule.exponent),
        finding.prior_share_near(rule.exponent),
    )
    said = f"P(exponent within {HALF_BAND:g} of {rule.exponent:g}) is {_share(share)}"
    runs = f"{finding.n_runs} run{'' if finding.n_runs == 1 else 's'}"
    if finding.n_proxy_runs:
        runs += f" of it and {finding.n_proxy_runs} of copies of another width"
    if finding.n_runs + finding.n_proxy_runs < MIN_RUNS:
        return Verdict.UNDECIDED, f"{said}, from {runs}: it takes at least {MIN_RUNS}"
    said += f" from {runs}, and was {_share(before)} before any"
    if finding.n_batch_octaves < MIN_OCTAVES:
        return Verdict.UNDECIDED, (
            f"{said}; they span {octaves_text(finding.n_batch_octaves)} of batch size, "
            "too few to see a slope"
        )
    if finding.quantity == "best" and finding.n_compared < MIN_COMPARED:
        return Verdict.UNDECIDED, (
            f"{said}; {MIN_RATES} rates or more were tried at "
            f"{_batches(finding.n_compared)}: rates that somebody used are not the "
            "best ones"
        )
    if finding.ordered is not None and finding.ordered < LEAST_ORDERED:
        return Verdict.UNDECIDED, (
            f"{said}; but of two runs at one batch size, one failed and one not, the "
            f"failed one had the higher rate in {finding.ordered:.0%} of all pairs "
            "only, so it is not the rate that decides"
        )
    moved = finding.odds_moved(rule.exponent)
    if share >= SUPPORTED_ABOVE and moved >= MIN_ODDS:
        return Verdict.SUPPORTED, _with_scope(said, rule, finding)
    if share <= CONTRADICTED_BELOW and moved <= 1 / MIN_ODDS:
        return Verdict.CONTRADICTED, _with_scope(said, rule, finding)
    if share <= CONTRADICTED_BELOW or share >= SUPPORTED_ABOVE:
        said += ": the runs have not moved it enough"
    return Verdict.UNDECIDED, said


def _batches(count: int) -> str:
    if not count:
        return "no batch size"
    return f"{count} batch size{'' if count == 1 else 's'}"


def _with_scope(said: str, rule: Rule, finding: Finding) -> str:
    """Say where a verdict goes beyond the set-up a source spoke of."""
    if rule.recipe is None or rule.recipe == finding.recipe:
        return said
    return f"{said}; taken as a general rule, it was said of recipe {rule.recipe}"


def _normal_share(exponent: float, mean: float, sd: float) -> float:
    """P(within 0.25 of the exponent) under a normal curve, exact in either tail."""
    near, far = abs(exponent - mean) - HALF_BAND, abs(exponent - mean) + HALF_BAND
    return 0.5 * (math.erfc(near / sd / _ROOT_2) - math.erfc(far / sd / _ROOT_2))


def _odds(share: float) -> float:
    kept = min(max(share, 1e-300), 1 - 1e-9)
    return kept / (1 - kept)


def _share(share: float) -> str:
    return "below 0.01" if share < 0.01 else f"{share:.2f}"


def agreed(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of several: unanimous among the decided, and not too few.

    >>> str(agreed([Verdict.UNDECIDED, Verdict.CONTRADICTED]))
    'contradicted'
    >>> str(agreed([Verdict.SUPPORTED, Verdict.CONTRADICTED]))
    'undecided'
    """
    decided = [verdict for verdict in verdicts if verdict != Verdict.UNDECIDED]
    if len(set(decided)) == 1 and len(decided) >= DECIDED_SHARE * len(verdicts):
        return decided[0]
    return Verdict.UNDECIDED


def _overall(
    judged: Sequence[WorkloadVerdict], elsewhere: Counter[str]
) -> tuple[Verdict, str]:
    if not judged:
        if not elsewhere:
            return Verdict.UNDECIDED, "there is no evidence yet"
        why = elsewhere.most_common(1)[0][0]
        return Verdict.UNDECIDED, f"it does not apply here, since {why}"
    if len(judged) == 1:
        return judged[0].verdict, judged[0].reason
    verdict = agreed([v.verdict for v in judged])
    tally = Counter(v.verdict for v in judged)
    supported, contradicted = tally[Verdict.SUPPORTED], tally[Verdict.CONTRADICTED]
    optimizers = ", ".join(sorted({v.optimizer for v in judged}))
    counts = (
        f"contradicted in {contradicted}, undecided in {tally[Verdict.UNDECIDED]} and "
        f"supported in {supported} of the {len(judged)} cases it applies to (each a "
        f"workload under a recipe, with {optimizers})"
    )
    if verdict != Verdict.UNDECIDED:
        return verdict, counts
    if supported and contradicted:
        return verdict, f"{counts}: it holds for some and not for others"
    return verdict, f"{counts}: too few decide"


# -- the whole store -------------------------------------------------------------------


def tally_families(findings: Sequence[Finding]) -> tuple[FamilyTally, ...]:
    """Return each family's exponents by recipe and quantity, in a stable order.

    Two recipes are two questions: between their exponents lies no answer to either.
    """
    groups: dict[tuple[str, str, str, str | None], list[Finding]] = {}
    for finding in findings:
        group = WorkloadName.parse(finding.workload).group
        key = (finding.quantity, group, finding.optimizer, finding.recipe)
        groups.setdefault(key, []).append(finding)
    return tuple(
        _tally_family(family, quantity, groups[quantity, family, optimizer, recipe])
        for quantity, family, optimizer, recipe in sorted(groups, key=str)
    )


def _tally_family(
    family: str, quantity: str, findings: Sequence[Finding]
) -> FamilyTally:
    medians = np.array([f.exponent.median for f in findings])
    n_runs = sum(f.n_runs for f in findings)
    alone = [a for f in findings for a in f.by_source if a.source in (OURS, STUDY)]
    n_ours = sum(a.n_runs for a in alone)
    ranges = [f.batch_range for f in findings if f.batch_range]
    return FamilyTally(
        family=family,
        optimizer=findings[0].optimizer,
        recipe=findings[0].recipe,
        quantity=quantity,
        n_workloads=len({f.workload for f in findings}),
        n_runs=n_runs,
        n_ours=n_ours,
        n_imported=n_runs - n_ours,
        batch_range=(min(r[0] for r in ranges), max(r[1] for r in ranges))
        if ranges
        else None,
        median=round_exponent(np.median(medians)),
        lowest=round_exponent(medians.min()),
        highest=round_exponent(medians.max()),
        bands=dict(Counter(f.band for f in findings).most_common()),
    )

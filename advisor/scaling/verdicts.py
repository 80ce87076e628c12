"""The referee on scaling rules: what sources claim and what the runs say (pure).

A verdict needs enough runs, over enough batch sizes, that moved the probability from
the prior's; else the prior would judge the claims.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from advisor.evidence.selecting import has_failed
from advisor.evidence.trajectories import is_labelled
from advisor.rates import factor_text, round_exponent
from advisor.scaling.exponents import HALF_BAND
from advisor.scaling.records import (
    QUANTITY_WORDS,
    ClaimVerdict,
    FamilyTally,
    Finding,
    Rule,
    Verdict,
    WorkloadVerdict,
)
from advisor.words import count_text, percent
from knowledge.names import WorkloadName
from knowledge.optimizers import stepping_of
from knowledge.records import OURS, STUDY, Claim, Run

SUPPORTED_ABOVE, CONTRADICTED_BELOW = 0.7, 0.1
MIN_RUNS = 8  # of our own or imported runs: with fewer nothing is decided
MIN_OCTAVES = 1.0  # of batch size: over less a slope drowns in the scatter
MIN_RATES = 3  # at one batch size, before its best rate is known at all
MIN_COMPARED = 2  # batch sizes with so many rates, before scores decide about a slope


# By how much the runs must move the odds of a claim to decide it: a Bayes factor of
# about three is the least that is called substantial (Jeffreys 1961, appendix B).
MIN_ODDS = 3.0
LEAST_ORDERED = 0.6  # of pairs of runs; half is what chance gives
DECIDED_SHARE = 0.2  # of the workloads a claim speaks of, before it is judged overall


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
    """The power that each source's rates follow, each read as the highest that held."""
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
    """Return the least-squares power of claimed rates, rounded; None with one batch."""
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
    stepping = stepping_of(finding.optimizer)
    if rule.optimizer is not None and stepping_of(rule.optimizer) is not stepping:
        return f"it was said of {rule.optimizer}, the runs here are {finding.optimizer}"
    if rule.device not in (None, "cpu") and rule.device not in finding.devices:
        return f"it asks about a GPU ({rule.device}) and no run here was made on one"
    if rule.quantity is not None and rule.quantity != finding.quantity:
        return (
            f"it is about the {QUANTITY_WORDS[rule.quantity]} and the evidence here "
            f"of the {QUANTITY_WORDS[finding.quantity]}"
        )
    return None


def _same_model(claimed: str, workload: str) -> bool:
    names = [WorkloadName.parse(name).base.lower() for name in (claimed, workload)]
    return names[0] == names[1]


def ordered_share(runs: Sequence[Run]) -> float | None:
    """Return in what share of pairs at one batch size the failed run's rate is higher.

    A pair is a failed and a stable run of one workload under one recipe; equal rates
    count half. None with fewer than MIN_RUNS pairs.
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
    said = (
        f"an exponent within {HALF_BAND:g} of {rule.exponent:g} has a probability of "
        f"{percent(share)}"
    )
    runs = count_text(finding.n_runs, "run")
    if finding.n_proxy_runs:
        full = count_text(finding.n_runs, "full-size run")
        runs = f"{full}, {finding.n_proxy_runs} of narrow copies"
    if finding.n_runs + finding.n_proxy_runs < MIN_RUNS:
        return Verdict.UNDECIDED, f"{said} after {runs}: it takes at least {MIN_RUNS}"
    said += f" after {runs}, and had {percent(before)} before any"
    if finding.n_batch_octaves < MIN_OCTAVES:
        return Verdict.UNDECIDED, (
            f"{said}; they span {factor_text(finding.n_batch_octaves)} of batch size, "
            "too small a range to see a trend"
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
    """Return each family's exponents by recipe and quantity, in a stable order."""
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

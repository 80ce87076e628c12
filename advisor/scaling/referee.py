"""From findings to the report on scaling rules, and what would decide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.evidence.library import CaseKey, Library
from advisor.evidence.scope import NOTHING_ASKED, Asked, Scope
from advisor.evidence.selecting import Evidence
from advisor.planning.costs import elapsed_seconds
from advisor.planning.plan import verification_target
from advisor.planning.planner import Planner, RunPrices
from advisor.scaling.deciding_runs import (
    MIN_REACH,
    choose_score_runs,
    choose_stability_runs,
    reaching_batches,
    side_share,
)
from advisor.scaling.exponents import leading_bands
from advisor.scaling.findings import Findings
from advisor.scaling.records import Deciding, DecidingRun, Finding, ScalingReport
from advisor.scaling.verdicts import (
    claimed_rules,
    judge_rule,
    tally_families,
    with_copies,
)
from advisor.statistics.fitting import Fitter
from experiments.workloads.registry import find_spec
from experiments.workloads.spec import PROXY_WIDTH
from knowledge.names import WorkloadName
from knowledge.optimizers import stepping_of
from knowledge.recipes import RECIPES
from knowledge.records import Run

Case = tuple[Scope, Evidence]

DECIDING_RUNS = 6
# Copies that stand in for a full size, in this order: the smallest is the cheapest.
COPY_WIDTHS = (PROXY_WIDTH, PROXY_WIDTH // 2)
SETTLED_SHARE = 0.05  # P(another rule) below which nothing is left to decide
# Batch sizes to try on a workload of which nothing is known: the article's.
USUAL_BATCHES = (32, 512)


@dataclass(frozen=True)
class Referee:
    """Judges scaling rules by a store's evidence, and says what would decide."""

    library: Library
    fitter: Fitter
    planner: Planner

    @property
    def findings(self) -> Findings:
        """Finds what evidence says of the exponents, one workload at a time."""
        return Findings(self.fitter)

    def report(
        self, workload: str | None = None, asked: Asked = NOTHING_ASKED
    ) -> ScalingReport:
        """Return what the evidence says of each claimed scaling rule.

        Args:
            workload: A known name; None reports on the whole store.
            asked: What else it is to hold for. Only runs with its optimizer and recipe
                count; None: each by itself.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: What was asked for cannot be right.
        """
        keys = self.library.cases_with_evidence()
        if workload is not None:
            name = self.library.resolve_workload(workload)
            cases = self._usual_first(self._cases(name, keys, asked), asked)
            for other in narrower_copies(name, keys):
                cases += self._cases(other, keys, asked)
            return self.report_on(cases)
        names = list(dict.fromkeys(w for w, _, _ in keys))
        return self.report_on_store(
            [case for w in names for case in self._cases(w, keys, asked)], asked
        )

    def findings_of_kin(self, optimizer: str, asked: Asked) -> list[Finding]:
        """Return what runs of every workload say whose optimizer steps alike."""
        how = stepping_of(optimizer)
        keys = [
            k for k in self.library.cases_with_evidence() if stepping_of(k[2]) is how
        ]
        cases = [
            c for w in {k[0]: 0 for k in keys} for c in self._cases(w, keys, asked)
        ]
        return [finding for case in cases for finding in self.findings.of(*case)]

    def _usual_first(self, cases: Sequence[Case], asked: Asked) -> list[Case]:
        """The cases of a workload, that of a recommendation before the others."""
        name = cases[0][0].workload
        usual, _ = self.library.settle(name, asked)
        return sorted(cases, key=lambda case: case[0] != usual)

    def _cases(
        self, workload: str, keys: Sequence[CaseKey], asked: Asked
    ) -> list[Case]:
        """The workload's evidence under each recipe and optimizer it has any for."""
        wanted: list[tuple[str | None, str | None]] = [
            (recipe if recipe in RECIPES else None, used)
            for name, recipe, used in keys
            if name.lower() == workload.lower()
            and asked.optimizer in (None, used, recipe)
            and asked.recipe in (None, recipe)
        ]
        found: dict[tuple[str | None, str], Case] = {}
        for recipe, used in wanted or [(asked.recipe, asked.optimizer)]:
            of_it = replace(asked, optimizer=used, recipe=recipe)
            scope, evidence = self.library.settle(workload, of_it)
            found.setdefault((scope.recipe, scope.optimizer), (scope, evidence))
        return list(found.values())

    def report_on(self, cases: Sequence[Case]) -> ScalingReport:
        """Return the report on the first case's workload.

        `cases` are the workload under each optimizer and recipe, that of a
        recommendation first, then its narrower copies.
        """
        scope, evidence = cases[0]
        found = [(case, f) for case in cases for f in self.findings.of(*case)]
        own = [pair for pair in found if pair[1].workload == scope.workload]
        usual = [pair for pair in own if pair[0][0] == scope and _is_known(pair[1])]
        leading = max(usual or own, key=lambda pair: _weight(pair[1]), default=None)
        rules = [
            rule
            for rule in claimed_rules(self.library.claims())
            if not rule.implied or _concerns(rule.workload, scope)
        ]
        copies = [f for _, f in found if f.workload != scope.workload and f.n_runs]
        verdicts = tuple(
            with_copies(judge_rule(rule, [f for _, f in own]), judge_rule(rule, copies))
            for rule in rules
        )
        lead = leading[1] if leading else None
        case = leading[0] if leading else (scope, evidence)
        return ScalingReport(
            workload=scope.workload,
            quantity=lead.quantity if lead else "max_stable",
            exponent=lead.exponent if lead else None,
            scaling_rules=lead.scaling_rules if lead else None,
            batch_range=lead.batch_range if lead else None,
            n_runs=lead.n_runs if lead else 0,
            n_claims=lead.n_claims if lead else 0,
            optimizer=case[0].optimizer,
            recipe=case[0].recipe,
            held_fixed=lead.held_fixed if lead else None,
            claims=verdicts,
            deciding=self.deciding(*case, lead),
            findings=tuple(f for _, f in found),
        )

    def report_on_store(self, cases: Sequence[Case], asked: Asked) -> ScalingReport:
        """Return one report over every workload that has evidence of its own."""
        found = [
            (case, finding)
            for case in cases
            for finding in self.findings.of(*case)
            if finding.n_runs or finding.n_claims
        ]
        findings = [f for _, f in found]
        # A full size without runs counts through its copies, which are judged too.
        judged = [f for f in findings if f.n_runs or not f.n_proxy_runs]
        verdicts = tuple(
            judge_rule(rule, judged) for rule in claimed_rules(self.library.claims())
        )
        by_quantity = {
            q: sum(f.n_runs for f in findings if f.quantity == q)
            for q in ("max_stable", "best")
        }
        return ScalingReport(
            workload=None,
            quantity=max(by_quantity, key=lambda q: by_quantity[q]),
            exponent=None,
            scaling_rules=None,
            batch_range=None,
            n_runs=_distinct_runs(cases),
            n_claims=sum(len(e.own.claims) for _, e in cases),
            optimizer=asked.optimizer,
            recipe=asked.recipe,
            held_fixed=None,
            claims=verdicts,
            deciding=self._decide_for_store(found),
            findings=tuple(findings),
            families=tally_families(findings),
        )

    # -- what would decide -------------------------------------------------------------

    def deciding(
        self, scope: Scope, evidence: Evidence, finding: Finding | None
    ) -> Deciding:
        """Return runs that tell the two leading rules apart, and their cost.

        Runs of an imported workload cannot be made here: they carry no cost.
        """
        quantity = finding.quantity if finding else "max_stable"
        if finding and max(finding.scaling_rules.values()) > 1 - SETTLED_SHARE:
            return Deciding()
        here = self._trainable_here(scope, evidence, finding)
        if finding is None and here is None:
            return Deciding()
        of, its_evidence = here or (scope, evidence)
        model = self.fitter.model(of, its_evidence)
        bands = leading_bands(
            finding.scaling_rules if finding else model.scaling_rules()
        )
        ends = _ends(scope, finding)
        prices = self.planner.costs_of(of, ends) if here else None
        if quantity == "best":
            runs = self._score_runs(of, its_evidence, ends, bands)
        else:
            runs = choose_stability_runs(
                of.workload,
                model,
                ends,
                bands,
                horizon_steps=prices.steps if prices else scope.horizon_steps,
                count=DECIDING_RUNS,
            )
        runs = _priced(runs, prices)
        seconds = None
        if runs and prices is not None:
            each = [prices.seconds_by_batch[run.batch_size] for run in runs]
            n_workers = self.planner.settings.n_workers
            seconds = round(elapsed_seconds(each, n_workers=n_workers), 1)
        return Deciding(runs, bands, quantity, scope.recipe, seconds)

    def _trainable_here(
        self, scope: Scope, evidence: Evidence, finding: Finding | None
    ) -> Case | None:
        """What can be run here to decide: the workload, else a copy not yet decided.

        Past a decided copy only a wider one teaches more.
        """
        # Without a recipe of ours the optimizer asked about cannot be run here.
        target = verification_target(scope) if scope.recipe in RECIPES else None
        if target is None or target == scope.workload:
            return (scope, evidence) if target else None
        if finding is not None and finding.quantity == "best":
            return None  # a copy's best rate says little about the full size's
        for width in COPY_WIDTHS:
            copy = WorkloadName(scope.name.base, width).text
            case = self.library.settle(copy, scope.asked)
            rules = finding.scaling_rules if finding else None
            if rules is None or not self._is_settled(case, leading_bands(rules)):
                return case
        return None

    def _is_settled(self, case: Case, bands: tuple[str, str]) -> bool:
        share = side_share(self.fitter.exponents(*case), bands)
        return min(share, 1 - share) < SETTLED_SHARE

    def _score_runs(
        self,
        scope: Scope,
        evidence: Evidence,
        ends: tuple[int, int],
        bands: tuple[str, str],
    ) -> tuple[DecidingRun, ...]:
        if not evidence.scored:
            return ()
        middle = middle_batch(evidence.scored)
        best = self.fitter.best_rate(evidence, middle)
        if best is None:
            return ()
        return choose_score_runs(scope.workload, (middle, best.median), ends, bands)

    def _decide_for_store(self, found: Sequence[tuple[Case, Finding]]) -> Deciding:
        """The runs for the least decided workload that can be trained here."""
        here = [
            (case, finding)
            for case, finding in found
            if verification_target(case[0]) is not None
        ]
        if not here:
            return Deciding()
        case, finding = max(here, key=lambda pair: _doubt(pair[1]))
        return self.deciding(*case, finding)


def narrower_copies(workload: str, settings: Sequence[CaseKey]) -> list[str]:
    """Return the copies of a full-size workload, widest first; none of a copy."""
    name = WorkloadName.parse(workload)
    if name.is_proxy:
        return []
    names = [WorkloadName.parse(other) for other, _, _ in settings]
    copies = {n for n in names if n.is_proxy and n.base.lower() == name.base.lower()}
    return [n.text for n in sorted(copies, key=lambda n: n.width_divisor)]


def middle_batch(runs: Sequence[Run]) -> int:
    """Return the middle one of the batch sizes that were run."""
    sizes = sorted({run.batch_size for run in runs})
    return sizes[len(sizes) // 2]


def _concerns(workload: str | None, scope: Scope) -> bool:
    if workload is None:
        return True
    return WorkloadName.parse(workload).base.lower() == scope.name.base.lower()


def _ends(scope: Scope, finding: Finding | None) -> tuple[int, int]:
    """The ends of the batch range to run at, wide enough to tell two rules apart."""
    usual = _usual_range(scope)
    known = finding.batch_range if finding else None
    if known is None:
        return reaching_batches(usual)
    is_narrow = known[1] < known[0] * MIN_REACH
    if is_narrow and find_spec(scope.workload) is not None:
        known = min(known[0], usual[0]), max(known[1], usual[0])
    return reaching_batches(known)


def _usual_range(scope: Scope) -> tuple[int, int]:
    spec = find_spec(scope.workload)
    usual = spec.usual_batch_sizes if spec else USUAL_BATCHES
    return usual[0], usual[-1]


def _weight(finding: Finding) -> tuple[int, int, int, int]:
    """Own runs first, then copies', then reports; stability before scores."""
    return (
        finding.n_runs,
        finding.n_proxy_runs,
        finding.n_claims,
        int(finding.quantity == "max_stable"),
    )


def _is_known(finding: Finding) -> bool:
    return bool(finding.n_runs or finding.n_proxy_runs or finding.n_claims)


def _doubt(finding: Finding) -> float:
    """How evenly the bands share the probability: the entropy, in nats."""
    shares = [share for share in finding.scaling_rules.values() if share > 0]
    return -sum(share * math.log(share) for share in shares)


def _priced(
    runs: Sequence[DecidingRun], prices: RunPrices | None
) -> tuple[DecidingRun, ...]:
    """The runs with what each costs, where they can be made here."""
    if prices is None:
        return tuple(runs)
    return tuple(
        replace(
            run,
            seed=prices.first_seed + i,
            steps=prices.steps,
            estimated_seconds=round(prices.seconds_by_batch[run.batch_size], 1),
        )
        for i, run in enumerate(runs)
    )


def _distinct_runs(cases: Sequence[Case]) -> int:
    ids = {
        run.id
        for _, evidence in cases
        for run in (*evidence.labelled_runs, *evidence.scored)
    }
    return len(ids)

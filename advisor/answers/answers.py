"""Answering: from a store's evidence to rates, verdicts and plans.

The reading half of the Advisor (`advisor.service`): it fits and answers, and records
nothing and starts no run. What it worked out is remembered while the evidence holds.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from advisor.answers.caveats import Caveat, Kind
from advisor.answers.comparison import (
    Comparison,
    Contender,
    best_rate_quantiles,
    compare_rates,
    threshold_quantiles,
)
from advisor.answers.fastest_batch import (
    FastestBatch,
    ThroughputReport,
    build_throughput,
    find_fastest,
)
from advisor.answers.largest_batch import (
    LargestBatch,
    batch_estimate,
    known_batches,
    limit_reason,
    none_reason,
    scored_batches,
    unknown_reason,
)
from advisor.answers.longer_runs import longer_horizon_caveat
from advisor.answers.recommendation import (
    Judgement,
    Recommendation,
    build_judgement,
    build_recommendation,
)
from advisor.checks import (
    MOST_STEPS,
    check_batch_size,
    check_device,
    check_learning_rate,
)
from advisor.evidence.library import Library
from advisor.evidence.scope import DEFAULT_RISK, PRECISION, Scope
from advisor.evidence.selecting import Evidence, find_basis
from advisor.memory import Memory
from advisor.planning.costs import START_SECONDS, RunCost
from advisor.planning.plan import (
    NARROW_ENOUGH,
    VerificationPlan,
    no_runs_planned,
    plan_batches,
    plan_verification,
    steps_for_budget,
    usual_steps,
    verification_target,
)
from advisor.planning.spec import VerificationSpec, next_seed
from advisor.planning.timings import Timings
from advisor.rates import round_rate
from advisor.scaling.referee import CaseKey, Referee, narrower_copies
from advisor.scaling.verdicts import ScalingReport
from advisor.settings import Settings
from advisor.statistics.fitting import Fitter
from advisor.statistics.kept_fits import KeptFits
from advisor.statistics.threshold import StableLearningRateModel
from experiments.machine import machine_name
from experiments.training.precision import check_precision
from experiments.workloads.registry import WORKLOADS, find_spec
from knowledge.errors import (
    BadValueError,
    UnknownWorkloadError,
)
from knowledge.names import WorkloadName, nearest_names
from knowledge.recipes import RECIPES, is_variant
from knowledge.records import TOLD as OWN_SOURCE
from knowledge.records import Claim
from knowledge.store.store import Store

PLAN_BUDGET_SECONDS = 60.0


MAX_ANSWERS = 256  # an answer that rests on thousands of runs lists their ids


class Answering:
    """Answers from one store; fits are remembered while the evidence stays the same."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        seeded: bool,
        with_study: bool = True,
    ):
        self.store = store
        self.settings = settings
        self._library = Library(store, seeded=seeded, with_study=with_study)
        self._timings = Timings(store, self._library, n_workers=settings.n_workers)
        self._fitter = Fitter(KeptFits(store.folder))
        self._answers = Memory[tuple[Evidence, Recommendation]](MAX_ANSWERS)

    def recommend(
        self,
        workload: str,
        batch_size: int,
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        horizon: int | None = None,
        risk: float = DEFAULT_RISK,
        exclude: Sequence[str] = (),
        precision: str = PRECISION,
    ) -> Recommendation:
        """Return the rate for a batch size, with its interval, evidence and caveats.

        Args:
            workload: A known name, in any case.
            batch_size: Examples per step (per side for the face models), at least 1.
            optimizer: None: the one with most evidence for the workload.
            recipe: A named recipe, or None for the one with most evidence.
            device: `cpu`, `cuda` or `mps`; None: this machine's.
            horizon: Steps the answer should hold for; None: the workload's usual.
            risk: Accepted probability of an unstable run, between 0 and 1.
            exclude: Ids of runs and claims to leave out, to see what they weigh.
            precision: `fp32` or `bf16`; runs of the other only shape slope and prior.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: A number cannot be right.
        """
        batch_size = check_batch_size(batch_size)
        scope, evidence = self._evidence(
            workload,
            optimizer=optimizer,
            recipe=recipe,
            device=device,
            horizon=horizon,
            risk=risk,
            exclude=exclude,
            precision=precision,
        )
        return self._recommend(scope, batch_size, evidence)

    def judge(
        self, workload: str, batch_size: int, learning_rate: float, **scope: Any
    ) -> Judgement:
        """Return P(stable) of a rate at a batch size, and the verdict.

        Keyword arguments as in `recommend`.
        """
        batch_size = check_batch_size(batch_size)
        learning_rate = check_learning_rate(learning_rate)
        what, evidence = self._evidence(workload, **scope)
        recommendation = self._recommend(what, batch_size, evidence)
        model = self._fitter.model(what, evidence)
        return build_judgement(recommendation, learning_rate, model=model)

    def largest_batch(
        self, workload: str, learning_rate: float, **scope: Any
    ) -> LargestBatch:
        """Return the largest batch size at which a rate is still held to be safe.

        Keyword arguments as in `recommend`.
        """
        rate = check_learning_rate(learning_rate)
        what, evidence = self._evidence(workload, **scope)
        if not evidence.tells_stability:
            return self._no_limit_known(what, evidence, rate)
        model = self._fitter.model(what, evidence)
        found = model.largest_batch(rate, what.risk, what.horizon_steps)
        if found is None:
            known = known_batches(evidence)
            batch = known[len(known) // 2] if known else 1
            answer = self._recommend(what, batch, evidence)
            return LargestBatch(
                what.workload, rate, None, none_reason(what, rate, answer), answer
            )
        return LargestBatch(
            what.workload,
            rate,
            batch_estimate(found),
            limit_reason(what, rate, found, model, evidence),
            self._recommend(what, found.batch_size, evidence),
            capped=found.capped,
            searched_to=found.searched_to,
        )

    def _no_limit_known(
        self, scope: Scope, evidence: Evidence, rate: float
    ) -> LargestBatch:
        """Say what the scores tell instead: they never call a batch size safe."""
        found = [
            (b, self._fitter.best_rate(evidence, b)) for b in scored_batches(evidence)
        ]
        best = [(b, round_rate(x.median)) for b, x in found if x is not None]
        reason = unknown_reason(scope, rate, best)
        if not best:
            return LargestBatch(scope.workload, rate, None, reason, None)
        nearest = min(best, key=lambda pair: abs(math.log(pair[1] / rate)))[0]
        recommendation = self._recommend(scope, nearest, evidence)
        return LargestBatch(scope.workload, rate, None, reason, recommendation)

    def compare(
        self, workloads: Sequence[str], batch_size: int, **scope: Any
    ) -> Comparison:
        """Return which of two or more workloads stands the higher rate, how surely.

        Keyword arguments as in `recommend`.
        """
        batch_size = check_batch_size(batch_size)
        names = dict.fromkeys(self.resolve_workload(name) for name in workloads)
        if len(names) < 2:
            raise BadValueError(
                "workloads", ", ".join(workloads), expected="name two or more."
            )
        return compare_rates(
            [self._contender(name, batch_size, **scope) for name in names]
        )

    def _contender(self, workload: str, batch_size: int, **scope: Any) -> Contender:
        what, evidence = self._evidence(workload, **scope)
        draws = {}
        if evidence.tells_stability:
            model = self._fitter.model(what, evidence)
            draws["max_stable"] = threshold_quantiles(
                model, batch_size, what.horizon_steps
            )
        best = self._fitter.best_rate(evidence, batch_size)
        if best is not None:
            draws["best"] = best_rate_quantiles(best)
        return Contender(self._recommend(what, batch_size, evidence), draws)

    def throughput(
        self, workload: str, *, device: str | None = None
    ) -> ThroughputReport:
        """Return how fast each batch size of a workload trained on this machine.

        Args:
            workload: A known name, in any case.
            device: `cpu`, `cuda` or `mps`; None: this machine's.
        """
        name, device = self.resolve_workload(workload), check_device(device)
        spec = find_spec(name)
        return build_throughput(
            name,
            device=device,
            machine=machine_name(),
            sides=2 if spec and spec.batch_convention == "per_side" else 1,
            speeds=self._timings.speeds(name, device=device),
            runs=self._timings.runs(name, device=device),
        )

    def fastest_batch(self, workload: str, **scope: Any) -> FastestBatch:
        """Return the fastest batch size here at which a stable rate is known.

        Keyword arguments as in `recommend`.
        """
        what, evidence = self._evidence(workload, **scope)
        report = self.throughput(what.workload, device=what.device)
        claims = [
            claim
            for claim in self.claims()
            if claim.quantity == "fastest_batch" and claim.workload == what.workload
        ]
        return find_fastest(
            report,
            {
                point.batch_size: self._recommend(what, point.batch_size, evidence)
                for point in report.points
            },
            known_batches=known_batches(evidence),
            claims=claims,
        )

    def threshold_band(
        self, workload: str, batch_sizes: Sequence[float], **scope: Any
    ) -> list[dict[str, float]]:
        """Return where half of all runs fail over batch sizes, for a chart.

        Keyword arguments as in `recommend`. One row `batch_size, low, median, high`
        (90 %) per batch size, which may lie between whole ones; none when nothing is
        known of the workload's stability.
        """
        what, evidence = self._evidence(workload, **scope)
        if not evidence.tells_stability:
            return []
        # The fit, which is what costs, is remembered; reading it off takes 1 ms a row.
        model = self._fitter.model(what, evidence)
        found = [
            (float(b), model.threshold(b, what.horizon_steps)) for b in batch_sizes
        ]
        return [
            {"batch_size": b, "low": t.low, "median": t.median, "high": t.high}
            for b, t in found
        ]

    def usual_length(self, workload: str, **scope: Any) -> int | None:
        """Return for how many steps answers about a workload speak, if it is known.

        Keyword arguments as in `recommend`.
        """
        return self._evidence(workload, **scope)[0].horizon_steps

    def best_rate_band(
        self, workload: str, batch_sizes: Sequence[float], **scope: Any
    ) -> list[dict[str, float]]:
        """Return the best rate over batch sizes (80 %), for a chart.

        Rows as of `threshold_band`; none when no run of the workload has a score.
        """
        _, evidence = self._evidence(workload, **scope)
        found = [(float(b), self._fitter.best_rate(evidence, b)) for b in batch_sizes]
        return [
            {"batch_size": b, "low": r.low, "median": r.median, "high": r.high}
            for b, r in found
            if r is not None
        ]

    def scaling(
        self, workload: str | None = None, *, optimizer: str | None = None
    ) -> ScalingReport:
        """Return what the evidence says of each claimed scaling rule.

        Args:
            workload: A known name; None reports on the whole store.
            optimizer: Only runs with it count; None: each optimizer by itself.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
        """
        referee = Referee(
            fitter=self._fitter,
            claims=self.claims(),
            evidence_of=self._evidence,
            costs_of=self._plan_costs,
            n_workers=self.settings.n_workers,
        )
        optimizer = optimizer.lower() if optimizer else None
        settings = self._settings_with_evidence()
        if workload is not None:
            name = self.resolve_workload(workload)
            cases = self._usual_first(self._cases(name, settings, optimizer), optimizer)
            for other in narrower_copies(name, settings):
                cases += self._cases(other, settings, optimizer)
            return referee.report_on(cases)
        names = list(dict.fromkeys(w for w, _, _ in settings))
        return referee.report_on_store(
            [case for w in names for case in self._cases(w, settings, optimizer)],
            optimizer,
        )

    def _usual_first(
        self, cases: Sequence[tuple[Scope, Evidence]], optimizer: str | None
    ) -> list[tuple[Scope, Evidence]]:
        """The cases of a workload, that of a recommendation before the others."""
        name = cases[0][0].workload
        usual, _ = self._evidence(name, optimizer=optimizer)
        return sorted(cases, key=lambda case: case[0] != usual)

    def _cases(
        self, workload: str, settings: Sequence[CaseKey], optimizer: str | None
    ) -> list[tuple[Scope, Evidence]]:
        """The workload's evidence under each recipe and optimizer it has any for."""
        wanted: list[tuple[str | None, str | None]] = [
            (recipe if recipe in RECIPES else None, used)
            for name, recipe, used in settings
            if name.lower() == workload.lower() and optimizer in (None, used, recipe)
        ]
        found: dict[tuple[str | None, str], tuple[Scope, Evidence]] = {}
        for recipe, used in wanted or [(None, optimizer)]:
            scope, evidence = self._evidence(workload, optimizer=used, recipe=recipe)
            found.setdefault((scope.recipe, scope.optimizer), (scope, evidence))
        return list(found.values())

    def _settings_with_evidence(self) -> list[CaseKey]:
        """Each (workload, recipe, optimizer) that has runs to judge by, or claims.

        Without variants: they are made to scale otherwise than what the claims mean.
        """
        settings: list[CaseKey] = self.store.rows(
            "select distinct workload, recipe, optimizer from runs where "
            "(outcome is not null or metric_value is not null) "
            "and source not in (select unnest(?))",
            [self._library.left_out_sources],
        )
        bounds = [c for c in self.claims() if c.bound is not None]
        settings += [
            (c.workload, c.recipe, c.optimizer or "adam") for c in bounds if c.workload
        ]
        return sorted({s for s in settings if not is_variant(s[1])}, key=str)

    def _evidence(
        self,
        workload: str,
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        horizon: int | None = None,
        risk: float = DEFAULT_RISK,
        exclude: Sequence[str] = (),
        precision: str = PRECISION,
    ) -> tuple[Scope, Evidence]:
        name = self.resolve_workload(workload)
        device = check_device(device)
        check_precision(precision, device=device)
        optimizer = optimizer.lower() if optimizer else None
        if not 0 < risk < 1:
            raise BadValueError("risk", risk, expected="give a number between 0 and 1.")
        if horizon is not None and not 1 <= horizon <= MOST_STEPS:
            raise BadValueError(
                "horizon", horizon, expected="give a number of steps from 1 to 1e15."
            )
        if recipe is not None and recipe not in RECIPES:
            raise BadValueError(
                "recipe", recipe, expected=f"known are {', '.join(RECIPES)}."
            )
        shelves = self._library.shelves(name)
        claims = self.claims()
        setting = self._library.setting(
            name, shelves, claims, recipe=recipe, optimizer=optimizer
        )
        scope = Scope(
            workload=name,
            optimizer=setting.optimizer,
            recipe=setting.recipe,
            device=device,
            horizon_steps=horizon or setting.horizon_steps,
            risk=risk,
            precision=precision,
        )
        evidence = self._library.select(scope, shelves, claims, leave_out=exclude)
        return scope, evidence

    def _recommend(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> Recommendation:
        target = verification_target(scope)
        # The plan's times change with what was timed, the rest with the evidence alone.
        cost = (
            self.run_cost(target, device=scope.device, precision=scope.precision)
            if target
            else None
        )
        key = scope, batch_size, cost
        known = self._answers.find(key)
        # The library hands out the same object as long as runs and claims are the same.
        if known is not None and known[0] is evidence:
            return known[1]
        recommendation = build_recommendation(
            scope,
            batch_size,
            evidence=evidence,
            model=self._fitter.model(scope, evidence),
            best=self._fitter.best_rate(evidence, batch_size),
            verification=self._plan(scope, batch_size, evidence),
        )
        if cost is not None and target == scope.workload:
            longer = longer_horizon_caveat(
                scope,
                batch_size,
                evidence,
                cost=cost,
                n_workers=self.settings.n_workers,
            )
            if longer is not None:
                limits = *recommendation.limits, Caveat(Kind.RUN_LENGTH, longer)
                recommendation = replace(recommendation, limits=limits)
        self._answers.keep(key, (evidence, recommendation))
        return recommendation

    def _plan(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> VerificationPlan:
        target = verification_target(scope)
        reason = self._why_verify(scope, batch_size, evidence)
        if reason is None or target is None:
            return no_runs_planned(reason)
        of, its_evidence = scope, evidence
        if target != scope.workload:
            of, its_evidence = self._evidence(
                target,
                recipe=scope.recipe,
                device=scope.device,
                risk=scope.risk,
                precision=scope.precision,
            )
        batches = plan_batches(scope, batch_size, target)
        return plan_verification(
            scope,
            batch_size,
            model=self._fitter.model(of, its_evidence),
            target=target,
            **self._plan_costs(of, target, batches, its_evidence),
            reason=reason,
            n_workers=self.settings.n_workers,
            budget_seconds=PLAN_BUDGET_SECONDS,
        )

    def run_cost(
        self, workload: str, *, device: str, precision: str = PRECISION
    ) -> RunCost:
        """Return what runs of a workload cost on this machine, as far as was timed."""
        return self._timings.run_cost(workload, device=device, precision=precision)

    def steps_within(
        self,
        budget_seconds: float,
        workload: str,
        batch_sizes: Sequence[int],
        *,
        device: str,
        precision: str = PRECISION,
    ) -> int:
        """Return how long runs may be so that a budget holds enough of them."""
        cost = self.run_cost(workload, device=device, precision=precision)
        return steps_for_budget(
            max(budget_seconds - START_SECONDS, 1.0),
            n_workers=self.settings.n_workers,
            seconds_per_step=max(cost.step_seconds(b) for b in batch_sizes),
            usual_steps=usual_steps(workload),
        )

    def _why_verify(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> str | None:
        basis = find_basis(evidence, batch_size)
        reasons = {
            "none": "there is no evidence at all.",
            "borrowed": "nothing of this workload itself was ever run or reported.",
            "reported": "it rests on reports, none of them a run of ours.",
            "extrapolated": "the batch size lies outside the measured ones.",
        }
        if basis in reasons:
            return reasons[basis]
        if not evidence.labelled_runs:
            return "no run here tells stable from unstable rates."
        found = self._fitter.model(scope, evidence).threshold(
            batch_size, scope.horizon_steps
        )
        if found.high / found.low > NARROW_ENOUGH:
            return "the interval of the threshold is still wide."
        return None

    def claims(self) -> list[Claim]:
        """Return the claims that count: without the seeds' when opened unseeded."""
        return self._library.claims()

    @property
    def left_out_sources(self) -> tuple[str, ...]:
        """Sources of runs and claims that do not count here, such as an unseeded's."""
        return (*self._library.left_out_sources, *self._library.left_out_claims)

    def own_claims(self) -> list[Claim]:
        """Return what the person of this store reported themselves, oldest first."""
        own = [claim for claim in self.claims() if claim.source == OWN_SOURCE]
        return sorted(own, key=lambda claim: (claim.source_date or "", claim.id))

    def resolve_workload(self, name: str) -> str:
        """Return the canonical name, or raise UnknownWorkloadError with near ones."""
        stored = self.store.workload_names()
        by_lower = {n.lower(): n for n in stored}
        if name.lower() in by_lower:
            return by_lower[name.lower()]
        try:
            parsed = WorkloadName.parse(name)
        except ValueError as error:
            raise BadValueError("workload", name, expected=f"{error}.") from error
        spec = find_spec(name)
        if spec is not None:
            return WorkloadName(spec.name, parsed.width_divisor).text
        known = list(dict.fromkeys([*WORKLOADS, *stored]))
        near = nearest_names(parsed.base, known)
        raise UnknownWorkloadError(name, known=known[:12], nearest=near)

    def plan_runs(
        self,
        workload: str,
        batch_sizes: Sequence[int],
        learning_rates: Sequence[float] = (),
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        seeds: int = 1,
        budget_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return the runs a verification would make, with their cost; starts nothing.

        A full-size face model on a CPU is planned through a proxy, unless rates are
        named: those are run as named, each with so many `seeds`.
        """
        said = {
            "budget_seconds": budget_seconds,
            "learning_rates": list(learning_rates),
            "seeds": seeds,
        }
        scope, evidence = self._evidence(
            workload, optimizer=optimizer, recipe=recipe, device=device
        )
        target = verification_target(scope)
        if learning_rates and find_spec(scope.workload) is not None:
            target = scope.workload  # a rate that was named belongs to this very size
        if target is None:
            plan = self._plan(scope, batch_sizes[0], evidence)
            return {**plan.to_dict(), **said, "budget_seconds": None}
        if target != scope.workload:
            scope, evidence = self._evidence(target, recipe=scope.recipe, device=device)
        plan = plan_verification(
            scope,
            batch_sizes[0],
            model=self._fitter.model(scope, evidence),
            target=target,
            **self._plan_costs(
                scope, target, batch_sizes, evidence, budget_seconds=budget_seconds
            ),
            reason="you asked for it.",
            n_workers=self.settings.n_workers,
            learning_rates=[rate for rate in learning_rates for _ in range(seeds)],
            budget_seconds=budget_seconds or PLAN_BUDGET_SECONDS,
        )
        # Rates that were named are run and nothing else; else time is used up.
        seconds = plan.estimated_seconds
        if not learning_rates:
            seconds = max(budget_seconds or 0.0, seconds)
        return {
            **plan.to_dict(),
            **said,
            "optimizer": scope.optimizer,
            "recipe": scope.recipe,
            "device": scope.device,
            "takes_seconds": seconds,
        }

    def _plan_costs(
        self,
        scope: Scope,
        target: str,
        batch_sizes: Sequence[int],
        evidence: Evidence,
        *,
        budget_seconds: float | None = None,
    ) -> dict[str, Any]:
        steps = self.steps_within(
            budget_seconds or PLAN_BUDGET_SECONDS,
            target,
            batch_sizes,
            device=scope.device,
            precision=scope.precision,
        )
        cost = self.run_cost(target, device=scope.device, precision=scope.precision)
        return {
            "steps": steps,
            "seconds_by_batch": {b: cost.seconds(b, steps) for b in batch_sizes},
            "first_seed": next_seed(evidence.own.runs, ()),
        }

    def model_for(self, spec: VerificationSpec) -> tuple[StableLearningRateModel, int]:
        """Return the model a wish is planned with, and how many runs it rests on."""
        scope, evidence = self._evidence_of(spec)
        return self._fitter.model(scope, evidence), len(evidence.own.runs)

    def _evidence_of(self, spec: VerificationSpec) -> tuple[Scope, Evidence]:
        """What is known of the runs of a wish."""
        return self._evidence(
            spec.workload,
            recipe=spec.recipe,
            device=spec.device,
            horizon=spec.steps,
            precision=spec.precision,
        )

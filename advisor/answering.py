"""Answering: from a store's evidence to rates, verdicts and plans.

The reading half of the Advisor (`advisor.service`): it fits and answers, and neither
saves anything nor starts a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.checks import (
    check_batch_size,
    check_device,
    check_learning_rate,
)
from advisor.costs import seconds_per_step
from advisor.evidence import (
    Evidence,
    Scope,
    choose_recipe,
    select_evidence,
    usual_horizon,
)
from advisor.fitting import Fitter
from advisor.recommendation import (
    Judgement,
    Recommendation,
    VerificationPlan,
    build_judgement,
    build_recommendation,
    find_basis,
)
from advisor.regression import StableLearningRateModel
from advisor.scaling import HALF_BAND, ScalingReport, judge_claims
from advisor.settings import Settings
from advisor.verification import (
    NARROW_ENOUGH,
    VerificationSpec,
    next_seed,
    no_runs_planned,
    plan_batches,
    plan_verification,
    steps_for_budget,
    verification_target,
)
from experiments.workloads import WORKLOADS, find_spec
from knowledge.claims import load_seed_claims
from knowledge.errors import (
    BadValueError,
    UnknownWorkloadError,
)
from knowledge.names import WorkloadName, nearest_names
from knowledge.recipes import RECIPES
from knowledge.records import Claim, Run
from knowledge.store import Store

PLAN_BUDGET_SECONDS = 60.0
DEFAULT_RISK = 0.1


@dataclass(frozen=True)
class LargestBatch:
    """The largest batch size at which a rate still holds; None when none does."""

    workload: str
    learning_rate: float
    batch_size: Mapping[str, float] | None
    reason: str
    recommendation: Recommendation | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        return {
            "workload": self.workload,
            "learning_rate": self.learning_rate,
            "batch_size": dict(self.batch_size) if self.batch_size else None,
            "reason": self.reason,
            "recommendation": self.recommendation.to_dict()
            if self.recommendation
            else None,
        }


class Answering:
    """Answers from one store; fits are remembered while the evidence stays the same."""

    def __init__(self, store: Store, settings: Settings, *, seeded: bool):
        self.store = store
        self.settings = settings
        self._seeded = seeded
        self._fitter = Fitter()

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
        learning_rate = check_learning_rate(learning_rate)
        what, evidence = self._evidence(workload, **scope)
        knows = evidence.labelled_runs or evidence.own.claims or evidence.siblings
        if not knows:
            return LargestBatch(
                what.workload,
                learning_rate,
                None,
                f"Nothing is known about the stability of {what.workload}: verify a "
                "batch size first.",
                None,
            )
        model = self._fitter.model(what, evidence)
        found = model.largest_batch(learning_rate, what.risk, what.horizon_steps)
        if found is None:
            return LargestBatch(
                what.workload,
                learning_rate,
                None,
                f"None: at no batch size is {learning_rate:g} held to be stable with "
                f"P(stable) of at least {1 - what.risk:g}.",
                self._recommend(what, 1, evidence),
            )
        where = "and beyond, as far as I looked" if found.capped else "by the fit"
        return LargestBatch(
            what.workload,
            learning_rate,
            {
                "median": found.batch_size,
                "low": min(found.low, found.batch_size),
                "high": max(found.high, found.batch_size),
                "level": found.level,
            },
            f"Up to batch {found.batch_size} ({where}) P(stable) of {learning_rate:g} "
            f"stays at least {1 - what.risk:g}.",
            self._recommend(what, max(found.batch_size, 1), evidence),
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
        knows = evidence.labelled_runs or evidence.own.claims or evidence.siblings
        if not knows:
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

    def scaling(
        self, workload: str | None = None, *, optimizer: str | None = None
    ) -> ScalingReport:
        """Return what the evidence says of each claimed scaling rule."""
        if workload is not None:
            return self._scaling_of(workload, optimizer)
        names = self._workloads_with_evidence()
        reports = tuple(self._scaling_of(name, optimizer) for name in names)
        claims = [c for c in self.claims() if c.exponent is not None]
        return ScalingReport(
            workload=None,
            quantity="max_stable",
            exponent=None,
            scaling_rules=None,
            batch_range=None,
            n_runs=sum(r.n_runs for r in reports),
            n_claims=sum(r.n_claims for r in reports),
            optimizer=optimizer,
            held_fixed="each workload by itself; see its entry",
            claims=judge_claims(claims, shares=None, n_runs=0, quantity="max_stable")
            if not reports
            else (),
            deciding_runs=(),
            workloads=reports,
        )

    def _scaling_of(self, workload: str, optimizer: str | None) -> ScalingReport:
        scope, evidence = self._evidence(workload, optimizer=optimizer)
        batches = sorted(
            {r.batch_size for r in evidence.labelled_runs or evidence.scored}
            | {c.batch_size for c in evidence.own.claims if c.batch_size}
        )
        batch = batches[len(batches) // 2] if batches else 8
        r = self._recommend(scope, batch, evidence)
        quantity = r.exponent.quantity if r.exponent else "max_stable"
        claims = [c for c in self.claims() if c.exponent is not None]
        draws = None
        if r.exponent is not None:
            draws = self._fitter.exponent_draws(scope, evidence, batch)
        shares = (
            [
                float((abs(draws - (c.exponent or 0.0)) <= HALF_BAND).mean())
                for c in claims
            ]
            if draws is not None
            else None
        )
        n_runs = len(evidence.labelled_runs or evidence.scored)
        recipe = RECIPES.get(scope.recipe or "")
        return ScalingReport(
            workload=scope.workload,
            quantity=quantity or "max_stable",
            exponent=r.exponent,
            scaling_rules=r.scaling_rules,
            batch_range=(batches[0], batches[-1]) if batches else None,
            n_runs=n_runs,
            n_claims=len(evidence.own.claims),
            optimizer=scope.optimizer,
            held_fixed=f"recipe {recipe.name}, steps" if recipe else "as imported",
            claims=judge_claims(
                claims, shares=shares, n_runs=n_runs, quantity=quantity or "max_stable"
            ),
            deciding_runs=r.verification.runs,
        )

    def _workloads_with_evidence(self) -> list[str]:
        rows = self.store.rows(
            "select distinct workload from runs where outcome is not null or "
            "metric_value is not null union select distinct workload from claims "
            "where bound is not null and workload is not null order by 1"
        )
        return [name for (name,) in rows]

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
    ) -> tuple[Scope, Evidence]:
        name = self.resolve_workload(workload)
        if not 0 < risk < 1:
            raise BadValueError("risk", risk, expected="give a number between 0 and 1.")
        if horizon is not None and not 1 <= horizon <= 10**9:
            raise BadValueError(
                "horizon", horizon, expected="give a number of steps from 1 to 1e9."
            )
        if recipe is not None and recipe not in RECIPES:
            raise BadValueError(
                "recipe", recipe, expected=f"known are {', '.join(RECIPES)}."
            )
        runs = self.store.runs(group=WorkloadName.parse(name).group)
        claims = self.claims()
        recipe, optimizer = choose_recipe(
            name, recipe=recipe, optimizer=optimizer, runs=runs, claims=claims
        )
        scope = Scope(
            workload=name,
            optimizer=optimizer,
            recipe=recipe,
            device=check_device(device),
            horizon_steps=horizon or usual_horizon(name, recipe, optimizer, runs),
            risk=risk,
        )
        evidence = select_evidence(scope, runs=runs, claims=claims, leave_out=exclude)
        return scope, evidence

    def _recommend(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> Recommendation:
        model = self._fitter.model(scope, evidence)
        best = self._fitter.best_rate(evidence, batch_size)
        return build_recommendation(
            scope,
            batch_size,
            evidence=evidence,
            model=model,
            best=best,
            verification=self._plan(scope, batch_size, evidence),
        )

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
                target, recipe=scope.recipe, device=scope.device, risk=scope.risk
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
        )

    def _plan_steps(
        self, target: str, batches: Sequence[int], device: str, runs: Sequence[Run]
    ) -> int:
        per_step = max(
            seconds_per_step(target, b, device=device, runs=runs) for b in batches
        )
        usual = usual_horizon(target, None, "adam", ()) or 2000
        return steps_for_budget(
            PLAN_BUDGET_SECONDS,
            n_workers=self.settings.n_workers,
            seconds_per_step=per_step,
            usual_steps=usual,
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
        claims = self.store.claims()
        if self._seeded:
            return claims
        seeds = {claim.id for claim in load_seed_claims()}
        return [claim for claim in claims if claim.id not in seeds]

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
        budget_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return the runs a verification would make, with their cost; starts nothing.

        A full-size face model on a CPU is planned through a proxy.
        """
        scope, evidence = self._evidence(
            workload, optimizer=optimizer, recipe=recipe, device=device
        )
        target = verification_target(scope)
        if learning_rates and find_spec(scope.workload) is not None:
            target = scope.workload  # a rate that was named belongs to this very size
        if target is None:
            plan = self._plan(scope, batch_sizes[0], evidence)
            return {**plan.to_dict(), "budget_seconds": None}
        if target != scope.workload:
            scope, evidence = self._evidence(target, recipe=scope.recipe, device=device)
        plan = plan_verification(
            scope,
            batch_sizes[0],
            model=self._fitter.model(scope, evidence),
            target=target,
            **self._plan_costs(scope, target, batch_sizes, evidence),
            reason="you asked for it.",
            n_workers=self.settings.n_workers,
            learning_rates=learning_rates,
        )
        return {**plan.to_dict(), "budget_seconds": budget_seconds}

    def _plan_costs(
        self,
        scope: Scope,
        target: str,
        batch_sizes: Sequence[int],
        evidence: Evidence,
    ) -> dict[str, Any]:
        runs = evidence.own.runs
        steps = self._plan_steps(target, batch_sizes, scope.device, runs)
        return {
            "steps": steps,
            "seconds_by_batch": {
                b: steps * seconds_per_step(target, b, device=scope.device, runs=runs)
                for b in batch_sizes
            },
            "first_seed": next_seed(runs, ()),
        }

    def model_for(self, spec: VerificationSpec) -> tuple[StableLearningRateModel, int]:
        """Return the model a wish is planned with, and its number of labelled runs."""
        scope, evidence = self._evidence(
            spec.workload, recipe=spec.recipe, device=spec.device, horizon=spec.steps
        )
        return self._fitter.model(scope, evidence), len(evidence.labelled_runs)

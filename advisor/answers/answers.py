"""A question of numbers -> rates, verdicts and batch sizes, from a store's evidence.

It fits and answers; it records nothing and starts no run.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

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
    LargestKnown,
    Recommendation,
    build_judgement,
    build_recommendation,
)
from advisor.answers.ruler import Mark, Ruler, build_ruler, ruler_rates
from advisor.answers.tried import farthest_batch
from advisor.checks import (
    check_batch_size,
    check_learning_rate,
)
from advisor.evidence.library import Library
from advisor.evidence.scope import NOTHING_ASKED, Asked, Scope
from advisor.evidence.selecting import Evidence
from advisor.memory import Memory
from advisor.planning.plan import (
    WORTH_MOVING,
    VerificationPlan,
    verification_target,
)
from advisor.planning.planner import Planner
from advisor.planning.reach import find_reach
from advisor.rates import round_rate
from advisor.statistics.fitting import Fitter
from experiments.machine import machine_name
from experiments.workloads.registry import examples_per_item
from knowledge.errors import (
    BadValueError,
)

MAX_ANSWERS = 256  # an answer that rests on thousands of runs lists their ids


class Answers:
    """Answers from one store; what was worked out is remembered while it holds."""

    def __init__(self, library: Library, fitter: Fitter, planner: Planner):
        self._library = library
        self._fitter = fitter
        self._planner = planner
        self._known = Memory[tuple[Evidence, Recommendation]](MAX_ANSWERS)

    def recommend(
        self,
        workload: str,
        batch_size: int,
        asked: Asked = NOTHING_ASKED,
    ) -> Recommendation:
        """Return the rate for a batch size, with its interval, evidence and caveats.

        Args:
            workload: A known name, in any case.
            batch_size: Examples per step (per side for the face models), at least 1.
            asked: What else the answer is to hold for; the rest is filled in.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: A number cannot be right.
        """
        batch_size = check_batch_size(batch_size)
        scope, evidence = self._library.settle(workload, asked)
        return self._recommend(scope, batch_size, evidence)

    def judge(
        self,
        workload: str,
        batch_size: int,
        learning_rate: float,
        asked: Asked = NOTHING_ASKED,
    ) -> Judgement:
        """Return P(stable) of a rate at a batch size, and the verdict."""
        batch_size = check_batch_size(batch_size)
        learning_rate = check_learning_rate(learning_rate)
        what, evidence = self._library.settle(workload, asked)
        recommendation = self._recommend(what, batch_size, evidence)
        model = self._fitter.model(what, evidence)
        return build_judgement(recommendation, learning_rate, model=model)

    def largest_batch(
        self, workload: str, learning_rate: float, asked: Asked = NOTHING_ASKED
    ) -> LargestBatch:
        """Return the largest batch size at which a rate is still held to be safe."""
        rate = check_learning_rate(learning_rate)
        what, evidence = self._library.settle(workload, asked)
        if not evidence.tells_stability:
            return self._no_limit_known(what, evidence, rate)
        model = self._fitter.model(what, evidence)
        found = model.largest_batch(rate, what.risk, what.horizon_steps)
        if found is None:
            batch = max(
                known_batches(evidence) or [1],
                key=lambda b: model.probability_stable(b, rate, what.horizon_steps),
            )
            answer = self._recommend(what, batch, evidence)
            reason = none_reason(what, rate, answer, model)
            return LargestBatch(what.workload, rate, None, reason, answer)
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
        self, workloads: Sequence[str], batch_size: int, asked: Asked = NOTHING_ASKED
    ) -> Comparison:
        """Return which of two or more workloads stands the higher rate, how surely."""
        batch_size = check_batch_size(batch_size)
        names = dict.fromkeys(
            self._library.resolve_workload(name) for name in workloads
        )
        if len(names) < 2:
            raise BadValueError(
                "workloads", ", ".join(workloads), expected="name two or more."
            )
        return compare_rates(
            [self._contender(name, batch_size, asked) for name in names]
        )

    def _contender(
        self, workload: str, batch_size: int, asked: Asked = NOTHING_ASKED
    ) -> Contender:
        what, evidence = self._library.settle(workload, asked)
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

    def fastest_batch(
        self, workload: str, asked: Asked = NOTHING_ASKED
    ) -> FastestBatch:
        """Return the fastest batch size here at which a stable rate is known."""
        what, evidence = self._library.settle(workload, asked)
        name, timings = what.workload, self._planner.timings
        how = {"device": what.device, "precision": what.precision}
        report = build_throughput(
            name,
            machine=machine_name(),
            sides=examples_per_item(name),
            speeds=timings.speeds(name, **how),
            runs=timings.runs(name, **how),
            **how,
        )
        claims = [
            claim
            for claim in self._library.claims()
            if claim.quantity == "fastest_batch" and claim.workload == name
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
        self, workload: str, batch_sizes: Sequence[float], asked: Asked = NOTHING_ASKED
    ) -> list[dict[str, float]]:
        """Return where half of all runs fail over batch sizes, for a chart.

        One row `batch_size, low, median, high` (90 %) per batch size, whole or not;
        none when nothing is known of stability.
        """
        what, evidence = self._library.settle(workload, asked)
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

    def ruler(
        self,
        r: Recommendation,
        marks: Sequence[Mark],
        asked_rate: float | None = None,
    ) -> Ruler | None:
        """Return how surely each rate holds where an answer speaks of, if it is known.

        Args:
            r: The answer.
            marks: What held and failed at its batch size.
            asked_rate: The rate that was asked about, if one was.
        """
        asked = replace(r.setting, horizon_steps=r.horizon_steps, risk=r.risk)
        what, evidence = self._library.settle(r.workload, asked)
        rates = ruler_rates(r, marks, asked_rate)
        if not rates or not evidence.tells_stability:
            return None
        model = self._fitter.model(what, evidence)
        curve = [
            (rate, model.probability_stable(r.batch_size, rate, what.horizon_steps))
            for rate in rates
        ]
        return build_ruler(r, curve, marks, asked_rate)

    def usual_length(self, workload: str, asked: Asked = NOTHING_ASKED) -> int | None:
        """Return for how many steps answers about a workload speak, if it is known."""
        return self._library.settle(workload, asked)[0].horizon_steps

    def best_rate_band(
        self, workload: str, batch_sizes: Sequence[float], asked: Asked = NOTHING_ASKED
    ) -> list[dict[str, float]]:
        """Return the best rate over batch sizes (80 %), for a chart.

        Rows as of `threshold_band`; none when no run of the workload has a score.
        """
        _, evidence = self._library.settle(workload, asked)
        found = [(float(b), self._fitter.best_rate(evidence, b)) for b in batch_sizes]
        return [
            {"batch_size": b, "low": r.low, "median": r.median, "high": r.high}
            for b, r in found
            if r is not None
        ]

    def _recommend(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> Recommendation:
        """The answer; first of its limits is what is saved and could not be read."""
        answer = self._of_evidence(scope, batch_size, evidence)
        left_out = self._library.not_brought_in()
        if left_out is None:
            return answer
        limits = Caveat(Kind.NOT_BROUGHT_IN, left_out), *answer.limits
        return replace(answer, limits=limits)

    def _of_evidence(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> Recommendation:
        target = verification_target(scope)
        # The plan's times change with what was timed, the rest with the evidence alone.
        cost = (
            self._planner.run_cost(replace(scope, workload=target)) if target else None
        )
        key = scope, batch_size, cost
        known = self._known.find(key)
        # The library hands out the same object as long as runs and claims are the same.
        if known is not None and known[0] is evidence:
            return known[1]
        recommendation = build_recommendation(
            scope,
            batch_size,
            largest_known=self._largest_known(scope, batch_size, evidence),
            evidence=evidence,
            model=self._fitter.model(scope, evidence),
            best=self._fitter.best_rate(evidence, batch_size),
            verification=self._planner.for_answer(scope, batch_size, evidence),
        )
        if cost is not None and target == scope.workload:
            n_workers = self._planner.settings.n_workers
            longer = longer_horizon_caveat(
                scope, batch_size, evidence, cost=cost, n_workers=n_workers
            )
            if longer is not None:
                limits = *recommendation.limits, Caveat(Kind.RUN_LENGTH, longer)
                recommendation = replace(recommendation, limits=limits)
        recommendation = self._with_reach(recommendation, scope, evidence)
        self._known.keep(key, (evidence, recommendation))
        return recommendation

    def _with_reach(
        self, answer: Recommendation, scope: Scope, evidence: Evidence
    ) -> Recommendation:
        """The answer, with where the planned runs can move its rate."""
        rate, plan = answer.learning_rate, answer.verification
        if rate is None or answer.learning_rate_is != "cap" or not plan.needed:
            return answer

        def reach_of(one: VerificationPlan) -> tuple[float, float] | None:
            return find_reach(
                one,
                rate,
                scope,
                answer.batch_size,
                evidence,
                library=self._library,
                fitter=self._fitter,
            )

        reach = reach_of(plan)
        if reach is None:
            return answer
        if reach[1] < WORTH_MOVING * reach[0]:
            # What so narrow a copy can tell is known: a wider one may tell more.
            for wider in self._planner.wider(plan):
                there = reach_of(wider)
                if there is not None and there[1] >= WORTH_MOVING * there[0]:
                    plan, reach = wider, there
                    break
        return replace(answer, verification=plan.reaching(rate, reach))

    def _largest_known(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> LargestKnown | None:
        """What can be said instead of a batch size too far beyond the evidence."""
        farthest = farthest_batch(evidence)
        if farthest is None or batch_size <= farthest:
            return None
        there = self._recommend(scope, farthest, evidence)
        return LargestKnown(farthest, there.learning_rate)

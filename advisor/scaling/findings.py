"""What the evidence says of each exponent, from runs and fits.

The highest stable rate and the best rate get a finding each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import rounded_shares
from advisor.evidence.scope import PRECISION, Scope
from advisor.evidence.selecting import Evidence
from advisor.evidence.trajectories import is_labelled
from advisor.scaling.exponents import exponent_of
from advisor.scaling.records import Alone, Finding
from advisor.scaling.verdicts import MIN_RATES, MIN_RUNS, ordered_share
from advisor.statistics import priors
from advisor.statistics.fitted import scaling_rule_shares
from advisor.statistics.fitting import Fitter, base_prior
from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES
from knowledge.records import OURS, STUDY, Claim, Run


@dataclass(frozen=True)
class Findings:
    """Finds what evidence says of the exponents it speaks of."""

    fitter: Fitter

    def of(self, scope: Scope, evidence: Evidence) -> list[Finding]:
        """Return what the evidence says of each exponent it speaks of."""
        both = self._stability(scope, evidence), self._best(scope, evidence)
        return [finding for finding in both if finding is not None]

    def _stability(self, scope: Scope, evidence: Evidence) -> Finding | None:
        labelled = evidence.labelled_runs
        if not (labelled or evidence.own.claims or evidence.siblings):
            return None
        copies = [
            run
            for body in evidence.siblings
            if _is_copy_of(body.workload, scope)
            for run in body.runs
            if is_labelled(run)
        ]
        slope = base_prior(scope.optimizer).slope
        return _finding(
            scope,
            _Rows(labelled, copies, evidence.own.claims),
            quantity="max_stable",
            draws=self.fitter.exponents(scope, evidence),
            judged_by=self.fitter.exponents(scope, evidence.without_claims()),
            by_source=self._each_alone(scope, evidence, "max_stable", labelled),
            prior=(slope.mean, slope.sd),
        )

    def _best(self, scope: Scope, evidence: Evidence) -> Finding | None:
        draws = self.fitter.best_exponents(evidence)
        if draws is None:
            return None
        return _finding(
            scope,
            _Rows(evidence.scored),
            quantity="best",
            draws=draws,
            judged_by=draws,
            by_source=self._each_alone(scope, evidence, "best", evidence.scored),
            prior=priors.BEST_SLOPE,
        )

    def _each_alone(
        self, scope: Scope, evidence: Evidence, quantity: str, runs: Sequence[Run]
    ) -> tuple[Alone, ...]:
        """Our runs, the study's and imported ones by themselves, without claims."""
        imported = [run for run in runs if not run.is_measured]
        groups = {
            OURS: [run for run in runs if run.is_ours],
            STUDY: [run for run in runs if run.is_measured and not run.is_ours],
            ", ".join(sorted({run.source for run in imported})): imported,
        }
        return tuple(
            self._alone(scope, evidence, quantity, source, kept)
            for source, kept in groups.items()
            if kept
        )

    def _alone(
        self,
        scope: Scope,
        evidence: Evidence,
        quantity: str,
        source: str,
        kept: Sequence[Run],
    ) -> Alone:
        ids = {run.id for run in kept}
        runs = evidence.without_claims()
        part = replace(
            runs,
            own=replace(runs.own, runs=tuple(r for r in runs.own.runs if r.id in ids)),
            scored=tuple(r for r in evidence.scored if r.id in ids),
        )
        draws = None
        if len(kept) >= MIN_RUNS and quantity == "max_stable":
            draws = self.fitter.exponents(scope, part)
        elif len(kept) >= MIN_RUNS:
            draws = self.fitter.best_exponents(part)
        return Alone(
            source=source,
            n_runs=len(kept),
            exponent=None if draws is None else exponent_of(draws, quantity),
            scaling_rules=None
            if draws is None
            else rounded_shares(scaling_rule_shares(draws)),
        )


@dataclass(frozen=True)
class _Rows:
    """What a finding rests on: own runs, those of copies of another width, claims."""

    own: Sequence[Run]
    copies: Sequence[Run] = ()
    claims: Sequence[Claim] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        return (*self.own, *self.copies)

    @property
    def batch_range(self) -> tuple[int, int] | None:
        sizes = {run.batch_size for run in self.runs}
        sizes |= {claim.batch_size for claim in self.claims if claim.batch_size}
        return (min(sizes), max(sizes)) if sizes else None

    @property
    def batch_octaves(self) -> float:
        """What the runs span."""
        sizes = [run.batch_size for run in self.runs]
        return round(math.log2(max(sizes) / min(sizes)), 1) if sizes else 0.0

    @property
    def n_compared(self) -> int:
        """The batch sizes at which several rates were tried."""
        rates: dict[int, set[float]] = {}
        for run in self.runs:
            rates.setdefault(run.batch_size, set()).add(run.learning_rate)
        return sum(len(tried) >= MIN_RATES for tried in rates.values())


def _finding(
    scope: Scope,
    rows: _Rows,
    *,
    quantity: str,
    draws: NDArray[np.float64],
    judged_by: NDArray[np.float64],
    by_source: tuple[Alone, ...],
    prior: tuple[float, float],
) -> Finding:
    return Finding(
        workload=scope.workload,
        optimizer=scope.optimizer,
        recipe=scope.recipe,
        quantity=quantity,
        exponent=exponent_of(draws, quantity),
        scaling_rules=rounded_shares(scaling_rule_shares(draws)),
        batch_range=rows.batch_range,
        n_batch_octaves=rows.batch_octaves,
        n_compared=rows.n_compared,
        n_runs=len(rows.own),
        n_proxy_runs=len(rows.copies),
        n_claims=len(rows.claims),
        held_fixed=_held_fixed(scope, rows.runs),
        devices=tuple(sorted({run.device for run in rows.runs if run.device})),
        by_source=by_source,
        prior=prior,
        draws=judged_by,
        ordered=ordered_share(rows.runs) if quantity == "max_stable" else None,
    )


def _held_fixed(scope: Scope, runs: Sequence[Run]) -> str:
    """What did not change with the batch size, as far as the runs say."""
    recipe = RECIPES.get(scope.recipe or "")
    named = f"recipe {recipe.name}" if recipe else "whatever the source held fixed"
    if scope.precision != PRECISION:
        named += f" in {scope.precision}"
    lengths = {run.horizon_steps for run in runs}
    if len(lengths) != 1 or None in lengths:
        return named
    unit = "steps" if recipe else "(steps, epochs or tokens: the source's count)"
    return f"{named}, and a length of {lengths.pop()} {unit}"


def _is_copy_of(workload: str, scope: Scope) -> bool:
    name = WorkloadName.parse(workload)
    same = name.base.lower() == scope.name.base.lower()
    return same and name.width_divisor != scope.name.width_divisor

"""From evidence to fitted models, remembered while the evidence stays the same.

A workload is fitted with a prior pooled from its siblings' own fits. A fit depends only
on the ids it rests on, so the memory needs no expiry.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from advisor import priors
from advisor.best_rate import BestRate, ScoredRuns, best_rate
from advisor.evidence import ADAPTIVE, Body, Evidence, Scope, usual_horizon
from advisor.pooling import (
    Relation,
    SiblingSummary,
    pool_prior,
    width_shifted_centre,
)
from advisor.regression import (
    Bound,
    Moment,
    PosteriorSummary,
    StableLearningRateModel,
    ThresholdPrior,
)
from knowledge.names import WorkloadName
from knowledge.records import Run

SIBLING_PARTICLES = 512
REFERENCE_STEPS = 1000
MEMORY = 512
FEWEST_SCORED_RATES = 4  # beside stability evidence; scores alone count from one
T = TypeVar("T")


class Fitter:
    """Fits models of bodies of evidence; remembers the last few hundred."""

    def __init__(self) -> None:
        self._memory: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def model(self, scope: Scope, evidence: Evidence) -> StableLearningRateModel:
        """Return the stability model of the workload asked about."""
        key = (
            "model",
            scope.workload,
            scope.recipe,
            scope.optimizer,
            scope.horizon_steps,
            evidence.own.key,
            tuple(sorted(evidence.reliability.items())),
            tuple(body.key for body in evidence.siblings),
        )
        return self._remember(key, lambda: self._fit_own(scope, evidence))

    def exponent_draws(
        self, scope: Scope, evidence: Evidence, batch_size: int
    ) -> NDArray[np.float64]:
        """Return draws of the exponent the answer speaks of, shape (n_draws,)."""
        if evidence.labelled_runs or evidence.own.claims or evidence.siblings:
            return self.model(scope, evidence).exponent_
        best = self.best_rate(evidence, batch_size)
        return np.empty(0) if best is None else np.asarray(best.exponent_draws)

    def best_rate(self, evidence: Evidence, batch_size: int) -> BestRate | None:
        """Return the best rate at a batch size, or None when nothing is scored."""
        if not evidence.scored or _says_little(evidence):
            return None
        key = ("best", batch_size, tuple(run.id for run in evidence.scored))
        return self._remember(key, lambda: _fit_best(evidence, batch_size))

    def _remember(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]  # type: ignore[return-value]
        value = make()
        with self._lock:
            self._memory[key] = value
            while len(self._memory) > MEMORY:
                self._memory.popitem(last=False)
        return value

    def _fit_own(self, scope: Scope, evidence: Evidence) -> StableLearningRateModel:
        centre_of_claims = claimed_centre(evidence)
        base = base_prior(scope.optimizer, centre_of_claims, scope.name.width_divisor)
        reference = float(scope.horizon_steps or REFERENCE_STEPS)
        siblings = [
            SiblingSummary(
                self._sibling(body, centre_of_claims),
                _relation(scope, body),
                WorkloadName.parse(body.workload).width_divisor,
            )
            for body in evidence.siblings
        ]
        prior = pool_prior(
            base,
            siblings,
            width_divisor=scope.name.width_divisor,
            reference_steps=reference,
            y_centre=_centre(evidence.own),
        )
        centre = _centre(evidence.own)
        if centre is not None:
            prior = replace(prior, y_centre=centre)
        return fit_body(
            evidence.own, prior, reference, reliability=evidence.reliability
        )

    def _sibling(self, body: Body, centre_of_claims: float | None) -> PosteriorSummary:
        width = WorkloadName.parse(body.workload).width_divisor

        def fit() -> PosteriorSummary:
            horizon = usual_horizon(
                body.workload, body.recipe, body.optimizer, body.runs
            )
            return fit_body(
                body,
                base_prior(body.optimizer, centre_of_claims, width),
                float(horizon or REFERENCE_STEPS),
                n_particles=SIBLING_PARTICLES,
            ).summary()

        return self._remember(("sibling", body.key, centre_of_claims), fit)


def base_prior(
    optimizer: str, centre_of_claims: float | None = None, width_divisor: int = 1
) -> ThresholdPrior:
    """Return what is believed of a workload before any run of it or its siblings.

    Args:
        optimizer: Decides the slope: adaptive optimizers or SGD.
        centre_of_claims: log2 of the rates people report of the full-size family, the
            centre of the level where there are any.
        width_divisor: Of the workload; a proxy's centre is shifted.
    """
    slope = priors.SLOPE_ADAM if optimizer in ADAPTIVE else priors.SLOPE_SGD
    level = Moment(priors.LEVEL_CENTRE, priors.LEVEL_SD)
    if centre_of_claims is not None:
        level = Moment(centre_of_claims, priors.LEVEL_SD)
        level = width_shifted_centre(level, width_divisor)
    return ThresholdPrior(slope=Moment(*slope), level=level)


def claimed_centre(evidence: Evidence) -> float | None:
    """Return the mean log2 of the rates that claims bound the family's threshold by."""
    claims = [*evidence.own.claims, *(c for b in evidence.siblings for c in b.claims)]
    rates = [claim.learning_rate for claim in claims if claim.learning_rate]
    return float(np.mean(np.log2(rates))) if rates else None


def fit_body(
    body: Body,
    prior: ThresholdPrior,
    reference_steps: float,
    *,
    n_particles: int = 1024,
    reliability: dict[str, float] | None = None,
) -> StableLearningRateModel:
    """Return the model fitted on a body's runs and claims."""
    trust = reliability or {}
    model = StableLearningRateModel(
        prior=prior, reference_steps=reference_steps, n_particles=n_particles
    )
    return model.fit(
        [run.batch_size for run in body.runs],
        [run.learning_rate for run in body.runs],
        [bool(run.outcome and run.outcome.is_unstable) for run in body.runs],
        steps=[_step(run) for run in body.runs],
        horizon_steps=[float(run.horizon_steps or np.nan) for run in body.runs],
        reliability=[trust.get(run.id, 1.0) for run in body.runs],
        bounds=[
            Bound(
                batch_size=claim.batch_size,
                learning_rate=claim.learning_rate,
                holds="stable" if claim.bound == "stable" else "unstable",
                reliability=claim.reliability,
                source=claim.source,
            )
            for claim in body.claims
            if claim.batch_size and claim.learning_rate
        ],
    )


def _step(run: Run) -> float:
    """The failed step of an unstable run, the last survived one of another, or NaN."""
    unstable = bool(run.outcome and run.outcome.is_unstable)
    step = run.failed_at_step if unstable else run.steps
    return float(step) if step else float("nan")


def _relation(scope: Scope, body: Body) -> Relation:
    name = WorkloadName.parse(body.workload)
    if name.base.lower() == scope.name.base.lower():
        return "proxy"
    return "family" if name.family == scope.name.family else "group"


def _centre(body: Body) -> float | None:
    sizes = {run.batch_size for run in body.runs}
    sizes |= {claim.batch_size for claim in body.claims if claim.batch_size}
    return float(np.mean(np.log2(sorted(sizes)))) if sizes else None


def _says_little(evidence: Evidence) -> bool:
    """Whether the scores are a by-product of a few runs that asked about stability."""
    rates = {run.learning_rate for run in evidence.scored}
    return bool(evidence.labelled_runs) and len(rates) < FEWEST_SCORED_RATES


def _fit_best(evidence: Evidence, batch_size: int) -> BestRate | None:
    siblings = [_scored(runs) for runs in evidence.scored_siblings if runs]
    return best_rate(_scored(evidence.scored), batch_size, siblings=siblings)


def _scored(runs: Sequence[Run]) -> ScoredRuns:
    """Scores as losses: less is better, whatever the metric's goal."""
    sign = -1.0 if runs[0].goal == "max" else 1.0
    return ScoredRuns(
        batch_size=[run.batch_size for run in runs],
        learning_rate=[run.learning_rate for run in runs],
        loss=[sign * (run.metric_value or 0.0) for run in runs],
    )

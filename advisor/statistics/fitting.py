"""From evidence to fitted models, remembered while the evidence stays the same.

A workload's prior is pooled from its siblings' own fits. A fit is known by what its
rows say, so the memory needs no expiry.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from advisor.evidence.comparable_scores import best_scored_rate
from advisor.evidence.scope import Scope, usual_horizon
from advisor.evidence.selecting import Body, Evidence, content_of
from advisor.memory import Memory
from advisor.statistics import priors
from advisor.statistics.beliefs import Moment, PosteriorSummary, ThresholdPrior
from advisor.statistics.best_rate import BestRate, BestRateLaw
from advisor.statistics.kept_fits import KeptFits
from advisor.statistics.likelihood import Bound
from advisor.statistics.loss_shape import ScoredRuns
from advisor.statistics.pooling import (
    Relation,
    SiblingSummary,
    pool_prior,
    width_shifted_centre,
)
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.names import WorkloadName
from knowledge.optimizers import stepping_of
from knowledge.records import Run

Floats = NDArray[np.float64]

# Of a sibling's fit; more for those with few rows, whose posterior is near the prior:
# with 512 draws noise was taken for a finding about the slope.
SIBLING_PARTICLES = 512
# Draws of a workload's own fit: as many as make it about as dear as 64 runs with 1024.
# With 200 runs and 256 draws an interval's ends are known to 9 % of the posterior's sd
# (6 % with 512, 5 % with 1024), and the posterior is narrow by then (measured).
# From reports alone, where the tails are long, the cap moves by 1 % between seeds with
# 4096 draws and by 4 % with 1024; that fit takes 0.1 s.
MAX_PARTICLES, MIN_PARTICLES, PARTICLE_ROWS = 4096, 256, 65536
REFERENCE_STEPS = 1000
# What is remembered, for some hundreds of workloads under a few recipes.
MODEL_BYTES = 128e6
MAX_SIBLINGS, MAX_PRIORS, MAX_LAWS = 5000, 500, 200
MAX_SCORES = 200_000  # scored runs, as arrays
MAX_KEYS = 500
MAX_DRAWS = 5000  # of exponents, 2 to 32 kB each


class Fitter:
    """Fits models of bodies of evidence; remembers those used last.

    A new run costs the fit of its own workload alone.
    """

    def __init__(self, kept: KeptFits | None = None) -> None:
        """Remember in memory alone, or in a file as well."""
        self._kept = kept
        self._models = Memory[StableLearningRateModel](MODEL_BYTES)
        self._siblings = Memory[PosteriorSummary](MAX_SIBLINGS)
        self._priors = Memory[ThresholdPrior](MAX_PRIORS)
        self._laws = Memory[BestRateLaw | None](MAX_LAWS)
        self._scores = Memory[ScoredRuns](MAX_SCORES)
        self._draws = Memory[Floats](MAX_DRAWS)
        self._keys = Memory[tuple[Sequence[Run], str]](MAX_KEYS)

    def model(self, scope: Scope, evidence: Evidence) -> StableLearningRateModel:
        """Return the stability model of the workload asked about."""
        key = _model_key(scope, evidence)
        return self._models.remember(
            key, lambda: self._own_fit(key, scope, evidence), weight=_bytes_of
        )

    def exponents(self, scope: Scope, evidence: Evidence) -> Floats:
        """Return the draws of the model's exponent, without a fit where one is kept."""
        return self._draws_of(
            ("stable", *_model_key(scope, evidence)),
            lambda: self.model(scope, evidence).exponent_,
        )

    def best_exponents(self, evidence: Evidence) -> Floats | None:
        """Return the draws of the best rate's exponent, or None as `best_rate` does."""
        if not evidence.tells_best:
            return None
        marks = [mark for mark, _ in self._marked_scores(evidence)]

        def draws() -> Floats:
            law = self._law(evidence)
            return np.array([]) if law is None else law.exponents()

        found = self._draws_of(("best", *marks), draws)
        return found if len(found) else None

    def _draws_of(self, key: Hashable, make: Callable[[], Floats]) -> Floats:
        """Draws as they are remembered, from the file, or made now."""
        draws = self._draws.find(key)
        if draws is None and self._kept is not None:
            draws = self._kept.find_draws(key)
        if draws is None:
            draws = make()
            if self._kept is not None:
                self._kept.keep_draws(key, draws)
        self._draws.keep(key, draws)
        return draws

    def best_rate(self, evidence: Evidence, batch_size: float) -> BestRate | None:
        """Return the best rate at a batch size, or None when nothing is scored."""
        if not evidence.tells_best:
            return None
        law = self._law(evidence)
        return None if law is None else law.at(batch_size)

    def _law(self, evidence: Evidence) -> BestRateLaw | None:
        """The law of the workload's scores, which are some."""
        marked = self._marked_scores(evidence)

        def fit() -> BestRateLaw | None:
            scores, *others = (
                self._scores.remember(
                    mark, partial(_scored, runs, mark[1]), weight=_n_rows
                )
                for mark, runs in marked
            )
            return BestRateLaw(scores, others) if scores.curves else None

        return self._laws.remember(tuple(mark for mark, _ in marked), fit)

    def _marked_scores(
        self, evidence: Evidence
    ) -> list[tuple[tuple[str, bool], Sequence[Run]]]:
        """The workload's scored runs and its siblings', and what they are known by."""
        own = evidence.scored
        rows = [own, *(runs for runs in evidence.scored_siblings if runs)]
        return [
            ((self._key_of(runs), _shares_level(own[0], runs[0])), runs)
            for runs in rows
        ]

    def _key_of(self, runs: Sequence[Run]) -> str:
        """A hash of what they say, worked out once for each sequence of runs."""
        known = self._keys.find(id(runs))
        if known is not None and known[0] is runs:
            return known[1]
        key = content_of(runs)
        self._keys.keep(id(runs), (runs, key))
        return key

    def _own_fit(
        self, key: Hashable, scope: Scope, evidence: Evidence
    ) -> StableLearningRateModel:
        """The workload's own fit: from the file, or made now."""
        found = None if self._kept is None else self._kept.find_model(key)
        if found is not None:
            return found
        reference = _reference_steps(evidence.own)
        model = fit_body(
            evidence.own,
            self._pooled_prior(scope, evidence, reference),
            reference,
            n_particles=particles_for(len(evidence.own.runs)),
            reliability=evidence.reliability,
        )
        if self._kept is not None:
            self._kept.keep_model(key, model)
        return model

    def _pooled_prior(
        self, scope: Scope, evidence: Evidence, reference: float
    ) -> ThresholdPrior:
        centre_of_claims = claimed_centre(evidence)
        # Of the workload alone: where its best scores lie says nothing of its siblings.
        own_centre = centre_of_claims or scored_centre(evidence)
        centre = _centre_of(evidence)

        def pool() -> ThresholdPrior:
            siblings = self._siblings_of(scope, evidence, centre_of_claims)
            return _prior_of(scope, evidence, siblings, own_centre)

        key = (
            scope.workload,
            scope.optimizer,
            reference,
            centre,
            (centre_of_claims, own_centre),
            tuple(body.key for body in evidence.siblings),
        )
        return self._priors.remember(key, pool)

    def prior_with(
        self, scope: Scope, evidence: Evidence, copy: Body, fit: PosteriorSummary
    ) -> ThresholdPrior:
        """Return what is believed before own runs, if this were a copy's fit."""
        centre_of_claims = claimed_centre(evidence)
        siblings = self._siblings_of(scope, evidence, centre_of_claims)
        others = [s for s in siblings if (s.kin, s.width_divisor) != _place(copy)]
        assumed = SiblingSummary(fit, _relation(scope, copy), *_place(copy)[::-1])
        own_centre = centre_of_claims or scored_centre(evidence)
        return _prior_of(scope, evidence, [*others, assumed], own_centre)

    def _siblings_of(
        self, scope: Scope, evidence: Evidence, centre_of_claims: float | None
    ) -> list[SiblingSummary]:
        fits = self._sibling_fits(evidence.siblings, centre_of_claims)
        return [
            SiblingSummary(fit, _relation(scope, body), width, kin)
            for body, fit in zip(evidence.siblings, fits, strict=True)
            for kin, width in [_place(body)]
        ]

    def _sibling_fits(
        self, bodies: Sequence[Body], centre_of_claims: float | None
    ) -> list[PosteriorSummary]:
        """Each body's own fit: remembered, from the file, or made now."""
        keys = [(body.key, centre_of_claims) for body in bodies]
        found: dict[Hashable, PosteriorSummary | None] = {
            key: self._siblings.find(key) for key in keys
        }
        missing = [key for key, fit in found.items() if fit is None]
        if self._kept is not None:
            found.update(self._kept.find(missing))
        made: dict[Hashable, PosteriorSummary] = {}
        fits = []
        for key, body in zip(keys, bodies, strict=True):
            fit = found[key]
            if fit is None:
                fit = found[key] = made[key] = _fit_sibling(body, centre_of_claims)
            self._siblings.keep(key, fit)
            fits.append(fit)
        if self._kept is not None:
            self._kept.keep(made)
        return fits


def _prior_of(
    scope: Scope,
    evidence: Evidence,
    siblings: Sequence[SiblingSummary],
    centre_of_rates: float | None,
) -> ThresholdPrior:
    """What is believed of a workload, from its siblings' fits."""
    width = scope.name.width_divisor
    centre = _centre_of(evidence)
    prior = pool_prior(
        base_prior(scope.optimizer, centre_of_rates, width),
        siblings,
        width_divisor=width,
        reference_steps=_reference_steps(evidence.own),
        y_centre=centre,
        kin=_place(evidence.own)[0],
    )
    return replace(prior, y_centre=centre)


def _model_key(scope: Scope, evidence: Evidence) -> tuple[Hashable, ...]:
    """What a workload's model depends on."""
    return (
        scope.workload,
        scope.recipe,
        scope.optimizer,
        evidence.own.key,
        tuple(sorted(evidence.reliability.items())),
        tuple(body.key for body in evidence.siblings),
    )


def _reference_steps(body: Body) -> float:
    """The run length a fit is made at: the usual one, whatever length is asked about.

    So a longer run is never called safer than a shorter one. What is told of one run
    does not move it: what is believed beforehand is meant at this length.
    """
    made = [run for run in body.runs if not run.is_told]
    usual = usual_horizon(body.workload, body.recipe, body.optimizer, made)
    return float(usual or REFERENCE_STEPS)


def _fit_sibling(body: Body, centre_of_claims: float | None) -> PosteriorSummary:
    """What a sibling says, at the length planned most often: known best there."""
    width = WorkloadName.parse(body.workload).width_divisor
    planned = Counter(r.horizon_steps for r in body.runs if r.horizon_steps)
    most = max(planned, key=lambda steps: (planned[steps], steps), default=None)
    return fit_body(
        body,
        base_prior(body.optimizer, centre_of_claims, width),
        float(most or _reference_steps(body)),
        n_particles=max(SIBLING_PARTICLES, particles_for(len(body.runs)) // 2),
    ).summary()


def base_prior(
    optimizer: str, centre_of_claims: float | None = None, width_divisor: int = 1
) -> ThresholdPrior:
    """Return what is believed of a workload before any run of it or its siblings.

    Args:
        optimizer: How it steps decides slope and level.
        centre_of_claims: log2 of the rates people report of the full-size family.
        width_divisor: Of the workload; a proxy's centre is shifted.
    """
    stepping = stepping_of(optimizer)
    slope = priors.SLOPES[stepping]
    if centre_of_claims is not None:
        claimed = Moment(centre_of_claims, priors.CLAIMED_LEVEL_SD)
        level = width_shifted_centre(claimed, width_divisor)
        return ThresholdPrior(slope=Moment(*slope), level=level)
    return ThresholdPrior(
        slope=Moment(*slope),
        level=Moment(*priors.LEVELS[stepping]),
        log_width=Moment(*priors.LOG_WIDTH_UNREPORTED),
        level_tail=priors.LEVEL_TAIL,
    )


def particles_for(n_runs: int) -> int:
    """Return how many draws to fit a workload's own runs with, a power of two.

    >>> [particles_for(n) for n in (0, 16, 17, 64, 65, 200, 10_000)]
    [4096, 4096, 2048, 1024, 512, 256, 256]
    """
    affordable = PARTICLE_ROWS // max(n_runs, 1)
    power = 1 << (max(affordable, 1).bit_length() - 1)
    return min(max(power, MIN_PARTICLES), MAX_PARTICLES)


def claimed_centre(evidence: Evidence) -> float | None:
    """Return the mean log2 of the rates that claims bound the family's threshold by."""
    claims = [*evidence.own.claims, *(c for b in evidence.siblings for c in b.claims)]
    rates = [claim.learning_rate for claim in claims if claim.learning_rate]
    return float(np.mean(np.log2(rates))) if rates else None


def scored_centre(evidence: Evidence) -> float | None:
    """Return the mean log2 of the best-scoring rates that somebody reports.

    Who scored a rate best at a batch size trained there: the threshold is not far from
    it, and a run that held there is no surprise.
    """
    by_batch: dict[int, list[Run]] = {}
    for run in evidence.scored:
        if not run.is_measured:
            by_batch.setdefault(run.batch_size, []).append(run)
    rates = [best_scored_rate(runs) for runs in by_batch.values()]
    return float(np.mean(np.log2(rates))) if rates else None


def fit_body(
    body: Body,
    prior: ThresholdPrior,
    reference_steps: float,
    *,
    n_particles: int = MAX_PARTICLES,
    reliability: dict[str, float] | None = None,
) -> StableLearningRateModel:
    """Return the model fitted on a body's runs and claims.

    What `reliability` does not name is believed in full, or as something told.
    """
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
        reliability=[
            min(trust.get(run.id, 1.0), priors.TOLD_RELIABILITY if run.is_told else 1.0)
            for run in body.runs
        ],
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


def _place(body: Body) -> tuple[str, int]:
    """Whose runs they are, the same for copies trained alike, and at which width."""
    name = WorkloadName.parse(body.workload)
    kin = f"{name.base.lower()} {body.recipe or body.optimizer}"
    return kin, name.width_divisor


def _centre_of(evidence: Evidence) -> float:
    """log2 of the batch size at which a level is meant: the middle of what was seen."""
    own = _centre(evidence.own)
    if own is not None:
        return own
    found = [_centre(body) for body in evidence.siblings]
    known = [centre for centre in found if centre is not None]
    return float(np.mean(known) if known else np.log2(priors.CENTRE_BATCH_SIZE))


def _centre(body: Body) -> float | None:
    sizes = {run.batch_size for run in body.runs}
    sizes |= {claim.batch_size for claim in body.claims if claim.batch_size}
    return float(np.mean(np.log2(sorted(sizes)))) if sizes else None


def _bytes_of(model: StableLearningRateModel) -> float:
    """The size of a model's draws: parameters, and nodes for each batch size."""
    numbers = len(model.parameters_) + 7 * len(model.batch_sizes_)
    return 8.0 * model.n_particles * numbers


def _n_rows(runs: ScoredRuns) -> float:
    return float(np.size(runs.loss))


def _shares_level(own: Run, other: Run) -> bool:
    """Whether best rates may be close: the same family, width and training."""
    names = [WorkloadName.parse(run.workload) for run in (own, other)]
    kin = [(name.family, name.width_divisor) for name in names]
    how = [(run.recipe, run.optimizer) for run in (own, other)]
    return kin[0] == kin[1] and how[0] == how[1]


def _scored(runs: Sequence[Run], shares_level: bool) -> ScoredRuns:
    """Scores as losses, less being better; a score in 0..1 as what it lacks to 1."""
    values = np.array([run.metric_value for run in runs], np.float64)
    if runs[0].goal == "max":
        finite = values[np.isfinite(values)]
        is_share = len(finite) and finite.min() >= 0 and finite.max() <= 1
        values = (1.0 if is_share else 0.0) - values
    return ScoredRuns(
        batch_size=[run.batch_size for run in runs],
        learning_rate=[run.learning_rate for run in runs],
        loss=values,
        shares_level=shares_level,
    )

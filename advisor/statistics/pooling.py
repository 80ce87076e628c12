"""What a workload's siblings say of it before its own runs (pure).

Siblings are drawn about a common mean with an unknown spread (normal-normal): those
that agree pull a newcomer strongly, those that scatter hardly at all. No siblings: the
base prior. Copies of the very model at other widths are more than siblings: a law in
the width carries their level over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from advisor.statistics import priors
from advisor.statistics.beliefs import Moment, PosteriorSummary, ThresholdPrior
from advisor.statistics.width_law import LevelLaw, SeenLevel, rise

Floats = NDArray[np.float64]
Relation = Literal["proxy", "family", "group", "other"]

# What is shared between workloads; the lapses and the rest keep the base prior.
_SHARED = ("slope", "curvature", "log_width", "log_scatter", "time_slope")
# Grid of the spread between siblings, in units of the base prior's sd.
_SPREADS = np.geomspace(0.03, 3.0, 41)
# Shares of the base prior's variance: the common mean's, and siblings' about it.
_COMMON_SHARE = 0.5
# How many siblings the prior of a share counts for.
_SHARE_COUNT = 2.0
# A share within this of its prior has moved by Monte Carlo noise alone; a sibling above
# the second one has too few draws with a fall to say how large it would be.
_SHARE_NOISE = 0.05
_SURELY_STEADY = 0.9
# An information below this share of the prior's is Monte Carlo noise, not a finding.
_NOISE_SHARE = 0.15


@dataclass(frozen=True)
class SiblingSummary:
    """Another workload's fit, and how it is related to the one asked about.

    `proxy` is the same model at another width; `family` and `group` are related by
    name. Fits of one `kin` are of one model and recipe at several widths; without it a
    fit stands alone, or with the workload asked about if it is a proxy of it.
    """

    summary: PosteriorSummary
    relation: Relation = "family"
    width_divisor: int = 1
    kin: str = ""


def pool_prior(
    base: ThresholdPrior,
    siblings: Sequence[SiblingSummary],
    *,
    width_divisor: int = 1,
    y_centre: float | None = None,
    reference_steps: float | None = None,
    new_family: bool = False,
    kin: str = "",
) -> ThresholdPrior:
    """Return the prior of a workload given its siblings' fits.

    Args:
        base: The prior the siblings were fitted with; it is divided out, not counted
            twice.
        siblings: Fits of other workloads, in any order.
        width_divisor: Of the workload asked about.
        y_centre: log2 of the batch size of the new level; None: the siblings' mean.
        reference_steps: Run length of the new level; None: the siblings'.
        new_family: Whether nobody has measured this family: every sd is widened.
        kin: Of the workload asked about; its copies have the same.

    Where copies tell the level, it is meant at their run length (`level_steps`).

    Source: normal-normal hierarchy on a grid of the spread (Gelman et al., Bayesian
    Data Analysis, chapter 5).
    """
    ordered = sorted(siblings, key=_order)
    moments = {
        name: _pooled(
            getattr(base, name),
            [_evidence(base, s, name) for s in ordered],
            [priors.RELATION_DISTANCE[s.relation] for s in ordered],
        )
        for name in _SHARED
    }
    levels = [s for s in ordered if _tells_level(base, s)]
    copies = [s for s in levels if s.relation == "proxy" and s.kin == kin]
    since = None
    if levels:
        since = _best_known(copies).reference_steps if copies else None
        steps = since or reference_steps or levels[0].summary.reference_steps
        asked = _Asked(_halvings(width_divisor), _centre(levels, y_centre), steps)
        moments["level"] = _pooled_level(base, levels, copies, asked)
    if new_family:
        factor = priors.NEW_FAMILY_WIDENING
        names = {*moments, "level"}
        moments = {n: moments.get(n, base.level).widened(factor) for n in names}
    share = _pooled_share(base.steady_share, [s.summary.steady_share for s in ordered])
    known = base.with_moments(moments)
    return replace(known, steady_share=share, level_steps=since)


def width_shifted_centre(full_size_level: Moment, width_divisor: int) -> Moment:
    """Return the level of a proxy without runs of its own from the full size's.

    >>> width_shifted_centre(Moment(-14.0, 2.5), 2).mean < -13.0
    True

    Source: `advisor.statistics.width_law`.
    """
    if width_divisor < 1:
        raise ValueError(f"width_divisor must be at least 1; got {width_divisor}")
    halvings = _halvings(width_divisor)
    sds = (
        full_size_level.sd,
        priors.WIDTH_POWER[1] * halvings,
        priors.WIDTH_WALK * halvings**0.5,
    )
    mean = full_size_level.mean + float(rise(halvings))
    return Moment(mean - priors.WIDTH_POWER[0] * halvings, float(np.linalg.norm(sds)))


def _order(sibling: SiblingSummary) -> tuple[float, ...]:
    means = [m.mean for m in sibling.summary.moments.values()]
    return (float(sibling.width_divisor), *means)


def _tells_level(base: ThresholdPrior, sibling: SiblingSummary) -> bool:
    """Whether a sibling is near enough, and knows its own level."""
    level = sibling.summary.moments["level"]
    is_known = level.sd <= (1 - _NOISE_SHARE) * base.level.sd
    return sibling.relation != "other" and is_known


def _centre(siblings: Sequence[SiblingSummary], y_centre: float | None) -> float:
    if y_centre is not None:
        return y_centre
    return float(np.mean([s.summary.y_centre for s in siblings]))


def _evidence(base: ThresholdPrior, sibling: SiblingSummary, name: str) -> Moment:
    """What a sibling's runs alone say of a parameter: its posterior less its prior."""
    prior = getattr(base, name)
    if name == "time_slope":
        prior = _cut_at_zero(prior)
        if sibling.summary.steady_share > _SURELY_STEADY:
            return Moment(prior.mean, np.inf)
    return _without(sibling.summary.moments[name], prior)


def _cut_at_zero(moment: Moment) -> Moment:
    """The mean and sd of a normal that is cut to positive values (closed form)."""
    start = -moment.mean / moment.sd
    above = 0.5 * math.erfc(start / math.sqrt(2))
    ratio = math.exp(-0.5 * start**2) / math.sqrt(2 * math.pi) / above
    share = 1 + start * ratio - ratio**2
    return Moment(moment.mean + moment.sd * ratio, moment.sd * math.sqrt(share))


def _without(posterior: Moment, prior: Moment) -> Moment:
    """Divide a normal prior out of a posterior; an infinite sd when nothing is left."""
    prior_information = prior.sd**-2
    information = max(posterior.sd, 1e-6) ** -2 - prior_information
    if information <= _NOISE_SHARE * prior_information:
        return Moment(posterior.mean, np.inf)
    total = information + prior_information
    mean = (posterior.mean * total - prior.mean * prior_information) / information
    return Moment(mean, information**-0.5)


@dataclass(frozen=True)
class _Asked:
    """The point at which a level is wanted."""

    halvings: float
    y_centre: float
    steps: float


def _pooled_level(
    base: ThresholdPrior,
    levels: Sequence[SiblingSummary],
    copies: Sequence[SiblingSummary],
    asked: _Asked,
) -> Moment:
    """The level from other models, carried to the asked width, then from copies."""
    others = [s for s in levels if s not in copies]
    by_kin: dict[str, list[SiblingSummary]] = {}
    for i, sibling in enumerate(others):
        by_kin.setdefault(sibling.kin or f"alone {i}", []).append(sibling)
    told, powers = [], []
    for kin in by_kin.values():
        law, seen = _law(base.level, kin, asked), [_seen(s, asked) for s in kin]
        told.append(_without(law.level_given(seen), base.level))
        powers.append(_without(law.power_given(seen), law.power))
    apart = [priors.RELATION_DISTANCE[kin[0].relation] for kin in by_kin.values()]
    level = _pooled(base.level, told, apart)
    if not copies:
        return level
    power = _pooled(Moment(*priors.WIDTH_POWER), powers, [0.0] * len(powers))
    law = replace(_law(level, copies, asked), power=power)
    return law.level_given([_seen(s, asked) for s in copies])


def _law(level: Moment, kin: Sequence[SiblingSummary], asked: _Asked) -> LevelLaw:
    """The law of one model's levels, with the slope and fall of its best known fit."""
    best = _best_known(kin)
    fall = _fall(best.moments["time_slope"], best.steady_share)
    return LevelLaw(
        level,
        asked.halvings,
        Moment(*priors.WIDTH_POWER),
        slope=best.moments["slope"],
        fall=fall,
    )


def _halvings(width_divisor: int) -> float:
    return float(np.log2(width_divisor))


def _best_known(kin: Sequence[SiblingSummary]) -> PosteriorSummary:
    return min((s.summary for s in kin), key=lambda fit: fit.moments["level"].sd)


def _seen(sibling: SiblingSummary, asked: _Asked) -> SeenLevel:
    fit = sibling.summary
    return SeenLevel(
        fit.moments["level"],
        halvings=_halvings(sibling.width_divisor),
        batches=asked.y_centre - fit.y_centre,
        doublings=float(np.log2(asked.steps / fit.reference_steps)),
    )


def _fall(moment: Moment, steady_share: float) -> Moment:
    """Mean and sd of a fall that is zero with a given probability."""
    mean = (1 - steady_share) * moment.mean
    square = (1 - steady_share) * (moment.sd**2 + moment.mean**2)
    return Moment(mean, float(np.sqrt(max(square - mean**2, 0.0))))


def _pooled_share(base: float, shares: Sequence[float]) -> float:
    """Share of workloads without a fall: the prior counts for two siblings."""
    told = [share for share in shares if abs(share - base) > _SHARE_NOISE]
    return (_SHARE_COUNT * base + sum(told)) / (_SHARE_COUNT + len(told))


def _pooled(
    base: Moment, evidence: Sequence[Moment], distances: Sequence[float]
) -> Moment:
    """Mean and sd of a newcomer; `distances` (base sd) are beyond the family's."""
    known = [(e, d) for e, d in zip(evidence, distances, strict=True) if e.sd < np.inf]
    if not known:
        return base
    means = np.array([e.mean for e, _ in known])
    noise = np.array([e.sd**2 + (d * base.sd) ** 2 for e, d in known])
    spread = np.square(_SPREADS * base.sd)[:, None]
    # Weak prior of the spread: half-normal with its scale at the siblings' share.
    scale = (1 - _COMMON_SHARE) * base.sd**2
    log_prior = -0.5 * spread[:, 0] / scale + np.log(_SPREADS)
    common = _COMMON_SHARE * base.sd**2
    total = noise + spread
    information = (1 / total).sum(1) + 1 / common
    centre = ((means / total).sum(1) + base.mean / common) / information
    quadratic = (np.square(means) / total).sum(1) + base.mean**2 / common
    quadratic -= np.square(centre) * information
    log_evidence = -0.5 * (np.log(total).sum(1) + np.log(information) + quadratic)
    log_weights = log_prior + log_evidence
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    mean = float(weights @ centre)
    variance = weights @ (spread[:, 0] + 1 / information + np.square(centre - mean))
    return Moment(mean, float(np.sqrt(variance)))

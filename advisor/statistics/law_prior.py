"""What a family's other workloads say of a best-rate law (pure).

x*(B) = alpha + beta y + gamma y^2 + scatter, x = log2 rate, y = log2 B less its centre.
The siblings' laws are random effects about a common mean, so how much they bind a
newcomer is read off how alike they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from advisor.statistics import priors
from advisor.statistics.loss_shape import Optima, ScoredRuns

Floats = NDArray[np.float64]

_EM_ROUNDS = 40
_LEAST_SCATTER = 0.05  # octaves: a fifth of the finest grids' step


@dataclass(frozen=True)
class LawPrior:
    """What is believed of a law before a workload's own scores.

    `mean` (3,) and `covariance` (3, 3) are of alpha, beta, gamma at `y_centre` (log2 of
    a batch size; None: the middle of the own ones). In octaves: `scatter` of optima
    about the law, `reading_sd`, how surely one batch size's scores show its optimum,
    and `bend_to`, how far from the centre the law bends. `log_scale` is mean and sd of
    the log of the loss curve's scale. `level_known` False: alpha is left to the own
    rates.
    """

    mean: Floats = field(
        default_factory=lambda: np.array(
            [0.0, priors.BEST_SLOPE[0], priors.BEST_CURVATURE[0]]
        )
    )
    covariance: Floats = field(
        default_factory=lambda: np.diag(
            np.square(
                [
                    priors.BEST_LEVEL_SD,
                    priors.BEST_SLOPE[1],
                    priors.BEST_CURVATURE[1],
                ]
            )
        )
    )
    scatter: float = priors.BEST_SCATTER
    reading_sd: float = priors.BEST_READING_SD
    log_scale: tuple[float, float] = priors.LOG_LOSS_SCALE
    noise_share: float = priors.LOSS_NOISE_SHARE
    error: float = priors.LOSS_SHAPE_ERROR
    steepness: float = priors.LOSS_STEEPNESS
    powers: tuple[float, ...] = priors.LOSS_POWERS
    y_centre: float | None = None
    bend_to: float = 0.0
    level_known: bool = False


def pool_law_prior(siblings: Sequence[ScoredRuns]) -> LawPrior:
    """Return the law's prior as other workloads' scores show it.

    By expectation-maximization, with the general prior as two workloads more.
    """
    known = [(s, s.shape) for s in siblings if s.curves]
    shapes = [(s, shape) for s, shape in known if shape is not None]
    if not shapes:
        return LawPrior()
    optima = [shape.optima for _, shape in shapes]
    middles = [middle(o.log_batch) for o in optima]
    centre = float(np.mean(middles))
    widest = max(float(np.abs(o.log_batch - centre).max()) for o in optima)
    mean, covariance, scatter, laws = _random_effects(optima, centre)
    share = np.array([s.shares_level for s, _ in shapes])
    if not share.all():
        # Copies at another width show the slope; the level stays with their own.
        covariance[0, 1:] = covariance[1:, 0] = 0.0
        levels = laws[share, 0]
        if len(levels):
            mean[0] = levels.mean()
            spread = np.square(levels - mean[0]).sum() + 2 * priors.BEST_LEVEL_SD**2
            covariance[0, 0] = spread / (len(levels) + 2)
    base = LawPrior()
    scales = np.array([float(fit.shape.log_scale[0]) for _, fit in shapes])
    spread = np.square(scales - scales.mean()).sum() + 0.5
    sd = max(float(np.sqrt(spread / (len(scales) + 1))), priors.LOG_LOSS_SCALE_LEAST_SD)
    own = [fit.shape for _, fit in shapes]
    error = _pooled_factor([s.error[0] for s in own], base.error)
    return LawPrior(
        mean=mean,
        covariance=covariance,
        scatter=scatter,
        reading_sd=float(np.median(np.concatenate([o.sd for o in optima]))),
        log_scale=(float(scales.mean()), sd),
        noise_share=_pooled_factor([s.noise_share[0] for s in own], base.noise_share),
        error=float(np.hypot(error, priors.LOSS_SHAPE_CARRIED)),
        steepness=_pooled_factor([s.steepness[0] for s in own], base.steepness),
        y_centre=centre,
        bend_to=widest,
        level_known=bool(share.any()),
    )


def _pooled_factor(values: Sequence[float], base: float) -> float:
    """Geometric mean over siblings, with the general value as one more of them."""
    return float(np.exp(np.mean(np.log([*values, base]))))


def _random_effects(
    optima: Sequence[Optima], centre: float
) -> tuple[Floats, Floats, float, Floats]:
    """Mean (3,), covariance (3, 3), scatter and each sibling's law (n, 3).

    Source: EM for linear mixed models (Laird & Ware 1982); shorter siblings are padded
    with points of no weight.
    """
    longest = max(len(o.log_batch) for o in optima)
    design = np.zeros((len(optima), longest, 3))
    target, error = np.zeros((2, len(optima), longest))
    real = np.zeros((len(optima), longest))
    for i, o in enumerate(optima):
        n = len(o.log_batch)
        design[i, :n] = law_design(o.log_batch - centre, np.inf)
        target[i, :n], error[i, :n], real[i, :n] = o.log_rate, np.square(o.sd), 1.0
    base = LawPrior()
    start = base.mean.copy()
    start[0] = np.mean([o.log_rate.mean() for o in optima])
    mean, covariance = start.copy(), base.covariance.copy()
    scatter = base.scatter**2
    workloads = len(optima) + priors.BEST_PRIOR_WORKLOADS
    points = real.sum() + priors.BEST_PRIOR_OPTIMA
    for _ in range(_EM_ROUNDS):
        weight = real / (scatter + error)
        precision = np.linalg.inv(covariance)
        weighted = design * weight[..., None]
        spread = np.linalg.inv(precision + np.swapaxes(weighted, 1, 2) @ design)
        right = precision @ mean + np.einsum("nij,ni->nj", weighted, target)
        laws = np.einsum("nij,nj->ni", spread, right)
        shrink = scatter * weight
        residual = target - np.einsum("nij,nj->ni", design, laws)
        unsure = np.einsum("nij,njk,nik->ni", design, spread, design)
        squares = np.square(shrink) * (np.square(residual) + unsure) + shrink * error
        # The general prior pulls as one workload; the level has none of its own.
        pull = np.array([laws[:, 0].mean(), start[1], start[2]])
        mean = (laws.sum(0) + pull) / (len(laws) + 1)
        off = laws - mean
        total = off.T @ off + spread.sum(0)
        covariance = total + priors.BEST_PRIOR_WORKLOADS * base.covariance
        covariance /= workloads
        scatter = float(squares.sum() + priors.BEST_PRIOR_OPTIMA * base.scatter**2)
        scatter /= points
    return mean, covariance, max(float(np.sqrt(scatter)), _LEAST_SCATTER), laws


def law_design(y: Floats, bend_to: float) -> Floats:
    """Return rows (1, y, y^2), (n, 3); beyond `bend_to` the square is straight."""
    far = np.abs(y)
    with np.errstate(invalid="ignore"):
        straight = 2 * bend_to * far - bend_to**2
    bent = np.where(far <= bend_to, np.square(y), straight)
    return np.stack([np.ones_like(y), y, bent], axis=-1)


def middle(log_batch: Floats) -> float:
    """Return the middle of a range of batch sizes, in octaves."""
    return float(0.5 * (log_batch.min() + log_batch.max()))

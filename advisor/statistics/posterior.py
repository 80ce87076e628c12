"""Runs and claims against the parameters of a threshold: the posterior's density."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.statistics import priors
from advisor.statistics.beliefs import PARAMETERS, Moment, ThresholdPrior
from advisor.statistics.likelihood import Draws, ObservedRows, RunRows
from advisor.statistics.sampler import sample_posterior, standard_normal_points

Floats = NDArray[np.float64]

# Nodes that integrate the scatter of one batch size (probabilists' Gauss-Hermite).
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)


NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


_LOG_NODE_WEIGHTS = np.log(NODE_WEIGHTS)


_MOST_FALL_OCTAVES = 3.0  # by which a fall differs from that at the centre


def level_prior(level: Moment, runs: RunRows, *, has_claims: bool) -> Moment:
    """The level's prior: enough runs set its centre, so that no unit of rates matters.

    The centre is the cut that best parts stable from unstable rates (the middle of
    several).
    """
    if has_claims or len(runs) < priors.DATA_CENTRED_RUNS:
        return level
    order = np.argsort(runs.log_rate, kind="stable")
    rates, failed = runs.log_rate[order], runs.unstable[order]
    if not failed.any():
        return Moment(float(rates[-1]), priors.DATA_CENTRED_SD)
    if failed.all():
        return Moment(float(rates[0]), priors.DATA_CENTRED_SD)
    errors = (
        np.r_[0, np.cumsum(failed)] + (~failed).sum() - np.r_[0, np.cumsum(~failed)]
    )
    best = np.flatnonzero(errors == errors.min())
    ends = np.clip([best[0] - 1, best[-1]], 0, len(rates) - 1)
    sd = max(level.sd, priors.DATA_CENTRED_SD)
    return Moment(float(rates[ends].mean()), sd)


def _heavy_tailed(units: Floats, tail: float) -> Floats:
    """From standard normal to heavier tails of the same sd, 1 (Tukey's h).

    Source: the variance of Tukey's h distribution is (1 - 2 h)^(-3/2).
    """
    scale = (1 - 2 * tail) ** 0.75
    return np.asarray(scale * units * np.exp(0.5 * tail * np.square(units)))


def _time_slope(moment: Moment, steady_share: float, units: Floats) -> Floats:
    """From standard normal to the fall, by quantiles: zero, or a normal cut there."""
    from scipy.special import ndtr, ndtri

    share = (ndtr(units) - steady_share) / (1 - steady_share)
    below = ndtr(-moment.mean / moment.sd)
    cut = below + (1 - below) * np.clip(share, 1e-12, 1.0)
    falls = moment.mean + moment.sd * ndtri(np.clip(cut, 1e-12, 1 - 1e-12))
    return np.asarray(np.where(share > 0, np.maximum(falls, 1e-9), 0.0))


def node_thresholds(values: Mapping[str, Floats], y: float) -> Floats:
    """Thresholds at the reference length, one row per node of the scatter."""
    smooth = values["level"] + values["slope"] * y + values["curvature"] * y**2
    return np.asarray(smooth + np.exp(values["log_scatter"]) * NODES[:, None])


def falls(values: Mapping[str, Floats], y: float) -> Floats:
    """Octaves per doubling of the steps; far off, no more than it is known of."""
    power = np.clip(values["fall_power"] * y, -_MOST_FALL_OCTAVES, _MOST_FALL_OCTAVES)
    return np.asarray(values["time_slope"] * np.exp2(power))


@dataclass(frozen=True)
class Posterior:
    """The density of a threshold's parameters, in units of their prior.

    `level` is counted from the origin of the evidence; `level_doublings` are those of
    the run length from the one at which the prior means it to the reference.
    """

    rows: ObservedRows
    prior: ThresholdPrior
    y_centre: float
    level_doublings: float = 0.0

    def sample(self, n_particles: int, seed: int) -> Floats:
        """Draw from it, in prior units, shape (n_particles, 12)."""
        start = standard_normal_points(n_particles, len(PARAMETERS), seed=seed)
        if not len(self.rows.log_batch):  # nothing was seen
            return start
        return sample_posterior(
            lambda units: self.node_log_likelihoods(units)[0], start, seed=seed
        )

    def parameters(self, units: Floats) -> dict[str, Floats]:
        """From prior units, shape (n, 12), to parameters; the level from the origin."""
        moments = self.prior.moments()
        values = {
            name: moment.mean + moment.sd * units[:, i]
            for i, (name, moment) in enumerate(moments.items())
        }
        values["level"] = moments["level"].sd * _heavy_tailed(
            units[:, 0], self.prior.level_tail
        )
        slope, i = moments["slope"], PARAMETERS.index("slope")
        tailed = _heavy_tailed(units[:, i], self.prior.slope_tail)
        values["slope"] = slope.mean + slope.sd * tailed
        i = PARAMETERS.index("time_slope")
        values["time_slope"] = _time_slope(
            moments["time_slope"], self.prior.steady_share, units[:, i]
        )
        values["level"] -= values["time_slope"] * self.level_doublings
        return values

    def node_log_likelihoods(self, units: Floats) -> tuple[Floats, list[Floats]]:
        """Log-likelihoods (n,), and log weights (n_nodes, n) of each batch's nodes."""
        from scipy.special import expit

        values = self.parameters(units)
        low, high = expit(values["logit_low"]), expit(values["logit_high"])
        total = np.maximum(low + high, 1.0)
        # Where the threshold does not fall, the step of a failure is chance.
        timeless = np.where(
            values["time_slope"] > 0, expit(values["logit_timeless"]), 1.0
        )
        draws = Draws(
            width=np.exp(values["log_width"]).astype(np.float32),
            time_slope=values["time_slope"].astype(np.float32),
            low=(low / total).astype(np.float32),
            high=(high / total).astype(np.float32),
            timeless=timeless.astype(np.float32),
            chance_power=values["chance_power"].astype(np.float32),
            log_claim_steps=values["log_claim_steps"].astype(np.float32),
        )
        sum_of_logs = np.zeros(len(units))
        weights = []
        for j, log_batch in enumerate(self.rows.log_batch):
            threshold = node_thresholds(values, log_batch - self.y_centre)
            fall = falls(values, log_batch - self.y_centre).astype(np.float32)
            by_node = self.rows.log_likelihood(
                j, threshold.astype(np.float32), replace(draws, time_slope=fall)
            )
            joint = by_node.astype(np.float64) + _LOG_NODE_WEIGHTS[:, None]
            peak = joint.max(0)
            by_draw = peak + np.log(np.exp(joint - peak).sum(0))
            sum_of_logs += by_draw
            weights.append(joint - by_draw)
        return sum_of_logs, weights

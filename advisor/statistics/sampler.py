"""Sequential Monte Carlo from a standard normal prior to a posterior (pure).

Models hand over their parameters in prior units.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LogLikelihood = Callable[[Floats], Floats]

# Share of particles that must keep their weight from one temperature to the next.
_ESS_SHARE = 0.5
# Two moves a stage and eight at the end: with three, 256 draws of 200 runs cost a fifth
# more; ends of the threshold are no surer (5 to 7 % of its sd, the exponent 10 to 16).
_MOVES = 2
_LAST_MOVES = 8
_MAX_STAGES = 200
# Acceptance between these leaves the step as it is (Roberts & Rosenthal: about 0.23
# is best for a random walk; the autoregressive step tolerates more).
_ACCEPTANCE = (0.2, 0.35)


def standard_normal_points(n_points: int, n_dimensions: int, *, seed: int) -> Floats:
    """Return well-spread standard normal points, shape (n_points, n_dimensions)."""
    # Only who samples needs scipy: answers are read off draws without it.
    from scipy.special import ndtri
    from scipy.stats import qmc

    sobol = qmc.Sobol(n_dimensions, scramble=True, rng=seed)
    points = sobol.random_base2(max(1, int(np.ceil(np.log2(max(n_points, 2))))))
    inside = np.clip(points[:n_points], 1e-9, 1 - 1e-9)
    return np.asarray(ndtri(inside), dtype=np.float64)


def sample_posterior(
    log_likelihood: LogLikelihood, start: Floats, *, seed: int
) -> Floats:
    """Return equally weighted draws of the posterior, shaped like `start`.

    Args:
        log_likelihood: From parameters, shape (n, d), to log-likelihoods, shape (n,).
        start: Draws of the standard normal prior, shape (n, d).
        seed: Of the resampling and the moves.

    Source: adaptive tempering as in Del Moral, Doucet, Jasra (2006); moves reversible
    for the Gaussian that fits the particles (preconditioned Crank-Nicolson,
    arXiv:1202.0709, with the particles' own mean and covariance as the reference).
    """
    rng = np.random.default_rng(seed)
    particles = start.copy()
    values = log_likelihood(particles)
    temperature, step = 0.0, 0.8
    for _ in range(_MAX_STAGES):
        new_temperature = _next_temperature(values, temperature)
        weights = _weights((new_temperature - temperature) * values)
        temperature = new_temperature
        mean, root = _moments(particles, weights)
        chosen = _systematic(weights, rng)
        particles, values = particles[chosen], values[chosen]
        is_last = temperature >= 1.0
        for _ in range(_LAST_MOVES if is_last else _MOVES):
            particles, values, accepted = _move(
                particles, values, log_likelihood, temperature, mean, root, step, rng
            )
            step = _adapted(step, accepted)
        if is_last:
            break
    return particles


def _weights(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _next_temperature(values: Floats, temperature: float) -> float:
    target = _ESS_SHARE * len(values)

    def effective(step: float) -> float:
        return float(1.0 / np.square(_weights(step * values)).sum())

    if effective(1.0 - temperature) >= target:
        return 1.0
    low, high = 0.0, 1.0 - temperature
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= target else (low, middle)
    # A step of zero would never end: a likelihood that steep gets the smallest one.
    return temperature + max(low, 1e-9)


def _systematic(weights: Floats, rng: np.random.Generator) -> NDArray[np.intp]:
    count = len(weights)
    points = (rng.random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(weights), points), count - 1)


def _moments(particles: Floats, weights: Floats) -> tuple[Floats, Floats]:
    mean = weights @ particles
    centred = particles - mean
    covariance = (centred * weights[:, None]).T @ centred
    jitter = 1e-6 * np.eye(particles.shape[1])
    root = np.linalg.cholesky(covariance + jitter)
    return np.asarray(mean), np.asarray(root, dtype=np.float64)


def _move(
    particles: Floats,
    values: Floats,
    log_likelihood: LogLikelihood,
    temperature: float,
    mean: Floats,
    root: Floats,
    step: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, float]:
    white = np.asarray(np.linalg.solve(root, (particles - mean).T).T, np.float64)
    noise = rng.standard_normal(particles.shape)
    proposed_white: Floats = np.sqrt(1.0 - step**2) * white + step * noise
    proposed: Floats = mean + proposed_white @ root.T
    proposed_values = log_likelihood(proposed)

    def excess(at: Floats, at_white: Floats, at_values: Floats) -> Floats:
        """Log of the target over the Gaussian the step is reversible for."""
        squares = np.square(at_white).sum(1) - np.square(at).sum(1)
        return np.asarray(temperature * at_values + 0.5 * squares)

    gain = excess(proposed, proposed_white, proposed_values) - excess(
        particles, white, values
    )
    accepted = np.log(rng.random(len(particles))) < gain
    particles = np.where(accepted[:, None], proposed, particles)
    return particles, np.where(accepted, proposed_values, values), accepted.mean()


def _adapted(step: float, accepted: float) -> float:
    low, high = _ACCEPTANCE
    factor = 0.75 if accepted < low else 1.25 if accepted > high else 1.0
    return float(np.clip(step * factor, 0.05, 0.98))

"""The sampler against posteriors that are known in closed form."""

import numpy as np

from advisor.statistics.sampler import sample_posterior, standard_normal_points


def test_points_are_standard_normal():
    points = standard_normal_points(1024, 3, seed=0)
    assert np.abs(points.mean(0)).max() < 0.02
    assert np.abs(points.std(0) - 1).max() < 0.02


def test_a_normal_likelihood_gives_the_conjugate_posterior():
    """Prior N(0, 1), one observation 3 with sd 0.2: posterior N(2.885, 0.196)."""
    start = standard_normal_points(1024, 4, seed=1)
    draws = sample_posterior(
        lambda u: -0.5 * np.square((u[:, 0] - 3.0) / 0.2), start, seed=1
    )
    assert abs(draws[:, 0].mean() - 3.0 / 1.04) < 0.03
    assert abs(draws[:, 0].std() - (0.04 / 1.04) ** 0.5) < 0.03
    assert np.abs(draws[:, 1:].mean(0)).max() < 0.15


def test_the_same_seed_gives_the_same_draws():
    start = standard_normal_points(128, 2, seed=2)

    def log_likelihood(units):
        return -np.square(units).sum(1)

    first = sample_posterior(log_likelihood, start, seed=3)
    assert np.array_equal(first, sample_posterior(log_likelihood, start, seed=3))


def test_an_enormous_likelihood_still_ends():
    start = standard_normal_points(128, 2, seed=2)
    draws = sample_posterior(lambda u: -1e7 * np.square(u[:, 0] - 0.5), start, seed=3)
    assert np.isfinite(draws).all()

"""Siblings and the prior of a newcomer."""

import dataclasses

import numpy as np
import pytest

from advisor.statistics import priors
from advisor.statistics.beliefs import Moment, PosteriorSummary, ThresholdPrior
from advisor.statistics.pooling import SiblingSummary, pool_prior, width_shifted_centre
from advisor.statistics.threshold import StableLearningRateModel

BASE = ThresholdPrior()


def summary(*, slope=0.2, slope_sd=0.1, level=-9.0, level_sd=0.2, n_runs=20, y=3.0):
    moments = dict(BASE.moments())
    moments["slope"] = Moment(slope, slope_sd)
    moments["level"] = Moment(level, level_sd)
    return PosteriorSummary(moments, y, 1000.0, n_runs)


def fitted_sibling(seed, exponent):
    rng = np.random.default_rng(seed)
    batch = np.repeat([2, 4, 8, 16, 32], 4)
    threshold = rng.normal(-9, 1) + exponent * (np.log2(batch) - 3)
    rate = threshold + rng.normal(0, 0.5, len(batch))
    unstable = rate + 0.1 * rng.logistic(size=len(batch)) > threshold
    model = StableLearningRateModel(n_particles=128)
    return SiblingSummary(model.fit(batch, np.exp2(rate), unstable).summary())


def test_no_siblings_leave_the_base_prior():
    assert pool_prior(BASE, []) == BASE


def test_siblings_that_learned_nothing_leave_the_base_prior():
    fits = [
        SiblingSummary(
            StableLearningRateModel(random_state=s).fit([], [], []).summary()
        )
        for s in range(20)
    ]
    assert pool_prior(BASE, fits) == BASE


@pytest.mark.parametrize("exponent", [-0.8, 0.8])
def test_twenty_siblings_pull_a_newcomer_with_one_run(exponent):
    prior = pool_prior(BASE, [fitted_sibling(s, exponent) for s in range(20)])
    model = StableLearningRateModel(prior).fit([8], [1e-3], [False])
    found = model.exponent().median
    assert found < -0.4 if exponent < 0 else found > 0.4


def test_the_newcomers_own_runs_can_overrule_its_siblings():
    prior = pool_prior(
        BASE, [SiblingSummary(summary(slope=v)) for v in np.linspace(-1.2, -0.4, 20)]
    )
    rng = np.random.default_rng(0)
    batch = rng.choice([2, 8, 32, 128], 200)
    threshold = -9 + 0.5 * (np.log2(batch) - 4)
    rate = threshold + rng.normal(0, 0.4, 200)
    model = StableLearningRateModel(prior).fit(batch, np.exp2(rate), rate > threshold)
    assert model.exponent().median > 0.3


def test_siblings_that_agree_count_more_than_siblings_that_scatter():
    agree = pool_prior(BASE, [SiblingSummary(summary(slope=-0.5))] * 8)
    scatter = pool_prior(
        BASE, [SiblingSummary(summary(slope=v)) for v in np.linspace(-1.5, 0.5, 8)]
    )
    assert agree.slope.sd < scatter.slope.sd
    assert agree.slope.mean < scatter.slope.mean + 0.2


def test_one_sibling_moves_the_prior_part_of_the_way():
    slope = pool_prior(BASE, [SiblingSummary(summary(slope=-0.8))]).slope
    assert -0.8 < slope.mean < 0.2
    assert slope.sd > 0.1


def test_a_distant_relation_moves_less():
    slopes = [
        pool_prior(
            BASE, [SiblingSummary(summary(slope=v), kind) for v in (-0.2, -0.1)]
        ).slope.mean
        for kind in ("family", "group", "other")
    ]
    assert -0.2 < slopes[0] < slopes[1] < slopes[2] < 0.2


def test_a_new_family_is_believed_less():
    fits = [SiblingSummary(summary(slope=-0.5))] * 5
    known, new = pool_prior(BASE, fits), pool_prior(BASE, fits, new_family=True)
    assert new.slope.mean == known.slope.mean
    assert new.slope.sd == pytest.approx(priors.NEW_FAMILY_WIDENING * known.slope.sd)
    assert new.level.sd == pytest.approx(priors.NEW_FAMILY_WIDENING * known.level.sd)


def test_siblings_without_a_fall_make_one_less_likely():
    steady = dataclasses.replace(summary(), steady_share=0.95)
    falling = dataclasses.replace(summary(), steady_share=0.0)
    pooled = [
        pool_prior(BASE, [SiblingSummary(one)] * 6).steady_share
        for one in (steady, summary(), falling)
    ]
    assert pooled[0] > 0.7
    assert pooled[1] == BASE.steady_share
    assert pooled[2] < 0.15


def test_a_sibling_that_stays_says_nothing_of_how_fast_others_fall():
    moments = dict(summary().moments) | {"time_slope": Moment(0.05, 0.01)}
    told = dataclasses.replace(summary(), moments=moments, steady_share=0.1)
    silent = dataclasses.replace(summary(), moments=moments, steady_share=0.97)
    assert pool_prior(BASE, [SiblingSummary(silent)]).time_slope == BASE.time_slope
    assert pool_prior(BASE, [SiblingSummary(told)]).time_slope.mean < 0.4


def test_the_order_of_siblings_changes_nothing():
    fits = [SiblingSummary(summary(slope=v)) for v in (-0.5, 0.1, 0.7)]
    assert pool_prior(BASE, fits) == pool_prior(BASE, fits[::-1])


def copies(*levels, widths=(16, 8, 32), sd=0.2):
    """Fits of one model at several widths."""
    known = zip(levels, widths, strict=False)
    return [SiblingSummary(summary(level=v, level_sd=sd), "proxy", w) for v, w in known]


def full_size(fits):
    return pool_prior(BASE, fits, y_centre=3.0).level


@pytest.mark.parametrize("level", [-7.0, -5.0])
def test_a_copys_level_moves_the_full_size_to_below_it(level):
    found = full_size(copies(level))
    assert level - 4.5 < found.mean < level - 1.0
    assert found.sd < BASE.level.sd / 2


def test_a_copy_near_full_size_says_more_than_one_far_from_it():
    sds = [full_size(copies(-7.0, widths=[w])).sd for w in (2, 4, 8, 16, 32)]
    assert sds == sorted(sds)
    assert sds[0] < 0.5 < 1.0 < sds[-1]


def test_copies_that_fall_faster_with_the_width_put_the_full_size_lower():
    slow, fast = copies(-7.0, -7.2), copies(-7.0, -8.5)
    assert full_size(fast).mean < full_size(slow).mean - 0.7


def test_what_another_model_shows_of_the_width_counts_for_this_one():
    def other(drop):
        levels = [(-9.0 - drop, 1), (-9.0, 16)]
        return [SiblingSummary(summary(level=v), "group", w, "b") for v, w in levels]

    steep, flat = (full_size(copies(-7.0) + other(drop)) for drop in (5.0, 1.5))
    assert steep.mean < flat.mean - 0.4


def test_another_recipes_copy_is_no_point_of_the_law():
    own = [SiblingSummary(summary(level=-7.0), "proxy", 2, "a")]
    other = [SiblingSummary(summary(level=-4.0), "proxy", 2, "another recipe")]
    alone = pool_prior(BASE, own, y_centre=3.0, kin="a").level
    both = pool_prior(BASE, own + other, y_centre=3.0, kin="a").level
    assert both.mean == pytest.approx(alone.mean, abs=0.3)


def test_copies_tell_the_level_at_their_own_run_length():
    prior = pool_prior(BASE, copies(-7.0), y_centre=3.0, reference_steps=100_000)
    assert prior.level_steps == 1000
    assert prior.level == full_size(copies(-7.0))


def test_a_level_meant_at_a_shorter_length_falls_until_the_reference():
    prior = dataclasses.replace(BASE, level=Moment(-9.0, 0.1), steady_share=0.0)
    told = dataclasses.replace(prior, level_steps=500.0)
    model = StableLearningRateModel(told, reference_steps=8000).fit([], [], [])
    late, early = (np.log2(model.threshold(8, t).median) for t in (8000, 500))
    assert early == pytest.approx(-9.0, abs=0.1)
    assert late < early - 0.8


def test_a_full_size_level_moves_a_proxy_up_by_its_width():
    full = [SiblingSummary(summary(level=-14.0), "proxy", 1)] * 5
    pooled = pool_prior(BASE, full, width_divisor=16, y_centre=3.0)
    same = pool_prior(BASE, full, width_divisor=1, y_centre=3.0)
    assert pooled.level.mean > same.level.mean + 1.5
    assert pooled.level.sd > same.level.sd


def test_levels_are_moved_to_the_asked_batch_size_and_length():
    fits = [SiblingSummary(summary(level=-9.0, slope=0.5))] * 10
    here = pool_prior(BASE, fits, y_centre=3.0, reference_steps=1000)
    wide = pool_prior(BASE, fits, y_centre=5.0, reference_steps=1000)
    late = pool_prior(BASE, fits, y_centre=3.0, reference_steps=100_000)
    assert wide.level.mean > here.level.mean + 0.5
    assert late.level.mean < here.level.mean - 1.0


def test_a_proxy_without_runs_starts_above_the_full_size():
    levels = [width_shifted_centre(Moment(-14.0, 2.5), w) for w in (1, 2, 16, 32)]
    rises = np.diff([level.mean for level in levels])
    assert levels[0] == Moment(-14.0, 2.5)
    assert rises[0] > 0.8  # wide nets: nearly a factor of 2
    assert 0.2 < rises[-1] < 0.6  # narrow ones: much less
    assert [level.sd for level in levels] == sorted(level.sd for level in levels)
    with pytest.raises(ValueError, match="width_divisor"):
        width_shifted_centre(Moment(-14.0, 2.5), 0)

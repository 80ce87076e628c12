"""The best-rate law: recovery, coverage, properties, siblings and odd scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.statistics import priors
from advisor.statistics.best_rate import BestRateLaw, best_rate
from advisor.statistics.law_prior import LawPrior, pool_law_prior
from advisor.statistics.loss_shape import ScoredRuns, excess_loss

# Users never see a warning of numpy's.
pytestmark = pytest.mark.filterwarnings("error")

BATCHES = (8, 16, 32, 64, 128)


def line(slope, curvature=0.0, level=-10.0):
    """A law: log2 best rate against log2 batch size, `level` at batch 32."""
    return lambda y: level + slope * (y - 5) + curvature * (y - 5) ** 2


def bowls(law, batches=BATCHES, *, rates=range(-3, 4), loss=None):
    """Exact bowls: rates in octaves about each optimum, rounded to whole ones."""
    batch, log_rate, off = [], [], []
    for size in batches:
        best = law(np.log2(size))
        tried = np.round(best) + np.array(rates, float)
        batch += [size] * len(tried)
        log_rate += list(tried)
        off += list(tried - best)
    loss = loss or (lambda d: 1 + 0.02 * np.square(d))
    return ScoredRuns(
        np.array(batch, float), np.exp2(log_rate), np.array(loss(np.array(off)))
    )


def grid(best, log_rates, batches=BATCHES, *, loss=None):
    """The same rates at every batch size, the optimum at one of them at all."""
    tried = np.array(log_rates, float)
    loss = loss or (lambda d: np.exp(0.05 * np.square(d)))
    return ScoredRuns(
        np.repeat(np.array(batches, float), len(tried)),
        np.tile(np.exp2(tried), len(batches)),
        np.tile(loss(tried - best), len(batches)),
    )


def simulated(rng, law, *, batches=(8, 16, 64, 128), n_rates=4, asked=32, noise=0.2):
    """Noisy curves with scatter, and the optimum of a batch size held out."""
    scale = np.exp(rng.normal(np.log(0.03), 0.5))
    batch, rate, loss = [], [], []
    tried = np.round(law(5.0)) + np.arange(-4.0, 5.0)
    for size in batches:
        best = law(np.log2(size)) + priors.BEST_SCATTER * rng.standard_normal()
        some = rng.choice(tried, n_rates, replace=False)
        rise = excess_loss(some - best, priors.LOSS_STEEPNESS)
        batch += [size] * n_rates
        rate += list(np.exp2(some))
        loss += list(np.exp(scale * (rise + noise * rng.standard_normal(n_rates))))
    truth = law(np.log2(asked)) + priors.BEST_SCATTER * rng.standard_normal()
    return ScoredRuns(batch, rate, loss), truth


def times(runs, factor):
    """The same runs with every rate times a factor."""
    return ScoredRuns(
        runs.batch_size, np.multiply(runs.learning_rate, factor), runs.loss
    )


def joined(*parts):
    """All their runs together."""
    columns = [(p.batch_size, p.learning_rate, p.loss) for p in parts]
    return ScoredRuns(*(np.concatenate(c) for c in zip(*columns, strict=True)))


def octaves(found):
    """log2 of median, low and high."""
    return tuple(np.log2([found.median, found.low, found.high]).tolist())


def width(found):
    return np.log2(found.high / found.low)


def steepness_of(factor):
    """A loss `factor` times as steep above the best rate as below."""
    return lambda d: np.exp(0.05 * excess_loss(d, factor))


# --- Recovery -------------------------------------------------------------------------

LOSSES = {
    "parabola": lambda d: 1 + 0.02 * np.square(d),
    "parabola of the log": lambda d: np.exp(0.02 * np.square(d)),
    "deep": lambda d: np.exp(0.5 * np.square(d)),
    "straight limbs": lambda d: np.exp(0.05 * np.abs(d)),
    "shallow": lambda d: 1 + 1e-4 * np.square(d),
}


@pytest.mark.parametrize("rates", [range(-2, 3), range(-6, 7)], ids=["narrow", "wide"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_law_of_exact_bowls_is_found(loss, rates):
    law = BestRateLaw(bowls(line(0.5), rates=rates, loss=loss))
    inside, beyond = law.at(64), law.at(256)
    assert octaves(inside)[0] == pytest.approx(-9.5, abs=0.3)
    # A little below: the prior bends the law down.
    assert octaves(beyond)[0] == pytest.approx(-8.5, abs=0.4)
    assert beyond.low < beyond.median < beyond.high
    assert width(beyond) > width(inside)
    assert inside.exponent.low < 0.5 < inside.exponent.high


def test_a_low_optimum_of_a_wide_search_is_found():
    """Most of the rates are far above the best one: they must not draw it up."""
    found = best_rate(grid(-10, range(-12, 3)), 32)
    assert octaves(found)[0] == pytest.approx(-10, abs=0.3)
    assert found.exponent.low < 0 < found.exponent.high


@pytest.mark.parametrize("log_rates", [range(-10, -3), range(-16, -9)])
def test_an_optimum_at_the_end_of_the_rates_is_found(log_rates):
    median, low, high = octaves(best_rate(grid(-10, log_rates), 32))
    assert median == pytest.approx(-10, abs=0.4)
    assert low < -10 < high


@pytest.mark.parametrize("log_rates", [range(-8, -3), range(-16, -11)])
def test_an_optimum_beyond_the_rates_is_looked_for_beyond_them(log_rates):
    tried = np.array(log_rates, float)
    median = octaves(best_rate(grid(-10, log_rates), 32))[0]
    end = tried[np.abs(tried + 10).argmin()]
    assert abs(median + 10) < abs(end + 10)
    assert not tried[0] <= median <= tried[-1]


def test_an_answer_carries_its_level_counts_and_shares():
    runs = bowls(line(0.5))
    found = best_rate(runs, 256, level=0.5)
    assert (found.level, found.n_runs) == (0.5, 35)
    assert sum(found.scaling_rules.values()) == pytest.approx(1, abs=1e-9)
    assert found.exponent.low < found.exponent.median < found.exponent.high
    assert width(found) < width(best_rate(runs, 256, level=0.9))


# --- Intervals ------------------------------------------------------------------------


def test_eighty_percent_intervals_cover_the_held_out_optimum_about_as_often():
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        law = line(rng.normal(0.4, 0.3), rng.normal(-0.03, 0.03), rng.normal(-10, 2))
        runs, truth = simulated(rng, law)
        _, low, high = octaves(best_rate(runs, 32))
        covered.append(low <= truth <= high)
    # Sixty data sets show the share to within about 0.04.
    assert 0.7 <= np.mean(covered) <= 0.94


def test_eighty_percent_intervals_that_rest_on_siblings_cover_as_often():
    covered = []
    for family in range(4):
        rng = np.random.default_rng(1000 + family)
        slope, level = rng.normal(0.4, 0.3), rng.normal(-10, 2)

        def law(rng=rng, slope=slope, level=level):
            return line(rng.normal(slope, 0.15), -0.03, rng.normal(level, 0.8))

        siblings = [simulated(rng, law(), n_rates=7)[0] for _ in range(8)]
        for _ in range(15):
            runs, truth = simulated(rng, law(), batches=(8, 16, 64))
            _, low, high = octaves(best_rate(runs, 32, siblings=siblings))
            covered.append(low <= truth <= high)
    assert 0.7 <= np.mean(covered) <= 0.92


def test_more_runs_give_a_narrower_interval():
    rng = np.random.default_rng(3)
    few, _ = simulated(rng, line(0.4), n_rates=3)
    many, _ = simulated(rng, line(0.4), n_rates=9, batches=(2, 4, *BATCHES))
    assert width(best_rate(many, 32)) < width(best_rate(few, 32))


def test_batch_sizes_that_contradict_each_other_widen_the_interval():
    smooth = bowls(line(0.4), [4, 16, 64, 256])
    odd = joined(
        bowls(line(0.4, level=-8), [4, 64]), bowls(line(0.4, level=-12), [16, 256])
    )
    assert width(best_rate(odd, 1024)) > width(best_rate(smooth, 1024))


@pytest.mark.parametrize("seed", range(8))
def test_one_more_agreeing_run_moves_the_median_by_less_than_half_the_interval(seed):
    rng = np.random.default_rng(seed)
    law = line(rng.normal(0.4, 0.3))
    runs, _ = simulated(rng, law)
    size = int(rng.choice([8, 16, 32, 64, 128]))
    off = rng.normal(0, 1)
    more = ScoredRuns(
        [size], [np.exp2(law(np.log2(size)) + off)], [1 + 0.01 * abs(off)]
    )
    before, after = best_rate(runs, 32), best_rate(joined(runs, more), 32)
    moved = abs(np.log2(after.median / before.median))
    assert moved < 0.5 * width(before)


@pytest.mark.parametrize("seed", range(4))
def test_other_draws_move_the_answer_by_little_of_its_interval(seed):
    runs, _ = simulated(np.random.default_rng(seed), line(0.4))
    one, other = best_rate(runs, 32), best_rate(runs, 32, random_state=1)
    moved = np.abs(np.subtract(octaves(one), octaves(other)))
    assert moved[0] < 0.15 * width(one)
    assert moved.max() < 0.3 * width(one)


def test_the_grid_of_places_does_not_show_in_the_answer():
    """An optimum that moves by less than a step of it moves the median as far."""
    shifts = np.linspace(0, 0.25, 6)
    medians = [
        octaves(best_rate(grid(-10.3 + s, range(-13, -6)), 32))[0] for s in shifts
    ]
    np.testing.assert_allclose(np.subtract(medians, medians[0]), shifts, atol=0.08)


# --- Properties -----------------------------------------------------------------------

NOISY, _ = simulated(np.random.default_rng(5), line(0.3))
RELATIVES = [
    simulated(np.random.default_rng(50 + i), line(0.1), n_rates=7)[0] for i in range(3)
]


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(1e-6, 1e6))
def test_rates_times_k_give_the_answer_times_k(factor):
    expected = best_rate(NOISY, 24)
    found = best_rate(times(NOISY, factor), 24)
    for name in ("median", "low", "high", "start"):
        assert getattr(found, name) == pytest.approx(
            getattr(expected, name) * factor, rel=1e-3
        )


@pytest.mark.parametrize("factor", [1e-6, 1 / 3, 1e6])
def test_rates_of_siblings_too_times_k_give_the_answer_times_k(factor):
    expected = best_rate(NOISY, 24, siblings=RELATIVES).median * factor
    siblings = [times(s, factor) for s in RELATIVES]
    found = best_rate(times(NOISY, factor), 24, siblings=siblings)
    assert found.median == pytest.approx(expected, rel=1e-3)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(16)))
def test_the_order_of_rows_changes_nothing(order):
    rows = np.array(order)
    columns = (NOISY.batch_size, NOISY.learning_rate, NOISY.loss)
    assert best_rate(ScoredRuns(*(np.array(c)[rows] for c in columns)), 24) == (
        best_rate(NOISY, 24)
    )


def test_the_same_evidence_gives_the_same_numbers():
    again = ScoredRuns(
        *(list(c) for c in (NOISY.batch_size, NOISY.learning_rate)), NOISY.loss
    )
    assert best_rate(again, 24, siblings=RELATIVES) == (
        best_rate(NOISY, 24, siblings=RELATIVES)
    )
    law = BestRateLaw(NOISY, RELATIVES)
    assert law.at(24) == law.at(24) == best_rate(NOISY, 24, siblings=RELATIVES)


@pytest.mark.parametrize("factor", [1e-4, 30.0])
def test_the_unit_of_the_loss_changes_nothing(factor):
    other = ScoredRuns(
        NOISY.batch_size, NOISY.learning_rate, np.multiply(NOISY.loss, factor)
    )
    found = best_rate(other, 24).median
    assert found == pytest.approx(best_rate(NOISY, 24).median, rel=1e-3)


# --- Little evidence ------------------------------------------------------------------


def test_one_batch_size_is_carried_over_with_a_wide_interval():
    law = BestRateLaw(bowls(line(0.5), [32]))
    here, far = law.at(32), law.at(512)
    assert octaves(here)[0] == pytest.approx(-10, abs=0.3)
    assert width(far) > 1.5 * width(here)
    assert width(far) > 2


def test_a_lone_run_is_somebodys_rate_with_a_wide_interval():
    found = best_rate(ScoredRuns([8], [2.0**-10], [0.5]), 8)
    median, low, high = octaves(found)
    assert median == pytest.approx(-10, abs=0.3)
    assert low < -11.5
    assert high > -8.5
    assert found.n_runs == 1


def test_of_two_rates_the_better_one_is_nearer_the_answer():
    for losses, better in (([0.5, 0.6], -10), ([0.6, 0.5], -8)):
        found = best_rate(ScoredRuns([8, 8], np.exp2([-10.0, -8.0]), losses), 8)
        worse = -18 - better
        assert abs(octaves(found)[0] - better) < abs(octaves(found)[0] - worse)
        assert width(found) > 1


def test_without_a_finite_loss_there_is_no_answer():
    for runs in (
        ScoredRuns([8], [1e-3], [np.nan]),
        ScoredRuns([8, 16], [1e-3, 1e-3], [np.inf, -np.inf]),
        ScoredRuns([], [], []),
    ):
        assert best_rate(runs, 8) is None
        with pytest.raises(ValueError, match="no run has a finite loss"):
            BestRateLaw(runs)


# --- Odd scores -----------------------------------------------------------------------


def test_rates_at_which_runs_diverged_lie_above_the_answer():
    runs = ScoredRuns(
        [8] * 6,
        np.exp2(np.arange(-13.0, -7.0)),
        [0.62, 0.55, 0.5, 0.52, np.nan, np.inf],
    )
    median, _, high = octaves(best_rate(runs, 8))
    assert -11.8 < median < -9.5
    assert high < -8.5


def test_of_three_replicates_one_that_blew_up_changes_nothing():
    steady = bowls(line(0.5), [8, 32, 128])
    replicated = joined(steady, steady, steady)
    for blown in (1e6, np.inf, np.nan):
        losses = np.array(replicated.loss)
        losses[3] = blown
        spoilt = ScoredRuns(replicated.batch_size, replicated.learning_rate, losses)
        assert best_rate(spoilt, 32).median == best_rate(replicated, 32).median


@pytest.mark.parametrize("n_batch_sizes", [1, 2, 5])
@pytest.mark.parametrize("loss", [0.0, 0.5, -0.5])
def test_losses_that_never_differ_leave_the_best_rate_open(n_batch_sizes, loss):
    """Their rates were used, and no more is known."""
    log_rates = np.arange(-13.0, -6.0)
    sizes = BATCHES[:n_batch_sizes]
    runs = grid(-10, log_rates, sizes, loss=lambda d: np.full(len(d), loss))
    found = best_rate(runs, sizes[n_batch_sizes // 2])
    assert log_rates[0] < octaves(found)[0] < log_rates[-1]
    assert width(found) > 4


@pytest.mark.parametrize("offset", [-1.2, -50.0])
def test_negative_losses_are_bowls_too(offset):
    runs = grid(-10, range(-13, -6), loss=lambda d: offset + 0.02 * np.square(d))
    assert octaves(best_rate(runs, 32))[0] == pytest.approx(-10, abs=0.3)


def test_a_loss_of_zero_is_the_best_one():
    runs = grid(-10, range(-13, -6), loss=lambda d: 0.02 * np.square(d))
    assert octaves(best_rate(runs, 32))[0] == pytest.approx(-10, abs=0.4)


@pytest.mark.parametrize(
    ("rates", "losses"),
    [
        ([1e-12, 1e-9, 1e-6, 1e-3, 1.0], [3.0, 2.0, 1.0, 2.0, 3.0]),
        ([1e-30, 1e-3, 1e6], [3.0, 2.0, 1.0]),
        ([1e-4, 1e-3, 1e-2, 1e-2], [0.6, 0.5, 1.7e308, 1.7e308]),
        ([1e-4, 1e-3, 1e-2, 1e-1], [0.5, 5e-324, 0.0, 0.3]),
        ([1e-4, 1e-3, 1e-2, 1e-1], [-1e308, 0.5, 0.9, 1.7e308]),
        ([1e-3, 1e-3, 1e-3], [1.0, 2.0, 3.0]),
        ([1e-4, 1e-3, 1e-2, 1e-1, 1.0], [1.0, 2.0, 1.0, 2.0, 1.0]),
    ],
)
def test_odd_values_give_finite_rates_without_a_warning(rates, losses):
    found = best_rate(ScoredRuns([8] * len(rates), rates, losses), 8)
    assert np.isfinite(octaves(found)).all()
    assert 0 < found.low < found.median < found.high
    assert found.low <= found.start <= found.high


@pytest.mark.parametrize("asked", [1, 3000, 10**7])
@pytest.mark.parametrize("batches", [[1], [10**7], [1, 10**7]])
def test_batch_sizes_from_one_to_ten_million_give_finite_rates(batches, asked):
    runs = grid(-10, range(-12, -7), batches)
    for siblings in ((), RELATIVES):
        found = best_rate(runs, asked, siblings=siblings)
        assert np.isfinite(octaves(found)).all()
        assert 0 < found.low < found.high
        assert np.isfinite(found.start)


def test_ten_thousand_scattered_runs_tell_the_law():
    rng = np.random.default_rng(7)
    n = 10_000
    log_batch, log_rate = rng.uniform(3, 9, n), rng.uniform(-15, -5, n)
    off = log_rate - line(0.3)(log_batch)
    loss = np.exp(0.02 * np.square(off) + 0.01 * rng.standard_normal(n))
    runs = ScoredRuns(np.exp2(log_batch), np.exp2(log_rate), loss)
    # What the work goes with.
    assert sum(len(curve.log_rate) for curve in runs.curves) < 1500
    found = best_rate(runs, 32)
    assert octaves(found)[0] == pytest.approx(-10, abs=0.3)
    assert found.exponent.median == pytest.approx(0.3, abs=0.1)
    assert found.n_runs == n


# --- Siblings -------------------------------------------------------------------------


def family(slope, *, level=-10.0, unit=1, shares_level=True, loss=None, n=8):
    """Workloads of one slope whose levels differ a little; batch sizes times `unit`."""
    laws = [line(slope, level=level + 0.3 * np.sin(i)) for i in range(n)]
    made = [bowls(law, loss=loss) for law in laws]
    return [
        ScoredRuns(unit * m.batch_size, m.learning_rate, m.loss, shares_level)
        for m in made
    ]


NEWCOMER = ScoredRuns([32], [2.0**-10], [0.7])


@pytest.mark.parametrize("slope", [0.8, -0.3])
def test_siblings_lend_a_one_run_newcomer_their_slope(slope):
    law = BestRateLaw(NEWCOMER, family(slope))
    assert law.at(32).exponent.median == pytest.approx(slope, abs=0.15)
    assert octaves(law.at(32))[0] == pytest.approx(-10, abs=0.4)
    assert octaves(law.at(128))[0] == pytest.approx(-10 + 2 * slope, abs=0.4)


@pytest.mark.parametrize("slope", [0.8, -0.3])
def test_clear_scores_of_its_own_outweigh_siblings(slope):
    own = bowls(line(0.3), rates=range(-4, 5))
    found = best_rate(own, 32, siblings=family(slope))
    median, low, high = octaves(found)
    assert median == pytest.approx(-10, abs=0.3)
    assert low < -10 < high


@pytest.mark.parametrize("slope", [0.8, -0.3])
def test_siblings_whose_batch_sizes_count_tokens_do_no_harm(slope):
    same, tokens = family(slope), family(slope, unit=1024)
    own = bowls(line(slope), [16, 32, 64])
    for runs in (NEWCOMER, own):
        expected = best_rate(runs, 128, siblings=same)
        found = best_rate(runs, 128, siblings=tokens)
        assert octaves(found) == pytest.approx(octaves(expected), abs=0.1)
    mixed = best_rate(own, 128, siblings=same[:4] + tokens[4:])
    assert octaves(mixed)[0] == pytest.approx(-10 + 2 * slope, abs=0.3)


def test_copies_at_another_width_lend_their_slope_but_not_their_level():
    copies = family(-0.3, level=-4.0, shares_level=False)
    found = best_rate(NEWCOMER, 128, siblings=copies)
    assert found.exponent.median == pytest.approx(-0.3, abs=0.15)
    assert octaves(found)[0] == pytest.approx(-10.6, abs=0.5)
    # Siblings that do share it draw the newcomer up.
    shared = best_rate(NEWCOMER, 128, siblings=family(-0.3, level=-4.0))
    assert shared.median > 4 * found.median


def test_the_level_comes_from_those_siblings_that_share_it():
    siblings = family(0.3, level=-4.0, shares_level=False) + family(0.3, level=-10.0)
    found = best_rate(NEWCOMER, 32, siblings=siblings)
    alone = best_rate(NEWCOMER, 32, siblings=family(0.3, shares_level=False))
    assert octaves(found)[0] == pytest.approx(-10, abs=0.4)
    assert width(found) < width(alone)


def test_the_prior_learned_from_siblings_is_theirs():
    prior = pool_law_prior(family(-0.3, n=12))
    assert prior.mean[1] == pytest.approx(-0.3, abs=0.15)
    assert prior.mean[0] == pytest.approx(-10, abs=0.3)
    assert prior.scatter < LawPrior().scatter
    assert prior.y_centre == 5.0
    assert prior.level_known
    assert (np.linalg.eigvalsh(prior.covariance) > 0).all()


@pytest.mark.parametrize(
    "siblings",
    [
        [],
        [NEWCOMER],
        [ScoredRuns([8], [1.0], [np.nan])],
        [ScoredRuns([8] * 3, [1, 2, 4], [1] * 3)],
    ],
    ids=["none", "a lone run", "no finite loss", "losses that never differ"],
)
def test_siblings_that_show_no_curve_leave_the_prior_as_it_was(siblings):
    prior = pool_law_prior(siblings)
    np.testing.assert_array_equal(prior.mean, LawPrior().mean)
    assert prior.y_centre is None
    assert not prior.level_known


# --- Where to start -------------------------------------------------------------------


def test_the_start_lies_below_the_median_where_curves_are_steeper_above():
    siblings = family(0.4, loss=steepness_of(2.5))
    found = best_rate(NEWCOMER, 256, siblings=siblings)
    assert found.low < found.start < found.median
    even = best_rate(NEWCOMER, 256, siblings=family(0.4, loss=steepness_of(0.9)))
    assert np.log2(found.start / found.median) < np.log2(even.start / even.median)


@pytest.mark.parametrize("seed", range(5))
def test_the_start_is_never_much_above_the_median(seed):
    runs, _ = simulated(np.random.default_rng(seed), line(0.4))
    for asked in (8, 32, 1024):
        found = best_rate(runs, asked)
        assert np.log2(found.start / found.median) < 0.1
        assert found.low <= found.start


# --- Wrong arguments ------------------------------------------------------------------


@pytest.mark.parametrize("asked", [0, 0.5, -3, np.nan, np.inf])
def test_a_batch_size_below_one_is_refused(asked):
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        best_rate(NEWCOMER, asked)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_a_level_that_is_no_probability_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        best_rate(NEWCOMER, 8, level=level)


@pytest.mark.parametrize("losses", [[2.0, 1.0, 2.0], [2.0, 1.0, 2.0, 4.0]])
def test_a_clear_minimum_in_a_few_rates_is_known_to_about_an_octave(losses):
    rates = np.exp2(np.arange(len(losses)) - 11.0)
    found = best_rate(ScoredRuns([8] * len(losses), rates, losses), 8)
    assert np.log2(found.median) == pytest.approx(-10, abs=0.3)
    assert np.log2(found.high / found.low) < 2


@pytest.mark.parametrize("n_batch_sizes", [1, 3, 8])
def test_scores_that_are_noise_leave_the_best_rate_among_those_tried(n_batch_sizes):
    rng = np.random.default_rng(0)
    batch = np.repeat(np.exp2(np.arange(n_batch_sizes) + 2.0), 7)
    x = np.tile(np.arange(-13.0, -6.0), n_batch_sizes)
    found = best_rate(ScoredRuns(batch, np.exp2(x), 1 + 0.01 * rng.random(len(x))), 8)
    assert -13 <= np.log2(found.median) <= -7


def test_dozens_of_runs_about_the_threshold_do_not_outvote_the_few_near_the_best():
    """A search for the threshold scores high rates, which all end as badly."""
    rng = np.random.default_rng(3)
    near = np.array([4e-4, 5e-3, 7e-2])
    far = np.exp2(np.linspace(np.log2(0.22), np.log2(0.85), 30))
    losses = np.r_[0.064, 0.028, 0.047, rng.uniform(0.6, 0.9, 30)]
    runs = ScoredRuns([32] * 33, np.r_[near, far], losses)
    found = best_rate(runs, 32)
    assert found is not None
    assert 1e-3 < found.start < 0.05
    assert found.low < found.median < found.high < 0.1

"""The threshold model: recovery, coverage, properties, claims and time to failure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone

from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.fitted import scaling_rule_shares
from advisor.statistics.likelihood import Bound
from advisor.statistics.threshold import StableLearningRateModel

BATCHES = np.array([2, 4, 8, 16, 32])
FORUM = (
    Bound(2, 1e-4, "stable", 0.8),
    Bound(3, 8.5e-5, "stable", 0.8),
    Bound(5, 6.5e-5, "stable", 0.8),
    Bound(5, 7e-5, "unstable", 0.8),
)


def simulated_runs(seed, n_runs, *, slope=0.2, level=-10.0, width=0.1):
    """Runs about a power law: batch sizes, rates, unstable, log2 thresholds at them."""
    rng = np.random.default_rng(seed)
    batch = rng.choice(BATCHES, n_runs)
    threshold = level + slope * (np.log2(batch) - 3)
    log_rate = threshold + rng.normal(0, 0.6, n_runs)
    unstable = rng.random(n_runs) < expit((log_rate - threshold) / width)
    return batch, np.exp2(log_rate), unstable


def forum_model(bounds=FORUM, **settings):
    prior = ThresholdPrior(level=Moment(np.log2(8e-5), 2.5))
    model = StableLearningRateModel(prior, reference_steps=100_000, **settings)
    return model.fit([], [], [], bounds=bounds)


def timed_runs(seed, n_runs, *, time_slope, width=0.12, horizon=2000):
    """Runs whose failure time follows the model (time_slope 0: uniform in log)."""
    rng = np.random.default_rng(seed)
    batch = rng.choice(BATCHES, n_runs)
    level = -10 + 0.2 * (np.log2(batch) - 3)
    log_rate = level + rng.normal(0, 0.6, n_runs)
    noise = width * rng.logistic(size=n_runs)
    excess = log_rate - level - noise
    if time_slope > 0:
        log_time = np.log2(horizon) - excess / time_slope
    else:
        flat = rng.uniform(5, np.log2(horizon), n_runs)
        log_time = np.where(excess > 0, flat, np.inf)
    unstable = log_time <= np.log2(horizon)
    steps = np.exp2(np.minimum(np.maximum(log_time, 0), np.log2(horizon)))
    return batch, np.exp2(log_rate), unstable, steps


def assert_finite_and_ordered(model, batch_size):
    found = model.threshold(batch_size)
    assert 0 < found.low <= found.median <= found.high < np.inf
    assert np.isfinite(found.sd_octaves)
    assert 0 < model.safe_rate(batch_size) < np.inf
    assert sum(model.scaling_rules().values()) == pytest.approx(1, abs=1e-9)
    exponent = model.exponent()
    assert exponent.low <= exponent.median <= exponent.high


# ------------------------------------------------------------------ recovery


def test_a_heavy_tail_keeps_the_priors_spread_and_middle():
    prior = ThresholdPrior(level=Moment(-12.0, 2.0), level_tail=0.1)
    model = StableLearningRateModel(prior, n_particles=4096).fit([], [], [])
    found = model.threshold(8)
    assert np.log2(found.median) == pytest.approx(-12, abs=0.1)
    assert found.sd_octaves == pytest.approx(2, abs=0.15)


def test_a_heavy_tail_gives_way_to_runs_far_from_the_prior():
    far = dict(batch_size=[8] * 3, learning_rate=[0.5, 1.0, 2.0], unstable=[0] * 3)
    medians = []
    for tail in (0.0, 0.1):
        prior = ThresholdPrior(level=Moment(-9.0, 2.0), level_tail=tail)
        model = StableLearningRateModel(prior).fit(**far)
        medians.append(np.log2(model.threshold(8).median))
    assert medians[1] > medians[0] + 0.5


def test_no_evidence_gives_the_prior_back():
    prior = ThresholdPrior(level=Moment(-12.0, 2.0))
    model = StableLearningRateModel(prior).fit([], [], [])
    found = model.threshold(8)
    assert np.log2(found.median) == pytest.approx(-12, abs=0.1)
    assert found.sd_octaves == pytest.approx(2, abs=0.1)
    assert model.exponent().median == pytest.approx(0.2, abs=0.03)


def test_ninety_percent_intervals_cover_the_truth_about_as_often():
    """Level, slope and scatter drawn from the prior, 24 runs each."""
    covered = []
    for seed in range(24):
        rng = np.random.default_rng(100 + seed)
        slope, level = rng.normal(0.2, 0.35), rng.normal(-10, 1)
        runs = simulated_runs(seed, 24, slope=slope, level=level)
        prior = ThresholdPrior(level=Moment(-10.0, 2.5))
        model = StableLearningRateModel(prior, n_particles=256).fit(*runs)
        found, exponent = model.threshold(8), model.exponent()
        covered.append(found.low <= np.exp2(level) <= found.high)
        covered.append(exponent.low <= slope <= exponent.high)
    assert 0.8 <= np.mean(covered) <= 1


def test_thirty_runs_can_say_that_the_rate_falls_as_one_over_the_batch():
    """The prior thinks little of it. Each batch size has the same rates, a grid."""
    covered, chances = [], []
    for seed in range(60):
        rng = np.random.default_rng(3000 + seed)
        batch = rng.choice([16, 32, 64, 128, 256], 30)
        log_rate = -10 + 0.75 * rng.integers(-3, 4, 30)
        threshold = -10 - (np.log2(batch) - 6)
        unstable = rng.random(30) < expit((log_rate - threshold) / 0.12)
        model = StableLearningRateModel(n_particles=256)
        found = model.fit(batch, np.exp2(log_rate), unstable).exponent()
        covered.append(found.low <= -1.0 <= found.high)
        chances.append(model.scaling_rules()["inverse"])
    assert np.mean(covered) >= 0.78
    assert np.mean(chances) > 0.65


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_interval_of_the_exponent_holds_its_share_of_the_draws(level):
    model = StableLearningRateModel().fit([], [], [])
    found = model.exponent(level)
    is_inside = (found.low <= model.exponent_) & (model.exponent_ <= found.high)
    assert is_inside.mean() == pytest.approx(level, abs=0.01)
    assert found.median == pytest.approx(float(np.median(model.exponent_)))


@pytest.mark.parametrize("exponent", [-0.4, 0.6])
def test_a_known_exponent_is_covered_as_often_as_stated(exponent):
    """100 data sets of 40 runs for each: 200 in all; three standard errors off 0.9."""
    covered = []
    for seed in range(100):
        runs = simulated_runs(1000 + seed, 40, slope=exponent)
        found = StableLearningRateModel(n_particles=128).fit(*runs).exponent()
        covered.append(found.low <= exponent <= found.high)
    assert 0.81 <= np.mean(covered) <= 1


def test_many_runs_find_the_threshold_and_the_exponent():
    model = StableLearningRateModel().fit(*simulated_runs(0, 300, slope=-0.5))
    assert np.log2(model.threshold(8).median) == pytest.approx(-10, abs=0.1)
    assert model.exponent().median == pytest.approx(-0.5, abs=0.12)
    assert model.scaling_rules()["inverse_sqrt"] > 0.9


def test_thousands_of_different_runs_still_find_the_threshold():
    batch, rate, unstable, steps = timed_runs(0, 2000, time_slope=0.5)
    model = StableLearningRateModel(reference_steps=2000, n_particles=64).fit(
        batch, rate, unstable, steps=steps, horizon_steps=2000
    )
    assert np.log2(model.threshold(8).median) == pytest.approx(-10, abs=0.05)
    assert model.time_slope_.mean() == pytest.approx(0.5, abs=0.1)


def test_equal_rows_count_as_often_as_they_occur():
    many = StableLearningRateModel().fit([8] * 40, [1e-3] * 40, [True] * 40)
    few = StableLearningRateModel().fit([8], [1e-3], [True])
    assert many.threshold(8).high < few.threshold(8).high


def test_a_run_of_no_reliability_changes_nothing():
    runs = simulated_runs(1, 8)
    without = StableLearningRateModel().fit(*runs)
    batch, rate, unstable = (np.r_[column, column[:1]] for column in runs)
    batch[-1], rate[-1], unstable[-1] = 8, 1e-9, True
    with_it = StableLearningRateModel().fit(
        batch, rate, unstable, reliability=[1.0] * 8 + [0.0]
    )
    assert np.log2(with_it.threshold(8).median) == pytest.approx(
        np.log2(without.threshold(8).median), abs=0.15
    )


# ---------------------------------------------------------------- properties


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(14)), seed=st.integers(0, 3))
def test_the_order_of_the_evidence_changes_nothing(order, seed):
    batch, rate, unstable = simulated_runs(seed, 14)
    steps = np.where(unstable, 700.0, 2000.0)
    order = np.array(order)

    def answer(rows, bounds):
        model = StableLearningRateModel(n_particles=128).fit(
            batch[rows],
            rate[rows],
            unstable[rows],
            steps=steps[rows],
            horizon_steps=2000,
            bounds=bounds,
        )
        return model.threshold(8), model.exponent()

    assert answer(np.arange(14), FORUM) == answer(order, FORUM[::-1])


@settings(max_examples=12, deadline=None)
@given(
    factor=st.floats(1e-6, 1e6),
    seed=st.integers(0, 3),
    n_runs=st.integers(12, 30),
)
def test_rates_times_k_give_answers_times_k(factor, seed, n_runs):
    batch, rate, unstable = simulated_runs(seed, n_runs)
    one = StableLearningRateModel(n_particles=256).fit(batch, rate, unstable)
    other = StableLearningRateModel(n_particles=256).fit(batch, rate * factor, unstable)
    for answer in (
        lambda m: m.threshold(8).median,
        lambda m: m.threshold(64).high,
        lambda m: m.safe_rate(5),
    ):
        assert answer(other) == pytest.approx(answer(one) * factor, rel=0.03)


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 10**7),
            st.floats(-9, 3).map(lambda e: 10.0**e),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_any_evidence_gets_a_finite_answer_without_warnings(rows):
    batch, rate, unstable = (np.array(column) for column in zip(*rows, strict=True))
    with np.errstate(all="raise", under="ignore"):
        model = StableLearningRateModel(n_particles=64).fit(batch, rate, unstable)
        for asked in (1, int(batch[0]), 10**7):
            assert_finite_and_ordered(model, asked)


@pytest.mark.parametrize("unstable", [True, False])
@pytest.mark.parametrize("n_runs", [5, 20])
def test_one_sided_evidence_gets_an_honest_answer(unstable, n_runs):
    rates = np.geomspace(1e-5, 1e-3, n_runs)
    model = StableLearningRateModel().fit([8] * n_runs, rates, [unstable] * n_runs)
    assert_finite_and_ordered(model, 8)
    found = model.threshold(8)
    assert found.sd_octaves > 0.5
    if unstable:
        assert found.median < 2e-5
        assert model.safe_rate(8) < 1e-5
    else:
        assert found.median > 1e-3
        assert model.probability_stable(8, 1e-5) > 0.95


def test_one_rate_at_one_batch_size_gets_an_answer():
    model = StableLearningRateModel().fit(
        [4] * 15, [1e-3] * 15, [True, False, True] * 5
    )
    assert_finite_and_ordered(model, 4)
    assert model.threshold(4).median == pytest.approx(1e-3, rel=0.5)


def test_stability_falls_with_the_rate_and_the_safe_rate_is_where_it_crosses():
    model = StableLearningRateModel().fit(*simulated_runs(2, 20))
    rates = np.geomspace(1e-6, 1, 60)
    chances = [model.probability_stable(8, rate) for rate in rates]
    assert (np.diff(chances) <= 1e-12).all()
    for risk in (0.01, 0.1, 0.5):
        at_cap = model.probability_stable(8, model.safe_rate(8, risk=risk))
        assert at_cap == pytest.approx(1 - risk, abs=1e-6)


def test_the_believed_range_holds_its_share():
    model = StableLearningRateModel().fit(*simulated_runs(2, 20))
    low, high = model.believed_range(8)
    inner = model.threshold(8, level=0.9)
    assert low < inner.low < inner.high < high


# ------------------------------------------------------------ time to failure


def test_equal_horizons_without_steps_are_plain_outcomes():
    runs = simulated_runs(3, 20)
    plain = StableLearningRateModel(reference_steps=500).fit(*runs)
    timed = StableLearningRateModel(reference_steps=500).fit(*runs, horizon_steps=500)
    assert plain.threshold(8) == timed.threshold(8)


def test_failure_steps_narrow_the_threshold_when_they_follow_the_law():
    ratios, errors = [], []
    for seed in range(6):
        batch, rate, unstable, steps = timed_runs(seed, 20, time_slope=0.5)
        model = StableLearningRateModel(reference_steps=2000, n_particles=256)
        bits = model.fit(batch, rate, unstable, horizon_steps=2000).threshold(8)
        found = model.fit(
            batch, rate, unstable, steps=steps, horizon_steps=2000
        ).threshold(8)
        ratios.append(found.sd_octaves / bits.sd_octaves)
        errors.append(np.log2(found.median) + 10)
    assert np.mean(ratios) < 0.9
    assert np.mean(np.abs(errors)) < 0.2


def test_failure_steps_that_say_nothing_cost_little():
    bits, timed = [], []
    for seed in range(8):
        batch, rate, unstable, steps = timed_runs(seed, 20, time_slope=0)
        model = StableLearningRateModel(reference_steps=2000, n_particles=256)
        found = model.fit(batch, rate, unstable, horizon_steps=2000).threshold(8)
        bits.append(abs(np.log2(found.median) + 10))
        found = model.fit(
            batch, rate, unstable, steps=steps, horizon_steps=2000
        ).threshold(8)
        timed.append(abs(np.log2(found.median) + 10))
    assert np.mean(timed) < np.mean(bits) + 0.05


@pytest.mark.parametrize("time_slope", [0.0, 0.4])
def test_intervals_for_ten_times_the_horizon_hold_with_and_without_a_fall(time_slope):
    covered = []
    for seed in range(20):
        runs = timed_runs(seed, 24, time_slope=time_slope)
        model = StableLearningRateModel(reference_steps=2000, n_particles=256)
        model.fit(*runs[:3], steps=runs[3], horizon_steps=2000)
        found = model.threshold(8, 20_000)
        truth = -10 - time_slope * np.log2(10)
        covered.append(found.low <= np.exp2(truth) <= found.high)
    assert np.mean(covered) >= 0.75


def test_random_failure_steps_speak_for_a_threshold_that_stays():
    def steady_share(time_slope):
        runs = timed_runs(7, 60, time_slope=time_slope)
        model = StableLearningRateModel(reference_steps=2000)
        model.fit(*runs[:3], steps=runs[3], horizon_steps=2000)
        return model.summary().steady_share

    prior = ThresholdPrior().steady_share
    assert steady_share(0.5) < 0.05 < prior < steady_share(0.0)


def test_without_failures_the_chance_of_no_fall_is_the_priors():
    model = StableLearningRateModel(n_particles=2048).fit(
        [8] * 3, [1e-4] * 3, [False] * 3
    )
    prior = ThresholdPrior().steady_share
    assert model.summary().steady_share == pytest.approx(prior, abs=0.05)


def test_chance_failures_late_in_the_run_mislead_as_little_as_early_ones():
    """Steps uniform in themselves, not in their logarithm: most come late."""
    rng = np.random.default_rng(0)
    batch, rate, unstable, _ = timed_runs(3, 60, time_slope=0)
    steps = np.where(unstable, np.ceil(rng.uniform(1, 2000, 60)), 2000)
    model = StableLearningRateModel(reference_steps=2000)
    model.fit(batch, rate, unstable, steps=steps, horizon_steps=2000)
    found = model.threshold(8, 20_000)
    assert found.low <= 2**-10 <= found.high
    assert model.parameters_["chance_power"].mean() > 0.5


def test_a_longer_horizon_lowers_the_threshold_and_widens_it():
    batch, rate, unstable, steps = timed_runs(4, 24, time_slope=0.5)
    model = StableLearningRateModel(reference_steps=2000).fit(
        batch, rate, unstable, steps=steps, horizon_steps=2000
    )
    here, later = model.threshold(8, 2000), model.threshold(8, 200_000)
    assert later.median < here.median
    assert later.sd_octaves > here.sd_octaves
    assert model.safe_rate(8, horizon_steps=200_000) < model.safe_rate(8)


def test_a_cut_short_run_informs_less_than_a_full_one():
    def after(steps):
        model = StableLearningRateModel(n_particles=256)
        model.fit([8], [4e-3], [False], steps=[steps], horizon_steps=1000)
        return model.probability_stable(8, 4e-3)

    nothing = StableLearningRateModel().fit([], [], []).probability_stable(8, 4e-3)
    assert nothing < after(20) < after(1000)


def test_unknown_failure_steps_may_be_mixed_with_known_ones():
    model = StableLearningRateModel().fit(
        [8, 8, 8],
        [1e-3, 2e-3, 4e-3],
        [False, True, True],
        steps=[None, None, 120],
        horizon_steps=[1000, 1000, None],
    )
    assert_finite_and_ordered(model, 8)


# -------------------------------------------------------------------- claims


def test_the_forum_reads_as_a_person_would_read_it():
    model = forum_model()
    found = model.threshold(5)
    assert 3e-5 < model.safe_rate(5) <= 6.5e-5
    assert found.low < 6.5e-5
    assert 7e-5 < found.high < 1e-3
    assert 6.8e-5 < found.median < 9.5e-5
    assert 0.3 < model.probability_stable(2, 1.2e-4) < 0.88
    assert model.probability_stable(5, 1e-3) < 0.1
    assert model.exponent().low < -0.4 < model.exponent().high


@pytest.mark.parametrize("left_out", range(4))
def test_every_claim_of_the_forum_moves_the_answer(left_out):
    rest = FORUM[:left_out] + FORUM[left_out + 1 :]
    whole, part = forum_model().threshold(5), forum_model(rest).threshold(5)
    assert abs(np.log2(part.high / whole.high)) > 0.02


def test_a_claim_without_reliability_moves_less_than_a_reliable_one():
    def median(reliability):
        bound = Bound(8, 1e-5, "unstable", reliability)
        model = StableLearningRateModel().fit([], [], [], bounds=[bound])
        return model.threshold(8, 100_000).median

    assert median(0.95) < median(0.5) < median(0.0)


def test_runs_outweigh_a_claim_they_contradict():
    bound = Bound(8, 1e-5, "unstable", 0.8)
    model = StableLearningRateModel(reference_steps=100_000).fit(
        [8] * 10, [3e-4] * 10, [False] * 10, bounds=[bound]
    )
    assert model.probability_stable(8, 1e-4) > 0.8


# ------------------------------------------------------------- largest batch


def test_the_largest_batch_is_where_the_rate_crosses_a_falling_threshold():
    runs = simulated_runs(0, 120, slope=-0.8)
    model = StableLearningRateModel().fit(*runs)
    found = model.largest_batch(float(np.exp2(-10)), risk=0.5)
    assert found is not None
    assert 6 <= found.batch_size <= 10
    assert found.low <= found.median <= found.high
    assert not found.capped


def test_a_rate_that_is_safe_everywhere_is_capped_and_one_nowhere_is_none():
    model = StableLearningRateModel().fit(*simulated_runs(0, 60))
    safe = model.largest_batch(1e-7)
    assert safe is not None
    assert safe.capped
    assert safe.batch_size == safe.searched_to == 128
    assert model.largest_batch(1.0) is None


# ------------------------------------------------- scikit-learn, bad arguments


def test_the_estimator_contract_holds():
    model = StableLearningRateModel(n_particles=64, random_state=3)
    copy = clone(model.set_params(reference_steps=500))
    assert copy.get_params() == model.get_params()
    copy.fit(*simulated_runs(0, 15))
    means, sds = copy.predict([[8], [16]], return_std=True)
    assert means.shape == sds.shape == (2,)
    by_time = copy.predict([[8, 500], [8, 50_000]])
    assert by_time[0] == pytest.approx(means[0])
    assert by_time[1] < by_time[0]
    assert copy.predict(np.empty((0, 1))).shape == (0,)
    with pytest.raises(ValueError, match="no parameter nope"):
        copy.set_params(nope=1)


def test_another_seed_gives_nearly_the_same_answer():
    runs = simulated_runs(5, 30)
    medians = [
        np.log2(StableLearningRateModel(random_state=s).fit(*runs).threshold(8).median)
        for s in range(3)
    ]
    assert np.ptp(medians) < 0.06


def test_the_shares_of_the_rules_sum_to_one_and_edges_are_half_open():
    shares = scaling_rule_shares([-2.0, -0.5, 0.0, 0.5, 3.0])
    assert list(shares) == ["inverse", "inverse_sqrt", "constant", "sqrt", "linear"]
    assert set(shares.values()) == {0.2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(batch_size=[0]), "batch_size must be at least 1"),
        (dict(batch_size=[np.nan]), "batch_size must be at least 1"),
        (dict(learning_rate=[-1e-3]), "learning_rate must be positive"),
        (dict(learning_rate=[np.inf]), "learning_rate must be positive"),
        (dict(learning_rate=[1e-3, 1e-3]), "shape"),
        (dict(unstable=[2]), "unstable"),
        (dict(steps=[0]), "steps must be at least 1"),
        (dict(horizon_steps=[0]), "horizon_steps"),
        (dict(reliability=[1.5]), "reliability"),
        (dict(bounds=[Bound(8, 1e-3, "stable", 2.0)]), "reliability"),
        (dict(bounds=[Bound(8, -1e-3, "stable", 0.5)]), "positive rate"),
        (dict(bounds=[Bound(8, 1e-3, "maybe", 0.5)]), "maybe"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    usual = dict(batch_size=[8], learning_rate=[1e-3], unstable=[False])
    with pytest.raises(ValueError, match=message):
        StableLearningRateModel(n_particles=64).fit(**{**usual, **arguments})


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.threshold(0),
        lambda m: m.threshold(8, horizon_steps=0),
        lambda m: m.threshold(8, level=1.0),
        lambda m: m.safe_rate(8, risk=0.0),
        lambda m: m.probability_stable(8, 0.0),
        lambda m: m.largest_batch(-1.0),
        lambda m: m.largest_batch(1e-3, searched_to=0),
        lambda m: m.predict([8]),
    ],
)
def test_a_wrong_question_is_refused(ask):
    model = StableLearningRateModel(n_particles=64).fit([], [], [])
    with pytest.raises(ValueError, match=r"must|at least"):
        ask(model)


def test_a_run_cut_short_tells_less_than_a_whole_one():
    """What fails by chance may fail after the run was cut short."""
    batch, rates = [8] * 6, 2.0 ** np.array([-11, -10.5, -10, -9.5, -9, -8.5])
    failed = [False] * 3 + [True] * 3
    times = {"horizon_steps": 900, "steps": [900, 900, 100, 60, 300, 500]}
    cut = StableLearningRateModel(reference_steps=900).fit(
        batch, rates, failed, **times
    )
    times["steps"][2] = 900
    whole = StableLearningRateModel(reference_steps=900).fit(
        batch, rates, failed, **times
    )
    assert cut.probability_stable(8, 2.0**-10) < whole.probability_stable(8, 2.0**-10)


def test_a_run_cut_short_at_its_last_step_is_a_whole_run():
    """Nothing jumps as a run is carried to its horizon."""
    batch, rates, failed = [8] * 4, 2.0 ** np.arange(-12.0, -8), [0, 0, 0, 1]

    def threshold(steps):
        model = StableLearningRateModel(reference_steps=900, n_particles=2048)
        times = [steps, steps, steps, 300]
        model.fit(batch, rates, failed, steps=times, horizon_steps=900)
        return np.log2(model.threshold(8).median)

    assert threshold(899.999) == pytest.approx(threshold(900), abs=0.1)


def test_the_fall_may_differ_with_the_batch_size():
    """Late failures next to the threshold at one batch size, early ones at another."""
    rng = np.random.default_rng(0)
    batch = np.repeat([4, 256], 40)
    excess = rng.uniform(-1, 1, 80)
    fall = np.where(batch == 4, 0.8, 0.1)
    step = 1000 * np.exp2(-excess / fall)
    failed = step <= 1000
    step = np.clip(step, 1, 1000)
    model = StableLearningRateModel().fit(
        batch, 2.0 ** (excess - 10), failed, steps=step, horizon_steps=1000
    )
    assert np.median(model.fall_draws(4)) > 2 * np.median(model.fall_draws(256))
    assert model.parameters_["fall_power"].mean() < -0.1

"""Which run comes next."""

import numpy as np
import pytest
from scipy.special import expit

from advisor.planning import InFlight, plan_next_run
from advisor.regression import Moment, StableLearningRateModel, ThresholdPrior

PRIOR = ThresholdPrior(level=Moment(-10.0, 2.5))


def fitted(batch=(), rate=(), unstable=(), **settings):
    model = StableLearningRateModel(PRIOR, n_particles=256, **settings)
    return model.fit(batch, rate, unstable)


def search(truth, *, n_runs, width=0.1, seed=0):
    """Plan, run, fit again: rates (log2) and outcomes of a search at one batch."""
    rng = np.random.default_rng(seed)
    rates, unstable = [], []
    for _ in range(n_runs):
        model = fitted([8] * len(rates), np.exp2(rates), unstable)
        trial = plan_next_run(model, asked_batch_sizes=[8])
        assert trial.believed_low <= trial.learning_rate <= trial.believed_high
        rates.append(np.log2(trial.learning_rate))
        unstable.append(bool(rng.random() < expit((rates[-1] - truth) / width)))
    return np.array(rates), np.array(unstable)


@pytest.mark.parametrize("truth", [-12.3, -10.1, -7.6])
def test_a_dozen_runs_bracket_a_sharp_boundary(truth):
    rates, unstable = search(truth, n_runs=12)
    assert unstable.any()
    assert not unstable.all()
    gap = abs(rates[unstable].min() - rates[~unstable].max())
    assert gap <= np.log2(1.5)
    assert abs(rates[-3:] - truth).max() < 1.5


def test_the_first_run_halves_the_believed_range():
    model = fitted()
    trial = plan_next_run(model, asked_batch_sizes=[2, 8, 32])
    low, high = model.believed_range(8)
    assert trial.batch_size == 8
    assert trial.learning_rate == pytest.approx(np.sqrt(low * high), rel=0.01)
    assert "halves" in trial.reason


def test_runs_after_the_first_do_not_stay_at_one_batch_size():
    """A second batch size says how the threshold scales; the first says where it is."""
    model = fitted([8], [2.0**-10], [True])
    trial = plan_next_run(model, asked_batch_sizes=[2, 8, 32])
    assert trial.learning_rate < 2.0**-9
    assert "narrow" in trial.reason
    more = fitted([8] * 4, 2.0 ** np.array([-11, -10.5, -10, -9]), [0, 0, 1, 1])
    assert plan_next_run(more, asked_batch_sizes=[2, 8, 32]).batch_size != 8


def test_first_runs_in_parallel_spread_over_the_range():
    model = fitted()
    flying = []
    for _ in range(4):
        trial = plan_next_run(model, asked_batch_sizes=[8], in_flight=flying)
        flying.append(InFlight(trial.batch_size, trial.learning_rate))
    rates = np.sort(np.log2([f.learning_rate for f in flying]))
    assert np.diff(rates).min() > 1.0


def test_later_runs_in_parallel_are_never_at_nearly_the_same_point():
    rates, unstable = search(-10.0, n_runs=6)
    model = fitted([8] * 6, np.exp2(rates), unstable)
    flying = []
    for _ in range(3):
        trial = plan_next_run(model, asked_batch_sizes=[8], in_flight=flying)
        if "repeats" not in trial.reason:
            for other in flying:
                distance = abs(np.log2(trial.learning_rate / other.learning_rate))
                assert distance > 0.14
        flying.append(InFlight(8, trial.learning_rate))


def test_a_boundary_known_closely_is_replicated_rather_than_left_alone():
    batch = [8] * 40
    rates = np.exp2(np.r_[np.full(20, -10.02), np.full(20, -9.98)])
    model = fitted(batch, rates, [False] * 20 + [True] * 20)
    low, high = model.believed_range(8)
    grid = np.geomspace(low, high, 5)
    flying = [InFlight(8, float(rate)) for rate in grid]
    trial = plan_next_run(model, asked_batch_sizes=[8], in_flight=flying)
    assert low <= trial.learning_rate <= high


def test_the_batch_size_known_least_is_chosen():
    rng = np.random.default_rng(0)
    rates = -10 + rng.normal(0, 0.4, 20)
    model = fitted([2] * 20, np.exp2(rates), rates > -10)
    trial = plan_next_run(model, asked_batch_sizes=[2, 128])
    assert trial.batch_size == 128


def test_a_longer_run_is_planned_at_a_lower_rate():
    model = fitted()
    short = plan_next_run(model, asked_batch_sizes=[8], horizon_steps=1000)
    long = plan_next_run(model, asked_batch_sizes=[8], horizon_steps=100_000)
    assert long.learning_rate < short.learning_rate


def test_the_same_state_gives_the_same_plan():
    model = fitted([8] * 6, np.exp2(np.arange(-13.0, -7)), [False] * 3 + [True] * 3)
    plans = [plan_next_run(model, asked_batch_sizes=[4, 8]) for _ in range(2)]
    assert plans[0] == plans[1]


def test_no_batch_size_is_refused():
    with pytest.raises(ValueError, match="at least one batch size"):
        plan_next_run(fitted(), asked_batch_sizes=[])

"""Which run comes next."""

import numpy as np
import pytest
from scipy.special import expit

from advisor.planning.next_run import InFlight, Survivor, plan_next_run
from advisor.rates import MOST_LEARNING_RATE
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel

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


HORIZON = 900
RUNGS = (100, 300, HORIZON)


def timed(batch, log_rate, failed_at, steps):
    """A model of runs with failure steps (NaN: held for `steps`)."""
    failed = np.isfinite(failed_at)
    model = StableLearningRateModel(PRIOR, n_particles=512, reference_steps=HORIZON)
    return model.fit(
        batch,
        np.exp2(log_rate),
        failed,
        steps=np.where(failed, failed_at, steps),
        horizon_steps=HORIZON,
    )


def boundary_seen(failed_at=40.0):
    """Sixteen runs at batch 8 about a boundary at 2^-10; what fails does so early."""
    log_rate = np.r_[np.linspace(-11, -10.1, 8), np.linspace(-9.9, -9, 8)]
    failed = np.where(log_rate > -10, failed_at, np.nan)
    return timed([8] * 16, log_rate, failed, [HORIZON] * 16)


def test_without_rungs_a_run_goes_to_the_horizon():
    trial = plan_next_run(boundary_seen(), asked_batch_sizes=[8], horizon_steps=HORIZON)
    assert (trial.stop_after, trial.continues) == (HORIZON, None)


def test_the_first_run_stops_at_the_first_rung():
    """While the range is octaves wide, a short run halves it as well."""
    trial = plan_next_run(
        fitted(), asked_batch_sizes=[8], horizon_steps=HORIZON, rungs=RUNGS
    )
    assert trial.stop_after == 100


def test_where_failures_come_early_a_short_run_is_enough():
    trial = plan_next_run(
        boundary_seen(), asked_batch_sizes=[8], horizon_steps=HORIZON, rungs=RUNGS
    )
    assert trial.stop_after == 100
    assert trial.believed_low <= trial.learning_rate <= trial.believed_high


def test_a_survivor_near_the_boundary_is_carried_on_when_new_runs_are_dear():
    """A start that costs more than all steps leaves only what has started."""
    rng = np.random.default_rng(0)
    log_rate = np.r_[-10 + rng.uniform(-0.5, 0.5, 24), -9.95, -12.0]
    late = np.where(log_rate > -10, rng.uniform(500, 890, 26), np.nan)
    late[-2:] = np.nan
    steps = np.r_[np.full(24, HORIZON), 300, 300]
    model = timed([8] * 26, log_rate, late, steps)
    survivors = [
        Survivor("near", 8, 2.0**-9.95, 300),
        Survivor("far below", 8, 2.0**-12, 300),
    ]

    def cost(batch_size, steps):
        return steps

    trial = plan_next_run(
        model,
        asked_batch_sizes=[8],
        horizon_steps=HORIZON,
        rungs=(HORIZON,),
        survivors=survivors,
        cost=cost,
    )
    assert trial.continues in (None, "near")
    alone = [s for s in survivors if s.key == "near"]
    with_far = plan_next_run(
        model,
        asked_batch_sizes=[8],
        horizon_steps=HORIZON,
        rungs=(HORIZON,),
        survivors=alone,
        cost=cost,
    )
    assert with_far == trial


def test_of_two_batch_sizes_known_alike_the_cheaper_is_run():
    rng = np.random.default_rng(1)
    log_rate = -10 + rng.uniform(-1, 1, 24)
    failed = np.where(log_rate > -10, 60.0, np.nan)
    model = timed([4, 16] * 12, log_rate, failed, [HORIZON] * 24)
    for cheap, dear in ((4, 16), (16, 4)):
        trial = plan_next_run(
            model,
            asked_batch_sizes=[4, 16],
            horizon_steps=HORIZON,
            rungs=RUNGS,
            cost=lambda batch, steps, dear=dear: steps * (20 if batch == dear else 1),
        )
        assert trial.batch_size == cheap


def test_a_run_in_flight_to_a_rung_leaves_another_run_to_plan():
    model = boundary_seen()
    first = plan_next_run(
        model, asked_batch_sizes=[4, 8], horizon_steps=HORIZON, rungs=RUNGS
    )
    flying = [
        InFlight(first.batch_size, first.learning_rate, stop_after=first.stop_after)
    ]
    second = plan_next_run(
        model,
        asked_batch_sizes=[4, 8],
        horizon_steps=HORIZON,
        rungs=RUNGS,
        in_flight=flying,
    )
    assert (first.batch_size, first.learning_rate) != (
        second.batch_size,
        second.learning_rate,
    )


def test_a_rung_below_one_step_is_refused():
    with pytest.raises(ValueError, match="at least 1 step"):
        plan_next_run(
            fitted(), asked_batch_sizes=[8], horizon_steps=HORIZON, rungs=(0, HORIZON)
        )


def test_where_all_runs_hold_no_rate_is_planned_that_nobody_may_ask_for():
    """A model whose loss cannot grow holds at any rate; the search ends somewhere."""
    rates = np.geomspace(1e-3, MOST_LEARNING_RATE, 30)
    model = fitted([8] * 30, rates, [False] * 30)
    trial = plan_next_run(model, asked_batch_sizes=[8])
    assert trial.learning_rate <= MOST_LEARNING_RATE

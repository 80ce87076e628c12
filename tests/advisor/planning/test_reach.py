"""Where a rate may stand after planned runs, and what is offered for it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from advisor.planning.plan import VerificationPlan
from advisor.planning.reach import response, simulate
from advisor.planning.spec import PlannedRun
from advisor.rates import shown_rate
from advisor.service import Advisor
from advisor.statistics.beliefs import Moment, ThresholdPrior
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.records import Run
from tests.made_up_study import made_up_runs

PRIOR = ThresholdPrior(level=Moment(-9.0, 1.0))
MODEL = StableLearningRateModel(PRIOR, n_particles=512).fit([], [], [])


def plan_of(*rates: float, more_runs: int = 0) -> VerificationPlan:
    runs = [PlannedRun("x", 8, rate, i, 1000, 1.0) for i, rate in enumerate(rates)]
    return VerificationPlan(True, "x", tuple(runs), more_runs)


def spread(plan: VerificationPlan) -> float:
    """Octaves between the 10 and 90 % ends of the safe rate."""
    shifts = simulate(MODEL, plan).rates(MODEL, 8, None, 0.1)
    low, high = np.quantile(shifts, [0.1, 0.9])
    return float(high - low)


def test_runs_in_the_middle_of_the_doubt_can_move_a_rate_more_than_sure_ones() -> None:
    middle, sure = 2.0**-9, 2.0**-16
    assert spread(plan_of(middle)) > 0.3
    assert spread(plan_of(sure)) < 0.05
    assert spread(plan_of(middle, 1.5 * middle)) > spread(plan_of(sure, middle / 64))


def test_simulated_outcomes_are_fair_to_what_is_believed() -> None:
    """The mean over outcomes is what is believed before, and the sd shrinks."""
    simulated = simulate(MODEL, plan_of(2.0**-9, 2.0**-8.5, more_runs=4))
    means, sd = simulated.means(MODEL, "level")
    assert means.mean() == pytest.approx(MODEL.parameters_["level"].mean(), abs=0.25)
    assert sd < 0.6 * MODEL.parameters_["level"].std()


def test_the_same_plan_reaches_the_same_rates() -> None:
    plan = plan_of(2.0**-9, 2.0**-10)
    first, again = (simulate(MODEL, plan).weights for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_an_answer_follows_its_prior_until_runs_of_its_own_settle_it() -> None:
    rates = np.exp2(np.linspace(-11, -7, 9))
    own = StableLearningRateModel(PRIOR).fit([8] * 9, rates, rates > 2.0**-9)
    assert response(MODEL, "level", 8, None) == pytest.approx(1.0, abs=0.1)
    assert response(own, "level", 8, None) < 0.2


@pytest.fixture(scope="module")
def advisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advisor]:
    with Advisor.open(tmp_path_factory.mktemp("reach") / "store") as opened:
        yield opened


@pytest.mark.parametrize(("workload", "batch"), [("realface", 3), ("dlight", 4)])
def test_a_plan_says_where_it_can_move_the_rate_and_what_full_size_takes(
    advisor: Advisor, workload: str, batch: int
) -> None:
    answer = advisor.recommend(workload, batch)
    plan = answer.to_dict()["verification"]
    rate, reach = answer.learning_rate, plan["can_move"]["learning_rate"]
    assert rate is not None
    assert 0 < reach["low"] <= reach["high"]
    stays = {shown_rate(reach[end]) for end in reach} == {shown_rate(rate)}
    assert plan["needed"] is not stays
    full = plan["full_size"]
    assert full.keys() == plan.keys()
    assert full["workload"] == workload
    assert full["batch_sizes"] == [batch]
    assert full["estimated_seconds"] > plan["estimated_seconds"]


def test_what_cannot_move_the_rate_is_not_offered_and_says_what_could() -> None:
    plan = replace(plan_of(1e-3), full_size=plan_of(1e-4))
    still = plan.reaching(3.14e-4, (3.12e-4, 3.14e-4))
    assert not still.needed
    assert "3.1e-4" in still.reason
    assert "full model" in still.reason
    assert plan.reaching(3.14e-4, (3.12e-4, 3.3e-4)).needed
    assert "full model" not in plan_of(1e-3).reaching(2e-4, (2e-4, 2e-4)).reason


@pytest.mark.parametrize(("width", "factor"), [("1/2", 2.0), ("1/4", 0.03)])
def test_runs_of_a_copy_move_the_full_models_limit_their_way(
    width: str, factor: float
) -> None:
    """Said for the copy's run length, where no law of time stands between."""

    def moved(run: Run) -> Run:
        name, rate = f"original@{width}", run.learning_rate * factor
        return replace(run, id=f"{run.id}m", workload=name, learning_rate=rate)

    with Advisor.open(":memory:") as advisor:
        before = advisor.recommend("original", 4, horizon=300)
        advisor.store.record_runs([moved(run) for run, _ in made_up_runs(16)])
        advisor.store.ingest_all()
        after = advisor.recommend("original", 4, horizon=300)
    assert before.max_stable is not None
    assert after.max_stable is not None
    assert after.basis == before.basis == "reported"
    assert f"original@{width}" in after.borrowed_from
    moves_up = after.max_stable.median > before.max_stable.median
    assert moves_up == (factor > 1)

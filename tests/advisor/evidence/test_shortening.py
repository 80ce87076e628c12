"""A run as a shorter one would have seen it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.evidence.shortening import cut_at
from knowledge.records import Outcome, Run

HELD = Run(
    id="run:1",
    workload="original@1/16",
    batch_size=4,
    learning_rate=1e-3,
    optimizer="adam",
    recipe="faceswap-2021",
    source="ours",
    outcome=Outcome.STABLE,
    steps=1000,
    horizon_steps=1000,
)
FAILED = replace(
    HELD, outcome=Outcome.DEGRADED, failed_at_step=400, steps=1000, horizon_steps=1000
)
CUT_SHORT = replace(HELD, outcome=Outcome.INCOMPLETE, steps=300)


@pytest.mark.parametrize(
    ("run", "steps", "outcome"),
    [
        (HELD, 1000, Outcome.STABLE),
        (HELD, 200, Outcome.STABLE),
        (FAILED, 400, Outcome.DEGRADED),
        (FAILED, 399, Outcome.STABLE),
        (CUT_SHORT, 300, Outcome.STABLE),
    ],
)
def test_a_shorter_run_saw_what_had_happened_by_then(
    run: Run, steps: int, outcome: Outcome
) -> None:
    """Failing after its end is no failure of it."""
    cut = cut_at(run, steps)
    assert cut is not None
    assert (cut.outcome, cut.horizon_steps, cut.id) == (outcome, steps, run.id)
    assert cut.failed_at_step == (400 if outcome.is_unstable else None)


@pytest.mark.parametrize("run", [HELD, CUT_SHORT])
def test_a_run_that_did_not_get_so_far_tells_nothing(run: Run) -> None:
    """Taking it for stable would make long lengths look safe."""
    assert cut_at(run, 1001) is None


def test_a_failure_of_a_run_planned_shorter_tells_nothing_either() -> None:
    """Its like that held are left out, so counting it would be one-sided."""
    assert cut_at(FAILED, 1001) is None
    planned_longer = replace(FAILED, steps=450, horizon_steps=3000)
    cut = cut_at(planned_longer, 1001)
    assert cut is not None
    assert cut.outcome is Outcome.DEGRADED


def test_runs_without_an_outcome_or_a_length_are_left_out() -> None:
    """Imported rows may lack either."""
    assert cut_at(replace(HELD, outcome=None), 10) is None
    assert cut_at(replace(FAILED, failed_at_step=None, steps=None), 10) is None


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_cutting_twice_is_cutting_at_the_shorter(first: int, second: int) -> None:
    """So the order in which lengths are looked at does not matter."""
    for run in (HELD, FAILED):
        once = cut_at(run, min(first, second))
        long = cut_at(run, max(first, second))
        if long is not None:
            assert cut_at(long, min(first, second)) == once

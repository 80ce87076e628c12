"""What it would cost to say the same of longer runs (pure).

An answer holds for the run length it names, since failure comes late.
"""

from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence
from advisor.planning.costs import RunCost, elapsed_seconds
from advisor.words import duration_text

LONGER_TIMES = 10
RUNS_TO_MEASURE = 6  # at one batch size: enough for a bracket whose ends repeat


def longer_horizon_caveat(
    scope: Scope,
    batch_size: int,
    evidence: Evidence,
    *,
    cost: RunCost,
    n_workers: int,
) -> str | None:
    """Return for how long a measured answer holds and what a longer one would cost.

    None where nothing was measured, or where nothing can be trained here.
    """
    measured = [run.steps or 0 for run in evidence.labelled_runs if run.is_measured]
    asked = scope.horizon_steps
    if not measured or asked is None:
        return None
    reached = max(measured)
    longer = asked if asked > reached else LONGER_TIMES * asked
    one = cost.seconds(batch_size, longer)
    if not one > 0:  # also nan: a workload that cannot be trained here
        return None
    seconds = elapsed_seconds([one] * RUNS_TO_MEASURE, n_workers=n_workers)
    how_long = f"{longer:,} steps takes about {duration_text(seconds)} here."
    if longer == asked:
        return f"To measure runs of {how_long}"
    return (
        f"This applies to runs of {asked:,} steps; longer ones fail at lower rates. "
        f"To say the same of {how_long}"
    )

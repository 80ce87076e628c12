"""Which scores of one workload compare with each other, and why others do not (pure).

Those of one metric, one data set and much the same length.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from statistics import mean
from typing import TypeVar

from knowledge.records import Run

Said = TypeVar("Said", bound=Hashable)

# Scores of runs shorter by more than this factor do not count beside longer ones, of
# which there must be so many, and this share.
MUCH_SHORTER, FEWEST_LONG_RUNS, LONG_SHARE = 4.0, 4, 0.2


def why_not_compared(scored: Sequence[Run]) -> dict[str, str]:
    """Return the reason by the id of each scored run that does not compare."""
    if not scored:
        return {}
    metric = _commonest((run.metric_name, run.goal) for run in scored)
    why = {
        run.id: f"scored by another metric ({run.metric_name})"
        for run in scored
        if (run.metric_name, run.goal) != metric
    }
    left = [run for run in scored if run.id not in why]
    data = _commonest(run.data for run in left)
    why |= {
        run.id: f"scored on other data ({run.data})" for run in left if run.data != data
    }
    left = [run for run in left if run.id not in why]
    short = _much_shorter(left)
    return why | {
        run.id: f"scored after {_length(run)} steps, far fewer than the others"
        for run in left
        if run.id in short
    }


def best_scored_rate(scored: Sequence[Run]) -> float:
    """Return the rate with the best mean score; the runs, at least one, compare."""
    losses: dict[float, list[float]] = {}
    for run in scored:
        value = run.metric_value or 0.0
        loss = -value if run.goal == "max" else value
        losses.setdefault(run.learning_rate, []).append(loss)
    return min(losses, key=lambda rate: mean(losses[rate]))


def _commonest(values: Iterable[Said]) -> Said:
    counts = sorted(Counter(values).items(), key=str)
    return max(counts, key=lambda item: item[1])[0]


def _length(run: Run) -> int:
    """Steps that were planned, else made: a failed run is not a short one."""
    return run.horizon_steps or run.steps or 0


def _much_shorter(runs: Sequence[Run]) -> set[str]:
    """Ids of runs that are far shorter than others, in steps and in examples too.

    Long are the lengths that at least a fifth of the runs reach, and at least four.
    """
    told = [run for run in runs if _length(run)]
    enough = max(FEWEST_LONG_RUNS, math.ceil(LONG_SHARE * len(told)))
    if len(told) < enough:
        return set()
    in_steps = {run.id: _length(run) for run in told}
    in_examples = {run.id: _length(run) * run.batch_size for run in told}
    short = []
    for lengths in (in_steps, in_examples):
        usual = sorted(lengths.values(), reverse=True)[enough - 1]
        short.append({i for i, n in lengths.items() if n < usual / MUCH_SHORTER})
    return set.intersection(*short)

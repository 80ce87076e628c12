"""What a run costs: seconds per step, from timed runs where there are any (pure).

Until a workload has been timed on this device the first guess of its spec is used,
shrunk for proxies as the work of a narrower layer shrinks.
"""

import math
import statistics
from collections.abc import Iterable

from experiments.workloads import find_spec
from knowledge.names import WorkloadName
from knowledge.records import Run

# Part of a step that does not shrink with the width (augmentation, kernel launches),
# in seconds on one core, and the power by which the rest shrinks (measured:
# docs/log.md).
PROXY_OVERHEAD_SECONDS = 0.012
PROXY_POWER = 1.3


def seconds_per_step(
    workload: str, batch_size: int, *, device: str, runs: Iterable[Run]
) -> float:
    """Return the expected seconds of one optimizer step of one run.

    Timed runs of the same workload and device are scaled to the batch size asked by
    the guessed law; their median counts.
    """
    timed = [
        run.seconds
        / run.steps
        * guess(workload, batch_size)
        / guess(workload, run.batch_size)
        for run in runs
        if run.is_ours
        and run.workload == workload
        and run.device == device
        and run.seconds
        and run.steps
        and run.steps >= 20
    ]
    return statistics.median(timed) if timed else guess(workload, batch_size)


def guess(workload: str, batch_size: int) -> float:
    """Return a first guess of the seconds of one step on one CPU core."""
    spec = find_spec(workload)
    if spec is None:
        return math.nan
    fixed, per_example = spec.seconds_per_step
    full = fixed + per_example * batch_size
    width = WorkloadName.parse(workload).width_divisor
    if width == 1:
        return full
    return float(PROXY_OVERHEAD_SECONDS + full / width**PROXY_POWER)

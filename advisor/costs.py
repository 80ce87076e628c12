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

# How the work of a step shrinks with the width, between the proxies that were timed
# (docs/log.md): fewer channels, and kernels that use the machine less well.
PROXY_WIDTH = 16
PROXY_POWER = 1.5


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
    width = WorkloadName.parse(workload).width_divisor
    cost, shrunk = spec.seconds_per_step, 1.0
    if width > 1 and spec.proxy_seconds_per_step is not None:
        cost = spec.proxy_seconds_per_step
        shrunk = float((PROXY_WIDTH / width) ** PROXY_POWER)
    fixed, per_example = cost
    return (fixed + per_example * batch_size) * shrunk

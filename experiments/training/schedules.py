"""What happens when in a run: the share of the peak rate, and the measuring (pure).

The peak is what answers speak of. Steps count from 1.
"""

import math
from collections.abc import Callable

MEASUREMENTS = 16  # of held-back data, evenly over the run ...
MEASURE_EVERY_STEPS = 20  # ... and no more often, since a short run has other costs

Schedule = Callable[[int], float]


def build_schedule(name: str, *, steps: int, warmup_steps: int = 0) -> Schedule:
    """Return the factor on the peak rate at each step: `constant` or `cosine`.

    The warm-up is linear and reaches the peak at step `warmup_steps`.

    >>> build_schedule("constant", steps=10, warmup_steps=4)(1)
    0.25
    """
    if name not in ("constant", "cosine"):
        raise ValueError(f"unknown schedule '{name}': constant or cosine")

    def factor(step: int) -> float:
        if step <= warmup_steps:
            return step / warmup_steps
        if name == "constant":
            return 1.0
        done = (step - warmup_steps) / max(steps - warmup_steps, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    return factor


def measurements_of(steps: int) -> int:
    """Return how many times a run of a length is measured.

    >>> measurements_of(600), measurements_of(100), measurements_of(5)
    (16, 5, 1)
    """
    return max(1, min(MEASUREMENTS, steps // MEASURE_EVERY_STEPS))


def is_due(step: int, steps: int, *, times: int) -> bool:
    """Whether something done so many times in a run is due; at its end it always is.

    >>> [step for step in range(1, 11) if is_due(step, 10, times=3)]
    [3, 6, 9, 10]
    """
    return step % max(1, steps // times) == 0 or step == steps

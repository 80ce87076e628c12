"""Learning-rate schedules: step -> share of the peak rate (pure).

The peak is what answers speak of. Steps count from 1.
"""

import math
from collections.abc import Callable

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

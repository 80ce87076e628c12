"""Makes the runs of a worker process wait at a gate (`tests/gate.py`).

Python loads this file at its start where the folder is in PYTHONPATH. Up to the gate a
checkpoint is written after every step, so whoever finds a run there knows its step.
"""

import math
import os
import sys
import time
from pathlib import Path
from typing import Any

HELD_AT_STEP = 10


def hold_runs(gate: Path) -> None:
    """Let runs of this process stand still at a step until the gate is open.

    A run that is told to stop meanwhile stops, as it would between two steps.
    """
    from experiments.training import loop

    train = loop.train
    loop.CHECKPOINT_SECONDS, loop.CHECKPOINT_SHARE = 0.0, math.inf

    def held(*arguments: Any, watch: loop.Watcher, **rest: Any) -> Any:
        def stand(step: int, loss: float) -> bool:
            goes_on = watch(step, loss)
            if step >= HELD_AT_STEP:
                (gate / str(os.getpid())).touch()
                while goes_on and not (gate / "open").exists():
                    time.sleep(0.02)
                    goes_on = watch(step, loss)
            return goes_on

        return train(*arguments, watch=stand, **rest)

    loop.train = held  # type: ignore[assignment]


if "experiments.jobs.worker" in sys.orig_argv and "LR_ADVISOR_TEST_GATE" in os.environ:
    hold_runs(Path(os.environ["LR_ADVISOR_TEST_GATE"]))

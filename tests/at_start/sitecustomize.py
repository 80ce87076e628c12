"""What happens at the start of processes: runs wait at a gate, or a process is broken.

Python loads this file before anything else where the folder is in PYTHONPATH, and only
one of its name; so `tests/gate.py` and `tests/sabotage.py` share it. Up to the gate a
checkpoint is written after every step, so whoever finds a run there knows its step.
"""

import contextlib
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

HELD_AT_STEP = 10
GATE, SABOTAGE = "LR_ADVISOR_TEST_GATE", "LR_ADVISOR_TEST_SABOTAGE"


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


if SABOTAGE in os.environ:
    with contextlib.suppress(FileNotFoundError):  # mended
        exec((Path(os.environ[SABOTAGE]) / "at_start.py").read_text())
if "experiments.jobs.worker" in sys.orig_argv and GATE in os.environ:
    hold_runs(Path(os.environ[GATE]))

"""Measures how fast each batch size trains on this machine, and saves it.

In a process of its own (experiments.speed), one at a time and never beside a run: each
would slow the other.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

from filelock import FileLock, Timeout

from advisor.checks import check_batch_size, check_device
from advisor.words import duration_text
from experiments.executors.processes import WORKER_ENVIRONMENT
from experiments.jobs.queue import Queue
from experiments.training.devices import check_device_here
from experiments.workloads.registry import find_spec
from knowledge.errors import (
    BadValueError,
    RunError,
    RunFailedError,
    WorkloadUnavailableError,
)
from knowledge.python_process import python_command, python_environment
from knowledge.records import Document, Throughput, content_id
from knowledge.store.store import Store

LOCK_FILE = "speed.lock"
BUDGET_SECONDS = 45.0  # for the steps; starting takes some seconds more
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 24 * 3600.0
GRACE_SECONDS = 300.0  # beyond the budget: a step that was begun is finished


@dataclass(frozen=True)
class SpeedReport(Document):
    """What was measured, by batch size and processes, and why no more was."""

    rows: tuple[Throughput, ...]
    stopped: str | None


class SpeedValues(TypedDict, total=False):
    """What may be said of a measurement; what is not said is as usual.

    `device` is `cpu`, `cuda` or `mps`; `budget_seconds` is for the steps.
    """

    batch_sizes: Sequence[object]
    recipe: str | None
    device: str | None
    budget_seconds: float | None


def measure_speed(
    store: Store,
    queue: Queue,
    workload: str,
    *,
    n_workers: int,
    **values: Unpack[SpeedValues],
) -> SpeedReport:
    """Time training steps at several batch sizes and save what was found.

    Raises:
        WorkloadUnavailableError: The workload cannot be trained here.
        BadValueError: The budget is impossible, no batch size can be trained, or the
            device is not here.
        RunError: Runs or another measurement are under way.
        RunFailedError: The measuring process broke.
    """
    spec, recipe = find_spec(workload), values.get("recipe")
    if spec is None or (recipe is not None and recipe not in spec.recipes):
        raise WorkloadUnavailableError(
            f"{workload} cannot be trained here"
            f"{f' under {recipe}' if recipe else ''}, so its speed cannot be measured. "
            "See `lr-advisor workloads`."
        )
    batch_sizes = [check_batch_size(b) for b in values.get("batch_sizes", ())]
    device, budget = check_device(values.get("device")), values.get("budget_seconds")
    budget = BUDGET_SECONDS if budget is None else budget
    if not SHORTEST_SECONDS <= budget <= LONGEST_SECONDS:
        raise BadValueError("budget", budget, expected="give 1 second to 24 hours.")
    check_device_here(device)
    if any(job.state == "running" for job in queue.jobs()):
        raise RunError(
            "Runs are under way and would share the cores: measure the speed when they "
            "are over, or cancel them first."
        )
    try:
        with FileLock(store.folder / LOCK_FILE, timeout=0):
            document = _measure(
                workload,
                batch_sizes=batch_sizes,
                recipe=recipe or spec.recipes[0],
                device=device,
                n_workers=n_workers,
                budget_seconds=budget,
            )
    except Timeout as error:
        raise RunError(
            "Another measurement of the speed is under way: wait until it is over."
        ) from error
    rows = _records(document)
    store.record_throughput(rows)
    return SpeedReport(rows, document["stopped"])


def _measure(
    workload: str,
    *,
    batch_sizes: Sequence[int],
    recipe: str,
    device: str,
    n_workers: int,
    budget_seconds: float,
) -> dict[str, Any]:
    """Run the measuring process and return its document."""
    command = python_command("experiments.speed", workload)
    command += ["--recipe", recipe, "--device", device]
    command += ["--workers", str(n_workers), "--seconds", str(budget_seconds)]
    if batch_sizes:
        command += ["--batch-sizes", ",".join(map(str, batch_sizes))]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=budget_seconds + GRACE_SECONDS,
            env={**python_environment(), **WORKER_ENVIRONMENT},
        )
    except subprocess.TimeoutExpired as error:
        raise RunFailedError(
            f"The speed of {workload} was not measured after "
            f"{duration_text(budget_seconds + GRACE_SECONDS)}: name smaller batch "
            "sizes or a proxy such as NAME@1/16."
        ) from error
    if done.returncode == 2:
        raise RunError(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise RunFailedError(
            f"The speed of {workload} could not be measured: {done.stderr[-500:]}"
        )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _records(document: dict[str, Any]) -> tuple[Throughput, ...]:
    measured = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    names = {f.name for f in fields(Throughput)}
    shared = {k: v for k, v in document.items() if k in names}
    bodies = [{**shared, **row, "measured": measured} for row in document["rows"]]
    return tuple(Throughput(id=content_id("throughput", b), **b) for b in bodies)

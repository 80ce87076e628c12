"""Measures how fast each batch size trains on this machine, and saves it.

In a process of its own (experiments.speed), one at a time and never beside a run: each
would slow the other.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import psutil
from filelock import FileLock, Timeout

from advisor.checks import check_batch_size, check_device
from advisor.running.descriptions import describe_workload
from advisor.words import duration_text, title_of
from experiments.executors.processes import WORKER_ENVIRONMENT
from experiments.jobs.queue import Queue
from experiments.jobs.records import SPEED, NewJob
from experiments.training.devices import check_device_here
from experiments.workloads.registry import find_spec
from knowledge.errors import (
    BadValueError,
    RunError,
    RunFailedError,
    WorkloadUnavailableError,
)
from knowledge.python_process import python_command, python_environment
from knowledge.records import Document, Throughput
from knowledge.store.store import Store

LOCK_FILE = "speed.lock"
BUDGET_SECONDS = 45.0  # for the steps; starting takes some seconds more
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 24 * 3600.0
START_SECONDS = 10.0  # processes load PyTorch, and the first model is built
# Weights, gradients and Adam's two averages, and as much again while a step is made.
BYTES_A_PARAMETER, BASE_MB = 4 * 4 * 1.5, 600.0
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
    what = _settled(queue, workload, values)
    try:
        with FileLock(store.folder / LOCK_FILE, timeout=0):
            document = _measure(
                workload,
                batch_sizes=what.batch_sizes,
                recipe=what.recipe,
                device=what.device,
                n_workers=n_workers,
                budget_seconds=what.budget_seconds,
            )
    except Timeout as error:
        raise RunError(
            "Another measurement of the speed is under way: wait until it is over."
        ) from error
    from experiments.speed import speed_rows

    rows = speed_rows(document)
    store.record_throughput(rows)
    return SpeedReport(rows, document["stopped"])


def start_measuring(
    store: Store,
    queue: Queue,
    workload: str,
    *,
    n_workers: int,
    **values: Unpack[SpeedValues],
) -> str:
    """Queue the timing of training steps as a job and return its id.

    Raises:
        WorkloadUnavailableError: The workload cannot be trained here.
        BadValueError: The budget is impossible, or the device is not here.
        RunError: Runs or another measurement are under way, or memory is short.
    """
    # What times steps starts processes: it is loaded only where steps are timed.
    from experiments.jobs.timing import PERCENT, timing_options
    from experiments.speed import speed_config

    what = _settled(queue, workload, values)
    check_memory(store, workload, free_mb=psutil.virtual_memory().available / 1e6)
    options = timing_options(
        what.batch_sizes,
        n_workers=n_workers if what.device == "cpu" else 1,
        budget_seconds=what.budget_seconds,
    )
    config = speed_config(
        workload,
        recipe=what.recipe,
        device=what.device,
        steps=PERCENT,
        options=options,
    )
    seconds = START_SECONDS + what.budget_seconds
    return queue.submit(NewJob(config, kind=SPEED, estimated_seconds=seconds))


def check_memory(store: Store, workload: str, *, free_mb: float) -> None:
    """Check that one process that trains a workload fits into the memory that is free.

    What was measured here counts; else what its parameters take with Adam.

    Raises:
        RunError: It does not fit.
    """
    rows = store.rows(
        "select min(peak_memory_mb) from throughput where workload = ?", [workload]
    )
    needed = rows[0][0]
    if needed is None:
        total = describe_workload(workload, {})["parameters"]["total"]
        needed = BASE_MB + total * BYTES_A_PARAMETER / 1e6
    if needed > free_mb:
        raise RunError(
            f"{title_of(workload)} needs about {needed / 1000:.1f} GB of memory and "
            f"{free_mb / 1000:.1f} GB is free: close other programs, or measure "
            "a narrow copy such as NAME@1/16."
        )


@dataclass(frozen=True)
class _What:
    batch_sizes: tuple[int, ...]
    recipe: str
    device: str
    budget_seconds: float


def _settled(queue: Queue, workload: str, values: SpeedValues) -> _What:
    """What is to be measured, with everything filled in and checked."""
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
    if queue.count_unfinished():
        raise RunError(
            "Runs are under way and would share the cores: measure the speed when they "
            "are over, or cancel them first."
        )
    return _What(tuple(batch_sizes), recipe or spec.recipes[0], device, budget)


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

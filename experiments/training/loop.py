"""train(): one run from its config to its curve, in one readable function.

A step's data and its dropout are pure functions of (seed, step), so a resumed run gives
the same curve to the last digit. A loss that is not finite ends the loop;
`knowledge.outcome` says what it means.
"""

import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from experiments.training.disk_trouble import DiskTrouble, Notice
from experiments.training.precision import find_precision_caveat
from experiments.training.run_folder import RunFolder
from experiments.training.schedules import is_due, measurements_of
from experiments.training.stepping import Stepper, prepare_process
from experiments.workloads.protocol import Task
from knowledge.errors import StoreError
from knowledge.outcome import Verdict, judge_curve
from knowledge.records import Curve, Outcome, RunConfig

CHECKPOINT_SECONDS = 5.0  # between two, at least ...
CHECKPOINT_SHARE = 0.05  # ... and this share of the time, at most
CURVE_SECONDS = 1.0
PREVIEWS = 4  # pictures, the last one at the end
JUDGE_EVERY_FRACTION = 0.02  # of the horizon, at least every ten steps
# Reading a loss waits for the device. A processor has it at once; a GPU would stand
# still each time, so its losses are read in blocks.
READ_EVERY_STEPS = {"cpu": 1}
READ_EVERY_STEPS_ELSEWHERE = 10


class Watcher(Protocol):
    """Told of every step; may end the run early by returning False."""

    def __call__(self, step: int, loss: float) -> bool: ...


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    `seconds` is over all attempts; `stopped`: it was asked to end before its horizon.
    """

    curve: Curve
    verdict: Verdict
    seconds: float
    resumed_from_step: int | None
    stopped: bool


def train(
    config: RunConfig,
    folder: RunFolder,
    *,
    watch: Watcher,
    notice: Notice = print,
    clock: Callable[[], float] = time.monotonic,
) -> TrainingResult:
    """Train to the horizon, to divergence, or until `watch` returns False.

    Resumes from the folder's checkpoint where there is one. `notice` is told once, in
    a sentence, when the disk refuses what the run can do without.

    Raises:
        BadValueError: The config asks for what the workload does not offer.
        DataFolderError: The folders of faces cannot be used.
        StoreError: The folder cannot be made, or its checkpoint not be used.
    """
    folder.create(config)
    prepare_process()
    try:
        return _train(
            config, folder, watch=watch, trouble=DiskTrouble(notice), clock=clock
        )
    finally:
        torch.set_flush_denormal(False)


def _train(
    config: RunConfig,
    folder: RunFolder,
    *,
    watch: Watcher,
    trouble: DiskTrouble,
    clock: Callable[[], float],
) -> TrainingResult:
    stepper = Stepper(config)
    task, optimizer = stepper.task, stepper.optimizer
    if caveat := find_precision_caveat(config):
        print(caveat, flush=True)
    state = _load_checkpoint(folder, task, optimizer)
    losses, metrics, earlier_seconds = state.losses, state.metrics, state.seconds
    measurements = measurements_of(config.steps)
    started = last_checkpoint = last_curve = clock()
    checkpoint_every = CHECKPOINT_SECONDS
    stopped = False
    verdict = judge_curve(Curve(tuple(losses)), config.steps)

    for block in _blocks(config, first_step=state.step + 1, measurements=measurements):
        taken = torch.stack([stepper.take(step) for step in block]).tolist()
        for step, loss in zip(block, taken, strict=True):
            losses.append(loss)
            finite = math.isfinite(loss)
            if not finite or _is_judged_at(step, config.steps):
                verdict = judge_curve(_curve(losses, metrics), config.steps)
            if verdict.outcome is Outcome.DIVERGED:
                break
        if finite and is_due(step, config.steps, times=measurements):
            for name, value in task.measure().items():
                metrics.setdefault(name, []).append((step, value))
        if finite and is_due(step, config.steps, times=PREVIEWS):
            _save_preview(task, folder, step, trouble)
        if verdict.outcome is Outcome.DIVERGED:
            break
        now = clock()
        if now - last_curve >= CURVE_SECONDS:
            with trouble.tolerated(f"No curve at step {step}"):
                folder.save_curve(_curve(losses, metrics))
            last_curve = now
        if now - last_checkpoint >= checkpoint_every:
            seconds = earlier_seconds + now - started
            with trouble.tolerated(f"No checkpoint at step {step}"):
                _save_checkpoint(folder, task, optimizer, losses, metrics, seconds)
            last_checkpoint = clock()
            took = last_checkpoint - now
            checkpoint_every = max(CHECKPOINT_SECONDS, took / CHECKPOINT_SHARE)
        if not all(map(watch, block, taken)) and step < config.steps:
            stopped = True
            seconds = earlier_seconds + clock() - started
            with trouble.tolerated(f"No checkpoint at step {step}"):
                _save_checkpoint(folder, task, optimizer, losses, metrics, seconds)
            break

    curve = _curve(losses, metrics)
    verdict = judge_curve(curve, config.steps)
    with trouble.tolerated("No curve beside the record"):
        folder.save_curve(curve)
    if verdict.outcome is Outcome.DIVERGED:
        _save_preview(task, folder, len(losses), trouble)
    return TrainingResult(
        curve=curve,
        verdict=verdict,
        seconds=earlier_seconds + clock() - started,
        resumed_from_step=state.step or None,
        stopped=stopped,
    )


def _blocks(
    config: RunConfig, *, first_step: int, measurements: int
) -> Iterator[range]:
    """The steps of a run in blocks, each ending where something is looked at."""
    most = READ_EVERY_STEPS.get(config.device, READ_EVERY_STEPS_ELSEWHERE)
    first = first_step
    for step in range(first_step, config.steps + 1):
        if (
            step % most == 0
            or is_due(step, config.steps, times=measurements)
            or is_due(step, config.steps, times=PREVIEWS)
        ):
            yield range(first, step + 1)
            first = step + 1


def _is_judged_at(step: int, steps: int) -> bool:
    return step % max(10, int(JUDGE_EVERY_FRACTION * steps)) == 0


def _curve(
    losses: list[float], metrics: Mapping[str, list[tuple[int, float]]]
) -> Curve:
    return Curve(
        tuple(losses), {name: tuple(points) for name, points in metrics.items()}
    )


def _save_preview(
    task: Task, folder: RunFolder, step: int, trouble: DiskTrouble
) -> None:
    picture = task.preview()
    if picture is None:
        return
    path = folder.preview_path(step)
    temporary = path.with_suffix(".tmp")
    with trouble.tolerated(f"No preview of step {step}"):
        picture.save(temporary, format="PNG")
        temporary.replace(path)


@dataclass
class _State:
    step: int
    losses: list[float]
    metrics: dict[str, list[tuple[int, float]]]
    seconds: float


def _save_checkpoint(
    folder: RunFolder,
    task: Task,
    optimizer: torch.optim.Optimizer,
    losses: list[float],
    metrics: dict[str, list[tuple[int, float]]],
    seconds: float,
) -> None:
    """Write the checkpoint, whole or not at all; OSError when the disk refuses."""
    content: dict[str, Any] = {
        "model": task.model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "losses": losses,
        "metrics": metrics,
        "seconds": seconds,
    }
    temporary = folder.checkpoint_path.with_suffix(".tmp")
    try:
        torch.save(content, temporary)
        temporary.replace(folder.checkpoint_path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise
        # How torch says that it could not write.
        raise OSError(str(error).splitlines()[0]) from error


def _load_checkpoint(
    folder: RunFolder, task: Task, optimizer: torch.optim.Optimizer
) -> _State:
    if not folder.checkpoint_path.exists():
        return _State(0, [], {}, 0.0)
    try:
        content = torch.load(folder.checkpoint_path, weights_only=True)
        task.model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
    except (
        OSError,
        RuntimeError,
        KeyError,
        ValueError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise StoreError(
            f"The checkpoint {folder.checkpoint_path} cannot be used "
            f"({type(error).__name__}): remove it to start this run again."
        ) from error
    metrics = {
        name: [(int(step), float(value)) for step, value in points]
        for name, points in content["metrics"].items()
    }
    losses = list(content["losses"])
    return _State(len(losses), losses, metrics, float(content["seconds"]))

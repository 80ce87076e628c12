"""train(): one run from its config to its curve, in one readable function.

A step's data and its dropout are pure functions of (seed, step), so a run resumed from
its checkpoint and a run never disturbed give the same curve to the last digit. A loss
that is not finite ends the loop; what it means is said by `knowledge.outcome`.
"""

import math
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from experiments.optimizers import build_optimizer
from experiments.run_folder import RunFolder
from experiments.schedules import build_schedule
from experiments.workloads.common import Task, build_task
from knowledge.errors import StoreError
from knowledge.outcome import Verdict, judge_curve
from knowledge.recipes import RECIPES
from knowledge.records import Curve, Outcome, RunConfig

CHECKPOINT_SECONDS = 5.0
CURVE_SECONDS = 1.0
MEASUREMENTS = 16  # of held-back data, evenly over the run ...
MEASURE_EVERY_STEPS = 20  # ... and no more often, since a short run has other costs
PREVIEWS = 4  # pictures, the last one at the end
JUDGE_EVERY_FRACTION = 0.02  # of the horizon, at least every ten steps


class Watcher(Protocol):
    """Told of every step; may end the run early by returning False."""

    def __call__(self, step: int, loss: float) -> bool: ...


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    `seconds` is training time over all attempts, `stopped` whether somebody asked the
    run to end before its horizon.
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
    clock: Callable[[], float] = time.monotonic,
) -> TrainingResult:
    """Train to the horizon, to divergence, or until `watch` returns False.

    Resumes from the folder's checkpoint where there is one.

    Raises:
        BadValueError: The config asks for what the workload does not offer.
        DataFolderError: The folders of faces cannot be used.
        StoreError: The disk is full.
    """
    torch.set_num_threads(1)
    folder.create(config)
    # A collapsed model is full of denormal numbers, which are tens of times slower.
    torch.set_flush_denormal(True)
    try:
        return _train(config, folder, watch=watch, clock=clock)
    finally:
        torch.set_flush_denormal(False)


def _train(
    config: RunConfig,
    folder: RunFolder,
    *,
    watch: Watcher,
    clock: Callable[[], float],
) -> TrainingResult:
    recipe = RECIPES[config.recipe]
    task = build_task(config)
    optimizer = build_optimizer(recipe, task.model.parameters(), config.learning_rate)
    schedule = build_schedule(
        recipe.schedule, steps=config.steps, warmup_steps=recipe.warmup_steps
    )
    state = _load_checkpoint(folder, task, optimizer)
    first_step = state.step + 1
    losses, metrics, earlier_seconds = state.losses, state.metrics, state.seconds
    measurements = max(1, min(MEASUREMENTS, config.steps // MEASURE_EVERY_STEPS))
    started = last_checkpoint = last_curve = clock()
    stopped = False
    verdict = judge_curve(Curve(tuple(losses)), config.steps)

    for step in range(first_step, config.steps + 1):
        torch.manual_seed(step_seed(config.seed, step))
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step)
        loss = task.training_loss(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

        losses.append(loss.item())
        finite = math.isfinite(losses[-1])
        if finite and _is_due(step, config.steps, measurements):
            for name, value in task.measure().items():
                metrics.setdefault(name, []).append((step, value))
        if finite and _is_due(step, config.steps, PREVIEWS):
            _save_preview(task, folder, step)
        if not finite or step % max(10, int(JUDGE_EVERY_FRACTION * config.steps)) == 0:
            verdict = judge_curve(_curve(losses, metrics), config.steps)
        if verdict.outcome is Outcome.DIVERGED:
            break
        now = clock()
        if now - last_curve >= CURVE_SECONDS:
            folder.save_curve(_curve(losses, metrics))
            last_curve = now
        if now - last_checkpoint >= CHECKPOINT_SECONDS:
            seconds = earlier_seconds + now - started
            _save_checkpoint(folder, task, optimizer, losses, metrics, seconds)
            last_checkpoint = clock()
        if not watch(step, losses[-1]) and step < config.steps:
            stopped = True
            seconds = earlier_seconds + clock() - started
            _save_checkpoint(folder, task, optimizer, losses, metrics, seconds)
            break

    curve = _curve(losses, metrics)
    verdict = judge_curve(curve, config.steps)
    folder.save_curve(curve)
    if verdict.outcome is Outcome.DIVERGED:
        _save_preview(task, folder, len(losses))
    return TrainingResult(
        curve=curve,
        verdict=verdict,
        seconds=earlier_seconds + clock() - started,
        resumed_from_step=state.step or None,
        stopped=stopped,
    )


def step_seed(seed: int, step: int) -> int:
    """Return the seed of everything random within one step of one run."""
    return (seed * 1_000_003 + step) % 2**63


def _is_due(step: int, steps: int, times: int) -> bool:
    return step % max(1, steps // times) == 0 or step == steps


def _curve(
    losses: list[float], metrics: Mapping[str, list[tuple[int, float]]]
) -> Curve:
    return Curve(
        tuple(losses), {name: tuple(points) for name, points in metrics.items()}
    )


def _save_preview(task: Task, folder: RunFolder, step: int) -> None:
    picture = task.preview()
    if picture is None:
        return
    path = folder.preview_path(step)
    temporary = path.with_suffix(".tmp")
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
    """Write the checkpoint; on a full disk go on without one and say so in the log."""
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
        print(f"No checkpoint at step {len(losses)}: {error}", flush=True)


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
            f"({type(error).__name__}): remove it to start this run anew."
        ) from error
    metrics = {
        name: [(int(step), float(value)) for step, value in points]
        for name, points in content["metrics"].items()
    }
    losses = list(content["losses"])
    return _State(len(losses), losses, metrics, float(content["seconds"]))

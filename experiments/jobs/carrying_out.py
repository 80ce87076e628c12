"""One run from its config to its record, wherever it is trained; knows no queue.

It returns record and curve: a worker here puts them into the inbox.
"""

import math
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from experiments.training.run_folder import RunFolder
from experiments.workloads.faces.folders import check_pictures
from experiments.workloads.registry import get_spec
from knowledge.outcome import RULE_VERSION
from knowledge.recipes import RECIPES
from knowledge.records import OURS, Curve, Outcome, Run, RunConfig, content_id
from knowledge.version import program_version


class Watch(Protocol):
    """Told how a run goes; may end it early."""

    def __call__(self, step: int, loss: float) -> bool:
        """Take note of a step; False when the run should end."""
        ...

    def note_resumed(self, step: int) -> None:
        """Take note of the step after which a run goes on."""
        ...

    def note(self, text: str) -> None:
        """Take note of a sentence that a person should read."""
        ...


@dataclass(frozen=True)
class CarriedOut:
    """A run with its curve, and whether somebody asked it to end early."""

    run: Run
    curve: Curve
    stopped: bool


def carry_out(config: RunConfig, folder: RunFolder, watch: Watch) -> CarriedOut:
    """Train a run, from the folder's checkpoint where there is one.

    Raises:
        AdvisorError: It cannot be trained as it is; the message says why.
        Exception: Training broke; `explain_failure` puts it into words.
    """
    from experiments.training.loop import train

    if get_spec(config.workload).kind == "faces":
        check_pictures(config.data, folder)
    if folder.checkpoint_path.exists():
        watch.note_resumed(len(folder.load_curve().losses))
    result = train(config, folder, watch=watch, notice=watch.note)
    if result.resumed_from_step is not None:
        watch.note_resumed(result.resumed_from_step)
    run = build_run(
        config,
        curve=result.curve,
        seconds=result.seconds,
        outcome=result.verdict.outcome,
        failed_at_step=result.verdict.failed_at_step,
        note=result.verdict.reason,
    )
    return CarriedOut(run, result.curve, result.stopped)


def build_run(
    config: RunConfig,
    *,
    curve: Curve,
    seconds: float,
    outcome: Outcome,
    failed_at_step: int | None,
    note: str,
) -> Run:
    """Return the record of a run; the same config on the same code is the same run."""
    spec = get_spec(config.workload)
    identity = {**config.to_dict(), "code": program_version(), "steps_done": None}
    steps = len(curve.losses)
    if (
        outcome == Outcome.INCOMPLETE
    ):  # cut short: how far it came is part of what it is
        identity["steps_done"] = steps
    points = curve.metrics.get(spec.metric, ())
    value = points[-1][1] if points and math.isfinite(points[-1][1]) else None
    examples = spec.examples_per_item * config.batch_size * steps
    speed = examples / seconds if seconds > 0 else None
    return Run(
        id=content_id("run", identity),
        workload=config.workload,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        optimizer=RECIPES[config.recipe].optimizer,
        recipe=config.recipe,
        source=OURS,
        seed=config.seed,
        outcome=outcome,
        failed_at_step=failed_at_step,
        steps=steps,
        horizon_steps=config.steps,
        metric_name=spec.metric,
        metric_value=value,
        goal=spec.goal,
        device=config.device,
        precision=config.precision,
        data=config.data,
        batch_convention=spec.batch_convention,
        seconds=round(seconds, 3),
        examples_per_second=round(speed, 3) if speed else None,
        outcome_rule=RULE_VERSION,
        code_version=program_version(),
        created=datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        note=note,
    )


def explain_failure(error: Exception, config: RunConfig, folder: RunFolder) -> str:
    """Return what went wrong in a sentence; the model is let go of first."""
    from experiments.training.memory import is_out_of_memory

    if not is_out_of_memory(error):
        return f"{type(error).__name__}: {error}. Log: {folder.log_path}"
    # The frames of the error hold the model and its batch.
    traceback.clear_frames(error.__traceback__)
    fitting = _find_fitting_batch(config)
    advice = f"batch {fitting} should fit" if fitting else "try a smaller batch"
    return (
        f"Batch {config.batch_size} needs more memory than is free here: {advice}, "
        f"or try a proxy such as NAME@1/16. Log: {folder.log_path}"
    )


def _find_fitting_batch(config: RunConfig) -> int | None:
    from experiments.training.memory import free_bytes, largest_fitting_batch

    try:
        free = free_bytes(config.device)
        return largest_fitting_batch(config, free=free)
    except Exception:  # there may be too little left even to find out
        traceback.print_exc()
        return None

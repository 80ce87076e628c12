"""A worker process: `python -m experiments.jobs.worker STORE_FOLDER`.

Carries out queued runs one after another with one thread, and leaves when the queue has
no more work. A finished run is a record file first; the queue is told afterwards, so a
worker killed in between only repeats what is then already known. A run that is to stop
early is stopped while it is fine, never while it is in doubt: then it goes on until it
is clear how it does.
"""

import argparse
import contextlib
import math
import os
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from experiments.jobs.endings import AND_NOW, LOG_FILE
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job
from experiments.training import kept_checkpoints
from experiments.training.run_folder import RunFolder
from experiments.workloads.faces.folders import check_pictures
from experiments.workloads.registry import get_spec
from knowledge import inbox
from knowledge.errors import AdvisorError
from knowledge.outcome import RULE_VERSION, is_in_doubt
from knowledge.recipes import RECIPES
from knowledge.records import OURS, Curve, Run, content_id, finite_or_none, run_body
from knowledge.version import program_version

HEARTBEAT_SECONDS = 0.5
IDLE_POLL_SECONDS = 0.1
DOUBT_EVERY_STEPS = 10  # how often a run beyond where it was to stop is looked at
HEADLINE_METRIC = {
    "faces": ("held_out_mse", "min"),
    "digits": ("validation_accuracy", "max"),
}


class Heartbeat:
    """Renews a job's lease from a thread of its own, however long a step takes.

    `losses` are those of earlier attempts; with them it is judged whether a run may
    stop where it was to stop. `is_far_enough` tells that it did.
    """

    def __init__(
        self, queue: Queue, job: Job, owner: str, *, losses: Sequence[float] = ()
    ):
        self._queue, self._job, self._owner = queue, job, owner
        self._losses = list(losses)
        self.is_far_enough = False
        self._over = threading.Event()
        self._asked_to_stop = threading.Event()
        self._progress, self._loss = job.progress, job.loss
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, step: int, loss: float) -> bool:
        """Take note of a step; False when the run should end."""
        self._progress = min(step / self._job.last_step, 1.0)
        self._loss = finite_or_none(loss)
        self._losses[step - 1 :] = [loss]
        if self._asked_to_stop.is_set():
            return False
        self.is_far_enough = self._may_stop_early(step)
        return not self.is_far_enough

    def _may_stop_early(self, step: int) -> bool:
        """Whether the run is where it was to stop for now, and fine."""
        beyond = step - self._job.last_step
        steps = self._job.config.steps
        if beyond < 0 or step >= steps or beyond % DOUBT_EVERY_STEPS:
            return False
        return not is_in_doubt(self._losses, steps)

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            try:
                ours = self._queue.beat(
                    self._job.id,
                    self._owner,
                    progress=self._progress,
                    loss=self._loss,
                )
            except AdvisorError as error:  # a busy file; the lease allows for it
                print(f"No heartbeat: {error}", flush=True)
                continue
            if not ours:
                self._asked_to_stop.set()
        self._queue.close()


def carry_out(queue: Queue, store_folder: Path, job: Job, owner: str) -> None:
    """Train the job's run, save it, and tell the queue how it went.

    What keeps it from beginning at all ends the job too: torch that is missing, a
    folder that may not be written in.
    """
    try:
        _carry_out(queue, store_folder, job, owner)
    except Exception as error:
        traceback.print_exc()
        reason = str(error)
        if not isinstance(error, AdvisorError):
            log = store_folder / LOG_FILE
            reason = f"{type(error).__name__}: {error}. Log: {log}; {AND_NOW}"
        queue.end(job.id, owner, state="failed", error=reason)


def _carry_out(queue: Queue, store_folder: Path, job: Job, owner: str) -> None:
    from experiments.training.loop import train

    folder = RunFolder.of_job(store_folder, job.id)
    folder.path.mkdir(parents=True, exist_ok=True)
    kept_checkpoints.take_up(folder, source=_source(store_folder, job))
    losses = kept_checkpoints.losses_so_far(folder) if job.stop_after else ()
    with (
        _logging_to(folder.log_path),
        Heartbeat(queue, job, owner, losses=losses) as heartbeat,
    ):
        try:
            check_pictures(job.config.data, folder)
            if folder.checkpoint_path.exists():
                queue.note_resumed(job.id, len(folder.load_curve().losses))
            result = train(
                job.config,
                folder,
                watch=heartbeat,
                notice=lambda text: _note(queue, job, text),
            )
            if result.resumed_from_step is not None:
                queue.note_resumed(job.id, result.resumed_from_step)
            run = build_run(
                job,
                curve=result.curve,
                seconds=result.seconds,
                outcome=result.verdict.outcome,
                failed_at_step=result.verdict.failed_at_step,
                note=result.verdict.reason,
            )
            if result.curve.losses:
                body = run_body(run, result.curve)
                inbox.record(store_folder, "run", body, event_id=run.id)
            cancelled = result.stopped and not heartbeat.is_far_enough
            if result.verdict.outcome.is_unstable:
                folder.drop_checkpoint()
            elif not cancelled:  # a cancelled job's is there for `resume`
                kept_checkpoints.keep(folder, store_folder)
            state = "cancelled" if cancelled else "finished"
            queue.end(job.id, owner, state=state, run_id=run.id)
        except AdvisorError as error:
            print(error, flush=True)
            queue.end(job.id, owner, state="failed", error=str(error))
        except Exception as error:
            traceback.print_exc()
            reason = _explain(error, job, folder)
            queue.end(job.id, owner, state="failed", error=reason)


def _note(queue: Queue, job: Job, text: str) -> None:
    print(text, flush=True)
    queue.note(job.id, text)


def _source(store_folder: Path, job: Job) -> RunFolder | None:
    """The folder of the job from whose checkpoint this one goes on.

    None where that job's run began otherwise than this one: it would be another run.
    """
    if job.continues_job is None:
        return None
    folder = RunFolder.of_job(store_folder, job.continues_job)
    config = folder.load_config()
    if config is None or replace(config, steps=job.config.steps) != job.config:
        return None
    return folder


def build_run(
    job: Job,
    *,
    curve: Curve,
    seconds: float,
    outcome: str,
    failed_at_step: int | None,
    note: str,
) -> Run:
    """Return the record of a run; the same config on the same code is the same run."""
    config, spec = job.config, get_spec(job.config.workload)
    identity = {**config.to_dict(), "code": program_version(), "steps_done": None}
    steps = len(curve.losses)
    if outcome == "incomplete":  # cut short: how far it came is part of what it is
        identity["steps_done"] = steps
    kind = "digits" if spec.data == "digits" else "faces"
    metric, goal = HEADLINE_METRIC[kind]
    points = curve.metrics.get(metric, ())
    value = points[-1][1] if points and math.isfinite(points[-1][1]) else None
    sides = 2 if spec.batch_convention == "per_side" else 1
    speed = sides * config.batch_size * steps / seconds if seconds > 0 else None
    return Run(
        id=content_id("run", identity),
        workload=config.workload,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        optimizer=RECIPES[config.recipe].optimizer,
        recipe=config.recipe,
        source=OURS,
        seed=config.seed,
        outcome=outcome,  # type: ignore[arg-type]
        failed_at_step=failed_at_step,
        steps=steps,
        horizon_steps=config.steps,
        metric_name=metric,
        metric_value=value,
        goal=goal,
        device=config.device,
        precision=config.precision,
        data=config.data,
        batch_convention=spec.batch_convention,
        seconds=round(seconds, 3),
        examples_per_second=round(speed, 3) if speed else None,
        outcome_rule=RULE_VERSION,
        code_version=program_version(),
        created=datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        job_id=job.id,
        note=note,
    )


def _explain(error: Exception, job: Job, folder: RunFolder) -> str:
    """Return what went wrong in a sentence, after the worker let go of the model."""
    from experiments.training.memory import is_out_of_memory

    if not is_out_of_memory(error):
        return f"{type(error).__name__}: {error}. Log: {folder.log_path}"
    # The frames of the error hold the model and its batch.
    traceback.clear_frames(error.__traceback__)
    fitting = _find_fitting_batch(job)
    advice = f"batch {fitting} should fit" if fitting else "try a smaller batch"
    return (
        f"Batch {job.config.batch_size} needs more memory than is free here: {advice}, "
        f"or try a proxy such as NAME@1/16. Log: {folder.log_path}"
    )


def _find_fitting_batch(job: Job) -> int | None:
    from experiments.training.memory import free_bytes, largest_fitting_batch

    try:
        free = free_bytes(job.config.device)
        return largest_fitting_batch(job.config, free=free)
    except Exception:  # there may be too little left even to find out
        traceback.print_exc()
        return None


@contextlib.contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    with (
        path.open("a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        started = datetime.now(UTC).isoformat(timespec="seconds")
        print(f"{RunFolder.LOG_HEADING}{started}, process {os.getpid()}", flush=True)
        yield


def main() -> None:
    """Work until the queue has nothing more to do, or whoever started us is gone."""
    parser = argparse.ArgumentParser(prog="python -m experiments.jobs.worker")
    parser.add_argument("store_folder", type=Path)
    store_folder = parser.parse_args().store_folder
    parent = os.getppid()
    queue = Queue(store_folder)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    while queue.has_work() and os.getppid() == parent:
        job = queue.claim(owner)
        if job is None:
            time.sleep(IDLE_POLL_SECONDS)
        else:
            carry_out(queue, store_folder, job, owner)


if __name__ == "__main__":
    main()
    sys.exit(0)

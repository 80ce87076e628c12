"""A worker process: `python -m experiments.jobs.worker STORE_FOLDER`.

Carries out queued runs and timings one after another with one thread until there are no
more. A finished run is a record file before the queue is told, so nothing is lost in
between. A run that is to stop early is stopped while it is fine; in doubt it goes on.
"""

import argparse
import contextlib
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

from experiments.jobs.carrying_out import carry_out, explain_failure
from experiments.jobs.endings import AND_NOW, LOG_FILE
from experiments.jobs.queue import Queue
from experiments.jobs.records import SPEED, Job
from experiments.jobs.timing import carry_out_timing
from experiments.training import kept_checkpoints
from experiments.training.run_folder import RunFolder
from knowledge import inbox
from knowledge.errors import AdvisorError
from knowledge.outcome import is_in_doubt
from knowledge.records import finite_or_none, run_body

HEARTBEAT_SECONDS = 0.5
IDLE_POLL_SECONDS = 0.1
DOUBT_EVERY_STEPS = 10  # how often a run beyond where it was to stop is looked at


class Heartbeat:
    """Watches a run for the queue, and renews the job's lease from its own thread.

    `losses` of earlier attempts help to judge whether a run may stop where it was to
    stop; `is_far_enough` tells that it did.
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

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether somebody cancelled the job."""
        return self._asked_to_stop.is_set()

    def note_resumed(self, step: int) -> None:
        """Remember with the job from which step its run went on."""
        self._queue.note_resumed(self._job.id, step)

    def note(self, text: str) -> None:
        """Keep a sentence with the job, and write it into the log."""
        print(text, flush=True)
        self._queue.note(self._job.id, text)

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


def do_job(queue: Queue, store_folder: Path, job: Job, owner: str) -> None:
    """Train the job's run, save it, and tell the queue how it went.

    What keeps it from beginning at all ends the job too.
    """
    try:
        _do_job(queue, store_folder, job, owner)
    except Exception as error:
        traceback.print_exc()
        reason = str(error)
        if not isinstance(error, AdvisorError):
            log = store_folder / LOG_FILE
            reason = f"{type(error).__name__}: {error}. Log: {log}; {AND_NOW}"
        queue.end(job.id, owner, state="failed", error=reason)


def _do_job(queue: Queue, store_folder: Path, job: Job, owner: str) -> None:
    folder = RunFolder.of_job(store_folder, job.id)
    folder.path.mkdir(parents=True, exist_ok=True)
    kept_checkpoints.take_up(folder, source=_source(store_folder, job))
    losses = kept_checkpoints.losses_so_far(folder) if job.stop_after else ()
    with (
        _logging_to(folder.log_path),
        Heartbeat(queue, job, owner, losses=losses) as heartbeat,
    ):
        try:
            if job.kind == SPEED:
                _time_steps(queue, store_folder, job, owner, heartbeat)
                return
            done = carry_out(job.config, folder, heartbeat)
            run = replace(done.run, job_id=job.id)
            if done.curve.losses:
                body = run_body(run, done.curve)
                inbox.record(store_folder, "run", body, event_id=run.id)
            cancelled = done.stopped and not heartbeat.is_far_enough
            if run.outcome and run.outcome.is_unstable:
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
            reason = explain_failure(error, job.config, folder)
            queue.end(job.id, owner, state="failed", error=reason)


def _time_steps(
    queue: Queue, store_folder: Path, job: Job, owner: str, heartbeat: Heartbeat
) -> None:
    """Time steps and save what was found, unless somebody cancelled it."""
    rows = carry_out_timing(job.config, heartbeat)
    if heartbeat.is_asked_to_stop:
        queue.end(job.id, owner, state="cancelled")
        return
    inbox.record(store_folder, "throughput", {"rows": rows})
    queue.end(job.id, owner, state="finished")


def _source(store_folder: Path, job: Job) -> RunFolder | None:
    """The folder of the job this one goes on from; None where it began otherwise."""
    if job.continues_job is None:
        return None
    folder = RunFolder.of_job(store_folder, job.continues_job)
    config = folder.load_config()
    if config is None or replace(config, steps=job.config.steps) != job.config:
        return None
    return folder


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
            do_job(queue, store_folder, job, owner)


if __name__ == "__main__":
    main()
    sys.exit(0)

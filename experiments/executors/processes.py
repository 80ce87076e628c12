"""Processes of this machine as executor: started, reaped, killed if they do not stop.

Loads no torch: the worker process does. One thread per worker, one worker per core;
two threads in each of two processes ran at 40 % of one thread each (measured).
"""

import contextlib
import subprocess
import time
from pathlib import Path

import psutil

from experiments.jobs.endings import (
    AND_NOW,
    LOG_FILE,
    end_in_words,
    last_line,
    log_size,
)
from experiments.jobs.leases import MAX_ATTEMPTS, worker_is_alive
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job
from experiments.training.run_folder import RunFolder
from knowledge.python_process import python_command, python_environment

WORKER = "experiments.jobs.worker"
CANCEL_GRACE_SECONDS = 1.0
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "GOMP_SPINCOUNT": "0",
    "OMP_WAIT_POLICY": "PASSIVE",
}


class ProcessExecutor:
    """Carries out a queue's jobs in `n_workers` processes of this machine."""

    def __init__(self, queue: Queue, *, n_workers: int):
        self._store_folder = queue.folder
        self._queue = queue
        self._n_workers = n_workers
        self._log = queue.folder / LOG_FILE
        self._workers: list[subprocess.Popen[bytes]] = []
        self._log_begins: dict[int, int] = {}
        # Workers that ended with nothing done, in a row, and what the queue was then.
        self._deaths = 0
        self._mark: tuple[int, ...] | None = None
        self._last_death = ""

    def tend(self) -> None:
        """Do what is due now; call it a few times a second while there is work.

        If workers end again and again without a result, what waits is ended as failed.
        """
        self._part_with_ended()
        self._queue.release_lost()
        running = self._queue.jobs(running=True)
        now = time.time()
        for job in running:
            if job.cancel is not None and now - job.cancel > CANCEL_GRACE_SECONDS:
                self.kill(job)
        if self._deaths >= MAX_ATTEMPTS and self._mark == self._queue.mark():
            if not self._workers and not any(map(worker_is_alive, running)):
                self._give_up()
            return
        ours = {worker.pid for worker in self._workers}
        # Workers of a supervisor that is gone finish their run before they leave.
        foreign = sum(job.pid not in ours and worker_is_alive(job) for job in running)
        wanted = min(self._n_workers, self._queue.count_unfinished()) - foreign
        for _ in range(wanted - len(self._workers)):
            try:
                self._workers.append(self._start_worker())
            except OSError as error:
                self._note_death(f"it could not be started: {error}")

    def stop(self) -> None:
        """Wait for workers that have nothing left to do, then end the rest."""
        for worker in self._workers:
            try:
                worker.wait(timeout=3)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def kill(self, job: Job) -> None:
        """End the worker of a job at once and wait until it is gone."""
        if job.pid is None:
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(job.pid)
            if WORKER in " ".join(process.cmdline()):
                process.kill()
                process.wait(timeout=2)

    def _start_worker(self) -> subprocess.Popen[bytes]:
        begin = log_size(self._log)
        with self._log.open("ab") as log:
            worker = subprocess.Popen(
                python_command(WORKER, str(self._store_folder)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**python_environment(), **WORKER_ENVIRONMENT},
            )
        self._log_begins[worker.pid] = begin
        return worker

    def _part_with_ended(self) -> None:
        """Take note of how workers ended that should not have."""
        ended = [worker for worker in self._workers if worker.poll() is not None]
        self._workers = [worker for worker in self._workers if worker not in ended]
        jobs = {job.pid: job for job in self._queue.jobs(running=True)} if ended else {}
        for worker in ended:
            begin = self._log_begins.pop(worker.pid)
            if worker.returncode == 0:
                continue
            job = jobs.get(worker.pid)
            line, log = self._last_words(job, begin)
            reason = end_in_words(worker.returncode, line)
            if job is not None:
                self._queue.note_lost(job.id, f"{reason}; log: {log}")
            else:
                self._note_death(reason)

    def _last_words(self, job: Job | None, begin: int) -> tuple[str, Path]:
        """Return the last line that a worker wrote, and the log it stands in."""
        if job is not None:
            log = RunFolder.of_job(self._store_folder, job.id).log_path
            line = last_line(log)
            if line and not line.startswith(RunFolder.LOG_HEADING):
                return line, log
        return last_line(self._log, begin=begin), self._log

    def _note_death(self, reason: str) -> None:
        mark = self._queue.mark()
        self._deaths = self._deaths + 1 if mark == self._mark else 1
        self._mark, self._last_death = mark, reason

    def _give_up(self) -> None:
        self._queue.fail_unfinished(
            f"No worker could be started: {self._deaths} ended before they took a run "
            f"({self._last_death}). The log is {self._log}; {AND_NOW}"
        )

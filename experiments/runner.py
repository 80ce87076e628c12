"""Keeps worker processes going: starts, reaps, and kills what will not stop.

Loads no torch: the worker process does. One thread per worker, one worker per core;
two threads in each of two processes ran at 40 % of one thread each (measured).
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from experiments.queue import Queue, worker_is_alive

CANCEL_GRACE_SECONDS = 1.0
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "GOMP_SPINCOUNT": "0",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ProcessRunner:
    """Carries out a queue's jobs in `n_workers` processes of this machine."""

    def __init__(self, store_folder: Path, *, n_workers: int):
        self._store_folder = store_folder
        self._queue = Queue(store_folder)
        self._n_workers = n_workers
        self._workers: list[subprocess.Popen[bytes]] = []

    def tend(self) -> None:
        """Do what is due now; call it a few times a second while there is work."""
        self._workers = [w for w in self._workers if w.poll() is None]
        self._queue.release_lost()
        running = self._queue.jobs(running=True)
        now = time.time()
        for job in running:
            if job.cancel is not None and now - job.cancel > CANCEL_GRACE_SECONDS:
                kill_worker(job.pid)
        ours = {worker.pid for worker in self._workers}
        # Workers of a supervisor that is gone finish their run before they leave.
        foreign = sum(job.pid not in ours and worker_is_alive(job) for job in running)
        wanted = min(self._n_workers, self._queue.count_unfinished()) - foreign
        for _ in range(wanted - len(self._workers)):
            self._workers.append(self._start_worker())

    def stop(self) -> None:
        """Wait for workers that have nothing left to do, then end the rest."""
        for worker in self._workers:
            try:
                worker.wait(timeout=3)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def _start_worker(self) -> subprocess.Popen[bytes]:
        log = (self._store_folder / "workers.log").open("ab")
        with log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "experiments.worker",
                    str(self._store_folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **WORKER_ENVIRONMENT},
            )


def kill_worker(pid: int | None) -> None:
    """End a worker process at once and wait until it is gone."""
    if pid is None:
        return
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if "experiments.worker" in " ".join(process.cmdline()):
            process.kill()
            process.wait(timeout=2)

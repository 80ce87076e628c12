"""Tends a store's unfinished work: `python -m advisor.running.supervisor STORE_FOLDER`.

One per store (by a lock file): plans the next runs of open verifications, keeps workers
going, mirrors job states into the store, and leaves when nothing is left to do. It
outlives the app that started it.
"""

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from experiments.executors.executor import open_executor
from experiments.jobs.queue import Queue
from knowledge import inbox
from knowledge.errors import AdvisorError, StoreError

if TYPE_CHECKING:
    from advisor.running.tending import Tending

TEND_SECONDS = 0.1
LEAVING_SECONDS = 15  # how long another one may take to leave
LOCK_FILE = "supervisor.lock"


def main() -> int:
    """Tend the store until nothing is left; 0 also when another process does."""
    parser = argparse.ArgumentParser(prog="python -m advisor.running.supervisor")
    parser.add_argument("store_folder", type=Path)
    folder = parser.parse_args().store_folder.absolute()
    # A supervisor about to leave may still hold the lock when new work arrives.
    for _ in range(LEAVING_SECONDS * 10):
        try:
            with FileLock(folder / LOCK_FILE, timeout=0):
                while Queue(folder).has_work():
                    tend(folder)
                return 0
        except Timeout:
            if not Queue(folder).has_work():
                return 0
            time.sleep(TEND_SECONDS)
    return 0


def tend(folder: Path) -> None:
    """Do what is due until the queue is empty."""
    from advisor.settings import load_settings  # the workers start while this loads

    queue, settings = Queue(folder), load_settings()
    executor = open_executor(settings.executor, queue, n_workers=settings.n_workers)
    executor.tend()
    from advisor.planning.planner import open_planner
    from advisor.running.tending import Tending
    from knowledge.store.store import Store

    with Store(folder) as store:
        planner = open_planner(store, queue, settings)
        tending = Tending(store, queue, planner)
        rows = store.rows("select id, state_number from jobs")
        mirrored: dict[str, int] = dict(rows)
        mark: tuple[int, ...] | None = None
        while True:
            # Reading a long queue ten times a second would cost as much as a run.
            if mark != (mark := queue.mark()):
                _advance_all(tending)
                _mirror_states(queue, mirrored)
            executor.tend()
            if not queue.has_work():
                break
            time.sleep(TEND_SECONDS)
        _mirror_states(queue, mirrored)
        executor.stop()
        with contextlib.suppress(StoreError):  # who reads next tries again
            store.ingest(wait_seconds=5)


def _advance_all(tending: "Tending") -> None:
    """Plan what is due; a verification that cannot go on fails with its reason."""
    for verification in tending.queue.verifications(unfinished=True):
        try:
            tending.advance(verification.id)
        except AdvisorError as error:
            tending.end(verification.id, state="failed", error=str(error))


def _mirror_states(queue: Queue, mirrored: dict[str, int]) -> None:
    """Record each new state of a job, for the store's table of jobs.

    What the disk refuses is recorded with the next change, or by the next supervisor.
    """
    from advisor.running.job_documents import job_record

    for job_id, number in queue.state_numbers().items():
        if mirrored.get(job_id) != number:
            job = queue.job(job_id)
            event_id = f"{job.id}-{job.state_number}"
            try:
                inbox.record(queue.folder, "job", job_record(job), event_id=event_id)
            except StoreError:  # a full disk must not end the runs under way
                return
            mirrored[job.id] = job.state_number


if __name__ == "__main__":
    sys.exit(main())

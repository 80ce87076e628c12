"""Tends a store's unfinished work: `python -m advisor.supervisor STORE_FOLDER`.

One per store (a lock file sees to it): plans the next runs of open verifications, keeps
worker processes going, mirrors job states into the store, and leaves when nothing is
left to do. It outlives the app that started it, and anyone may start it again.
"""

import argparse
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from experiments.queue import Queue
from experiments.runner import ProcessRunner
from knowledge import inbox

TEND_SECONDS = 0.1
LOCK_FILE = "supervisor.lock"


def main() -> int:
    """Tend the store until nothing is left; 0 also when another process does."""
    parser = argparse.ArgumentParser(prog="python -m advisor.supervisor")
    parser.add_argument("store_folder", type=Path)
    folder = parser.parse_args().store_folder.absolute()
    # A supervisor about to leave may still hold the lock when new work arrives.
    for _ in range(30):
        try:
            with FileLock(folder / LOCK_FILE, timeout=0):
                return tend(folder)
        except Timeout:
            if not Queue(folder).has_work():
                return 0
            time.sleep(TEND_SECONDS)
    return 0


def tend(folder: Path) -> int:
    """Do what is due until the queue is empty."""
    queue = Queue(folder)
    if not queue.has_work():
        return 0
    from advisor.settings import load_settings  # the workers start while this loads

    settings = load_settings()
    runner = ProcessRunner(folder, n_workers=settings.n_workers)
    runner.tend()
    from advisor.service import Advisor
    from advisor.verifying import advance, job_record

    mirrored: dict[str, int] = {}
    with Advisor.open(folder, settings=settings) as advisor:
        while True:
            for verification in queue.verifications(unfinished=True):
                advance(advisor, verification.id)
            runner.tend()
            for job in queue.jobs():
                if mirrored.get(job.id) != job.state_number:
                    event_id = f"{job.id}-{job.state_number}"
                    inbox.record(folder, "job", job_record(job), event_id=event_id)
                    mirrored[job.id] = job.state_number
            if not queue.has_work():
                break
            time.sleep(TEND_SECONDS)
        runner.stop()
        advisor.store.ingest(wait_seconds=5)
    return 0


if __name__ == "__main__":
    sys.exit(main())

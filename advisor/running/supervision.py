"""Whether somebody tends a store's unfinished work, and what is done if nobody does.

Facts count, never a clock: the process that was started last, the lock that a
supervisor holds, the workers that still train. A supervisor that is gone is replaced;
where that is of no use, what waits ends as failed with the reason.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil
from filelock import FileLock, Timeout

from advisor.running.supervisor import LOCK_FILE
from experiments.jobs.endings import (
    AND_NOW,
    LOG_FILE,
    end_in_words,
    last_line,
    log_size,
)
from experiments.jobs.leases import process_is_alive, worker_is_alive
from experiments.jobs.queue import Queue
from knowledge.inbox import disk_error, write_whole
from knowledge.python_process import python_command, python_environment

STARTED_FILE = "supervisor.json"
STARTING_LOCK = "starting.lock"
POLL_SECONDS = 0.05
MOST_DEATHS = 3  # of supervisors in a row, with nothing done in between


@dataclass(frozen=True)
class Started:
    """The supervisor that was started last.

    `mark` is what the queue was then, `deaths` how many before it had ended at that
    mark, `log_begins` where its lines begin in the log.
    """

    pid: int
    created: float
    mark: tuple[int, ...]
    deaths: int
    log_begins: int

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read it; None where none was ever started, or nothing tells of it."""
        try:
            values = json.loads(path.read_bytes())
            return cls(**{**values, "mark": tuple(values["mark"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    @property
    def is_alive(self) -> bool:
        """Whether that very process still exists."""
        return process_is_alive(self.pid, self.created)


class Supervision:
    """The supervisor of one store: started, looked after, given up."""

    def __init__(self, folder: Path, queue: Queue):
        self._folder, self.queue = folder, queue
        self._log = folder / LOG_FILE
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start a supervisor if there is work; a second one is harmless.

        One that is at work may be about to leave: the new one waits for that.
        """
        if self.queue.has_work():
            with self._starting():
                self._start(deaths=0)

    def look(self) -> None:
        """See that somebody tends the work there is, or end it as failed; cheap."""
        if not self.queue.has_work() or self._is_tended():
            return
        try:
            with self._starting(timeout=0):
                if not self._is_tended():
                    self._replace()
        except Timeout:
            return  # somebody else is at it

    def hand_over(self) -> None:
        """Wait until the supervisor that was started has begun, or cannot."""
        if Started.load(self._folder / STARTED_FILE) is None:
            return
        while self.queue.has_work() and not self._lock_is_held():
            self.look()
            time.sleep(POLL_SECONDS)

    def trouble(self) -> str | None:
        """Say that nobody carries out what waits, though it was begun; else None."""
        last = Started.load(self._folder / STARTED_FILE)
        if last is None or not self.queue.has_work() or self._is_tended():
            return None
        if self._has_live_workers():
            return None
        return (
            "Nobody carries out the runs that wait: the process for it "
            f"{self._end_of(last)}. The log is {self._log}; `lr-advisor app` or the "
            "next `lr-advisor verify` goes on with them."
        )

    def _is_tended(self) -> bool:
        last = Started.load(self._folder / STARTED_FILE)
        return (last is not None and last.is_alive) or self._lock_is_held()

    def _lock_is_held(self) -> bool:
        try:
            with FileLock(self._folder / LOCK_FILE, timeout=0):
                return False
        except OSError:  # held, or in a folder where we may not lock anything
            return True

    @contextmanager
    def _starting(self, *, timeout: float = -1) -> Iterator[None]:
        """Let nobody else start a supervisor meanwhile."""
        try:
            with FileLock(self._folder / STARTING_LOCK, timeout=timeout):
                yield
        except Timeout:
            raise
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def _has_live_workers(self) -> bool:
        return any(map(worker_is_alive, self.queue.jobs(running=True)))

    def _replace(self) -> None:
        """Start another supervisor in the place of one that is gone, or give up."""
        last = Started.load(self._folder / STARTED_FILE)
        deaths = 0
        if last is not None and last.mark == self.queue.mark():
            deaths = last.deaths + 1
        if last is None or deaths < MOST_DEATHS:
            self._start(deaths=deaths)
        elif not self._has_live_workers():
            self._give_up(f"{deaths} times in a row it {self._end_of(last)}")

    def _start(self, *, deaths: int) -> None:
        begin, mark = log_size(self._log), self.queue.mark()
        try:
            log = self._log.open("ab")
        except OSError as error:
            raise disk_error(error, self._log) from error
        with log:
            try:
                child = subprocess.Popen(
                    python_command("advisor.running.supervisor", str(self._folder)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=python_environment(),
                )
            except OSError as error:
                self._give_up(f"it could not be started: {error}")
                return
        created = psutil.Process(child.pid).create_time()
        self._children[child.pid] = child
        # It outlives us; while we live, somebody must take note of its end.
        threading.Thread(target=child.wait, daemon=True).start()
        started = Started(child.pid, created, mark, deaths, begin)
        text = json.dumps(asdict(started))
        write_whole(self._folder / STARTED_FILE, text.encode())

    def _end_of(self, last: Started) -> str:
        child = self._children.get(last.pid)
        exit_code = None if child is None else child.wait()
        line = last_line(self._log, begin=last.log_begins)
        how = end_in_words(exit_code, line)
        return how if how.startswith("ended") else f"ended with {how}"

    def _give_up(self, why: str) -> None:
        self.queue.fail_unfinished(
            f"No run could be carried out: the process for it did not stay, {why}. The "
            f"log is {self._log}; {AND_NOW}"
        )

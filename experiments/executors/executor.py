"""What carries jobs out: a supervisor tends one of these. Loads no torch."""

from typing import Protocol

from experiments.executors.processes import ProcessExecutor
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job
from knowledge.errors import SettingsError

LOCAL = "local"
EXECUTORS = (LOCAL,)


class Executor(Protocol):
    """Carries out the jobs of one queue."""

    def tend(self) -> None:
        """Do what is due now; called a few times a second while there is work."""
        ...

    def stop(self) -> None:
        """Wait for what has nothing left to do, then end the rest."""
        ...

    def kill(self, job: Job) -> None:
        """End whatever carries a job out, at once, and wait until it is gone."""
        ...


def open_executor(name: str, queue: Queue, *, n_workers: int) -> Executor:
    """Return who carries out a queue's jobs, `n_workers` at once.

    Raises:
        SettingsError: There is none of that name.
    """
    if name == LOCAL:
        return ProcessExecutor(queue, n_workers=n_workers)
    known = ", ".join(EXECUTORS)
    raise SettingsError(f"No executor is named '{name}'. Known: {known}.")

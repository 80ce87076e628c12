"""What the queue holds: jobs, the verifications they belong to, and their ids.

A job is one training run, a verification a budget within which runs are planned one
after another. Loads no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from knowledge.records import RunConfig

JOB_ENDED = ("finished", "failed", "cancelled")
RUN, SPEED = "run", "speed"  # kinds of jobs: one training run, or the timing of steps
VERIFICATION = "verification:"  # how the ids of verifications begin
VERIFICATION_ENDED = ("finished", "failed", "cancelled")


@dataclass(frozen=True)
class Job:
    """One queued, running or ended training run, or timing, as the queue knows it.

    `stop_after` is the step at which it stops for now, None: its horizon.
    `continues_job` is the job from whose kept checkpoint it starts. `progress` is the
    share of the steps up to where it stops. `note` is what a person should know of a
    run that went well otherwise. `number` counts the store's jobs from 1.
    """

    id: str
    number: int
    kind: str
    config: RunConfig
    state: str
    state_number: int
    verification_id: str | None
    believed_low: float | None
    believed_high: float | None
    reason: str | None
    estimated_seconds: float | None
    created: float
    started: float | None
    ended: float | None
    pid: int | None
    pid_created: float | None
    lease: float | None
    attempts: int
    resumed_from_step: int | None
    progress: float
    loss: float | None
    cancel: float | None
    run_id: str | None
    error: str | None
    stop_after: int | None = None
    continues_job: str | None = None
    note: str | None = None

    @property
    def last_step(self) -> int:
        """The step at which it stops for now."""
        return min(self.stop_after or self.config.steps, self.config.steps)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in JOB_ENDED


@dataclass(frozen=True)
class OpenVerification:
    """A budget of runs that somebody asked for; `spec` is the asker's own business."""

    id: str
    spec: Mapping[str, Any]
    state: str
    created: float
    ended: float | None
    cancel: float | None
    error: str | None

    @property
    def is_over(self) -> bool:
        """Whether no further run will be planned."""
        return self.state in VERIFICATION_ENDED


@dataclass(frozen=True)
class NewJob:
    """A run to queue, with the reason it was planned; or the timing of steps."""

    config: RunConfig
    verification_id: str | None = None
    believed_low: float | None = None
    believed_high: float | None = None
    reason: str | None = None
    estimated_seconds: float | None = None
    stop_after: int | None = None
    continues_job: str | None = None
    kind: str = RUN


def new_job_id() -> str:
    """Return an unused job id, for what must be saved of a job before it is queued."""
    return f"job:{uuid4().hex[:12]}"


def new_verification_id() -> str:
    """Return an unused id for a verification."""
    return verification_id_of(uuid4().hex[:12])


def verification_id_of(name: str) -> str:
    """Return the id of the verification that goes by a name.

    >>> verification_id_of("study-faces")
    'verification:study-faces'
    """
    return VERIFICATION + name

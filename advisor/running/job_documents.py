"""A job as a document: for a person, for JSON, for the store's table of jobs."""

from datetime import UTC, datetime
from typing import Any

from experiments.jobs.leases import worker_is_alive
from experiments.jobs.records import Job


def shown_state(job: Job) -> str:
    """Return the state a person is shown: `interrupted` when its worker is gone."""
    if job.state == "running" and not worker_is_alive(job):
        return "interrupted"
    return job.state


def job_dict(job: Job) -> dict[str, Any]:
    """Return the JSON document of one job, as the contract has it."""
    return {
        "id": job.id,
        "number": job.number,
        "state": shown_state(job),
        "kind": job.kind,
        "workload": job.config.workload,
        "batch_size": job.config.batch_size,
        "learning_rate": job.config.learning_rate,
        "seed": job.config.seed,
        "steps": job.config.steps,
        "stop_after": job.stop_after,
        "progress": round(job.progress, 4),
        "pid": job.pid,
        "attempts": job.attempts,
        "resumed_from_step": job.resumed_from_step,
        "created": _time_text(job.created),
        "started": _time_text(job.started),
        "ended": _time_text(job.ended),
        "run_id": job.run_id,
        "verification_id": job.verification_id,
        "believed_low": job.believed_low,
        "believed_high": job.believed_high,
        "reason": job.reason,
        "estimated_seconds": job.estimated_seconds,
        "error": job.error,
        "note": job.note,
    }


def job_record(job: Job) -> dict[str, Any]:
    """Return the body of the record that mirrors a job's state into the store."""
    body = job_dict(job)
    kept = {k: v for k, v in body.items() if k not in ("progress", "pid", "number")}
    kept.pop("estimated_seconds")
    return {**kept, "state": job.state, "state_number": job.state_number}


def _time_text(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    # To the microsecond: forecasts must have been made before their run started.
    return moment.isoformat(timespec="microseconds")

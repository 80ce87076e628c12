"""What a verification does next: runs queued, carried further, or the wish closed.

`advance` is the one place where runs are planned and queued, so it is also the one that
writes down what is expected of a run before it can start.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from filelock import FileLock

from advisor.evidence.trajectories import overtaken_runs
from advisor.planning.next_run import InFlight
from advisor.planning.spec import (
    VerificationSpec,
    can_go_on,
    fixed_jobs,
    next_job,
    next_seed,
    sides_of,
)
from experiments.jobs.records import Job, NewJob, new_job_id
from experiments.training.run_folder import RunFolder
from knowledge.errors import StoreError
from knowledge.records import Run
from knowledge.version import program_version

if TYPE_CHECKING:
    from advisor.service import Advisor
    from knowledge.store.store import Store

LOCK_FILE = "planning.lock"
MOST_FAILURES = 3  # jobs in a row that could not be carried out
LAST_RUN_SHARE = 0.6  # of a run must fit into what is left of the budget to start it
Seconds = Callable[[int, float], float]


def advance(advisor: "Advisor", verification_id: str) -> None:
    """Queue the runs that are due now, or close the verification when it is over.

    Whoever starts a verification calls it, and so does a supervisor that is at work for
    another one: a lock keeps them from queueing the same runs twice.
    """
    with FileLock(advisor.store.folder / LOCK_FILE):
        _advance(advisor, verification_id)


def _advance(advisor: "Advisor", verification_id: str) -> None:
    opened = advisor.queue.verification(verification_id)
    if opened.is_over:
        return
    jobs = advisor.queue.jobs(verification_id=verification_id)
    unfinished = [job for job in jobs if not job.is_over]
    spec = VerificationSpec.from_dict(opened.spec["spec"])
    if opened.cancel is not None:
        if not unfinished:
            _end(advisor, verification_id, state="cancelled")
        return
    failed = [job for job in jobs if job.state == "failed"]
    if failed and not any(job.state == "finished" for job in jobs):
        # The first run could not be carried out at all: the next would not either.
        if not unfinished:
            _end(advisor, verification_id, state="failed", error=failed[0].error)
        return
    if not spec.is_adaptive:
        if not jobs:
            runs = advisor.store.runs(workload=spec.workload)
            seconds = _seconds(advisor, spec)
            planned = [
                replace(
                    job,
                    estimated_seconds=round(
                        seconds(job.config.batch_size, spec.steps), 1
                    ),
                )
                for job in fixed_jobs(spec, first_seed=next_seed(runs, ()))
            ]
            _submit(advisor, verification_id, spec, planned)
        elif not unfinished:
            _end(advisor, verification_id, state="finished")
        return
    _advance_adaptive(advisor, verification_id, spec, opened.created, jobs)


def _end(
    advisor: "Advisor", verification_id: str, *, state: str, error: str | None = None
) -> None:
    """Close a verification once its runs are in the tables.

    Who sees that it is over reads them next, maybe while another process is at it.
    """
    with contextlib.suppress(StoreError):  # a full disk: they wait in the inbox
        advisor.store.ingest_all()
    advisor.queue.end_verification(verification_id, state=state, error=error)


def _advance_adaptive(
    advisor: "Advisor",
    verification_id: str,
    spec: VerificationSpec,
    created: float,
    jobs: Sequence[Job],
) -> None:
    unfinished = [job for job in jobs if not job.is_over]
    if failure := _last_of_failures(jobs):  # the next would not go better
        if not unfinished:
            advisor.queue.end_verification(
                verification_id, state="failed", error=failure.error
            )
        return
    while len(unfinished) < spec.n_workers and _may_plan(advisor, spec, created, jobs):
        model, n_runs = advisor.model_for(spec)
        runs = advisor.store.runs(workload=spec.workload)
        seconds = _seconds(advisor, spec)
        paused = find_paused(advisor, spec, runs)
        planned = next_job(
            spec,
            model,
            in_flight=_in_flight(unfinished, runs),
            n_runs_so_far=n_runs,
            seed=next_seed(runs, [j.config.seed for j in jobs]),
            paused=paused,
            seconds=seconds,
        )
        steps = _steps_to_go(planned, paused)
        planned = replace(
            planned,
            estimated_seconds=round(seconds(planned.config.batch_size, steps), 1),
        )
        if len(jobs) >= spec.n_workers and not _fits(
            advisor, spec, created, jobs, planned, steps
        ):
            break
        _queue(advisor, verification_id, spec, planned)
        jobs = advisor.queue.jobs(verification_id=verification_id)
        unfinished = [job for job in jobs if not job.is_over]
    if not unfinished:
        _end(advisor, verification_id, state="finished")


def _last_of_failures(jobs: Sequence[Job]) -> Job | None:
    """Return the job that ended last if it and those before it all failed."""
    over = [job for job in jobs if job.is_over]
    last = sorted(over, key=lambda job: job.ended or job.created)[-MOST_FAILURES:]
    all_failed = all(job.state == "failed" for job in last)
    return last[-1] if len(last) == MOST_FAILURES and all_failed else None


def find_paused(
    advisor: "Advisor", spec: VerificationSpec, runs: Sequence[Run]
) -> dict[str, Run]:
    """Return the runs that stopped in good health and can go on in a wish, by job.

    Their checkpoint is there, and no job under way is going on from it.
    """
    version = program_version()
    unfinished = advisor.queue.jobs(unfinished=True)
    busy = {job.id for job in unfinished} | {job.continues_job for job in unfinished}
    overtaken = overtaken_runs(runs)
    return {
        run.job_id: run
        for run in runs
        if run.job_id is not None
        and run.job_id not in busy
        and run.id not in overtaken
        and can_go_on(run, spec, code_version=version)
        and RunFolder.of_job(advisor.store.folder, run.job_id).kept_path.exists()
    }


def _in_flight(jobs: Sequence[Job], runs: Sequence[Run]) -> list[InFlight]:
    """Return what is under way: to which step, and how far it had held before."""
    held: dict[str | None, int] = {}
    for run in runs:
        held[run.job_id] = max(held.get(run.job_id, 0), run.steps or 0)
    return [
        InFlight(
            job.config.batch_size,
            job.config.learning_rate,
            stop_after=job.last_step,
            steps=held.get(job.id) or held.get(job.continues_job or "", 0),
        )
        for job in jobs
    ]


def _steps_to_go(planned: NewJob, paused: Mapping[str, Run]) -> int:
    before = paused[planned.continues_job].steps if planned.continues_job else 0
    return (planned.stop_after or planned.config.steps) - (before or 0)


def _may_plan(
    advisor: "Advisor", spec: VerificationSpec, created: float, jobs: Sequence[Job]
) -> bool:
    """Whether looking for a next run is worth while at all."""
    if spec.n_runs is not None and len(jobs) >= spec.n_runs:
        return False
    if spec.budget_examples is not None and jobs:
        return examples_spent(jobs, advisor.store) < spec.budget_examples
    if spec.budget_seconds is None or len(jobs) < spec.n_workers:
        return True
    return time.time() < created + spec.budget_seconds


def _fits(
    advisor: "Advisor",
    spec: VerificationSpec,
    created: float,
    jobs: Sequence[Job],
    planned: NewJob,
    steps: int,
) -> bool:
    """Whether the planned steps fit into what is left of the budget."""
    fits = True
    if spec.budget_seconds is not None:
        needed = LAST_RUN_SHARE * (planned.estimated_seconds or 0.0)
        fits = time.time() + needed <= created + spec.budget_seconds
    if spec.budget_examples is not None:
        spent = examples_spent(jobs, advisor.store)
        sides = sides_of(spec.workload)
        needed = LAST_RUN_SHARE * steps * planned.config.batch_size * sides
        fits = fits and spent + needed <= spec.budget_examples
    return fits


def examples_spent(jobs: Sequence[Job], store: "Store") -> float:
    """Return the examples that jobs have trained on or are about to, of both sides."""
    ids = ids_with_sources(jobs)
    rows = store.rows(
        "select job_id, max(steps) from runs where job_id in (select unnest(?)) "
        "group by job_id",
        [ids],
    )
    reached: dict[str, float] = {job_id: steps or 0 for job_id, steps in rows}
    reached |= {job.id: job.last_step for job in jobs if not job.is_over}
    return sum(
        steps * job.config.batch_size * sides_of(job.config.workload)
        for job, steps in zip(jobs, added_by(jobs, reached), strict=True)
    )


def ids_with_sources(jobs: Sequence[Job]) -> list[str]:
    """Return the ids of jobs and of those that they went on from."""
    return [job.id for job in jobs] + [j.continues_job for j in jobs if j.continues_job]


def added_by(jobs: Sequence[Job], reached: Mapping[str, float]) -> list[float]:
    """Return what each job added to what it went on from.

    Args:
        jobs: What is asked about.
        reached: Steps or seconds of runs by job id, from the start of training; also of
            the jobs that these went on from.
    """
    return [
        max(reached.get(job.id, 0.0) - reached.get(job.continues_job or "", 0.0), 0.0)
        for job in jobs
    ]


def _seconds(advisor: "Advisor", spec: VerificationSpec) -> Seconds:
    """Return the cost of so many steps at a batch size of the wish."""
    cost = advisor.run_cost(spec.workload, device=spec.device, precision=spec.precision)

    def seconds(batch_size: int, steps: float) -> float:
        return cost.seconds(batch_size, steps, horizon_steps=spec.steps)

    return seconds


def _queue(
    advisor: "Advisor", verification_id: str, spec: VerificationSpec, planned: NewJob
) -> None:
    """Queue a planned run: a new job, or more steps for one of this very wish."""
    continued = planned.continues_job
    if continued is not None:
        job = advisor.queue.job(continued)
        if job.verification_id == verification_id and job.config == planned.config:
            advisor.queue.carry_further(job.id, stop_after=planned.stop_after)
            return
    _submit(advisor, verification_id, spec, [planned])


def _submit(
    advisor: "Advisor",
    verification_id: str,
    spec: VerificationSpec,
    jobs: Sequence[NewJob],
) -> None:
    """Write down what is expected of the runs, then queue them.

    In this order: once a job is queued a worker may start it, and what is forecast
    after that would prove nothing. What is forecast is how a run does up to where it
    first stops: whether it is carried further depends on how it did, and runs picked
    by how they did would make any forecast look bad. Of a run whose beginning is known
    nothing is forecast.
    """
    by_id = {new_job_id(): job for job in jobs}
    advisor.record_forecasts(
        spec,
        {
            job_id: replace(job.config, steps=job.stop_after or job.config.steps)
            for job_id, job in by_id.items()
            if job.continues_job is None
        },
        verification_id=verification_id,
    )
    for job_id, job in by_id.items():
        advisor.queue.submit(
            replace(job, verification_id=verification_id), job_id=job_id
        )

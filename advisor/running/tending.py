"""What a verification does next: runs queued, carried further, or the end.

`advance` alone queues runs, and writes down first what is expected of them.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from filelock import FileLock

from advisor.checks import reading_saved
from advisor.planning.planner import Planner
from advisor.planning.spec import PlannedRun, VerificationSpec, examples_of
from advisor.track_record.forecasts import build_forecasts
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job, OpenVerification, new_job_id
from experiments.workloads.registry import examples_per_item
from knowledge.errors import StoreError
from knowledge.inbox import now_text
from knowledge.store.store import Store
from knowledge.version import program_version

LOCK_FILE = "planning.lock"
MOST_FAILURES = 3  # jobs in a row that could not be carried out
LAST_RUN_SHARE = 0.6  # of a run must fit into what is left of the budget to start it


@dataclass(frozen=True)
class Tending:
    """Plans and queues what is due in a store's verifications."""

    store: Store
    queue: Queue
    planner: Planner

    def advance(self, verification_id: str) -> None:
        """Queue the runs that are due now, or close the verification when it is over.

        A lock keeps two callers from queueing the same runs twice.
        """
        with FileLock(self.store.folder / LOCK_FILE):
            self._advance(self.queue.verification(verification_id))

    def _advance(self, opened: OpenVerification) -> None:
        if opened.is_over:
            return
        jobs = self.queue.jobs(verification_id=opened.id)
        unfinished = [job for job in jobs if not job.is_over]
        spec = VerificationSpec.from_dict(opened.spec["spec"])
        if opened.cancel is not None:
            if not unfinished:
                self.end(opened.id, state="cancelled")
            return
        failed = [job for job in jobs if job.state == "failed"]
        if failed and not any(job.state == "finished" for job in jobs):
            # The first run could not be carried out at all: the next would not either.
            if not unfinished:
                self.end(opened.id, state="failed", error=failed[0].error)
            return
        if not jobs:
            self._queue_first(opened, spec)
        elif spec.is_adaptive:
            self._advance_adaptive(opened, spec, jobs)
        elif not unfinished:
            self.end(opened.id, state="finished")

    def end(
        self, verification_id: str, *, state: str, error: str | None = None
    ) -> None:
        """Close a verification once its runs are in the tables.

        Who sees that it is over reads them next, maybe while another process is at it.
        """
        with contextlib.suppress(StoreError):  # a full disk: they wait in the inbox
            self.store.ingest_all()
        self.queue.end_verification(verification_id, state=state, error=error)

    def _queue_first(self, opened: OpenVerification, spec: VerificationSpec) -> None:
        """Queue the runs that were shown, or those that would be shown now.

        Seeds that were taken meanwhile are replaced: the same run twice tells nothing.
        """
        with reading_saved("The plan of these runs"):
            shown = [PlannedRun(**run) for run in opened.spec.get("first_runs", ())]
        known = self.planner.find_paused(
            spec, self.planner.library.runs_of(spec.workload)
        )
        if not shown or any(r.continues_job not in (None, *known) for r in shown):
            shown = list(self.planner.first_runs(spec))
        self._submit(opened.id, spec, self.planner.with_free_seeds(shown))

    def _advance_adaptive(
        self, opened: OpenVerification, spec: VerificationSpec, jobs: Sequence[Job]
    ) -> None:
        unfinished = [job for job in jobs if not job.is_over]
        if failure := _last_of_failures(jobs):  # the next would not go better
            if not unfinished:
                self.end(opened.id, state="failed", error=failure.error)
            return
        while len(unfinished) < spec.n_workers and self._may_plan(opened, spec, jobs):
            planned = self.planner.next_run(
                spec,
                under_way=unfinished,
                used_seeds=[job.config.seed for job in jobs],
            )
            if not self._fits(opened, spec, jobs, planned):
                break
            self._queue(opened.id, spec, planned)
            jobs = self.queue.jobs(verification_id=opened.id)
            unfinished = [job for job in jobs if not job.is_over]
        if not unfinished:
            self.end(opened.id, state="finished")

    def _may_plan(
        self, opened: OpenVerification, spec: VerificationSpec, jobs: Sequence[Job]
    ) -> bool:
        """Whether looking for a next run is worth while at all."""
        if spec.n_runs is not None and len(jobs) >= spec.n_runs:
            return False
        if spec.budget_examples is not None:
            return examples_spent(jobs, self.store) < spec.budget_examples
        if spec.budget_seconds is None:
            return True
        return time.time() < opened.created + spec.budget_seconds

    def _fits(
        self,
        opened: OpenVerification,
        spec: VerificationSpec,
        jobs: Sequence[Job],
        planned: PlannedRun,
    ) -> bool:
        """Whether the planned steps fit into what is left of the budget."""
        fits = True
        if spec.budget_seconds is not None:
            needed = LAST_RUN_SHARE * planned.estimated_seconds
            fits = time.time() + needed <= opened.created + spec.budget_seconds
        if spec.budget_examples is not None:
            spent = examples_spent(jobs, self.store)
            needed = LAST_RUN_SHARE * examples_of(planned)
            fits = fits and spent + needed <= spec.budget_examples
        return fits

    def _queue(
        self, verification_id: str, spec: VerificationSpec, planned: PlannedRun
    ) -> None:
        """Queue a planned run: a new job, or more steps for one of these very jobs."""
        if planned.continues_job is not None:
            job = self.queue.job(planned.continues_job)
            is_same = job.config == spec.new_job(planned).config
            if job.verification_id == verification_id and is_same:
                self.queue.carry_further(job.id, stop_after=planned.stop_after)
                return
        self._submit(verification_id, spec, [planned])

    def _submit(
        self, verification_id: str, spec: VerificationSpec, runs: Sequence[PlannedRun]
    ) -> None:
        """Write down what is expected of the runs, then queue them.

        In this order, since a queued job may start at once. The forecast is for the
        steps up to the first stop: which runs are carried further depends on how they
        did. Of a run whose beginning is known nothing is forecast.
        """
        by_id = {new_job_id(): run for run in runs}
        evidence, model = self.planner.expectations(spec)
        forecasts = build_forecasts(
            {
                job_id: replace(spec.new_job(run).config, steps=run.last_step)
                for job_id, run in by_id.items()
                if run.continues_job is None
            },
            evidence=evidence,
            model=model,
            made=now_text(),
            verification_id=verification_id,
            code_version=program_version(),
        )
        self.store.record_forecasts(forecasts)
        for job_id, run in by_id.items():
            job = replace(spec.new_job(run), verification_id=verification_id)
            self.queue.submit(job, job_id=job_id)


def _last_of_failures(jobs: Sequence[Job]) -> Job | None:
    """Return the job that ended last if it and those before it all failed."""
    over = [job for job in jobs if job.is_over]
    last = sorted(over, key=lambda job: job.ended or job.created)[-MOST_FAILURES:]
    all_failed = all(job.state == "failed" for job in last)
    return last[-1] if len(last) == MOST_FAILURES and all_failed else None


def examples_spent(jobs: Sequence[Job], store: Store) -> float:
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
        steps * job.config.batch_size * examples_per_item(job.config.workload)
        for job, steps in zip(jobs, added_by(jobs, reached), strict=True)
    )


def ids_with_sources(jobs: Sequence[Job]) -> list[str]:
    """Return the ids of jobs and of those that they went on from."""
    return [job.id for job in jobs] + [j.continues_job for j in jobs if j.continues_job]


def added_by(jobs: Sequence[Job], reached: Mapping[str, float]) -> list[float]:
    """Return what each job added to what it went on from.

    `reached` are steps or seconds by job id from the start of training, also of the
    jobs that these went on from.
    """
    return [
        max(reached.get(job.id, 0.0) - reached.get(job.continues_job or "", 0.0), 0.0)
        for job in jobs
    ]

"""The one place where runs are chosen, for a plan that is shown and for the queue.

Both come from the same function on the same evidence: what is shown is what starts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.evidence.library import Library
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence, find_basis
from advisor.evidence.trajectories import overtaken_runs
from advisor.planning.checks import check_limits, check_trainable
from advisor.planning.costs import START_SECONDS, RunCost
from advisor.planning.next_run import InFlight
from advisor.planning.plan import (
    CARRIES_OVER,
    ITSELF,
    MOST_SECONDS,
    NARROW_ENOUGH,
    VerificationPlan,
    build_plan,
    no_runs_planned,
    plan_batches,
    steps_for_budget,
    usual_budget,
    usual_steps,
    verification_target,
    why_not_trainable,
    why_thin,
)
from advisor.planning.request import VerificationRequest
from advisor.planning.spec import (
    PlannedRun,
    Seconds,
    VerificationSpec,
    can_go_on,
    examples_of,
    fixed_runs,
    next_run,
    next_seed,
)
from advisor.planning.timings import Timings
from advisor.settings import Settings
from advisor.statistics.fitting import Fitter
from advisor.statistics.kept_fits import KeptFits
from advisor.statistics.threshold import StableLearningRateModel
from experiments.jobs.queue import Queue
from experiments.jobs.records import RUN, Job
from experiments.training.run_folder import RunFolder
from knowledge.errors import BadValueError, StoreError
from knowledge.names import WorkloadName
from knowledge.records import Run
from knowledge.store.store import Store
from knowledge.version import program_version


@dataclass(frozen=True)
class Planner:
    """Chooses runs and prices them; starts none."""

    library: Library
    fitter: Fitter
    timings: Timings
    queue: Queue
    settings: Settings

    # -- plans -------------------------------------------------------------------------

    def for_answer(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> VerificationPlan:
        """Return the plan that an answer offers: its thin spots, made surer."""
        reason = self._why_thin(scope, batch_size, evidence)
        target = verification_target(scope)
        if reason is None or target is None:
            return no_runs_planned(reason, scope)
        batches = plan_batches(scope, batch_size, target)
        try:
            spec = self.spec_of(VerificationRequest(target, batches, scope.asked))
        except BadValueError as error:  # more than its data holds
            return VerificationPlan(True, f"{reason} {error}")
        runs = self.first_runs(spec)
        if target == scope.workload:
            return build_plan(spec, runs, reason=reason)
        plan = build_plan(spec, runs, reason=reason, purpose=CARRIES_OVER)
        asked = VerificationRequest(scope.workload, (batch_size,), scope.asked)
        return replace(plan, full_size=self.exactly(asked, purpose=ITSELF))

    def wider(self, plan: VerificationPlan) -> Iterator[VerificationPlan]:
        """Yield the plan for wider and wider copies of the same model, while cheap.

        At the asked batch size alone: they are for the limit, not for its trend.
        """
        if plan.full_size is None or plan.full_size.spec is None or plan.spec is None:
            return
        itself, narrow = plan.full_size.spec, WorkloadName.parse(plan.spec.workload)
        divisor = narrow.width_divisor // 2
        while divisor > 1:
            copy = WorkloadName(narrow.base, divisor).text
            request = VerificationRequest(copy, itself.batch_sizes, itself.asked)
            found = self.exactly(request, purpose=plan.purpose)
            if found.estimated_seconds > MOST_SECONDS:
                return
            yield replace(found, reason=plan.reason, full_size=plan.full_size)
            divisor //= 2

    def requested(self, request: VerificationRequest) -> VerificationPlan:
        """Return the plan of runs that were asked for.

        A full-size face model on a CPU is run through a narrow copy, unless rates are
        named. What cannot be trained here is said in the plan's reason.

        Raises:
            BadValueError: A number cannot be right.
        """
        scope, _ = self.library.settle(request.workload, request.asked)
        target = verification_target(scope)
        if target is None:
            return VerificationPlan(True, why_not_trainable(scope))
        purpose = None
        if target != scope.workload and not request.learning_rates:
            purpose = CARRIES_OVER
            request = replace(request, workload=target, asked=scope.asked)
        return self.exactly(request, purpose=purpose)

    def exactly(
        self, request: VerificationRequest, *, purpose: str | None = None
    ) -> VerificationPlan:
        """Return the plan of runs of the very workload that was asked for.

        Raises:
            WorkloadUnavailableError: It cannot be trained here.
            BadValueError: A number cannot be right.
        """
        spec = self.spec_of(request)
        runs = self.first_runs(spec)
        return build_plan(spec, runs, reason="you asked for it.", purpose=purpose)

    def spec_of(self, request: VerificationRequest) -> VerificationSpec:
        """Return what would be carried out, with everything filled in.

        Raises:
            WorkloadUnavailableError: It cannot be trained here, or not as asked.
            BadValueError: A number cannot be right.
        """
        scope, _ = self.library.settle(request.workload, request.asked)
        check_limits(
            request,
            seconds_cap=self.settings.budget_seconds_cap,
            runs_cap=self.settings.budget_runs_cap,
        )
        trained = check_trainable(scope, request.batch_sizes)
        budget, steps = request.budget_seconds, request.steps
        cost = self.run_cost(scope)
        is_timed = budget is not None or request.is_unlimited
        if steps is None and (is_timed or request.learning_rates):
            steps = self._steps_within(budget, scope, request.batch_sizes)
        steps = steps or usual_steps(scope.workload)
        if request.learning_rates:
            budget = None  # they are run whatever they take: a time bounds lengths
        if request.is_unlimited:
            each = [cost.seconds(b, steps) for b in request.batch_sizes]
            budget = usual_budget(each, n_workers=self.settings.n_workers)
        return VerificationSpec(
            workload=scope.workload,
            batch_sizes=request.batch_sizes,
            recipe=scope.recipe or "",
            device=scope.device,
            steps=steps,
            n_seeds=request.n_seeds,
            learning_rates=request.learning_rates,
            budget_seconds=budget,
            n_runs=request.n_runs,
            data=request.data or trained.data,
            n_workers=self.settings.n_workers,
            budget_examples=request.budget_examples,
            precision=scope.precision,
        )

    # -- runs --------------------------------------------------------------------------

    def first_runs(self, spec: VerificationSpec) -> tuple[PlannedRun, ...]:
        """Return the runs that start at once, or all whose rates were named."""
        if not spec.is_adaptive:
            seed = self.free_seed(spec.workload)
            seconds = self.seconds_of(spec)
            return tuple(fixed_runs(spec, first_seed=seed, seconds=seconds))
        planned: list[PlannedRun] = []
        for _ in range(min(spec.n_workers, spec.n_runs or spec.n_workers)):
            spent = sum(map(examples_of, planned))
            if planned and spent >= (spec.budget_examples or math.inf):
                break
            planned.append(self.next_run(spec, under_way=(), also_planned=planned))
        return tuple(planned)

    def next_run(
        self,
        spec: VerificationSpec,
        *,
        under_way: Sequence[Job],
        used_seeds: Sequence[int] = (),
        also_planned: Sequence[PlannedRun] = (),
    ) -> PlannedRun:
        """Return the run that tells most now.

        `under_way` are jobs of the spec that are not over, `used_seeds` those of all
        its jobs; `also_planned` runs start together with it.
        """
        scope, evidence = self._settle_spec(spec)
        runs = self.library.runs_of(spec.workload)
        taken = {run.continues_job for run in also_planned}
        paused = {
            job_id: run
            for job_id, run in self.find_paused(spec, runs).items()
            if job_id not in taken
        }
        taken_seeds = [*used_seeds, *(run.seed for run in also_planned)]
        return next_run(
            spec,
            self.fitter.model(scope, evidence),
            in_flight=[*_in_flight(under_way, runs), *_flights(also_planned)],
            n_runs_so_far=len(evidence.own.runs),
            seed=self.free_seed(spec.workload, taken_seeds),
            paused=paused,
            seconds=self.seconds_of(spec),
        )

    def free_seed(self, workload: str, taken: Sequence[int] = ()) -> int:
        """Return a seed from which on none is `taken` or has a run or an open job."""
        jobs = self._unfinished_jobs()
        queued = [j.config.seed for j in jobs if j.config.workload == workload]
        return next_seed(self.library.runs_of(workload), [*taken, *queued])

    def with_free_seeds(self, runs: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Return runs as they were shown, new ones with seeds that are still free."""
        free = self.free_seed(runs[0].workload)
        seeds = [run.seed for run in runs if run.continues_job is None]
        late = max(free - min(seeds, default=free), 0)
        return [
            replace(run, seed=run.seed + late) if run.continues_job is None else run
            for run in runs
        ]

    def find_paused(
        self, spec: VerificationSpec, runs: Sequence[Run]
    ) -> dict[str, Run]:
        """Return the runs that stopped in good health and can go on, by job.

        Those with a checkpoint from which no job under way is going on.
        """
        version = program_version()
        overtaken = overtaken_runs(runs)
        unfinished = self._unfinished_jobs()
        busy = {job.id for job in unfinished} | {j.continues_job for j in unfinished}
        return {
            run.job_id: run
            for run in runs
            if run.job_id is not None
            and run.job_id not in busy
            and run.id not in overtaken
            and can_go_on(run, spec, code_version=version)
            and RunFolder.of_job(self.queue.folder, run.job_id).kept_path.exists()
        }

    def _unfinished_jobs(self) -> list[Job]:
        try:
            jobs = self.queue.jobs(unfinished=True)
        except StoreError:  # a store that may only be read answers all the same
            return []
        return [job for job in jobs if job.kind == RUN]

    def expectations(
        self, spec: VerificationSpec
    ) -> tuple[Evidence, StableLearningRateModel]:
        """Return what the runs of a spec are expected from: evidence and its fit."""
        scope, evidence = self._settle_spec(spec)
        return evidence, self.fitter.model(scope, evidence)

    def _settle_spec(self, spec: VerificationSpec) -> tuple[Scope, Evidence]:
        asked = replace(spec.asked, horizon_steps=spec.steps)
        return self.library.settle(spec.workload, asked)

    # -- costs -------------------------------------------------------------------------

    def run_cost(self, scope: Scope) -> RunCost:
        """Return what runs cost on this machine, as far as was timed."""
        return self.timings.run_cost(
            scope.workload, device=scope.device, precision=scope.precision
        )

    def seconds_of(self, spec: VerificationSpec) -> Seconds:
        """Return the cost of so many steps at a batch size of a spec."""
        cost = self.timings.run_cost(
            spec.workload, device=spec.device, precision=spec.precision
        )

        def seconds(batch_size: int, steps: float) -> float:
            return cost.seconds(batch_size, steps, horizon_steps=spec.steps)

        return seconds

    def costs_of(self, scope: Scope, batch_sizes: Sequence[int]) -> "RunPrices":
        """Return how long usual runs would be here, and what each would cost."""
        steps = self._steps_within(None, scope, batch_sizes)
        cost = self.run_cost(scope)
        return RunPrices(
            steps,
            {b: cost.seconds(b, steps) for b in batch_sizes},
            self.free_seed(scope.workload),
        )

    def _steps_within(
        self, budget_seconds: float | None, scope: Scope, batch_sizes: Sequence[int]
    ) -> int:
        """How long runs may be so that a budget holds enough of them."""
        cost = self.run_cost(scope)
        budget = budget_seconds or usual_budget((), n_workers=1)
        return steps_for_budget(
            max(budget - START_SECONDS, 1.0),
            n_workers=self.settings.n_workers,
            seconds_per_step=max(cost.step_seconds(b) for b in batch_sizes),
            usual_steps=usual_steps(scope.workload),
        )

    def _why_thin(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> str | None:
        basis = find_basis(evidence, batch_size)
        has_labels, is_wide = bool(evidence.labelled_runs), False
        if has_labels:
            found = self.fitter.model(scope, evidence).threshold(
                batch_size, scope.horizon_steps
            )
            is_wide = found.high / found.low > NARROW_ENOUGH
        return why_thin(basis, has_labels=has_labels, is_wide=is_wide)


def open_planner(
    store: Store,
    queue: Queue,
    settings: Settings,
    *,
    library: Library | None = None,
    fitter: Fitter | None = None,
) -> Planner:
    """Return the planner of a store; without a library what ships counts as well."""
    library = library or Library(store, seeded=True, ships=settings.ships)
    timings = Timings(store, library, n_workers=settings.n_workers)
    fitter = fitter or Fitter(KeptFits(store.folder))
    return Planner(library, fitter, timings, queue, settings)


@dataclass(frozen=True)
class RunPrices:
    """The length of usual runs, the seconds of each by batch size, the next seed."""

    steps: int
    seconds_by_batch: Mapping[int, float]
    first_seed: int


def _in_flight(jobs: Sequence[Job], runs: Sequence[Run]) -> list[InFlight]:
    """What is under way: to which step, and how far it had held before."""
    held = _steps_held(runs)
    return [
        InFlight(
            job.config.batch_size,
            job.config.learning_rate,
            stop_after=job.last_step,
            steps=held.get(job.id) or held.get(job.continues_job or "", 0),
        )
        for job in jobs
    ]


def _flights(planned: Sequence[PlannedRun]) -> list[InFlight]:
    """Runs that are to start now, as if they were under way."""
    return [
        InFlight(
            run.batch_size,
            run.learning_rate,
            stop_after=run.last_step,
            steps=run.from_step,
        )
        for run in planned
    ]


def _steps_held(runs: Sequence[Run]) -> dict[str, int]:
    """How far each job's run has come."""
    held: dict[str, int] = {}
    for run in runs:
        if run.job_id is not None:
            held[run.job_id] = max(held.get(run.job_id, 0), run.steps or 0)
    return held

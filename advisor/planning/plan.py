"""What to verify: a person's wish -> runs, one after another, within a budget (pure).

Rates that were named are run as they are; otherwise each next run is the one that tells
most (advisor.planning.next_run): a new one, at first only to a rung, or one that was stopped in
good health and is carried further. Seeds of new runs are new every time, so that a
repeat is a repeat.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from advisor.answers.recommendation import PlannedRun, VerificationPlan
from advisor.evidence.selecting import Scope, usual_horizon
from advisor.planning.costs import BETWEEN_SECONDS, elapsed_seconds
from advisor.planning.next_run import InFlight, Survivor, plan_next_run
from advisor.rates import round_rate
from advisor.statistics.threshold import StableLearningRateModel
from experiments.jobs.records import NewJob
from experiments.workloads import PROXY_WIDTH, find_spec, get_spec
from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES
from knowledge.records import Outcome, Run, RunConfig

MIN_STEPS = 150
DEFAULT_STEPS = 2_000
WANTED_RUNS = 12  # runs that a time budget should hold: enough to bracket a boundary
NARROW_ENOUGH = 1.5  # ratio of the interval's ends: then nothing needs verifying
FORUM_BATCHES = (2, 5, 12)  # the forum's half, fastest and largest batches
# Where a run may stop for now, as shares of its horizon; a rung of fewer steps than the
# least would hardly be past the start of training.
RUNG_SHARES = (1 / 9, 1 / 3)
MIN_RUNG_STEPS = 100
# A whole run this short is not worth stopping: choosing the run after it and going on
# with it later would cost as much.
SHORT_RUN_SECONDS = 10.0


@dataclass(frozen=True)
class VerificationSpec:
    """A person's wish, with everything filled in; stored with the queue.

    `learning_rates` empty means: choose them. The wish is over after `budget_seconds`
    of wall clock, `n_runs` runs or `budget_examples` (trained on by all runs together,
    of both sides for the face models), whichever comes first.
    """

    workload: str
    batch_sizes: tuple[int, ...]
    recipe: str
    device: str
    steps: int
    n_seeds: int = 1
    learning_rates: tuple[float, ...] = ()
    budget_seconds: float | None = None
    n_runs: int | None = None
    data: str = "generated"
    n_workers: int = 1
    budget_examples: float | None = None
    precision: str = RunConfig.precision

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "VerificationSpec":
        """The inverse of `to_dict`."""
        lists = {
            "batch_sizes": tuple(values["batch_sizes"]),
            "learning_rates": tuple(values["learning_rates"]),
        }
        return cls(**{**values, **lists})

    @property
    def is_adaptive(self) -> bool:
        """Whether the rates are ours to choose."""
        return not self.learning_rates

    @property
    def rungs(self) -> tuple[int, ...]:
        """The steps at which a run may stop for now; the last is the horizon.

        Only the horizon where a number of runs was asked for, since those are whole
        runs, and where the rate follows a schedule that knows the run's length.

        >>> VerificationSpec("original@1/16", (2,), "faceswap-2021", "cpu", 2000).rungs
        (220, 670, 2000)
        """
        whole = not self.is_adaptive or self.n_runs is not None
        if whole or RECIPES[self.recipe].schedule != "constant":
            return (self.steps,)
        early = [int(round(share * self.steps, -1)) for share in RUNG_SHARES]
        return (*(step for step in early if step >= MIN_RUNG_STEPS), self.steps)

    def config(self, batch_size: int, learning_rate: float, seed: int) -> RunConfig:
        """The config of one run of this wish."""
        return RunConfig(
            workload=self.workload,
            recipe=self.recipe,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            steps=self.steps,
            data=self.data,
            device=self.device,
            precision=self.precision,
        )


def steps_for_budget(
    budget_seconds: float, *, n_workers: int, seconds_per_step: float, usual_steps: int
) -> int:
    """Return a run length of which the budget holds about a dozen runs.

    >>> steps_for_budget(120, n_workers=2, seconds_per_step=0.05, usual_steps=2000)
    400
    """
    steps = budget_seconds * n_workers / WANTED_RUNS / seconds_per_step
    rounded = int(steps / 50) * 50
    return max(MIN_STEPS, min(rounded, usual_steps))


def usual_steps(workload: str) -> int:
    """Return the length of a verification run that no budget shortens."""
    return min(usual_horizon(workload, None, "", ()) or DEFAULT_STEPS, DEFAULT_STEPS)


def fixed_jobs(spec: VerificationSpec, *, first_seed: int) -> list[NewJob]:
    """Return the jobs of a wish whose rates were named."""
    jobs = []
    for seed in range(first_seed, first_seed + spec.n_seeds):
        for batch_size in spec.batch_sizes:
            for rate in spec.learning_rates:
                jobs.append(
                    NewJob(
                        spec.config(batch_size, rate, seed),
                        reason="this rate was asked for",
                    )
                )
    return jobs if spec.n_runs is None else jobs[: spec.n_runs]


def worthwhile_rungs(
    spec: VerificationSpec, seconds: Callable[[int, float], float]
) -> tuple[int, ...]:
    """Return the rungs of a wish: its horizon alone where whole runs are cheap."""
    dearest = max(seconds(batch, spec.steps) for batch in spec.batch_sizes)
    return (spec.steps,) if dearest < SHORT_RUN_SECONDS else spec.rungs


def next_job(
    spec: VerificationSpec,
    model: StableLearningRateModel,
    *,
    in_flight: Sequence[InFlight],
    n_runs_so_far: int,
    seed: int,
    paused: Mapping[str, Run],
    seconds: Callable[[int, float], float],
) -> NewJob:
    """Return the run that tells most about the batch sizes asked, for its cost.

    Args:
        spec: What was asked for.
        model: Fitted on what is known.
        in_flight: What is under way.
        n_runs_so_far: Runs that tell something of stability.
        seed: The first unused one, for a new run.
        paused: Runs that stopped in good health and can go on, by job id.
        seconds: The cost of so many steps at a batch size.
    """
    trial = plan_next_run(
        model,
        asked_batch_sizes=spec.batch_sizes,
        horizon_steps=spec.steps,
        rungs=worthwhile_rungs(spec, seconds),
        survivors=[
            Survivor(key, run.batch_size, run.learning_rate, run.steps or 0)
            for key, run in paused.items()
        ],
        cost=lambda batch, steps: BETWEEN_SECONDS + seconds(batch, steps),
        in_flight=in_flight,
        n_runs_so_far=n_runs_so_far,
    )
    batch_size, rate = trial.batch_size, trial.learning_rate
    if trial.continues is not None:  # the very run, to the last digit of its rate
        before = paused[trial.continues]
        batch_size, rate = before.batch_size, before.learning_rate
        seed = before.seed if before.seed is not None else seed
    return NewJob(
        spec.config(batch_size, rate, seed),
        believed_low=trial.believed_low,
        believed_high=trial.believed_high,
        reason=trial.reason,
        stop_after=trial.stop_after if 0 < trial.stop_after < spec.steps else None,
        continues_job=trial.continues,
    )


def sides_of(workload: str) -> int:
    """Return how many examples of a step one of its batch stands for."""
    return 2 if get_spec(workload).batch_convention == "per_side" else 1


def can_go_on(run: Run, spec: VerificationSpec, *, code_version: str | None) -> bool:
    """Whether a run of a wish may begin as this one did, and this one was fine.

    Same workload, recipe, batch size, data, device and precision, by this version of
    the program, to fewer steps; its rate and seed become those of the wish's run.
    """
    return (
        run.is_ours
        and run.outcome in (Outcome.INCOMPLETE, Outcome.STABLE)
        and run.code_version == code_version
        and (run.workload, run.recipe, run.data, run.device, run.precision)
        == (spec.workload, spec.recipe, spec.data, spec.device, spec.precision)
        and run.batch_size in spec.batch_sizes
        and 0 < (run.steps or 0) < spec.steps
        and RECIPES[spec.recipe].schedule == "constant"
    )


def next_seed(runs: Sequence[Run], seeds_in_use: Sequence[int]) -> int:
    """Return a seed that no run of the workload has had."""
    used = {run.seed for run in runs if run.seed is not None} | set(seeds_in_use)
    return max(used, default=0) + 1


def verification_target(scope: Scope) -> str | None:
    """Return the workload whose runs would teach most here, or None if none can run.

    A full-size face model is verified through a proxy on a CPU.
    """
    spec = find_spec(scope.workload)
    if spec is None or (scope.recipe is not None and scope.recipe not in RECIPES):
        return None
    if spec.small_enough_for_cpu or scope.name.is_proxy or scope.device != "cpu":
        return scope.workload
    return WorkloadName(scope.name.base, PROXY_WIDTH).text


def plan_batches(scope: Scope, batch_size: int, target: str) -> tuple[int, ...]:
    """Return the batch sizes to run: the asked one and those that move the exponent."""
    if target == scope.workload:
        return (batch_size,)
    spread = {b for b in FORUM_BATCHES if not 0.6 < b / batch_size < 1.6}
    if batch_size > 4 * FORUM_BATCHES[-1]:
        spread = {max(1, batch_size // 4), batch_size * 2}
    return tuple(sorted({batch_size, *spread}))[:4]


def plan_verification(
    scope: Scope,
    batch_size: int,
    *,
    model: StableLearningRateModel,
    target: str,
    steps: int,
    seconds_by_batch: Mapping[int, float],
    first_seed: int,
    reason: str,
    n_workers: int,
    budget_seconds: float,
    learning_rates: Sequence[float] = (),
) -> VerificationPlan:
    """Return the runs worth making next, with their cost, as many as the time holds.

    One of each batch size is planned even where the time does not hold them.

    Args:
        scope: What the answer speaks of.
        batch_size: The batch size asked about.
        model: Fitted on what is known of the target.
        target: The workload to run.
        steps: Length of each run.
        seconds_by_batch: Seconds of one run by batch size; its keys are the batches.
        first_seed: The first unused seed.
        reason: Why the evidence is thin.
        n_workers: Runs at once.
        budget_seconds: Wall clock for all of them.
        learning_rates: To run, all of them; empty: spread over the believed range.
    """
    runs: list[PlannedRun] = []
    per_batch = _runs_per_batch(seconds_by_batch, n_workers, budget_seconds)
    for batch in sorted(seconds_by_batch):
        rates = learning_rates or _spread_rates(model, batch, steps, per_batch)
        for rate in rates:
            runs.append(
                PlannedRun(
                    workload=target,
                    batch_size=batch,
                    learning_rate=rate,
                    seed=first_seed + len(runs),
                    steps=steps,
                    estimated_seconds=round(seconds_by_batch[batch], 1),
                )
            )
    total = _wall_clock([seconds_by_batch[run.batch_size] for run in runs], n_workers)
    sides = sides_of(target)
    purpose = (
        "they move the exponent, which is taken to carry over; the level does not"
        if target != scope.workload
        else None
    )
    return VerificationPlan(
        True,
        reason,
        tuple(runs),
        round(total, 1),
        purpose,
        estimated_examples=sum(sides * run.batch_size * run.steps for run in runs),
    )


def _runs_per_batch(
    seconds_by_batch: Mapping[int, float], n_workers: int, budget_seconds: float
) -> int:
    """How many runs of each batch size the time holds, at least one of each."""
    count = 1
    while (count + 1) * len(seconds_by_batch) <= WANTED_RUNS:
        seconds = [s for s in seconds_by_batch.values() for _ in range(count + 1)]
        if _wall_clock(seconds, n_workers) > budget_seconds:
            break
        count += 1
    return count


def _wall_clock(run_seconds: Sequence[float], n_workers: int) -> float:
    return elapsed_seconds(sorted(run_seconds, reverse=True), n_workers=n_workers)


def no_runs_planned(reason: str | None) -> VerificationPlan:
    """Return the plan when nothing needs a run, or nothing can be run here."""
    if reason is None:
        return VerificationPlan(False, "The interval is narrow: nothing needs a run.")
    return VerificationPlan(
        True, f"{reason} It cannot be trained here: import runs of it."
    )


def _spread_rates(
    model: StableLearningRateModel, batch_size: int, steps: int, count: int
) -> list[float]:
    """Rates over the middle half of where the threshold is believed to lie."""
    low, high = model.believed_range(batch_size, steps, 0.25, 0.75)
    shares = [(i + 0.5) / count for i in range(count)]
    return [round_rate(low ** (1 - share) * high**share) for share in shares]

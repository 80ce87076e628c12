"""What to verify, with everything filled in, and the runs that come of it (pure).

Rates that were named are run as they are; otherwise each next run is the one that tells
most (advisor.planning.next_run). Every new run has a new seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.checks import reading_saved
from advisor.evidence.scope import Asked
from advisor.planning.costs import BETWEEN_SECONDS
from advisor.planning.next_run import InFlight, Survivor, plan_next_run
from advisor.rates import rate_text
from advisor.statistics.threshold import StableLearningRateModel
from experiments.jobs.records import NewJob
from experiments.workloads.registry import examples_per_item, find_spec
from knowledge.recipes import RECIPES
from knowledge.records import Document, Outcome, Run, RunConfig

# Where a run may stop for now, as shares of its horizon; a rung of fewer steps than the
# least would hardly be past the start of training.
RUNG_SHARES = (1 / 9, 1 / 3)
MIN_RUNG_STEPS = 100
# A whole run this short is not worth stopping: choosing the run after it and going on
# with it later would cost as much.
SHORT_RUN_SECONDS = 10.0

Seconds = Callable[[int, float], float]  # of so many steps at a batch size


@dataclass(frozen=True)
class PlannedRun(Document):
    """A run worth making; `seed` counts from what was used.

    `stop_after` is the step it is to reach for now, None: its last. `continues_job` is
    the job whose run it carries further, from `from_step` on. `believed_low` and
    `believed_high` bracket the threshold before the run.
    """

    workload: str
    batch_size: int
    learning_rate: float
    seed: int
    steps: int
    estimated_seconds: float
    stop_after: int | None = None
    continues_job: str | None = None
    from_step: int = 0
    believed_low: float | None = None
    believed_high: float | None = None
    reason: str | None = None

    @property
    def last_step(self) -> int:
        """The step it is to reach for now."""
        return self.stop_after or self.steps

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract, with the step it stops at for now."""
        names = "workload batch_size learning_rate seed steps estimated_seconds".split()
        values = {name: getattr(self, name) for name in names}
        return {**values, "stop_after": self.stop_after}


@dataclass(frozen=True)
class VerificationSpec(Document):
    """What a person asked for, with everything filled in; stored with the queue.

    `learning_rates` empty: choose them. Over after `budget_seconds` of wall clock,
    `n_runs` or `budget_examples` (of both sides, all runs together), whichever comes
    first.
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

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "VerificationSpec":
        """The inverse of `to_dict`; PlanError where another version wrote it."""
        with reading_saved("The plan of these runs"):
            lists = {
                "batch_sizes": tuple(values["batch_sizes"]),
                "learning_rates": tuple(values["learning_rates"]),
            }
            return cls(**{**values, **lists})

    @property
    def optimizer(self) -> str:
        """The optimizer of its recipe."""
        return RECIPES[self.recipe].optimizer

    @property
    def asked(self) -> Asked:
        """What an answer about these runs is to hold for."""
        return Asked(recipe=self.recipe, device=self.device, precision=self.precision)

    @property
    def command(self) -> str:
        """What to type in a terminal to make these runs.

        >>> VerificationSpec("dlight@1/16", (2,), "faceswap-2021", "cpu", 9).command
        'lr-advisor verify --workload dlight@1/16 --batch-size 2 --device cpu --steps 9'
        """
        spec = find_spec(self.workload)
        parts = {
            "workload": self.workload,
            "batch-size": ",".join(map(str, self.batch_sizes)),
            "learning-rate": ",".join(rate_text(rate) for rate in self.learning_rates),
            "recipe": ""
            if spec is None or self.recipe == spec.recipes[0]
            else self.recipe,
            "precision": ""
            if self.precision == RunConfig.precision
            else self.precision,
            "device": self.device,
            "steps": str(self.steps),
            "seeds": "" if self.n_seeds == 1 else str(self.n_seeds),
            "runs": "" if self.n_runs is None else str(self.n_runs),
            "budget": ""
            if self.budget_seconds is None or self.n_runs is not None
            else f"{self.budget_seconds:g}s",
        }
        said = [f"--{name} {value}" for name, value in parts.items() if value]
        return " ".join(["lr-advisor verify", *said])

    @property
    def is_adaptive(self) -> bool:
        """Whether the rates are ours to choose."""
        return not self.learning_rates

    @property
    def rungs(self) -> tuple[int, ...]:
        """The steps at which a run may stop for now; the last is the horizon.

        Only the horizon if a number of runs was asked for, or a schedule knows the
        length.

        >>> VerificationSpec("original@1/16", (2,), "faceswap-2021", "cpu", 2000).rungs
        (220, 670, 2000)
        """
        whole = not self.is_adaptive or self.n_runs is not None
        if whole or RECIPES[self.recipe].schedule != "constant":
            return (self.steps,)
        early = [int(round(share * self.steps, -1)) for share in RUNG_SHARES]
        return (*(step for step in early if step >= MIN_RUNG_STEPS), self.steps)

    def config(self, batch_size: int, learning_rate: float, seed: int) -> RunConfig:
        """The config of one run of it."""
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

    def new_job(self, run: "PlannedRun") -> NewJob:
        """The job that carries out a planned run."""
        return NewJob(
            self.config(run.batch_size, run.learning_rate, run.seed),
            believed_low=run.believed_low,
            believed_high=run.believed_high,
            reason=run.reason,
            estimated_seconds=run.estimated_seconds,
            stop_after=run.stop_after,
            continues_job=run.continues_job,
        )


def fixed_runs(
    spec: VerificationSpec, *, first_seed: int, seconds: Seconds
) -> list[PlannedRun]:
    """Return the runs whose rates were named, from the first unused seed on."""
    runs = [
        PlannedRun(
            workload=spec.workload,
            batch_size=batch_size,
            learning_rate=rate,
            seed=seed,
            steps=spec.steps,
            estimated_seconds=round(seconds(batch_size, spec.steps), 1),
            reason="this rate was asked for",
        )
        for seed in range(first_seed, first_seed + spec.n_seeds)
        for batch_size in spec.batch_sizes
        for rate in spec.learning_rates
    ]
    return runs if spec.n_runs is None else runs[: spec.n_runs]


def worthwhile_rungs(spec: VerificationSpec, seconds: Seconds) -> tuple[int, ...]:
    """Return the rungs of the runs: their horizon alone where whole runs are cheap."""
    dearest = max(seconds(batch, spec.steps) for batch in spec.batch_sizes)
    return (spec.steps,) if dearest < SHORT_RUN_SECONDS else spec.rungs


def next_run(
    spec: VerificationSpec,
    model: StableLearningRateModel,
    *,
    in_flight: Sequence[InFlight],
    n_runs_so_far: int,
    seed: int,
    paused: Mapping[str, Run],
    seconds: Seconds,
) -> PlannedRun:
    """Return the run that tells most about the batch sizes asked, for its cost.

    Args:
        spec: What was asked for.
        model: Fitted on what is known.
        in_flight: What is under way.
        n_runs_so_far: Runs that tell something of stability.
        seed: The first unused one.
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
    stop_after = trial.stop_after if 0 < trial.stop_after < spec.steps else None
    from_step = 0
    if trial.continues is not None:  # the very run, to the last digit of its rate
        before = paused[trial.continues]
        batch_size, rate = before.batch_size, before.learning_rate
        seed = before.seed if before.seed is not None else seed
        from_step = before.steps or 0
    return PlannedRun(
        workload=spec.workload,
        batch_size=batch_size,
        learning_rate=rate,
        seed=seed,
        steps=spec.steps,
        estimated_seconds=round(
            seconds(batch_size, (stop_after or spec.steps) - from_step), 1
        ),
        stop_after=stop_after,
        continues_job=trial.continues,
        from_step=from_step,
        believed_low=trial.believed_low,
        believed_high=trial.believed_high,
        reason=trial.reason,
    )


def examples_of(run: PlannedRun) -> int:
    """Return the examples a planned run trains on from here, of both sides."""
    steps = run.last_step - run.from_step
    return steps * run.batch_size * examples_per_item(run.workload)


def can_go_on(run: Run, spec: VerificationSpec, *, code_version: str | None) -> bool:
    """Whether a run of a spec may begin as this one did, and this one was fine.

    Same setting and version of the program, fewer steps; rate and seed become its own.
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

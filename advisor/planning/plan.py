"""What runs are worth making: the record of a plan, and what it is made with (pure).

A plan holds the runs that start at once and how many more its time holds: those depend
on results. `spec` is what is carried out, to the letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from advisor.checks import reading_saved
from advisor.evidence.scope import Scope, usual_horizon
from advisor.planning.costs import elapsed_seconds
from advisor.planning.spec import PlannedRun, VerificationSpec, examples_of
from advisor.rates import fit_text, shown_rate
from advisor.words import optimizer_title, title_of
from experiments.workloads.registry import find_spec, get_spec
from experiments.workloads.spec import PROXY_WIDTH
from knowledge.names import WorkloadName
from knowledge.recipes import is_variant
from knowledge.records import PRECISIONS, Document

MIN_STEPS = 150
DEFAULT_STEPS = 2_000
WANTED_RUNS = 12  # runs that a time budget should hold: enough to bracket a boundary
NARROW_ENOUGH = 1.5  # ratio of the interval's ends: then nothing needs verifying
# Of a plan nobody gave a time: enough for processes to start and runs to follow up.
USUAL_BUDGET_SECONDS = 60.0
MOST_SECONDS = 600.0  # of a plan of wider copies, offered in place of narrow ones
WORTH_MOVING = 1.02  # ratio of the ends a rate may reach; below, wider copies are tried
CARRIES_OVER = (
    "they show how the limit changes with batch size, and a little of the full model's "
    "limit"
)
ITSELF = "runs of the full model itself"

_WHY = {
    "none": "there is no evidence at all.",
    "borrowed": "nothing of this workload itself was ever run or reported.",
    "reported": "it rests on reports, none of them a run of ours.",
    "extrapolated": "the batch size lies outside the measured ones.",
}


@dataclass(frozen=True)
class VerificationPlan(Document):
    """Whether to verify, why, and with which runs at what cost.

    `runs` start at once, or are all of them where their rates were named; about
    `more_runs` follow. `estimated_seconds` is the wall clock of the whole, at most;
    `estimated_examples` what is then trained on, of both sides for the face models.
    Without a `spec` nothing can be run. `can_move` are the rates between which the
    recommended one may stand afterwards (80 %); `full_size` is the plan for the model
    itself where this one is for a copy.
    """

    needed: bool
    reason: str
    runs: tuple[PlannedRun, ...] = ()
    more_runs: int = 0
    estimated_seconds: float = 0.0
    purpose: str | None = None
    estimated_examples: int = 0
    spec: VerificationSpec | None = None
    can_move: tuple[float, float] | None = None
    full_size: "VerificationPlan | None" = None

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract, and what the jobs will hold fixed."""
        spec = self.spec
        return {
            "needed": self.needed,
            "reason": self.reason,
            "purpose": self.purpose,
            "runs": [run.to_dict() for run in self.runs],
            "more_runs": self.more_runs,
            "estimated_seconds": self.estimated_seconds,
            "estimated_examples": self.estimated_examples,
            "workload": spec.workload if spec else None,
            "batch_sizes": list(spec.batch_sizes) if spec else [],
            "learning_rates": list(spec.learning_rates) if spec else [],
            "seeds": spec.n_seeds if spec else 1,
            "steps": spec.steps if spec else None,
            "optimizer": spec.optimizer if spec else None,
            "recipe": spec.recipe if spec else None,
            "precision": spec.precision if spec else None,
            "device": spec.device if spec else None,
            "budget_seconds": spec.budget_seconds if spec else None,
            "can_move": _moves(self.can_move),
            "full_size": self.full_size.to_dict() if self.full_size else None,
        }

    def reaching(self, rate: float, reach: tuple[float, float]) -> "VerificationPlan":
        """Return this plan with where it can move a rate; not needed if nowhere."""
        if any(shown_rate(end) != shown_rate(rate) for end in reach):
            return replace(self, can_move=reach)
        what, instead = "These runs", "longer ones, or many more,"
        if self.full_size is not None:
            what, instead = "Runs of narrow copies", "runs of the full model"
        stays = f"{what} would leave the rate at {fit_text(rate)}"
        reason = f"{stays}; {instead} would move it."
        return replace(self, can_move=reach, needed=False, reason=reason)


def _moves(reach: tuple[float, float] | None) -> dict[str, Any] | None:
    if reach is None:
        return None
    return {"learning_rate": {"low": reach[0], "high": reach[1]}}


def plan_document(plan: VerificationPlan) -> dict[str, Any]:
    """Return all that is needed to carry a plan out later, ready for JSON."""
    return {
        "spec": plan.spec.to_dict() if plan.spec else None,
        "runs": [asdict(run) for run in plan.runs],
        "reason": plan.reason,
        "purpose": plan.purpose,
    }


def plan_from(document: Mapping[str, Any]) -> VerificationPlan:
    """The inverse of `plan_document`; PlanError where another version wrote it."""
    with reading_saved("The plan of these runs"):
        return build_plan(
            VerificationSpec.from_dict(document["spec"]),
            [PlannedRun(**run) for run in document["runs"]],
            reason=document["reason"],
            purpose=document["purpose"],
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


def verification_target(scope: Scope) -> str | None:
    """Return the workload whose runs would teach most here, or None if none can run.

    A full-size face model is verified through a proxy on a CPU.
    """
    spec = find_spec(scope.workload)
    if spec is None or scope.recipe not in spec.recipes:
        return None
    if scope.precision not in PRECISIONS:
        return None
    if spec.small_enough_for_cpu or scope.name.is_proxy or scope.device != "cpu":
        return scope.workload
    return WorkloadName(scope.name.base, PROXY_WIDTH).text


def plan_batches(scope: Scope, batch_size: int, target: str) -> tuple[int, ...]:
    """Return the batch sizes to run: the asked one and those that move the exponent."""
    if target == scope.workload:
        return (batch_size,)
    usual = get_spec(target).usual_batch_sizes
    spread = {b for b in usual if not 0.6 < b / batch_size < 1.6}
    if batch_size > 4 * usual[-1]:
        spread = {max(1, batch_size // 4), batch_size * 2}
    return tuple(sorted({batch_size, *spread}))[:4]


def usual_budget(seconds_of_each: Sequence[float], *, n_workers: int) -> float:
    """Return the time of a plan nobody gave one: a run of each batch size fits in.

    >>> usual_budget([40.0, 60.0, 80.0], n_workers=2)
    110.0
    """
    seconds = _wall_clock(seconds_of_each, n_workers)
    tens = 10.0 * -(-seconds // 10)
    return max(USUAL_BUDGET_SECONDS, tens)


def build_plan(
    spec: VerificationSpec,
    runs: Sequence[PlannedRun],
    *,
    reason: str,
    purpose: str | None = None,
) -> VerificationPlan:
    """Return the plan that carries out a spec, beginning with these runs.

    `reason` says why the evidence is weak, `purpose` what runs of another workload are
    good for.
    """
    seconds = [run.estimated_seconds for run in runs]
    clock = _wall_clock(seconds, spec.n_workers)
    examples = sum(map(examples_of, runs))
    share = 1.0 + _more_share(spec, runs, clock, examples)
    return VerificationPlan(
        True,
        reason,
        tuple(runs),
        more_runs=round((share - 1.0) * len(runs)),
        estimated_seconds=round(max(clock, spec.budget_seconds or clock * share), 1),
        purpose=purpose,
        estimated_examples=round(examples * share),
        spec=spec,
    )


def _more_share(
    spec: VerificationSpec, runs: Sequence[PlannedRun], clock: float, examples: float
) -> float:
    """How many times over the budget holds such runs again, after them."""
    if not spec.is_adaptive or not runs:
        return 0.0
    held = []
    if spec.budget_seconds is not None and clock > 0:
        held.append((spec.budget_seconds - clock) / clock)
    if spec.n_runs is not None:
        held.append((spec.n_runs - len(runs)) / len(runs))
    if spec.budget_examples is not None and examples > 0:
        held.append((spec.budget_examples - examples) / examples)
    return max(0.0, min(held, default=0.0))


def _wall_clock(run_seconds: Sequence[float], n_workers: int) -> float:
    return elapsed_seconds(sorted(run_seconds, reverse=True), n_workers=n_workers)


def no_runs_planned(reason: str | None, scope: Scope) -> VerificationPlan:
    """Return the plan when nothing needs a run, or nothing can be run here."""
    if reason is None:
        return VerificationPlan(False, "The interval is narrow: nothing needs a run.")
    return VerificationPlan(True, f"{reason} {why_not_trainable(scope)}")


def why_not_trainable(scope: Scope) -> str:
    """Return why no run can be made here of what was asked, and what would help.

    >>> why_not_trainable(Scope("realface", "sgd", None, "cpu", None))
    'RealFace cannot be trained with SGD here, only with Adam: import runs of it.'
    >>> why_not_trainable(Scope("realface", "adam", "adam", "cpu", None))
    'RealFace cannot be trained by recipe adam here, only by faceswap-2021, faceswap-3.'
    """
    spec = find_spec(scope.workload)
    title = title_of(scope.workload)
    if spec is None:
        return f"{title} cannot be trained here: import runs of it."
    if scope.precision not in PRECISIONS:
        return (
            f"{title} cannot be trained in {scope.precision} here, only in "
            f"{' or '.join(PRECISIONS)}: tell of runs of it."
        )
    if scope.optimizer in spec.optimizers and scope.recipe is not None:
        return (
            f"{title} cannot be trained by recipe {scope.recipe} here, only by "
            f"{', '.join(r for r in spec.recipes if not is_variant(r))}."
        )
    known = dict.fromkeys(optimizer_title(name) for name in spec.optimizers)
    return (
        f"{title} cannot be trained with {optimizer_title(scope.optimizer)} here, only "
        f"with {' or '.join(known)}: import runs of it."
    )


def why_thin(basis: str, *, has_labels: bool, is_wide: bool) -> str | None:
    """Return why an answer wants runs, or None when it is sure enough.

    `has_labels`: some run tells stable from unstable; `is_wide`: so is the interval.
    """
    if basis in _WHY:
        return _WHY[basis]
    if not has_labels:
        return "no run here tells stable from unstable rates."
    return "the limit is still known only roughly." if is_wide else None

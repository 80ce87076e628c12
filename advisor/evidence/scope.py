"""What was asked for, and the same with all that was not said filled in (pure)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from advisor.evidence.trajectories import is_too_short
from experiments.workloads.registry import find_spec
from experiments.workloads.spec import PROXY_HORIZON_STEPS
from knowledge.errors import BadValueError
from knowledge.names import WorkloadName
from knowledge.optimizers import canonical_optimizer
from knowledge.recipes import RECIPES, is_variant
from knowledge.records import FP32, Claim, Run

DEFAULT_RISK = 0.1
PRECISION = FP32


class AskedValues(TypedDict, total=False):
    """The keyword arguments of the public functions that make an `Asked`.

    Each is None for what is usual: `optimizer`; `recipe`, a named one; `device`, `cpu`,
    `cuda` or `mps`; `horizon`, in steps; `risk`, the accepted probability of an
    unstable run, between 0 and 1; `exclude`, ids of runs and claims to leave out;
    `precision`, `fp32` or `bf16`.
    """

    optimizer: str | None
    recipe: str | None
    device: str | None
    horizon: int | None
    risk: float | None
    exclude: Sequence[str]
    precision: str | None


@dataclass(frozen=True)
class Asked:
    """What a person said an answer is to hold for; None where nothing was said.

    Values as in `AskedValues`.
    """

    optimizer: str | None = None
    recipe: str | None = None
    device: str | None = None
    horizon_steps: int | None = None
    risk: float | None = None
    precision: str | None = None
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(cls, **values: Unpack[AskedValues]) -> "Asked":
        """What the keyword arguments of a public function say.

        Raises:
            BadValueError: The recipe trains with another optimizer.
        """
        optimizer, recipe = values.get("optimizer"), values.get("recipe")
        optimizer = _one_name(optimizer) if optimizer else None
        known = RECIPES.get(recipe or "")
        if known and optimizer not in (None, known.name, known.optimizer):
            raise BadValueError(
                "optimizer",
                optimizer,
                expected=f"recipe {known.name} trains with {known.optimizer}, so name "
                "one of the two.",
            )
        return cls(
            optimizer=optimizer,
            recipe=recipe,
            device=values.get("device"),
            horizon_steps=values.get("horizon"),
            risk=values.get("risk"),
            precision=values.get("precision"),
            exclude=tuple(values.get("exclude", ())),
        )


def _one_name(optimizer: str) -> str:
    """The optimizer's one name; that of a recipe stays, `momentum` is SGD with it."""
    lowered = optimizer.lower()
    return lowered if lowered in RECIPES else canonical_optimizer(optimizer)


NOTHING_ASKED = Asked()


@dataclass(frozen=True)
class Scope:
    """What is asked about, with everything that was not said filled in.

    `recipe` is None for imported workloads without one; `horizon_steps` None when
    nothing says how long a run is.
    """

    workload: str
    optimizer: str
    recipe: str | None
    device: str
    horizon_steps: int | None
    risk: float = DEFAULT_RISK
    precision: str = PRECISION

    @property
    def name(self) -> WorkloadName:
        """The workload's name in its parts."""
        return WorkloadName.parse(self.workload)

    @property
    def asked(self) -> Asked:
        """The setting and the risk, to ask the same of another workload."""
        return Asked(
            optimizer=self.optimizer,
            recipe=self.recipe,
            device=self.device,
            risk=self.risk,
            precision=self.precision,
        )


@dataclass(frozen=True)
class Exclusion:
    """A run or claim that was left out, and why."""

    id: str
    reason: str


def choose_recipe(
    workload: str,
    *,
    recipe: str | None,
    optimizer: str | None,
    runs: Sequence[Run],
    claims: Sequence[Claim],
) -> tuple[str | None, str]:
    """Return `(recipe, optimizer)`: as asked, else what has most evidence.

    Ties go to the workload's default. A variant is chosen by its own name alone.
    """
    if recipe is not None and recipe in RECIPES:
        return recipe, RECIPES[recipe].optimizer
    spec = find_spec(workload)
    own = [r for r in runs if r.workload.lower() == workload.lower()]
    counts: Counter[tuple[str | None, str]] = Counter(
        (r.recipe, r.optimizer) for r in own
    )
    for claim in claims:
        if claim.workload == workload and claim.optimizer:
            counts[(claim.recipe, claim.optimizer)] += 1
    options: list[tuple[str | None, str]] = (
        [(name, RECIPES[name].optimizer) for name in spec.recipes] if spec else []
    )
    options += sorted(set(counts) - set(options), key=str)
    options = [o for o in options if not is_variant(o[0]) or o[0] == optimizer]
    if recipe is not None:
        options = [o for o in options if o[0] == recipe] or [(recipe, optimizer or "")]
    if optimizer is not None:
        wanted = [o for o in options if o[1] == optimizer or o[0] == optimizer]
        options = wanted or [(None, optimizer)]
    if not options:
        return recipe, optimizer or "adam"
    # max keeps the first of equals, and the default comes first.
    return max(options, key=lambda option: counts[option])


def usual_horizon(
    workload: str, recipe: str | None, optimizer: str, runs: Iterable[Run]
) -> int | None:
    """Return the run length an answer is about when none is asked.

    A training session's, where claims are about one; else the length planned most
    often, else the workload's own.
    """
    spec = find_spec(workload)
    name = WorkloadName.parse(workload)
    if spec is not None and spec.is_session and not name.is_proxy:
        return spec.usual_horizon_steps
    own = [run for run in runs if is_of(run, workload, recipe, optimizer)]
    # What a person tells of one run does not change what answers speak of.
    made = [
        run
        for run in own
        if run.horizon_steps and not (run.is_told or is_too_short(run))
    ]
    counted = made if made or spec is not None else own
    planned = Counter(run.horizon_steps for run in counted if run.horizon_steps)
    if planned:
        longest_first = sorted(planned.items(), key=lambda item: (-item[1], -item[0]))
        return int(longest_first[0][0])
    if spec is None:
        return None
    return PROXY_HORIZON_STEPS if name.is_proxy else spec.usual_horizon_steps


def is_of(run: Run, workload: str, recipe: str | None, optimizer: str) -> bool:
    if run.workload.lower() != workload.lower() or run.optimizer != optimizer:
        return False
    return run.recipe == recipe or run.recipe is None or recipe is None

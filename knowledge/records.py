"""The records every room speaks in: frozen, compared by value, free of torch.

Units are in the names. Rates are positive; a batch size is examples per optimizer step,
for the face models per side (stored with each run).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from enum import Enum, StrEnum
from typing import Any

FOLDER_SEPARATOR = "::"  # between the two folders of `RunConfig.data`
TOLD, TOLD_TITLE = "own-observation", "Your own observation"
PRECISIONS = FP32, BF16 = "fp32", "bf16"  # the first unless another is asked for
FP16 = "fp16"  # what people tell of; nothing trains in it here


class Outcome(StrEnum):
    """The verdict on a run. Divergence is a result, never an exception."""

    STABLE = "stable"
    DEGRADED = "degraded"
    DIVERGED = "diverged"
    INCOMPLETE = "incomplete"

    @property
    def is_unstable(self) -> bool:
        """Whether the run counts as a failure of its rate."""
        return self in (Outcome.DEGRADED, Outcome.DIVERGED)


class Document:
    """A record that leaves as JSON: its fields by name, unless it says otherwise."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {name: to_document(value) for name, value in vars(self).items()}


def to_document(value: Any) -> Any:
    """Return records, enumerations and what holds them as plain values for JSON.

    >>> to_document({"at": (1, Outcome.STABLE)})
    {'at': [1, 'stable']}
    """
    if isinstance(value, Document):
        return value.to_dict()
    if is_dataclass(value):
        return to_document(vars(value))
    if isinstance(value, Mapping):
        return {name: to_document(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [to_document(one) for one in value]
    return value.value if isinstance(value, Enum) else value


@dataclass(frozen=True)
class Recipe:
    """What is held fixed while learning rate and batch size vary.

    `betas` hold at every batch size, unless `half_life_batch_size` names the one they
    are meant for. `reduction`: the mean of a batch's losses or their sum. A
    `variant_of` another recipe differs from it in one thing and is only asked for by
    name.
    """

    name: str
    optimizer: str
    loss: str
    betas: tuple[float, float] | None = None
    epsilon: float | None = None
    momentum: float = 0.0
    weight_decay: float = 0.0
    warmup_steps: int = 0
    schedule: str = "constant"
    reduction: str = "mean"
    half_life_batch_size: int | None = None
    variant_of: str | None = None

    def at_batch(self, batch_size: int) -> "Recipe":
        """Return this recipe with the betas that hold at a batch size.

        With a half-life in examples a beta becomes beta ** (batch / its batch).

        >>> recipe = Recipe("x", "adam", "mse", (0.5, 0.99), half_life_batch_size=4)
        >>> recipe.at_batch(4).betas, recipe.at_batch(8).betas
        ((0.5, 0.99), (0.25, 0.9801))

        Source: arXiv:2507.07101 (beta2 there; here both, as arXiv:2205.10287 has it).
        """
        if self.betas is None or self.half_life_batch_size is None:
            return self
        power = batch_size / self.half_life_batch_size
        return replace(self, betas=(self.betas[0] ** power, self.betas[1] ** power))


@dataclass(frozen=True)
class RunConfig(Document):
    """Everything one run needs: a trial (rate, batch size), a seed and what is fixed.

    `data` is `generated`, `lfw`, `digits`, or two folders, `FOLDER_A::FOLDER_B`.
    """

    workload: str
    recipe: str
    batch_size: int
    learning_rate: float
    seed: int
    steps: int
    data: str = "generated"
    device: str = "cpu"
    precision: str = FP32
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunConfig":
        """The inverse of `to_dict`; unknown keys raise TypeError."""
        return cls(**values)


@dataclass(frozen=True)
class Curve(Document):
    """What was watched during a run: one loss a step, other metrics now and then.

    `losses[i]` belongs to step `i + 1`. `metrics` maps a name (`sharpness`,
    `output_spread`, `validation_accuracy`) to `(step, value)` pairs.
    """

    losses: tuple[float, ...] = ()
    metrics: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; None stands for a value that is not finite."""
        return {
            "losses": [finite_or_none(loss) for loss in self.losses],
            "metrics": {
                name: [[step, finite_or_none(value)] for step, value in points]
                for name, points in self.metrics.items()
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Curve":
        """The inverse of `to_dict`; other keys are ignored."""

        def number(value: float | None) -> float:
            return math.nan if value is None else float(value)

        return cls(
            tuple(number(loss) for loss in values.get("losses", ())),
            {
                name: tuple((int(step), number(value)) for step, value in points)
                for name, points in values.get("metrics", {}).items()
            },
        )


@dataclass(frozen=True)
class Run:
    """One execution of a trial with one seed: ours, or a row that somebody reported."""

    id: str
    workload: str
    batch_size: int
    learning_rate: float
    optimizer: str
    recipe: str | None
    source: str
    seed: int | None = None
    outcome: Outcome | None = None
    failed_at_step: int | None = None
    steps: int | None = None
    horizon_steps: int | None = None
    metric_name: str | None = None
    metric_value: float | None = None
    goal: str | None = None
    device: str | None = None
    precision: str | None = None
    data: str | None = None
    batch_convention: str = "total"
    seconds: float | None = None
    examples_per_second: float | None = None
    outcome_rule: str | None = None
    code_version: str | None = None
    created: str | None = None
    job_id: str | None = None
    note: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the run was made here: its seconds are this machine's."""
        return self.source == OURS

    @property
    def is_measured(self) -> bool:
        """Whether this program made the run, here or for the study it ships with."""
        return self.source in (OURS, STUDY)

    @property
    def is_published(self) -> bool:
        """Whether it is a row of somebody else's grid that ships with the program."""
        return self.source in LIBRARY

    @property
    def is_told(self) -> bool:
        """Whether the person of this store told of it in words or by the command."""
        return self.source == TOLD


OURS, STUDY = "ours", "study"
# Grids of other people that ship with the program (knowledge/published).
PUBLISHED = "library"
SHIPPED = frozenset({STUDY, PUBLISHED})  # kinds of runs that ship
LIBRARY = tuple(
    f"{PUBLISHED}:{name}" for name in ("cifar10", "fcnet", "hpobench", "lora")
)


@dataclass(frozen=True)
class Claim:
    """What a source says, with its scope and reliability; never shown as a run.

    `bound` is `stable` (the rate worked: the threshold lies above it) or `unstable`.
    `at_tool_ceiling` marks a value that was the highest the tool offered, so that it
    bounds from below only. `exponent` is the claimed power of the batch size.
    `inferred` lists what is our reading and not the source's words.
    """

    id: str
    source: str
    source_title: str
    source_date: str | None
    kind: str
    statement: str
    reliability: float
    workload: str | None = None
    optimizer: str | None = None
    recipe: str | None = None
    device: str | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    bound: str | None = None
    at_tool_ceiling: bool = False
    quantity: str | None = None
    exponent: float | None = None
    inferred: str | None = None


@dataclass(frozen=True)
class Forecast:
    """What was said of one run before it started; scored when the run is over.

    `threshold` is the rate at which half of all runs fail within `horizon_steps`, with
    its central interval of `level`. `evidence` lists the own runs and claims it rests
    on, shortened when very many; `evidence_hash` is of all, the `n_borrowed` ones too.
    """

    id: str
    made: str
    job_id: str
    verification_id: str | None
    workload: str
    recipe: str | None
    optimizer: str
    batch_size: int
    learning_rate: float
    horizon_steps: int
    probability_stable: float
    threshold: float
    threshold_low: float
    threshold_high: float
    level: float
    basis: str
    n_runs: int
    n_claims: int
    n_borrowed: int
    evidence: tuple[str, ...]
    evidence_hash: str
    outcome_rule: str
    code_version: str | None = None


@dataclass(frozen=True)
class Throughput:
    """How fast one workload's steps went on one machine at one batch size.

    `machine` is the processor and its cores, never the host. `n_workers` processes of
    one thread each trained at once; seconds and examples are those of one. For the face
    models an example is a face of either side (EGs/sec).
    """

    id: str
    measured: str
    machine: str
    device: str
    workload: str
    recipe: str
    precision: str
    batch_size: int
    seconds_per_step: float
    examples_per_second: float
    peak_memory_mb: float | None
    n_workers: int
    code_version: str | None = None


def run_body(run: Run, curve: Curve | None = None) -> dict[str, Any]:
    """Return the record body of a finished run with its raw curve, ready for JSON.

    >>> run_body(Run("run:1", "w", 8, 0.1, "sgd", None, "me"), Curve((2.0,)))["losses"]
    [2.0]
    """
    # Not asdict: it copies every value deeply, most of the time of a large import.
    values = {
        name: finite_or_none(value) if isinstance(value, float) else value
        for name, value in vars(run).items()
    }
    return {"run": values, **(curve.to_dict() if curve is not None else {})}


def content_id(kind: str, content: Mapping[str, Any]) -> str:
    """Return `kind:` and the hash of the content: the same content, the same id.

    >>> content_id("run", {"a": 1}) == content_id("run", {"a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def finite_or_none(value: float | None) -> float | None:
    """Return the value, or None where JSON has no word for it."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)

"""What a person saw, told by a command or a form: a run of theirs, kept at once.

It is the record that an observation in chat becomes after a yes.
"""

import math
from dataclasses import dataclass
from typing import Any, Required, TypedDict

from advisor.checks import MOST_STEPS, check_batch_size, check_learning_rate
from advisor.conversation.observing import is_same_told, told_precision, told_text
from advisor.conversation.parts import Parts
from advisor.evidence.library import Library
from advisor.evidence.scope import Asked
from advisor.words import recipe_words
from experiments.workloads.registry import find_spec
from knowledge.errors import BadValueError, PlanError, UnknownWorkloadError
from knowledge.inbox import now_text
from knowledge.metrics import direction_of
from knowledge.names import WorkloadName
from knowledge.optimizers import canonical_optimizer
from knowledge.recipes import RECIPES
from knowledge.records import TOLD, Claim, Document, Outcome, Run, content_id, run_body

TAKEN_BACK = "Taken back by the person who reported it."
_MOST_CHARS = 200


class ToldValues(TypedDict, total=False):
    """What is told of a run: `batch_size`, `learning_rate`, `outcome` and more.

    The rest is None where nothing was said: `steps` it took, or was to take;
    `failed_at`, the step; `optimizer`, `recipe`, `precision` and `device` by any name;
    `metric`, as `NAME=VALUE`; `goal`, `min` or `max`, where the metric's name does not
    say which way is better.
    """

    batch_size: Required[object]
    learning_rate: Required[object]
    outcome: Required[str]
    steps: object
    failed_at: object
    optimizer: str | None
    recipe: str | None
    precision: str | None
    device: str | None
    metric: str | None
    goal: str | None


@dataclass(frozen=True)
class Told(Document):
    """What was kept or taken back: its id, a sentence, and the run as it is stored."""

    id: str
    text: str
    run: dict[str, Any] | None = None


def tell(parts: Parts, workload: str, told: ToldValues) -> Told:
    """Keep what a person saw of one run; what is told twice is kept once.

    Raises:
        BadValueError: Something told cannot be right.
    """
    ended, precision = _outcome(told["outcome"]), told.get("precision")
    name, recipe, optimizer = _setting(parts.library, workload, told)
    values: dict[str, Any] = {
        "workload": name,
        "batch_size": check_batch_size(told["batch_size"]),
        "learning_rate": check_learning_rate(told["learning_rate"]),
        "optimizer": optimizer,
        "recipe": recipe,
        "precision": precision and _precision(precision),
        "device": (told.get("device") or "").strip().lower() or None,
        "batch_convention": batch_convention_of(name),
        "outcome": ended,
        **_length(ended, told),
        **_metric(told.get("metric"), told.get("goal"), ended),
    }
    too_long = [n for n, v in values.items() if len(str(v)) > _MOST_CHARS]
    if too_long:
        expected = f"give at most {_MOST_CHARS} characters."
        raise BadValueError(
            too_long[0], str(values[too_long[0]])[:40], expected=expected
        )
    made = now_text()
    content = {**values, "made": made}
    run = Run(content_id("run", content), source=TOLD, created=made, **values)
    before = [one for one in parts.library.told() if is_same_told(run, one)]
    if isinstance(before[0] if before else None, Run):
        return _told(before[0], "You told me of this before, and it counts once")
    keep_run(parts, run)
    return _told(run, "Kept as your own observation")


def take_back(parts: Parts, told_id: str) -> Run | Claim:
    """Take what a person told out of the evidence again, and return it.

    Raises:
        PlanError: They told nothing by this id, or took it back before.
    """
    known = {told.id: told for told in parts.library.told()}
    if told_id not in known:
        raise PlanError(
            f"You told me nothing by the id '{told_id[:40]}', or took it back before: "
            "there is nothing to do."
        )
    parts.store.record_retraction(told_id, reason=TAKEN_BACK)
    parts.store.ingest_all()
    return known[told_id]


def untell(parts: Parts, told_id: str) -> Told:
    """Take back what was told, and say so."""
    told = take_back(parts, told_id)
    return Told(told_id, f"Taken back: {told_text(told)}. It no longer counts.")


def keep_run(parts: Parts, run: Run) -> None:
    """Keep a run that a person told of; it counts from now on."""
    parts.store.record_run(run)
    parts.store.ingest_all()


def told_length(
    outcome: Outcome, steps: int | None, *, failed_at: int | None = None
) -> dict[str, Any]:
    """Return a run's `steps`, `horizon_steps` and `failed_at_step` as it is told.

    The steps of a run that ended are its length; of one cut short they are not.
    """
    horizon = None if outcome is Outcome.INCOMPLETE else steps
    return {
        "steps": steps or failed_at,
        "horizon_steps": horizon,
        "failed_at_step": failed_at,
    }


def batch_convention_of(workload: str) -> str:
    """Return how a batch of a workload is counted, whoever trains it."""
    known = find_spec(workload) or WorkloadName.parse(workload)
    return str(known.batch_convention)


def _told(run: Run | Claim, start: str) -> Told:
    assert isinstance(run, Run)
    setting = recipe_words(run.optimizer, run.recipe)
    text = f"{start}: {told_text(run)}, with {setting}, as {run.id}."
    return Told(run.id, text, run_body(run)["run"])


def _outcome(said: str) -> Outcome:
    try:
        return Outcome(said.strip().lower())
    except ValueError:
        expected = f"say {', '.join(Outcome)}."
        raise BadValueError("outcome", said, expected=expected) from None


def _setting(
    library: Library, workload: str, told: ToldValues
) -> tuple[str, str | None, str]:
    """The workload, recipe and optimizer: as told, else what is usual for it.

    A workload nobody knows becomes known by being told of.
    """
    recipe, said = told.get("recipe") or None, told.get("optimizer") or None
    asked = Asked.of(optimizer=said, recipe=recipe if recipe in RECIPES else None)
    try:
        scope, _ = library.settle(workload, asked)
        name, usual, optimizer = scope.workload, scope.recipe, scope.optimizer
    except UnknownWorkloadError:
        name, usual, optimizer = workload.strip(), None, asked.optimizer or "adam"
    named = RECIPES.get(asked.recipe or optimizer)
    if named is not None and named.name != named.optimizer:  # such as momentum
        return name, named.name, named.optimizer
    return name, recipe or usual, canonical_optimizer(optimizer)


def _precision(said: str) -> str:
    return told_precision(f"{said} precision") or said.strip().lower()


def _length(outcome: Outcome, told: ToldValues) -> dict[str, Any]:
    steps, failed_at = _steps("steps", told), _steps("failed_at", told)
    if failed_at is not None and not outcome.is_unstable:
        expected = f"a run that is {outcome} did not fail, so leave it out."
        raise BadValueError("failed_at", failed_at, expected=expected)
    if failed_at and steps and failed_at > steps:
        expected = f"it cannot fail after its {steps:,} steps."
        raise BadValueError("failed_at", failed_at, expected=expected)
    return told_length(outcome, steps, failed_at=failed_at)


def _steps(name: str, told: ToldValues) -> int | None:
    value: Any = told.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (1 <= number <= MOST_STEPS and number.is_integer()):
        raise BadValueError(name, value, expected="give a whole number of steps.")
    return int(number)


def _metric(said: str | None, goal: str | None, outcome: Outcome) -> dict[str, Any]:
    """The score of a run; one that is not finite has failed and has none."""
    if not said:
        return {}
    name, _, text = (part.strip() for part in said.rpartition("="))
    try:
        value = float(text)
    except ValueError:
        value = None
    if not name or value is None:
        raise BadValueError("metric", said, expected="write it as val_loss=0.39.")
    if not math.isfinite(value):
        if outcome.is_unstable:
            return {}
        expected = "a run that ends so has diverged: say that as its outcome."
        raise BadValueError("metric", said, expected=expected)
    way = goal or direction_of(name)
    if way not in ("min", "max"):
        expected = "say with --goal min or --goal max which way is better."
        raise BadValueError("metric", said, expected=expected)
    return {"metric_name": name, "metric_value": value, "goal": way}

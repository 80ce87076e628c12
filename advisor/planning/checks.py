"""Whether runs that are asked for can be made here, and within a budget."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.workloads.registry import find_spec
from experiments.workloads.spec import WorkloadSpec
from knowledge.errors import BadValueError, WorkloadUnavailableError

if TYPE_CHECKING:
    from advisor.service import Advisor


MOST_EXAMPLES = 1e12


def check_trainable(
    workload: str, recipe: str | None, batch_sizes: Sequence[int]
) -> WorkloadSpec:
    """Return the workload if it can be trained so here.

    Raises:
        WorkloadUnavailableError: It cannot be trained here, or not under this recipe.
        BadValueError: A batch size is larger than its data.
    """
    spec = find_spec(workload)
    if spec is None or recipe not in spec.recipes:
        raise WorkloadUnavailableError(
            f"{workload} cannot be trained here under {recipe or 'this optimizer'}: "
            "only the built-in workloads with their recipes can. See `lr-advisor "
            "workloads`."
        )
    too_large = [b for b in batch_sizes if b > (spec.largest_batch_size or b)]
    if too_large:
        raise BadValueError(
            "batch_size",
            too_large[0],
            expected=f"{workload} has {spec.largest_batch_size} examples to train on, "
            "so that is the largest.",
        )
    return spec


def check_budget(
    advisor: "Advisor",
    budget_seconds: float | None,
    runs: int | None,
    seeds: int,
    steps: int | None,
    examples: float | None,
) -> None:
    cap, runs_cap = (
        advisor.settings.budget_seconds_cap,
        advisor.settings.budget_runs_cap,
    )
    if budget_seconds is not None and not (
        math.isfinite(budget_seconds) and 1 <= budget_seconds <= cap
    ):
        raise BadValueError(
            "budget", budget_seconds, expected=f"give 1 to {cap:g} seconds."
        )
    for name, value in (("runs", runs), ("seeds", seeds)):
        if value is not None and not 1 <= value <= runs_cap:
            raise BadValueError(
                name, value, expected=f"give a whole number from 1 to {runs_cap}."
            )
    if examples is not None and not 1 <= examples <= MOST_EXAMPLES:
        raise BadValueError(
            "examples", examples, expected=f"give a number from 1 to {MOST_EXAMPLES:g}."
        )
    if steps is not None and not 10 <= steps <= 10**7:
        raise BadValueError(
            "steps", steps, expected="give a whole number from 10 to 10,000,000."
        )

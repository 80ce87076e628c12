"""Whether runs that are asked for can be made here, and within a budget (pure)."""

from collections.abc import Sequence

from advisor.evidence.scope import Scope
from advisor.planning.plan import verification_target, why_not_trainable
from advisor.planning.request import VerificationRequest
from experiments.workloads.registry import find_spec
from experiments.workloads.spec import WorkloadSpec
from knowledge.errors import BadValueError, WorkloadUnavailableError

MOST_EXAMPLES = 1e12
LEAST_STEPS, MOST_STEPS = 10, 10_000_000


def check_trainable(scope: Scope, batch_sizes: Sequence[int]) -> WorkloadSpec:
    """Return the workload if it can be trained so here.

    Raises:
        WorkloadUnavailableError: It cannot be trained here, or not under this recipe.
        BadValueError: A batch size is larger than its data.
    """
    spec = find_spec(scope.workload)
    if spec is None or verification_target(scope) is None:
        raise WorkloadUnavailableError(
            f"{why_not_trainable(scope)} See `lr-advisor workloads`."
        )
    too_large = [b for b in batch_sizes if b > (spec.largest_batch_size or b)]
    if too_large:
        raise BadValueError(
            "batch_size",
            too_large[0],
            expected=f"{scope.workload} has {spec.largest_batch_size} examples to "
            "train on, so that is the largest.",
        )
    return spec


def check_limits(
    request: VerificationRequest, *, seconds_cap: float, runs_cap: int
) -> None:
    """Check the numbers that bound what is asked for, against what is allowed here.

    Raises:
        BadValueError: One is impossible, or more than is allowed.
    """
    seconds, steps = request.budget_seconds, request.steps
    if seconds is not None and not 1 <= seconds <= seconds_cap:
        raise BadValueError(
            "budget", seconds, expected=f"give 1 to {seconds_cap:g} seconds."
        )
    for name, value in (("runs", request.n_runs), ("seeds", request.n_seeds)):
        if value is not None and not 1 <= value <= runs_cap:
            raise BadValueError(
                name, value, expected=f"give a whole number from 1 to {runs_cap}."
            )
    examples = request.budget_examples
    if examples is not None and not 1 <= examples <= MOST_EXAMPLES:
        raise BadValueError(
            "examples", examples, expected=f"give a number from 1 to {MOST_EXAMPLES:g}."
        )
    if steps is not None and not LEAST_STEPS <= steps <= MOST_STEPS:
        raise BadValueError(
            "steps",
            steps,
            expected=f"give a whole number from {LEAST_STEPS} to {MOST_STEPS:,}.",
        )

"""Runs as one training each: the same run carried further counts once (pure)."""

from collections.abc import Iterable

from knowledge.recipes import RECIPES
from knowledge.records import Outcome, Run

# A run of ours that was cancelled before both, hardly past the start of training.
SHORTEST_STEPS, SHORTEST_SHARE = 100, 1 / 9


def is_labelled(run: Run) -> bool:
    """Whether the run's outcome is known and the run went far enough to have one."""
    return run.outcome is not None and run.outcome is not Outcome.INCOMPLETE


def is_too_short(run: Run) -> bool:
    """Whether a run of ours was cancelled so early that it tells nothing."""
    if run.outcome is not Outcome.INCOMPLETE or not run.is_measured:
        return False
    steps, whole = run.steps or 0, run.horizon_steps or 0
    return steps < SHORTEST_STEPS and steps < SHORTEST_SHARE * whole


def overtaken_runs(runs: Iterable[Run]) -> set[str]:
    """Return the ids of runs that were later carried further.

    The records of one trajectory are one piece of evidence: the furthest counts.
    """
    best: dict[object, Run] = {}
    overtaken: set[str] = set()
    for run in runs:
        for key in {run.job_id or run.id, trajectory(run)}:
            other = best.setdefault(key, run)
            if other.id == run.id:
                continue
            behind, best[key] = sorted((run, other), key=_how_far)
            overtaken.add(behind.id)
    return overtaken


def runs_that_count(runs: Iterable[Run]) -> list[Run]:
    """Return the runs, in their order, without those that were carried further."""
    rows = list(runs)
    overtaken = overtaken_runs(rows)
    return [run for run in rows if run.id not in overtaken]


def trajectory(run: Run) -> object:
    """Return how a run of ours began: runs equal in it differ in their length alone.

    Its job's id where that is not known, else its own: equal reports are replicates.
    """
    recipe = RECIPES.get(run.recipe or "")
    if run.job_id is None or run.seed is None or recipe is None:
        return run.job_id or run.id
    # A schedule that depends on the run's length makes another run from the start.
    planned = None if recipe.schedule == "constant" else run.horizon_steps
    what = run.workload.lower(), run.recipe, run.batch_size, run.learning_rate
    return (*what, run.seed, run.data, run.device, run.precision, planned)


def _how_far(run: Run) -> tuple[int, bool, str]:
    return run.steps or 0, is_labelled(run), run.id

"""A run as it would have looked had it been shorter (pure).

A run that failed at step 900 held for the first 600; one stopped at 400, still fine,
says nothing of 600 and is left out. So is one planned for 400 that failed before: else
failures alone would be left of such runs.
"""

from dataclasses import replace

from knowledge.records import Outcome, Run


def cut_at(run: Run, steps: int) -> Run | None:
    """Return the run as a shorter one saw it; None when it was not to get so far.

    >>> failed = Run("run:1", "w", 4, 1e-3, "adam", None, "ours", failed_at_step=900,
    ...              outcome=Outcome.DIVERGED, steps=1100, horizon_steps=3000)
    >>> cut_at(failed, 600).outcome.value, cut_at(failed, 1000).outcome.value
    ('stable', 'diverged')
    """
    planned = run.horizon_steps or run.steps or 0
    if run.outcome is None or planned < steps:
        return None
    if run.outcome.is_unstable:
        failed_at = run.failed_at_step or run.steps
        if failed_at is None:
            return None
        if failed_at <= steps:
            return replace(run, horizon_steps=steps)
    elif (run.steps or 0) < steps:
        return None
    return replace(
        run,
        outcome=Outcome.STABLE,
        failed_at_step=None,
        steps=steps,
        horizon_steps=steps,
    )

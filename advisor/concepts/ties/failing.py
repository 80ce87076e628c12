"""How, when and how surely runs fail: ties of the stable and the failed (pure)."""

from advisor.concepts.ties.tie import (
    FACES,
    JUDGED,
    MIN_RUNS,
    UNSTABLE,
    Rows,
    Tie,
)
from advisor.words import joined

SHORT_TEST_STEPS = 200  # what fails later, a short test does not see


def _say_failures(rows: Rows) -> str | None:
    row = rows[0]
    if row["failed"] < MIN_RUNS:
        return None
    return (
        f"In the narrow copies of the face models {row['failed']} of {row['runs']} "
        f"runs failed. Half of the failures came by step {row['median_step']}, but "
        f"{row['failed_late']} came only after step {row['late_from']}, the last one "
        f"at step {row['last_step']}."
    )


FAILURES = Tie(
    picks=f"{FACES} and {JUDGED}",
    sums_up=f"""
select count(*) as runs, count(*) filter ({UNSTABLE}) as failed,
    {SHORT_TEST_STEPS} as late_from,
    count(*) filter ({UNSTABLE} and failed_at_step > {SHORT_TEST_STEPS})
        as failed_late,
    round(median(failed_at_step) filter ({UNSTABLE}))::bigint as median_step,
    max(failed_at_step) filter ({UNSTABLE}) as last_step
from picked""",
    say=_say_failures,
)


def _say_repeats(rows: Rows) -> str | None:
    row = rows[0]
    if row["settings"] < MIN_RUNS:
        return None
    return (
        f"Of {row['settings']} settings that were run with several seeds, "
        f"{row['all_held']} held with every seed, {row['all_failed']} failed with "
        f"every seed and {row['mixed']} held with one seed and failed with another."
    )


REPEATS = Tie(
    picks=JUDGED,
    sums_up="""
, settings as (
    select count(distinct seed) as seeds, count(*) as runs,
        count(*) filter (outcome = 'stable') as held
    from picked
    group by workload, recipe, "precision", device, batch_size, learning_rate,
        horizon_steps)
select count(*) as settings, count(*) filter (held = runs) as all_held,
    count(*) filter (held = 0) as all_failed,
    count(*) filter (held > 0 and held < runs) as mixed
from settings where seeds > 1""",
    say=_say_repeats,
)


def _say_outcomes(rows: Rows) -> str | None:
    if not rows:
        return None
    counted = joined([f"{row['runs']} {row['outcome']}" for row in rows])
    return f"Our own {rows[0]['of_all']} runs were judged so: {counted}."


OUTCOMES = Tie(
    picks="outcome is not null",
    sums_up="""
select outcome, count(*) as runs, sum(count(*)) over ()::bigint as of_all
from picked group by outcome order by runs desc, outcome""",
    say=_say_outcomes,
)

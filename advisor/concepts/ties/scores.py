"""How good and how fast runs were: ties of accuracy, best rates and speed (pure).

Speed is that of the slowest model with several batch sizes, where what a run costs
besides its steps matters least.
"""

from advisor.concepts.ties.tie import (
    IN_FP32,
    JUDGED,
    MIN_RUNS,
    UNSTABLE,
    Rows,
    Tie,
    recipe_title,
    where_text,
)
from advisor.rates import rate_text
from advisor.words import joined, speed_unit, title_of
from experiments.workloads.registry import examples_per_item

_SCORED = f"{JUDGED} and metric_name = 'validation_accuracy'"
# The mean accuracy of each rate over its seeds, in percent of unseen examples.
_CELLS = f"""
, usual as (
    select workload, recipe, mode(horizon_steps) as steps from picked group by all),
cells as (
    select workload, recipe, optimizer, batch_size, learning_rate, usual.steps,
        round(100 * avg(metric_value) filter (isfinite(metric_value)), 1) as percent,
        count(*) as runs, count(*) filter ({UNSTABLE}) as failed
    from picked join usual using (workload, recipe)
    where horizon_steps = usual.steps group by all)"""


def _say_accuracy(rows: Rows) -> str | None:
    said = []
    for row in rows:
        ends = {
            row["smallest_batch"]: row["smallest_percent"],
            row["best_batch"]: row["best_percent"],
            row["largest_batch"]: row["largest_percent"],
        }
        right = joined([f"{ends[b]:g} % at batch {b}" for b in sorted(ends)])
        said.append(
            f"{where_text(row)}, each batch size at its best rate and {row['steps']} "
            f"steps: the share of unseen examples it got right was {right}."
        )
    if not said:
        return None
    return " ".join([*said, "At equal steps the larger batch sees more examples."])


ACCURACY = Tie(
    picks=f"{_SCORED} and recipe in ('sgd', 'adam')",
    sums_up=f"""{_CELLS},
batches as (
    select workload, recipe, optimizer, steps, batch_size, max(percent) as percent,
        sum(runs)::bigint as runs
    from cells where failed = 0 group by all)
select workload, recipe, optimizer, any_value(steps) as steps,
    min(batch_size) as smallest_batch, arg_min(percent, batch_size) as smallest_percent,
    arg_max(batch_size, percent) as best_batch, max(percent) as best_percent,
    max(batch_size) as largest_batch, arg_max(percent, batch_size) as largest_percent,
    sum(runs)::bigint as runs
from batches group by workload, recipe, optimizer
having count(*) > 2
qualify row_number() over (partition by recipe order by sum(runs) desc, workload) = 1
order by recipe""",
    say=_say_accuracy,
)


def _say_rates(rows: Rows) -> str | None:
    if len(rows) < MIN_RUNS:
        return None
    lowest, row = rows[0], rows[0]
    best = max(rows, key=lambda r: r["percent"] if not r["failed"] else 0)
    fails = next((r for r in rows if r["failed"]), None)
    text = (
        f"{where_text(row)} at batch {row['batch_size']} and {row['steps']} steps: "
        f"the lowest rate tried, {rate_text(lowest['learning_rate'])}, got "
        f"{lowest['percent']:g} % of unseen examples right, the best, "
        f"{rate_text(best['learning_rate'])}, got {best['percent']:g} %"
    )
    if fails is None:
        return f"{text}."
    return (
        f"{text}, and at {rate_text(fails['learning_rate'])} {fails['failed']} of "
        f"{fails['runs']} runs failed."
    )


def rates_tie(recipe: str) -> Tie:
    """Return the tie that says what each rate led to, at one batch size of a recipe.

    The batch size is the middle one of those at which some rate failed.
    """
    return Tie(
        picks=f"{_SCORED} and recipe = '{recipe}'",
        sums_up=f"""{_CELLS},
failing as (
    select workload, batch_size, sum(runs) as runs
    from cells group by all having sum(failed) > 0),
chosen as (
    select workload, quantile_disc(batch_size, 0.5) as batch_size
    from failing group by workload order by sum(runs) desc, workload limit 1)
select cells.* from cells join chosen using (workload, batch_size)
order by learning_rate""",
        say=_say_rates,
    )


def _say_optimizers(rows: Rows) -> str | None:
    if len(rows) < 2:
        return None
    first = rows[0]
    said = joined(
        [f"{rate_text(r['learning_rate'])} with {recipe_title(r)}" for r in rows]
    )
    return (
        f"{title_of(first['workload'])} at batch {first['batch_size']} and "
        f"{first['steps']} steps: the most accurate rate was {said}."
    )


OPTIMIZERS = Tie(
    picks=f"{_SCORED} and recipe in ('sgd', 'momentum', 'adam')",
    sums_up=f"""{_CELLS},
best as (
    select workload, batch_size, recipe, optimizer, steps,
        arg_max(learning_rate, percent) as learning_rate, max(percent) as percent,
        sum(runs)::bigint as runs
    from cells where failed = 0 group by all),
compared as (
    select *, count(*) over of_one as recipes, sum(runs) over of_one as runs_of_all
    from best window of_one as (partition by workload, batch_size)),
ranked as (
    select *, max(recipes) over () as most from compared),
middle as (
    select workload, quantile_disc(batch_size, 0.5) as batch_size
    from ranked where recipes = most
    group by workload order by sum(runs) desc, workload limit 1)
select ranked.* exclude (runs_of_all, most) from ranked
join middle using (workload, batch_size) order by learning_rate desc, recipe""",
    say=_say_optimizers,
)


def _say_speed(rows: Rows) -> str | None:
    if len(rows) < 2:
        return None
    workload = rows[0]["workload"]
    unit = speed_unit(examples_per_item(workload))
    fastest = max(rows, key=lambda row: row["per_second"])
    said = joined(
        [
            f"{row['per_second']:g} at batch {row['batch_size']}"
            for row in rows
            if row in (rows[0], fastest, rows[-1])
        ]
    )
    where = (
        "as it was measured on this machine"
        if rows[0]["measured"]
        else "as its runs went, some side by side with others, so only a rough guide"
    )
    return f"{title_of(workload)} trained at so many {unit}: {said} ({where})."


SPEED = Tie(
    picks="examples_per_second > 0 and outcome = 'stable'",
    sums_up=f"""
, speeds as (
    select workload, batch_size, true as measured, examples_per_second
    from throughput
    union all
    select workload, batch_size, false, examples_per_second
    from picked where {IN_FP32}),
medians as (
    select workload, measured, batch_size, contains(workload, '@1/') as is_copy,
        round(median(examples_per_second), 1) as per_second, count(*) as timed
    from speeds group by all),
counted as (
    select *, count(*) over of_one as batches, max(per_second) over of_one as peak
    from medians window of_one as (partition by workload, measured))
select workload, measured, is_copy, batch_size, per_second, timed from counted
qualify dense_rank() over (
    order by measured desc, is_copy desc, batches > 2 desc, peak, workload) = 1
order by batch_size""",
    say=_say_speed,
)

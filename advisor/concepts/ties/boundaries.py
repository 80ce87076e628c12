"""Up to which rate runs held: ties over batch sizes, widths and recipes (pure).

A boundary is the highest rate below the lowest one that failed, each run as it was
after the usual length of its workload and recipe. No fit.
"""

from itertools import pairwise

from advisor.concepts.ties.tie import (
    FACES,
    IN_FP32,
    JUDGED,
    PLAIN_RECIPES,
    UNSTABLE,
    Rows,
    Tie,
    where_text,
)
from advisor.rates import rate_text
from advisor.words import joined, title_of

MIN_BATCH_TIMES = 4  # a boundary is followed over batch sizes at least so far apart

# Batch sizes with a rate that held and a rate that failed, by workload and recipe.
_EDGES = f"""
, usual as (
    select workload, recipe, mode(horizon_steps) as usual_steps
    from picked group by all),
seen as (
    select picked.*, usual_steps, {UNSTABLE} and failed_at_step <= usual_steps as failed
    from picked join usual using (workload, recipe)
    where steps >= usual_steps or ({UNSTABLE} and failed_at_step <= usual_steps)),
marked as (
    select *, min(learning_rate) filter (failed) over (
        partition by workload, recipe, batch_size) as failed_from
    from seen),
edges as (
    select workload, recipe, batch_size, any_value(optimizer) as optimizer,
        any_value(usual_steps) as steps, count(*) as runs,
        max(learning_rate) filter (learning_rate < failed_from) as held_up_to,
        any_value(failed_from) as failed_from
    from marked group by workload, recipe, batch_size
    having held_up_to is not null and any_value(marked.failed_from) is not null)"""


def _say_boundaries(rows: Rows) -> str | None:
    said = [
        f"{where_text(row)}: every run held up to {rate_text(row['small_rate'])} at "
        f"batch {row['small_batch']} and up to {rate_text(row['large_rate'])} at batch "
        f"{row['large_batch']}, so {row['batch_times']:g} times the batch "
        f"tolerated {row['rate_times']:g} times the rate over {row['steps']:,} steps."
        for row in rows
    ]
    return " ".join(said) or None


BOUNDARIES = Tie(
    picks=f"{PLAIN_RECIPES} and {IN_FP32} and {JUDGED}",
    sums_up=f"""{_EDGES},
ends as (
    select workload, recipe, any_value(optimizer) as optimizer,
        any_value(steps) as steps, sum(runs)::bigint as runs,
        min(batch_size) as small_batch, arg_min(held_up_to, batch_size) as small_rate,
        max(batch_size) as large_batch, arg_max(held_up_to, batch_size) as large_rate
    from edges group by workload, recipe)
select *, round(large_batch / small_batch, 1) as batch_times,
    round(large_rate / small_rate, 1) as rate_times
from ends where large_batch >= {MIN_BATCH_TIMES} * small_batch
qualify row_number() over (
    partition by optimizer
    order by contains(workload, '@1/') desc, runs desc, workload, recipe desc) = 1
order by optimizer""",
    say=_say_boundaries,
)


def _say_powers(rows: Rows) -> str | None:
    if len({row["is_power_of_two"] for row in rows}) < 2:
        return None
    rates = [row["held_up_to"] for row in rows]
    said = joined(
        [f"{rate_text(row['held_up_to'])} at batch {row['batch_size']}" for row in rows]
    )
    text = f"{where_text(rows[0])}: every run held up to {said}."
    if all(a <= b for a, b in pairwise(rates)):
        text += " The powers of two do not stand out."
    return text


POWERS = Tie(
    picks=f"{FACES} and {PLAIN_RECIPES} and {JUDGED}",
    sums_up=f"""{_EDGES},
counted as (
    select *, (batch_size & (batch_size - 1)) = 0 as is_power_of_two,
        count(*) over (partition by workload, recipe) as batches
    from edges)
select workload, recipe, optimizer, steps, batch_size, is_power_of_two, held_up_to,
    failed_from, runs
from counted
qualify dense_rank() over (order by batches desc, workload, recipe) = 1
order by batch_size""",
    say=_say_powers,
)


def _say_proxies(rows: Rows) -> str | None:
    if len(rows) < 2:
        return None
    said = joined(
        [
            f"{rate_text(row['held_up_to'])} in {title_of(row['workload'])}"
            for row in rows
        ]
    )
    text = f"At batch {rows[0]['batch_size']} every run held up to {said}."
    if all(a["held_up_to"] < b["held_up_to"] for a, b in pairwise(rows)):
        text += " The narrower copy tolerated the higher rate."
    return text


PROXIES = Tie(
    picks=f"{FACES} and {PLAIN_RECIPES} and {JUDGED}",
    sums_up=f"""{_EDGES},
named as (
    select *, split_part(workload, '@1/', 1) as base,
        split_part(workload, '@1/', 2)::bigint as width_divisor
    from edges),
counted as (
    select *, count(*) over of_one as widths, sum(runs) over of_one as runs_of_all
    from named window of_one as (partition by base, recipe, batch_size))
select workload, recipe, width_divisor, batch_size, steps, held_up_to, failed_from,
    runs
from counted
qualify dense_rank() over (
    order by widths desc, runs_of_all desc, base, recipe, batch_size) = 1
order by width_divisor""",
    say=_say_proxies,
)


def _say_variant(change: str, rows: Rows) -> str | None:
    said = [
        f"{where_text(row)} at batch {row['batch_size']}: every run held up to "
        f"{rate_text(row['held_plain'])} and one failed at "
        f"{rate_text(row['failed_plain'])}. {change} the two rates are "
        f"{rate_text(row['held_changed'])} and {rate_text(row['failed_changed'])}."
        for row in rows
    ]
    return " ".join(said) or None


def boundary_tie(plain: str, changed: str, change: str) -> Tie:
    """Return the tie that compares boundaries of two recipes at shared batch sizes.

    `change` begins the sentence about the second recipe, such as `With it`.
    """
    recipes = f"recipe in ('{plain}', '{changed}')"
    return Tie(
        picks=f"{JUDGED} and {IN_FP32} and {recipes}",
        sums_up=f"""{_EDGES}
select workload, a.recipe, a.optimizer, batch_size, a.steps,
    a.held_up_to as held_plain, a.failed_from as failed_plain,
    b.held_up_to as held_changed, b.failed_from as failed_changed,
    a.runs as runs_plain, b.runs as runs_changed
from edges a join edges b using (workload, batch_size)
where a.recipe = '{plain}' and b.recipe = '{changed}'
qualify row_number() over (order by a.runs + b.runs desc, workload, batch_size) = 1""",
        say=lambda rows: _say_variant(change, rows),
    )

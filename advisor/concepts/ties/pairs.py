"""With and without one change, at the same batch sizes and rates: ties (pure)."""

from collections.abc import Mapping

from advisor.concepts.ties.tie import (
    JUDGED,
    MIN_RUNS,
    UNSTABLE,
    Rows,
    Tie,
    where_text,
)
from advisor.words import joined


def _say_pairs(words: tuple[str, str], rows: Rows) -> str | None:
    said = [
        f"{row['failed_plain']} of {row['runs_plain']} runs {words[0]} and "
        f"{row['failed_changed']} of {row['runs_changed']} {words[1]} "
        f"({where_text(row)})"
        for row in rows
    ]
    if not said:
        return None
    return f"At the same batch sizes and rates these failed: {joined(said)}."


def pair_tie(column: str, changes: Mapping[str, str], *, words: tuple[str, str]) -> Tie:
    """Return the tie that counts failures with and without one change.

    Only settings that were run both ways count.

    Args:
        column: Where the change is written: `recipe` or `precision`.
        changes: The column's value with the change, for each without it.
        words: How runs without and with it are called.
    """
    cases = " ".join(f"when '{b}' then '{a}'" for a, b in changes.items())
    plain = f'case "{column}" {cases} else "{column}" end'
    names = ", ".join(f"'{name}'" for pair in changes.items() for name in pair)
    changed = ", ".join(f"'{name}'" for name in changes.values())
    return Tie(
        picks=f'{JUDGED} and "{column}" in ({names})',
        sums_up=f"""
, sides as (
    select * replace ({plain} as "{column}"),
        "{column}" in ({changed}) as changed, {UNSTABLE} as failed
    from picked),
settings as (
    select workload, recipe, optimizer, "precision", batch_size, learning_rate,
        horizon_steps, count(*) filter (not changed) as plain_runs,
        count(*) filter (changed) as changed_runs,
        count(*) filter (failed and not changed) as plain_failed,
        count(*) filter (failed and changed) as changed_failed
    from sides group by all having plain_runs > 0 and changed_runs > 0)
select workload, recipe, optimizer, count(*) as settings,
    sum(plain_runs)::bigint as runs_plain, sum(plain_failed)::bigint as failed_plain,
    sum(changed_runs)::bigint as runs_changed,
    sum(changed_failed)::bigint as failed_changed
from settings group by all
having runs_plain >= {MIN_RUNS} and runs_changed >= {MIN_RUNS}
order by workload, recipe desc limit 2""",
        say=lambda rows: _say_pairs(words, rows),
    )

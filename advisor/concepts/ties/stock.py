"""What the store holds and how far it reaches: ties of the whole evidence (pure)."""

from advisor.concepts.ties.tie import FACES, Rows, Tie, verb

COUNTED_CLAIMS = "counted_claims"  # a view of the query: claims that count


def _say_stock(rows: Rows) -> str | None:
    row = rows[0]
    if not row["runs"]:
        return None
    claims = (
        f"{row['claims']} {verb(row['claims'], 'claim', 'claims')}, of which "
        f"{row['bounds']} {verb(row['bounds'], 'bounds', 'bound')} a rate and "
        f"{row['at_ceiling']} {verb(row['at_ceiling'], 'stands', 'stand')} at the top "
        "of a program's slider"
        if row["claims"]
        else "no claim"
    )
    return (
        f"This store holds {row['runs']} {verb(row['runs'], 'run', 'runs')} of our own "
        f"over {row['workloads']} {verb(row['workloads'], 'model', 'models')}, and "
        f"{claims}."
    )


STOCK = Tie(
    picks="true",
    sums_up=f"""
select count(*) as runs, count(distinct workload) as workloads,
    (select count(*) from {COUNTED_CLAIMS}) as claims,
    (select count(*) from {COUNTED_CLAIMS} where bound is not null) as bounds,
    (select count(*) from {COUNTED_CLAIMS} where at_tool_ceiling and bound is not null)
        as at_ceiling
from picked""",
    say=_say_stock,
)


def _say_reach(rows: Rows) -> str | None:
    row = rows[0]
    if not row["runs"]:
        return None
    return (
        f"Our own {row['runs']} {verb(row['runs'], 'run', 'runs')} of narrow copies "
        f"cover batch {row['smallest_batch']} to {row['largest_batch']} and up to "
        f"{row['most_steps']} steps; whatever lies beyond is an extrapolation."
    )


REACH = Tie(
    picks=FACES,
    sums_up="""
select count(*) as runs, min(batch_size) as smallest_batch,
    max(batch_size) as largest_batch, max(steps) as most_steps
from picked""",
    say=_say_reach,
)

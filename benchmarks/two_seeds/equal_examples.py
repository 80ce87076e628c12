"""Larger batches see more examples in as many steps: is that the difference? (pure)"""

import math
from collections import defaultdict
from collections.abc import Sequence

from advisor.evidence.selecting import has_failed
from advisor.evidence.shortening import cut_at
from advisor.rates import rate_text
from advisor.scaling.verdicts import agreed
from advisor.words import title_of
from benchmarks.two_seeds.boundaries import fit_boundary, interval
from benchmarks.two_seeds.findings import (
    FORUM_RECIPE,
    PROXIES,
    Finding,
    Table,
    interval_text,
    judge_comparison,
    query_of,
    share_text,
)
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.pictures import picture_exponents
from knowledge.records import Run

FEWEST_SEEN = 3  # runs at a batch size, to compare it at equal examples


def equal_examples_finding(material: Material) -> Finding:
    """Return whether the batch sizes differ by the examples they see."""
    rows, chances, bars = [], [], []
    for name in PROXIES:
        b = fit_boundary(material.of(name, FORUM_RECIPE))
        if b is None:
            continue
        falls, explained = b.exponents, b.exponents_at_equal_examples
        bars += [
            (title_of(name), "equal steps", interval(falls)),
            (title_of(name), "equal examples", interval(explained)),
        ]
        chances.append(float(((falls < 0) & (explained >= 0)).mean()))
        rows.append(
            (
                title_of(name),
                interval_text(interval(falls)),
                interval_text(interval(explained)),
                share_text(chances[-1]),
                str(len(b.runs)),
            )
        )
    verdict = agreed([judge_comparison(chance) for chance in chances])
    said = dict(
        supported="At equal steps the limit falls, at equal examples it does not.",
        contradicted="That is not how it is here: at equal steps nothing falls that "
        "equal examples would explain, or it falls at both.",
        undecided="The runs do not decide it.",
    )
    header = (
        *("workload", "exponent at equal steps", "at equal examples"),
        *("P(falls at the first only)", "runs"),
    )
    tables = (
        Table(header, tuple(rows)),
        Table(_SEEN_HEADER, tuple(as_many_seen(material))),
    )
    return Finding(
        anchor="equal-examples",
        statement="Larger batches only look worse because in as many steps they see "
        "more examples.",
        verdict=verdict,
        answer=said[verdict],
        says=(
            "The second exponent follows from the fall of the limit with the steps. "
            "Below it the runs themselves, each batch size at as many examples: longer "
            "ones count as they were at that step.",
        ),
        tables=tuple(table for table in tables if table.rows),
        pictures=picture_exponents(bars, "equal-examples"),
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


_SEEN_HEADER = (
    *("workload", "examples", "batch", "steps"),
    *("all stable up to", "lowest that failed", "runs"),
)


def as_many_seen(material: Material) -> list[tuple[str, ...]]:
    """A row for each batch size that was run to as many examples as another."""
    rows: list[tuple[str, ...]] = []
    for name in PROXIES:
        runs = [r for r in material.of(name, FORUM_RECIPE) if r.horizon_steps]
        totals = {(r.horizon_steps or 0) * r.batch_size for r in runs}
        seen = {total: _seen_by(runs, total) for total in totals}
        # Of the numbers of examples that compare most batch sizes the largest.
        best = max(seen, key=lambda total: (len(seen[total]), total), default=0)
        if len(seen.get(best, {})) < 2:
            continue
        for batch, there in sorted(seen[best].items()):
            lost = [r.learning_rate for r in there if has_failed(r)]
            least = min(lost, default=math.inf)
            held = [r.learning_rate for r in there if r.learning_rate < least]
            rows.append(
                (
                    *(title_of(name), f"{best:,}", str(batch), f"{best // batch:,}"),
                    rate_text(max(held)) if held else "none",
                    rate_text(least) if lost else "none",
                    str(len(there)),
                )
            )
    return rows


def _seen_by(runs: Sequence[Run], examples: int) -> dict[int, list[Run]]:
    """The runs that saw so many examples, or failed before, by batch size."""
    found: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        if cut := cut_at(run, examples // run.batch_size):
            found[run.batch_size].append(cut)
    return {batch: cuts for batch, cuts in found.items() if len(cuts) >= FEWEST_SEEN}

"""A workload's boundaries with and without one change of the recipe (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.scaling.records import Verdict
from advisor.words import title_of
from benchmarks.two_seeds.boundaries import (
    Boundary,
    Floats,
    chance_above,
    differences,
    fit_boundary,
    interval,
)
from benchmarks.two_seeds.findings import (
    Finding,
    Table,
    interval_text,
    share_text,
)
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.pictures import picture_exponents

_HEADER = (
    *("workload", "exponent without", "exponent with", "difference"),
    *("P(difference above 0)", "limit, with by without", "runs"),
)


@dataclass(frozen=True)
class Pair:
    """One workload's boundaries under a recipe and under its variant."""

    workload: str
    plain: Boundary
    changed: Boundary

    @property
    def difference(self) -> Floats:
        """Draws of how much the change adds to the exponent."""
        return differences(self.changed.exponents, self.plain.exponents)

    @property
    def chance_steeper(self) -> float:
        """P(the change adds to the exponent)."""
        return chance_above(self.changed.exponents, self.plain.exponents)

    @property
    def middle(self) -> int:
        """The middle one of the batch sizes that both were run at."""
        both = sorted(set(self.plain.batch_sizes) & set(self.changed.batch_sizes))
        both = both or self.plain.batch_sizes
        return both[len(both) // 2]

    @property
    def title(self) -> str:
        """The workload and the recipe that was changed."""
        return f"{title_of(self.workload)}, {self.plain.recipe}"

    @property
    def chance_more(self) -> float:
        """P(the changed recipe tolerates the higher rate at the middle batch)."""
        one, other = (b.draws_at(self.middle) for b in (self.changed, self.plain))
        return chance_above(one, other)

    def row(self) -> tuple[str, ...]:
        """The table's row."""
        one, other = (b.threshold(self.middle) for b in (self.changed, self.plain))
        return (
            self.title,
            interval_text(interval(self.plain.exponents)),
            interval_text(interval(self.changed.exponents)),
            interval_text(interval(self.difference)),
            share_text(self.chance_steeper),
            f"{one.median / other.median:.2f} at batch {self.middle}",
            f"{len(self.plain.runs)} and {len(self.changed.runs)}",
        )


def pairs_of(
    material: Material, workloads: Sequence[str], plain: str, changed: str
) -> list[Pair]:
    """Return the workloads that have a boundary under both recipes."""
    found = []
    for workload in workloads:
        boundaries = [
            fit_boundary(material.of(workload, name)) for name in (plain, changed)
        ]
        if boundaries[0] and boundaries[1]:
            found.append(Pair(workload, boundaries[0], boundaries[1]))
    return found


def pair_finding(
    anchor: str,
    statement: str,
    verdict: Verdict,
    said: Mapping[str, str],
    pairs: Sequence[Pair],
    *,
    query: str,
    says: str,
) -> Finding:
    """Return a hypothesis with the table and the picture of its pairs.

    Args:
        anchor: The finding's place on the page.
        statement: The hypothesis.
        verdict: What the pairs say of it.
        said: The answer by verdict; said only where there are pairs.
        pairs: With and without the change.
        query: Finds their runs.
        says: What the change is.
    """
    return Finding(
        anchor=anchor,
        statement=statement,
        verdict=verdict,
        answer=said[verdict] if pairs else "Not run yet with and without the change.",
        says=(says,),
        tables=(Table(_HEADER, tuple(pair.row() for pair in pairs)),) if pairs else (),
        pictures=picture_exponents(
            [
                (pair.title, words, interval(boundary.exponents))
                for pair in pairs
                for words, boundary in (
                    ("without", pair.plain),
                    ("with the change", pair.changed),
                )
            ],
            anchor,
        ),
        query=query,
    )

"""A statement of the seeds with its verdict, numbers and picture (pure).

Verdicts follow the referee's rule: a claimed exponent is supported from a probability
of 0.7 on and contradicted up to 0.1. What the runs leave between is undecided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from advisor.listing import joined
from advisor.rates import rate_text, round_rate
from advisor.regression import Interval
from advisor.scaling import CONTRADICTED_BELOW, SUPPORTED_ABOVE
from advisor.wording import title_of
from benchmarks.two_seeds.boundaries import Boundary, share_near
from experiments.workloads import PROXY_WIDTH

FEWEST_SEEDS = 3  # behind a verdict on an exponent
SURE, UNLIKELY = 0.9, 0.1  # of a comparison of two numbers
FACES = ("original", "dlight", "realface")
PROXIES = tuple(f"{name}@1/{PROXY_WIDTH}" for name in FACES)
FORUM_RECIPE = "faceswap-2021"


class Verdict(StrEnum):
    """What the runs say of a statement."""

    SUPPORTED = auto()
    CONTRADICTED = auto()
    UNDECIDED = auto()


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the first column is text, the others numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A chart's specification, under the name of its file, with its description."""

    name: str
    description: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """A statement judged.

    `claims` are the ids of the seeds' claims it stands for; `answer` is one sentence;
    `says` what the numbers are; `open_questions` what stayed undecided and which run
    would decide it; `query` finds the runs it rests on.
    """

    anchor: str
    statement: str
    verdict: Verdict
    answer: str
    claims: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    open_questions: tuple[str, ...] = ()
    query: str | None = None


def judge_exponents(
    boundaries: Mapping[str, Boundary], claimed: float
) -> dict[str, Verdict]:
    """Return the verdict on a claimed exponent for each workload.

    Undecided where fewer than FEWEST_SEEDS were run: chance may have drawn the slope.
    """
    return {
        name: (
            judge_share(share_near(boundary.exponents, claimed))
            if boundary.n_seeds >= FEWEST_SEEDS
            else Verdict.UNDECIDED
        )
        for name, boundary in boundaries.items()
    }


def judge_share(
    share: float,
    supported: float = SUPPORTED_ABOVE,
    against: float = CONTRADICTED_BELOW,
) -> Verdict:
    """Return what a probability says of a statement.

    >>> [str(judge_share(share)) for share in (0.8, 0.05, 0.4)]
    ['supported', 'contradicted', 'undecided']
    """
    if share >= supported:
        return Verdict.SUPPORTED
    return Verdict.CONTRADICTED if share <= against else Verdict.UNDECIDED


def judge_comparison(chance: float) -> Verdict:
    """Return what the probability that one number is above another says of that."""
    return judge_share(chance, SURE, UNLIKELY)


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of several: what the decided ones agree on.

    >>> str(overall([Verdict.UNDECIDED, Verdict.CONTRADICTED]))
    'contradicted'
    >>> str(overall([Verdict.SUPPORTED, Verdict.CONTRADICTED]))
    'undecided'
    """
    decided = {v for v in verdicts if v != Verdict.UNDECIDED}
    return decided.pop() if len(decided) == 1 else Verdict.UNDECIDED


def tally(verdicts: Mapping[str, Verdict]) -> str:
    """Return who supports, contradicts and leaves open, in words.

    >>> said = Verdict.CONTRADICTED, Verdict.UNDECIDED
    >>> tally(dict(zip(("original@1/16", "realface@1/16"), said, strict=True)))
    'contradicted by Original@1/16, left open by RealFace@1/16'
    """
    words = {Verdict.SUPPORTED: "supported by", Verdict.CONTRADICTED: "contradicted by"}
    words[Verdict.UNDECIDED] = "left open by"
    parts = []
    for verdict, how in words.items():
        names = [title_of(name) for name, v in verdicts.items() if v == verdict]
        if names:
            parts.append(f"{how} {joined(names)}")
    return ", ".join(parts)


def share_text(share: float) -> str:
    """Return a probability as it is written: never 0 or 1.

    >>> share_text(0.004), share_text(0.996), share_text(0.314)
    ('below 0.01', 'above 0.99', '0.31')
    """
    if share < 0.01:
        return "below 0.01"
    return "above 0.99" if share > 0.99 else f"{share:.2f}"


def interval_text(found: Interval, digits: int = 2) -> str:
    """Return a number with its interval.

    >>> interval_text(Interval(-0.251, -0.5, 0.004, 0.9))
    '-0.25 (-0.50 to 0.00)'
    """
    median, low, high = (
        f"{round(value, digits) + 0.0:.{digits}f}"
        for value in (found.median, found.low, found.high)
    )
    return f"{median} ({low} to {high})"


def rates_text(found: Interval) -> str:
    """Return a rate with its interval, two digits each.

    >>> rates_text(Interval(0.00412, 0.0035, 0.0049, 0.9))
    '0.0041 (0.0035 to 0.0049)'
    """
    median, low, high = (
        rate_text(round_rate(value, digits=2))
        for value in (found.median, found.low, found.high)
    )
    return f"{median} ({low} to {high})"


def rests_on(boundary: Boundary) -> str:
    """Return what a boundary rests on, for the end of a sentence."""
    sizes = boundary.batch_sizes
    rates = {run.learning_rate for run in boundary.runs}
    return (
        f"{len(boundary.runs)} runs, batch {sizes[0]} to {sizes[-1]}, {len(rates)} "
        f"rates, {boundary.n_seeds} seeds, {boundary.steps:,} steps"
    )


def query_of(workloads: Sequence[str], recipes: Sequence[str]) -> str:
    """Return a query that finds the runs of a finding."""
    names = ", ".join(f"'{name}'" for name in workloads)
    how = ", ".join(f"'{name}'" for name in recipes)
    return (
        "select id, workload, recipe, batch_size, learning_rate, seed, outcome, "
        f"failed_at_step, steps from runs where workload in ({names}) "
        f"and recipe in ({how}) order by 2, 3, 4, 5, 6"
    )

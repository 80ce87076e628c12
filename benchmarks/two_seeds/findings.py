"""A statement of the sources with its verdict, numbers and picture (pure).

A rule that was claimed has the verdict of the program's referee. What the program does
not judge, comparisons and hypotheses, is judged here by a probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.estimates import Estimate
from advisor.rates import rate_text, round_rate
from advisor.scaling.records import Finding as Exponent
from advisor.scaling.records import Verdict
from advisor.scaling.verdicts import CONTRADICTED_BELOW, SUPPORTED_ABOVE
from advisor.statistics.beliefs import Interval
from advisor.words import title_of
from experiments.workloads.spec import PROXY_WIDTH

SURE, UNLIKELY = 0.9, 0.1  # of a comparison of two numbers
FACES = ("original", "dlight", "realface")
PROXIES = tuple(f"{name}@1/{PROXY_WIDTH}" for name in FACES)
FORUM_RECIPE = "faceswap-2021"


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

    `claims` are the ids of the sources' claims it is about; `answer` is one sentence;
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
    where: str = ""  # for what the verdict is, where not for all the page is about

    @property
    def judged(self) -> str:
        """The verdict with what it is for."""
        return f"{self.verdict} {self.where}".strip()


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


def share_text(share: float) -> str:
    """Return a probability as it is written: never 0 or 1.

    >>> share_text(0.004), share_text(0.996), share_text(0.314)
    ('below 0.01', 'above 0.99', '0.31')
    """
    if share < 0.01:
        return "below 0.01"
    return "above 0.99" if share > 0.99 else f"{share:.2f}"


def interval_text(found: Interval | Estimate, digits: int = 2) -> str:
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
    '4.1e-3 (3.5e-3 to 4.9e-3)'
    """
    median, low, high = (
        rate_text(round_rate(value, digits=2))
        for value in (found.median, found.low, found.high)
    )
    return f"{median} ({low} to {high})"


def case_title(found: Exponent) -> str:
    """Return the workload and the recipe of an exponent, as a row's first cell."""
    return f"{title_of(found.workload)}, {found.recipe or found.optimizer}"


def rests_on(found: Exponent) -> str:
    """Return what an exponent rests on, as a row's last cell."""
    low, high = found.batch_range or (0, 0)
    copies = f" and {found.n_proxy_runs} of other widths" if found.n_proxy_runs else ""
    return f"{found.n_runs} runs{copies}, batch {low} to {high}"


def query_of_cases(cases: Sequence[Exponent]) -> str | None:
    """Return a query that finds the runs of exponents; None without any."""
    workloads = dict.fromkeys(case.workload for case in cases)
    recipes = dict.fromkeys(case.recipe for case in cases if case.recipe)
    return query_of(list(workloads), list(recipes)) if recipes else None


def query_of(workloads: Sequence[str], recipes: Sequence[str]) -> str:
    """Return a query that finds the runs of a finding."""
    names = ", ".join(f"'{name}'" for name in workloads)
    how = ", ".join(f"'{name}'" for name in recipes)
    return (
        "select id, workload, recipe, batch_size, learning_rate, seed, outcome, "
        f"failed_at_step, steps from runs where workload in ({names}) "
        f"and recipe in ({how}) order by 2, 3, 4, 5, 6"
    )

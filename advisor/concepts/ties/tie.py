"""A tie: what is asked of the store for a concept, and how it is said (pure).

A sentence takes its numbers from the rows of its query alone, so whoever doubts a
number runs the query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.words import optimizer_title, title_of
from knowledge.recipes import RECIPES, is_variant
from knowledge.records import FP32

Row = Mapping[str, Any]
Rows = Sequence[Row]

MIN_RUNS = 5  # fewer say nothing
UNSTABLE = "outcome in ('degraded', 'diverged')"
JUDGED = "outcome in ('stable', 'degraded', 'diverged')"
IN_FP32 = f"\"precision\" = '{FP32}'"
FACES = f"workload like '%@1/%' and {IN_FP32}"
_NAMES = ", ".join(f"'{name}'" for name in RECIPES if not is_variant(name))
PLAIN_RECIPES = f"recipe in ({_NAMES})"


@dataclass(frozen=True)
class Tie:
    """A query and its words.

    Args:
        picks: The condition of the runs it rests on.
        sums_up: What follows `with picked as (...)`, those runs, in the query.
        say: Rows to sentences; None for rows that are too few to say anything.
    """

    picks: str
    sums_up: str
    say: Callable[[Rows], str | None]


def where_text(row: Row) -> str:
    """Return a row's workload and optimizer as people write them.

    >>> where_text({"workload": "digits_mlp", "recipe": "sgd", "optimizer": "sgd"})
    'Digits MLP with SGD'
    """
    return f"{title_of(row['workload'])} with {recipe_title(row)}"


def recipe_title(row: Row) -> str:
    """Return a row's optimizer, with its momentum if it has one."""
    name = optimizer_title(row["optimizer"])
    return f"{name} and momentum" if row["recipe"] == "momentum" else name


def verb(count: int, one: str, several: str) -> str:
    """Return the form of a verb that goes with a count."""
    return one if count == 1 else several

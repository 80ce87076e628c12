"""A rate that worked at one batch size, and the batch size it is wanted at (pure).

"5e-5 worked at batch 16, I go to 64", or the formula of a paper with its reference
batch: "5e-4 x batch / 512 at batch 64".
"""

import re
from dataclasses import dataclass

from advisor.reading.reading import Reading, read_text
from advisor.reading.text import Mark

_FORMULA = re.compile(
    rf"{Mark.RATE} ?(?:x|\*|times) ?\(? ?(?:total |global |effective )?(?:batch|bs|b)"
    rf"(?:[ _-]?size)? ?(?:/|divided by|over) ?{Mark.BATCH}"
)
# Where two sizes stand in one breath the first is where one comes from.
_TO = re.compile(
    r"(?:\bto\b|->|=>|\bnow\b|\bnext\b|\bgo(?:ing)?\b|\bwant\b|\bmove|\bswitch|"
    r"\bincreas|\braise|\bscal|\binstead\b|\bnew\b|\bwhat\b|\bwhich\b|\bhow\b)"
)


@dataclass(frozen=True)
class Carried:
    """A rate, the batch size it is known at and the one it is wanted at."""

    learning_rate: float
    from_batch_size: int
    to_batch_size: int


def read_carried(text: str) -> Carried | None:
    """Return what a text carries over; None where it does not say all three.

    >>> read_carried("5e-5 worked at batch 16, I go to 64: what lr?")
    Carried(learning_rate=5e-05, from_batch_size=16, to_batch_size=64)
    >>> read_carried("5e-4 x batch/512 at batch 64").from_batch_size
    512
    """
    reading = read_text(text, ())
    rates = dict(reading.roles.placed_rates)
    placed = sorted((b.position, b.values) for b in reading.roles.batches)
    sizes = [(position, size) for position, values in placed for size in values]
    if len(set(rates.values())) != 1 or len({size for _, size in sizes}) != 2:
        return None
    (rate_at, rate), *_ = rates.items()
    known_at = _known_at(reading, rate_at, sizes)
    wanted = next(size for _, size in reversed(sizes) if size != known_at)
    return Carried(rate, known_at, wanted)


def _known_at(reading: Reading, rate_at: int, sizes: list[tuple[int, int]]) -> int:
    """The batch size the rate is known at: the formula's, else the one beside it."""
    formula = _FORMULA.search(reading.marked)
    if formula:
        return min(sizes, key=lambda placed: abs(placed[0] - formula.end()))[1]
    first, last = sizes[0], sizes[-1]
    if first[0] == last[0]:
        return first[1]
    between = reading.marked[first[0] : last[0]]
    if _TO.search(between) and rate_at < last[0]:
        return first[1]
    return min(sizes, key=lambda placed: abs(placed[0] - rate_at))[1]

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
    rf"(?:[ _-]?size)? ?(?:/|divided by|over) ?{Mark.BATCH}|"
    rf"{Mark.RATE} per (?:batch )?{Mark.BATCH}"
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
    rates = _told_rates(reading)
    placed = sorted((b.position, b.values) for b in reading.roles.batches)
    sizes = [(position, size) for position, values in placed for size in values]
    if two := _two_pairs(reading, rates, sizes):
        return two
    if len(set(rates.values())) != 1:
        return None
    if reading.roles.is_same_again:
        size = sizes[-1][1]
        return Carried(next(iter(rates.values())), size, size)
    if len({size for _, size in sizes}) != 2:
        return None
    (rate_at, rate), *_ = rates.items()
    known_at = _known_at(reading, rate_at, sizes)
    wanted = next(size for _, size in reversed(sizes) if size != known_at)
    return Carried(rate, known_at, wanted)


_CANDIDATES = re.compile(
    rf"\b(?:best|better|winner|winning)(?: one)? (?:of|among|out of|from)[\s,]*"
    rf"(?:{Mark.RATE}[\s,]*(?:and |or )?)+"
)


def _told_rates(reading: Reading) -> dict[int, float]:
    """The rates by place, without those that another one was better than."""
    lists = [match.span() for match in _CANDIDATES.finditer(reading.marked)]
    told = dict(reading.roles.placed_rates)
    kept = {
        at: rate
        for at, rate in told.items()
        if not any(start <= at < end for start, end in lists)
    }
    return kept or told


def _two_pairs(
    reading: Reading, rates: dict[int, float], sizes: list[tuple[int, int]]
) -> Carried | None:
    """The pair that held, where a text asks about another one."""
    if len(set(rates.values())) != 2 or len(rates) != 2 or len(sizes) != 2:
        return None
    (rate_at, rate), (other_rate_at, _) = sorted(rates.items())
    (size_at, size), (other_size_at, other) = sizes
    told, asked = max(rate_at, size_at), min(other_rate_at, other_size_at)
    between = reading.marked[told:asked]
    is_told = told < asked and _KNOWN.search(reading.marked[:asked])
    if size == other or not is_told or not re.search(r"[.;?!,]", between):
        return None
    return Carried(rate, size, other) if _ASKED.search(reading.marked[told:]) else None


_ASKED = re.compile(r"\?|\b(?:can|could|should|may|is|would|what|how)\b")
# What tells that a rate was used, and is not only asked about.
_KNOWN = re.compile(
    r"\b(?:work\w*|fine|stable|good|ok|okay|best|held|holds?|converge\w*|used?|using|"
    r"ran|runs?|trained|trains|training|default|paper)\b"
)


def read_known(text: str) -> tuple[float, int] | None:
    """Return the one rate and the one batch size that a text says were used.

    >>> read_known("my hydranet trains fine at batch 8 with 1e-4")
    (0.0001, 8)
    >>> read_known("is 1e-4 safe at batch 8?")
    """
    reading = read_text(text, ())
    rates = set(reading.roles.all_rates)
    sizes = {size for batch in reading.roles.batches for size in batch.values}
    if len(rates) != 1 or len(sizes) != 1 or not _KNOWN.search(reading.marked):
        return None
    return rates.pop(), sizes.pop()


def read_formula(text: str) -> tuple[float, int] | None:
    """Return the rate of a formula and the batch size it is for, where that is all.

    >>> read_formula("the paper uses 5e-4 * batch/512")
    (0.0005, 512)
    """
    reading = read_text(text, ())
    rates = set(reading.roles.all_rates)
    sizes = {size for batch in reading.roles.batches for size in batch.values}
    is_one = len(rates) == 1 and len(sizes) == 1 and _FORMULA.search(reading.marked)
    return (rates.pop(), sizes.pop()) if is_one else None


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

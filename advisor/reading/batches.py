"""Batch sizes in a text, and what multiplies which of them (pure).

Steps of accumulation and devices multiply a batch size of one step on one device. Who
changes a setting names two: "8 with accumulation 4 worked, now 4 with accumulation 8".
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from advisor.reading.effective import DEVICES, Batch, Factor

# What comes after such a word is another setting than what came before.
_CHANGES = re.compile(
    r"\b(?:now|next|instead|wants?|going|go(?:es)? (?:to|down|up)|mov(?:e|ed|ing) to|"
    r"switch\w*|so (?:i|batch|we)|drop\w*|only have|rented|change to|changed to|"
    r"reduc\w*|leave|left|what about|oom)\b|->|=>"
)


def over_all(
    batches: Sequence[Batch], factors: Sequence[Factor], text: str
) -> tuple[list[Batch], list[str]]:
    """Return the batch sizes with their factors in, and a sentence for each product."""
    batches = sorted(batches, key=lambda batch: batch.position)
    factors = sorted(factors, key=lambda factor: factor.position)
    total = _written_total(batches, factors)
    if total is not None:
        return total, []
    said: dict[str, None] = {}
    for what in dict.fromkeys(factor.what for factor in factors):
        alike = [factor for factor in factors if factor.what == what]
        if len(alike) > 1 and not _changes_between(text, alike[0], alike[-1]):
            whole = math.prod(factor.value for factor in alike)
            alike = [replace(alike[0], value=whole)]
        batches = _multiplied(batches, alike, text, said)
    return batches, list(said)


def _written_total(
    batches: Sequence[Batch], factors: Sequence[Factor]
) -> list[Batch] | None:
    """The sizes where one of them is another times all factors; else None.

    A total that follows is that of the new setting: "16, now 4 cards, so 64". One that
    came first is what the smaller size makes again: "16 worked, now 4 accumulated 4".
    """
    whole = math.prod(factor.value for factor in factors)
    if whole == 1:
        return None
    sizes = {size: batch for batch in reversed(batches) for size in batch.values}
    for batch in batches:
        totals = [sizes[size * whole] for size in batch.values if size * whole in sizes]
        if not totals:
            continue
        if totals[0].position >= batch.position:
            return list(batches)
        again = replace(batch, values=tuple(size * whole for size in batch.values))
        return [again if other is batch else other for other in batches]
    return None


def _multiplied(
    batches: Sequence[Batch],
    factors: Sequence[Factor],
    text: str,
    said: dict[str, None],
) -> list[Batch]:
    """The batch sizes times factors of one kind, each times that of its setting."""
    if len(factors) > 1 and len(batches) == 1:
        moved = [replace(batches[0], position=f.position) for f in factors[1:]]
        batches = [batches[0], *moved]
    found = []
    for place, batch in enumerate(batches):
        factor = _factor_of(place, batches, factors, text)
        if factor is None or factor.value == 1:
            found.append(batch)
            continue
        said[f"The batch size was multiplied by {factor.value} {factor.what}."] = None
        sizes = tuple(size * factor.value for size in batch.values)
        found.append(replace(batch, values=sizes, is_explicit=True))
    return found


def _factor_of(
    place: int, batches: Sequence[Batch], factors: Sequence[Factor], text: str
) -> Factor | None:
    """The factor that goes with a batch size; None: it is not multiplied."""
    batch = batches[place]
    if len(factors) == len(batches):
        return factors[place]
    factor = min(factors, key=lambda f: abs(f.position - batch.position))
    by_device = factor.what == DEVICES and any(b.is_each for b in batches)
    if by_device and not batch.is_each:
        return None
    following = batches[place + 1 :]
    if following and factor.position > batch.position:
        change = _CHANGES.search(text, batch.position, factor.position)
        if change and following[-1].position > change.start():
            return None
    return factor


def _changes_between(text: str, first: Factor, last: Factor) -> bool:
    return bool(_CHANGES.search(text, first.position, last.position))

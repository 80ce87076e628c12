"""Batch sizes in a text, and what multiplies which of them (pure).

Devices and steps of accumulation multiply the size of one step on one device. Who
changes a setting names two: "8 with accumulation 4 worked, now 4 with accumulation 8".
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from advisor.reading import patterns
from advisor.reading.effective import DEVICES, Batch, Factor

# What comes after such a word is another setting than what came before.
_CHANGE = (
    r"\b(?:now|next|instead|wants?|going|go(?:es)? (?:to|down|up)|mov(?:e|ed|ing) to|"
    r"switch\w*|so (?:i|batch|we)|drop\w*|only have|rented|change to|changed to|"
    r"reduc\w*|leave|left|what about|oom)\b|->|=>"
)
_CHANGES, _SETTING_ENDS = re.compile(_CHANGE), re.compile(rf"{_CHANGE}|[.?!;\n]")


def over_all(
    batches: Sequence[Batch], factors: Sequence[Factor], text: str
) -> tuple[list[Batch], list[str]]:
    """Return the batch sizes with their factors in, and the arithmetic of each."""
    batches = sorted(batches, key=lambda batch: batch.position)
    turns = _turns(text)
    kinds = _by_kind([*factors, *_from_one(factors, text)], turns)
    total = _written_total(batches, kinds)
    if total is not None:
        return total, []
    for alike in kinds:
        batches = _multiplied(batches, alike, turns, text)
    sums = dict.fromkeys(said for batch in batches for said in batch.sums())
    found = (batch.over_all() for batch in batches)
    return sorted(found, key=lambda batch: batch.position), list(sums)


def _turns(text: str) -> list[int]:
    """Where another setting begins."""
    found = [match.start() for match in _CHANGES.finditer(text)]
    found += [match.start("after") for match in patterns.GREW_FROM.finditer(text)]
    found += [match.start("turn") for match in patterns.GREW.finditer(text)]
    return sorted(found)


def _from_one(factors: Sequence[Factor], text: str) -> list[Factor]:
    """One device, or one step, before there were more: "16 on a card, now 4 of them".

    What multiplies the size before the change, too, was there before.
    """
    grew = patterns.GREW.search(text)
    if grew is None:
        return []
    turn = grew.start("turn")
    kinds = {f.what for f in factors} - {f.what for f in factors if f.position < turn}
    return [Factor(1, grew.start(), what) for what in sorted(kinds)]


def _by_kind(factors: Sequence[Factor], turns: Sequence[int]) -> list[list[Factor]]:
    """The factors of each kind, one for each setting, in their order."""
    ordered = sorted(factors, key=lambda factor: factor.position)
    kinds = []
    for what in dict.fromkeys(factor.what for factor in ordered):
        alike = [factor for factor in ordered if factor.what == what]
        ends = alike[0].position, alike[-1].position
        if len(alike) > 1 and not _between(turns, *ends):
            whole = math.prod(factor.value for factor in alike)
            alike = [replace(alike[0], value=whole)]
        kinds.append(alike)
    return kinds


def _written_total(
    batches: Sequence[Batch], kinds: Sequence[Sequence[Factor]]
) -> list[Batch] | None:
    """The sizes where one of them is another times all factors; else None.

    A total that follows is that of the new setting: "16, now 4 cards, so 64". One that
    came first is what the smaller size makes again: "16 worked, now 4 accumulated 4".
    """
    whole = math.prod(alike[-1].value for alike in kinds)
    each_has_its_own = any(1 < len(alike) == len(batches) for alike in kinds)
    if whole == 1 or each_has_its_own:
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
    batches: Sequence[Batch], factors: Sequence[Factor], turns: Sequence[int], text: str
) -> list[Batch]:
    """The sizes with the factor of one kind that goes with the setting of each.

    Where the factor alone changes, the same size is there before and after.
    """
    starts = [_between(turns, a.position, b.position) for a, b in pairwise(factors)]
    found = []
    for place, factor in enumerate(factors):
        here = [
            batch
            for batch in batches
            if place == sum(batch.position >= start[0] for start in starts if start)
        ]
        here = here or [replace(b, position=factor.position) for b in batches]
        found += [
            replace(batch, factors=(*batch.factors, factor))
            if _goes_with(factor, batch, batches, text)
            else batch
            for batch in here
        ]
    return found


def _goes_with(
    factor: Factor, batch: Batch, batches: Sequence[Batch], text: str
) -> bool:
    """Whether a factor multiplies a size: not where those of one device are named
    besides, nor one that a later setting, with a size of its own, has taken over from.
    """
    if factor.what == DEVICES and any(other.is_each for other in batches):
        return batch.is_each
    at, last = batch.position, max(other.position for other in batches)
    ends = _SETTING_ENDS.finditer(text, at, max(at, factor.position))
    return not any(last > end.start() for end in ends)


def _between(places: Sequence[int], start: int, end: int) -> list[int]:
    return [place for place in places if start < place <= end]

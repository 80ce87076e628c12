"""Which of the batch sizes in a text is the one that is asked about.

"I ran batch 4 until now. What rate for batch 8?" names two and asks about the second.
"""

import re

from advisor.reading.batches import Batch
from advisor.reading.roles import Roles
from advisor.reading.text import Mark

_CLAUSE_END = re.compile(
    r"[.?!;\n]+(?=\s|$)|,? (?=(?:but|given|since|because|when|knowing|after|while|"
    r"whereas|though|although)\b)|, (?=(?:so |and |then )?(?:what|which|how|is|does|"
    r"should|can|could|will|would|do|at)\b)"
)
_ASKS = re.compile(
    r"\b(?:what|which|how|is|does|should|can|could|will|would|do|recommend|suggest|"
    r"lr)\b"
)
_BACKGROUND = re.compile(
    r"\s*(?:but |and )?(?:given|since|because|when|knowing|after|while|whereas|though|"
    r"although|i (?:have|had|used|use|ran|trained|train)|so far|my)\b"
)


# "no sorry, i meant batch 28": what follows replaces what came before.
_CORRECTS = re.compile(
    r"\b(?:i me(?:ant|an)|sorry|make (?:it|that)|correction|typo|no wait|no,? i said)\b"
    r"[^.?!\n]{0,25}$"
)


# "batch 4 and 8", but not "batch 4 and what if 8" and not "batch 4 and 5e-5, now 8".
_JOINS = re.compile(
    r"\b(?:and|or|vs|versus)\b(?! (?:what|how|is|if|i|want|now|next|would)\b|"
    rf" ?{Mark.RATE})"
)


def choose_batches(roles: Roles, *, all_named: bool) -> tuple[int, ...]:
    """Return the batch sizes that are asked about.

    The sentence that asks counts first, then a size called a batch, then a bare number.
    `all_named` joins every size that was called a batch.
    """
    for batch in reversed(roles.batches):
        if _CORRECTS.search(roles.marked[: batch.position]):
            return batch.values
    explicit = [batch for batch in roles.batches if batch.is_explicit]
    if all_named:
        named = roles.batches if len(explicit) < 2 else explicit
        return tuple(dict.fromkeys(v for batch in named for v in batch.values))
    asked = [b for b in roles.batches if _is_asked(roles.marked, b.position)]
    for group in (
        [batch for batch in asked if batch.is_explicit],
        asked,
        explicit,
        roles.batches,
    ):
        if group:
            return _joined(roles.marked, group)
    return ()


def choose_rates(roles: Roles) -> list[float]:
    """Return the rates of the sentence that asks, each once; none where none does."""
    asked = [
        rate for place, rate in roles.placed_rates if _is_asked(roles.marked, place)
    ]
    return list(dict.fromkeys(asked))


def _joined(text: str, batches: list[Batch]) -> tuple[int, ...]:
    """Return the last batch, with the one before it where "and" stands between."""
    last = batches[-1]
    values = last.values
    for before in reversed(batches[:-1]):
        between = text[before.position : last.position]
        if not _JOINS.search(between):
            break
        values, last = (*before.values, *values), before
    return tuple(dict.fromkeys(values))


def _is_asked(text: str, position: int) -> bool:
    start = 0
    for match in _CLAUSE_END.finditer(text):
        if match.end() > position:
            clause, mark = text[start : match.start()], match[0]
            break
        start = match.end()
    else:
        clause, mark = text[start:], ""
    if _BACKGROUND.match(clause):
        return False
    return "?" in mark or bool(_ASKS.search(clause))

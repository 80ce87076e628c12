"""The marks [1], [2] of a short answer -> the very runs and reports they name."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answers.evidence_rows import claim_summary, rows_of_runs
from advisor.evidence.library import Library
from knowledge.records import Document


@dataclass(frozen=True)
class Citation(Document):
    """A numbered run or report that a sentence of an answer rests on."""

    number: int
    id: str
    summary: str


def citations_of(library: Library, ids: Sequence[str]) -> tuple[Citation, ...]:
    """Return the rows with these ids, numbered from 1 in their order."""
    summaries = {row["id"]: row["summary"] for row in rows_of_runs(library, ids)}
    summaries |= {c.id: claim_summary(c) for c in library.claims() if c.id in ids}
    return tuple(
        Citation(number, one, summaries[one])
        for number, one in enumerate(ids, 1)
        if one in summaries
    )

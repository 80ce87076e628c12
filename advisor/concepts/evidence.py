"""What the runs in a store say of a concept, and a concept as it is read aloud.

Pages hold no numbers of ours; those are read from the store when asked for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.answers.evidence_rows import run_summary
from advisor.concepts.ties.stock import COUNTED_CLAIMS
from advisor.concepts.ties.table import TIES
from advisor.concepts.ties.tie import Tie
from knowledge.concepts.pages import Concept
from knowledge.records import OURS, STUDY, Document
from knowledge.store.store import Store
from knowledge.store.tables import RUN_COLUMNS, run_from_row

MAX_EVIDENCE = 50  # runs that are listed; the query finds all


@dataclass(frozen=True)
class ConceptEvidence(Document):
    """What our own runs say; every number in `text` is in `rows`.

    `sql` gives the rows again; `evidence` lists the first of the runs behind them.
    """

    concept: str
    text: str
    rows: tuple[Mapping[str, Any], ...]
    sql: str
    evidence: tuple[Mapping[str, str], ...]


def concept_evidence(
    store: Store, concept: Concept, *, leave_out_sources: Sequence[str] = ()
) -> ConceptEvidence | None:
    """Return what our own runs say of a concept; None where they say nothing.

    Imported runs do not count, nor do those of `leave_out_sources`.
    """
    if concept.ties is None:
        return None
    tie = TIES[concept.ties]
    sql = _query(tie, leave_out_sources)
    # As JSON the rows keep their names and hold plain values.
    found = store.rows(f"select to_json(r)::varchar from (\n{sql}\n) r")
    rows = tuple(json.loads(row) for (row,) in found)
    text = tie.say(rows) if rows else None
    if text is None:
        return None
    return ConceptEvidence(
        concept.key, text, rows, sql, _evidence(store, tie, leave_out_sources)
    )


def explain_text(concept: Concept, evidence: ConceptEvidence | None = None) -> str:
    """Return a concept in words: the answer, the rest, our own runs, the source."""
    parts = [concept.answer, concept.rest]
    if evidence is not None:
        parts.append(f"What our own runs say: {evidence.text}")
    return "\n\n".join([*parts, f"Source: {concept.source}"])


def _picked(tie: Tie, leave_out_sources: Sequence[str]) -> str:
    sources = [source for source in (OURS, STUDY) if source not in leave_out_sources]
    kept = f"source in ({_quoted(sources)})" if sources else "false"
    return f"from runs where {kept} and {tie.picks}"


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _query(tie: Tie, leave_out_sources: Sequence[str]) -> str:
    left_out = _quoted(leave_out_sources)
    kept = f" and source not in ({left_out})" if left_out else ""
    claims = (
        f",\n{COUNTED_CLAIMS} as (select * from claims where id not in "
        f"(select claim_id from retractions){kept})"
        if COUNTED_CLAIMS in tie.sums_up
        else ""
    )
    picked = f"with picked as (select * {_picked(tie, leave_out_sources)})"
    return f"{picked}{claims}{tie.sums_up}"


def _evidence(
    store: Store, tie: Tie, leave_out_sources: Sequence[str]
) -> tuple[Mapping[str, str], ...]:
    columns = ", ".join(f'"{name}"' for name in RUN_COLUMNS)
    rows = store.rows(
        f"select {columns} {_picked(tie, leave_out_sources)} order by workload, "
        f"recipe, batch_size, learning_rate, id limit {MAX_EVIDENCE}"
    )
    runs = [run_from_row(row) for row in rows]
    return tuple({"kind": "run", "id": r.id, "summary": run_summary(r)} for r in runs)

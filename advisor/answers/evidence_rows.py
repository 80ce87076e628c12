"""What an answer rests on, as rows to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.answers.brief import Citation
from advisor.answers.recommendation import Recommendation
from advisor.evidence.library import Library
from advisor.evidence.scope import Exclusion
from advisor.rates import rate_text
from advisor.words import chance_text
from knowledge.records import FP32, TOLD_TITLE, Claim, Run

MAX_EVIDENCE = 200


def evidence_of(
    library: Library, found: Sequence[Recommendation]
) -> tuple[dict[str, str], ...]:
    """What the answers rest on, claims first, each with a line to read."""
    used = dict.fromkeys(i for r in found for i in r.evidence.used)
    claims = {c.id: c for c in library.claims() if c.id in used}
    return (
        *(
            {"kind": "claim", "id": c.id, "summary": claim_summary(c)}
            for c in claims.values()
        ),
        *rows_of_runs(library, [i for i in used if i not in claims]),
    )


def rows_of_runs(library: Library, ids: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Runs by their ids, each with a line to read."""
    found = library.runs_by_id(ids[:MAX_EVIDENCE]) if ids else []
    return tuple(
        {"kind": "run", "id": run.id, "summary": run_summary(run)} for run in found
    )


def citations_of(library: Library, ids: Sequence[str]) -> tuple[Citation, ...]:
    """Return the rows that a short answer cites, numbered from 1 in their order."""
    summaries = {row["id"]: row["summary"] for row in rows_of_runs(library, ids)}
    summaries |= {c.id: claim_summary(c) for c in library.claims() if c.id in ids}
    return tuple(
        Citation(number, one, summaries[one])
        for number, one in enumerate(ids, 1)
        if one in summaries
    )


def run_summary(run: Run) -> str:
    """Return one run in a line."""
    outcome = run.outcome or "no outcome given"
    at = f" at step {run.failed_at_step}" if run.failed_at_step else ""
    # An import's length is in whatever its source counts: steps, epochs or tokens.
    unit = " steps" if run.is_measured or run.is_told else ""
    length = f", length {run.horizon_steps:g}{unit}" if run.horizon_steps else ""
    seed = f", seed {run.seed}" if run.seed is not None else ""
    metric = (
        f", {run.metric_name} {run.metric_value:.4g}"
        if run.metric_value is not None
        else ""
    )
    precision = f", {run.precision}" if run.precision not in (None, FP32) else ""
    source = TOLD_TITLE if run.is_told else run.source
    return (
        f"{run.workload} at batch {run.batch_size}, {rate_text(run.learning_rate)}: "
        f"{outcome}{at}{length}{metric}{seed}{precision} ({source})"
    )


def claim_summary(claim: Claim) -> str:
    """Return one claim in a line, with what is our reading marked as such."""
    reading = f" [our reading: {claim.inferred}]" if claim.inferred else ""
    return f"{claim.statement} ({claim.source_title}){reading}"


def row_to_read(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a table with its names and rates as people write them.

    >>> row_to_read({"learning_rate": 0.006, "failed_at_step": 242})
    {'learning rate': '6e-3', 'failed at step': 242}
    """
    written = {"learning_rate": rate_text, "probability_stable": chance_text}
    return {
        name.replace("_", " "): written[name](value)
        if name in written and value is not None
        else value
        for name, value in row.items()
    }


def exclusions_text(excluded: Sequence[Exclusion]) -> list[str]:
    """Return why rows were left out, a line per reason."""
    reasons: dict[str, list[str]] = {}
    for exclusion in excluded:
        reasons.setdefault(exclusion.reason, []).append(exclusion.id)
    return [f"{len(ids)}: {reason}" for reason, ids in sorted(reasons.items())]

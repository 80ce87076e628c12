"""What an answer rests on, as rows to read, and the scope a question names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import claim_summary, run_summary
from advisor.reading.parsing import Question

if TYPE_CHECKING:
    from advisor.service import Advisor

MAX_EVIDENCE = 200


def setting_of(q: Question) -> dict[str, Any]:
    """The optimizer and device that a question names."""
    return {"optimizer": q.slots.optimizer, "device": q.slots.device}


def scope_of(q: Question) -> dict[str, Any]:
    """The optimizer and device that a question names, the run length and the risk."""
    scope = {**setting_of(q), "horizon": q.conditions.horizon_steps}
    if q.conditions.risk is not None:
        scope["risk"] = q.conditions.risk
    return scope


def evidence_of(
    advisor: "Advisor", found: Sequence[Recommendation]
) -> tuple[dict[str, str], ...]:
    """What the answers rest on, claims first, each with a line to read."""
    used = dict.fromkeys(i for r in found for i in r.evidence.used)
    claims = {c.id: c for c in advisor.claims() if c.id in used}
    run_ids = [i for i in used if i not in claims][:MAX_EVIDENCE]
    runs = advisor.runs_by_id(run_ids)
    return (
        *(
            {"kind": "claim", "id": c.id, "summary": claim_summary(c)}
            for c in claims.values()
        ),
        *({"kind": "run", "id": r.id, "summary": run_summary(r)} for r in runs),
    )

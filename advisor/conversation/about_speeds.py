"""The answer to "which batch size is fastest?"."""

from advisor.answers.evidence_rows import claim_summary, evidence_of
from advisor.answers.fastest_batch import fastest_batch_text
from advisor.checks import several
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.reading.question import Question


def fastest_batch_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The fastest batch size of a workload here at which a stable rate is known."""
    workloads = several(q.slots.workload)
    if not workloads:
        return ask_back(q)
    found = parts.answers.fastest_batch(workloads[0], asked)
    chosen = [found.choice.recommendation] if found.choice else []
    claims = [
        {"kind": "claim", "id": c.id, "summary": claim_summary(c)} for c in found.claims
    ]
    return reply(
        q,
        fastest_batch_text(found),
        recommendations=tuple(chosen),
        evidence=(*claims, *evidence_of(parts.library, chosen)),
        rows=tuple(choice.to_dict() for choice in found.choices),
        fastest=found,
    )

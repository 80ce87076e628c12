"""Answers about batch sizes: how the rate goes with them, and which is fastest."""

from dataclasses import replace

from advisor.answers.evidence_rows import claim_summary, evidence_of
from advisor.answers.fastest_batch import fastest_batch_text
from advisor.checks import check_batch_size, several
from advisor.conversation.about_rates import MAX_COMBINATIONS, rates_text
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.reading.question import Question
from advisor.scaling.records import ScalingReport
from advisor.scaling.wording import scaling_answer_text


def scaling_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The verdict on each claimed rule, with the rates at the sizes that are named."""
    workloads = several(q.slots.workload)
    workload = workloads[0] if workloads else None
    report = parts.referee.report(workload, asked)
    batches = [check_batch_size(b) for b in several(q.slots.batch_size)]
    found = [
        parts.answers.recommend(workload, b, asked)
        for b in batches[:MAX_COMBINATIONS]
        if workload is not None
    ]
    said = [scaling_answer_text(report)]
    if len(found) > 1:
        said.insert(0, rates_text(found, said=True))
    return reply(
        q,
        "\n\n".join(said),
        recommendations=tuple(found),
        evidence=_evidence(parts, report, asked),
        scaling=report,
    )


def _evidence(
    parts: Parts, report: ScalingReport, asked: Asked
) -> tuple[dict[str, str], ...]:
    """The claims that are judged, then what the exponent of one workload rests on."""
    judged = {claim.id for claim in report.claims}
    claims = [
        {"kind": "claim", "id": c.id, "summary": claim_summary(c)}
        for c in parts.library.claims()
        if c.id in judged
    ]
    if report.workload is None or report.batch_range is None:
        return tuple(claims)
    asked = replace(asked, optimizer=report.optimizer)
    r = parts.answers.recommend(report.workload, report.batch_range[0], asked)
    return (*claims, *evidence_of(parts.library, [r]))


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

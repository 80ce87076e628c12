"""Answers about batch sizes: how the rate goes with them, and which is fastest."""

from dataclasses import replace

from advisor.answers.evidence_rows import claim_summary, evidence_of
from advisor.answers.fastest_batch import fastest_batch_text
from advisor.checks import check_batch_size, several
from advisor.conversation.about_rates import MAX_COMBINATIONS, rates_text
from advisor.conversation.about_unknown import USUAL_OPTIMIZER, exponents_for
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import ask_back
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading.carried import Carried, read_carried
from advisor.reading.formulas import read_model_numbers
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.scaling.carrying_over import carry_over
from advisor.scaling.formulas import Case, formulas_text, what_formulas_say
from advisor.scaling.published import formula_figures
from advisor.scaling.records import ScalingReport
from advisor.scaling.wording import conclusion_text, scaling_details
from advisor.words import optimizer_title, percent, title_of


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
    said = [conclusion_text(report)]
    if len(found) > 1:
        said.insert(0, rates_text(found, said=True))
    return reply(
        q,
        "\n\n".join(said),
        details=scaling_details(report),
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


def formulas_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """Every formula's rate for the case that is asked about, and what runs say."""
    carried = read_carried(q.text) or _from_runs(parts, q, asked)
    numbers = read_model_numbers(q.text)
    case = Case(
        learning_rate=carried.learning_rate if carried else None,
        from_batch_size=carried.from_batch_size if carried else None,
        to_batch_size=carried.to_batch_size if carried else None,
        **vars(numbers),
    )
    said = what_formulas_say(case, formula_figures())
    text = [formulas_text(said, asked.optimizer)]
    found = None
    if carried is not None:
        optimizer = asked.optimizer or USUAL_OPTIMIZER
        found = carry_over(
            carried.learning_rate,
            carried.from_batch_size,
            carried.to_batch_size,
            optimizer=optimizer,
            exponents=exponents_for(parts, optimizer, asked),
        )
        m = found.measured
        if m is not None:
            title = optimizer_title(optimizer)
            text.append(
                f"What runs with {title} showed: {rate_text(m.median)} "
                f"({percent(m.level)}: {rate_text(m.low)} to {rate_text(m.high)})."
            )
        text.insert(0, _case_text(q, carried))
    return reply(
        replace(q, intent=Intent.SCALING_RULE),
        "\n\n".join(text),
        formulas=said,
        carried_over=found,
        unknown_workload=q.unknown_workload,
    )


def _case_text(q: Question, carried: Carried) -> str:
    """What the rates are carried from, and to."""
    start = f"{rate_text(carried.learning_rate)} at batch {carried.from_batch_size}"
    if read_carried(q.text) is None:
        name = title_of(next(iter(several(q.slots.workload))))
        start += f", which runs of {name} say,"
    return f"From {start} to batch {carried.to_batch_size} the formulas give:"


def _from_runs(parts: Parts, q: Question, asked: Asked) -> Carried | None:
    """Of a stored workload: the rate at the nearest other batch size that was run."""
    name = next(iter(several(q.slots.workload)), None)
    wanted = next(iter(several(q.slots.batch_size)), None)
    if name is None or wanted is None or q.unknown_workload is not None:
        return None
    sizes = {run.batch_size for run in parts.library.runs_of(name)} - {wanted}
    if not sizes:
        return None
    nearest = min(sizes, key=lambda size: max(size, wanted) / min(size, wanted))
    there = parts.answers.recommend(name, nearest, asked)
    if there.learning_rate is None:
        return None
    return Carried(there.learning_rate, nearest, wanted)

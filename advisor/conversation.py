"""ask(): a question in words -> an answer with its numbers, evidence and next step.

Nothing here starts a job: a wish for a run comes back as a plan to be confirmed. A slot
with several values gives one recommendation for each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from advisor.checks import check_batch_size, check_learning_rate
from advisor.comparing import Comparison
from advisor.question import Question, parse_question
from advisor.rates import rate_text
from advisor.recommendation import Judgement, Recommendation
from advisor.scaling import ScalingReport
from advisor.scaling_wording import scaling_answer_text
from advisor.throughput import FastestBatch
from advisor.throughput_wording import fastest_batch_text
from advisor.verifying import job_dict
from advisor.wording import (
    claim_summary,
    comparison_text,
    duration_text,
    judgement_text,
    largest_batch_text,
    plan_text,
    recommendation_text,
    run_summary,
    title_of,
)
from experiments.workloads import WORKLOADS
from knowledge.concepts import find_concept, load_concepts
from knowledge.names import nearest_names

if TYPE_CHECKING:
    from advisor.service import Advisor

MAX_COMBINATIONS = 8
MAX_EVIDENCE = 200
EXAMPLES = (
    "What LR for batch 5 on RealFace?",
    "Is 1e-4 safe for Original at batch 6?",
    "Does the learning rate go with the batch size for DLight?",
)


@dataclass(frozen=True)
class Answer:
    """What a person gets back; every number in `text` stands in the other fields."""

    question: str
    intent: str
    slots: dict[str, Any]
    text: str
    recommendations: tuple[Recommendation, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    evidence: tuple[dict[str, str], ...] = ()
    rows: tuple[dict[str, Any], ...] | None = None
    scaling: dict[str, Any] | None = None
    comparisons: tuple[Comparison, ...] = ()
    fastest: FastestBatch | None = None
    clarification: dict[str, Any] | None = None
    inherited: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    plan: dict[str, Any] | None = None
    answer_id: str | None = field(default=None, compare=False)

    @property
    def recommendation(self) -> Recommendation | None:
        """The recommendation when there is one."""
        return self.recommendations[0] if self.recommendations else None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        r = self.recommendation
        return {
            "question": self.question,
            "intent": self.intent,
            "slots": self.slots,
            "text": self.text,
            "recommendation": r.to_dict() if r else None,
            "recommendations": [x.to_dict() for x in self.recommendations],
            "judgements": [
                {k: v for k, v in j.to_dict().items() if k != "recommendation"}
                for j in self.judgements
            ],
            "evidence": list(self.evidence),
            "rows": list(self.rows) if self.rows is not None else None,
            "scaling": self.scaling,
            "comparisons": [c.to_dict() for c in self.comparisons],
            "fastest_batch": self.fastest.to_dict() if self.fastest else None,
            "verification": self.plan
            or (r.verification.to_dict() if r and r.verification.needed else None),
            "clarification": self.clarification,
            "inherited": list(self.inherited),
            "warnings": list(self.warnings),
            "answer_id": self.answer_id,
        }


def ask(
    advisor: "Advisor",
    text: str,
    *,
    context: str | None = None,
    exclude: Sequence[str] = (),
) -> Answer:
    """Return the answer to a question in words, saved under its `answer_id`.

    Args:
        advisor: Answers from its store.
        text: The question as typed.
        context: The previous turn, whose slots a follow-up inherits.
        exclude: Ids of runs and claims to leave out.

    Raises:
        BadValueError: A number in the question cannot be right.
    """
    known = list(dict.fromkeys([*WORKLOADS, *advisor.store.workload_names()]))
    question = parse_question(text, context=context, known_workloads=known)
    answer = _answer(advisor, question, tuple(exclude), known)
    answer = replace(
        answer,
        inherited=tuple(sorted(question.inherited)),
        warnings=(*question.warnings, *answer.warnings),
    )
    document = answer.to_dict()
    answer_id = advisor.save_answer(
        question=text,
        context=context,
        intent=answer.intent,
        slots=answer.slots,
        text=answer.text,
        recommendation=document["recommendation"],
        evidence=document["evidence"],
    )
    return replace(answer, answer_id=answer_id)


def _answer(
    advisor: "Advisor", question: Question, exclude: tuple[str, ...], known: list[str]
) -> Answer:
    if question.unknown_workload is not None:
        near = nearest_names(question.unknown_workload, known)
        return _clarify(
            question,
            f"I know no workload called '{question.unknown_workload[:60]}'. "
            "Which one do you mean?",
            near or list(WORKLOADS),
        )
    handlers: Mapping[str, Callable[[], Answer]] = {
        "recommend_lr": lambda: _recommend(advisor, question, exclude),
        "compare_models": lambda: _recommend(advisor, question, exclude),
        "judge_lr": lambda: _judge(advisor, question, exclude),
        "diagnose": lambda: _judge(advisor, question, exclude),
        "max_batch_for_lr": lambda: _largest_batch(advisor, question, exclude),
        "scaling_rule": lambda: _scaling(advisor, question),
        "fastest_batch": lambda: _fastest_batch(advisor, question, exclude),
        "run_verification": lambda: _plan(advisor, question),
        "show_runs": lambda: _show_runs(advisor, question),
        "status_of_jobs": lambda: _status(advisor, question),
        "cancel": lambda: _cancel(advisor, question),
        "explain_concept": lambda: _explain(question),
        "help": lambda: _help(question),
        "off_topic": lambda: _off_topic(question),
        "needs_clarification": lambda: _ask_back(question),
    }
    return handlers[question.intent]()


# -- rates -----------------------------------------------------------------------------


def _recommend(advisor: "Advisor", q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads = _several(q.slots.workload)
    batches = _several(q.slots.batch_size)
    if not workloads or (not batches and q.intent == "recommend_lr"):
        return _ask_back(q)
    if not batches:
        batches = [8]
    pairs = list(product(workloads, batches))[:MAX_COMBINATIONS]
    found = [
        advisor.recommend(w, check_batch_size(b), **_scope(q), exclude=exclude)
        for w, b in pairs
    ]
    compared = _compare(advisor, q, found, exclude)
    text = recommendation_text(found[0])
    if len(found) > 1:
        said = [comparison_text(c) for c in compared]
        listed = _rates_text(found, said=bool(_several(q.slots.batch_size)))
        text = "\n\n".join([*said, listed])
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=text,
        recommendations=tuple(found),
        evidence=_evidence(advisor, found),
        comparisons=tuple(compared),
    )


def _compare(
    advisor: "Advisor",
    q: Question,
    found: Sequence[Recommendation],
    exclude: tuple[str, ...],
) -> list[Comparison]:
    """The workloads against each other at each batch size that has two of them."""
    by_batch: dict[int, list[str]] = {}
    for r in found:
        by_batch.setdefault(r.batch_size, []).append(r.workload)
    return [
        advisor.compare(names, batch, **_scope(q), exclude=exclude)
        for batch, names in by_batch.items()
        if len(set(names)) > 1
    ]


def _rates_text(found: Sequence[Recommendation], *, said: bool) -> str:
    lines = []
    for r in found:
        where = f"{title_of(r.workload)} at batch {r.batch_size}"
        if r.learning_rate is None or r.max_stable is None:
            rate = rate_text(r.learning_rate) if r.learning_rate else "no rate yet"
            lines.append(f"{where}: {rate} ({r.basis}).")
            continue
        m = r.max_stable
        lines.append(
            f"{where}: {rate_text(r.learning_rate)}, P(stable) "
            f"{r.probability_stable:g}; half fail near {rate_text(m.median)} "
            f"({rate_text(m.low)} to {rate_text(m.high)}, {r.basis})."
        )
    if not said:
        lines.append("No batch was named, so I compared at 8.")
    lines.append(plan_text(found[0]))
    return "\n\n".join(line for line in lines if line)


def _judge(advisor: "Advisor", q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads, batches = _several(q.slots.workload), _several(q.slots.batch_size)
    rates = _several(q.slots.learning_rate)
    if not (workloads and batches and rates):
        if q.intent == "diagnose":
            return _diagnose_blindly(q)
        return _ask_back(q)
    triples = list(product(workloads, batches, rates))[:MAX_COMBINATIONS]
    judged = [
        advisor.judge(
            w,
            check_batch_size(b),
            check_learning_rate(rate),
            **_scope(q),
            exclude=exclude,
        )
        for w, b, rate in triples
    ]
    texts = [judgement_text(j) for j in judged]
    if q.intent == "diagnose":
        texts.insert(0, _diagnosis(judged[0]))
    found = tuple(j.recommendation for j in judged)
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text="\n\n".join(texts),
        recommendations=found,
        judgements=tuple(judged),
        evidence=_evidence(advisor, found),
    )


def _diagnosis(j: Judgement) -> str:
    if j.verdict == "safe":
        return (
            "The rate is within what is held to be safe here, so look elsewhere "
            "first: data, a resumed optimizer state, mixed precision, then warm-up "
            "or clipping."
        )
    if j.verdict == "unknown":
        return "The evidence is too thin to say whether the rate is the cause."
    return (
        "The rate is the likeliest cause: it is near or above where runs fail. Try "
        "warm-up or gradient clipping first, then lower it."
    )


def _diagnose_blindly(q: Question) -> Answer:
    clarification = _missing(q, ("workload", "batch_size", "learning_rate"))
    return Answer(
        question=q.text,
        intent="diagnose",
        slots=q.slots.to_dict(),
        text="A loss that jumps and stays, nan, or a preview that blurs most often "
        "means that the rate is above what the model stands. "
        f"{clarification['question']}",
        clarification=clarification,
    )


def _largest_batch(advisor: "Advisor", q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads, rates = _several(q.slots.workload), _several(q.slots.learning_rate)
    if not workloads or not rates:
        return _ask_back(q)
    found = advisor.largest_batch(
        workloads[0], check_learning_rate(rates[0]), **_scope(q), exclude=exclude
    )
    recommendation = found.recommendation
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=largest_batch_text(found),
        recommendations=(recommendation,) if recommendation else (),
        evidence=_evidence(advisor, [recommendation] if recommendation else []),
        rows=({"largest_batch": found.batch_size, "reason": found.reason},),
    )


def _scaling(advisor: "Advisor", q: Question) -> Answer:
    workloads = _several(q.slots.workload)
    workload = workloads[0] if workloads else None
    report = advisor.scaling(workload, optimizer=q.slots.optimizer)
    batches = [check_batch_size(b) for b in _several(q.slots.batch_size)]
    found = [
        advisor.recommend(workload, b, **_scope(q))
        for b in batches[:MAX_COMBINATIONS]
        if workload is not None
    ]
    parts = [scaling_answer_text(report)]
    if len(found) > 1:
        parts.insert(0, _rates_text(found, said=True))
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text="\n\n".join(parts),
        recommendations=tuple(found),
        evidence=_scaling_evidence(advisor, report),
        scaling=report.to_dict(),
    )


def _scaling_evidence(
    advisor: "Advisor", report: ScalingReport
) -> tuple[dict[str, str], ...]:
    """The claims that are judged, then what the exponent of one workload rests on."""
    judged = {claim.id for claim in report.claims}
    claims = [
        {"kind": "claim", "id": c.id, "summary": claim_summary(c)}
        for c in advisor.claims()
        if c.id in judged
    ]
    if report.workload is None or report.batch_range is None:
        return tuple(claims)
    r = advisor.recommend(
        report.workload, report.batch_range[0], optimizer=report.optimizer
    )
    return (*claims, *_evidence(advisor, [r]))


def _fastest_batch(advisor: "Advisor", q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads = _several(q.slots.workload)
    if not workloads:
        return _ask_back(q)
    found = advisor.fastest_batch(workloads[0], **_scope(q), exclude=exclude)
    chosen = [found.choice.recommendation] if found.choice else []
    claims = [
        {"kind": "claim", "id": c.id, "summary": claim_summary(c)} for c in found.claims
    ]
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=fastest_batch_text(found),
        recommendations=tuple(chosen),
        evidence=(*claims, *_evidence(advisor, chosen)),
        rows=tuple(choice.to_dict() for choice in found.choices),
        fastest=found,
    )


# -- runs and jobs ---------------------------------------------------------------------


def _plan(advisor: "Advisor", q: Question) -> Answer:
    workloads, batches = _several(q.slots.workload), _several(q.slots.batch_size)
    if not workloads or not batches:
        return _ask_back(q)
    workload, batch = workloads[0], check_batch_size(batches[0])
    r = advisor.recommend(workload, batch, **_scope(q))
    rates = [check_learning_rate(rate) for rate in _several(q.slots.learning_rate)]
    plan = advisor.plan_runs(
        workload,
        [check_batch_size(b) for b in batches],
        rates,
        **_scope(q),
        budget_seconds=q.budget_seconds,
    )
    if not plan["runs"]:
        text = plan["reason"]
    else:
        names = sorted({run["workload"] for run in plan["runs"]})
        sizes = sorted({run["batch_size"] for run in plan["runs"]})
        text = (
            f"I can run {len(plan['runs'])} run{'s' if len(plan['runs']) != 1 else ''} "
            f"of {', '.join(names)} at batch {', '.join(map(str, sizes))} in at most "
            f"about {duration_text(plan['estimated_seconds'])}. Nothing has started: "
            "confirm the plan to run it."
        )
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=text,
        recommendations=(r,),
        evidence=_evidence(advisor, [r]),
        plan=plan,
    )


def _show_runs(advisor: "Advisor", q: Question) -> Answer:
    where: list[str] = ["true"]
    values: list[Any] = []
    if workloads := _several(q.slots.workload):
        # A model's narrower copies are asked for along with it.
        where.append(
            "(workload in (select unnest(?)) or split_part(workload, '@', 1) "
            "in (select unnest(?)))"
        )
        values += [workloads, workloads]
    if batches := _several(q.slots.batch_size):
        where.append("batch_size in (select unnest(?))")
        values.append(batches)
    for outcome in ("diverged", "degraded", "stable", "incomplete"):
        if outcome in q.text.lower():
            where.append("outcome = ?")
            values.append(outcome)
    columns = (
        "id workload batch_size learning_rate outcome failed_at_step steps seed source"
    ).split()
    rows = advisor.store.rows(
        f"select {', '.join(columns)} from runs where {' and '.join(where)} "
        "order by created desc nulls last, id limit 200",
        values,
    )
    table = tuple(dict(zip(columns, row, strict=True)) for row in rows)
    count = f"{len(table)} run{'' if len(table) == 1 else 's'}"
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=f"{count} match." if table else "No run matches.",
        rows=table,
        evidence=tuple(
            {"kind": "run", "id": row["id"], "summary": f"{row['workload']}"}
            for row in table[:MAX_EVIDENCE]
        ),
    )


def _status(advisor: "Advisor", q: Question) -> Answer:
    jobs = [job_dict(job) for job in advisor.jobs() if not job.is_over]
    running = sum(job["state"] == "running" for job in jobs)
    waiting = sum(job["state"] == "queued" for job in jobs)
    broken = sum(job["state"] == "interrupted" for job in jobs)
    text = f"{running} running, {waiting} waiting" if jobs else "No job is running"
    if broken:
        text += f", {broken} interrupted (its worker is gone; it can be resumed)"
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=f"{text}.",
        rows=tuple(jobs),
    )


def _cancel(advisor: "Advisor", q: Question) -> Answer:
    jobs = [job_dict(job) for job in advisor.jobs() if not job.is_over]
    if not jobs:
        text = "No job is running or waiting, so there is nothing to cancel."
    else:
        text = (
            "Nothing has been cancelled yet: press cancel beside the job, or run "
            "`lr-advisor jobs cancel ID` with an id from the table."
        )
    return Answer(
        question=q.text,
        intent=q.intent,
        slots=q.slots.to_dict(),
        text=text,
        rows=tuple(jobs),
    )


# -- words -----------------------------------------------------------------------------


def _explain(q: Question) -> Answer:
    concept = find_concept(q.text)
    if concept is None:
        titles = ", ".join(c.title for c in load_concepts())
        text = f"I have no page on that. I can explain: {titles}."
    else:
        text = f"{concept.text} (Source: {concept.source})"
    return Answer(question=q.text, intent=q.intent, slots=q.slots.to_dict(), text=text)


def _help(q: Question) -> Answer:
    examples = "".join(f"- {example}\n" for example in EXAMPLES)
    return Answer(
        question=q.text,
        intent="help",
        slots=q.slots.to_dict(),
        text="Ask which learning rate to use at a batch size, whether a rate is safe, "
        "how large a batch may be, how the rate scales, or have runs made to check. "
        f"For example:\n\n{examples}\nKnown workloads: {', '.join(WORKLOADS)}, and "
        "whatever you import.",
    )


def _off_topic(q: Question) -> Answer:
    examples = "".join(f"- {example}\n" for example in EXAMPLES)
    return Answer(
        question=q.text,
        intent="off_topic",
        slots=q.slots.to_dict(),
        text="I answer questions about learning rate and batch size from stored runs, "
        f"and nothing else. Try one of these:\n\n{examples}",
    )


def _ask_back(q: Question) -> Answer:
    needed = ["workload", "batch_size"]
    if q.intent == "judge_lr":
        needed.append("learning_rate")
    if q.intent == "max_batch_for_lr":
        needed = ["workload", "learning_rate"]
    if q.intent == "fastest_batch":
        needed = ["workload"]
    clarification = _missing(q, needed)
    return Answer(
        question=q.text,
        intent="needs_clarification",
        slots=q.slots.to_dict(),
        text=clarification["question"],
        clarification=clarification,
    )


def _clarify(q: Question, question: str, options: Sequence[str]) -> Answer:
    return Answer(
        question=q.text,
        intent="needs_clarification",
        slots=q.slots.to_dict(),
        text=question,
        clarification={"question": question, "options": list(options)},
    )


def _missing(q: Question, needed: Sequence[str]) -> dict[str, Any]:
    """One question for everything that is missing, with options for the first."""
    asks = {
        "workload": "which model (workload)",
        "batch_size": "which batch size",
        "learning_rate": "which learning rate",
    }
    missing = [name for name in needed if getattr(q.slots, name) is None] or [needed[0]]
    words = [asks[name] for name in missing]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    options: list[str] = []
    if missing[0] == "workload":
        options = [spec.title for spec in WORKLOADS.values()]
    elif missing[0] == "batch_size":
        options = ["batch 4", "batch 8", "batch 16"]
    return {"question": f"{joined[0].upper()}{joined[1:]}?", "options": options}


# -- plumbing --------------------------------------------------------------------------


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _scope(q: Question) -> dict[str, Any]:
    return {"optimizer": q.slots.optimizer, "device": q.slots.device}


def _evidence(
    advisor: "Advisor", found: Sequence[Recommendation]
) -> tuple[dict[str, str], ...]:
    """What the answers rest on, claims first, each with a line to read."""
    used = list(dict.fromkeys(i for r in found for i in r.evidence.used))
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

"""ask(): a question in words -> an answer with its numbers, evidence and next step.

Nothing here starts anything: a wish for an action comes back as a proposal that waits
for a yes. A slot with several values gives one recommendation for each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from advisor.answers.comparison import Comparison
from advisor.answers.evidence_rows import claim_summary, evidence_of
from advisor.answers.fastest_batch import fastest_batch_text
from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import (
    comparison_text,
    judgement_text,
    largest_batch_text,
    plan_text,
    recommendation_text,
)
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.about_jobs import cancel_answer, status_answer
from advisor.conversation.about_observations import (
    observation_offer,
    retraction_answer,
    takes_back,
)
from advisor.conversation.about_runs import plan_answer, show_runs_answer
from advisor.conversation.about_symptoms import diagnosis_answer
from advisor.conversation.answer import Answer, asked_of, reply
from advisor.conversation.asking_back import (
    ask_back,
    clarify,
    help_answer,
    off_topic_answer,
    other_readings,
)
from advisor.conversation.explaining import batches_compared, explain
from advisor.conversation.observing import told_outcome
from advisor.conversation.parts import Parts
from advisor.conversation.rephrasing import conditions_text
from advisor.conversation.unheeded import unheeded_warning
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading.follow_ups import AS_ASKED
from advisor.reading.parsing import parse_question
from advisor.reading.question import Question
from advisor.reading.several import split_questions
from advisor.scaling.verdicts import ScalingReport
from advisor.scaling.wording import scaling_answer_text
from advisor.words import chance_text, title_of
from experiments.workloads.registry import WORKLOADS
from knowledge.names import nearest_names

MAX_COMBINATIONS = 8
# Another question of the same message is answered too when it is clear what it asks.
_SURE = 0.8
_OF_A_RATE = ("recommend_lr", "judge_lr", "max_batch_for_lr", "compare_models")
_NOT_OF_SEVERAL = (
    *("off_topic", "needs_clarification", "help", "cancel"),
    *("run_verification", "diagnose"),
)


def ask(
    parts: Parts,
    text: str,
    *,
    context: str | None = None,
    exclude: Sequence[str] = (),
) -> Answer:
    """Return the answer to a question in words.

    Args:
        parts: What answers are put together from.
        text: The question as typed.
        context: The previous turn, whose slots a follow-up inherits.
        exclude: Ids of runs and claims to leave out.

    Raises:
        BadValueError: A number in the question cannot be right.
    """
    known = parts.library.workload_names()
    question = parse_question(text, context=context, known_workloads=known)
    questions = _questions(text, context, known)
    if _stands_alone(questions, question) or _speak_of_different_things(questions):
        question = _first_alone(questions, question)
    answer = _answer(parts, question, context, tuple(exclude), known)
    answer = _with_conditions(answer)
    answer = observation_offer(parts, question, answer)
    answer = _with_others(parts, answer, questions, tuple(exclude), known)
    warning = None
    if answer.intent in _OF_A_RATE and told_outcome(text) is None:
        warning = unheeded_warning(text)
    return replace(
        answer,
        inherited=tuple(sorted(question.inherited)),
        warnings=(*question.warnings, *answer.warnings, *filter(None, (warning,))),
        clarification=answer.clarification or other_readings(question),
    )


def _with_conditions(answer: Answer) -> Answer:
    """The answer, with the run length and the risk that were asked for."""
    if not answer.conditions or not answer.recommendations:
        return answer
    asked = f"{AS_ASKED}{conditions_text(answer.conditions)}."
    return replace(answer, text=f"{answer.text}\n\n{asked}")


def _questions(text: str, context: str | None, known: list[str]) -> list[Question]:
    """The questions of a message of which it is clear what they ask."""
    texts = split_questions(text)
    parsed = [
        _part(part, before, known)
        for part, before in zip(texts, [context, *texts], strict=False)
    ]
    return [
        q for q in parsed if q.confidence >= _SURE and q.intent not in _NOT_OF_SEVERAL
    ]


def _part(text: str, before: str | None, known: list[str]) -> Question:
    """One of several questions: a concept by itself, others with the one before."""
    alone = parse_question(text, known_workloads=known)
    if alone.intent == "explain_concept" and alone.confidence >= _SURE:
        return alone
    return parse_question(text, context=before, known_workloads=known)


def _stands_alone(questions: Sequence[Question], whole: Question) -> bool:
    """Whether the one question of a message is about less than the message names."""
    if len(questions) != 1 or questions[0].inherited:
        return False
    named = questions[0].slots.workload
    return named is not None and named != whole.slots.workload


def _first_alone(questions: Sequence[Question], whole: Question) -> Question:
    """The first of the questions, on the device that the message names.

    An optimizer counts for it too, unless another part may have named that.
    """
    slots = questions[0].slots
    slots = replace(slots, device=slots.device or whole.slots.device)
    if len(questions) == 1:
        slots = replace(slots, optimizer=slots.optimizer or whole.slots.optimizer)
    return replace(questions[0], text=whole.text, slots=slots)


def _speak_of_different_things(questions: Sequence[Question]) -> bool:
    """Whether the questions of a message name different workloads, each for itself."""
    named = [q.slots.workload for q in questions if q.slots.workload is not None]
    return len(questions) > 1 and len(set(named)) > 1


def _with_others(
    parts: Parts,
    answer: Answer,
    questions: Sequence[Question],
    exclude: tuple[str, ...],
    known: list[str],
) -> Answer:
    """The answer, with those to what else the same message asks."""
    if answer.intent in _NOT_OF_SEVERAL:
        return answer
    told = {answer.intent}
    if answer.judgements:  # a verdict says where to start, too
        told.add("recommend_lr")
    others: list[Answer] = []
    for q in questions if len(questions) > 1 else ():
        is_same_place = q.slots.workload in (None, answer.slots["workload"])
        if q.intent in told and is_same_place:
            continue
        told.add(q.intent)
        others.append(_answer(parts, q, None, exclude, known))
    said = [f"You also asked: {o.question}\n\n{o.text}" for o in others]
    text = "\n\n".join([answer.text, *said])
    return replace(answer, text=text, also=tuple(others))


def _answer(
    parts: Parts,
    question: Question,
    context: str | None,
    exclude: tuple[str, ...],
    known: list[str],
) -> Answer:
    if takes_back(question.text):
        return retraction_answer(parts, question)
    if question.unknown_workload is not None:
        near = nearest_names(question.unknown_workload, known)
        return clarify(
            question,
            f"I know no workload called '{question.unknown_workload[:60]}'. "
            "Which one do you mean?",
            near or list(WORKLOADS),
        )
    handlers: Mapping[str, Callable[[], Answer]] = {
        "recommend_lr": lambda: _recommend(parts, question, exclude),
        "compare_models": lambda: _recommend(parts, question, exclude),
        "judge_lr": lambda: _judge(parts, question, exclude),
        "diagnose": lambda: diagnosis_answer(parts, question, context, exclude),
        "max_batch_for_lr": lambda: _largest_batch(parts, question, exclude),
        "scaling_rule": lambda: _scaling(parts, question),
        "fastest_batch": lambda: _fastest_batch(parts, question, exclude),
        "run_verification": lambda: plan_answer(parts, question),
        "show_runs": lambda: show_runs_answer(parts, question),
        "status_of_jobs": lambda: status_answer(parts, question),
        "cancel": lambda: cancel_answer(parts, question),
        "explain_concept": lambda: _explain(parts, question),
        "help": lambda: help_answer(question),
        "off_topic": lambda: off_topic_answer(question),
        "needs_clarification": lambda: ask_back(question),
    }
    return handlers[question.intent]()


# -- rates -----------------------------------------------------------------------------


def _recommend(parts: Parts, q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads = several(q.slots.workload)
    batches = several(q.slots.batch_size)
    if not workloads or (not batches and q.intent == "recommend_lr"):
        return ask_back(q)
    if not batches:
        batches = [8]
    pairs = list(product(workloads, batches))[:MAX_COMBINATIONS]
    found = [
        parts.answers.recommend(w, check_batch_size(b), asked_of(q, exclude))
        for w, b in pairs
    ]
    compared = _compare(parts, q, found, exclude)
    text = recommendation_text(found[0])
    if len(found) > 1:
        said = [comparison_text(c) for c in compared]
        listed = _rates_text(found, said=bool(several(q.slots.batch_size)))
        text = "\n\n".join([*said, listed])
    return reply(
        q,
        text,
        recommendations=tuple(found),
        evidence=evidence_of(parts.library, found),
        comparisons=tuple(compared),
    )


def _compare(
    parts: Parts,
    q: Question,
    found: Sequence[Recommendation],
    exclude: tuple[str, ...],
) -> list[Comparison]:
    """The workloads against each other at each batch size that has two of them."""
    by_batch: dict[int, list[str]] = {}
    for r in found:
        by_batch.setdefault(r.batch_size, []).append(r.workload)
    return [
        parts.answers.compare(names, batch, asked_of(q, exclude))
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
            f"{chance_text(r.probability_stable)}; half fail near "
            f"{rate_text(m.median)} ({rate_text(m.low)} to {rate_text(m.high)}, "
            f"{r.basis})."
        )
    if not said:
        lines.append("No batch was named, so I compared at 8.")
    lines.append(plan_text(found[0]))
    return "\n\n".join(line for line in lines if line)


def _judge(parts: Parts, q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads, batches = several(q.slots.workload), several(q.slots.batch_size)
    rates = several(q.slots.learning_rate)
    if not (workloads and batches and rates):
        return ask_back(q)
    triples = list(product(workloads, batches, rates))[:MAX_COMBINATIONS]
    judged = [
        parts.answers.judge(
            w,
            check_batch_size(b),
            check_learning_rate(rate),
            asked_of(q, exclude),
        )
        for w, b, rate in triples
    ]
    texts = [judgement_text(j) for j in judged]
    found = tuple(j.recommendation for j in judged)
    return reply(
        q,
        "\n\n".join(texts),
        recommendations=found,
        judgements=tuple(judged),
        evidence=evidence_of(parts.library, found),
    )


def _largest_batch(parts: Parts, q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads, rates = several(q.slots.workload), several(q.slots.learning_rate)
    if not workloads or not rates:
        return ask_back(q)
    found = parts.answers.largest_batch(
        workloads[0], check_learning_rate(rates[0]), asked_of(q, exclude)
    )
    recommendation = found.recommendation
    return reply(
        q,
        largest_batch_text(found),
        recommendations=(recommendation,) if recommendation else (),
        evidence=evidence_of(parts.library, [recommendation] if recommendation else []),
        rows=(
            {
                "largest_batch": found.batch_size,
                "reason": found.reason,
                "capped": found.capped,
                "searched_to": found.searched_to,
            },
        ),
    )


def _scaling(parts: Parts, q: Question) -> Answer:
    workloads = several(q.slots.workload)
    workload = workloads[0] if workloads else None
    report = parts.referee.report(workload, optimizer=q.slots.optimizer)
    batches = [check_batch_size(b) for b in several(q.slots.batch_size)]
    found = [
        parts.answers.recommend(workload, b, asked_of(q))
        for b in batches[:MAX_COMBINATIONS]
        if workload is not None
    ]
    said = [scaling_answer_text(report)]
    if len(found) > 1:
        said.insert(0, _rates_text(found, said=True))
    return reply(
        q,
        "\n\n".join(said),
        recommendations=tuple(found),
        evidence=_scaling_evidence(parts, report),
        scaling=report.to_dict(),
    )


def _scaling_evidence(
    parts: Parts, report: ScalingReport
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
    r = parts.answers.recommend(
        report.workload, report.batch_range[0], Asked(optimizer=report.optimizer)
    )
    return (*claims, *evidence_of(parts.library, [r]))


def _fastest_batch(parts: Parts, q: Question, exclude: tuple[str, ...]) -> Answer:
    workloads = several(q.slots.workload)
    if not workloads:
        return ask_back(q)
    found = parts.answers.fastest_batch(workloads[0], asked_of(q, exclude))
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


# -- words -----------------------------------------------------------------------------


def _explain(parts: Parts, q: Question) -> Answer:
    """A page, or the rates at the batch sizes whose difference is asked about."""
    sizes = batches_compared(q.text)
    if sizes and isinstance(q.slots.workload, str):
        return _scaling(parts, replace(q, slots=replace(q.slots, batch_size=sizes)))
    return explain(parts, q)

"""ask(): a question in words -> an answer with its numbers, evidence and next step.

It starts nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from advisor.checks import check_learning_rate, several
from advisor.conversation.about_batch_sizes import formulas_answer
from advisor.conversation.about_observations import (
    observation_offer,
    retraction_answer,
    takes_back,
)
from advisor.conversation.about_unknown import (
    answer_without_runs,
    meant_by,
    words_of,
)
from advisor.conversation.answer import Answer, asked_of, reply
from advisor.conversation.asking_back import missing
from advisor.conversation.kinds import KINDS
from advisor.conversation.observing import told_outcome
from advisor.conversation.parts import Parts
from advisor.conversation.rephrasing import conditions_text, other_readings
from advisor.reading.formulas import asks_of_formulas
from advisor.reading.intents import NEEDED, Intent
from advisor.reading.parsing import turn_of
from advisor.reading.question import SLOT_NAMES, Offer, Question
from advisor.reading.several import read_message
from advisor.reading.unheeded import unheeded_setting, unheeded_warning
from knowledge.errors import BadValueError

_ANSWERED_ALONE = {i for i, kind in KINDS.items() if not kind.goes_with_others}


def ask(
    parts: Parts,
    text: str,
    *,
    before: Question | str | None = None,
    exclude: Sequence[str] = (),
) -> Answer:
    """Return the answer to a question in words.

    Args:
        parts: What answers are put together from.
        text: The question as typed.
        before: The turn before: `Answer.leads_on`, or its text.
        exclude: Ids of runs and claims to leave out.
    """
    known = parts.library.workload_names()
    earlier = turn_of(before, known)
    question, questions, left = read_message(
        text, earlier, known, answered_alone=_ANSWERED_ALONE
    )
    answer = _answer(parts, question, exclude, known)
    answer = observation_offer(parts, question, answer)
    answer = _with_others(parts, answer, questions, exclude, known)
    return replace(
        answer,
        inherited=tuple(sorted(question.inherited)),
        warnings=(
            *_not_brought_in(parts, answer),
            *(said for said in question.warnings if said not in answer.text),
            *answer.warnings,
            *_left_over(answer, left),
            *_unheeded(question, answer),
        ),
        clarification=answer.clarification or other_readings(question),
        leads_on=_what_leads_on(question, answer, earlier),
    )


def _left_over(answer: Answer, left: Sequence[Question]) -> tuple[str, ...]:
    """What else a message asks that is answered only by itself."""
    told = {answer.intent, *(other.intent for other in answer.also)}
    texts = [f'"{q.text}"' for q in left if q.intent not in told]
    if not texts:
        return ()
    return (f"I left out {' and '.join(texts)}: say that by itself.",)


def _answer(
    parts: Parts, question: Question, exclude: Sequence[str], known: list[str]
) -> Answer:
    if takes_back(question.text) and question.intent is not Intent.HELP:
        return retraction_answer(parts, question)
    question, asked = _named(question, known), asked_of(question, exclude)
    if asks_of_formulas(question.text):
        return formulas_answer(parts, question, asked)
    own = answer_without_runs(parts, question, asked, known)
    if own is not None:
        return own
    try:
        if question.intent in NEEDED:
            for rate in several(question.slots.learning_rate):
                check_learning_rate(rate)
        answer = KINDS[question.intent].answer(parts, question, asked)
    except BadValueError as error:  # asked about, and no value there can be
        asked_back = (
            missing(question, (error.name,)) if error.name in SLOT_NAMES else {}
        )
        said = f"{error} {asked_back.get('question', '')}".strip()
        return reply(
            question,
            said,
            intent=Intent.NEEDS_CLARIFICATION,
            clarification=asked_back or None,
        )
    return _with_conditions(answer)


def _named(question: Question, known: list[str]) -> Question:
    """The question about the stored workload that is meant, if that is plain."""
    meant = meant_by(question.unknown_workload or "", known)
    if meant is None or question.slots.workload != question.unknown_workload:
        return question
    slots = replace(question.slots, workload=meant)
    return replace(question, slots=slots, unknown_workload=None)


def _with_conditions(answer: Answer) -> Answer:
    """The answer, with the conditions that were asked for."""
    if not answer.conditions or not (answer.recommendations or answer.scaling):
        return answer
    asked = f"As you asked: {conditions_text(answer.conditions)}."
    return replace(answer, text=f"{answer.text}\n\n{asked}")


def _with_others(
    parts: Parts,
    answer: Answer,
    questions: Sequence[Question],
    exclude: Sequence[str],
    known: list[str],
) -> Answer:
    """The answer, with those to what else the same message asks."""
    if not KINDS[answer.intent].goes_with_others:
        return answer
    told = {answer.intent}
    if answer.judgements:  # a verdict says where to start, too
        told.add(Intent.RECOMMEND_LR)
    others: list[Answer] = []
    for q in questions if len(questions) > 1 else ():
        place = several(q.slots.workload)
        is_same_place = not place or place == several(answer.slots["workload"])
        if q.intent in told and is_same_place:
            continue
        told.add(q.intent)
        others.append(_answer(parts, q, exclude, known))
    said = [f"You also asked: {o.question}\n\n{o.text}" for o in others]
    return replace(answer, text="\n\n".join([answer.text, *said]), also=tuple(others))


def _not_brought_in(parts: Parts, answer: Answer) -> tuple[str, ...]:
    """What is saved and could not be read; a recommendation says so itself."""
    said = None if answer.recommendations else parts.store.not_brought_in()
    return (said,) if said else ()


def _unheeded(question: Question, answer: Answer) -> tuple[str, ...]:
    """What the answer did not take into account; who reports named it in passing."""
    if not KINDS[answer.intent].names_unheeded:
        return ()
    if answer.intent is Intent.DIAGNOSE:
        warning = unheeded_setting(question, judged=bool(answer.judgements))
    else:
        warning = None if told_outcome(question.text) else unheeded_warning(question)
    return (warning,) if warning else ()


def _what_leads_on(
    question: Question, answer: Answer, earlier: Question | None
) -> Question | None:
    """What a follow-up builds on: this turn, or the one before if it names nothing."""
    names_something = any(v is not None for v in question.slots.to_dict().values())
    if not KINDS[answer.intent].is_led_on:
        return earlier
    if not names_something and answer.intent is not Intent.DIAGNOSE:
        return earlier or question
    if answer.carried_over is not None:  # the size asked about, not where it came from
        found = answer.carried_over
        slots = replace(question.slots, batch_size=found.to_batch_size)
        carries = question.carries if found.is_others else words_of(question, found)
        question = replace(question, slots=slots, carries=carries)
    plan = answer.offered_plan
    spec = plan.spec if plan and plan.runs else None
    offered = None
    if spec is not None:
        offered = Offer(spec.workload, spec.batch_sizes, spec.learning_rates)
    return replace(question, intent=answer.intent, offered=offered)

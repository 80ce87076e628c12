"""The kinds of questions: what answers each, and how each is asked again.

A new kind is a row here, a file beside this one, and questions to learn it from
(`advisor/reading/questions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from advisor.conversation.about_batch_sizes import (
    fastest_batch_answer,
    scaling_answer,
)
from advisor.conversation.about_jobs import cancel_answer, status_answer
from advisor.conversation.about_rates import (
    difference_answer,
    judge_answer,
    largest_batch_answer,
    recommend_answer,
)
from advisor.conversation.about_runs import plan_answer, show_runs_answer
from advisor.conversation.about_symptoms import diagnosis_answer
from advisor.conversation.answer import Answer
from advisor.conversation.asking_back import ask_back, help_answer, off_topic_answer
from advisor.conversation.explaining import explain_answer
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.reading.intents import Intent
from advisor.reading.question import Question


@dataclass(frozen=True)
class Kind:
    """One kind of question.

    `again` is the question in words, filled in by `rephrasing`; None: it is not asked
    again. `is_led_on`: a follow-up builds on it, not on the turn before.
    `goes_with_others`: it is answered beside other questions of one message.
    `names_unheeded`: the answer names what it did not take into account.
    """

    answer: Callable[[Parts, Question, Asked], Answer]
    again: str | None = None
    is_led_on: bool = True
    goes_with_others: bool = True
    names_unheeded: bool = False


_JUDGED = "Is a learning rate of {rate} safe for {what} at batch size {batch}{rest}?"

KINDS: Mapping[Intent, Kind] = {
    Intent.RECOMMEND_LR: Kind(
        recommend_answer,
        again="What learning rate for {what}{at}{rest}?",
        names_unheeded=True,
    ),
    Intent.COMPARE_MODELS: Kind(
        recommend_answer,
        again="Compare the learning rates of {what}{at}{rest}.",
        names_unheeded=True,
    ),
    Intent.JUDGE_LR: Kind(judge_answer, again=_JUDGED, names_unheeded=True),
    Intent.MAX_BATCH_FOR_LR: Kind(
        largest_batch_answer,
        again="What is the largest batch size for a learning rate of {rate} on {what}"
        "{rest}?",
        names_unheeded=True,
    ),
    Intent.DIAGNOSE: Kind(
        diagnosis_answer, again=_JUDGED, goes_with_others=False, names_unheeded=True
    ),
    Intent.DIFFERENCE: Kind(difference_answer, goes_with_others=False),
    Intent.SCALING_RULE: Kind(
        scaling_answer,
        again="How does the learning rate scale with the batch size{for_what}{rest}?",
        names_unheeded=True,
    ),
    Intent.FASTEST_BATCH: Kind(
        fastest_batch_answer, again="Which batch size is fastest for {what}{rest}?"
    ),
    Intent.RUN_VERIFICATION: Kind(
        plan_answer,
        again="Run a test of {what} at batch size {batch}{with_rate}{rest}.",
        goes_with_others=False,
    ),
    Intent.SHOW_RUNS: Kind(
        show_runs_answer, again="Show the runs of {what}{at}{with_rate}{rest}."
    ),
    Intent.EXPLAIN_CONCEPT: Kind(explain_answer),
    Intent.STATUS_OF_JOBS: Kind(
        lambda parts, q, _: status_answer(parts, q), is_led_on=False
    ),
    Intent.CANCEL: Kind(
        lambda parts, q, _: cancel_answer(parts, q),
        is_led_on=False,
        goes_with_others=False,
    ),
    Intent.HELP: Kind(
        lambda _parts, q, _: help_answer(q), is_led_on=False, goes_with_others=False
    ),
    Intent.OFF_TOPIC: Kind(
        lambda _parts, q, _: off_topic_answer(q),
        is_led_on=False,
        goes_with_others=False,
    ),
    Intent.NEEDS_CLARIFICATION: Kind(
        lambda _parts, q, _: ask_back(q), goes_with_others=False
    ),
}

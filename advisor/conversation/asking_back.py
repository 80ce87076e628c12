"""What is said when there is nothing to answer yet: help, limits, asking back (pure).

One question asks for everything that is missing.
"""

from collections.abc import Sequence
from typing import Any

from advisor.checks import several
from advisor.concepts.how_to import how_to_text
from advisor.conversation.answer import Answer, reply
from advisor.reading.intents import NEEDED, Intent
from advisor.reading.question import Question
from advisor.reading.slots import slot_warnings
from advisor.reading.yes_no import is_yes
from experiments.workloads.registry import WORKLOADS
from knowledge.concepts.pages import find_concept

EXAMPLES = (
    "What LR for batch 5 on RealFace?",
    "Is 1e-4 safe for Original at batch 6?",
    "Does the learning rate scale with batch size on DLight?",
)
_ASKS = {
    "workload": "which model (workload)",
    "batch_size": "which batch size",
    "learning_rate": "which learning rate",
}


def help_answer(q: Question) -> Answer:
    """What can be asked, with examples; or how to do what was asked about."""
    how = how_to_text(q.text)
    if how is not None:
        return reply(q, how)
    return reply(
        q,
        "Ask which learning rate to use at a batch size, whether a rate is safe, how "
        "large a batch may be, how the rate scales, what a symptom means, or have runs "
        "made to check. Tell me what you saw yourself and I keep it, once you say yes. "
        f"For example:\n\n{_bullets(EXAMPLES)}\nKnown workloads: "
        f"{', '.join(WORKLOADS)}, and whatever you import.",
    )


def off_topic_answer(q: Question) -> Answer:
    """What is covered, and three questions to try."""
    concept = find_concept(q.text)
    prompts = [f"Explain: {concept.title}"] if concept else []
    prompts = [*prompts, *EXAMPLES][: len(EXAMPLES)]
    return reply(
        q,
        "I answer questions about learning rate and batch size from stored runs, and "
        f"nothing else. Try one of these:\n\n{_bullets(prompts)}",
        clarification={"question": "Try one of these", "options": prompts},
    )


def ask_back(q: Question) -> Answer:
    """One question for everything that an answer still takes."""
    clarification = missing(q, NEEDED.get(q.wanted, ("workload", "batch_size")))
    text = clarification["question"]
    if wrong := slot_warnings(q.slots):  # "batch -4": said once, and asked for again
        text = f"{' '.join(wrong)} {text}"
    if is_yes(q.text):
        text = f"No plan is open, so nothing has started. {text}"
    return reply(
        q,
        text,
        intent=Intent.NEEDS_CLARIFICATION,
        clarification=clarification,
    )


def missing(q: Question, needed: Sequence[str]) -> dict[str, Any]:
    """One question for everything that is missing, with options for the first."""
    lacks = [name for name in needed if not _is_given(q, name)] or [needed[0]]
    words = [_ASKS[name] for name in lacks]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    options: list[str] = []
    if lacks[0] == "workload":
        options = [spec.title for spec in WORKLOADS.values()]
    elif lacks[0] == "batch_size":
        options = ["batch 4", "batch 8", "batch 16"]
    return {"question": f"{joined[0].upper()}{joined[1:]}?", "options": options}


def _is_given(q: Question, name: str) -> bool:
    """Whether a slot has a value that can be right."""
    values = several(getattr(q.slots, name))
    return bool(values) and not any(
        isinstance(value, int | float) and value <= 0 for value in values
    )


def _bullets(lines: Sequence[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)

"""An intent and its slots -> the question in plain words.

For chips and other readings; the parser reads each sentence back as what it was.
"""

from collections.abc import Mapping
from typing import Any

from advisor.checks import several
from advisor.conversation.kinds import KINDS
from advisor.rates import rate_text
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.words import joined, title_of

# Below this probability the likeliest reading is right less than two times in three.
_IN_DOUBT = 0.55
_MUST_BE_SAID = ("what", "rate", "batch")


def sentence_for(
    intent: Intent,
    slots: Mapping[str, Any],
    conditions: Mapping[str, int | float | str] | None = None,
) -> str | None:
    """Return the question with this intent and these slots; None if one is missing.

    >>> sentence_for(Intent.RECOMMEND_LR, {"workload": "realface", "batch_size": 5})
    'What learning rate for RealFace at batch size 5?'
    """
    again = KINDS[intent].again
    what = _words([title_of(name) for name in several(slots.get("workload"))])
    batch = _words([str(size) for size in several(slots.get("batch_size"))])
    rate = _words([_rate(rate) for rate in several(slots.get("learning_rate"))])
    setting = [
        f"{word} {slots[name]}"
        for word, name in (("with", "optimizer"), ("on", "device"))
        if slots.get(name)
    ]
    rest = [*setting, *filter(None, [conditions_text(conditions or {})])]
    said = {"what": what, "batch": batch, "rate": rate}
    if again is None or any(
        f"{{{name}}}" in again and not said[name] for name in _MUST_BE_SAID
    ):
        return None
    return again.format(
        **said,
        at=f" at batch size {batch}" if batch else "",
        for_what=f" for {what}" if what else "",
        with_rate=f" with a learning rate of {rate}" if rate else "",
        rest="".join(f" {words}" for words in rest),
    )


def conditions_text(conditions: Mapping[str, int | float | str]) -> str:
    """Return for what an answer is to hold, as it is read again.

    >>> conditions_text({"horizon_steps": 20000, "risk": 0.01, "precision": "bf16"})
    'for 20,000 steps at a risk of 1 % in bf16'
    """
    words = {
        "horizon_steps": "for {:,} steps",
        "risk": "at a risk of {:g} %",
        "recipe": "with recipe {}",
        "precision": "in {}",
    }
    shown = {**conditions}
    if "risk" in shown:
        shown["risk"] = 100 * float(shown["risk"])
    return " ".join(
        form.format(shown[name]) for name, form in words.items() if name in shown
    )


def other_readings(q: Question) -> dict[str, Any] | None:
    """What else a question may have meant, when that is in doubt; each can be asked."""
    if q.confidence >= _IN_DOUBT:
        return None
    slots = q.slots.to_dict()
    same = sentence_for(q.intent, slots, q.conditions.said)
    said = [sentence_for(i, slots, q.conditions.said) for i in q.alternatives]
    options = [x for x in dict.fromkeys(said) if x is not None and x != same]
    if not options:
        return None
    return {"question": "Did you mean something else?", "options": options[:3]}


def _words(words: list[str]) -> str:
    return joined(words) if words else ""


def _rate(rate: float) -> str:
    return rate_text(rate) if isinstance(rate, float) else str(rate)

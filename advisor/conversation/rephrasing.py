"""An intent and its slots -> the question in plain words (pure).

What a follow-up builds on, what an edited chip asks again, and how other readings of a
question are offered. The parser reads each sentence back as what it came from.
"""

from collections.abc import Mapping
from typing import Any

from advisor.checks import several
from advisor.rates import rate_text
from advisor.words import joined, title_of


def sentence_for(
    intent: str,
    slots: Mapping[str, Any],
    conditions: Mapping[str, int | float] | None = None,
) -> str | None:
    """Return the question with this intent and these slots; None if one is missing.

    >>> sentence_for("recommend_lr", {"workload": "realface", "batch_size": 5})
    'What learning rate for RealFace at batch size 5?'
    """
    names = [title_of(name) for name in several(slots.get("workload"))]
    sizes = [str(size) for size in several(slots.get("batch_size"))]
    rates = [_rate(rate) for rate in several(slots.get("learning_rate"))]
    what = joined(names) if names else ""
    at = f" at batch size {joined(sizes)}" if sizes else ""
    asked = conditions_text(conditions or {})
    rest = "".join(
        f" {word} {slots[key]}"
        for word, key in (("with", "optimizer"), ("on", "device"))
        if slots.get(key)
    )
    rest += f" {asked}" if asked else ""
    rate = joined(rates) if rates else ""
    if intent == "scaling_rule" and not what:
        return f"How does the learning rate scale with the batch size{rest}?"
    if not what:
        return None
    if intent in ("judge_lr", "diagnose"):
        if not (rate and at):
            return None
        return f"Is a learning rate of {rate} safe for {what}{at}{rest}?"
    if intent == "max_batch_for_lr":
        if not rate:
            return None
        return (
            f"What is the largest batch size for a learning rate of {rate} on "
            f"{what}{rest}?"
        )
    if intent == "scaling_rule":
        return f"How does the learning rate scale with the batch size for {what}{rest}?"
    if intent == "fastest_batch":
        return f"Which batch size is fastest for {what}{rest}?"
    if intent == "show_runs":
        with_rate = f" with a learning rate of {rate}" if rate else ""
        return f"Show the runs of {what}{at}{with_rate}{rest}."
    if intent == "compare_models":
        return f"Compare the learning rates of {what}{at}{rest}."
    if intent == "run_verification" and at:
        with_rate = f" with a learning rate of {rate}" if rate else ""
        return f"Run a test of {what}{at}{with_rate}{rest}."
    return f"What learning rate for {what}{at}{rest}?"


def conditions_text(conditions: Mapping[str, int | float]) -> str:
    """Return for what an answer is to hold, as it is read again.

    >>> conditions_text({"horizon_steps": 20000, "risk": 0.01})
    'for 20,000 steps at a risk of 1 %'
    """
    parts = []
    if (steps := conditions.get("horizon_steps")) is not None:
        parts.append(f"for {steps:,} steps")
    if (risk := conditions.get("risk")) is not None:
        parts.append(f"at a risk of {100 * risk:g} %")
    return " ".join(parts)


def _rate(rate: float) -> str:
    return rate_text(rate) if isinstance(rate, float) else str(rate)

"""A diagnosis -> sentences (pure): the likeliest cause, why, the others, what to do.

Every number stands in the diagnosis or in what the person wrote.
"""

from collections.abc import Callable

from advisor.diagnosis.causes import CAUSE_WORDS, RANKINGS, SYMPTOM_WORDS, CauseName
from advisor.diagnosis.diagnosing import ranked_causes
from advisor.diagnosis.records import Diagnosis, Likelihood, Side
from advisor.rates import rate_text
from advisor.reading.symptoms import Symptom
from advisor.words import joined, title_of

MOST_OTHERS = 4
SLOT_WORDS = {
    "workload": "the model",
    "batch_size": "the batch size",
    "learning_rate": "the learning rate",
}
SIDE_WORDS: dict[Side, Callable[[str], str]] = {
    Side.BELOW: lambda where: (
        f"the rate is hardly the cause: {where} is well below what fails."
    ),
    Side.NEAR: lambda where: f"{where} is near the limit.",
    Side.ABOVE: lambda where: f"{where} is above the limit.",
    Side.UNKNOWN: lambda where: f"I cannot say whether {where} is too high.",
}
BY_RATE = (CauseName.RATE_TOO_HIGH, CauseName.AT_THE_EDGE, CauseName.RATE_TOO_LOW)


def diagnosis_text(d: Diagnosis) -> str:
    """Return the likeliest cause, why, and what to change, a paragraph each."""
    if d.symptoms.shown and not d.symptoms.kinds:
        return "\n\n".join(filter(None, [d.symptoms.shown, _missing_text(d)]))
    parts = [
        d.symptoms.shown or "",
        f"{_verdict(d)} {_reason(d)}".strip(),
        f"What to change: {d.first.change}",
        _missing_text(d),
    ]
    return "\n\n".join(part for part in parts if part)


def diagnosis_details(d: Diagnosis) -> tuple[str, ...]:
    """Return the other causes and the run that would tell, a paragraph each."""
    if d.symptoms.shown and not d.symptoms.kinds:
        return ()
    return tuple(part for part in (_others_text(d), _run_text(d)) if part)


def _verdict(d: Diagnosis) -> str:
    first, seen = d.first, SYMPTOM_WORDS[d.symptoms.main]
    kinds = d.symptoms.kinds or (Symptom.UNCLEAR,)
    if all(RANKINGS[kind].is_normal for kind in kinds):
        return "That is normal."
    if all(RANKINGS[kind].rate_at is None for kind in kinds):
        return f"Probably not the learning rate: {seen} points to {first.title}."
    if d.workload is None:
        return f"In general, with {seen}: look first at {first.title}."
    said = {
        (Side.ABOVE, CauseName.RATE_TOO_HIGH): (
            f"The rate is the likeliest cause: {_where(d)} is above the limit."
        ),
        (Side.NEAR, CauseName.AT_THE_EDGE): (
            f"It may be the rate: {_where(d)} is near the limit, where some runs fail "
            "and others do not."
        ),
        (Side.BELOW, CauseName.RATE_TOO_LOW): (
            f"The rate is too low rather than too high: {_where(d)} is far from what "
            "fails."
        ),
    }.get((d.side, first.name))
    return said or f"{_capital(SIDE_WORDS[d.side](_where(d)))} {_look_first(d)}"


def _where(d: Diagnosis) -> str:
    return (
        f"{rate_text(d.learning_rate or 0)} on {title_of(d.workload or '')} at batch "
        f"{d.batch_size}"
    )


def _look_first(d: Diagnosis) -> str:
    is_likely = d.first.likelihood is Likelihood.LIKELY
    text = f"{'Likeliest is' if is_likely else 'Look first at'} {d.first.title}."
    if d.outlived:
        text += " Your own run held at this rate for longer than the answer is for."
    return text


def _reason(d: Diagnosis) -> str:
    """The first cause's reason, and where the rate lies if that is another matter."""
    first = d.first.why
    by_rate = next((c for c in d.causes if c.name in BY_RATE), None)
    if d.first.name in BY_RATE or by_rate is None or d.learning_rate is None:
        return first
    return f"{first} {by_rate.why}"


def _others_text(d: Diagnosis) -> str:
    """At most four others; where the rate lies was said, so it is not said again."""
    others = [c for c in d.causes[1:] if c.name not in BY_RATE or d.workload is None]
    if not others:
        return ""
    lines = [f"- {c.title} ({c.likelihood}): {c.why}" for c in others[:MOST_OTHERS]]
    return "\n".join(["Other causes, likeliest first:", *lines])


def _run_text(d: Diagnosis) -> str:
    t = d.trial
    if t is not None and d.side in (Side.NEAR, Side.ABOVE, Side.UNKNOWN):
        rates = joined([rate_text(rate) for rate in t.learning_rates])
        return (
            f"The run that would tell: {title_of(t.workload)} at batch {t.batch_size} "
            f"with {rates}, {t.seeds} seeds each. {d.first.run or ''}".rstrip()
        )
    return f"The run that would tell: {d.first.run}" if d.first.run else ""


def _missing_text(d: Diagnosis) -> str:
    wanted = [SLOT_WORDS[slot] for slot in d.missing if slot in SLOT_WORDS]
    kinds = d.symptoms.kinds or (Symptom.UNCLEAR,)
    by_rate = any(RANKINGS[kind].rate_at is not None for kind in kinds)
    if d.workload is not None or not wanted or not by_rate:
        return ""
    if d.symptoms.at is None and not d.symptoms.from_the_start:
        wanted.append("the step at which it began")
    if not d.symptoms.kinds:
        wanted.append("what you see (nan, a loss that jumps, a blurry preview)")
    return (
        f"This holds in general. Tell me {joined(wanted)}, and I compare it with what "
        "runs have shown."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def table_of_first_causes() -> list[str]:
    """Return the lines of a table: the first cause of each symptom on each side."""
    sides = (Side.BELOW, Side.NEAR, Side.ABOVE, Side.UNKNOWN)
    lines = [
        "| what is seen | well below | near | above | not known |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in Symptom:
        cells = [_first_cell(kind, side) for side in sides]
        lines.append(f"| {SYMPTOM_WORDS[kind]} | {' | '.join(cells)} |")
    return lines


def _first_cell(kind: Symptom, side: Side) -> str:
    first = CAUSE_WORDS[ranked_causes(kind, side)[0]].title
    if side is not Side.BELOW or CauseName.RATE_TOO_LOW not in RANKINGS[kind].causes:
        return first
    low = CAUSE_WORDS[ranked_causes(kind, side, is_low=True)[0]].title
    return f"{low}, if a clearly higher one is recommended; else {first}"


def table_of_causes() -> list[str]:
    """Return the lines of a table: what each cause does, what to change, the source."""
    lines = ["| cause | why | what to change | source |", "| --- | --- | --- | --- |"]
    for name in CauseName:
        words = CAUSE_WORDS[name]
        cells = (words.title, words.why, words.change, words.source)
        lines.append(f"| {' | '.join(cells)} |")
    return lines

"""Answers about a model that nobody here has run: what can be said, and the ways in."""

from dataclasses import replace

from advisor.checks import several
from advisor.conversation.about_symptoms import diagnosis_answer
from advisor.conversation.answer import Answer, reply
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading.carried import Carried, read_carried
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.reading.reading import read_text
from advisor.scaling.carrying_over import carried_over_text, carry_over
from knowledge.names import nearest_names

USUAL_OPTIMIZER = "adam"
SURELY_ALIKE = 70  # of 100: a slip of the fingers, not another model
# What a rate carried over answers; a diagnosis or an explanation needs no model.
CARRIED = frozenset(
    {
        *(Intent.RECOMMEND_LR, Intent.SCALING_RULE, Intent.JUDGE_LR),
        *(Intent.MAX_BATCH_FOR_LR, Intent.NEEDS_CLARIFICATION, Intent.OFF_TOPIC),
    }
)
ABOUT_ONE_MODEL = frozenset(Intent) - {
    *(Intent.EXPLAIN_CONCEPT, Intent.HELP, Intent.OFF_TOPIC),
    *(Intent.STATUS_OF_JOBS, Intent.CANCEL),
}


def carried_of(q: Question) -> Carried | None:
    """What a question about no stored model carries over from one batch to another."""
    is_open = q.slots.workload is None or q.unknown_workload is not None
    if not (is_open and q.intent in CARRIED):
        return None
    own = read_carried(q.text)
    if own is not None or q.carries is None or not _goes_on(q):
        return own
    earlier, to = read_carried(q.carries), q.slots.batch_size
    if earlier is None or not isinstance(to, int) or to == earlier.from_batch_size:
        return earlier
    return replace(earlier, to_batch_size=to)


def _goes_on(q: Question) -> bool:
    """Whether a follow-up leaves the rate as it was told: "with SGD", "and at 128?"."""
    own = read_text(q.text, ())
    return not own.has_rate


def carried_answer(parts: Parts, q: Question, asked: Asked, carried: Carried) -> Answer:
    """A rate that worked at one batch size, at another: by rules and by runs."""
    optimizer = asked.optimizer or USUAL_OPTIMIZER
    of_all = Asked(exclude=asked.exclude)
    found = carry_over(
        carried.learning_rate,
        carried.from_batch_size,
        carried.to_batch_size,
        optimizer=optimizer,
        findings=parts.referee.findings_of_kin(optimizer, of_all),
    )
    said = [carried_over_text(found, whose=q.unknown_workload or "your model")]
    if asked.optimizer is None:
        said.append("No optimizer was named, so I took Adam.")
    said.append(ways_in(q.unknown_workload))
    return reply(
        replace(q, intent=Intent.RECOMMEND_LR),
        "\n\n".join(said),
        carried_over=found,
        unknown_workload=q.unknown_workload,
    )


def unknown_answer(parts: Parts, q: Question, asked: Asked, known: list[str]) -> Answer:
    """What can be said without runs of the model that was named, and the ways in."""
    name = (q.unknown_workload or "")[:60]
    if q.intent is Intent.DIAGNOSE:
        general = replace(q, slots=replace(q.slots, workload=None))
        answer = diagnosis_answer(parts, general, asked)
        text = f"{answer.text}\n\nNo runs of {name} are stored here. {ways_in(name)}"
        slots = q.slots.to_dict()
        return replace(answer, text=text, slots=slots, unknown_workload=name)
    rates = " or ".join(rate_text(rate) for rate in several(q.slots.learning_rate))
    asked_for = f" whether {rates} is safe" if rates else " a rate"
    said = [
        f"I cannot say{asked_for}: no runs of {name} are stored here.",
        "Tell me a rate that worked for it and at which batch size, as in \u201c1e-4 "
        f"worked at batch 8 on {name}, I go to batch 32\u201d, and I carry it over "
        "with what runs of the same optimizer have shown.",
        ways_in(name),
    ]
    near = nearest_names(name, known, fewest=SURELY_ALIKE)
    if not near:
        return reply(q, "\n\n".join(said), unknown_workload=name)
    asks = f"Or did you mean {' or '.join(near)}?"
    return reply(
        q,
        "\n\n".join([*said, asks]),
        clarification={"question": asks, "options": near},
        unknown_workload=name,
    )


def ways_in(name: str | None) -> str:
    """How a person's own model gets into the evidence: three ways."""
    model = f"--workload {name}" if name and " " not in name else "--workload NAME"
    return (
        "To have it answered from runs of its own: import their history (lr-advisor "
        f"import FILE), tell one run (lr-advisor tell {model} ...), or add the model "
        "to train it here (docs/how-to/add-a-workload.md)."
    )


def meant_by(name: str, known: list[str]) -> str | None:
    """The one stored name that is the same but for its ending or how it is written."""
    plain = _plain(name)
    same = [other for other in known if _plain(other) == plain]
    same = same or [
        other for other in known if _plain(other.rpartition(".")[0]) == plain
    ]
    return same[0] if len(same) == 1 and plain else None


def _plain(name: str) -> str:
    return "".join(ch for ch in name.lower() if ch.isalnum())

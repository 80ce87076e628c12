"""Answers about a model that nobody here has run: what can be said, and the ways in."""

import re
from collections.abc import Sequence
from dataclasses import replace

from advisor.answers.evidence_rows import MAX_EVIDENCE, evidence_of, run_summary
from advisor.checks import several
from advisor.conversation.about_symptoms import diagnosis_answer
from advisor.conversation.answer import Answer, reply
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading.carried import (
    Carried,
    read_carried,
    read_formula,
    read_known,
)
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.reading.reading import read_text
from advisor.reading.symptoms import Symptom, read_symptoms
from advisor.scaling.carrying_over import (
    CarriedOver,
    Exponents,
    MeasuredElsewhere,
    carried_over_text,
    carry_over,
    carry_over_published,
    exponents_shown,
)
from advisor.scaling.published import PublishedFit, models_alike, stepping_alike
from advisor.words import joined, optimizer_title, percent, title_of
from experiments.workloads.registry import BUILT_IN
from knowledge.names import WorkloadName, nearest_names

USUAL_OPTIMIZER = "adam"
FACES = "faceswap"  # the group of the face models
# Other models of the programs that train them.
_FACE_SWAP = re.compile(
    r"phaze|villain|dfaker|\bdfl|saehd|\biae\b|lightweight|\bunbalanced\b|deep-?face|"
    r"face-? ?swap"
)
REACH = 4  # times the largest batch size that was run, and no further
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
    *(Intent.STATUS_OF_JOBS, Intent.CANCEL, Intent.DIFFERENCE),
}


def carried_of(q: Question) -> Carried | None:
    """What a question about no stored model carries over from one batch to another."""
    is_open = q.slots.workload is None or q.unknown_workload is not None
    own = read_carried(q.text)
    # Who makes do with less memory asks for the rate, not for the cause.
    kinds = set(read_symptoms(q.text).kinds) if q.intent is Intent.DIAGNOSE else set()
    is_moved = own is not None and (
        kinds == {Symptom.OUT_OF_MEMORY} or q.intent is Intent.FASTEST_BATCH
    )
    if not (is_open and (q.intent in CARRIED or is_moved)):
        return None
    if own is not None or q.carries is None or not _goes_on(q):
        return own
    earlier, to = read_carried(q.carries), q.slots.batch_size
    formula = read_formula(q.text)
    if earlier is not None and formula is not None:
        return Carried(*formula, earlier.to_batch_size)
    known = read_known(q.carries) if earlier is None else None
    if known is not None and isinstance(to, int) and to != known[1]:
        earlier = Carried(*known, to)
    if earlier is None or not isinstance(to, int) or to == earlier.from_batch_size:
        return earlier
    return replace(earlier, to_batch_size=to)


def _goes_on(q: Question) -> bool:
    """Whether a follow-up leaves the rate as it was told: "with SGD", "and at 128?".

    One that asks of another rate is answered by the one that was carried over.
    """
    return (
        q.intent is Intent.JUDGE_LR
        or read_formula(q.text) is not None
        or not read_text(q.text, ()).has_rate
    )


def carried_answer(parts: Parts, q: Question, asked: Asked, carried: Carried) -> Answer:
    """A rate that worked at one batch size, at another: by rules and by runs."""
    optimizer = asked.optimizer or USUAL_OPTIMIZER
    shown = exponents_for(parts, optimizer, asked)
    found = carry_over(
        carried.learning_rate,
        carried.from_batch_size,
        carried.to_batch_size,
        optimizer=optimizer,
        exponents=shown,
    )
    said = [carried_over_text(found, shown, whose=q.unknown_workload or "your model")]
    if found.measured is not None:
        m = found.measured
        asked_of = read_text(q.text, ()).roles.all_rates
        said += [_against(x, m) for x in asked_of if x != carried.learning_rate]
    if asked.optimizer is None:
        said.append("No optimizer was named, so I took Adam.")
    return _carried_reply(q, found, said)


def published_of(parts: Parts, q: Question, asked: Asked) -> list[PublishedFit]:
    """Others' published models that are like the one a question is about."""
    is_open = q.slots.workload is None or q.unknown_workload is not None
    if not (is_open and q.intent in CARRIED and parts.library.has_published):
        return []
    return _not_left_out(models_alike(q.text, asked.optimizer), asked)


def _not_left_out(fits: Sequence[PublishedFit], asked: Asked) -> list[PublishedFit]:
    left_out = set(asked.exclude)
    return [fit for fit in fits if not left_out & {fit.source, fit.workload}]


def published_answer(
    parts: Parts, q: Question, asked: Asked, fits: Sequence[PublishedFit]
) -> Answer:
    """The best rate of models like an unknown one, carried to its batch size."""
    optimizer = fits[0].optimizer
    sizes = [size for fit in fits for size in fit.best]
    wanted = next(iter(several(q.slots.batch_size)), None)
    reach = REACH * max(sizes)
    shown = exponents_for(parts, optimizer, asked)
    found = carry_over_published(
        fits,
        None if wanted is None else min(wanted, reach),
        optimizer=optimizer,
        exponents=shown,
    )
    whose = q.unknown_workload or "your model"
    said = [carried_over_text(found, shown, whose=whose)]
    if wanted is None:
        said.insert(
            0,
            f"You named no batch size, and the rate depends on it: this is for batch "
            f"{found.to_batch_size}, where most of those runs were made. Name yours "
            "for the rate there.",
        )
    if wanted is not None and wanted > reach:
        said.insert(
            0,
            f"I have no rate for batch {wanted}: the largest I can speak for is "
            f"{reach}, {REACH} times the largest that was run.",
        )
    if found.measured is not None:
        said += [
            _against(rate, found.measured) for rate in several(q.slots.learning_rate)
        ]
    if asked.optimizer is None:
        said.append(
            f"No optimizer was named; those are with {optimizer_title(optimizer)}."
        )
    answer = _carried_reply(q, found, said)
    return replace(answer, evidence=_rows_of(parts, found))


def _rows_of(parts: Parts, found: CarriedOver) -> tuple[dict[str, str], ...]:
    """The published rows that a carried rate comes from, of its batch size."""
    names = found.published.rests_on if found.published else ()
    runs = [
        run
        for name in names
        for run in parts.library.runs_of(name)
        if run.batch_size == found.from_batch_size and run.is_published
    ]
    return tuple(
        {"kind": "run", "id": run.id, "summary": run_summary(run)}
        for run in runs[:MAX_EVIDENCE]
    )


def _against(rate: float, measured: MeasuredElsewhere) -> str:
    """How a rate that was asked about stands to what published runs say."""
    times = rate / measured.median
    if 0.95 < times < 1.05:
        return f"{rate_text(rate)} is about that rate."
    where = "within that interval"
    if not measured.low <= rate <= measured.high:
        where = "outside that interval"
    return f"{rate_text(rate)} is {times:.2g} times that rate, {where}."


def exponents_for(parts: Parts, optimizer: str, asked: Asked) -> Exponents | None:
    """What stored runs and published grids show of an optimizer's exponents."""
    of_all = Asked(exclude=asked.exclude)
    published = stepping_alike(optimizer) if parts.library.has_published else []
    return exponents_shown(
        parts.referee.findings_of_kin(optimizer, of_all),
        _not_left_out(published, asked),
        optimizer,
    )


def _carried_reply(q: Question, found: CarriedOver, said: list[str]) -> Answer:
    slots = replace(q.slots, batch_size=found.to_batch_size)
    return reply(
        replace(q, intent=Intent.RECOMMEND_LR, slots=slots),
        "\n\n".join([*said, ways_in(q.unknown_workload)]),
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
    batch = next(iter(several(q.slots.batch_size)), None)
    if batch is not None and _FACE_SWAP.search(q.text.lower()):
        return _as_other_face_models(parts, q, asked, batch)
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


def _as_other_face_models(
    parts: Parts, q: Question, asked: Asked, batch_size: int
) -> Answer:
    """Where the face models that are known here would start, the most careful first."""
    found = [
        parts.answers.recommend(spec.name, batch_size, asked)
        for spec in BUILT_IN
        if WorkloadName.parse(spec.name).group == FACES
    ]
    told = sorted(
        ((r.learning_rate, r) for r in found if r.learning_rate is not None),
        key=lambda pair: pair[0],
    )
    name = q.unknown_workload or "your model"
    if not told:
        return reply(q, ways_in(q.unknown_workload), unknown_workload=name)
    lines = [
        f"{title_of(r.workload)} {rate_text(rate)} (half of all runs fail near "
        f"{rate_text(r.max_stable.median)}, {percent(r.max_stable.level)}: "
        f"{rate_text(r.max_stable.low)} to {rate_text(r.max_stable.high)})"
        for rate, r in told
        if r.max_stable is not None
    ]
    rates = [
        f"{rate_text(rate)} is {rate / told[0][0]:.2g} times that."
        for rate in several(q.slots.learning_rate)
    ]
    said = [
        f"Start at {rate_text(told[0][0])} at batch {batch_size}: nothing here was "
        f"measured on {name}, and this is the lowest of where the face models that are "
        f"known here would start: {joined(lines)}.",
        *rates,
        ways_in(q.unknown_workload),
    ]
    return reply(
        q,
        "\n\n".join(said),
        recommendations=tuple(r for _, r in told),
        evidence=evidence_of(parts.library, [r for _, r in told]),
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

"""Answers about a model that nobody here has run: what can be said, and the ways in."""

from collections.abc import Sequence
from dataclasses import replace

from advisor.answers.evidence_rows import MAX_EVIDENCE, evidence_of, run_summary
from advisor.checks import several
from advisor.conversation.about_symptoms import diagnosis_answer
from advisor.conversation.answer import Answer, reply
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import rate_text
from advisor.reading import vocabulary
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
from advisor.reading.wishes import BEST_SO_FAR, HOW_SURE, TRIES_NEXT
from advisor.scaling.carrying_over import (
    CarriedOver,
    Exponents,
    MeasuredElsewhere,
    carried_over_text,
    carry_over,
    carry_over_published,
    carry_over_settings,
    exponent_text,
    exponents_shown,
    measured_exponent,
)
from advisor.scaling.published import (
    PublishedFit,
    kind_of,
    models_alike,
    settings_with,
    stepping_alike,
)
from advisor.words import joined, optimizer_title, percent, title_of
from experiments.workloads.registry import BUILT_IN
from knowledge.names import WorkloadName, nearest_names
from knowledge.optimizers import stepping_of
from knowledge.published.settings import PublishedSetting

USUAL_OPTIMIZER = "adam"
FACES = "faceswap"  # the group of the face models
REACH = 4  # times the largest batch size that was run, and no further
SETTINGS_REACH = 64  # times the largest of the settings; the interval widens on the way
# Optimizers that estimate how far to go: who says to leave the rate at 1.
SELF_TUNED = {
    "prodigy": "arXiv:2306.06101",
    "dadaptadam": "arXiv:2301.07733",
    "dadaptsgd": "arXiv:2301.07733",
}
SURELY_ALIKE = 70  # of 100: a slip of the fingers, not another model
# What a rate carried over answers; a diagnosis or an explanation needs no model.
CARRIED = frozenset(
    {
        *(Intent.RECOMMEND_LR, Intent.SCALING_RULE, Intent.JUDGE_LR),
        *(Intent.MAX_BATCH_FOR_LR, Intent.NEEDS_CLARIFICATION, Intent.OFF_TOPIC),
    }
)
ABOUT_A_RATE = frozenset(
    {Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.NEEDS_CLARIFICATION}
)
ABOUT_ONE_MODEL = frozenset(Intent) - {
    *(Intent.EXPLAIN_CONCEPT, Intent.HELP, Intent.OFF_TOPIC),
    *(Intent.STATUS_OF_JOBS, Intent.CANCEL, Intent.DIFFERENCE),
}


def answer_without_runs(
    parts: Parts, q: Question, asked: Asked, known: list[str]
) -> Answer | None:
    """What can be said of a model without runs here; None where there are some.

    The best there is, in this order: the person's own rate carried over, others' grids
    of such models, others' settings of such models, those of any model.
    """
    if not _is_open(q):
        return None
    if asked.optimizer in SELF_TUNED and q.intent in ABOUT_A_RATE:
        return _self_tuned_answer(q, asked.optimizer)
    carried = carried_of(q)
    if carried is not None:
        return carried_answer(parts, q, asked, carried)
    if q.intent is Intent.SCALING_RULE and q.unknown_workload is not None:
        return _rules_answer(parts, q, asked)
    ways = (_from_settings, _from_grids, _from_any_settings)
    for found in ways if parts.library.has_published else ():
        answer = found(parts, q, asked)
        if answer is not None:
            return _with_near_names(answer, q, known)
    if q.unknown_workload is not None and q.intent in ABOUT_ONE_MODEL:
        return unknown_answer(parts, q, asked, known)
    return None


def _is_open(q: Question) -> bool:
    """Whether no stored workload is asked about."""
    return q.slots.workload is None or q.unknown_workload is not None


def _self_tuned_answer(q: Question, optimizer: str) -> Answer:
    """What an optimizer is started with that finds its rate itself."""
    title = optimizer_title(optimizer)
    return reply(
        q,
        f"{title[0].upper()}{title[1:]} finds its rate itself: leave lr at 1, as its "
        f"authors do ({SELF_TUNED[optimizer]}). Nothing here was measured on "
        f"{q.unknown_workload or 'your model'}. {ways_in(q.unknown_workload)}",
        rows=({"learning_rate": 1.0},),
        unknown_workload=q.unknown_workload,
    )


def carried_of(q: Question) -> Carried | None:
    """What a question about no stored model carries over from one batch to another."""
    own = read_carried(q.text)
    # Who makes do with less memory asks for the rate, not for the cause.
    kinds = set(read_symptoms(q.text).kinds) if q.intent is Intent.DIAGNOSE else set()
    is_moved = own is not None and (
        kinds == {Symptom.OUT_OF_MEMORY} or q.intent is Intent.FASTEST_BATCH
    )
    if not (q.intent in CARRIED or is_moved):
        return None
    if own is not None or q.carries is None:
        return own
    return carried_on(q)


def carried_on(q: Question) -> Carried | None:
    """What the turns before carry over, with what this one changes of it.

    Another batch size is where to; a formula, or a rate with its optimizer, is what
    from; any other rate is only set against the one that is carried over.
    """
    if q.carries is None:
        return None
    earlier, to = read_carried(q.carries), q.slots.batch_size
    formula = read_formula(q.text)
    if earlier is not None and formula is not None:
        return Carried(*formula, earlier.to_batch_size)
    known = read_known(q.carries) if earlier is None else None
    if known is not None and isinstance(to, int) and to != known[1]:
        earlier = Carried(*known, to)
    if earlier is None:
        return None
    own = read_text(q.text, ())
    if own.names.optimizer and len(own.roles.all_rates) == 1 and not own.roles.batches:
        earlier = replace(earlier, learning_rate=own.roles.all_rates[0])
    if isinstance(to, int) and to != earlier.from_batch_size:
        earlier = replace(earlier, to_batch_size=to)
    return earlier


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
    said = []
    earlier = _optimizer_of(q, carried.learning_rate)
    if earlier and stepping_of(earlier) is not stepping_of(optimizer):
        said.append(
            f"Your rate was with {optimizer_title(earlier)}: "
            f"{optimizer_title(optimizer)} needs one of its own, so this is a guess."
        )
    if asked.optimizer is None:
        said.append("No optimizer was named, so I took Adam.")
    hint = "If the loss rises and stays up, halve the rate."
    return _carried_reply(q, found, shown, said=said, hint=hint)


def _optimizer_of(q: Question, rate: float) -> str | None:
    """The optimizer that a told rate was used with, if that was said."""
    own = read_text(q.text, ())
    told = own if rate in own.roles.all_rates else read_text(q.carries or "", ())
    return told.names.optimizer


def words_of(q: Question, found: CarriedOver) -> str:
    """What was told of a rate that is carried over, in words for the next turn."""
    optimizer = _optimizer_of(q, found.learning_rate)
    using = f" with {optimizer}" if optimizer else ""
    return (
        f"{found.learning_rate:g} worked{using} at batch {found.from_batch_size}, "
        f"going to batch {found.to_batch_size}"
    )


def _from_grids(parts: Parts, q: Question, asked: Asked) -> Answer | None:
    """The best rate of models like an unknown one in others' grids."""
    if q.intent not in CARRIED:
        return None
    fits = _not_left_out(models_alike(_described(q), asked.optimizer), asked)
    if not fits:
        return None
    optimizer = fits[0].optimizer
    sizes = [size for fit in fits for size in fit.best]
    reach = REACH * max(sizes)
    wanted, first = _within(q, reach, max(sizes, key=sizes.count))
    shown = exponents_for(parts, optimizer, asked)
    found = carry_over_published(fits, wanted, optimizer=optimizer, exponents=shown)
    answer = _carried_reply(q, found, shown, first=first)
    return replace(answer, evidence=_rows_of(parts, found))


def _from_settings(parts: Parts, q: Question, asked: Asked) -> Answer | None:
    """Where others start with models like an unknown one."""
    kind = kind_of(_described(q)) if q.intent in ABOUT_A_RATE else None
    settings = settings_with(asked.optimizer, kind) if kind else []
    if kind is None or not settings:
        return None
    return _settings_answer(parts, q, asked, settings, hint=kind.note)


def _from_any_settings(parts: Parts, q: Question, asked: Asked) -> Answer | None:
    """Where others start with other models: hardly more than a range to search."""
    is_asked = q.intent in ABOUT_A_RATE and q.slots.batch_size is not None
    is_face = vocabulary.FACE_SWAP.search(_described(q).lower())
    if not is_asked or q.unknown_workload is None or is_face:
        return None
    settings = settings_with(asked.optimizer or USUAL_OPTIMIZER)
    return _settings_answer(parts, q, asked, settings) if settings else None


def _settings_answer(
    parts: Parts,
    q: Question,
    asked: Asked,
    settings: list[PublishedSetting],
    hint: str = "",
) -> Answer:
    optimizer = asked.optimizer or settings[0].optimizer
    reach = SETTINGS_REACH * max(setting.batch_size for setting in settings)
    wanted, first = _within(q, reach, settings[0].batch_size)
    shown = exponents_for(parts, optimizer, asked)
    found = carry_over_settings(settings, wanted, optimizer=optimizer, exponents=shown)
    hint = hint or "Better: tell me a rate that worked, and its batch size."
    return _carried_reply(q, found, shown, first=first, hint=hint)


def _within(q: Question, reach: int, usual: int) -> tuple[int, str]:
    """The batch size asked about, no larger than a reach, and what to say of it."""
    wanted = next(iter(several(q.slots.batch_size)), None)
    if wanted is None:
        return usual, f"You named no batch size, so this is for batch {usual}. "
    if wanted <= reach:
        return wanted, ""
    return reach, f"I have no rate for batch {wanted}, only up to {reach}. "


def _described(q: Question) -> str:
    """What was said of a model that has no runs here, and its name."""
    return f"{q.described or ''} {q.unknown_workload or ''} {q.text}"


def _not_left_out(fits: Sequence[PublishedFit], asked: Asked) -> list[PublishedFit]:
    left_out = set(asked.exclude)
    return [fit for fit in fits if not left_out & {fit.source, fit.workload}]


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
    """How a rate that was asked about stands to the one that is carried over."""
    times = rate / measured.median
    if 0.95 < times < 1.05:
        return f"{rate_text(rate)} is about that rate."
    is_inside = measured.low <= rate <= measured.high
    where = f", {'within' if is_inside else 'outside'} that interval"
    if measured.low == measured.high:
        where = ""
    return f"{rate_text(rate)} is {times:.2g} times that rate{where}."


def exponents_for(parts: Parts, optimizer: str, asked: Asked) -> Exponents | None:
    """What stored runs and published grids show of an optimizer's exponents."""
    of_all = Asked(exclude=asked.exclude)
    published = stepping_alike(optimizer) if parts.library.has_published else []
    return exponents_shown(
        parts.referee.findings_of_kin(optimizer, of_all),
        _not_left_out(published, asked),
        optimizer,
    )


def _rules_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """Which rule of thumb runs with an optimizer showed, where no rate is known."""
    optimizer = asked.optimizer or USUAL_OPTIMIZER
    shown = exponents_for(parts, optimizer, asked)
    m = measured_exponent(shown)
    said = [f"No stored runs with {optimizer_title(optimizer)} tell."]
    if m is not None and shown is not None:
        said = [exponent_text(m, optimizer, shown, with_rules=True)]
    said += [
        f"Nothing here was measured on {q.unknown_workload}.",
        "Tell me a rate that worked, its batch size and where you go: I carry it over.",
        ways_in(q.unknown_workload),
    ]
    return reply(
        q,
        " ".join(said),
        rows=({"exponent": m.exponent, **m.scaling_rules},) if m else None,
        unknown_workload=q.unknown_workload,
    )


def _carried_reply(
    q: Question,
    found: CarriedOver,
    shown: Exponents | None,
    *,
    first: str = "",
    said: Sequence[str] = (),
    hint: str = "",
) -> Answer:
    """A rate that was carried over, what else is to be said of it, and the ways in.

    The hint is given where there is nothing else to say.
    """
    text = carried_over_text(
        found,
        shown,
        whose=q.unknown_workload or "your model",
        with_rules=q.intent is Intent.SCALING_RULE,
    )
    m = found.measured
    if m is not None:
        asked_of = read_text(q.text, ()).roles.all_rates
        told = None if found.is_others else found.learning_rate
        said = [*(_against(x, m) for x in asked_of if x != told), *said]
    if m is not None and m.low < m.high and TRIES_NEXT.search(q.text):
        ends = f"{rate_text(m.low)} and {rate_text(m.high)}"
        said = [f"Try {rate_text(m.median)} first, then {ends}.", *said]
    if HOW_SURE.search(q.text):
        said = ["How far the interval holds for your model is not known.", *said]
    if BEST_SO_FAR.search(q.text) and q.unknown_workload:
        said = [f"No scored run of {q.unknown_workload} is stored.", *said]
    if hint and not said and q.intent is not Intent.SCALING_RULE:
        said = [hint]
    slots = replace(q.slots, batch_size=found.to_batch_size)
    return reply(
        replace(q, intent=Intent.RECOMMEND_LR, slots=slots),
        "\n\n".join([f"{first}{text}", " ".join([*said, ways_in(q.unknown_workload)])]),
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
    if batch is not None and vocabulary.FACE_SWAP.search(_described(q).lower()):
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
    answer = reply(q, "\n\n".join(said), unknown_workload=name)
    return _with_near_names(answer, q, known)


def _with_near_names(answer: Answer, q: Question, known: list[str]) -> Answer:
    """The answer, and whether a stored name was meant that is hardly another."""
    near = nearest_names(q.unknown_workload or "", known, fewest=SURELY_ALIKE)
    if not near:
        return answer
    asks = f"Or did you mean {' or '.join(near)}?"
    return replace(
        answer,
        text=f"{answer.text}\n\n{asks}",
        clarification={"question": asks, "options": near},
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
        f"measured on {name}, and this is the lowest of where other face models would "
        f"start: {joined(lines)}.",
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
        f"Own runs tell more: lr-advisor import FILE, lr-advisor tell {model}, or add "
        "the model (docs/how-to/add-a-workload.md)."
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

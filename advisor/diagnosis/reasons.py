"""Why a cause is one, and what to change, from what is known of the case (pure).

Without runs of ours the words of `causes` are used as they are.
"""

from advisor.diagnosis.causes import CAUSE_WORDS, DAMAGING, CauseName
from advisor.diagnosis.records import (
    Cause,
    Diagnosis,
    Likelihood,
    Side,
    is_at_the_start,
    is_beyond,
    is_too_low,
)
from advisor.rates import rate_text
from advisor.reading.symptoms import ChangeKind
from advisor.words import (
    BASIS_WORDS,
    chance_text,
    count_text,
    percent,
    title_of,
)
from knowledge.names import WorkloadName

FAR_ABOVE = 2.0  # times the boundary: then a lower rate comes first (our choice)
BACKUP = "Models rarely recover: restore an earlier backup."


def build_cause(name: CauseName, likelihood: Likelihood, facts: Diagnosis) -> Cause:
    """Return a cause with its reason in this case and what to change."""
    words = CAUSE_WORDS[name]
    why, change = words.why, words.change
    if name in (CauseName.RATE_TOO_HIGH, CauseName.AT_THE_EDGE):
        why = _rate_why(facts) or why
        change = _lower(facts) if name is CauseName.RATE_TOO_HIGH else change
    elif name is CauseName.RATE_TOO_LOW and is_too_low(facts):
        why = f"{_rate_why(facts)} {why}"
        change = f"Raise it to {rate_text(facts.recommended or 0)}, in a copy."
    elif name is CauseName.LATE_FAILURE and facts.horizon_steps:
        why = f"{why} {_late_why(facts)}"
    elif name is CauseName.BATCH_CHANGE:
        why = f"{why} {_batch_why(facts)}".strip()
    elif name is CauseName.OPTIMIZER_LAG and facts.epsilon:
        change = f"Raise epsilon above {rate_text(facts.epsilon)}, or clip gradients."
    if likelihood is not Likelihood.UNLIKELY and _needs_backup(name, facts):
        change = f"{change} {BACKUP}"
    return Cause(name, likelihood, why, change, words.run)


def _needs_backup(name: CauseName, facts: Diagnosis) -> bool:
    by_rate = name in (CauseName.RATE_TOO_HIGH, CauseName.AT_THE_EDGE)
    is_broken = facts.symptoms.main in DAMAGING
    return by_rate and is_broken and not is_at_the_start(facts.symptoms)


def _rate_why(facts: Diagnosis) -> str:
    """Where the rate lies against the boundary, and how runs like it ended."""
    if facts.learning_rate is None:
        return ""
    parts = [_boundary_text(facts)]
    if facts.side in (Side.ABOVE, Side.NEAR):
        parts += [_crossing_text(facts), _exponent_text(facts)]
    parts.append(_similar_text(facts))
    return " ".join(part for part in parts if part)


def _boundary_text(facts: Diagnosis) -> str:
    m, rate = facts.threshold, facts.learning_rate
    if m is None or rate is None or facts.times_threshold is None:
        return _best_text(facts)
    length = f" of {facts.horizon_steps:,} steps" if facts.horizon_steps else ""
    text = (
        f"Half of runs{length} fail near {rate_text(m.median)} "
        f"({percent(m.level)}: {rate_text(m.low)} to {rate_text(m.high)}). "
        f"{rate_text(rate)} is {facts.times_threshold:g} times that"
    )
    if facts.probability_stable is not None:
        text += f" and holds with probability {chance_text(facts.probability_stable)}"
    if facts.basis in ("reported", "borrowed", "extrapolated"):
        text += f". This is {BASIS_WORDS[facts.basis]}"
    return f"{text}."


def _best_text(facts: Diagnosis) -> str:
    """Where the rate lies against the best one, when that is all there is."""
    b, rate = facts.best, facts.learning_rate
    if b is None or rate is None:
        return ""
    where = "above" if rate > b.high else "below" if rate < b.low else "in"
    return (
        f"No run says at which rate this fails. {rate_text(rate)} lies {where} the "
        f"range where the best score is expected, {rate_text(b.low)} to "
        f"{rate_text(b.high)}."
    )


def _crossing_text(facts: Diagnosis) -> str:
    """What the same rate was worth at the batch size before."""
    b = facts.before
    if b is None or b.probability_stable is None or facts.batch_size is None:
        return ""
    was = {
        Side.BELOW: "it was well below the limit",
        Side.NEAR: "it was near the limit already",
        Side.ABOVE: "it was too high already",
        Side.UNKNOWN: "it is not known either",
    }[b.side]
    chance = chance_text(b.probability_stable)
    return (
        f"At batch {b.batch_size} {was} (probability {chance})."
        if b.batch_size != facts.batch_size
        else ""
    )


def _similar_text(facts: Diagnosis) -> str:
    s = facts.similar
    if s is None:
        return ""
    batches = (
        f"batch {s.batch_low}"
        if s.batch_low == s.batch_high
        else f"batch {s.batch_low} to {s.batch_high}"
    )
    rates = (
        rate_text(s.rate_low)
        if s.rate_low == s.rate_high
        else f"{rate_text(s.rate_low)} to {rate_text(s.rate_high)}"
    )
    text = (
        f"{s.n_failed:,} of {count_text(s.n_runs, 'run')} of "
        f"{title_of(s.workload)} at {batches} and {rates} failed"
    )
    if s.n_failed > 1 and s.median_failed_at is not None:
        text += f", half of them by step {s.median_failed_at}"
    if s.n_diverged and s.n_degraded:
        text += f" ({s.n_diverged} broke down, {s.n_degraded} got worse or blurred)"
    elif s.n_failed:
        text += ": they broke down" if s.n_diverged else ": they got worse or blurred"
    return f"{text}."


def _late_why(facts: Diagnosis) -> str:
    step, longest = facts.symptoms.at_step, facts.longest_run
    text = f"What is said here of the rate holds for {facts.horizon_steps:,} steps."
    if longest is not None:
        model = title_of(WorkloadName.parse(facts.workload or "?").base)
        text += f" Our longest run of {model} or a copy of it has {longest}."
    if step is not None and is_beyond(facts):
        text += f" Yours failed by step {step}."
    c = facts.seen_failing
    if c is not None and c.median_failed_at is not None:
        text += (
            f" Of {c.n_failed} failures we have seen at all rates, half came by step "
            f"{c.median_failed_at} and the last at {c.last_failed_at}."
        )
    return text


def _batch_why(facts: Diagnosis) -> str:
    """What the boundary says of the change: both batch sizes, and the exponent."""
    if facts.side in (Side.ABOVE, Side.NEAR):
        return ""  # the rate's own reason says it
    b = facts.before
    if b is not None and facts.side is Side.BELOW is b.side:
        both = (
            f"The rate holds at both batch sizes: with probability "
            f"{chance_text(b.probability_stable)} at batch {b.batch_size} and "
            f"{chance_text(facts.probability_stable)} at batch {facts.batch_size}."
        )
    else:
        both = _crossing_text(facts)
    return f"{both} {_exponent_text(facts)}".strip()


def _exponent_text(facts: Diagnosis) -> str:
    """How the boundary goes with the batch size, where a change of it is in doubt."""
    x = facts.exponent
    if x is None or facts.symptoms.change(ChangeKind.BATCH_SIZE) is None:
        return ""
    how = "may rise or fall with the batch size"
    if x.low > 0:
        how = "rises with the batch size"
    elif x.high < 0:
        how = "falls as the batch size grows"
    return (
        f"Here the limit {how}: it scales as batch^{x.median:g} "
        f"({percent(x.level)}: {x.low:g} to {x.high:g})."
    )


def _lower(facts: Diagnosis) -> str:
    """Lower it at once when it is far above; else what may keep it comes first."""
    lower = facts.recommended
    if lower is None or facts.learning_rate is None or lower >= facts.learning_rate:
        return CAUSE_WORDS[CauseName.RATE_TOO_HIGH].change
    if _is_far_above(facts):
        return (
            f"Lower the rate to {rate_text(lower)}. It is too far above for a warm-up "
            "or clipping to help."
        )
    return (
        "To keep a rate this high, try a warm-up or gradient clipping first. The safe "
        f"way is to lower it to {rate_text(lower)}."
    )


def _is_far_above(facts: Diagnosis) -> bool:
    m, rate, times = facts.threshold, facts.learning_rate, facts.times_threshold
    if m is None or rate is None or times is None:
        return False
    return rate > m.high and times >= FAR_ABOVE

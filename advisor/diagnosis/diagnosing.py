"""Symptoms and a verdict on the rate -> a Diagnosis: causes, likeliest first (pure).

Above the boundary the rate is the first suspect; well below it, everything else, in the
order of `causes`.
"""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from advisor.answers.recommendation import Judgement
from advisor.diagnosis.causes import (
    FIRST_STEPS_ORDER,
    OF_CHANGE,
    ONLY_BELOW,
    RANKINGS,
    RATE_IS_ONE_OF_MANY,
    CauseName,
)
from advisor.diagnosis.reasons import build_cause
from advisor.diagnosis.records import (
    CLEARLY_HIGHER,
    SLOTS,
    Before,
    Diagnosis,
    Likelihood,
    Side,
    SimilarRuns,
    Trial,
    is_at_the_start,
    is_beyond,
    is_past_horizon,
    is_short,
    is_too_low,
)
from advisor.estimates import Estimate
from advisor.evidence.trajectories import runs_that_count
from advisor.rates import round_rate
from advisor.reading.symptoms import Change, ChangeKind, Symptom, Symptoms
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.optimizers import Stepping, stepping_of
from knowledge.recipes import RECIPES
from knowledge.records import Outcome, Run

RATE_FACTOR = 1.5  # runs within this factor of the rate are like it (our choice)
BATCH_FACTOR = 2.0  # and within this factor of the batch size
SEEDS = 3
BY_SIDE = {
    Side.ABOVE: CauseName.RATE_TOO_HIGH,
    Side.NEAR: CauseName.AT_THE_EDGE,
}


def diagnose(
    symptoms: Symptoms,
    judgement: Judgement | None = None,
    *,
    before: Judgement | None = None,
    runs: Sequence[Run] = (),
    missing: Sequence[str] = SLOTS,
) -> Diagnosis:
    """Return the causes of what a person sees, likeliest first; never none.

    Args:
        symptoms: What was said.
        judgement: The verdict on their rate at their batch size; None if they did not
            name all of it.
        before: The verdict on the same rate at the batch size before they changed it.
        runs: Runs of the workload's family, from which those like theirs are counted.
        missing: Without a judgement, what they have not named.
    """
    facts = _facts(symptoms, judgement, before=before, runs=runs, missing=missing)
    causes = tuple(
        build_cause(name, likelihood, facts) for name, likelihood in _ranked(facts)
    )
    return replace(facts, causes=causes)


def ranked_causes(
    kind: Symptom, side: Side, *, is_low: bool = False
) -> tuple[CauseName, ...]:
    """Return the causes of one symptom on one side, with nothing else known.

    `is_low` says that a clearly higher rate is recommended.

    >>> [name.value for name in ranked_causes(Symptom.PLATEAU, Side.BELOW)][:2]
    ['model_limit', 'data']
    """
    known = Diagnosis(Symptoms("", (kind,)), side, ())
    if side is not Side.UNKNOWN:
        known = replace(known, workload="any")
    if is_low:
        known = replace(known, learning_rate=1.0, recommended=CLEARLY_HIGHER)
    return tuple(name for name, _ in _ranked(known))


def find_side(judgement: Judgement | None) -> Side:
    """Return on which side of the boundary a judged rate lies.

    Well below and above are outside the threshold's interval, or a verdict of unsafe.
    """
    if judgement is None or judgement.probability_stable is None:
        return Side.UNKNOWN
    interval = judgement.recommendation.max_stable
    if judgement.verdict == "unknown" or interval is None:
        return Side.UNKNOWN
    if judgement.verdict == "unsafe" or judgement.learning_rate > interval.high:
        return Side.ABOVE
    if judgement.verdict == "safe" and judgement.learning_rate < interval.low:
        return Side.BELOW
    return Side.NEAR


# -- what is known ---------------------------------------------------------------------


def _facts(
    symptoms: Symptoms,
    j: Judgement | None,
    *,
    before: Judgement | None,
    runs: Sequence[Run],
    missing: Sequence[str],
) -> Diagnosis:
    if j is None:
        return Diagnosis(symptoms, Side.UNKNOWN, (), missing=tuple(missing))
    r = j.recommendation
    recipe = RECIPES.get(j.recipe or "")
    left_out = {excluded.id for excluded in r.evidence.excluded}
    runs = [run for run in runs if run.id not in left_out]
    copies = [run for run in runs if _is_copy(run, j)]
    facts = Diagnosis(
        symptoms,
        find_side(j),
        (),
        workload=j.workload,
        batch_size=j.batch_size,
        learning_rate=j.learning_rate,
        optimizer=j.optimizer,
        probability_stable=j.probability_stable,
        threshold=r.max_stable,
        times_threshold=_times(j.learning_rate, r.max_stable),
        recommended=r.learning_rate,
        best=r.best,
        horizon_steps=r.horizon_steps,
        longest_run=max(
            (run.steps or 0 for run in runs if _is_of_model(run, j)), default=None
        )
        or None,
        exponent=r.exponent if _is_of_threshold(r.exponent) else None,
        epsilon=recipe.epsilon if recipe else None,
        basis=r.basis,
        before=_before(before),
        similar=_summary([run for run in runs if is_similar(run, j)], j.workload),
        copies=_summary(copies, WorkloadName.parse(j.workload).base),
    )
    return replace(facts, trial=_trial(facts), outlived=_outlived(facts))


def _is_of_threshold(exponent: Estimate | None) -> bool:
    return exponent is not None and exponent.quantity == "max_stable"


def _times(rate: float, threshold: Estimate | None) -> float | None:
    if threshold is None:
        return None
    return round_rate(rate / threshold.median, digits=2)


def _before(j: Judgement | None) -> Before | None:
    if j is None:
        return None
    return Before(
        j.batch_size, find_side(j), j.probability_stable, j.recommendation.max_stable
    )


def is_similar(run: Run, j: Judgement) -> bool:
    """Whether a run of the same workload was made at about the rate and batch size."""
    return (
        run.workload == j.workload
        and _is_alike(run, j)
        and _within(run.learning_rate, j.learning_rate, RATE_FACTOR)
        and _within(run.batch_size, j.batch_size, BATCH_FACTOR)
    )


def _is_copy(run: Run, j: Judgement) -> bool:
    """A run of the same model at another width: its rates are other rates."""
    return run.workload != j.workload and _is_of_model(run, j)


def _is_of_model(run: Run, j: Judgement) -> bool:
    name, own = WorkloadName.parse(run.workload), WorkloadName.parse(j.workload)
    return name.base == own.base and _is_alike(run, j)


def _is_alike(run: Run, j: Judgement) -> bool:
    """Whether a run was trained alike and says how it ended."""
    known = run.outcome is not None and run.outcome is not Outcome.INCOMPLETE
    is_same = run.optimizer == j.optimizer and run.recipe == j.recipe
    return known and is_same


def _within(a: float, b: float, factor: float) -> bool:
    return b / factor <= a <= b * factor


def _summary(runs: Iterable[Run], workload: str) -> SimilarRuns | None:
    rows = runs_that_count(runs)
    if not rows:
        return None
    outcomes = [run.outcome for run in rows]
    failed = sorted(
        run.failed_at_step
        for run in rows
        if run.failed_at_step is not None and run.outcome and run.outcome.is_unstable
    )
    return SimilarRuns(
        workload=workload,
        batch_low=min(run.batch_size for run in rows),
        batch_high=max(run.batch_size for run in rows),
        rate_low=min(run.learning_rate for run in rows),
        rate_high=max(run.learning_rate for run in rows),
        n_runs=len(rows),
        n_diverged=outcomes.count(Outcome.DIVERGED),
        n_degraded=outcomes.count(Outcome.DEGRADED),
        median_failed_at=statistics.median_low(failed) if failed else None,
        last_failed_at=failed[-1] if failed else None,
        ids=tuple(sorted(run.id for run in rows)),
    )


def _trial(facts: Diagnosis) -> Trial | None:
    """The trial to verify: their rate, and the recommended one if theirs is above."""
    workload, batch, rate = facts.workload, facts.batch_size, facts.learning_rate
    if workload is None or batch is None or rate is None:
        return None
    if find_spec(workload) is None or RANKINGS[facts.symptoms.main].rate_at is None:
        return None
    rates = [rate]
    if facts.side is Side.ABOVE and facts.recommended:
        rates = [facts.recommended, rate]
    return Trial(workload, batch, tuple(rates), SEEDS)


def _outlived(facts: Diagnosis) -> bool:
    """Whether their own run held at this rate for longer than the answer covers."""
    s = facts.symptoms
    held = s.worked_before and is_beyond(facts)
    is_same_trial = not s.change(ChangeKind.BATCH_SIZE, ChangeKind.LEARNING_RATE)
    return held and bool(s.changes) and is_same_trial


# -- the order -------------------------------------------------------------------------


def _ranked(facts: Diagnosis) -> list[tuple[CauseName, Likelihood]]:
    """The causes of every symptom that was named, each once, likeliest first."""
    kinds = facts.symptoms.kinds or (Symptom.UNCLEAR,)
    ranked: dict[CauseName, Likelihood] = {}
    for kind in kinds:
        for name, likelihood in _ranked_for(kind, facts):
            ranked.setdefault(name, likelihood)
    order = list(Likelihood)
    return sorted(ranked.items(), key=lambda item: order.index(item[1]))


def _ranked_for(
    kind: Symptom, facts: Diagnosis
) -> Iterator[tuple[CauseName, Likelihood]]:
    ranking = RANKINGS[kind]
    others = _others(kind, facts)
    if ranking.rate_at is None:
        yield from _rated(others, first_is_likely=ranking.first_is_typical)
        return
    changed = _changed(kind, facts)
    others = [name for name in others if name not in changed]
    by_rate = BY_SIDE.get(facts.side)
    if by_rate is not None and ranking.rate_at < RATE_IS_ONE_OF_MANY:
        likely = [*changed, by_rate] if facts.outlived else [by_rate, *changed]
        yield from _rated(likely, all_are_likely=True)
        yield from _rated(others)
        return
    if facts.side is Side.ABOVE:
        yield CauseName.RATE_TOO_HIGH, Likelihood.LIKELY
    yield from _rated(changed, all_are_likely=True)
    if facts.side is Side.BELOW:
        fits = ranking.first_is_typical or others[:1] in _spoken_for(facts)
        yield from _rated(others, first_is_likely=fits and not changed)
        yield CauseName.RATE_TOO_HIGH, Likelihood.UNLIKELY
        return
    place = 0 if _is_above_best(facts) else min(ranking.rate_at, len(others))
    if facts.side is not Side.ABOVE:
        name = by_rate or CauseName.RATE_TOO_HIGH
        others.insert(place, name)
    yield from _rated(others)


def _rated(
    names: Sequence[CauseName],
    *,
    first_is_likely: bool = False,
    all_are_likely: bool = False,
) -> Iterator[tuple[CauseName, Likelihood]]:
    for place, name in enumerate(names):
        is_likely = all_are_likely or (first_is_likely and place == 0)
        yield name, Likelihood.LIKELY if is_likely else Likelihood.POSSIBLE


def _others(kind: Symptom, facts: Diagnosis) -> list[CauseName]:
    """The causes besides a rate too high, in the order this case asks for."""
    s, ranking = facts.symptoms, RANKINGS[kind]
    names = list(ranking.causes)
    if kind is Symptom.NOT_A_NUMBER and is_at_the_start(s):
        names = list(dict.fromkeys([*FIRST_STEPS_ORDER, *names]))
    unfit = set(_unfit(kind, facts))
    names = [name for name in names if name not in unfit]
    if is_short(facts) and CauseName.TOO_EARLY in names and not ranking.is_a_loss:
        names.remove(CauseName.TOO_EARLY)
        names.insert(int(CauseName.RATE_TOO_LOW in names), CauseName.TOO_EARLY)
    if ranking.can_come_late and facts.side in (Side.BELOW, Side.NEAR):
        if is_beyond(facts):
            names.insert(0, CauseName.LATE_FAILURE)
        elif s.at_step is None and (s.is_late or s.worked_before):
            names.insert(1, CauseName.LATE_FAILURE)
    return names


def _unfit(kind: Symptom, facts: Diagnosis) -> Iterator[CauseName]:
    """The causes that what is known rules out."""
    s, rate_at = facts.symptoms, RANKINGS[kind].rate_at
    if stepping_of(facts.optimizer) is Stepping.GRADIENT:
        yield CauseName.OPTIMIZER_LAG
    if is_at_the_start(s):
        yield CauseName.RESUMED
    if is_past_horizon(facts) or s.worked_before:
        yield CauseName.TOO_EARLY
    if facts.workload is not None and not is_too_low(facts):
        yield CauseName.RATE_TOO_LOW
    if rate_at is not None and (
        facts.side is Side.ABOVE
        or (facts.side is Side.NEAR and rate_at < RATE_IS_ONE_OF_MANY)
    ):
        yield from ONLY_BELOW


def _spoken_for(facts: Diagnosis) -> list[list[CauseName]]:
    """The first causes that what was said, or the rate, speaks for."""
    said = (
        (is_beyond(facts), CauseName.LATE_FAILURE),
        (is_too_low(facts), CauseName.RATE_TOO_LOW),
        (is_short(facts), CauseName.TOO_EARLY),
    )
    return [[name] for is_said, name in said if is_said]


def _changed(kind: Symptom, facts: Diagnosis) -> list[CauseName]:
    """The causes that a change before the failure speaks for."""
    names = []
    for change in facts.symptoms.changes:
        name = OF_CHANGE[change.kind]
        if name is CauseName.RATE_CHANGE:
            names += _of_rate_change(kind, change, facts)
        elif name is not CauseName.BATCH_CHANGE or not _crossed(facts):
            names.append(name)
    return list(dict.fromkeys(names))


def _of_rate_change(kind: Symptom, change: Change, facts: Diagnosis) -> list[CauseName]:
    """What a changed rate speaks for: at the boundary or above, its side says it."""
    if facts.side in BY_SIDE:
        return []
    learns_too_little = CauseName.RATE_TOO_LOW in RANKINGS[kind].causes
    if learns_too_little and (change.direction == "down" or is_too_low(facts)):
        return [CauseName.RATE_TOO_LOW]
    if facts.side is Side.UNKNOWN and change.direction == "up":
        return [CauseName.RATE_TOO_HIGH]
    return [CauseName.RATE_CHANGE]


def _crossed(facts: Diagnosis) -> bool:
    """Whether it was the change of the batch that put the rate over the boundary."""
    before = facts.before
    return facts.side in BY_SIDE and before is not None and before.side is Side.BELOW


def _is_above_best(facts: Diagnosis) -> bool:
    best, rate = facts.best, facts.learning_rate
    return best is not None and rate is not None and rate > best.high

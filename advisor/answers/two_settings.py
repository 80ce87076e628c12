"""Two settings as a person names them -> what is to be compared (pure).

By the scores the person told, or by the stored runs that compare.
"""

from collections.abc import Sequence
from dataclasses import replace

from advisor.answers.difference import Difference, Side, build_difference, side_of
from advisor.evidence.replicates import Place, metric_of, noise_cells, pair_of
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence
from advisor.rates import rate_text
from advisor.reading.sides import Sides, ToldSide
from advisor.words import joined, optimizer_title, title_of
from knowledge.records import Run

_MOST_NAMED = 6


def told_difference(sides: Sides, evidence: Evidence | None) -> Difference:
    """The scores that a person told, on the noise floor of stored runs where it fits.

    It fits where the model is known here and the scores are in the same metric.

    Args:
        sides: The two settings with their scores.
        evidence: What is stored of the model, if one is named that is known.
    """
    fits = evidence is not None and _same_metric(sides, evidence)
    others, are_kin = (
        noise_cells(evidence, places=_told_places(sides))
        if evidence is not None and fits
        else ((), False)
    )
    a, b = _told(sides.a, sides.b), _told(sides.b, sides.a)
    if a.name == b.name:
        a, b = replace(a, name="the first"), replace(b, name="the second")
    return build_difference(
        a,
        b,
        metric=sides.metric,
        goal=sides.goal,
        others=others,
        are_kin=are_kin,
        resolution=sides.resolution,
    )


def stored_difference(
    evidence: Evidence, a: Place, b: Place, *, length: int | None = None
) -> Difference:
    """The stored runs of two settings that compare with each other."""
    pair = pair_of(evidence, a, b, length=length)
    metric = metric_of(evidence)
    name, goal = metric or (None, None)
    found = build_difference(
        side_of(_name_of(a, b), a.learning_rate, a.batch_size, pair.a),
        side_of(_name_of(b, a), b.learning_rate, b.batch_size, pair.b),
        metric=pair.held.metric_name if pair.held else name,
        goal=pair.held.goal if pair.held else goal,
        others=pair.others,
        are_kin=pair.are_kin,
    )
    held = pair.held
    return replace(found, length=held.length if held and not held.in_examples else None)


def places_of(
    evidence: Evidence, rates: Sequence[float], batches: Sequence[int]
) -> tuple[Place, Place] | None:
    """The two settings; None where what was left unsaid may be several things.

    Args:
        evidence: What counts for the question.
        rates: One or two, or none: that at which both batch sizes were run.
        batches: One or two, or none: that at which both rates were run.
    """
    sizes = list(batches) or batches_of_both(evidence, rates)
    both = list(rates) or rates_of_both(evidence, batches)
    if (not batches and len(sizes) != 1) or (not rates and len(both) != 1):
        return None
    return Place(sizes[0], both[0]), Place(sizes[:2][-1], both[:2][-1])


def batches_of_both(evidence: Evidence, rates: Sequence[float]) -> list[int]:
    """The batch sizes at which both of two rates were run."""
    sizes = sorted({run.batch_size for run in _runs(evidence)})
    return [n for n in sizes if _are_run(evidence, [Place(n, x) for x in rates[:2]])]


def rates_of_both(evidence: Evidence, batches: Sequence[int]) -> list[float]:
    """The rates that were run at both of two batch sizes."""
    rates = sorted({run.learning_rate for run in _runs(evidence)})
    return [x for x in rates if _are_run(evidence, [Place(n, x) for n in batches[:2]])]


def _are_run(evidence: Evidence, places: Sequence[Place]) -> bool:
    return all(any(place.holds(run) for run in _runs(evidence)) for place in places)


def _runs(evidence: Evidence) -> tuple[Run, ...]:
    return (*evidence.scored, *evidence.own.runs)


def where_text(scope: Scope, found: Difference) -> str:
    """The model, what both sides share, and what is held fixed."""
    fixed = optimizer_title(scope.optimizer)
    if found.length:
        fixed += f", {found.length} steps"
    return f" on {title_of(scope.workload)}{shared_text(found)} ({fixed})"


def shared_text(found: Difference) -> str:
    """The batch size or the rate that both sides share."""
    a, b = found.a, found.b
    batch = a.batch_size if a.batch_size == b.batch_size else None
    rate = a.learning_rate if a.learning_rate == b.learning_rate else None
    said = f" at batch {batch}" if batch else ""
    return f"{said} with a rate of {rate_text(rate)}" if rate else said


def run_so_far_text(evidence: Evidence, at: Place) -> str:
    """Which rates were run at a batch size."""
    runs = _runs(evidence)
    rates = sorted({r.learning_rate for r in runs if r.batch_size == at.batch_size})
    if not rates:
        batches = sorted({r.batch_size for r in runs})
        some = joined(batches[:_MOST_NAMED]) if batches else "none"
        return f"Batch sizes that were run: {some}."
    near = sorted(rates, key=lambda rate: abs(rate / at.learning_rate - 1))
    some = joined(rate_text(rate) for rate in sorted(near[:_MOST_NAMED]))
    return f"Rates that were run at batch {at.batch_size}: {some}."


def _told_places(sides: Sides) -> list[Place]:
    """The settings that are wholly named."""
    return [
        Place(side.batch_size, side.learning_rate)
        for side in (sides.a, sides.b)
        if side.batch_size and side.learning_rate
    ]


def _told(side: ToldSide, other: ToldSide) -> Side:
    """A setting with the scores that a person told."""
    place = Place(side.batch_size or 0, side.learning_rate or 0.0)
    n = side.n or len(side.scores) + side.n_failed
    return Side(
        _name_of(place, Place(other.batch_size or 0, other.learning_rate or 0.0)),
        side.learning_rate,
        side.batch_size,
        side.scores,
        n_runs=max(n, len(side.scores) + side.n_failed),
        n_failed=side.n_failed,
        sd=side.sd,
    )


def _name_of(place: Place, other: Place) -> str:
    """A setting in a word: by what it does not share with the other."""
    rate = rate_text(place.learning_rate) if place.learning_rate else ""
    batch = f"batch {place.batch_size}" if place.batch_size else ""
    if place.learning_rate == other.learning_rate:
        return batch
    return rate if place.batch_size == other.batch_size else f"{rate} at {batch}"


def _same_metric(sides: Sides, evidence: Evidence) -> bool:
    """Whether told scores are in the metric of stored ones, and in its range."""
    stored, name = metric_of(evidence), sides.metric
    values = [run.metric_value for run in evidence.scored if run.metric_value]
    told = (*sides.a.scores, *sides.b.scores)
    if stored is None or name is None or not (values and told):
        return False
    is_alike = _metric_words(name) == _metric_words(stored[0])
    return is_alike and min(values) / 2 <= min(told) and max(told) <= 2 * max(values)


def _metric_words(name: str) -> frozenset[str]:
    alike = {"acc": "accuracy", "val": "validation", "err": "error"}
    words = name.lower().replace("-", "_").split("_")
    return frozenset(alike.get(word, word) for word in words)

"""Runs that differ in nothing but the seed, and the two cells that can be compared.

A score compares with another of the same metric, data, length, optimizer, recipe,
precision and source (pure).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from advisor.evidence.selecting import Evidence, has_failed
from knowledge.records import FP32, Run

SAME_RATE = 0.01  # two rates that differ by less are one rate, rounded
# Seeds differ more towards the boundary, so the spread is asked of settings that are no
# farther than this, where there are so many: our choice.
NEAR_OCTAVES, FEWEST_NEAR = 2.0, 6


@dataclass(frozen=True)
class Place:
    """A learning rate at a batch size."""

    batch_size: int
    learning_rate: float

    def holds(self, run: Run) -> bool:
        """Whether a run was made there."""
        near = math.isclose(run.learning_rate, self.learning_rate, rel_tol=SAME_RATE)
        return run.batch_size == self.batch_size and near

    def is_near(self, run: Run) -> bool:
        """Whether a run was made within `NEAR_OCTAVES`, in rate and in batch size."""
        rates = math.log2(run.learning_rate / self.learning_rate)
        batches = math.log2(run.batch_size / self.batch_size)
        return max(abs(rates), abs(batches)) <= NEAR_OCTAVES


@dataclass(frozen=True)
class Held:
    """What is held fixed; `length` is planned steps, or examples where `in_examples`.

    `source` is None for runs that this program made, here or for the study.
    """

    workload: str
    optimizer: str
    recipe: str | None
    precision: str
    source: str | None
    metric_name: str
    goal: str | None
    length: int | None
    in_examples: bool = False


@dataclass(frozen=True)
class Cell:
    """Replicates: the runs that ended with a score, and those that failed."""

    scored: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.scored) + len(self.failed)

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores of those that did not fail, in the order of the runs."""
        return tuple(r.metric_value for r in self.scored if r.metric_value is not None)


@dataclass(frozen=True)
class Pair:
    """The two cells to compare, what both share, and replicates of other cells.

    `others` are of the same workload; where it has none, of its kin (`are_kin`).
    """

    held: Held | None
    a: Cell
    b: Cell
    others: tuple[Cell, ...]
    are_kin: bool = False


def pair_of(
    evidence: Evidence, a: Place, b: Place, *, length: int | None = None
) -> Pair:
    """Return the cells of two places that compare, of the setting with most runs.

    Args:
        evidence: What counts for the question.
        a: One side.
        b: The other.
        length: Planned steps, where they were asked for.
    """
    runs = _runs_of(evidence)
    best = Pair(None, Cell(), Cell(), ())
    for in_examples in (False, True) if a.batch_size != b.batch_size else (False,):
        by_held = _by_held(runs, length, in_examples=in_examples)
        for held, group in by_held.items():
            found = Pair(held, _cell(group, a), _cell(group, b), ())
            if _worth(found) > _worth(best):
                best = found
    return _with_others(best, evidence, runs, (a, b))


def metric_of(evidence: Evidence) -> tuple[str, str | None] | None:
    """Return the metric that the scores of a workload are in, and its goal."""
    run = next(iter(evidence.scored), None)
    return (run.metric_name or "score", run.goal) if run else None


def noise_cells(
    evidence: Evidence, held: Held | None = None, places: Sequence[Place] = ()
) -> tuple[tuple[Cell, ...], bool]:
    """Return cells with replicates, and whether they are those of kin alone.

    Args:
        evidence: What counts for the question.
        held: What they are to share; None: whatever is held fixed.
        places: The settings that are compared: they are left out, and those near
            them are preferred.
    """
    runs = [r for r in _runs_of(evidence) if not any(p.holds(r) for p in places)]
    own = _replicated(runs, held)
    if own:
        return near_cells(own, places), False
    metric = (held.metric_name, held.goal) if held else metric_of(evidence)
    kin = [
        run
        for body in evidence.scored_siblings
        for run in body
        if metric is None or (run.metric_name, run.goal) == metric
    ]
    return near_cells(_replicated(kin, None), places), True


def near_cells(cells: Sequence[Cell], places: Sequence[Place]) -> tuple[Cell, ...]:
    """The cells near one of the places, where they are enough, else all."""
    near = [
        cell for cell in cells if any(place.is_near(cell.scored[0]) for place in places)
    ]
    return tuple(near if len(near) >= FEWEST_NEAR else cells)


def _with_others(
    pair: Pair, evidence: Evidence, runs: Sequence[Run], places: tuple[Place, Place]
) -> Pair:
    others, are_kin = noise_cells(evidence, pair.held, places)
    return Pair(pair.held, pair.a, pair.b, others, are_kin and bool(others))


def _runs_of(evidence: Evidence) -> list[Run]:
    """Runs with a score that compares, and those that failed, each once."""
    failed = [run for run in evidence.own.runs if has_failed(run)]
    return list({run.id: run for run in (*evidence.scored, *failed)}.values())


def _by_held(
    runs: Iterable[Run], length: int | None = None, *, in_examples: bool = False
) -> dict[Held, list[Run]]:
    """Runs by what they hold fixed; a failed one without a score is of any metric."""
    scored: dict[Held, list[Run]] = {}
    unscored: list[Run] = []
    for run in runs:
        if length is not None and _length(run) != length:
            continue
        if run.metric_value is None or not math.isfinite(run.metric_value):
            unscored.append(run)
            continue
        scored.setdefault(_held(run, in_examples=in_examples), []).append(run)
    for run in unscored:
        its = _held(run, in_examples=in_examples)
        for held, group in scored.items():
            if _but_for_the_metric(held) == _but_for_the_metric(its):
                group.append(run)
    return scored


def _held(run: Run, *, in_examples: bool) -> Held:
    length = _length(run)
    if length is not None and in_examples:
        length *= run.batch_size
    return Held(
        run.workload,
        run.optimizer,
        run.recipe,
        run.precision or FP32,
        None if run.is_measured else run.source,
        run.metric_name or "",
        run.goal,
        length,
        in_examples,
    )


def _but_for_the_metric(held: Held) -> tuple[object, ...]:
    return (
        *(held.workload, held.optimizer, held.recipe, held.precision),
        *(held.source, held.length),
    )


def _length(run: Run) -> int | None:
    """Steps that were planned, else made: a failed run is not a short one."""
    return run.horizon_steps or run.steps


def _cell(runs: Iterable[Run], place: Place) -> Cell:
    return _cell_of([run for run in runs if place.holds(run)])


def _cell_of(runs: Iterable[Run]) -> Cell:
    """The runs as one cell; the same seed with the same score is the same run."""
    distinct = {
        (r.id if r.seed is None else r.seed, r.metric_value): r for r in runs
    }.values()
    failed = [r for r in distinct if has_failed(r) or r.metric_value is None]
    scored = [r for r in distinct if r not in failed]
    return Cell(tuple(scored), tuple(failed))


def _worth(pair: Pair) -> tuple[int, int, int]:
    """Pairs of which both sides were run first, then those with more runs."""
    sizes = pair.a.size, pair.b.size
    length = pair.held.length if pair.held and not pair.held.in_examples else 0
    return min(sizes), sum(sizes), length or 0


def _replicated(runs: Iterable[Run], like: Held | None) -> tuple[Cell, ...]:
    """The cells with two scores or more, of one setting if one is named."""
    cells = []
    for held, group in _by_held(runs).items():
        if like is not None and not like.in_examples and held != like:
            continue
        places: dict[tuple[int, float], list[Run]] = {}
        for run in group:
            places.setdefault((run.batch_size, run.learning_rate), []).append(run)
        cells += [_cell_of(found) for found in places.values()]
    return tuple(cell for cell in cells if len(cell.scored) > 1)

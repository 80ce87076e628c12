"""What people and runs have seen at one batch size: held, failed, best (pure)."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from advisor.evidence.comparable_scores import best_scored_rate
from advisor.evidence.selecting import Evidence, has_failed
from knowledge.records import Claim, Document, Run


@dataclass(frozen=True)
class Sighting(Document):
    """One run or report: the rate, its id, and who saw it.

    `by` is `run` (made by this program), `you` (told by the person of this store) or
    `report` (a claim, or somebody else's run).
    """

    learning_rate: float
    id: str
    by: str


@dataclass(frozen=True)
class Seen(Document):
    """The highest rate that held, the lowest that failed and the one that scored best.

    At the batch size that was asked about, or else at the one nearest to it.
    """

    batch_size: int
    held: Sighting | None = None
    failed: Sighting | None = None
    best: Sighting | None = None
    n_rates: int = 0

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """What was seen, each once, in the order in which it is said."""
        said = (self.held, self.failed, self.best)
        return tuple(dict.fromkeys(one for one in said if one is not None))


def seen_near(evidence: Evidence, batch_size: int) -> Seen | None:
    """Return what was seen of the workload at a batch size, or at the nearest one."""
    runs = {r.id: r for r in (*evidence.labelled_runs, *evidence.scored)}
    claims = [c for c in evidence.own.claims if c.batch_size and c.learning_rate]
    claims = [c for c in claims if c.bound]
    sizes = {r.batch_size for r in runs.values()}
    sizes |= {c.batch_size for c in claims if c.batch_size}
    if not sizes:
        return None
    nearest = min(sizes, key=lambda size: (abs(math.log(size / batch_size)), size))
    return _seen_at(
        nearest,
        [run for run in runs.values() if run.batch_size == nearest],
        [claim for claim in claims if claim.batch_size == nearest],
        [run for run in evidence.scored if run.batch_size == nearest],
    )


def _seen_at(
    batch_size: int, runs: list[Run], claims: list[Claim], scored: list[Run]
) -> Seen:
    held = [_of_run(run) for run in runs if run.outcome and not _failed_or_open(run)]
    held += [_of_claim(claim) for claim in claims if claim.bound == "stable"]
    failed = [_of_run(run) for run in runs if has_failed(run)]
    failed += [_of_claim(claim) for claim in claims if claim.bound == "unstable"]
    best = None
    rates = {run.learning_rate for run in scored}
    if len(rates) > 1:
        rate = best_scored_rate(scored)
        best = _of_run(min(_at(rate, scored), key=lambda run: run.id))
    return Seen(
        batch_size,
        _extreme(max, held),
        _extreme(min, failed),
        best,
        len({sighting.learning_rate for sighting in (*held, *failed)} | rates),
    )


def _failed_or_open(run: Run) -> bool:
    return has_failed(run) or run.outcome == "incomplete"


def _at(rate: float, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.learning_rate == rate]


def _extreme(pick: Callable[..., Sighting], found: list[Sighting]) -> Sighting | None:
    ordered = sorted(found, key=lambda one: one.id)
    return pick(ordered, key=lambda one: one.learning_rate) if ordered else None


def _of_run(run: Run) -> Sighting:
    by = "you" if run.is_told else "run" if run.is_measured else "report"
    return Sighting(run.learning_rate, run.id, by)


def _of_claim(claim: Claim) -> Sighting:
    return Sighting(claim.learning_rate or 0.0, claim.id, "report")

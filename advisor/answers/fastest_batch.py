"""How fast each batch size trains here, and the fastest with a known rate (pure).

Examples per second of one process alone (EGs/sec for the face models), not speed of
learning: a larger batch takes fewer steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from advisor.answers.recommendation import Recommendation
from advisor.evidence.scope import PRECISION
from advisor.rates import fit_text
from advisor.words import (
    BASIS_WORDS,
    chance_text,
    joined,
    percent,
    speed_unit,
    title_of,
)
from knowledge.records import Claim, Document, Run, Throughput, to_document

MOST_BATCHES = 12  # listed one by one


NEWEST_RUNS = 5  # of one batch size: the machine may have changed since older ones
NEARLY = 0.9  # of the highest speed
# Then a rate at a batch size inside the known ones rests on runs or reports.
KNOWN_BASES = ("measured", "interpolated", "reported")


@dataclass(frozen=True)
class BatchSpeed(Document):
    """One batch size as timed here.

    `source` is `measured` (steps timed by themselves) or `runs` (whole runs, which
    share the machine and also look at held-back data); `ids` the rows it comes from.
    """

    batch_size: int
    examples_per_second: float
    seconds_per_step: float
    source: str
    ids: tuple[str, ...]
    peak_memory_mb: float | None = None


@dataclass(frozen=True)
class ThroughputReport(Document):
    """The batch sizes of a workload that were timed on this machine, in order."""

    workload: str
    device: str
    precision: str
    machine: str
    points: tuple[BatchSpeed, ...]
    sides: int = 1

    @property
    def unit(self) -> str:
        """What the speeds are counted in."""
        return speed_unit(self.sides)

    @property
    def fastest(self) -> BatchSpeed | None:
        """The batch size with the most examples per second."""
        return max(self.points, key=lambda p: p.examples_per_second, default=None)

    @property
    def nearly_fastest(self) -> BatchSpeed | None:
        """The smallest batch size that is nearly as fast as the fastest."""
        top = self.fastest
        if top is None:
            return None
        enough = NEARLY * top.examples_per_second
        return next(p for p in self.points if p.examples_per_second >= enough)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "workload": self.workload,
            "device": self.device,
            "precision": self.precision,
            "machine": self.machine,
            "points": [point.to_dict() for point in self.points],
        }


@dataclass(frozen=True)
class BatchChoice(Document):
    """A timed batch size with what is known of its rate.

    `is_known`: it is among the sizes run or reported, and stability is known.
    """

    speed: BatchSpeed
    share_of_fastest: float
    recommendation: Recommendation
    is_known: bool

    def to_dict(self) -> dict[str, Any]:
        """One row of the answer's table."""
        r, speed = self.recommendation, self.speed
        return {
            "workload": r.workload,
            "batch_size": speed.batch_size,
            "examples_per_second": speed.examples_per_second,
            "share_of_fastest": self.share_of_fastest,
            "seconds_per_step": speed.seconds_per_step,
            "learning_rate": r.learning_rate,
            "probability_stable": r.probability_stable,
            "basis": r.basis,
            "rate_is_known": self.is_known,
            "peak_memory_mb": speed.peak_memory_mb,
            "source": speed.source,
            "ids": ", ".join(speed.ids),
        }


@dataclass(frozen=True)
class FastestBatch(Document):
    """What is fastest here, what is fastest with a known rate, and what was reported.

    `choice` is None where nothing was timed or no rate is known; `claims` are reports
    of what was fastest elsewhere.
    """

    report: ThroughputReport
    choices: tuple[BatchChoice, ...]
    choice: BatchChoice | None
    claims: tuple[Claim, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        report = self.report
        return {
            "workload": report.workload,
            "device": report.device,
            "precision": report.precision,
            "machine": report.machine,
            "fastest": to_document(report.fastest),
            "nearly_fastest": to_document(report.nearly_fastest),
            "fastest_stable": to_document(self.choice),
            "claims": [claim.id for claim in self.claims],
        }


def build_throughput(
    workload: str,
    *,
    device: str,
    precision: str,
    machine: str,
    sides: int,
    speeds: Sequence[Throughput],
    runs: Sequence[Run],
) -> ThroughputReport:
    """Return how fast each batch size trained here.

    Args:
        workload: A known name.
        device: Of all the timings.
        precision: Of all the timings.
        machine: What it is called.
        sides: Examples per batch element: 2 for the face models.
        speeds: Measured on this machine, newest first.
        runs: Ours that were timed, newest first; for batch sizes not measured.
    """
    points: dict[int, BatchSpeed] = {}
    for row in sorted(speeds, key=lambda row: row.n_workers):  # alone before together
        if row.n_workers == 1:
            points.setdefault(row.batch_size, _measured(row))
    by_batch: dict[int, list[Run]] = {}
    for run in runs:
        by_batch.setdefault(run.batch_size, []).append(run)
    for batch_size, timed in by_batch.items():
        if batch_size not in points:
            points[batch_size] = _from_runs(batch_size, timed[:NEWEST_RUNS], sides)
    ordered = tuple(points[batch_size] for batch_size in sorted(points))
    return ThroughputReport(workload, device, precision, machine, ordered, sides)


def find_fastest(
    report: ThroughputReport,
    recommendations: Mapping[int, Recommendation],
    *,
    known_batches: Sequence[int],
    claims: Sequence[Claim],
) -> FastestBatch:
    """Return the fastest batch size at which a stable rate is known.

    `known_batches` were run or reported; `claims` are reports of what was fastest
    elsewhere.
    """
    top = report.fastest.examples_per_second if report.fastest else 1.0
    choices = tuple(
        BatchChoice(
            speed=point,
            share_of_fastest=round(point.examples_per_second / top, 3),
            recommendation=recommendations[point.batch_size],
            is_known=_is_known(recommendations[point.batch_size], known_batches),
        )
        for point in report.points
    )
    known = [choice for choice in choices if choice.is_known]
    return FastestBatch(
        report,
        choices,
        max(known, key=lambda c: c.speed.examples_per_second, default=None),
        tuple(claims),
    )


def _is_known(r: Recommendation, known_batches: Sequence[int]) -> bool:
    inside = bool(known_batches) and (
        known_batches[0] <= r.batch_size <= known_batches[-1]
    )
    return inside and r.max_stable is not None and r.basis in KNOWN_BASES


def _measured(row: Throughput) -> BatchSpeed:
    return BatchSpeed(
        batch_size=row.batch_size,
        examples_per_second=_shown(row.examples_per_second),
        seconds_per_step=_shown(row.seconds_per_step),
        source="measured",
        ids=(row.id,),
        peak_memory_mb=row.peak_memory_mb,
    )


def _from_runs(batch_size: int, runs: Sequence[Run], sides: int) -> BatchSpeed:
    seconds = median((run.seconds or 0.0) / (run.steps or 1) for run in runs)
    return BatchSpeed(
        batch_size=batch_size,
        examples_per_second=_shown(sides * batch_size / seconds),
        seconds_per_step=_shown(seconds),
        source="runs",
        ids=tuple(run.id for run in runs),
    )


def _shown(value: float) -> float:
    """A speed to the digits that mean something."""
    return float(f"{value:.3g}")


def fastest_batch_text(found: FastestBatch) -> str:
    """Return the fastest batch size with a stable rate, and what that rests on."""
    title = title_of(found.report.workload)
    reported = [f"Reported: {claim.statement}" for claim in found.claims]
    if not found.choices:
        return " ".join([_nothing_measured(found), *reported])
    parts = [
        _choice_text(found),
        _fastest_text(found),
        f"Timed here: batch {_batches_text(found)}.",
        *reported,
        f"This is how fast {title} goes through examples, not how fast it learns: a "
        "larger batch takes fewer steps for the same examples.",
    ]
    return " ".join(part for part in parts if part)


def _nothing_measured(found: FastestBatch) -> str:
    workload, precision = found.report.workload, _in_precision(found.report)
    how = f"`lr-advisor speed --workload {workload}` does it"
    if precision:
        how = "runs in it would tell"
    return (
        f"The speed of {title_of(workload)}{precision} has not been measured on this "
        f"machine ({how}), so I cannot say which "
        "batch is fastest here."
    )


def _in_precision(report: ThroughputReport) -> str:
    return "" if report.precision == PRECISION else f" in {report.precision}"


def _choice_text(found: FastestBatch) -> str:
    title, choice = title_of(found.report.workload), found.choice
    if choice is None:
        return (
            f"No batch size of {title} timed here has a known stable rate: none was "
            "run or reported on. Ask for a rate at one of them to have it verified."
        )
    r, m = choice.recommendation, choice.recommendation.max_stable
    text = (
        f"Batch {r.batch_size} is the fastest of {title} here with a known stable "
        f"rate: {choice.speed.examples_per_second:g} {found.report.unit}. "
    )
    if r.learning_rate is not None and m is not None:
        length = f" for {r.horizon_steps:,} steps" if r.horizon_steps else ""
        text += (
            f"Start at {fit_text(r.learning_rate)}: "
            f"{chance_text(r.probability_stable)} of runs should hold{length}; half "
            f"fail near {fit_text(m.median)} ({percent(m.level)}: {fit_text(m.low)} "
            f"to {fit_text(m.high)}). This is {BASIS_WORDS[r.basis]}."
        )
    return text


def _fastest_text(found: FastestBatch) -> str:
    top, nearly = found.report.fastest, found.report.nearly_fastest
    if top is None or nearly is None:
        return ""
    by_batch = {choice.speed.batch_size: choice for choice in found.choices}
    parts = []
    if not _is_choice(found.choice, top.batch_size):
        parts.append(
            f"Faster still is batch {top.batch_size} with "
            f"{top.examples_per_second:g} {found.report.unit}, but no rate is known "
            "there."
            if found.choice
            else f"The fastest is batch {top.batch_size} with "
            f"{top.examples_per_second:g} {found.report.unit}."
        )
    if nearly.batch_size < top.batch_size:
        share = percent(by_batch[nearly.batch_size].share_of_fastest)
        parts.append(
            f"Batch {nearly.batch_size} already has {share} of the speed of batch "
            f"{top.batch_size}."
        )
    return " ".join(parts)


def _batches_text(found: FastestBatch) -> str:
    points = found.report.points
    sizes = [str(point.batch_size) for point in points]
    text = joined(sizes)
    if len(sizes) > MOST_BATCHES:
        text = f"{sizes[0]} to {sizes[-1]}"
    report = found.report
    where = f"one process with one thread on {report.device}{_in_precision(report)}"
    if any(point.source == "runs" for point in points):
        where += "; those without a measurement from whole runs, which are a bit slower"
    return f"{text} ({where})"


def _is_choice(choice: BatchChoice | None, batch_size: int) -> bool:
    return choice is not None and choice.speed.batch_size == batch_size

"""How surely each rate holds at one batch size, as zones and marks on a line (pure)."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from advisor.answers.brief import EVEN_FROM, SAFE_FROM, verdict_word
from advisor.answers.recommendation import Recommendation
from advisor.estimates import Estimate
from advisor.rates import fit_text, rate_text
from advisor.words import percent
from knowledge.records import TOLD, Claim, Document, Outcome, Run

N_RATES = 61
MARGIN = 1.6  # of the line beyond the outermost thing on it
FARTHEST = 30.0  # times the limit: a mark beyond it would squeeze the rest


@dataclass(frozen=True)
class Mark(Document):
    """A rate that was seen at this batch size; `by` is run, report or you."""

    learning_rate: float
    held: bool
    by: str
    id: str


@dataclass(frozen=True)
class Zone(Document):
    """The rates from `low` to `high` that share a word."""

    word: str
    low: float
    high: float


@dataclass(frozen=True)
class Ruler(Document):
    """P(stable) over rates, its zones, and what is known there.

    `curve` holds pairs of rate and probability, the rates evenly spaced in log.
    `marked` is the rate that is asked about or advised, `marked_text` as the answer
    writes it.
    """

    batch_size: int
    curve: tuple[tuple[float, float], ...]
    zones: tuple[Zone, ...]
    marks: tuple[Mark, ...]
    marked: float
    marked_text: str
    limit: Estimate

    def chance(self, rate: float) -> float:
        """Return P(stable) at a rate, read off the curve; its ends beyond them."""
        pairs = self.curve
        if rate <= pairs[0][0]:
            return pairs[0][1]
        for (r0, p0), (r1, p1) in itertools.pairwise(pairs):
            if rate <= r1:
                return p0 + (p1 - p0) * math.log(rate / r0) / math.log(r1 / r0)
        return pairs[-1][1]


def marks_at(
    batch_size: int, workload: str, runs: Iterable[Run], claims: Iterable[Claim]
) -> tuple[Mark, ...]:
    """Return what held and what failed at one batch size; what is alike stands once."""
    found = [
        Mark(
            run.learning_rate,
            not run.outcome.is_unstable,
            "you" if run.source == TOLD else "run",
            run.id,
        )
        for run in runs
        if run.workload == workload
        and run.batch_size == batch_size
        and run.outcome not in (None, Outcome.INCOMPLETE)
    ]
    found += [
        Mark(claim.learning_rate, claim.bound == "stable", "report", claim.id)
        for claim in claims
        if claim.workload == workload
        and claim.batch_size == batch_size
        and claim.learning_rate
        and claim.bound
    ]
    alike = {(mark.learning_rate, mark.held, mark.by): mark for mark in found}
    return tuple(sorted(alike.values(), key=lambda mark: (mark.learning_rate, mark.id)))


def ruler_rates(
    r: Recommendation, marks: Sequence[Mark], asked_rate: float | None = None
) -> tuple[float, ...]:
    """Return the rates a ruler shows, evenly spaced in log; none without a limit."""
    if r.max_stable is None or r.learning_rate is None:
        return ()
    shown = _in_reach([m.learning_rate for m in marks], r.max_stable)
    shown += _in_reach([asked_rate] if asked_rate else [], r.max_stable)
    shown += [r.learning_rate, r.max_stable.low, r.max_stable.high]
    low, high = min(shown) / MARGIN, max(shown) * MARGIN
    step = math.log(high / low) / (N_RATES - 1)
    return tuple(low * math.exp(i * step) for i in range(N_RATES))


def build_ruler(
    r: Recommendation,
    curve: Sequence[tuple[float, float]],
    marks: Sequence[Mark],
    asked_rate: float | None = None,
) -> Ruler | None:
    """Return the ruler of an answer; None when nothing says where runs fail.

    Args:
        r: The answer.
        curve: P(stable) at each of `ruler_rates`.
        marks: What held and failed at its batch size.
        asked_rate: The rate that was asked about, if one was.
    """
    if not curve or r.max_stable is None or r.learning_rate is None:
        return None
    falling = _falling(curve)
    low, high = curve[0][0], curve[-1][0]
    marked = min(max(asked_rate or r.learning_rate, low), high)
    return Ruler(
        batch_size=r.batch_size,
        curve=falling,
        zones=_zones(falling),
        marks=tuple(m for m in marks if low <= m.learning_rate <= high),
        marked=marked,
        marked_text=rate_text(asked_rate) if asked_rate else fit_text(marked),
        limit=r.max_stable,
    )


def describe_ruler(ruler: Ruler) -> str:
    """Return the ruler in a sentence, for people who hear it instead of seeing it."""
    words = [
        f"{zone.word} from {_shown(zone.low)} to {_shown(zone.high)}"
        for zone in ruler.zones
    ]
    held = [m.learning_rate for m in ruler.marks if m.held]
    failed = [m.learning_rate for m in ruler.marks if not m.held]
    seen = [f"{rate_text(max(held))} is the highest that held"] if held else []
    seen += [f"{rate_text(min(failed))} the lowest that failed"] if failed else []
    parts = [f"Learning rates at batch {ruler.batch_size}: {', '.join(words)}"]
    return "; ".join([*parts, *seen]) + "."


def reading(ruler: Ruler, rate: float) -> str:
    """Return what the ruler says of a rate.

    Such as `at 6.5e-5: probably, 84 %`.
    """
    chance = ruler.chance(rate)
    return f"at {_shown(rate)}: {verdict_word(round(chance, 2))}, {percent(chance)}"


def _shown(rate: float) -> str:
    return rate_text(float(f"{rate:.1e}"))


def _in_reach(rates: Iterable[float], limit: Estimate) -> list[float]:
    near = limit.low / FARTHEST, limit.high * FARTHEST
    return [rate for rate in rates if near[0] <= rate <= near[1]]


def _falling(
    curve: Sequence[tuple[float, float]],
) -> tuple[tuple[float, float], ...]:
    """The curve without the rounding by which it may rise."""
    lowest, found = 1.0, []
    for rate, chance in curve:
        lowest = min(lowest, chance)
        found.append((rate, lowest))
    return tuple(found)


def _zones(curve: Sequence[tuple[float, float]]) -> tuple[Zone, ...]:
    """Where P(stable) is high, middling and low; a zone without rates is left out."""
    ends = [curve[0][0], *(_crossing(curve, p) for p in (SAFE_FROM, EVEN_FROM))]
    ends.append(curve[-1][0])
    words = ("safe", "may fail", "no")
    found = [Zone(*zone) for zone in zip(words, ends, ends[1:], strict=False)]
    return tuple(zone for zone in found if zone.low < zone.high)


def _crossing(curve: Sequence[tuple[float, float]], level: float) -> float:
    """The rate at which P(stable) falls to a level; an end where it never does."""
    if curve[0][1] < level:
        return curve[0][0]
    for (r0, p0), (r1, p1) in itertools.pairwise(curve):
        if p1 < level:
            share = (p0 - level) / (p0 - p1)
            return float(r0 * (r1 / r0) ** share)
    return curve[-1][0]

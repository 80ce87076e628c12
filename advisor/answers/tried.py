"""How the advised rate stands to the rates that were run at its batch size (pure)."""

from dataclasses import dataclass

from advisor.evidence.comparable_scores import best_scored_rate
from advisor.evidence.selecting import Evidence
from advisor.rates import rate_text, round_rate

SAME = 0.05  # relative: within what rounding to two digits hides
REACH = 4  # times the largest batch size with evidence: farther out rules fail


@dataclass(frozen=True)
class Tried:
    """The tried rates next to one, each equal to it or not, and the best-scoring one.

    All None where nothing was run at that batch size.
    """

    below: float | None = None
    above: float | None = None
    best_scored: float | None = None

    def holds(self) -> bool:
        """Whether the rate was run, or lies between two that were."""
        return self.below is not None and self.above is not None

    def text(self, rate: float) -> str:
        """A clause that follows the rate, from its comma on; empty where it was run."""
        return self._place() + self._against_best(rate)

    def _place(self) -> str:
        below, above = self.below, self.above
        if below is None and above is None:
            return ", which no run has tried"
        if below is None:
            return f", below every rate run there (from {rate_text(above or 0)})"
        if above is None:
            return f", above every rate run there (up to {rate_text(below)})"
        if below / above > 1 - 2 * SAME:
            return ""
        return f", between {rate_text(below)} and {rate_text(above)}, which were run"

    def _against_best(self, rate: float) -> str:
        best = self.best_scored
        if best is None or rate <= best * (1 + SAME):
            return ""
        return f", and above {rate_text(best)}, which scored best there"


def rates_tried(evidence: Evidence, batch_size: int, rate: float) -> Tried:
    """Return the rates that were run at a batch size around one that is advised."""
    scored = [run for run in evidence.scored if run.batch_size == batch_size]
    own = [run for run in evidence.own.runs if run.batch_size == batch_size]
    here = {run.learning_rate for run in (*own, *scored)}
    same = [tried for tried in here if abs(tried / rate - 1) <= SAME]
    below = same or [tried for tried in here if tried < rate]
    above = same or [tried for tried in here if tried > rate]
    return Tried(
        round_rate(max(below)) if below else None,
        round_rate(min(above)) if above else None,
        round_rate(best_scored_rate(scored)) if scored else None,
    )


def farthest_batch(evidence: Evidence) -> int | None:
    """Return the largest batch size one can speak for; None where nothing is known."""
    bodies = evidence.own, *evidence.siblings
    groups = evidence.scored, *evidence.scored_siblings
    sizes = [run.batch_size for body in bodies for run in body.runs]
    sizes += [run.batch_size for runs in groups for run in runs]
    sizes += [c.batch_size for body in bodies for c in body.claims if c.batch_size]
    return REACH * max(sizes) if sizes else None

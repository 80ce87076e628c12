"""How a threshold's level goes with the width of the layers (pure).

With h the halvings of every width from full size,

    level(h) = level(0) + rise(h) - power * h + a random walk in h
    rise(h) = -log2(2^-h + 2^-k)

The inverse rate is a sum of what grows with the width, as in hidden layers, and what
does not: so wide nets lose a factor of 2 for each doubling, very narrow ones hardly
anything. `power` is what a family adds to that. Copies near the asked width say much
and those far from it little. Levels seen at another batch size or run length are moved
by a slope and a fall with time that all copies share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.statistics import priors
from advisor.statistics.beliefs import Moment

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeenLevel:
    """A level at some width, and how far from the asked point it was seen.

    `level` is at its own width (so many `halvings` from full size), batch size and run
    length; `batches` are octaves of batch size and `doublings` those of the run length
    from there to the asked point.
    """

    level: Moment
    halvings: float
    batches: float = 0.0
    doublings: float = 0.0


@dataclass(frozen=True)
class LevelLaw:
    """What is believed of a level at the asked width before copies are looked at.

    `halvings` are those of the asked width from full size, `power` what the family adds
    to the usual rise; `slope` and `fall` move levels between batch sizes and run
    lengths.
    """

    level: Moment
    halvings: float
    power: Moment
    slope: Moment
    fall: Moment

    def level_given(self, seen: Sequence[SeenLevel]) -> Moment:
        """Return the level at the asked point, given levels of copies.

        >>> power, fixed = Moment(0.0, 0.25), Moment(0.0, 0.0)
        >>> law = LevelLaw(Moment(-12.0, 3.0), 0, power, slope=fixed, fall=fixed)
        >>> half = law.level_given([SeenLevel(Moment(-10.0, 0.1), halvings=1)])
        >>> tiny = law.level_given([SeenLevel(Moment(-7.5, 0.1), halvings=5)])
        >>> [round(level.mean) for level in (half, tiny)], half.sd < 0.5 < 1.0 < tiny.sd
        ([-11, -11], True)
        """
        return self._given(self.level, np.ones(len(seen)), seen)

    def power_given(self, seen: Sequence[SeenLevel]) -> Moment:
        """Return what the family adds to the rise, from copies of several widths."""
        beyond = _column(seen, "halvings") - self.halvings
        return self._given(self.power, -beyond, seen)

    def _given(
        self, prior: Moment, effect: Floats, seen: Sequence[SeenLevel]
    ) -> Moment:
        """What is believed of a number that moves each seen level by its `effect`.

        Source: conditioning of a multivariate normal (Rasmussen & Williams, Gaussian
        Processes for Machine Learning, 2006, equation 2.19).
        """
        if not seen:
            return prior
        batches, doublings = _column(seen, "batches"), _column(seen, "doublings")
        beyond = _column(seen, "halvings") - self.halvings
        rises = rise(_column(seen, "halvings")) - rise(self.halvings)
        levels = np.array([one.level.mean for one in seen])
        expected = (
            self.level.mean
            + rises
            - self.power.mean * beyond
            - self.slope.mean * batches
            + self.fall.mean * doublings
        )
        shared = self.level.sd**2 + sum(
            np.square(moment.sd) * np.outer(by, by)
            for moment, by in (
                (self.power, beyond),
                (self.slope, batches),
                (self.fall, doublings),
            )
        )
        own = np.diag(np.square([one.level.sd for one in seen]))
        walk = priors.WIDTH_WALK**2 * _common_path(beyond)
        gain = prior.sd**2 * np.linalg.solve(shared + walk + own, effect)
        mean = prior.mean + gain @ (levels - expected)
        variance = prior.sd**2 * (1 - gain @ effect)
        return Moment(float(mean), max(float(variance), 0.0) ** 0.5)


def rise(halvings: ArrayLike) -> Floats:
    """Return by how many octaves a copy's level usually lies above the full size's.

    >>> np.round(rise([0, 1, 4, 5]), 1)
    array([0. , 0.9, 3.1, 3.5])
    """
    widths = np.exp2(-np.asarray(halvings, np.float64))
    constant = float(np.exp2(-priors.WIDTH_CROSSOVER))
    return np.asarray(np.log2((1 + constant) / (widths + constant)))


def _column(seen: Sequence[SeenLevel], name: str) -> Floats:
    return np.array([getattr(one, name) for one in seen], np.float64)


def _common_path(beyond: Floats) -> Floats:
    """Covariance of a walk from the asked width: the way that two copies share."""
    far, other = beyond[:, None], beyond[None, :]
    shared = np.minimum(np.abs(far), np.abs(other))
    return np.asarray(np.where(far * other > 0, shared, 0.0))

"""Whether two samples of scores differ by more than chance, and how many would tell.

The noise floor is one standard deviation for both sides: that of their own replicates,
drawn towards what replicates elsewhere show (empirical Bayes), so that two or three
runs a side do not have to find it alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL, POWER = 0.95, 0.8  # of the interval; of the runs that would tell
MOST_RUNS = 1000  # a side: nobody makes more to tell two settings apart
# Replicates that agree to the last digit say that the metric is coarse, not that there
# is no noise: a variance counts for no less than this share of the usual one.
LEAST_SHARE = 1e-3
_ONE_VALUE = 1e-9  # scores that differ by less, relatively, are one score
MOST_PRIOR_DEGREES = 40.0  # cells of one workload do differ, however alike a few look
FEWEST_CELLS = 3  # whose spreads tell how much spreads differ
FEW_CELLS_DEGREES = 3.0  # what fewer cells count for, at most: our choice


@dataclass(frozen=True)
class Sample:
    """Scores of one side: how many, their mean, and their variance from two on."""

    n: int
    mean: float
    variance: float | None = None

    @classmethod
    def of(cls, scores: Sequence[float], resolution: float = 0.0) -> "Sample":
        """The sample that these scores are, rounded as they are to a `resolution`.

        Rounding alone has a variance of resolution^2 / 12 (Sheppard's correction).

        >>> Sample.of([1.0, 3.0])
        Sample(n=2, mean=2.0, variance=2.0)
        """
        values = np.asarray(scores, dtype=float)
        if len(values) < 2:
            return cls(len(values), float(values.mean()))
        is_one = float(np.ptp(values)) <= _ONE_VALUE * float(np.abs(values).max())
        variance = 0.0 if is_one else float(values.var(ddof=1))
        variance = max(variance, resolution**2 / 12)
        return cls(len(values), float(values.mean()), variance)

    @property
    def degrees(self) -> int:
        """How many degrees of freedom its variance has."""
        return 0 if self.variance is None else self.n - 1


@dataclass(frozen=True)
class Spread:
    """A standard deviation from run to run, as sure as one of `degrees` + 1 runs."""

    sd: float
    degrees: float


@dataclass(frozen=True)
class Compared:
    """The mean of `b` less that of `a`: where it lies, and what would settle it.

    `probability_above` is that of b's mean being the larger. `runs_needed` is of each
    side, in all, to tell a difference as large as this one looks; None: more than
    `MOST_RUNS`. `smallest_told` is the difference that as many runs as now would tell.
    """

    median: float
    low: float
    high: float
    probability_above: float
    spread: Spread
    runs_needed: int | None
    smallest_told: float

    @property
    def is_distinguishable(self) -> bool:
        """Whether nothing lies inside the interval."""
        return self.low > 0 or self.high < 0


def pool_spreads(samples: Sequence[Sample]) -> Spread | None:
    """Return what the variances of several cells say of that of another one.

    A variance is taken as scaled chi-squared about its own truth, the truths as scaled
    inverse chi-squared about a common value; its mean and degrees of freedom come from
    the mean and variance of log variances. Of few cells the degrees are kept low.

    Source: Smyth 2004, doi:10.2202/1544-6115.1027, section 6.2.
    """
    from scipy.special import digamma, polygamma  # slow to load, for few questions

    told = [(s.variance, s.degrees) for s in samples if s.variance is not None]
    if not told:
        return None
    found, degrees = (
        np.array(column, dtype=float) for column in zip(*told, strict=True)
    )
    usual = float(np.median(found[found > 0])) if (found > 0).any() else 0.0
    if usual == 0:
        return Spread(0.0, min(float(degrees.sum()), FEW_CELLS_DEGREES))
    found = np.maximum(found, LEAST_SHARE * usual)
    if len(found) < FEWEST_CELLS:
        pooled = float((found * degrees).sum() / degrees.sum())
        return Spread(math.sqrt(pooled), min(float(degrees.sum()), FEW_CELLS_DEGREES))
    half = degrees / 2
    logs = np.log(found) - digamma(half) + np.log(half)
    excess = float(logs.var(ddof=1) - polygamma(1, half).mean())
    prior = min(_degrees_of(excess), MOST_PRIOR_DEGREES)
    log_variance = float(logs.mean()) + float(digamma(prior / 2)) - math.log(prior / 2)
    return Spread(math.exp(log_variance / 2), prior)


def _degrees_of(excess: float) -> float:
    """Return the degrees of freedom, at least 1, whose half has this trigamma."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    least, most = 1.0, 1e6
    if excess <= float(polygamma(1, most / 2)):
        return most
    if excess >= float(polygamma(1, least / 2)):
        return least
    return float(brentq(lambda d: float(polygamma(1, d / 2)) - excess, least, most))


def spread_of(a: Sample, b: Sample, elsewhere: Spread | None) -> Spread | None:
    """Return the common spread of two samples; None if nothing tells it.

    s^2 = (d0 s0^2 + d_a s_a^2 + d_b s_b^2) / (d0 + d_a + d_b), with d0 and s0 those of
    elsewhere. Source: Smyth 2004, doi:10.2202/1544-6115.1027, section 3.
    """
    parts = [(s.variance, float(s.degrees)) for s in (a, b) if s.variance is not None]
    if elsewhere is not None:
        parts.append((elsewhere.sd**2, elsewhere.degrees))
    degrees = sum(d for _, d in parts)
    if degrees <= 0:
        return None
    return Spread(math.sqrt(sum(v * d for v, d in parts) / degrees), degrees)


def compare_samples(
    a: Sample, b: Sample, elsewhere: Spread | None = None
) -> Compared | None:
    """Return how much larger the mean of b is than that of a, and how surely.

    Args:
        a: The scores of one side, at least one.
        b: Those of the other, on the same scale.
        elsewhere: The spread of replicates elsewhere, on that scale.

    Returns:
        The difference with its interval of `LEVEL`: Student's t with the degrees of
        freedom of the pooled spread, which is also the posterior under a flat prior of
        the means. None where nothing tells the spread, or it seems to be nothing.
    """
    from scipy.special import stdtr

    spread = spread_of(a, b, elsewhere)
    if spread is None or spread.sd == 0:
        return None
    difference = b.mean - a.mean
    error = spread.sd * math.sqrt(1 / a.n + 1 / b.n)
    half = _edge(spread.degrees) * error
    low, high = difference - half, difference + half
    is_told = low > 0 or high < 0
    known = elsewhere.degrees if elsewhere else 0.0
    needed = runs_to_tell(abs(difference) / spread.sd, known)
    if needed is not None and not is_told:
        needed = max(needed, min(a.n, b.n) + 1)
    return Compared(
        difference,
        low,
        high,
        float(stdtr(spread.degrees, difference / error)),
        spread,
        max(a.n, b.n) if is_told else needed,
        spread.sd * effect_told(min(a.n, b.n), spread.degrees),
    )


def power_of(effect: float, n: int, degrees: float | None = None) -> float:
    """Return the chance that n runs a side tell a difference of `effect` spreads.

    With the right sign, by a two-sided t-test at 1 - `LEVEL`: the noncentral t
    distribution with 2n - 2 degrees of freedom (or as given) and noncentrality
    effect * sqrt(n / 2).

    Source: Cohen 1988, Statistical power analysis, ISBN 0805802835, chapter 2 (d).
    """
    from scipy.special import nctdtr

    d = 2.0 * n - 2 if degrees is None else degrees
    edge, shift = _edge(d), effect * math.sqrt(n / 2)
    missed = float(nctdtr(d, shift, edge))
    if math.isnan(missed):  # too far out for the distribution function
        return float(shift > edge)
    return 1 - missed


def _edge(degrees: float) -> float:
    """How many standard errors a difference must be away from none."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + LEVEL) / 2))


def runs_to_tell(effect: float, known: float = 0.0) -> int | None:
    """Return how many runs a side tell a difference of so many spreads with `POWER`.

    `known` are the degrees of freedom with which the spread is known beforehand. None:
    more than `MOST_RUNS`.

    >>> runs_to_tell(1.0), runs_to_tell(2.0), runs_to_tell(0.0)
    (17, 6, None)
    """
    if power_of(effect, MOST_RUNS, 2 * MOST_RUNS - 2 + known) < POWER:
        return None
    low, high = 1, MOST_RUNS  # one is too few, that many are enough
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = power_of(effect, middle, 2 * middle - 2 + known) >= POWER
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def effect_told(n: int, degrees: float | None = None) -> float:
    """Return the difference, in spreads, that n runs a side tell with `POWER`.

    >>> round(effect_told(5), 1), round(effect_told(3), 1)
    (2.0, 3.1)
    """
    from scipy.optimize import brentq

    d = 2.0 * n - 2 if degrees is None else degrees
    most = 1000 * _edge(d) * math.sqrt(2 / n)
    return float(brentq(lambda x: power_of(x, n, d) - POWER, 0.0, most))


def chance_of_failing_more(failed: int, n: int, others: int, n_others: int) -> float:
    """Return the probability that one side fails more often than another.

    Each share has Jeffreys' prior, Beta(1/2, 1/2).

    >>> round(chance_of_failing_more(3, 3, 0, 3), 3)
    0.996
    >>> round(chance_of_failing_more(2, 5, 0, 5), 3)
    0.946

    Source: Brown, Cai, DasGupta 2001, doi:10.1214/ss/1009213286.
    """
    from scipy.special import betainc, betaincinv

    shares = (np.arange(_N_SHARES) + 0.5) / _N_SHARES
    other = betaincinv(others + 0.5, n_others - others + 0.5, shares)
    return float(1 - betainc(failed + 0.5, n - failed + 0.5, other).mean())


_N_SHARES = 1024

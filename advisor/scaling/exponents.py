"""What the draws of an exponent say, and what a rule's band holds of them (pure)."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import LEVEL, Estimate
from advisor.rates import round_exponent

_ROOT_2 = math.sqrt(2)
HALF_BAND = 0.25  # a rule is an exponent plus or minus this


def exponent_of(draws: NDArray[np.float64], quantity: str) -> Estimate:
    """Return equally likely exponents as they are shown: the median, its interval."""
    low, median, high = np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return Estimate(
        round_exponent(median),
        round_exponent(low),
        round_exponent(high),
        LEVEL,
        quantity,
    )


def leading_bands(scaling_rules: Mapping[str, float]) -> tuple[str, str]:
    """Return the two likeliest bands of the exponent, likeliest first."""
    ordered = sorted(scaling_rules, key=lambda name: -scaling_rules[name])
    return ordered[0], ordered[1]


def normal_share(exponent: float, mean: float, sd: float) -> float:
    """P(within 0.25 of the exponent) under a normal curve, exact in either tail."""
    near, far = abs(exponent - mean) - HALF_BAND, abs(exponent - mean) + HALF_BAND
    return 0.5 * (math.erfc(near / sd / _ROOT_2) - math.erfc(far / sd / _ROOT_2))


def odds(share: float) -> float:
    """The odds of a probability, kept away from where they have no value."""
    kept = min(max(share, 1e-300), 1 - 1e-9)
    return kept / (1 - kept)

"""Rates and exponents as they are shown: rounded once, written one way (pure)."""

RATE_DIGITS = 3  # in documents
SHOWN_DIGITS = 2  # in sentences, of what a fit gives: more would say more than it knows
LEAST_LEARNING_RATE, MOST_LEARNING_RATE = 1e-30, 1_000_000  # that may be asked for


def round_rate(rate: float, *, down: bool = False, digits: int = RATE_DIGITS) -> float:
    """Return a rate to the digits that are shown; `down` never rounds up.

    >>> round_rate(5.6789e-05), round_rate(5.6789e-05, down=True)
    (5.68e-05, 5.67e-05)
    """
    text = f"{rate:.{digits - 1}e}"
    if down and float(text) > rate:
        exponent = int(text.split("e")[1])
        lower = (round(float(text) / 10**exponent * 10 ** (digits - 1)) - 1) / 10 ** (
            digits - 1
        )
        return float(f"{lower:.{digits - 1}f}e{exponent}")
    return float(text)


def round_exponent(exponent: float) -> float:
    """Return an exponent to the digits that are shown; nothing is minus zero.

    >>> round_exponent(0.24349), round_exponent(-0.0002)
    (0.243, 0.0)
    """
    return round(float(exponent), 3) + 0.0


def factor_text(octaves: float) -> str:
    """Return a number of doublings as the factor that it is.

    >>> factor_text(1.0), factor_text(2.34), factor_text(-5.0)
    ('a factor of 2', 'a factor of 5.1', 'a factor of 32')
    """
    factor = 2.0 ** abs(octaves)
    return f"a factor of {factor:.2g}" if factor < 10 else f"a factor of {factor:,.0f}"


def rate_text(rate: float) -> str:
    """Return a rate as it is written everywhere: shortest exact form, one notation.

    >>> rate_text(5.6e-05), rate_text(0.012), rate_text(0.1), rate_text(2)
    ('5.6e-5', '1.2e-2', '1e-1', '2')
    """
    if 1 <= rate < 1e4:
        return f"{rate:g}"
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def shown_rate(rate: float) -> float:
    """Return a rate that a fit gives, as sentences show it.

    >>> shown_rate(5.59e-05)
    5.6e-05
    """
    return round_rate(rate, digits=SHOWN_DIGITS)


def fit_text(rate: float) -> str:
    """Return a rate that a fit gives, as it is written in sentences.

    >>> fit_text(5.59e-05)
    '5.6e-5'
    """
    return rate_text(shown_rate(rate))

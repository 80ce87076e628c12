"""Rates and exponents as they are shown: rounded once, written one way (pure)."""

RATE_DIGITS = 3
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


def octaves_text(octaves: float) -> str:
    """Return a number of doublings with its noun.

    >>> octaves_text(1.0), octaves_text(2.34)
    ('1 octave', '2.3 octaves')
    """
    said = f"{octaves:.1f}".removesuffix(".0")
    return f"{said} octave{'' if said == '1' else 's'}"


def rate_text(rate: float) -> str:
    """Return a rate as it is written in answers: shortest exact form.

    >>> rate_text(5.6e-05), rate_text(0.012), rate_text(1e-4)
    ('5.6e-5', '0.012', '1e-4')
    """
    if 1e-3 <= rate < 1e4:
        return f"{rate:g}"
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"

"""Numbers as a reader wants them: digits that mean something, a true minus sign, no -0."""

import math

from tasks.bayes.interval import Interval

MINUS = "\N{MINUS SIGN}"
NOT_ASSESSABLE = "not assessable"
MOST_DECIMALS = 6


def fixed(value: float, decimals: int, signed: bool = False) -> str:
    """Give a number with so many decimals; what rounds to 0 has no sign.

    Examples
    --------
    >>> fixed(-0.04, 1), fixed(-12.34, 1), fixed(0.3, 1, signed=True)
    ('0.0', '−12.3', '+0.3')
    """
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    sign = MINUS if value < 0 else "+" if signed else ""
    return sign + text


def decimals_for(error: float, least: int = 0) -> int:
    """How many decimals show two digits of an error, from `least` to `MOST_DECIMALS`.

    Examples
    --------
    >>> decimals_for(2.7), decimals_for(0.034), decimals_for(340.0), decimals_for(340.0, least=1)
    (1, 3, 0, 1)
    """
    if error <= 0:
        return max(least, 1)
    return min(max(1 - math.floor(math.log10(error)), least), MOST_DECIMALS)


def estimate(value: float, error: float) -> str:
    """Give a value and its standard error, with two digits of the error.

    Examples
    --------
    >>> estimate(0.53214, 0.0123)
    '0.532 ± 0.012'
    """
    decimals = decimals_for(error)
    return f"{fixed(value, decimals)} ± {fixed(error, decimals)}"


def percentage(fraction: float, error: float | None) -> str:
    """Give a fraction and its standard error in per cent, without the sign for it.

    Examples
    --------
    >>> percentage(0.6213, 0.0211), percentage(0.6213, None)
    ('62.1 ± 2.1', '62.1')
    """
    if error is None:
        return fixed(100 * fraction, 1)
    return f"{fixed(100 * fraction, 1)} ± {fixed(100 * error, 1)}"


def mean_of(interval: Interval, signed: bool = True) -> str:
    """Give the mean, with the digits that the width of its interval admits.

    Examples
    --------
    >>> mean_of(Interval(mean=-12.31, low=-15.2, high=-9.1))
    '−12.3'
    """
    return fixed(interval.mean, _decimals(interval), signed)


def ends_of(interval: Interval, signed: bool = True) -> str:
    """Give both ends, with the digits of `mean_of`.

    Examples
    --------
    >>> ends_of(Interval(mean=-0.021, low=-0.052, high=0.012))
    '[−0.052, +0.012]'
    """
    decimals = _decimals(interval)
    return f"[{fixed(interval.low, decimals, signed)}, {fixed(interval.high, decimals, signed)}]"


def probability(value: float) -> str:
    """Give a probability estimated from draws, which is never quite 0 or 1, in per cent.

    Examples
    --------
    >>> probability(0.9973), probability(1.0), probability(0.0), probability(0.5)
    ('99.7', '> 99.9', '< 0.1', '50.0')
    """
    text = fixed(100 * value, 1)
    return {"0.0": "< 0.1", "100.0": "> 99.9"}.get(text, text)


def number(value: float) -> str:
    """Give a number of no known error with three digits, or all before the point.

    Examples
    --------
    >>> number(0.012345), number(12345.6), number(2.0), number(-0.5)
    ('0.0123', '12,346', '2', '−0.5')
    """
    text = f"{abs(value):,.0f}" if abs(value) >= 1000 else f"{abs(value):.3g}"
    return MINUS + text if value < 0 else text


def count(value: int, singular: str, plural: str = "") -> str:
    """Give a number of things.

    Examples
    --------
    >>> count(1, "cell"), count(1200, "cell"), count(2, "entry", "entries")
    ('1 cell', '1,200 cells', '2 entries')
    """
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def _decimals(interval: Interval) -> int:
    return decimals_for((interval.high - interval.low) / 2, least=1)

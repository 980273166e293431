"""Numbers of beliefs: shares in per cent, Bayes factors of any size, errors where there are any."""

import math

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number, Posterior
from tasks.report.comparison_numerals import measured
from tasks.report.numerals import decimals_for, fixed, number, probability

LARGEST, SMALLEST = 1e5, 1e-3
"""Values from here on, and below, are given with a power of ten."""
NARROWEST = 2e-5
"""Width of an interval below which it is given so too, since the digits run out."""
MOST_FACTOR = 5
"""Bayes factors of 10 to this power and above are given with a power of ten."""
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LEAST_P_VALUE = 0.001
SURE = 0.0005
"""Distance from 0 and 1 within which a probability is told as below or above a bound."""


def is_share(belief: Belief) -> bool:
    """Whether a quantity lies between 0 and 1, and is shown in per cent."""
    return (belief.low, belief.high) == (0, 1)


def value_text(value: float, in_per_cent: bool) -> str:
    """Give a value of a quantity, without an error.

    Examples
    --------
    >>> value_text(0.2, True), value_text(1234.5, False)
    ('20 %', '1,234')
    """
    return f"{number(100 * value)} %" if in_per_cent else number(value)


def interval_text(mean: float, low: float, high: float, in_per_cent: bool) -> str:
    """Give a mean with its interval, with the digits that the interval's width admits.

    Examples
    --------
    >>> interval_text(0.31, 0.204, 0.415, True), interval_text(5.2, 4.81, 5.62, False)
    ('31 [20, 42] %', '5.20 [4.81, 5.62]')
    >>> interval_text(1_234_567, 1_111_000, 1_345_000, False)
    '1.23 [1.11, 1.34]×10⁶'
    >>> interval_text(math.nan, -12.1, 12.3, False)
    'no mean [−12, 12]'
    """
    largest = max(abs(low), abs(high))
    power, unit = 0, " %" if in_per_cent else ""
    is_plain = SMALLEST <= largest < LARGEST and high - low >= NARROWEST
    if not in_per_cent and largest and not is_plain:
        power = 3 * math.floor(math.log10(largest) / 3)
        unit = f"×{_power_of_ten(power)}"
    scale = 100.0 if in_per_cent else 10.0**-power
    decimals = decimals_for(scale * (high - low) / 2)
    ends = ", ".join(fixed(scale * end, decimals) for end in (low, high))
    return f"{_mean(scale * mean, decimals)} [{ends}]{unit}"


def belief_interval(belief: Belief, level: float) -> str:
    """Mean and central interval of a belief."""
    low, high = map(float, belief.quantile([(1 - level) / 2, (1 + level) / 2]))
    return interval_text(belief.mean(), low, high, is_share(belief))


def posterior_interval(posterior: Posterior, in_per_cent: bool) -> str:
    """Mean and interval of a posterior."""
    return interval_text(posterior.mean.value, posterior.low, posterior.high, in_per_cent)


def number_text(of: Number) -> str:
    """Give a number, with its Monte Carlo standard error where it has one.

    Examples
    --------
    >>> number_text(Number(value=0.53214)), number_text(Number(value=0.53214, mcse=0.0123))
    ('0.532', '0.532 ± 0.012')
    """
    return measured(of.value, of.mcse) if of.mcse else number(of.value)


def probability_text(of: Number) -> str:
    """Give a probability in per cent without the sign for it, with its error where it has one.

    Examples
    --------
    >>> probability_text(Number(value=0.0002)), probability_text(Number(value=0.12, mcse=0.01))
    ('< 0.1', '12.0 ± 1.0')
    >>> probability_text(Number(value=1e-7, mcse=1e-8))
    '< 0.1'
    """
    reach = of.value + 2 * of.mcse, of.value - 2 * of.mcse
    if not of.mcse or reach[0] < SURE or reach[1] > 1 - SURE:
        return probability(of.value)
    return measured(100 * of.value, 100 * of.mcse)


def p_value_text(value: float, mcse: float) -> str:
    """Give a p-value that was estimated from draws.

    Examples
    --------
    >>> p_value_text(0.02, 0.0041), p_value_text(0.0, 0.0), p_value_text(0.31, 0.0)
    ('0.0200 ± 0.0041', '< 0.001', '0.310')
    """
    if mcse:
        return measured(value, mcse)
    return f"< {LEAST_P_VALUE:g}" if value < LEAST_P_VALUE / 2 else fixed(value, 3)


def factor_text(log_factor: float) -> str:
    """Give a Bayes factor from its natural logarithm; below 1 as a fraction.

    Examples
    --------
    >>> [factor_text(math.log(of)) for of in (3.4, 234.5, 123456.0, 1 / 4.2, 1.0, 9.99)]
    ['3.4', '234', '1.2e+05', '1/4.2', '1.0', '10']
    >>> factor_text(5000.0)
    '3.0e+2171'
    """
    size = _size_text(abs(log_factor) / math.log(10))
    return f"1/{size}" if log_factor < 0 and size != "1.0" else size


def factor_with_error(log_factor: Number) -> str:
    """Give a Bayes factor, with its relative standard error where it has one.

    Examples
    --------
    >>> factor_with_error(Number(value=math.log(3.4), mcse=0.12))
    '3.4 ± 12 %'
    """
    if not log_factor.mcse:
        return factor_text(log_factor.value)
    error = 100 * log_factor.mcse
    told = fixed(error, 0) if error >= 10 else f"{error:.2g}"
    return f"{factor_text(log_factor.value)} ± {told} %"


def power_text(power: int) -> str:
    """Give a power of ten for an axis of Bayes factors.

    Examples
    --------
    >>> [power_text(power) for power in (-3, -1, 0, 2, 6)]
    ['1/10³', '1/10', '1', '100', '10⁶']
    """
    size = f"{10 ** abs(power)}" if abs(power) < 3 else _power_of_ten(abs(power))
    return f"1/{size}" if power < 0 else size


def _power_of_ten(power: int) -> str:
    return f"10{str(power).translate(SUPERSCRIPT)}"


def _size_text(power: float) -> str:
    """Give 10 to a power of at least 0."""
    if power >= MOST_FACTOR:
        whole = math.floor(power)
        digits = f"{10 ** (power - whole):.1f}"
        return f"1.0e+{whole + 1:02d}" if digits == "10.0" else f"{digits}e+{whole:02d}"
    size = 10**power
    return f"{size:.1f}" if size < 9.95 else f"{size:,.0f}"


def _mean(scaled: float, decimals: int) -> str:
    if not math.isfinite(scaled):
        return "no mean"
    return fixed(scaled, decimals) if abs(scaled) < 10 * LARGEST else f"{scaled:.3g}"

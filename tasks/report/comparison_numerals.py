"""Numbers of a model comparison: digits that their errors admit, on any scale of the data."""

from tasks.bayes.interval import Interval
from tasks.inference.comparison.record import Estimate
from tasks.report.numerals import MINUS, ends_of, estimate, fixed, mean_of

SMALLEST, LARGEST = 1e-5, 1e6
"""Errors below and values above are given with powers of ten."""
LEAST_P_VALUE = 1e-4


def interval_text(of: Estimate) -> str:
    """Give a posterior mean with its 95 % interval.

    Examples
    --------
    >>> interval_text(Estimate(mean=7.4, mcse=0.1, sd=4, low=-1.27, median=7.4, high=16.3))
    '7.4 [−1.3, 16.3]'
    >>> interval_text(Estimate(mean=2e-9, mcse=None, sd=1e-9, low=0, median=2e-9, high=4e-9))
    '2e-09 [0, 4e-09]'
    """
    ends = of.low, of.high
    if _is_ordinary((of.high - of.low) / 2, max(map(abs, ends))):
        interval = Interval(mean=of.mean, low=of.low, high=of.high)
        return f"{mean_of(interval, signed=False)} {ends_of(interval, signed=False)}"
    low, high = map(significant, ends)
    return f"{significant(of.mean)} [{low}, {high}]"


def measured(value: float, error: float) -> str:
    """Give an estimate and its standard error.

    Examples
    --------
    >>> measured(28.0, 15.0), measured(3.2e7, 1.5e6)
    ('28 ± 15', '3.2e+07 ± 1.5e+06')
    """
    if _is_ordinary(error, abs(value)):
        return estimate(value, error)
    return f"{significant(value)} ± {significant(error)}"


def significant(value: float) -> str:
    """Give a number with four digits, and a power of ten where it is far from 1.

    Examples
    --------
    >>> significant(-1.00354), significant(2362.4), significant(0.0)
    ('−1.004', '2362', '0')
    """
    text = f"{abs(value):.4g}"
    return MINUS + text if value < 0 else text


def criterion_number(value: float) -> str:
    """Give the number of a criterion in few columns.

    Examples
    --------
    >>> criterion_number(1.00354), criterion_number(0.01087), criterion_number(3e-9)
    ('1.004', '0.0109', '<0.0001')
    """
    if 0 < value < LEAST_P_VALUE:
        return f"<{LEAST_P_VALUE:g}"
    return significant(value) if abs(value) >= 1 else _decimal(value)


def _decimal(value: float) -> str:
    return fixed(value, 4).rstrip("0").rstrip(".") if abs(value) < 0.1 else fixed(value, 2)


def _is_ordinary(error: float, largest: float) -> bool:
    return (error == 0 or error >= SMALLEST) and largest < LARGEST

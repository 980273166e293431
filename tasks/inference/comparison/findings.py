"""A criterion's number against its threshold."""

import math
from typing import Literal

from tasks.inference.comparison.record import Finding, Status

Stage = Literal[1, 2, 3]


def at_most(check: str, stage: Stage, value: float, limit: float, sentence: str) -> Finding:
    """Fail a number that is above a limit; NaN is not assessable.

    Examples
    --------
    >>> at_most("divergences", 1, 0.02, 0.01, "Of the transitions 2 % diverged.").status
    'fail'
    """
    return _judged(check, stage, value, value <= limit, f"<= {limit:.4g}", sentence)


def at_least(check: str, stage: Stage, value: float, limit: float, sentence: str) -> Finding:
    """Fail a number that is below a limit; NaN is not assessable."""
    return _judged(check, stage, value, value >= limit, f">= {limit:.4g}", sentence)


def not_assessable(check: str, stage: Stage, why: str) -> Finding:
    """A criterion that says nothing of a model."""
    return Finding(
        check=check, stage=stage, status="not assessable", value=None, rule="", sentence=why
    )


def failed(check: str, stage: Stage, why: str) -> Finding:
    """A criterion that a model fails without a number."""
    return Finding(check=check, stage=stage, status="fail", value=None, rule="", sentence=why)


def _judged(
    check: str, stage: Stage, value: float, is_good: bool, rule: str, sentence: str
) -> Finding:
    if math.isnan(value):
        return not_assessable(check, stage, "The number cannot be computed from these draws.")
    status: Status = "pass" if is_good else "fail"
    return Finding(
        check=check, stage=stage, status=status, value=value, rule=rule, sentence=sentence
    )

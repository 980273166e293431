"""Classes of a Bayes factor in words, for text and figures."""

from collections.abc import Sequence
from typing import get_args

from tasks.beliefs.bayes_factor import severity
from tasks.beliefs.conflict_record import Conflict, Severity

CLASSES: tuple[Severity, ...] = get_args(Severity)
ERRORS = 2.0
"""Standard errors to either side within which a class is uncertain."""


def severity_text(conflict: Conflict) -> str:
    """Class of the Bayes factor; all that its error leaves possible where it is not certain."""
    if conflict.severity_is_certain:
        return conflict.severity
    value, reach = conflict.log_bayes_factor.value, ERRORS * conflict.log_bayes_factor.mcse
    low, high = (severity(end) for end in (value - reach, value + reach))
    if low == high:
        return low
    between = CLASSES.index(high) - CLASSES.index(low) - 1
    return f"{low} {'to' if between else 'or'} {high}"


def by_bayes_factor(conflicts: Sequence[Conflict]) -> list[Conflict]:
    """Beliefs that the data speak against most strongly first."""
    return sorted(conflicts, key=lambda of: -of.log_bayes_factor.value)

"""Whether a model must be calibrated by simulation before anything is decided by it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.domain import CheckThresholds
from tasks.errors import InputError

Level = Literal["not needed", "recommended", "essential"]
CheckModel = Literal["auto", "always", "never"]
"""Whether a run calibrates its effects model; ``auto``: where that is essential."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a model and of the decision that hangs on it; None is not known.

    Attributes
    ----------
    parameters
        Number of parameters of the model, at least 0.
    bayes_factor
        By which the decision's favourite is preferred, at least 0.
    decision_worth
        In the client's currency, at least 0.
    client_confidence
        In the model, between 0 and 1.

    Raises
    ------
    InputError
        If a number is outside of its range.
    """

    parameters: int | None = None
    bayes_factor: float | None = None
    decision_worth: float | None = None
    client_confidence: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            most = 1.0 if name == "client_confidence" else math.inf
            if value is not None and not 0 <= value <= most:
                raise InputError(f"{name} must be between 0 and {most:g} or None, got {value}.")


DEFAULT = CheckThresholds()


@dataclass(frozen=True)
class Decision:
    """Whether simulation-based calibration is needed, and why.

    Attributes
    ----------
    level
        ``recommended`` for one trigger that fires, ``essential`` for two or more.
    fired
        The triggers that fired, in words.
    unknown
        Names of the triggers that could not fire since their number is not known.

    Examples
    --------
    >>> print(Decision("recommended", ("the Bayes factor is 32, more than 10",), ()))
    Simulation-based calibration is recommended: the Bayes factor is 32, more than 10.
    """

    level: Level
    fired: tuple[str, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        why = [" and ".join(self.fired) or "no trigger fires"]
        if self.unknown:
            why.append(f"not known: {', '.join(self.unknown)}")
        return f"Simulation-based calibration is {self.level}: {'; '.join(why)}."


def is_essential(evidence: Evidence, thresholds: CheckThresholds = DEFAULT) -> Decision:
    """Decide whether simulation-based calibration is needed.

    Parameters
    ----------
    evidence
        What is not known cannot fire, and is listed.
    thresholds
        A number that equals its threshold does not fire.

    Examples
    --------
    >>> decision = is_essential(Evidence(parameters=81, client_confidence=0.6))
    >>> decision.level, decision.fired
    ('recommended', ('the model has 81 parameters, more than 10',))
    >>> decision.unknown
    ('Bayes factor', 'worth of the decision')
    """
    fired = tuple(_fired(evidence, thresholds))
    levels: tuple[Level, ...] = ("not needed", "recommended", "essential")
    values = {
        "number of parameters": evidence.parameters,
        "Bayes factor": evidence.bayes_factor,
        "worth of the decision": evidence.decision_worth,
        "client's confidence": evidence.client_confidence,
    }
    unknown = tuple(name for name, value in values.items() if value is None)
    return Decision(levels[min(len(fired), 2)], fired, unknown)


def _fired(evidence: Evidence, limit: CheckThresholds) -> Iterator[str]:
    count, factor = evidence.parameters, evidence.bayes_factor
    worth, confidence = evidence.decision_worth, evidence.client_confidence
    if count is not None and count > limit.parameters:
        yield f"the model has {count} parameters, more than {limit.parameters}"
    if factor is not None and factor > limit.bayes_factor:
        yield f"the Bayes factor is {factor:,.6g}, more than {limit.bayes_factor:g}"
    if worth is not None and worth > limit.decision_worth:
        yield f"the decision is worth {worth:,.0f}, more than {limit.decision_worth:,.0f}"
    if confidence is not None and confidence < limit.client_confidence:
        yield f"the client's confidence is {confidence:g}, less than {limit.client_confidence:g}"

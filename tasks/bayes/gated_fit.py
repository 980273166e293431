"""A fit that passes the gate of the diagnostics, with smaller and more steps where it must."""

from collections.abc import Callable
from dataclasses import dataclass

import arviz as az

from tasks.bayes.posterior_diagnostics import Verdict, check
from tasks.errors import RunError

ADAPT_DELTAS = (0.9, 0.99)
"""Acceptance rates: of the first fit, and of the second where the first misses the gate."""
LENGTHS = (1, 2)
"""Of their chains, as multiples of the usual one."""


@dataclass(frozen=True)
class GatedFit:
    """A fit from which something may be concluded.

    Attributes
    ----------
    fit
        Its draws.
    verdict
        What the diagnostics say; the gate is passed.
    adapt_delta
        Acceptance rate at which it was.
    """

    fit: az.InferenceData
    verdict: Verdict
    adapt_delta: float


def fit_through_gate(draw: Callable[[float, int], az.InferenceData], what: str) -> GatedFit:
    """Sample, and once more, with smaller steps and longer, where the first fit misses the gate.

    Parameters
    ----------
    draw
        Samples at an acceptance rate, with chains so many times as long as usual.
    what
        Names the fit in the error, as its first words.

    Raises
    ------
    RunError
        If the second fit misses the gate too, with the parameter and its number.
    """
    for adapt_delta, times in zip(ADAPT_DELTAS, LENGTHS, strict=True):
        fit = draw(adapt_delta, times)
        verdict = check(fit)
        if verdict.passed:
            return GatedFit(fit, verdict, adapt_delta)
    further = len(verdict.failures) - 1
    raise RunError(
        f"{what} misses its gate, at adapt_delta {adapt_delta:g} and twice as long too: "
        f"{verdict.failures[0]}{f', and {further} more' if further else ''}; run longer chains."
    )

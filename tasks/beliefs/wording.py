"""Beliefs, evidence and posteriors in plain words."""

import math

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number, Posterior, Severity

MOST_TIMES = 100_000
EVEN = math.log(1.05)
"""Log Bayes factor up to which it is told that data are as probable under both priors."""


def amount(value: float, belief: Belief, unit: str = "") -> str:
    """A value of a quantity: per cent of a share, else a number with its unit.

    Examples
    --------
    >>> amount(0.254, Belief.of("beta", {"alpha": 2.0, "beta": 2.0}, 0, 1))
    '25.4 %'
    >>> amount(12345.6, Belief.of("normal", {"mean": 0.0, "sd": 1.0}), "km")
    '12,346 km'
    """
    if belief.bounds == (0.0, 1.0):
        return f"{100 * value:.3g} %"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number} {unit}".rstrip()


def times(log_bayes_factor: float) -> str:
    """How many times as probable.

    Examples
    --------
    >>> times(math.log(3.414)), times(math.log(1234)), times(1e6)
    ('3.4 times', '1,234 times', 'more than 100,000 times')
    """
    if log_bayes_factor > math.log(MOST_TIMES):
        return f"more than {MOST_TIMES:,} times"
    factor = math.exp(log_bayes_factor)
    return f"{factor:.1f} times" if factor < 10 else f"{factor:,.0f} times"


def probability(value: float) -> str:
    """A probability that is worth telling.

    Examples
    --------
    >>> probability(0.0253), probability(1e-9), probability(0.99999)
    ('0.025', 'below 0.001', 'above 0.999')
    """
    if value < 0.001:
        return "below 0.001"
    return "above 0.999" if value > 0.999 else f"{value:.2g}"


def evidence_sentence(log_bayes_factor: float) -> str:
    """Which prior the data speak for, and how strongly."""
    if abs(log_bayes_factor) < EVEN:
        return "They are as probable under the belief as under the reference prior"
    if log_bayes_factor > 0:
        return (
            f"They are {times(log_bayes_factor)} as probable under the reference prior as under "
            "the belief"
        )
    return (
        f"They are {times(-log_bayes_factor)} as probable under the belief as under the reference "
        "prior"
    )


def conflict_sentence(
    client: Belief,
    data: Posterior,
    log_bayes_factor: Number,
    severity: Severity,
    is_certain: bool,
    tail: float,
    unit: str,
) -> str:
    """What was said, what the data say, and how far the two are apart."""
    low, middle, high = map(
        float, client.quantile([(1 - data.level) / 2, 0.5, (1 + data.level) / 2])
    )
    mean = client.mean()
    centre = mean if math.isfinite(mean) else middle
    said, least, most = (amount(value, client, unit) for value in (centre, low, high))
    found, from_, to = (
        amount(value, client, unit) for value in (data.mean.value, data.low, data.high)
    )
    is_surprising = tail < 1 - data.level
    verdict = "the belief stands" if severity == "none" else f"{severity} conflict"
    yet = "yet " if severity == "none" and is_surprising else ""
    if yet:
        verdict = "no evidence for the reference prior"
    if abs(log_bayes_factor.value) < EVEN:
        verdict = "no evidence either way"
    doubt = "" if is_certain else " (its class is not certain: mind the Monte Carlo error)"
    return (
        f"The belief says {said} ({least} to {most}); the data say {found} ({from_} to {to}). "
        f"{evidence_sentence(log_bayes_factor.value)}: {verdict}{doubt}; {yet}data so far from "
        f"the belief come with probability {probability(tail)}."
    )

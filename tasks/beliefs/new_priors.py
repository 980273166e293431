"""Priors that can take the place of a belief which the data speak against."""

import math

import numpy as np
from pydantic import ValidationError
from scipy.optimize import minimize_scalar

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.cumulative import moments
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.families import from_moments, tempered
from tasks.beliefs.importance import log_evidence
from tasks.errors import InputError

NEGLIGIBLE = 1e-12
"""Probability of a prior that is not kept in a mixture."""
LEAST_POWER = 1e-6
POWERS_TRIED = 49
IMPOSSIBLE = 1e100
"""Loss of a power that no law has, or under which no draw is possible."""


def client_probability(log_bayes_factor: float, confidence: float) -> float:
    """Posterior probability of the client's prior, from its confidence and the Bayes factor.

    Examples
    --------
    >>> round(client_probability(math.log(9), 0.9), 12)
    0.5
    """
    log_odds = log_bayes_factor + math.log1p(-confidence) - math.log(confidence)
    return 0.0 if log_odds > 700 else 1 / (1 + math.exp(log_odds))


def evidence_weighted(client: Belief, reference: Belief, client_weight: float) -> Belief:
    """Mixture of a belief and the reference prior; laws of a mixture keep their shares.

    A part that weighs less than 1e-12 is left out.

    Raises
    ------
    InputError
        If the two have different bounds.

    Examples
    --------
    >>> flat = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
    >>> print(evidence_weighted(Belief.of("beta", {"alpha": 3.0, "beta": 5.0}, 0, 1), flat, 0.25))
    0.25 x beta(alpha 3, beta 5) + 0.75 x uniform(low 0, high 1) between 0 and 1
    """
    if client.bounds != reference.bounds:
        raise InputError(
            f"the belief {client} and the reference prior {reference} must have the same bounds to "
            "be mixed"
        )
    parts = ((client, client_weight), (reference, 1 - client_weight))
    shares = [(law, law.weight * weight) for belief, weight in parts for law in belief.laws]
    kept = [(law, share) for law, share in shares if share > NEGLIGIBLE]
    total = sum(share for _, share in kept)
    laws = tuple(law.model_copy(update={"weight": share / total}) for law, share in kept)
    return Belief(laws=laws, low=client.low, high=client.high)


def power_prior(side: DataSide, client: Belief) -> tuple[Belief, float]:
    """Belief raised to the power in (0, 1] that makes the data most probable.

    Each family is closed under powers. For a normal belief and a normal estimate y with standard
    error se, ``sd**2 / power = max(sd**2, (y - mean)**2 - se**2)``. The power goes down to 1e-6,
    which leaves hardly more than the bounds.

    Returns
    -------
    new, power

    Raises
    ------
    InputError
        If the belief is a mixture, whose power is none.

    References
    ----------
    Gravestock & Held (2017), Adaptive Power Priors with Empirical Bayes for Clinical Trials,
    Pharmaceutical Statistics 16, 349-360.
    """
    if len(client.laws) > 1:
        raise InputError(
            f"the power of a mixture ({client}) is no mixture of known laws: take the strategy "
            "evidence_weighted or replace"
        )
    (law,) = client.laws

    def flattened(log_power: float) -> Belief | None:
        parameters = tempered(law.family, law.parameters, math.exp(log_power))
        if parameters is None:
            return None
        try:
            return Belief.of(law.family, parameters, client.low, client.high)
        except (ValidationError, OverflowError):  # nothing is left, or no number holds it
            return None

    def loss(log_power: float) -> float:
        belief = flattened(log_power)
        return IMPOSSIBLE if belief is None else min(-log_evidence(side, belief), IMPOSSIBLE)

    tried = np.linspace(math.log(LEAST_POWER), 0.0, POWERS_TRIED)
    losses = [loss(log_power) for log_power in tried]
    best = int(np.argmin(losses))
    around = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
    found = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-7})
    log_power = float(found.x if found.fun < losses[best] else tried[best])
    belief = flattened(log_power)
    return belief or client, math.exp(log_power)


def matched(side: DataSide, client: Belief) -> Belief:
    """Law of the belief's family with the moments of the posterior under the reference prior.

    Of a mixture the heaviest law says the family. A normal law, cut to the bounds, takes the place
    of a family that has no law with these moments. What is cut off changes the moments by as much.
    """
    heaviest = max(client.laws, key=lambda law: law.weight)
    mean, sd = (float(row[0]) for row in moments(side.values, np.exp(side.log_weights)[None]))
    df = {"df": heaviest.parameters["df"]} if heaviest.parameters.get("df", 0) > 2 else {}
    parameters = from_moments(heaviest.family, mean, sd, **df)
    if parameters is None:
        return Belief.of("normal", {"mean": mean, "sd": sd}, client.low, client.high)
    law = Law(family=heaviest.family, parameters=parameters)
    return Belief(laws=(law,), low=client.low, high=client.high)

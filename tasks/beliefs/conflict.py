"""A belief on one quantity held against data."""

from tasks.beliefs.bayes_factor import (
    Bridged,
    ClientSide,
    log_point_bayes_factor,
    severity,
    severity_is_certain,
    under_belief,
)
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Conflict, Curves, Decision
from tasks.beliefs.cumulative import summary
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.densities import common_grid, density, posterior_density
from tasks.beliefs.divergence import kl_divergence, wasserstein
from tasks.beliefs.jackknife import replicates
from tasks.beliefs.marginal_likelihood import MarginalLikelihood, marginal_likelihood
from tasks.beliefs.power_scaling import diagnosis, ends_of_draws, power_scaling
from tasks.beliefs.predictive_tail import kl_tail, prior_predictive_tail
from tasks.beliefs.wording import conflict_sentence
from tasks.errors import InputError


def conflict(
    quantity: str,
    side: DataSide,
    client: Belief,
    confidence: float,
    level: float = 0.95,
    decision: Decision | None = None,
    unit: str = "",
    bridged: Bridged | None = None,
) -> Conflict:
    """Hold a belief against data.

    Parameters
    ----------
    quantity
        Its name, such as ``share[tv]``.
    side
        The data's side: a quadrature, which is exact, or draws.
    client, confidence
        The belief, and how confident the client is in it, in (0, 1).
    level
        Probability of the intervals; a prior-predictive tail probability below ``1 - level`` is
        a conflict.
    decision
        Whose threshold the posteriors are told for.
    unit
        Of the quantity, for the sentence.
    bridged
        A fit under the belief bridged to that under the reference prior; needed where the draws
        of the side hardly reach the belief (`importance_is_reliable`).

    Raises
    ------
    InputError
        If `confidence` or `level` is no probability, or as of `under_belief`.
    """
    check_probabilities(confidence, level)
    threshold = None if decision is None else decision.threshold
    against = under_belief(side, client, bridged)
    rows = replicates(side, side.log_weights)
    likelihood = marginal_likelihood(side)
    log_bf = against.log_bayes_factor
    from_reference = summary(side, rows, level, threshold)
    tail = prior_predictive_tail(likelihood, client)
    kl = kl_divergence(side, rows, likelihood, client)
    ends = ends_of_draws(against.side, against.rows)
    by_prior, by_likelihood = power_scaling(against.side, against.rows, client, ends)
    is_certain = severity_is_certain(log_bf)
    return Conflict(
        quantity=quantity,
        client=client,
        confidence=confidence,
        reference=side.reference,
        method=against.method,
        from_reference=from_reference,
        from_client=summary(against.side, against.rows, level, threshold),
        log_bayes_factor=log_bf,
        severity=severity(log_bf.value),
        severity_is_certain=is_certain,
        log_point_bayes_factor=log_point_bayes_factor(likelihood, against),
        kl=kl,
        kl_tail=None if kl is None else kl_tail(side, likelihood, client),
        wasserstein=wasserstein(side, rows, client),
        tail=tail,
        prior_sensitivity=by_prior,
        likelihood_sensitivity=by_likelihood,
        sensitivity=diagnosis(by_prior, by_likelihood),
        is_conflict=tail.value < 1 - level,
        sentence=conflict_sentence(
            client, from_reference, log_bf, severity(log_bf.value), is_certain, tail.value, unit
        ),
        curves=_curves(side, likelihood, client, against),
    )


def check_probabilities(confidence: float, level: float) -> None:
    """Refuse a confidence or a level outside of (0, 1)."""
    for name, value in (("confidence", confidence), ("level", level)):
        if not 0 < value < 1:
            raise InputError(f"{name} must lie strictly between 0 and 1, got {value:g}")


def client_likelihood(likelihood: MarginalLikelihood, against: ClientSide) -> MarginalLikelihood:
    """Likelihood as seen from the belief: by its own draws where there are any."""
    if against.method == "bridge":
        return marginal_likelihood(against.side)
    return likelihood


def _curves(
    side: DataSide, likelihood: MarginalLikelihood, client: Belief, against: ClientSide
) -> Curves:
    from_client = client_likelihood(likelihood, against)
    posteriors = (likelihood, side.reference), (from_client, client)
    x = common_grid([client], posteriors)
    at_reference, at_client = (posterior_density(*posterior, x) for posterior in posteriors)
    return Curves(
        x=tuple(x.tolist()),
        client=tuple(density(client, x).tolist()),
        reference_posterior=tuple(at_reference.tolist()),
        client_posterior=tuple(at_client.tolist()),
    )

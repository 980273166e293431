"""Beliefs on channels' shares of sales held against a fitted media mix model."""

from collections.abc import Callable, Mapping, Sequence

import arviz as az
import numpy as np

from tasks.bayes.bridge_sampling import LogEvidence
from tasks.bayes.inference_data import LOG_LIKELIHOOD
from tasks.beliefs.bayes_factor import Bridged
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.data_side import DataSide, from_draws
from tasks.beliefs.held import HeldPrior
from tasks.beliefs.importance import importance_is_reliable
from tasks.beliefs.media_mix import quantity_draws
from tasks.beliefs.quantities import parse_quantity
from tasks.errors import InputError

Refit = Callable[[Mapping[str, Belief]], tuple[LogEvidence, az.InferenceData]]
"""Log marginal likelihood and draws under beliefs by channel, all else under the reference."""


def channel_of(quantity: str, channels: Sequence[str]) -> str:
    """The channel whose share a quantity is.

    Raises
    ------
    InputError
        If it is the share of none.

    Examples
    --------
    >>> channel_of("share[tv]", ["tv", "ooh"])
    'tv'
    """
    parsed = parse_quantity(quantity)
    if parsed.kind != "share" or parsed.of not in channels:
        known = ", ".join(f"share[{channel}]" for channel in channels)
        raise InputError(f"This media mix model has no quantity {quantity!r}; it has {known}.")
    return parsed.of


def share_beliefs(priors: Sequence[HeldPrior], channels: Sequence[str]) -> dict[str, Belief]:
    """Beliefs by channel, of those that are on a channel's share."""
    shares = {f"share[{channel}]": channel for channel in channels}
    return {shares[prior.quantity]: prior.belief for prior in priors if prior.quantity in shares}


def share_side(
    fit: az.InferenceData, channels: Sequence[str], channel: str, prior: Belief
) -> DataSide:
    """Draws of a channel's share with the joint log likelihood of each.

    Parameters
    ----------
    fit
        Of the media mix model.
    channels
        In the order of the program's columns.
    channel
        One of them.
    prior
        Of its share, under which the fit was made.
    """
    share = quantity_draws(fit, channels)[f"share[{channel}]"]
    log_likelihood = np.asarray(fit.log_likelihood[LOG_LIKELIHOOD].values.sum(axis=-1))
    return from_draws(share, log_likelihood, prior)


def bridge_where_needed(
    side: DataSide,
    channel: str,
    belief: Belief,
    channels: Sequence[str],
    reference: Number,
    refit: Refit,
) -> Bridged | None:
    """Fit the model under a belief that the draws of the reference fit do not reach.

    Parameters
    ----------
    side
        Of the channel's share.
    channel, belief, channels
        The belief is on the share of this one of the channels.
    reference
        Log marginal likelihood of the fit under the reference prior.
    refit
        Fits the model under the belief.

    Returns
    -------
    Bridged or None
        None where the draws reach the belief.
    """
    if importance_is_reliable(side, belief):
        return None
    under, fit = refit({channel: belief})
    return Bridged(difference(reference, under), share_side(fit, channels, channel, belief))


def difference(reference: Number, under: LogEvidence | Number) -> Number:
    """Log Bayes factor of the reference prior from two marginal likelihoods, in nats."""
    return Number(
        value=reference.value - under.value, mcse=float(np.hypot(reference.mcse, under.mcse))
    )

"""Divergence between normal distributions."""

import math


def kl_normal(mean: float, sd: float, prior_mean: float, prior_sd: float) -> float:
    """Kullback-Leibler divergence of N(mean, sd) from N(prior_mean, prior_sd), in nats.

    Parameters
    ----------
    mean, sd
        Of the distribution that is the case, such as a posterior.
    prior_mean, prior_sd
        Of the one that was believed.

    References
    ----------
    Kullback & Leibler (1951), On Information and Sufficiency, Annals of Mathematical Statistics 22.

    Examples
    --------
    >>> kl_normal(3.0, 2.0, 3.0, 2.0), kl_normal(1.0, 1.0, 0.0, 1.0)
    (0.0, 0.5)
    """
    ratio = sd / prior_sd
    return (ratio**2 + ((mean - prior_mean) / prior_sd) ** 2 - 1) / 2 - math.log(ratio)

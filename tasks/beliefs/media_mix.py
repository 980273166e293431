"""Fit the media mix model: channels' shares of sales, under beliefs or the reference prior."""

from collections.abc import Mapping, Sequence
from typing import Any

import arviz as az
import numpy as np

from tasks.bayes.bridge_sampling import LogEvidence
from tasks.bayes.evidence import log_evidence
from tasks.bayes.gated_fit import GatedFit
from tasks.beliefs.belief import Belief
from tasks.beliefs.media_mix_data import MediaMixData, share_priors
from tasks.beliefs.media_mix_weeks import Floats
from tasks.locations import resource

PROGRAM = "media_mix.stan"
BY_CHANNEL = ("share", "contribution", "return_on_spend", "decay", "half")
OF_ALL = ("baseline", "level", "sigma", "shock_probability", "shock_sd")


def fit_media_mix(
    values: Mapping[str, Any],
    *,
    seed: int,
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
) -> tuple[LogEvidence, GatedFit]:
    """Draw from the posterior of the media mix model, and integrate its density.

    Parameters
    ----------
    values
        As of `program_data`. Under the reference prior the shares may sum to more than 1, and the
        baseline be below 0.
    seed, chains, warmup, draws
        As of `tasks.bayes.evidence.log_evidence`.

    Returns
    -------
    tuple of LogEvidence and GatedFit
        The log marginal likelihood in nats, and the fit.

    Raises
    ------
    RunError
        If the fit misses its gate twice, or the bridge does not converge.

    References
    ----------
    Jin, Wang, Sun, Chan & Koehler (2017), Bayesian methods for media mix modeling with carryover
    and shape effects, Google Research.
    """
    program = resource("stan", PROGRAM)
    return log_evidence(program, values, seed=seed, chains=chains, warmup=warmup, draws=draws)


def program_data(data: MediaMixData, beliefs: Mapping[str, Belief]) -> dict[str, Any]:
    """All data of the program: for a fit, and the design of its calibration by simulation.

    Parameters
    ----------
    data
        As `tasks.beliefs.media_mix_data.media_mix_data` gives it.
    beliefs
        Priors of the shares by channel; a channel without one has the uniform reference prior.

    Raises
    ------
    InputError
        As `tasks.beliefs.media_mix_data.share_priors` does.
    """
    return data.program | share_priors(data.channels, beliefs)


def quantity_draws(fit: az.InferenceData, channels: Sequence[str]) -> dict[str, Floats]:
    """Draws of every quantity that a belief may be on, and of the rest, by name.

    Parameters
    ----------
    fit
        Of `fit_media_mix`.
    channels
        In the order of the program's columns.

    Returns
    -------
    dict of str to ndarray
        Shape (chains, draws) each: for each channel ``share[tv]`` of mean expected sales,
        ``contribution[tv]`` to the sales of a mean week, ``return_on_spend[tv]``: sales for a unit
        of spend, ``decay[tv]`` and ``half[tv]``; and ``baseline``, ``level``,
        ``sigma``, ``shock_probability``, ``shock_sd``.
    """
    posterior = fit.posterior
    of_channels = {
        f"{name}[{channel}]": np.asarray(posterior[name].values[..., place])
        for name in BY_CHANNEL
        for place, channel in enumerate(channels)
    }
    return of_channels | {name: np.asarray(posterior[name].values) for name in OF_ALL}

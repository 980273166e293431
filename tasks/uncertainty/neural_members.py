"""Members made of one trained network: units left out, or draws of its last layer."""

from collections.abc import Sequence

import numpy as np

from tasks.uncertainty.neural_inputs import FloatArray32
from tasks.uncertainty.neural_laplace import (
    regression_posterior,
    softmax_posterior,
    with_constant,
)
from tasks.uncertainty.neural_network import Layer, Networks
from tasks.uncertainty.neural_training import dropout_factors
from tasks.uncertainty.protocol import FloatArray, TargetArray


def dropout_members(
    network: Networks, dropout: float, seeds: Sequence[np.random.SeedSequence]
) -> Networks:
    """Networks that each leave out hidden units of their own, the same in every row.

    Parameters
    ----------
    network
        One, trained with dropout.
    dropout
        Share of the hidden units that are left out.
    seeds
        Of the members.

    References
    ----------
    Gal & Ghahramani (2016), Dropout as a Bayesian approximation, ICML, 1050-1059.
    """
    layers = list(network.layers[:1])
    rngs = [np.random.default_rng(seed) for seed in seeds]
    for layer in network.layers[1:]:
        n_units = layer.weights.shape[1]
        factors = [dropout_factors(rng.random((1, n_units)), dropout) for rng in rngs]
        biases = np.repeat(layer.biases, len(seeds), axis=0)
        layers.append(Layer(np.stack(factors).swapaxes(1, 2) * layer.weights, biases))
    return Networks(tuple(layers))


def bayesian_members(
    network: Networks,
    inputs: FloatArray32,
    target: TargetArray,
    n_classes: int | None,
    seeds: Sequence[np.random.SeedSequence],
) -> tuple[Networks, Networks]:
    """Networks with last layers drawn from the posterior of the one that was trained.

    Parameters
    ----------
    network
        One, trained.
    inputs
        The rows that it was trained on, shape (n, d).
    target
        Their standardised values or class codes, shape (n,).
    n_classes
        C, or None for a regression.
    seeds
        Of the members.

    Returns
    -------
    tuple
        The members, and one network with the posterior's mean.

    References
    ----------
    Kristiadi, Hein & Hennig (2020), Being Bayesian, even just a bit, fixes overconfidence in ReLU
    networks, ICML, 5436-5446.
    """
    design = with_constant(network.features(inputs)[0])
    last = network.layers[-1]
    if n_classes is None:
        posterior = regression_posterior(design, np.asarray(target, dtype=np.float64))
    else:
        trained = np.concatenate([last.weights[0], last.biases[0]], dtype=np.float64)
        posterior = softmax_posterior(design, trained)
    hidden, n_outputs = network.layers[:-1], last.weights.shape[2]

    def networks(weights: FloatArray) -> Networks:
        arrays = weights.reshape(len(weights), -1, n_outputs).astype(np.float32)
        return Networks((*hidden, Layer(arrays[:, :-1], arrays[:, -1:])))

    return networks(np.stack([posterior.draw(seed) for seed in seeds])), networks(
        posterior.mean[None]
    )

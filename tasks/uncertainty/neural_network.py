"""Networks of one shape, side by side: their weights and what they give for rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from tasks.uncertainty.neural_inputs import FloatArray32
from tasks.uncertainty.neural_settings import load_torch
from tasks.uncertainty.protocol import FloatArray

MOST_ACTIVATIONS = 2**20  # of a layer, in one piece of the rows


@dataclass(frozen=True)
class Layer:
    """Affine maps of B networks, or one map that they share.

    Attributes
    ----------
    weights
        Shape (B or 1, inputs, outputs).
    biases
        Shape (B or 1, 1, outputs).
    """

    weights: FloatArray32
    biases: FloatArray32

    def subset(self, members: Sequence[int]) -> Self:
        """The maps of some of the networks; a shared map stays as it is."""
        if len(self.weights) == 1:
            return self
        return type(self)(self.weights[list(members)], self.biases[list(members)])


@dataclass(frozen=True)
class Networks:
    """B multilayer perceptrons with SiLU units, by their layers.

    Attributes
    ----------
    layers
        From the inputs to the outputs. The last one is not shared, and no layer is after one that
        is not.
    """

    layers: tuple[Layer, ...]

    @property
    def n_members(self) -> int:
        """B, the number of networks."""
        return len(self.layers[-1].weights)

    def subset(self, members: Sequence[int]) -> Self:
        """Some of the networks, in the order given."""
        return type(self)(tuple(layer.subset(members) for layer in self.layers))

    def outputs(self, inputs: FloatArray32) -> FloatArray:
        """Values of the last layer, shape (B, N, outputs).

        Parameters
        ----------
        inputs
            Shape (N, d).
        """
        return self._values(inputs, len(self.layers))

    def features(self, inputs: FloatArray32) -> FloatArray:
        """Values of the last hidden layer, shape (B or 1, N, width)."""
        return self._values(inputs, len(self.layers) - 1)

    def _values(self, inputs: FloatArray32, depth: int) -> FloatArray:
        torch, device = load_torch(), best_device()
        parameters = [
            torch.as_tensor(part, device=device)
            for layer in self.layers[:depth]
            for part in (layer.weights, layer.biases)
        ]
        n_copies, _, n_values = self.layers[depth - 1].weights.shape
        widest = max(layer.weights.shape[0] * layer.weights.shape[2] for layer in self.layers)
        values = np.empty((n_copies, len(inputs), n_values))
        step = max(MOST_ACTIVATIONS // widest, 1)
        with one_torch_thread(), torch.inference_mode():
            for start in range(0, len(inputs), step):
                piece = torch.as_tensor(inputs[start : start + step], device=device)
                last_is_hidden = depth < len(self.layers)
                result = forward(torch, parameters, piece[None], last_is_hidden)
                values[:, start : start + step] = result.cpu().numpy()
        return values


def forward(
    torch: Any,
    parameters: Sequence[Any],
    inputs: Any,
    last_is_hidden: bool = False,
    masks: Sequence[Any] = (),
) -> Any:
    """Values of the last of some layers.

    Parameters
    ----------
    torch
        The module.
    parameters
        Tensors: weights and biases of each layer in turn.
    inputs
        Shape (B or 1, n, d).
    last_is_hidden
        Whether the last layer's values go through its units too.
    masks
        Factors of each hidden layer's units, shape (B, n, width); none for 1.
    """
    values = inputs
    n_layers = len(parameters) // 2
    for depth in range(n_layers):
        weights, biases = parameters[2 * depth], parameters[2 * depth + 1]
        rows = values.expand(len(weights), -1, -1)
        values = torch.baddbmm(biases, rows, weights)
        if depth < n_layers - 1 or last_is_hidden:
            values = torch.nn.functional.silu(values)
            if masks:
                values = values * masks[depth]
    return values


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep PyTorch to one thread of the processor.

    Matrices of one step are small: two threads were seen to take twice as long as one.
    """
    torch = load_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def best_device() -> Any:
    """A GPU where there is one."""
    torch = load_torch()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def random_networks(shape: Sequence[int], seeds: Sequence[np.random.SeedSequence]) -> Networks:
    """Networks of normal weights with variance 2 / inputs, each from its own seed.

    Parameters
    ----------
    shape
        Inputs, width of each hidden layer, outputs.
    seeds
        B of them.

    References
    ----------
    He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, ICCV, 1026-1034.
    """
    rngs = [np.random.default_rng(seed) for seed in seeds]
    layers = []
    for n_inputs, n_outputs in pairwise(shape):
        size = (1 / max(n_inputs, 1)) ** 0.5
        weights = [rng.normal(0, 2**0.5 * size, (n_inputs, n_outputs)) for rng in rngs]
        biases = [rng.uniform(-size, size, (1, n_outputs)) for rng in rngs]
        layers.append(
            Layer(np.stack(weights, dtype=np.float32), np.stack(biases, dtype=np.float32))
        )
    return Networks(tuple(layers))

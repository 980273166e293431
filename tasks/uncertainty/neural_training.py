"""Training of networks side by side, each on its own weighting of the rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.neural_inputs import FloatArray32
from tasks.uncertainty.neural_network import (
    Layer,
    Networks,
    best_device,
    forward,
    one_torch_thread,
    random_networks,
)
from tasks.uncertainty.neural_settings import NeuralSettings, load_torch
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray

FEWEST_BATCHES = 8
HELD_OUT_ROWS = 2**12  # in one piece


def train_networks(
    inputs: FloatArray32,
    target: TargetArray,
    counts: IntArray,
    *,
    n_classes: int | None,
    dropout: float,
    settings: NeuralSettings,
    seeds: Sequence[np.random.SeedSequence],
    order_seed: np.random.SeedSequence,
) -> Networks:
    """Minimise each network's loss, and keep it as it was when its held-out loss was smallest.

    Networks are trained at once, and no network's weights depend on another's: the order of the
    rows is drawn from its own seed, steps of AdamW are elementwise, and each network stops by
    itself.

    Parameters
    ----------
    inputs
        Shape (N, d).
    target
        Standardised values or class codes, shape (N,).
    counts
        How often each network has each row, shape (B, N); its rows with 0 are held out.
    n_classes
        C for cross-entropy, None for squared error.
    dropout
        Share of the hidden units that are left out of each row of each step.
    settings
        Size and training.
    seeds
        Of the networks' first weights, B of them.
    order_seed
        Of the order of rows and of the units left out.

    References
    ----------
    Loshchilov & Hutter (2019), Decoupled weight decay regularization, ICLR.
    Prechelt (1998), Early stopping - but when?, in: Neural networks: tricks of the trade, 55-69.
    """
    shape = (inputs.shape[1], settings.width, settings.width, n_classes or 1)
    first = random_networks(shape, seeds)
    values: TargetArray = target.astype(np.float32)
    if n_classes is not None:
        values = target.astype(np.int64)
    rng = np.random.default_rng(order_seed)
    with one_torch_thread():
        return _train(first, inputs, values, counts, dropout, settings, rng)


def _train(
    first: Networks,
    inputs: FloatArray32,
    target: TargetArray,
    counts: IntArray,
    dropout: float,
    settings: NeuralSettings,
    rng: np.random.Generator,
) -> Networks:
    torch, device = load_torch(), best_device()
    parameters = [
        torch.tensor(part, device=device, requires_grad=True)
        for layer in first.layers
        for part in (layer.weights, layer.biases)
    ]
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    x, y = torch.as_tensor(inputs, device=device), torch.as_tensor(target, device=device)
    weights = torch.as_tensor(counts.astype(np.float32), device=device)
    size = min(settings.batch, -(-len(inputs) // FEWEST_BATCHES))
    best = [part.detach().clone() for part in parameters]
    smallest, since = np.full(len(counts), np.inf), np.zeros(len(counts), dtype=np.int64)
    for _ in range(settings.epochs):
        order = torch.as_tensor(rng.permutation(len(inputs)), device=device)
        for rows in order.split(size):
            masks = _masks(torch, rng, (len(counts), len(rows), settings.width), dropout, device)
            outputs = forward(torch, parameters, x[rows][None], masks=masks)
            losses = _losses(torch, outputs, y[rows]) * weights[:, rows]
            optimiser.zero_grad()
            (losses.sum() / len(rows)).backward()
            optimiser.step()
        held_out = _held_out_losses(torch, parameters, x, y, weights)
        better = (held_out < smallest) & (since < settings.patience)
        smallest = np.where(better, held_out, smallest)
        since = np.where(better, 0, since + 1)
        for kept, part in zip(best, parameters, strict=True):
            kept[better] = part.detach()[better]
        if (since >= settings.patience).all():
            break
    arrays = [part.cpu().numpy() for part in best]
    return Networks(tuple(map(Layer, arrays[::2], arrays[1::2])))


def _masks(
    torch: Any, rng: np.random.Generator, shape: tuple[int, ...], dropout: float, device: Any
) -> list[Any]:
    """Factors of the units of both hidden layers; none without dropout."""
    if dropout == 0:
        return []
    return [
        torch.as_tensor(dropout_factors(rng.random(shape), dropout)).to(device) for _ in range(2)
    ]


def dropout_factors(uniforms: FloatArray, dropout: float) -> FloatArray32:
    """0 for a unit that is left out, else 1 / (1 - dropout): the mean is 1.

    Examples
    --------
    >>> dropout_factors(np.array([0.1, 0.9]), 0.5)
    array([0., 2.], dtype=float32)
    """
    return np.where(uniforms < dropout, 0, 1 / (1 - dropout)).astype(np.float32)


def _losses(torch: Any, outputs: Any, target: Any) -> Any:
    """Of B networks for n rows, shape (B, n), from outputs (B, n, C or 1)."""
    if outputs.shape[2] == 1:
        return (outputs[:, :, 0] - target) ** 2
    log_p = torch.log_softmax(outputs, dim=2)
    return -log_p.gather(2, target.expand(len(outputs), -1)[:, :, None])[:, :, 0]


def _held_out_losses(
    torch: Any, parameters: Sequence[Any], x: Any, y: Any, weights: Any
) -> npt.NDArray[np.float64]:
    """Each network's sum of losses on the rows that it does not have, shape (B,)."""
    totals = np.zeros(len(weights))
    with torch.inference_mode():
        for start in range(0, len(x), HELD_OUT_ROWS):
            rows = slice(start, start + HELD_OUT_ROWS)
            losses = _losses(torch, forward(torch, parameters, x[rows][None]), y[rows])
            totals += (losses * (weights[:, rows] == 0)).sum(dim=1).double().cpu().numpy()
    return totals

"""Networks stop by the rows that they lack, each by itself, and learn to lack units."""

from typing import Any

import numpy as np

from tasks.uncertainty.neural_members import dropout_members
from tasks.uncertainty.neural_network import Networks
from tasks.uncertainty.neural_settings import NeuralSettings
from tasks.uncertainty.neural_training import train_networks

RNG = np.random.default_rng(1)
INPUTS = RNG.normal(size=(400, 10)).astype(np.float32)
NOISE = RNG.normal(size=400)
HALVES = np.stack([np.arange(400) % 2, 1 - np.arange(400) % 2])


def train(target: np.ndarray, counts: np.ndarray, **arguments: Any) -> Networks:
    size = {"width": 48, "epochs": 60, "learning_rate": 0.01, "weight_decay": 0.0}
    return train_networks(
        INPUTS,
        target,
        counts,
        n_classes=None,
        dropout=arguments.pop("dropout", 0.0),
        settings=NeuralSettings(**(size | arguments)),
        seeds=np.random.SeedSequence(2).spawn(len(counts)),
        order_seed=np.random.SeedSequence(3),
    )


def losses(networks: Networks, target: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean squared error of each network in its own choice of rows."""
    squared = (networks.outputs(INPUTS)[:, :, 0] - target) ** 2
    return np.asarray((squared * rows).sum(axis=1) / rows.sum(axis=1))


def test_a_network_that_can_only_learn_noise_is_kept_as_it_was_before() -> None:
    quarters = (np.arange(400) % 4 != np.arange(4)[:, None]).astype(np.int64)
    stopped = train(NOISE, quarters)
    assert losses(stopped, NOISE, 1 - quarters).mean() < 1.3 * NOISE.var()
    assert losses(stopped, NOISE, quarters).mean() > 0.5 * NOISE.var()


def test_rows_that_could_be_learnt_by_heart_are_where_they_are_also_held_out() -> None:
    """The negative control: twins of the rows are held out, and the same network goes on."""
    twins = np.repeat(np.arange(200), 2)
    inputs, target = INPUTS[twins], NOISE[twins]
    by_heart = train_networks(
        inputs,
        target,
        HALVES,
        n_classes=None,
        dropout=0.0,
        settings=NeuralSettings(width=48, epochs=60, learning_rate=0.01, weight_decay=0),
        seeds=np.random.SeedSequence(2).spawn(2),
        order_seed=np.random.SeedSequence(3),
    )
    squared = (by_heart.outputs(inputs)[:, :, 0] - target) ** 2
    assert squared.mean() < 0.2 * NOISE.var()


def test_a_row_that_is_drawn_more_often_counts_for_more() -> None:
    counts = np.where(np.arange(400) < 40, 20, 1)[None] * (np.arange(400) % 4 > 0)
    target = np.where(np.arange(400) < 40, 1.0, -1.0)
    means = train(target, counts).outputs(INPUTS)[0, :, 0]
    light = train(target, np.minimum(counts, 1)).outputs(INPUTS)[0, :, 0]
    assert light.mean() < -0.4
    assert means.mean() > light.mean() + 0.2


def test_a_network_trained_with_dropout_bears_the_lack_of_units() -> None:
    signal = INPUTS[:, 0] + INPUTS[:, 1] * INPUTS[:, 2]
    seeds = np.random.SeedSequence(4).spawn(20)

    def loss(dropout: float) -> float:
        members = dropout_members(train(signal, HALVES[:1], dropout=dropout), 0.3, seeds)
        return float(np.mean((members.outputs(INPUTS)[:, :, 0] - signal) ** 2))

    assert loss(0.3) < 0.8 * loss(0.0)

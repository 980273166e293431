"""Rows of a known function, and small neural ensembles fitted to them."""

from typing import Any

import numpy as np

from tasks.uncertainty.neural import fit_neural
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.neural_settings import NeuralSettings

KINDS = ("deep_ensemble", "mc_dropout", "bayesian")
SMALL = NeuralSettings(width=24, epochs=60, patience=8, learning_rate=0.01)


def sample(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """A number with gaps, a category and a number that says nothing; noise of sd 0.5."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(-1, 1, n), rng.integers(0, 6, n), rng.normal(size=n)])
    y = 2 * x[:, 0] + np.isin(x[:, 1], [0, 3]) + rng.normal(0, 0.5, n)
    x[rng.random(n) < 0.1, 0] = np.nan
    return x, y


def fit(x: np.ndarray, y: np.ndarray, kind: str, **arguments: Any) -> NeuralEnsemble:
    defaults = {"seed": 1, "members": 5, "settings": SMALL, "categorical": (1,)}
    return fit_neural(x, y, kind=kind, **(defaults | arguments))  # type: ignore[arg-type]


X, Y = sample(1)
CLASSES = np.digitize(Y, [-0.5, 1.0])

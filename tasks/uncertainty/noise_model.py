"""Noise variance as a function of the features, learnt from squared residuals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from tasks.uncertainty.protocol import FloatArray, TargetArray

ITERATIONS = 100
LEARNING_RATE = 0.05
LEAVES = 4
FEWEST_ROWS = 20
SMALLEST_SHARE = 0.02
SMALLEST_NOISE = 1e-12  # share of the target's variance


@dataclass(frozen=True)
class NoiseModel:
    """Variance = scale * exp(sum of trees).

    Attributes
    ----------
    scale
        Mean squared residual, in the target's unit squared.
    trees
        Boosted trees with a log link, for squared residuals divided by `scale`.
    """

    scale: float
    trees: Any

    def predict(self, x: FloatArray) -> FloatArray:
        """Noise variances, shape (N,), positive."""
        relative: FloatArray = self.trees.predict(x)
        return self.scale * relative


def fit_noise(
    x: FloatArray,
    squared_residuals: FloatArray,
    smallest: float,
    categorical: Sequence[int],
    random_state: int,
) -> NoiseModel:
    """Fit the mean of the squared residuals, which is the noise variance where the fit is right.

    The loss is Poisson's deviance with a log link: positive by construction, and consistent for
    the conditional mean whatever the law of the residuals (Gourieroux, Monfort & Trognon 1984).
    Gamma's deviance, the likelihood of a normal's variance, would be more efficient, but its
    boosting takes Newton steps of learning rate * (1 - m) / m in a leaf whose observed variance
    is m times the predicted one: at m = 1/1000 the variance falls by e^-50 and does not recover.
    Poisson's step is learning rate * (m - 1). Down, it is bounded: no variance falls below
    exp(-iterations * learning rate) = 1/148 of the mean. Up, the first m is at most the inverse
    of a leaf's share of the rows, 50 here, which does not overshoot. Regressing the *logarithm*
    of the squared residual would be biased by their shape (a factor 3.6 for a normal).

    Squared residuals of rows that the fit has not seen hold its own error too: their mean is
    noise + (fit - truth)^2.

    Parameters
    ----------
    x
        Features of rows that the fit has not seen, shape (n, p).
    squared_residuals
        Shape (n,), in the target's unit squared.
    smallest
        A lower bound of the mean squared residual, for residuals that are all 0.
    categorical
        Indices of the columns that hold category codes.
    random_state
        Seed of the trees.

    References
    ----------
    Gourieroux, Monfort & Trognon (1984), Econometrica 52, 681-700.
    """
    squared = np.maximum(squared_residuals, smallest)
    scale = float(squared.mean())
    trees = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=ITERATIONS,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=max(FEWEST_ROWS, int(np.ceil(SMALLEST_SHARE * len(x)))),
        categorical_features=list(categorical),
        early_stopping=False,
        random_state=random_state,
    )
    return NoiseModel(scale, trees.fit(x, squared / scale))


def smallest_noise(y: TargetArray) -> float:
    """A lower bound of noise variances: next to nothing of the target's variance."""
    return SMALLEST_NOISE * float(np.var(y))

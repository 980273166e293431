"""Uncertainty after interventions whose effects are to be given ones in every cell."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def after_effects(before: Floats, effects: Floats) -> Floats:
    """Uncertainty after, shape (K, J, V), such that each cell's effect is the given one.

    Parameters
    ----------
    before
        Uncertainty before, shape (J, V).
    effects
        In per cent, shape (K, J, V).
    """
    mean = effects.mean(axis=(1, 2), keepdims=True)
    return np.asarray((1 + mean / 100) * before + before.mean() * (effects - mean) / 100)

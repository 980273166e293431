"""Fitted members and measured uncertainty as files between steps."""

import pickle
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.tree_ensemble import TreeEnsemble


def write_ensemble(ensemble: TreeEnsemble | NeuralEnsemble, path: Path) -> None:
    """Write an ensemble; scikit-learn's models have no form but a pickle.

    The bytes do not depend on the processes that fitted the members. A pickle also tells which of
    its parts are one object, and that is lost where a member came from another process: it is
    taken from all.
    """
    if isinstance(ensemble, TreeEnsemble):
        ensemble = replace(
            ensemble,
            models=tuple(_taken_apart(model) for model in ensemble.models),
            noise_models=tuple(_taken_apart(model) for model in ensemble.noise_models),
        )
    joblib.dump(ensemble, path, compress=1)


def read_ensemble(path: Path) -> TreeEnsemble | NeuralEnsemble:
    """Read what `write_ensemble` wrote, from a store that has checked its digest."""
    ensemble = joblib.load(path)
    if not isinstance(ensemble, TreeEnsemble | NeuralEnsemble):
        raise TypeError(f"{path.name} must hold an ensemble, got {type(ensemble).__name__}.")
    return ensemble


class _ArraysApart(pickle.Pickler):
    """Writes each array by itself, so that no two share their data type."""

    def reducer_override(self, part: Any) -> Any:
        if isinstance(part, np.ndarray):
            return pickle.loads, (pickle.dumps(part),)
        return NotImplemented


def _taken_apart(member: Any) -> Any:
    file = BytesIO()
    _ArraysApart(file).dump(member)
    return pickle.loads(file.getvalue())  # noqa: S301 (what was written one line above)

"""Fitted members and measured uncertainty as files between steps."""

from pathlib import Path

import joblib

from tasks.uncertainty.boosting_ensemble import BoostingEnsemble


def write_ensemble(ensemble: BoostingEnsemble, path: Path) -> None:
    """Write an ensemble; scikit-learn's models have no form but a pickle."""
    joblib.dump(ensemble, path, compress=1)


def read_ensemble(path: Path) -> BoostingEnsemble:
    """Read what `write_ensemble` wrote, from a store that has checked its digest."""
    ensemble = joblib.load(path)
    if not isinstance(ensemble, BoostingEnsemble):
        raise TypeError(f"{path.name} must hold an ensemble, got {type(ensemble).__name__}.")
    return ensemble

"""A written ensemble predicts as before, and its bytes depend on what was fitted alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest

from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.files import read_ensemble, write_ensemble
from tasks.uncertainty.tree_ensemble import TreeEnsemble

Fit = Callable[..., TreeEnsemble]
SMALL = BoostingSettings(iterations=5, min_samples_leaf=5)


def rows() -> np.ndarray:
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=(150, 3)), rng.integers(0, 3, 150)])
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


@pytest.fixture(scope="module", params=[None, 2], ids=["regression", "classification"])
def fit(request: pytest.FixtureRequest) -> Fit:
    x = rows()
    y = np.nan_to_num(x[:, 0]) + np.random.default_rng(2).normal(size=len(x))
    target = y if request.param is None else (y > 0).astype(np.int64)
    return partial(fit_bagged, x, target, n_classes=request.param, categorical=(3,), settings=SMALL)


@pytest.fixture(scope="module")
def by_workers(fit: Fit) -> list[TreeEnsemble]:
    """The same members, fitted in this process and in two others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_RUNNER", "processes")
        return [fit(seed=1, members=4, workers=workers) for workers in (1, 2)]


def written(ensemble: TreeEnsemble, path: Path) -> bytes:
    write_ensemble(ensemble, path)
    return path.read_bytes()


def test_what_is_read_predicts_as_what_was_written(fit: Fit, tmp_path: Path) -> None:
    ensemble = fit(seed=1, members=3)
    path = tmp_path / "앙상블.joblib"
    write_ensemble(ensemble, path)
    found = read_ensemble(path)
    assert (found.n_members, found.n_columns, found.n_classes) == (3, 4, ensemble.n_classes)
    np.testing.assert_array_equal(found.predict_members(rows()), ensemble.predict_members(rows()))
    if ensemble.n_classes is None:
        np.testing.assert_array_equal(found.predict_noise(rows()), ensemble.predict_noise(rows()))
    assert len(found.noise_models) == len(ensemble.noise_models)


def test_the_bytes_do_not_depend_on_the_number_of_workers(
    by_workers: list[TreeEnsemble], fit: Fit, tmp_path: Path
) -> None:
    one, two = by_workers
    path = tmp_path / "ensemble"
    assert written(one, path) == written(two, path) == written(one, path)
    assert written(fit(seed=2, members=4), path) != written(one, path)


def test_a_plain_pickle_tells_the_workers_apart(
    by_workers: list[TreeEnsemble], tmp_path: Path
) -> None:
    """Control: otherwise the test above would prove nothing."""
    paths = tmp_path / "one", tmp_path / "two"
    for ensemble, path in zip(by_workers, paths, strict=True):
        joblib.dump(ensemble, path, compress=1)
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ensemble.joblib"
    joblib.dump({"models": ()}, path)
    with pytest.raises(TypeError, match=r"ensemble\.joblib must hold an ensemble, got dict"):
        read_ensemble(path)

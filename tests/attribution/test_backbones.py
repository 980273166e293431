"""Shares of every kind of ensemble on one problem whose split is known by symmetry."""

from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.baseline import baseline_of
from tasks.attribution.hierarchy import Hierarchy
from tasks.attribution.members import split_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature
from tasks.uncertainty.backbone import MEMBERS, Backbone, OfNetworks, OfTrees
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.model_data import ModelData

N_TRAIN, N_ROWS, N_MEMBERS = 600, 200, 12
BACKBONES: tuple[Backbone, ...] = (*get_args(OfTrees), *get_args(OfNetworks))
NODES = tuple(Feature((), table, "x", "value", "number") for table in ("a", "b", "c", "same"))


@pytest.fixture(scope="module")
def data() -> ModelData:
    """y depends on three columns alike; the last column is the same in every row."""
    rng = np.random.default_rng(1)
    n_rows = N_TRAIN + N_ROWS
    x = rng.uniform(-2, 2, (n_rows, 4))
    x[:, 3] = 1.0
    y = np.sin(2 * x[:, :3]).sum(axis=1) + 0.3 * rng.normal(size=n_rows)
    is_train = np.arange(n_rows) < N_TRAIN
    return ModelData(
        encoder=Encoder(NODES, {}),
        x=x,
        y=y,
        classes=(),
        entities=np.arange(n_rows),
        train=is_train,
        validation=np.zeros(n_rows, dtype=bool),
        test=~is_train,
    )


def fractions(data: ModelData, backbone: Backbone) -> tuple[npt.NDArray[np.float64], float]:
    """Fractions of the three tables, and how far the mean prediction is from the target."""
    ensemble = fit_members(data.training, backbone, seed=3, members=N_MEMBERS, workers=1)
    rows = data.x[data.test]
    base = baseline_of(ensemble.hybrids(rows), rows, split_members(ensemble.n_members))
    np.testing.assert_allclose(
        base.predictions[:, 0], ensemble.predict_members(rows), rtol=1e-9, atol=1e-9
    )
    shares = owen_shares(
        base,
        Hierarchy({"two": {"a": (0,), "b": (1,)}, "one": {"c": (2,)}, "same": {"d": (3,)}}),
        np.zeros((4, N_ROWS), dtype=np.intp),
        np.arange(N_ROWS),
        np.zeros(N_ROWS, dtype=np.intp),
        np.random.default_rng(4),
        Precision(error=0.02, least_rounds=4, most_rounds=64),
    )
    assert shares.converged
    error = base.predictions[:, 0].mean(axis=0) - data.y[data.test]
    return shares.tables.fractions, float(np.sqrt(np.mean(error**2)))


def test_every_backbone_is_told_of_in_the_report() -> None:
    assert set(MEMBERS) == set(BACKBONES)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_table_of_two_columns_has_twice_the_share_of_one_that_is_alike(
    data: ModelData, backbone: Backbone
) -> None:
    found, rmse = fractions(data, backbone)
    assert rmse < 0.9  # 1.26 by a constant, 0.3 by the truth
    assert found[:2] == pytest.approx([2 / 3, 1 / 3], abs=0.05)
    assert abs(found[2]) < 1e-9

"""Effects of groups of inputs of two well-known functions, against their closed forms."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline, baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.hierarchy import Hierarchy
from tasks.attribution.members import single_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.attribution.shares import Shares
from tasks.attribution.total_effects import total_effect

Array = NDArray[np.float64]
N_ROWS = 20_000
WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0])


def sobol_g(rows: Array) -> Array:
    return np.asarray(((np.abs(4 * rows - 2) + WEIGHTS) / (1 + WEIGHTS)).prod(axis=1))[None]


def friedman_1(rows: Array) -> Array:
    x1, x2, x3, x4, x5 = rows.T
    return np.asarray(10 * np.sin(np.pi * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5)[None]


def uniform(n_features: int) -> Array:
    """Rows in the unit cube that fill each axis evenly."""
    rng = np.random.default_rng(1)
    cells = np.stack([rng.permutation(N_ROWS) for _ in range(n_features)], axis=1)
    return np.asarray((cells + rng.random(cells.shape)) / N_ROWS)


def tables_of(base: Baseline, hierarchy: Hierarchy) -> Shares:
    shares = owen_shares(
        base,
        hierarchy,
        np.zeros((len(hierarchy.features), N_ROWS), dtype=np.intp),
        np.arange(N_ROWS),
        np.zeros(N_ROWS, dtype=np.intp),
        np.random.default_rng(5),
        Precision(error=0.001, most_rounds=40),
    )
    return shares.tables


def explained(group: tuple[int, ...]) -> float:
    """Variance of a product of independent factors of mean 1, over the inputs of a group."""
    variances = 1 / (3 * (1 + WEIGHTS) ** 2)
    return float(np.prod(1 + variances[list(group)]) - 1)


@pytest.fixture(scope="module")
def product() -> Baseline:
    return baseline(sobol_g, uniform(4), single_members(1))


@pytest.mark.parametrize("group", [(0,), (1,), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_total_effects_of_groups_of_a_product(product: Baseline, group: tuple[int, ...]) -> None:
    others = tuple(k for k in range(4) if k not in group)
    exact = explained((0, 1, 2, 3)) - explained(others)
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        donors = donor_permutation(np.arange(N_ROWS), np.zeros(N_ROWS, dtype=int), rng)
        found.append(total_effect(product, group, donors).mean())
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(exact, abs=4 * error + 0.005 * exact)
    assert error < 0.1 * exact


def test_shares_of_two_groups_of_a_product(product: Baseline) -> None:
    """With two tables the share is the mean of the single and the total effect."""
    tables = tables_of(
        product, Hierarchy({"a": {"x": (0,), "z": (2,)}, "b": {"y": (1,), "u": (3,)}})
    )
    whole = explained((0, 1, 2, 3))
    single = np.array([explained((0, 2)), explained((1, 3))])
    exact = (single + whole - single[::-1]) / 2 / whole
    assert exact.sum() == pytest.approx(1)
    assert (np.abs(tables.fractions - exact) < 4 * tables.fraction_errors + 0.003).all()


def test_shares_of_groups_of_friedmans_function() -> None:
    base = baseline(friedman_1, uniform(5), single_members(1))
    groups = {"product": (0, 1), "square": (2,), "slope": (3,), "half slope": (4,)}
    hierarchy = Hierarchy({name: {"x": features} for name, features in groups.items()})
    tables = tables_of(base, hierarchy)
    near = 4 * tables.fraction_errors + 0.002
    assert (np.abs(tables.fractions - [0.4695, 0.0933, 0.3498, 0.0874]) < near).all()
    assert tables.fraction_errors.max() < 0.005

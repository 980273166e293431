"""Do 95 % intervals hold 95 % of known truths? A small part of the benchmark of that name."""

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

DATABASES = 8
Bools = npt.NDArray[np.bool_]


def bounds(intervals: int) -> tuple[float, float]:
    """Between these lie all but 1 in 1000 of the shares of intervals that hold at 95 %.

    Intervals are counted as independent: those of a database share the sds' hyperparameters only.
    """
    low, high = stats.binom.ppf([0.0005, 0.9995], intervals, 0.95) / intervals
    return float(low), float(high)


@pytest.fixture(scope="module")
def databases(benchmark: ModuleType) -> list[Any]:
    rng = np.random.default_rng(7)
    return [benchmark.simulate(rng, truth) for truth in benchmark.TRUTHS.values()] + [
        benchmark.simulate(rng, benchmark.TRUTHS["nested normal effects"])
        for _ in range(DATABASES - len(benchmark.TRUTHS))
    ]


@pytest.fixture(scope="module")
def many(benchmark: ModuleType) -> list[Any]:
    """For the closed forms, which need no fit."""
    rng = np.random.default_rng(8)
    return [benchmark.simulate(rng, benchmark.TRUTHS["nested normal effects"]) for _ in range(300)]


def held_by(benchmark: ModuleType, interval: str, databases: list[Any]) -> Bools:
    return np.array([benchmark.holds(d, getattr(benchmark, interval)(d)) for d in databases])


def test_the_models_intervals_cover(benchmark: ModuleType, databases: list[Any]) -> None:
    """352 intervals: between 90.9 % and 98.3 % hold their truth."""
    held = benchmark.model_holds(databases)
    low, high = bounds(held.size)
    assert low <= held.mean() <= high
    assert held_by(benchmark, "independent_interval", databases).mean() < low - 0.1


def test_independent_cells_cover_far_too_little(benchmark: ModuleType, many: list[Any]) -> None:
    assert held_by(benchmark, "independent_interval", many).mean() < 0.7
    assert 0.9 < held_by(benchmark, "crossed_interval", many).mean() < 0.95


def test_one_sigma_a_level_covers_wrongly_where_actions_differ(
    benchmark: ModuleType, many: list[Any]
) -> None:
    """Why each action has sds of its own.

    In y ~ normal(effect + a_j + r_v, sigma_level) all means of a level have the same standard
    error. For an action whose own is q times that, 95 % intervals hold 2 Phi(1.96 / q) - 1.
    """
    held = held_by(benchmark, "common_sigma_interval", many)
    statistics = benchmark.crossed_statistics
    own = np.array([statistics(d.cells.effects).standard_error for d in many])
    columns = np.array([d.kinds for d in many]) == "column"
    ratio = own / np.sqrt(
        (own**2 * columns).sum(axis=1, keepdims=True) / columns.sum(axis=1)[:, None]
    )
    rough, fine = columns & (ratio > 1.5), columns & (ratio < 0.5)
    expected = 2 * stats.norm.cdf(1.96 / ratio) - 1
    assert held[rough].mean() == pytest.approx(expected[rough].mean(), abs=0.05)
    assert held[rough].mean() < 0.8
    assert held[fine].mean() > 0.995


def test_the_share_of_intervals_comes_with_the_databases_error(benchmark: ModuleType) -> None:
    """Intervals that hold or fail by whole databases tell as much as one a database."""
    held = np.repeat(np.random.default_rng(1).random(400) < 0.9, 10).reshape(400, 10)
    share, error = benchmark.coverage(held, np.ones_like(held))
    assert share == pytest.approx(held.mean())
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 400))
    half = np.arange(10) < 5
    assert benchmark.coverage(held & half, np.broadcast_to(half, held.shape))[0] == share

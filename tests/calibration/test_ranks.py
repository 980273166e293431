"""Ranks of true values among draws: ties, uniformity and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calibration.ranks import check_ranks, rank_of
from tasks.errors import InputError


def test_a_rank_counts_the_draws_strictly_below() -> None:
    draws = np.array([[3.0, -1.0, 0.0], [1.0, -2.0, 1.0]])
    ranks = rank_of(np.array([2.0, -5.0, 9.0]), draws, np.random.default_rng(1))
    assert ranks.tolist() == [1, 0, 2]
    assert ranks.dtype == np.int32


def test_ties_are_broken_uniformly() -> None:
    n = 30_000
    truth = np.full(n, 1.0)
    draws = np.repeat([[0.0], [1.0], [1.0], [2.0]], n, axis=1)
    counts = np.bincount(rank_of(truth, draws, np.random.default_rng(2)), minlength=5)
    assert counts[[0, 4]].tolist() == [0, 0]
    assert np.abs(counts[1:4] - n / 3).max() < 4 * np.sqrt(n * 2 / 9)


def test_a_discrete_quantity_has_uniform_ranks() -> None:
    rng = np.random.default_rng(3)
    n, n_draws = 40_000, 4
    ranks = rank_of(
        rng.poisson(1.0, n).astype(np.float64),
        rng.poisson(1.0, (n_draws, n)).astype(np.float64),
        rng,
    )
    counts = np.bincount(ranks, minlength=n_draws + 1)
    assert np.abs(counts - n / 5).max() < 4 * np.sqrt(n * 0.16)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 5))
def test_a_rank_lies_between_the_draws_below_and_those_not_above(
    seed: int, n_draws: int, n_quantities: int
) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n_quantities).astype(float)
    draws = rng.integers(0, 3, (n_draws, n_quantities)).astype(float)
    ranks = rank_of(truth, draws, rng)
    assert ((draws < truth).sum(axis=0) <= ranks).all()
    assert (ranks <= (draws <= truth).sum(axis=0)).all()


def test_inputs_are_not_changed_and_the_seed_decides() -> None:
    truth, draws = np.zeros(50), np.zeros((9, 50))
    first, second = (rank_of(truth, draws, np.random.default_rng(4)) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert len(set(first.tolist())) > 1
    assert not truth.any()
    assert not draws.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(value: float) -> None:
    truth, draws = np.zeros(3), np.zeros((4, 3))
    truth[1] = value
    with pytest.raises(InputError, match=rf"true value 1 is {value}"):
        rank_of(truth, draws, np.random.default_rng(1))
    draws[2, 1] = value
    with pytest.raises(InputError, match=rf"draw \(2, 1\) is {value}"):
        rank_of(np.zeros(3), draws, np.random.default_rng(1))


@pytest.mark.parametrize("shape", [(4, 2), (4,), (0, 3)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="L >= 1"):
        rank_of(np.zeros(3), np.zeros(shape), np.random.default_rng(1))


@pytest.mark.parametrize(
    ("ranks", "n_ranks", "message"),
    [
        ([0, -1], 5, "got -1 to 0"),
        ([0, 5], 5, r"0\.\.4, got 0 to 5"),
        ([], 5, "no side 0"),
        ([[[0]]], 5, "shape"),
        ([0], 1, "must be >= 2"),
    ],
)
def test_what_is_no_table_of_ranks_is_refused(
    ranks: list[object], n_ranks: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_ranks(np.array(ranks, dtype=np.int32), n_ranks)

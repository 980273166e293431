"""Chi-square, moments and their words, and Holm's rule, against known laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, norm

from tasks.calibration.ranks import IntArray
from tasks.calibration.uniformity import (
    Shape,
    bins_for,
    chi_square_p_value,
    holm,
    name_shapes,
    rank_moments,
)
from tasks.errors import InputError


def ranks_of(u: np.ndarray[tuple[int, ...], np.dtype[np.float64]], n_ranks: int) -> IntArray:
    return np.minimum(u * n_ranks, n_ranks - 1).astype(np.int32)


def shapes_of(ranks: IntArray, n_ranks: int) -> tuple[Shape, ...]:
    (moments,) = rank_moments(ranks[:, None], n_ranks)
    return name_shapes(moments)


@given(st.integers(1, 5000), st.integers(2, 500))
def test_bins_divide_the_ranks_and_none_expects_too_few(n: int, n_ranks: int) -> None:
    bins = bins_for(n, n_ranks)
    better = [b for b in range(bins + 1, 21) if n_ranks % b == 0 and n / b >= 5]
    assert n_ranks % bins == 0
    assert bins <= 20
    assert bins == 1 or n / bins >= 5
    assert not better


def test_the_chi_square_p_value_is_that_of_the_counts() -> None:
    ranks = np.random.default_rng(1).integers(0, 40, (230, 3), dtype=np.int32)
    for q, own in enumerate(chi_square_p_value(ranks, 40)):
        counts = np.histogram(ranks[:, q], bins=20, range=(-0.5, 39.5))[0]
        assert own == pytest.approx(chisquare(counts).pvalue, rel=1e-10)


def test_the_chi_square_test_keeps_its_level_and_sees_a_failure() -> None:
    rng = np.random.default_rng(2)
    ranks = rng.integers(0, 100, (500, 5000), dtype=np.int32)
    level = (chi_square_p_value(ranks, 100) <= 0.05).mean()
    assert level == pytest.approx(0.05, abs=4 * np.sqrt(0.0475 / 5000))
    assert float(chi_square_p_value(ranks_of(rng.random(500) ** 1.5, 100), 100)) < 1e-4


def test_without_two_bins_there_is_no_chi_square_test() -> None:
    ranks = np.zeros((30, 2), dtype=np.int32)
    assert np.isnan(chi_square_p_value(ranks, 101)).all()
    assert np.isnan(chi_square_p_value(ranks[:9], 100)).all()


@pytest.mark.parametrize("n_ranks", [3, 4, 10, 101])
def test_moments_of_uniform_ranks_have_mean_zero_and_variance_one(n_ranks: int) -> None:
    ranks = np.arange(n_ranks, dtype=np.int32)
    each = rank_moments(ranks[None], n_ranks)  # N = 1
    for z in ([m.mean_z for m in each], [m.spread_z for m in each]):
        assert np.mean(z) == pytest.approx(0, abs=1e-12)
        assert np.mean(np.square(z)) == pytest.approx(1, abs=1e-12)
    (together,) = rank_moments(ranks[:, None], n_ranks)
    assert together.variance_ratio == pytest.approx(1)
    assert together.smaller_end == pytest.approx(1)


@pytest.mark.parametrize(
    ("shift", "scale", "expected"),
    [
        (0.0, 0.5, (Shape.BOTH_ENDS,)),
        (0.0, 2.0, (Shape.MIDDLE,)),
        (0.5, 1.0, (Shape.LOW,)),
        (-0.5, 1.0, (Shape.HIGH,)),
        (3.0, 1.0, (Shape.LOW,)),
        (-9.0, 1.0, (Shape.HIGH,)),
        (0.5, 0.5, (Shape.LOW, Shape.BOTH_ENDS)),
        (-0.5, 2.0, (Shape.HIGH, Shape.MIDDLE)),
    ],
)
def test_a_wrong_normal_posterior_is_named(
    shift: float, scale: float, expected: tuple[Shape, ...]
) -> None:
    """Its law is that of the truth, shifted upwards and scaled."""
    truth = np.random.default_rng(3).normal(size=1000)
    assert shapes_of(ranks_of(norm.cdf((truth - shift) / scale), 100), 100) == expected


def test_ranks_at_one_end_alone_are_biased_and_not_too_narrow() -> None:
    ranks = ranks_of(np.random.default_rng(6).random(20_000) ** 1.5, 100)
    (moments,) = rank_moments(ranks[:, None], 100)
    assert moments.spread_z > 2.58
    assert moments.variance_ratio > 1
    assert name_shapes(moments) == (Shape.LOW,)


def test_a_failure_that_neither_moment_sees_is_of_another_shape() -> None:
    middle_or_ends = np.repeat(np.array([0, 42, 57, 99], dtype=np.int32), [50, 100, 100, 50])
    assert shapes_of(middle_or_ends, 100) == (Shape.OTHER,)


def test_ranks_at_both_ends_alone_are_rarely_named_biased() -> None:
    truth = np.random.default_rng(4).normal(size=(300, 2000))
    moments = rank_moments(ranks_of(norm.cdf(truth / 0.3), 100), 100)
    shapes = [name_shapes(of_one) for of_one in moments]
    biased = np.mean([Shape.LOW in named or Shape.HIGH in named for named in shapes])
    assert all(Shape.BOTH_ENDS in named for named in shapes)
    assert biased == pytest.approx(0.01, abs=4 * np.sqrt(0.0099 / 2000))
    assert (
        np.mean([abs(m.mean_z) > 2.58 for m in moments]) > 0.05
    )  # what the null's own spread would say


def test_the_spread_of_two_ranks_is_refused() -> None:
    with pytest.raises(InputError, match=">= 3, got 2"):
        rank_moments(np.array([[0], [1]], dtype=np.int32), 2)


def test_holm_gives_the_published_steps() -> None:
    p_values = np.array([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(holm(p_values), [0.03, 0.06, 0.06, 0.02])
    assert p_values.tolist() == [0.01, 0.04, 0.03, 0.005]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_holm_rejects_step_by_step(values: list[float], alpha: float) -> None:
    adjusted = holm(np.array(values))
    expected = set()
    for step, q in enumerate(np.argsort(values, kind="stable").tolist()):
        if (len(values) - step) * values[q] > alpha:
            break
        expected.add(q)
    assert set(np.flatnonzero(adjusted <= alpha).tolist()) == expected


def test_holm_keeps_its_level_under_negative_dependence() -> None:
    u = np.random.default_rng(5).random((200_000, 1))
    p_values = np.abs((u + np.arange(4) / 4) % 1)  # each uniform, small ones never together
    lowest = 4 * p_values.min(axis=1)
    assert (lowest <= 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.0475 / 200_000))
    least = [holm(row).min() for row in p_values[:50]]
    assert least == pytest.approx(np.minimum(lowest[:50], 1))

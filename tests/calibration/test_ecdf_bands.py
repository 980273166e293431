"""The ECDF test: exact law by enumeration, closed forms, simulation and another's bands."""

import itertools
import time

import numpy as np
import numpy.typing as npt
import pytest
from arviz.stats.ecdf_utils import ecdf_confidence_band
from scipy.stats import beta, binom, binomtest

from tasks.calibration.ecdf_bands import (
    critical_gamma,
    ecdf_difference,
    ecdf_statistic,
    p_value,
    simultaneous_bands,
)
from tasks.calibration.ranks import IntArray
from tasks.errors import InputError


def uniform_ranks(seed: int, n: int, n_ranks: int, samples: int) -> IntArray:
    return np.random.default_rng(seed).integers(0, n_ranks, (n, samples), dtype=np.int32)


def every_sample(n: int, n_ranks: int) -> IntArray:
    """All equally probable samples, shape (n, n_ranks ** n)."""
    return np.array(list(itertools.product(range(n_ranks), repeat=n)), dtype=np.int32).T


def defined_statistic(ranks: IntArray, n_ranks: int) -> float:
    """The definition, one k at a time."""
    n = len(ranks)
    tails = []
    for k in range(1, n_ranks):
        count = int((ranks < k).sum())
        law = binom(n, k / n_ranks)
        tails += [law.cdf(count), law.sf(count - 1)]
    return 2 * float(min(tails))


def test_the_statistic_follows_its_definition() -> None:
    for n, n_ranks in [(1, 2), (7, 12), (60, 20), (300, 8)]:
        ranks = uniform_ranks(1, n, n_ranks, 20)
        expected = [defined_statistic(column, n_ranks) for column in ranks.T]
        np.testing.assert_allclose(ecdf_statistic(ranks, n_ranks), expected, rtol=1e-9)


def test_one_column_and_many_give_the_same() -> None:
    ranks = uniform_ranks(2, 40, 10, 5)
    alone = [float(ecdf_statistic(ranks[:, q], 10)) for q in range(5)]
    assert ecdf_statistic(ranks, 10).tolist() == alone
    assert ecdf_difference(ranks, 10)[3].tolist() == ecdf_difference(ranks[:, 3], 10).tolist()


def test_reversed_ranks_have_the_same_statistic_to_the_last_bit() -> None:
    ranks = uniform_ranks(3, 97, 23, 200)
    mirrored = (22 - ranks).astype(np.int32)
    assert ecdf_statistic(mirrored, 23).tolist() == ecdf_statistic(ranks, 23).tolist()


@pytest.mark.parametrize(("n", "n_ranks"), [(1, 7), (4, 5), (5, 4), (8, 3), (10, 2)])
def test_p_values_are_those_of_all_equally_probable_samples(n: int, n_ranks: int) -> None:
    gammas = ecdf_statistic(every_sample(n, n_ranks), n_ranks)
    for gamma in np.unique(gammas):
        share = (gammas <= gamma * (1 + 1e-9)).mean()
        assert p_value(float(gamma), n, n_ranks) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.01, 1e-3])
def test_the_critical_value_is_the_largest_attainable_one_below_the_level(alpha: float) -> None:
    n, n_ranks = 6, 5
    gammas = np.sort(ecdf_statistic(every_sample(n, n_ranks), n_ranks))
    shares = np.searchsorted(gammas, gammas * (1 + 1e-9), side="right") / len(gammas)
    expected = gammas[shares <= alpha].max(initial=0.0)
    assert critical_gamma(n, n_ranks, alpha) == pytest.approx(expected, rel=1e-8)


def test_a_p_value_that_equals_the_level_is_rejected() -> None:
    for gamma in np.unique(ecdf_statistic(every_sample(4, 5), 5))[:5].tolist():
        assert critical_gamma(4, 5, p_value(gamma, 4, 5)) == pytest.approx(gamma, rel=1e-8)


def test_rounding_of_the_statistic_does_not_change_its_p_value() -> None:
    for gamma in ecdf_statistic(uniform_ranks(9, 80, 20, 30), 20).tolist():
        assert p_value(gamma * (1 - 1e-12), 80, 20) == p_value(gamma, 80, 20)


def test_no_sample_is_rejected_where_the_smallest_p_value_is_above_the_level() -> None:
    assert critical_gamma(1, 4, 0.05) == 0.0
    lower, upper = simultaneous_bands(1, 4, 0.05)
    assert (lower + np.array([0.25, 0.5, 0.75])).tolist() == [0, 0, 0]
    assert (upper + np.array([0.25, 0.5, 0.75])).tolist() == [1, 1, 1]


def test_one_rank_has_its_statistic_as_p_value() -> None:
    ranks = np.arange(50, dtype=np.int32)[None]
    for gamma in ecdf_statistic(ranks, 50):
        assert p_value(float(gamma), 1, 50) == pytest.approx(float(gamma), abs=1e-12)


def test_two_ranks_to_take_give_the_sign_test() -> None:
    n = 31
    for below in range(n + 1):
        ranks = (np.arange(n) >= below).astype(np.int32)
        gamma = float(ecdf_statistic(ranks, 2))
        assert p_value(gamma, n, 2) == pytest.approx(binomtest(below, n).pvalue, abs=1e-12)


def continuous_pair_p_value(gamma: float) -> float:
    """Of two uniform numbers, from the area where both order statistics are accepted."""
    tail = gamma / 2
    width = 1 - np.sqrt(tail) - (1 - np.sqrt(1 - tail))
    overlap = max(1 - 2 * np.sqrt(tail), 0.0)
    return float(1 - 2 * (width**2 - overlap**2 / 2))


@pytest.mark.parametrize("gamma", [0.01, 0.05, 0.2])
def test_many_ranks_to_take_give_the_continuous_law_of_two_numbers(gamma: float) -> None:
    assert p_value(gamma, 2, 20_000) == pytest.approx(continuous_pair_p_value(gamma), abs=2e-4)


def test_many_ranks_to_take_give_the_continuous_law_of_twenty_numbers() -> None:
    n, samples = 20, 20_000
    ordered = np.sort(np.random.default_rng(4).random((samples, n)), axis=1)
    order = np.arange(1, n + 1)
    below = beta.cdf(ordered, order, n + 1 - order)
    gammas = 2 * np.minimum(below, 1 - below).min(axis=1)
    for level in (0.01, 0.05, 0.3):
        gamma = float(np.quantile(gammas, level))
        error = np.sqrt(level * (1 - level) / samples)
        assert p_value(gamma, n, 10_000) == pytest.approx(level, abs=4 * error)


@pytest.mark.parametrize(("n", "n_ranks"), [(100, 50), (37, 100), (400, 10)])
def test_the_exact_level_is_that_of_simulated_samples(n: int, n_ranks: int) -> None:
    samples = 20_000
    gammas = ecdf_statistic(uniform_ranks(5, n, n_ranks, samples), n_ranks)
    for alpha in (0.01, 0.05, 0.2):
        critical = critical_gamma(n, n_ranks, alpha)
        level = p_value(critical, n, n_ranks)
        assert 0.7 * alpha < level <= alpha
        error = np.sqrt(level * (1 - level) / samples)
        assert (gammas <= critical).mean() == pytest.approx(level, abs=4 * error)


@pytest.mark.parametrize(("n", "n_ranks", "alpha"), [(50, 20, 0.05), (200, 40, 0.2), (9, 5, 0.1)])
def test_a_sample_leaves_the_bands_exactly_if_it_is_rejected(
    n: int, n_ranks: int, alpha: float
) -> None:
    ranks = uniform_ranks(6, n, n_ranks, 3000)
    lower, upper = simultaneous_bands(n, n_ranks, alpha)
    difference = ecdf_difference(ranks, n_ranks)
    leaves = ((difference < lower) | (difference > upper)).any(axis=1)
    gammas = ecdf_statistic(ranks, n_ranks)
    by_p = np.array([p_value(gamma, n, n_ranks) <= alpha for gamma in gammas.tolist()])
    assert leaves.tolist() == by_p.tolist()
    assert leaves.tolist() == (gammas <= critical_gamma(n, n_ranks, alpha)).tolist()
    assert 0 < leaves.mean() < 2 * alpha


def test_bands_mirror_each_other() -> None:
    lower, upper = simultaneous_bands(123, 30, 0.05)
    np.testing.assert_allclose(lower, -upper[::-1], atol=1e-14)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("n", "n_ranks"), [(100, 40), (250, 100)])
def test_bands_are_those_of_another_implementation_within_one_count(n: int, n_ranks: int) -> None:
    z = np.arange(1, n_ranks) / n_ranks
    bands: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] = ecdf_confidence_band(
        n, z, z, prob=0.95, method="optimized"
    )
    for own, other in zip(simultaneous_bands(n, n_ranks, 0.05), bands, strict=True):
        assert np.abs(own - (other - z)).max() < 1.001 / n


@pytest.mark.parametrize("exponent", [0.8, 1.25])
def test_ranks_of_a_biased_posterior_are_rejected(exponent: float) -> None:
    n, n_ranks = 1000, 100
    u = np.random.default_rng(7).random(n) ** exponent
    gamma = float(ecdf_statistic((u * n_ranks).astype(np.int32), n_ranks))
    assert p_value(gamma, n, n_ranks) < 1e-4


def test_ranks_more_even_than_chance_are_not_rejected() -> None:
    ranks = np.repeat(np.arange(20, dtype=np.int32), 50)
    assert p_value(float(ecdf_statistic(ranks, 20)), 1000, 20) == pytest.approx(1, abs=1e-6)


def test_hopeless_ranks_have_a_p_value_near_zero_and_never_below() -> None:
    for n in (500, 10_000):
        gamma = float(ecdf_statistic(np.zeros(n, dtype=np.int32), 100))
        assert 0 <= p_value(gamma, n, 100) < 1e-200
    assert 0 <= p_value(1e-20, 10_000, 200) <= 199e-20


def test_p_values_grow_with_the_statistic() -> None:
    values = [p_value(gamma, 300, 60) for gamma in np.geomspace(1e-8, 1.2, 60).tolist()]
    assert values == sorted(values)
    assert values[-1] == 1


def test_the_critical_value_of_thousands_of_simulations_takes_seconds_at_most() -> None:
    for n, seconds in [(1000, 1.0), (10_000, 3.0)]:
        critical_gamma.cache_clear()
        p_value.cache_clear()
        start = time.perf_counter()
        critical = critical_gamma(n, 200, 0.05)
        assert time.perf_counter() - start < seconds
        assert 0.04 < p_value(critical, n, 200) <= 0.05


def test_ranks_are_not_changed() -> None:
    ranks = uniform_ranks(8, 30, 10, 2)
    before = ranks.copy()
    ecdf_statistic(ranks, 10)
    ecdf_difference(ranks, 10)
    assert (ranks == before).all()


def test_what_is_out_of_range_is_refused() -> None:
    for alpha in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            critical_gamma(10, 10, alpha)
    for n, n_ranks in [(0, 10), (10, 1)]:
        with pytest.raises(InputError, match="N >= 1"):
            p_value(0.1, n, n_ranks)
    with pytest.raises(InputError, match="leave out the fits that failed"):
        ecdf_statistic(np.array([0, -1], dtype=np.int32), 10)

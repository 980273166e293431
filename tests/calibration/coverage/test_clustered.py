"""Errors and intervals of clustered means and shares, held against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calibration.coverage.clustered import clustered_mean, clustered_share


def test_values_that_are_alone_in_their_clusters_have_the_usual_error() -> None:
    values = np.random.default_rng(1).normal(size=50)
    found = clustered_mean(values, np.arange(50))
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(50))


@given(st.integers(2, 20), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_copies_inside_of_a_cluster_tell_nothing_more(
    clusters: int, copies: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=clusters)
    once = clustered_mean(values, np.arange(clusters))
    again = clustered_mean(values.repeat(copies), np.arange(clusters).repeat(copies))
    assert again.value == pytest.approx(once.value)
    assert again.error == pytest.approx(once.error)


def test_the_numbers_of_clusters_and_the_order_of_values_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    values, clusters = rng.normal(size=30), rng.integers(0, 6, 30)
    order = rng.permutation(30)
    assert clustered_mean(values, clusters).error == pytest.approx(
        clustered_mean(values[order], 100 - 7 * clusters[order]).error
    )


def test_the_error_is_the_sd_of_means_over_clusters_of_different_sizes() -> None:
    rng = np.random.default_rng(3)
    means, errors = [], []
    for _ in range(400):
        clusters = np.arange(60).repeat(rng.integers(1, 9, 60))
        found = clustered_mean(rng.normal(size=60)[clusters] + 1, clusters)
        means.append(found.value)
        errors.append(found.error or 0.0)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.12)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_intervals_of_shares_hold_the_share_where_cells_of_a_database_agree(share: float) -> None:
    rng = np.random.default_rng(4)
    clusters = np.arange(80).repeat(5)
    held = []
    for _ in range(500):
        common, copied = rng.random((2, 80)), rng.random((80, 5)) < 0.5
        u = np.where(copied, common[0][:, None], rng.random((80, 5))).ravel()
        found = clustered_share(u < share, clusters)
        held.append(found.low <= share <= found.high)
    assert 0.92 <= np.mean(held) <= 0.985


def test_a_share_of_all_is_no_certainty_and_few_clusters_say_little() -> None:
    every = clustered_share(np.ones(600, dtype=bool), np.arange(200).repeat(3))
    assert every.low == clustered_share(np.ones(200, dtype=bool), np.arange(200)).low < 0.99
    assert every.high == 1
    none = clustered_share(np.zeros(200, dtype=bool), np.arange(200))
    assert none.low == 0
    assert none.high == pytest.approx(1 - every.low)
    two = clustered_share(np.array([True, False, True, True]), np.array([0, 0, 1, 1]))
    assert two.high - two.low > 0.9
    one = clustered_share(np.array([True, False]), np.array([0, 0]))
    assert (one.low, one.error, one.high) == (0, None, 1)

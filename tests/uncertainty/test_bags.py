"""Bags are Poisson draws of whole entities that depend on the seed and the ids alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.errors import InputError
from tasks.uncertainty.bags import draw_bag, poisson_counts

N = 20_000


def keys(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(2**64, size=size, dtype=np.uint64)


@pytest.mark.parametrize("ids", [np.arange(N), np.arange(N) * 2**32, -7919 * np.arange(N)])
def test_counts_are_poisson_with_mean_one(ids: np.ndarray) -> None:
    observed = sum(
        np.bincount(np.minimum(poisson_counts(ids, key), 5), minlength=6) for key in keys(1, 20)
    )
    expected = stats.poisson.pmf(np.arange(5), 1)
    expected = 20 * N * np.append(expected, 1 - expected.sum())
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_counts_of_neighbours_and_of_neighbouring_keys_are_uncorrelated() -> None:
    ids, key = np.arange(200_000), np.uint64(12)
    counts, other = poisson_counts(ids, key), poisson_counts(ids, key + np.uint64(1))
    pairs = [(counts[1:], counts[:-1]), (counts, other), (counts[1:], other[:-1])]
    for first, second in pairs:
        assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(first))


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    entities=st.lists(st.integers(-50, 50), min_size=30, max_size=200).filter(
        lambda ids: len(set(ids)) >= 10
    ),
)
def test_an_entity_is_in_or_out_as_a_whole(seed: int, entities: list[int]) -> None:
    ids = np.array(entities)
    counts = draw_bag(ids, np.random.SeedSequence(seed))
    assert (counts > 0).any()
    assert (counts == 0).any()
    for entity in set(entities):
        assert len(set(counts[ids == entity])) == 1


def test_rows_that_are_added_dropped_or_shuffled_leave_the_other_draws_as_they_were() -> None:
    ids = np.arange(500)
    kept = np.random.default_rng(1).permutation(500)[:300]
    for b in range(5):
        whole = draw_bag(ids, np.random.SeedSequence(b))
        part = draw_bag(ids[kept], np.random.SeedSequence(b))
        np.testing.assert_array_equal(part, whole[kept])


def test_other_seeds_give_other_bags() -> None:
    first, second = (draw_bag(np.arange(50), np.random.SeedSequence(seed)) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_every_class_is_in_every_bag() -> None:
    classes = np.array([0] * 48 + [1] * 2)
    lacking = 0
    for b in range(200):
        seed = np.random.SeedSequence(b)
        assert set(classes[draw_bag(np.arange(50), seed, classes) > 0]) == {0, 1}
        lacking += (draw_bag(np.arange(50), seed)[48:] == 0).all()
    assert 10 < lacking < 50  # 200 exp(-2) = 27 would lack it without the rule


def test_a_single_entity_can_not_be_left_out_and_drawn() -> None:
    with pytest.raises(InputError, match="got none in 1000 draws"):
        draw_bag(np.zeros(20, dtype=np.int64), np.random.SeedSequence(1))


def test_the_ids_are_not_mutated() -> None:
    ids = np.arange(30)
    draw_bag(ids, np.random.SeedSequence(1))
    np.testing.assert_array_equal(ids, np.arange(30))

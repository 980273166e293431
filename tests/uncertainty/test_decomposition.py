"""The split obeys the law of total variance and the bounds of mutual information."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr

from tasks.errors import InputError
from tasks.uncertainty.decomposition import split_entropy, split_variance


def probabilities(seed: int, b: int, n: int, c: int, concentration: float) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(c, concentration), size=(b, n))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), b=st.integers(2, 12), n=st.integers(1, 8))
def test_law_of_total_variance(seed: int, b: int, n: int) -> None:
    """The variance of the equal mixture takes ddof 0; ddof 1 adds epistemic / B."""
    rng = np.random.default_rng(seed)
    members, noise = rng.normal(size=(b, n)), rng.exponential(size=(b, n))
    mixture = (noise + members**2).mean(axis=0) - members.mean(axis=0) ** 2
    split = split_variance(members, noise)
    np.testing.assert_allclose(members.var(axis=0) + split.aleatoric, mixture, rtol=1e-9)
    np.testing.assert_allclose(split.total, mixture + split.epistemic / b, rtol=1e-9)


def test_epistemic_variance_is_unbiased_for_few_members() -> None:
    members = np.random.default_rng(1).normal(0, 2, size=(3, 20_000))
    epistemic = split_variance(members, np.ones_like(members)).epistemic
    error = epistemic.std(ddof=1) / np.sqrt(20_000)
    assert abs(epistemic.mean() - 4) < 4 * error
    assert abs(members.var(axis=0).mean() - 4) > 20 * error  # ddof 0 would be 4 * 2/3


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    b=st.integers(2, 8),
    c=st.integers(2, 6),
    concentration=st.sampled_from([0.01, 0.3, 1, 30]),
)
def test_bounds_of_entropy(seed: int, b: int, c: int, concentration: float) -> None:
    split = split_entropy(probabilities(seed, b, 20, c, concentration))
    assert (split.epistemic >= 0).all()
    assert (split.epistemic <= min(np.log(c), np.log(b)) + 1e-12).all()
    assert (split.total <= np.log(c) + 1e-12).all()
    assert (split.aleatoric <= split.total + 1e-12).all()
    assert (split.label_variance >= 0).all()
    np.testing.assert_allclose(split.total, split.aleatoric + split.epistemic, atol=1e-12)


def test_mutual_information_is_the_mean_divergence_from_the_mean() -> None:
    members = probabilities(1, 5, 30, 4, 1)
    divergence = rel_entr(members, members.mean(axis=0)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(split_entropy(members).epistemic, divergence, atol=1e-12)


def test_identical_members_leave_no_epistemic_uncertainty() -> None:
    member = probabilities(1, 1, 30, 4, 1)
    split = split_entropy(np.repeat(member, 6, axis=0))
    np.testing.assert_allclose(split.epistemic, 0, atol=1e-12)
    np.testing.assert_allclose(split.label_variance, 0, atol=1e-30)
    values = np.repeat([[0.5, 3.0]], 4, axis=0)
    np.testing.assert_array_equal(split_variance(values, values).epistemic, [0, 0])


def test_members_sure_of_different_classes_reach_the_bound() -> None:
    split = split_entropy(np.eye(3)[:, None, :])
    assert split.epistemic == pytest.approx(np.log(3))
    assert split.aleatoric == 0
    assert split.label_variance == pytest.approx(1)


def test_label_variance_of_two_classes_is_twice_that_of_one() -> None:
    members = probabilities(1, 5, 30, 2, 1)
    expected = 2 * members[:, :, 1].var(axis=0, ddof=1)
    np.testing.assert_allclose(split_entropy(members).label_variance, expected)


GOOD = np.array([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("members", "noise", "said"),
    [
        (GOOD[:1], GOOD[:1], "at least 2 members, got 1"),
        (GOOD[0], GOOD[0], "must have 2 dimensions"),
        (GOOD[:, :0], GOOD[:, :0], "some rows"),
        (GOOD * np.nan, GOOD, "must be finite"),
        (GOOD, GOOD[:1], r"of shape \(2, 2\), got shape \(1, 2\)"),
        (GOOD, -GOOD, "non-negative .* smallest -2"),
        (GOOD, GOOD * np.nan, "must be finite"),
    ],
)
def test_bad_members_and_noise_are_refused(
    members: np.ndarray, noise: np.ndarray, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        split_variance(members, noise)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (np.full((1, 4, 2), 0.5), "at least 2 members, got 1"),
        (np.full((4, 2), 0.5), "must have 3 dimensions"),
        (np.full((3, 4, 2), 0.6), "sums from 1.2 to 1.2"),
        (np.tile([1.5, -0.5], (3, 4, 1)), "smallest value of -0.5"),
        (np.full((3, 4, 2), np.nan), "must be finite"),
    ],
)
def test_bad_probabilities_are_refused(members: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        split_entropy(members)


def test_inputs_are_not_mutated() -> None:
    values, classes = GOOD.copy(), probabilities(1, 3, 4, 2, 1)
    before = classes.copy()
    split_variance(values, values)
    split_entropy(classes)
    np.testing.assert_array_equal(values, GOOD)
    np.testing.assert_array_equal(classes, before)

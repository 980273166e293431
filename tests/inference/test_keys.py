"""Key shares against the room of Bayes called by hand, and their coverage by simulation."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.attribution.fractions import fractions_of_cells
from tasks.bayes.conjugate import variance_reduction
from tasks.bayes.importance_shares import share_interval
from tasks.bayes.key_importance import draw_importance, importance_posterior
from tasks.errors import InputError
from tasks.inference.keys import DRAWS, PRIOR_SCALE, PRIOR_SHAPE, KeyShare, key_shares

Floats = npt.NDArray[np.float64]

NAMES = ["(own)", "->품목", "<-<b>판매</b>.store"]
J = V = 16
DATABASES = 250


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def crossed_cells(
    rng: np.random.Generator,
    gains: npt.ArrayLike,
    common: float = 0.5,
    sds: tuple[float, float, float] = (0.4, 0.3, 0.5),
) -> Floats:
    """Gains whose sub-ensembles and blocks have random effects, relative to the gain.

    A part `common` of their variance is the same for all keys.
    """
    mean = np.asarray(gains, dtype=float)[:, None, None]
    cells = np.ones((len(mean), J, V))
    for sd, shape in zip(sds, ((J, 1), (1, V), (J, V)), strict=True):
        own, shared = rng.normal(size=(len(mean), *shape)), rng.normal(size=(1, *shape))
        cells = cells + sd * (np.sqrt(1 - common) * own + np.sqrt(common) * shared)
    return np.asarray(mean * cells)


def posterior_draws(cells: Floats, seed: int) -> Floats:
    """Draws of the importances, with n J V cells a key and their variance scaled to its error."""
    fractions = fractions_of_cells(cells)
    n, error2 = cells[0].size, fractions.standard_errors**2
    sigma2 = n * error2.max()
    posterior = importance_posterior(
        fractions.values, sigma2 / error2, sigma2, PRIOR_SHAPE, PRIOR_SCALE
    )
    return draw_importance(posterior, DRAWS, seeded(seed))[1]


def test_shares_are_those_of_the_key_importance_called_by_hand() -> None:
    cells = crossed_cells(seeded(1), [5, 3, 0.1])
    before = cells.copy()
    found = key_shares(NAMES, cells, seeded(7))
    np.testing.assert_array_equal(cells, before)
    assert [one.key for one in found] == NAMES
    fractions = fractions_of_cells(cells)
    np.testing.assert_array_equal([one.mean for one in found], fractions.values)
    gains = np.maximum(posterior_draws(cells, 7), 0)
    shares = gains / gains.mean(axis=0).sum()
    by_hand = [shares.mean(axis=0), *np.quantile(shares, [0.025, 0.975], axis=0)]
    numbers = [[one.share[name] for one in found if one.share] for name in ("mean", "low", "high")]
    np.testing.assert_allclose(numbers, by_hand, rtol=1e-6, atol=1e-9)
    assert sum(numbers[0]) == pytest.approx(1)


def test_a_reduction_is_what_as_many_replicates_again_take_away() -> None:
    """Their error2 is halved: that of the posterior variance too, but for what the prior tells."""
    cells = crossed_cells(seeded(1), [5, 3, 1], sds=(2, 1, 1))
    fractions = fractions_of_cells(cells)
    error2 = fractions.standard_errors**2
    posterior = importance_posterior(fractions.values, 1 / error2, 1, PRIOR_SHAPE, PRIOR_SCALE)
    sigma2_fk = np.exp(posterior.weights @ posterior.log_sigma2_fk)
    exact = 1 - (1 / (1 / sigma2_fk + 2 / error2)) / (1 / (1 / sigma2_fk + 1 / error2))
    found = [one.reduction for one in key_shares(NAMES, cells, seeded(1))]
    np.testing.assert_allclose(found, exact)
    np.testing.assert_allclose(found, variance_reduction(1 / error2, 1 / error2, 1 / sigma2_fk))
    assert np.ptp(found) > 0.05


def of_module(cells: Floats, seed: int) -> tuple[Floats, Floats]:
    shares = [one.share for one in key_shares("abcd", cells, seeded(seed))]
    low, high = ([share[end] for share in shares if share] for end in ("low", "high"))
    return np.array(low), np.array(high)


def of_own_sums(cells: Floats, seed: int) -> tuple[Floats, Floats]:
    """Every draw divided by its own sum, as if the fractions were not yet of one whole."""
    found = share_interval(posterior_draws(cells, seed)).shares
    return found.lower, found.upper


def of_independent_cells(cells: Floats, seed: int) -> tuple[Floats, Floats]:
    """The cells of a key as so many independent observations."""
    fractions = fractions_of_cells(cells)
    residuals = cells / cells.sum(axis=0).mean()
    residuals = residuals - fractions.values[:, None, None] * residuals.sum(axis=0)
    error = residuals.std(axis=(1, 2), ddof=1) / np.sqrt(J * V)
    return fractions.values - 1.96 * error, fractions.values + 1.96 * error


def coverage(method: Callable[[Floats, int], tuple[Floats, Floats]], common: float) -> Floats:
    gains = np.array([5.0, 3.0, 1.5, 0.5])
    rng = seeded(3)
    held = []
    for seed in range(DATABASES):
        low, high = method(crossed_cells(rng, gains, common, (0.2, 0.15, 0.3)), seed)
        held.append((low <= gains / gains.sum()) & (gains / gains.sum() <= high))
    return np.asarray(np.mean(held, axis=0))


@pytest.mark.parametrize("common", [0.0, 0.7])
def test_intervals_cover(common: float) -> None:
    """Some less than 95 %, as 15 degrees of freedom are taken for many."""
    held = coverage(of_module, common)
    assert 0.92 < held.mean() < 0.97
    assert (np.abs(held - 0.945) < 0.045).all()


@pytest.mark.parametrize(("method", "most"), [(of_own_sums, 0.87), (of_independent_cells, 0.7)])
def test_intervals_that_miss_the_crossed_effects_or_the_common_whole_do_not_cover(
    method: Callable[[Floats, int], tuple[Floats, Floats]], most: float
) -> None:
    """Control: for the largest key at least."""
    assert coverage(method, 0.7)[0] < most


def test_shares_are_not_assessable_where_noise_alone_is_left() -> None:
    rng = seeded(1)
    cells = 0.01 + rng.normal(size=(3, 4, 4))
    cells += 0.01 - cells.mean(axis=(1, 2), keepdims=True)
    found = key_shares(NAMES, cells, rng)
    assert [one.share for one in found] == [None] * 3
    assert [one.mean for one in found] == pytest.approx([1 / 3] * 3)
    assert all(0 < one.reduction < 0.5 for one in found)


def test_a_single_key_is_the_whole() -> None:
    (only,) = key_shares(["(own)"], crossed_cells(seeded(1), [2]), seeded(1))
    assert only.share is not None
    assert only.mean == 1
    assert list(only.share.values()) == pytest.approx([1, 1, 1])
    assert only.reduction == pytest.approx(0.5)


@pytest.mark.parametrize("far", [2.0, 100.0])
def test_a_key_that_no_member_uses_has_no_share(far: float) -> None:
    """Also beside keys whose fractions have large errors: each has most in one sub-ensemble."""
    cells = np.ones((3, 8, 8))
    cells[0, 0], cells[1, 7], cells[2] = far, far, 0
    found = key_shares(NAMES, cells, seeded(1))
    shares = [one.share for one in found if one.share]
    assert [share["mean"] for share in shares] == pytest.approx([0.5, 0.5, 0], abs=0.1)
    assert list(shares[2].values()) == pytest.approx([0, 0, 0], abs=1e-6)
    assert found[2].mean == 0
    assert shares[0]["high"] - shares[0]["low"] > (0.9 if far > 2 else 0.1)


def test_the_prior_is_what_is_said_of_it() -> None:
    ends = stats.invgamma(PRIOR_SHAPE, scale=PRIOR_SCALE).ppf([0.05, 0.95])
    assert np.sqrt(ends) == pytest.approx([0.13, 1.0], abs=0.02)


def test_shares_lie_between_0_and_1() -> None:
    cells = crossed_cells(seeded(4), [5, 0.2, 0.1], sds=(1, 1, 1), common=0)
    for one in key_shares(NAMES, cells, seeded(1)):
        assert one.share is not None
        assert 0 <= one.share["low"] < one.share["mean"] < one.share["high"] <= 1


def test_the_same_seed_gives_the_same_result() -> None:
    cells = crossed_cells(seeded(1), [5, 3, 1])
    first: tuple[KeyShare, ...] = key_shares(NAMES, cells, seeded(1))
    assert key_shares(NAMES, cells, seeded(1)) == first
    assert key_shares(NAMES, cells, seeded(2)) != first


def test_nothing_to_share_out_is_refused() -> None:
    with pytest.raises(InputError, match="sum to more than 0"):
        key_shares(NAMES, np.zeros((3, 2, 2)), seeded(1))

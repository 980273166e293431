"""Closed forms of section 4: known answers, Theorem 1, empirical Bayes, Theorem 2 by simulation."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.bayes.conjugate import (
    empirical_bayes_variance,
    log_marginal,
    posterior_mean,
    posterior_variance,
    ratio_from_reduction,
    shrinkage,
    variance_reduction,
)
from tasks.bayes.james_stein import (
    empirical_bayes_constant,
    empirical_bayes_posterior_variance,
    james_stein,
    james_stein_factor,
)
from tasks.errors import InputError

COUNTS = st.floats(0, 1e6)
RATIOS = st.floats(1e-6, 1e6)
MOST_STANDARD_ERRORS = 4


def mean_with_error(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def test_the_posterior_is_that_of_the_normal_integral() -> None:
    ybar, n, sigma2_obs, sigma2_fk = 1.7, 4, 3.0, 0.8
    alpha = np.linspace(-10, 10, 100_001)
    density = stats.norm.pdf(alpha, 0, math.sqrt(sigma2_fk))
    density *= stats.norm.pdf(ybar, alpha, math.sqrt(sigma2_obs / n))
    density /= density.sum()
    mean = (density * alpha).sum()
    lam = sigma2_obs / sigma2_fk
    assert posterior_mean(ybar, n, lam) == pytest.approx(mean, rel=1e-12)
    variance = (density * (alpha - mean) ** 2).sum()
    assert posterior_variance(n, lam, sigma2_obs) == pytest.approx(variance, rel=1e-12)


def test_shrinkage_at_its_ends() -> None:
    np.testing.assert_array_equal(shrinkage([0, 5, 5], [2.0, 0.0, math.inf]), [0, 1, 0])
    assert posterior_variance(0, 2.0, 3.0) == 1.5  # without observations: sigma2_fk
    assert posterior_variance(5, math.inf, 3.0) == 0  # keys that do not differ


@pytest.mark.parametrize(
    ("n", "dn", "lam", "per_cent"),
    [
        (0, 100, 1, 99),
        (0, 100, 10, 91),
        (0, 100, 100, 50),
        (100, 100, 1, 50),
        (100, 100, 10, 48),
        (500, 100, 1, 17),
    ],
)
def test_theorem_1_at_its_six_points(n: int, dn: int, lam: float, per_cent: int) -> None:
    assert round(100 * float(variance_reduction(n, dn, lam))) == per_cent


def test_theorem_1_inverted_at_the_published_point() -> None:
    assert round(float(ratio_from_reduction(0, 551, 0.845))) == 101
    assert variance_reduction(0, 551, 101) == pytest.approx(0.845, abs=5e-4)


@given(n=COUNTS, dn=COUNTS, lam=RATIOS)
def test_theorem_1_is_bounded_and_is_the_fall_of_the_variance(
    n: float, dn: float, lam: float
) -> None:
    reduction = float(variance_reduction(n, dn, lam))
    assert 0 <= reduction <= (dn / (n + dn) if dn else 0)
    before, after = (float(posterior_variance(size, lam, 2.0)) for size in (n, n + dn))
    assert reduction == pytest.approx(1 - after / before, abs=1e-9)


@given(n=st.floats(0, 1e4), dn=st.floats(1, 1e4), lam=st.floats(1e-3, 1e4))
def test_the_inverse_of_theorem_1_inverts_it(n: float, dn: float, lam: float) -> None:
    reduction = variance_reduction(n, dn, lam)
    assert ratio_from_reduction(n, dn, reduction) == pytest.approx(lam, rel=1e-6, abs=1e-6)


def test_no_ratio_gives_more_than_the_bound() -> None:
    assert ratio_from_reduction(100, 100, 0.5) == 0
    with pytest.raises(InputError, match=r"at most dn / \(n \+ dn\) = 0.5, got 0.51"):
        ratio_from_reduction(100, 100, [0.4, 0.51])
    with pytest.raises(InputError, match="must be above 0"):
        ratio_from_reduction(100, 100, 0.0)


def test_the_marginal_is_scipy_s_normal() -> None:
    ybar, error2 = np.array([1.0, -2.0, 0.3]), np.array([0.1, 2.0, 0.7])
    expected = [stats.norm.logpdf(ybar, 0, np.sqrt(v + error2)).sum() for v in (0.0, 0.5, 9.0)]
    np.testing.assert_allclose(log_marginal(np.array([0.0, 0.5, 9.0]), ybar, error2), expected)


@given(
    ybar=st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    n=st.integers(1, 1000),
    sigma2_obs=st.floats(1e-2, 1e3),
)
def test_equal_counts_have_a_closed_form(ybar: list[float], n: int, sigma2_obs: float) -> None:
    expected = max(np.mean(np.square(ybar)) - sigma2_obs / n, 0.0)
    got = empirical_bayes_variance(ybar, [n] * len(ybar), sigma2_obs)
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-6 * sigma2_obs / n)


@pytest.mark.parametrize("seed", range(8))
def test_unequal_counts_reach_the_maximum_of_a_fine_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 300, 12)
    ybar = rng.normal(0, np.sqrt(0.3 * (seed % 3) + 2.0 / n))
    got = empirical_bayes_variance(ybar, n, 2.0)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 200_000)])
    values = log_marginal(grid, ybar, 2.0 / n)
    at_estimate = log_marginal(np.array([got]), ybar, 2.0 / n)[0]
    assert at_estimate >= values.max() - 1e-12
    assert got == pytest.approx(grid[values.argmax()], rel=2e-4, abs=1e-6)


@pytest.mark.parametrize(("far", "highest"), [(2, 0), (6, 1)])
def test_of_two_maxima_the_higher_is_taken(far: int, highest: int) -> None:
    """Four precise keys near 0 and some coarse ones far off: the likelihood has two tops."""
    ybar, n = np.array([0.02] * 4 + [8.0] * far), np.array([10**6] * 4 + [1] * far)
    grid = np.geomspace(1e-8, 1e4, 20_000)
    values = log_marginal(grid, ybar, 4.0 / n)
    tops = 1 + np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:]))
    assert len(tops) == 2
    assert tops[values[tops].argmax()] == tops[highest]
    got = empirical_bayes_variance(ybar, n, 4.0)
    assert got == pytest.approx(grid[tops[highest]], rel=2e-3)


@pytest.mark.parametrize("near", [2, 4, 8])
@pytest.mark.parametrize("far", [1, 3, 12])
@pytest.mark.parametrize("distance", [5.0, 8.0, 15.0])
def test_no_grid_holds_a_higher_point(near: int, far: int, distance: float) -> None:
    ybar, n = np.array([0.02] * near + [distance] * far), np.array([10**6] * near + [1] * far)
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1e4, 2_000)])
    got = np.array([empirical_bayes_variance(ybar, n, 4.0)])
    highest = log_marginal(got, ybar, 4.0 / n)[0]
    assert highest >= log_marginal(grid, ybar, 4.0 / n).max() - 1e-12


def test_keys_without_observations_do_not_count() -> None:
    with_empty = empirical_bayes_variance([3.0, 99.0, -1.0], [4, 0, 7], 2.0)
    assert with_empty == empirical_bayes_variance([3.0, -1.0], [4, 7], 2.0)


def simulate(
    keys: int, n: int, lam: float, rows: int, seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """True importances and means, shape (rows, keys), with sigma2_fk = 1."""
    rng = np.random.default_rng(seed)
    alpha = rng.normal(size=(rows, keys))
    return alpha, alpha + rng.normal(0, math.sqrt(lam / n), alpha.shape)


def relative_risk(
    estimate: npt.NDArray[np.float64],
    alpha: npt.NDArray[np.float64],
    ybar: npt.NDArray[np.float64],
    n: int,
    lam: float,
) -> tuple[float, float]:
    """Expected squared error in units of V, and its Monte Carlo standard error.

    What the estimate errs more than the posterior mean with known lam, whose risk is V, is
    averaged: most of the noise cancels.
    """
    ideal = posterior_mean(ybar, n, lam)
    excess = ((estimate - alpha) ** 2 - (ideal - alpha) ** 2).mean(axis=1)
    mean, error = mean_with_error(excess / float(posterior_variance(n, lam, lam)))
    return 1 + mean, error


@pytest.mark.parametrize(
    ("keys", "expected", "rows"), [(5, 1.16, 200_000), (20, 1.04, 100_000), (100, 1.008, 20_000)]
)
def test_theorem_2_by_simulation(keys: int, expected: float, rows: int) -> None:
    n, lam = 5, 2.0
    assert 1 + empirical_bayes_constant(n, lam) / keys == pytest.approx(expected)
    alpha, ybar = simulate(keys, n, lam, rows, seed=keys)
    plain = james_stein_factor(ybar, n, lam)[:, None] * ybar
    risk, error = relative_risk(plain, alpha, ybar, n, lam)
    assert error < (expected - 1) / 10
    assert abs(risk - expected) < MOST_STANDARD_ERRORS * error
    positive_part, error = relative_risk(james_stein(ybar, n, lam), alpha, ybar, n, lam)
    assert 1 < positive_part < expected + MOST_STANDARD_ERRORS * error


def test_theorem_2_with_the_maximum_likelihood_factor_would_fail() -> None:
    """Control: the simulation tells K - 2 from K."""
    alpha, ybar = simulate(5, 5, 2.0, 200_000, seed=1)
    too_strong = 1 - 5 / 3 * (1 - james_stein_factor(ybar, 5, 2.0))
    risk, error = relative_risk(too_strong[:, None] * ybar, alpha, ybar, 5, 2.0)
    assert risk - 1.16 > 10 * error


@pytest.mark.parametrize("lam", [20.0, 200.0, 2000.0])
def test_the_constant_grows_without_limit(lam: float) -> None:
    """As sigma2_fk falls to 0, V (1 + c / K) tends to 2 s / K while V tends to 0."""
    n, keys = 5, 20
    constant = float(empirical_bayes_constant(n, lam))
    assert constant == pytest.approx(10 * float(empirical_bayes_constant(n, lam / 10)))
    alpha, ybar = simulate(keys, n, lam, 50_000, seed=3)
    plain = james_stein_factor(ybar, n, lam)[:, None] * ybar
    risk, error = relative_risk(plain, alpha, ybar, n, lam)
    assert abs(risk - (1 + constant / keys)) < MOST_STANDARD_ERRORS * error
    assert risk > 1 + 0.9 * constant / keys


def test_the_conditional_variance_is_that_of_its_posterior() -> None:
    """1 / v given y is gamma (K / 2, sum(ybar**2) / 2): simulate v, then alpha's moments."""
    ybar, n, sigma2_obs = np.array([2.0, -1.5, 0.5, 3.0, -2.5, 1.0]), 4, 1.2
    error2 = sigma2_obs / n
    rng = np.random.default_rng(5)
    precision = rng.gamma(ybar.size / 2, 2 / (ybar**2).sum(), 400_000)[:, None]
    factor = 1 - error2 * precision
    mean = factor.mean(axis=0) * ybar
    second = error2 * factor + (factor * ybar - mean) ** 2
    error = second.std(axis=0) / math.sqrt(len(second))
    got = empirical_bayes_posterior_variance(ybar, n, sigma2_obs)
    assert (np.abs(second.mean(axis=0) - got) < MOST_STANDARD_ERRORS * error).all()


def test_averaged_over_data_the_conditional_variance_is_v() -> None:
    """The two O(1 / K) terms cancel; the plug-in alone falls short of V."""
    keys, n, lam, rows = 20, 5, 0.5, 4_000
    _, ybar = simulate(keys, n, lam, rows, seed=7)
    expected = float(posterior_variance(n, lam, lam))
    full = np.array([empirical_bayes_posterior_variance(y, n, lam).mean() for y in ybar])
    mean, error = mean_with_error(full / expected)
    assert abs(mean - 1) < MOST_STANDARD_ERRORS * error
    error2 = lam / n
    plug_in = error2 * (1 - error2 / (ybar**2).mean(axis=1))
    short, error = mean_with_error(plug_in / expected)
    assert 1 - short > 10 * error


def test_the_conditional_variance_says_where_it_cannot_be_had() -> None:
    with pytest.raises(InputError, match="not assessable in closed form"):
        empirical_bayes_posterior_variance([0.1, -0.1, 0.2], 1, 5.0)


NAN = math.nan


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: shrinkage(-1, 2.0), "Argument n must be finite and >= 0, got -1"),
        (lambda: shrinkage(1, -2.0), "Argument lam must be >= 0, got -2"),
        (lambda: shrinkage(1, NAN), "Argument lam must be >= 0, got nan"),
        (lambda: shrinkage(0, 0.0), r"Argument n \+ lam must be > 0"),
        (lambda: posterior_mean(NAN, 1, 1.0), "Argument ybar must be finite, got nan"),
        (lambda: posterior_variance(1, 1.0, 0.0), "Argument sigma2_obs must be finite and > 0"),
        (lambda: variance_reduction(1, -1, 1.0), "Argument dn must be finite and >= 0, got -1"),
        (lambda: variance_reduction(NAN, 1, 1.0), "Argument n must be .* got nan"),
        (lambda: empirical_bayes_variance([], [], 1.0), "At least one key .* among 0 key"),
        (lambda: empirical_bayes_variance([1.0], [0], 1.0), "At least one key must have obs"),
        (lambda: empirical_bayes_variance([1.0], [-3], 1.0), "n must be finite and >= 0, got -3"),
        (lambda: empirical_bayes_variance([1.0], [3], -1.0), "sigma2_obs must be finite and > 0"),
        (lambda: empirical_bayes_variance([NAN], [3], 1.0), "ybar must be finite, got nan"),
        (lambda: empirical_bayes_variance([1.0, 2.0], [3], 1.0), r"shapes \(2,\) and \(1,\)"),
        (lambda: james_stein_factor([1.0, 2.0], 3, 1.0), "at least 3 keys, got 2"),
        (lambda: james_stein_factor([], 3, 1.0), "at least 3 keys, got 0"),
        (lambda: james_stein([1.0, NAN, 2.0], 3, 1.0), "must be finite and > 0, got nan"),
        (lambda: james_stein([0.0, 0.0, 0.0], 3, 1.0), r"sum\(ybar\*\*2\) must be .* got 0"),
        (lambda: james_stein([1.0, 2.0, 3.0], 0, 1.0), "Argument n must be finite and > 0"),
        (lambda: james_stein([1.0, 2.0, 3.0], 1, 0.0), "Argument sigma2_obs must be finite"),
        (lambda: empirical_bayes_constant(5, 0.0), "Argument lam must be finite and > 0"),
        (lambda: empirical_bayes_posterior_variance([1.0, 9.0], 3, 1.0), "3 keys, got 2"),
        (lambda: empirical_bayes_posterior_variance([1.0, 9.0, 2.0], -3, 1.0), "n must be"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_inputs_are_not_mutated() -> None:
    ybar, n = np.array([3.0, -1.0, 2.0, 0.1]), np.array([4, 4, 4, 4])
    copies = ybar.copy(), n.copy()
    empirical_bayes_variance(ybar, n, 1.0)
    empirical_bayes_posterior_variance(ybar, 4, 1.0)
    james_stein(ybar, 4, 1.0)
    posterior_mean(ybar, n, 1.0)
    np.testing.assert_array_equal(ybar, copies[0])
    np.testing.assert_array_equal(n, copies[1])

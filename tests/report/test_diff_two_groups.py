"""The two-groups model: closed forms, calibration of its probabilities, many looks, few looks."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from tasks.errors import InputError
from tasks.report.across_runs.two_groups import SCALES, SPREAD, TYPICAL, fit_two_groups


def real_density(z: float, typical: float) -> float:
    """Of the z-score of a real change, its scale integrated over by hand."""
    weights = [stats.norm.pdf(np.log(scale), np.log(typical), SPREAD) for scale in SCALES]
    densities = [stats.norm.pdf(z, scale=np.hypot(1, scale)) for scale in SCALES]
    return float(np.dot(weights, densities) / np.sum(weights))


@pytest.mark.parametrize("z", [0.0, 1.0, -2.5, 4.0])
def test_one_difference_is_told_by_bayes_rule(z: float) -> None:
    """Of one, only the prior's mean of p = 10/11 matters, and the mean over typical scales."""
    real = np.mean([real_density(z, typical) for typical in TYPICAL]) / 11
    nothing = stats.norm.pdf(z) * 10 / 11
    assert fit_two_groups([z], [1]).probability(z) == pytest.approx(real / (real + nothing))


def test_two_differences_are_told_by_quadrature() -> None:
    z = (2.2, -3.1)

    def density(of: float, p: float, typical: float) -> float:
        return float(p * stats.norm.pdf(of) + (1 - p) * real_density(of, typical))

    def averaged(second_real: bool) -> float:
        def integrand(p: float, typical: float) -> float:
            second = (
                (1 - p) * real_density(z[1], typical) if second_real else density(z[1], p, typical)
            )
            return float(stats.beta.pdf(p, 10, 1) * density(z[0], p, typical) * second)

        return sum(integrate.quad(integrand, 0, 1, args=(typical,))[0] for typical in TYPICAL)

    found = fit_two_groups(z, [1, 1]).probability(z[1])
    assert found == pytest.approx(averaged(second_real=True) / averaged(second_real=False))


def excesses(nothing: float, scale: float, noise: float) -> list[float]:
    """By how many standard errors fewer are real than is told, for three classes of told."""
    rng = np.random.default_rng(7)
    told, true = [], []
    for _ in range(30):
        real = rng.random(60) > nothing
        z = rng.normal(0, noise, 60) + real * rng.normal(0, scale, 60)
        model = fit_two_groups(z, np.ones(60))
        told += [model.probability(of) for of in z]
        true += list(real)
    said, really = np.array(told), np.array(true)
    found = []
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = (said >= low) & (said < high)
        p = said[inside].mean()
        found.append((p - really[inside].mean()) / np.sqrt(p * (1 - p) / inside.sum()))
    return found


@pytest.mark.parametrize(("nothing", "scale"), [(0.9, 5.0), (0.7, 3.0), (0.5, 4.0)])
def test_of_those_told_so_often_so_many_are_real(nothing: float, scale: float) -> None:
    assert max(excesses(nothing, scale, noise=1)) < 3


def test_errors_told_too_small_would_be_seen() -> None:
    assert max(excesses(0.9, 5.0, noise=1.5)) > 5


def test_where_nothing_changed_hardly_anything_is_told() -> None:
    rng = np.random.default_rng(11)
    told = []
    for _ in range(200):
        z = rng.normal(size=20)
        model = fit_two_groups(z, np.ones(20))
        told.append(max(model.probability(of) for of in z))
    assert np.mean(np.array(told) > 0.95) < 0.01


def test_each_interval_holds_the_real_change_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held, changes, means = [], [], []
    for _ in range(20):
        change = (rng.random(50) > 0.6) * rng.normal(0, 4, 50)
        z = change + rng.normal(size=50)
        model = fit_two_groups(z, np.ones(50))
        for of, true in zip(z, change, strict=True):
            found = model.change(of)
            held.append(found.low <= true <= found.high)
            changes.append(true)
            means.append(found.mean)
    assert np.mean(held) > 0.93
    errors = np.square(np.array(means) - changes).mean()
    assert errors < 0.85  # of the z-scores themselves: 1


def test_many_looks_ask_for_more() -> None:
    quiet = list(np.random.default_rng(5).normal(size=80))
    alone = fit_two_groups([3.0], [1]).probability(3.0)
    among_many = fit_two_groups([3.0, *quiet], [1] * 81).probability(3.0)
    among_changes = fit_two_groups([3.0, *(5 * of for of in quiet)], [1] * 81).probability(3.0)
    assert among_many < alone < among_changes


def test_what_hangs_together_counts_once() -> None:
    """Ten times the same chance is no more evidence than once."""
    one = fit_two_groups([2.5], [1]).probability(2.5)
    assert fit_two_groups([2.5] * 10, [0.1] * 10).probability(2.5) == pytest.approx(one)
    assert fit_two_groups([2.5] * 10, [1] * 10).probability(2.5) > 2 * one


def test_it_is_even_and_grows_and_stays_finite() -> None:
    model = fit_two_groups([0.1, -2.0, 3.0], [1, 1, 0.5])
    grid = [model.probability(z) for z in (0, 0.5, 1, 2, 4, 8, 50, 1e6)]
    assert all(later - earlier > -1e-12 for earlier, later in pairwise(grid))
    assert model.probability(-4) == pytest.approx(model.probability(4))
    assert grid[-1] == pytest.approx(1)
    far = model.change(1e6)
    assert 0.9e6 < far.low < far.mean < far.high < 1.1e6
    assert fit_two_groups([0.0] * 500, [1] * 500).probability(0.0) < 0.01


def test_no_difference_is_no_evidence() -> None:
    """Beforehand one in eleven is real; a difference of 0 speaks against it."""
    assert fit_two_groups([], []).probability(0.0) < 1 / 11


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="must be finite numbers"):
        fit_two_groups([1.0, np.nan], [1, 1])

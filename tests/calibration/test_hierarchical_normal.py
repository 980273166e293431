"""Priors, data and joined data of the hierarchical normal model."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.partial_pooling import TauFamily
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

DRAWS = 20_000
MOST_STANDARD_ERRORS = 4.0
LEAST_P = 1e-3


def prior(model: HierarchicalNormal, draws: int = DRAWS) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    rows = [model.draw_parameters(rng) for _ in range(draws)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize(
    ("family", "law"), [("half-cauchy", stats.halfcauchy), ("half-normal", stats.halfnorm)]
)
def test_mu_and_tau_have_their_priors(family: TauFamily, law: Any) -> None:
    model = HierarchicalNormal(mu_mean=3.0, mu_sd=2.0, tau_family=family, tau_scale=5.0)
    drawn = prior(model)
    assert stats.kstest(drawn["tau"], law(scale=5.0).cdf).pvalue > LEAST_P
    assert stats.kstest(drawn["mu"], stats.norm(3.0, 2.0).cdf).pvalue > LEAST_P
    assert abs(np.corrcoef(drawn["mu"], stats.rankdata(drawn["tau"]))[0, 1]) < 4 / math.sqrt(DRAWS)


def test_the_median_of_a_half_cauchy_is_its_scale() -> None:
    share_below = (prior(HierarchicalNormal(tau_scale=7.0))["tau"] < 7.0).mean()
    assert abs(share_below - 0.5) < MOST_STANDARD_ERRORS * 0.5 / math.sqrt(DRAWS)


def test_effects_spread_around_mu_by_tau() -> None:
    model = HierarchicalNormal()
    drawn = prior(model, 4000)
    mu, tau = drawn["mu"][:, None], drawn["tau"][:, None]
    np.testing.assert_allclose(drawn["theta"], mu + tau * drawn["eta"], rtol=1e-12)
    assert drawn["theta"].shape == (4000, len(model.sigma))
    assert stats.kstest(drawn["eta"].ravel(), "norm").pvalue > LEAST_P
    between = np.corrcoef(drawn["eta"].T) - np.eye(len(model.sigma))
    assert np.abs(between).max() < MOST_STANDARD_ERRORS / math.sqrt(4000)


def test_each_estimate_is_of_its_own_effect_with_its_own_error() -> None:
    model, rng = HierarchicalNormal(sigma=(1.0, 2.0, 3.0)), np.random.default_rng(2)
    truth = {"theta": np.array([100.0, -50.0, 0.0])}
    y = np.array([model.draw_data(truth, rng)["y"] for _ in range(5000)])
    z = (y - truth["theta"]) / np.array(model.sigma)
    for j in range(3):
        assert stats.kstest(z[:, j], "norm").pvalue > LEAST_P
    correlations = np.corrcoef(z.T) - np.eye(3)
    assert np.abs(correlations).max() < MOST_STANDARD_ERRORS / math.sqrt(5000)


def test_the_likelihood_matches_each_effect_with_its_own_estimate() -> None:
    """Known by hand: deviations of 1 and 2 standard errors; swapped effects have none."""
    model = HierarchicalNormal(sigma=(1.0, 2.0))
    data = {"y": np.array([1.0, 6.0]), "sigma": np.array(model.sigma)}
    draws = {"theta": np.array([[0.0, 2.0], [1.0, 6.0], [6.0, 1.0]])}
    expected = [-(1 + 4) / 2, 0.0, -(25 + 6.25) / 2]
    np.testing.assert_allclose(model.log_likelihood(draws, data), expected)
    found = model.quantities(draws, data)
    assert found["largest theta"].tolist() == [2.0, 6.0, 6.0]
    assert found["theta of the largest y"].tolist() == [2.0, 6.0, 1.0]
    assert found["product of theta and y"].tolist() == [3.0, 1.0 + 9.0, 6.0 + 1.5]


def test_joined_estimates_tell_as_much_as_both_together() -> None:
    model, rng = HierarchicalNormal(), np.random.default_rng(3)
    truth = model.draw_parameters(rng)
    data, replicate = model.draw_data(truth, rng), model.draw_data(truth, rng)
    draws = {"theta": rng.normal(0, 20, (50, 8))}
    joined = model.join(data, replicate)
    np.testing.assert_allclose(joined["sigma"], np.array(model.sigma) / math.sqrt(2))
    both = model.log_likelihood(draws, data) + model.log_likelihood(draws, replicate)
    alone = model.log_likelihood(draws, joined)
    np.testing.assert_allclose(alone - both, alone[0] - both[0], rtol=1e-9)
    assert np.ptp(alone - 2 * model.log_likelihood(draws, data)) > 1


def test_data_of_unequal_errors_are_joined_by_precision() -> None:
    model = HierarchicalNormal(sigma=(1.0, 2.0))
    rng = np.random.default_rng(4)
    data = model.draw_data({"theta": np.zeros(2)}, rng)
    finer = replace(model, sigma=(0.5, 2.0)).draw_data({"theta": np.zeros(2)}, rng)
    joined = model.join(data, finer)
    np.testing.assert_allclose(joined["sigma"], [math.sqrt(1 / 5), math.sqrt(2)])
    y = [(data["y"][0] + 4 * finer["y"][0]) / 5, (data["y"][1] + finer["y"][1]) / 2]
    np.testing.assert_allclose(joined["y"], y)


def test_an_unknown_prior_is_refused() -> None:
    with pytest.raises(InputError, match="one of half-cauchy, half-normal, got 'uniform'"):
        HierarchicalNormal(tau_family="uniform")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="mu_mean must be finite, got nan"):
        HierarchicalNormal(mu_mean=math.nan)

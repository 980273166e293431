"""Prior, data and joined data of the key importance model."""

import math

import numpy as np
from scipy import stats

from tasks.bayes.conjugate import log_marginal
from tasks.bayes.key_importance import importance_posterior
from tasks.calibration.simulators.key_importance import KeyImportance

LEAST_P = 1e-3
MOST_STANDARD_ERRORS = 4.0
N = (4, 0, 1, 60)


def test_the_variance_is_inverse_gamma_and_importances_spread_by_it() -> None:
    model, rng = KeyImportance(n=N, a0=5.0, b0=8.0), np.random.default_rng(1)
    drawn = [model.draw_parameters(rng) for _ in range(20_000)]
    sigma2 = np.array([one["sigma2_FK"] for one in drawn])
    alpha, eta = (np.array([one[name] for one in drawn]) for name in ("alpha", "eta"))
    assert stats.kstest(sigma2, stats.invgamma(5.0, scale=8.0).cdf).pvalue > LEAST_P
    error = 2.0 / math.sqrt(3) / math.sqrt(len(sigma2))  # sd is b0 / (a0 - 1) / sqrt(a0 - 2)
    assert abs(sigma2.mean() - 2.0) < MOST_STANDARD_ERRORS * error
    np.testing.assert_allclose(alpha, np.sqrt(sigma2)[:, None] * eta, rtol=1e-12)
    assert stats.kstest(eta.ravel(), "norm").pvalue > LEAST_P
    student = stats.t(2 * 5.0, scale=math.sqrt(8.0 / 5.0))
    for k in range(len(N)):
        assert stats.kstest(alpha[:, k], student.cdf).pvalue > LEAST_P


def test_each_mean_is_of_its_own_key_with_the_error_of_its_count() -> None:
    model, rng = KeyImportance(n=N, sigma2_obs=9.0), np.random.default_rng(2)
    truth = {"alpha": np.array([10.0, -500.0, 30.0, -40.0])}
    ybar = np.array([model.draw_data(truth, rng)["ybar"] for _ in range(4000)])
    assert (ybar[:, 1] == 0).all()  # nobody saw that key
    for k in (0, 2, 3):
        law = stats.norm(truth["alpha"][k], 3.0 / math.sqrt(N[k]))
        assert stats.kstest(ybar[:, k], law.cdf).pvalue > LEAST_P


def test_the_likelihood_is_that_of_the_means_and_ignores_keys_without_observations() -> None:
    model, rng = KeyImportance(n=N, sigma2_obs=9.0), np.random.default_rng(3)
    data = model.draw_data(model.draw_parameters(rng), rng)
    alpha = rng.normal(size=(30, 4))
    seen = np.array(N) > 0
    error = np.sqrt(9.0 / np.array(N)[seen])
    expected = stats.norm.logpdf(data["ybar"][seen], alpha[:, seen], error).sum(axis=1)
    found = model.log_likelihood({"alpha": alpha}, data)
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-9, atol=1e-9)


def test_the_evidence_of_the_data_is_that_of_the_quadrature() -> None:
    """The mean of the likelihood over the prior, against the integral that is known."""
    model, rng = KeyImportance(n=(2, 1, 0)), np.random.default_rng(4)
    data = model.draw_data(model.draw_parameters(rng), rng)
    sigma2 = model.b0 / rng.gamma(model.a0, size=200_000)
    seen, error2 = data["ybar"][:2], model.sigma2_obs / data["n"][:2]
    exact = importance_posterior(data["ybar"], data["n"], model.sigma2_obs, model.a0, model.b0)
    evidence = np.exp(log_marginal(sigma2, seen, error2)).mean()
    np.testing.assert_allclose(math.log(evidence), exact.log_evidence, atol=0.01)


def test_the_largest_mean_is_among_keys_that_were_seen() -> None:
    model = KeyImportance(n=(2, 0, 5))
    data = {"n": np.array([2, 0, 5]), "ybar": np.array([-3.0, 0.0, -1.0])}
    found = model.quantities({"alpha": np.array([[1.0, 9.0, 2.0], [4.0, 0.0, -5.0]])}, data)
    assert found["alpha of the largest ybar"].tolist() == [2.0, -5.0]
    assert found["largest alpha"].tolist() == [9.0, 4.0]
    assert found["product of alpha and y"].tolist() == [-6.0 - 10.0, -24.0 + 25.0]


def test_joined_means_tell_as_much_as_both_together() -> None:
    model, rng = KeyImportance(n=N), np.random.default_rng(5)
    other = KeyImportance(n=(1, 3, 0, 60))  # the rule does not need equal counts
    truth = model.draw_parameters(rng)
    data, replicate = model.draw_data(truth, rng), other.draw_data(truth, rng)
    draws = {"alpha": rng.normal(size=(50, 4))}
    joined = model.join(data, replicate)
    assert joined["n"].tolist() == [5, 3, 1, 120]
    both = model.log_likelihood(draws, data) + model.log_likelihood(draws, replicate)
    alone = model.log_likelihood(draws, joined)
    np.testing.assert_allclose(alone - both, alone[0] - both[0], rtol=1e-8)
    assert np.ptp(alone - 2 * model.log_likelihood(draws, data)) > 1


def test_a_key_that_nobody_sees_twice_stays_unseen() -> None:
    model, rng = KeyImportance(n=N), np.random.default_rng(6)
    truth = model.draw_parameters(rng)
    joined = model.join(model.draw_data(truth, rng), model.draw_data(truth, rng))
    assert joined["n"][1] == 0
    assert joined["ybar"][1] == 0

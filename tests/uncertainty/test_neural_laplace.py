"""The last layer's posterior agrees with closed forms, and members are made from it."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import log_softmax, softmax
from scipy.stats import multivariate_normal

from tasks.errors import InputError
from tasks.uncertainty.neural_laplace import (
    NormalPosterior,
    regression_posterior,
    softmax_curvature,
    softmax_posterior,
    with_constant,
)
from tasks.uncertainty.neural_members import bayesian_members, dropout_members
from tasks.uncertainty.neural_network import Networks, random_networks

RNG = np.random.default_rng(1)
DESIGN = with_constant(RNG.normal(size=(60, 4)) @ RNG.normal(size=(4, 4)))
TARGET = DESIGN @ np.array([1.0, 0.0, -0.5, 0.2, 0.3]) + RNG.normal(0, 0.7, 60)


def covariance(posterior: NormalPosterior) -> np.ndarray:
    return (posterior.axes * posterior.variances) @ posterior.axes.T


def noise_and_ratio(posterior: NormalPosterior) -> tuple[float, float]:
    """From the precision, which is (design^T design + ratio I) / noise."""
    precision, gram = np.linalg.inv(covariance(posterior)), DESIGN.T @ DESIGN
    noise = gram[0, 1] / precision[0, 1]
    return noise, float(np.mean(np.diag(precision * noise - gram)))


def test_the_posterior_of_a_regression_is_the_conjugate_one() -> None:
    posterior = regression_posterior(DESIGN, TARGET)
    noise, ratio = noise_and_ratio(posterior)
    precision = (DESIGN.T @ DESIGN + ratio * np.eye(5)) / noise
    np.testing.assert_allclose(covariance(posterior), np.linalg.inv(precision), rtol=1e-6)
    np.testing.assert_allclose(
        posterior.mean, np.linalg.solve(precision, DESIGN.T @ TARGET / noise), rtol=1e-6
    )


def test_noise_and_prior_of_a_regression_maximise_the_marginal_likelihood() -> None:
    noise, ratio = noise_and_ratio(regression_posterior(DESIGN, TARGET))

    def evidence(noise: float, ratio: float) -> float:
        spread = noise * (np.eye(60) + DESIGN @ DESIGN.T / ratio)
        return float(multivariate_normal(np.zeros(60), spread).logpdf(TARGET))

    best = evidence(noise, ratio)
    for factor in (0.9, 1.1):
        assert evidence(noise * factor, ratio) < best
        assert evidence(noise, ratio * factor) < best
    assert 0.7**2 / 1.5 < noise < 0.7**2 * 1.5


def test_a_target_without_noise_has_a_posterior() -> None:
    exact = DESIGN @ np.arange(5.0)
    posterior = regression_posterior(DESIGN, exact)
    np.testing.assert_allclose(DESIGN @ posterior.mean, exact, atol=1e-3)
    assert np.isfinite(covariance(posterior)).all()
    assert (posterior.variances > 0).all()


def test_the_curvature_is_the_hessian_of_the_loss() -> None:
    weights = RNG.normal(size=15)
    classes = RNG.integers(0, 3, 60)

    def slope(flat: np.ndarray) -> np.ndarray:
        scores = DESIGN @ flat.reshape(5, 3)
        return np.ravel(DESIGN.T @ (softmax(scores, axis=1) - np.eye(3)[classes]))

    def loss(flat: np.ndarray) -> float:
        log_p = log_softmax(DESIGN @ flat.reshape(5, 3), axis=1)
        return -float(log_p[np.arange(60), classes].sum())

    np.testing.assert_allclose(approx_fprime(weights, loss, 1e-6), slope(weights), atol=1e-2)
    hessian = approx_fprime(weights, slope, 1e-6)
    p = softmax(DESIGN @ weights.reshape(5, 3), axis=1)
    np.testing.assert_allclose(softmax_curvature(DESIGN, p), hessian, atol=1e-3)


def test_the_posterior_of_classes_is_laplaces() -> None:
    mode = RNG.normal(size=(5, 3))
    posterior = softmax_posterior(DESIGN, mode)
    curvature = softmax_curvature(DESIGN, softmax(DESIGN @ mode, axis=1))
    prior = np.linalg.inv(covariance(posterior)) - curvature
    precision = float(np.mean(np.diag(prior)))
    np.testing.assert_allclose(prior, precision * np.eye(15), atol=1e-6)
    np.testing.assert_array_equal(posterior.mean, mode.ravel())

    def evidence(precision: float) -> float:
        """MacKay (1992), up to a constant."""
        _, log_volume = np.linalg.slogdet(curvature + precision * np.eye(15))
        return float(15 * np.log(precision) - precision * np.sum(mode**2) - log_volume) / 2

    assert max(evidence(precision * factor) for factor in (0.9, 1.1)) < evidence(precision)


def test_a_last_layer_of_too_many_weights_is_refused() -> None:
    with pytest.raises(InputError, match="may hold 4000 weights, got 4005: choose a smaller"):
        softmax_posterior(np.ones((2, 5)), np.zeros((5, 801)))


def test_draws_have_the_posteriors_mean_and_covariance() -> None:
    posterior = regression_posterior(DESIGN, TARGET)
    seeds = np.random.SeedSequence(1).spawn(4000)
    draws = np.stack([posterior.draw(seed) for seed in seeds])
    spread = np.sqrt(np.diag(covariance(posterior)))
    np.testing.assert_allclose(
        draws.mean(axis=0), posterior.mean, atol=float(4 * spread.max() / 4000**0.5)
    )
    scaled = (np.cov(draws.T) - covariance(posterior)) / np.outer(spread, spread)
    assert np.abs(scaled).max() < 4 * (2 / 4000) ** 0.5


def network(n_outputs: int) -> Networks:
    return random_networks((3, 8, 8, n_outputs), [np.random.SeedSequence(5)])


INPUTS = RNG.normal(size=(90, 3)).astype(np.float32)
SEEDS = np.random.SeedSequence(2).spawn(600)


def test_bayesian_members_scatter_around_the_posterior_mean() -> None:
    target = np.sin(INPUTS[:, 0]) + RNG.normal(0, 0.3, 90)
    members, mean = bayesian_members(network(1), INPUTS, target, None, SEEDS)
    design = with_constant(network(1).features(INPUTS)[0])
    posterior = regression_posterior(design, target)
    outputs = members.outputs(INPUTS)[:, :, 0]
    np.testing.assert_allclose(mean.outputs(INPUTS)[0, :, 0], design @ posterior.mean, atol=1e-4)
    variances = np.einsum("np,pq,nq->n", design, covariance(posterior), design)
    np.testing.assert_allclose(outputs.var(axis=0) / variances, 1, atol=6 * (2 / 600) ** 0.5)
    bias = (outputs.mean(axis=0) - design @ posterior.mean) / np.sqrt(variances / 600)
    assert np.abs(bias).max() < 4.5


def test_dropout_members_leave_units_out_and_have_the_whole_networks_mean() -> None:
    whole = network(2)
    members = dropout_members(whole, 0.25, SEEDS)
    np.testing.assert_array_equal(members.layers[0].weights, whole.layers[0].weights)
    for layer, trained in zip(members.layers[1:], whole.layers[1:], strict=True):
        is_out = (layer.weights == 0).all(axis=2)
        assert abs(is_out.mean() - 0.25) < 4 * (0.25 * 0.75 / is_out.size) ** 0.5
        kept = np.broadcast_to(trained.weights / 0.75, layer.weights.shape)[~is_out]
        np.testing.assert_allclose(layer.weights[~is_out], kept, rtol=1e-6)
        np.testing.assert_array_equal(layer.biases, np.repeat(trained.biases, 600, axis=0))

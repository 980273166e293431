"""Prediction of a unit from the others: against quadrature, scipy's integrals and symmetries."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tasks.inference.comparison.draws import Draws, draws_of
from tasks.inference.comparison.predictive import leave_one_out, unit_predictive
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units

from .conftest import SCHOOLS_SIGMA, SCHOOLS_Y, Compared, Floats, exactly, made_draws

MOST_STANDARD_ERRORS = 4
EXACT: tuple[ModelName, ...] = (
    "hierarchical_noncentered",
    "hierarchical_skeptical",
    "hierarchical_adaptive",
    "empirical_bayes",
)


def exact_left_out(name: ModelName, units: Units) -> tuple[Floats, Floats]:
    """Log predictive density of each school from the others, and its normal score."""
    priors = ComparisonSettings().priors(units)
    whole = exactly(name, units.y, units.sigma, priors)
    densities, scores = [], []
    for j, (y, sigma) in enumerate(zip(units.y, units.sigma, strict=True)):
        others = exactly(name, np.delete(units.y, j), np.delete(units.sigma, j), priors)
        densities.append(whole.log_z - others.log_z)
        scores.append(stats.norm.ppf(others.below(float(y), float(sigma))))
    return np.array(densities), np.array(scores)


def in_parts(draws: Draws, parts: int) -> list[Draws]:
    """Every chain cut into pieces: as many independent estimates."""
    names = ("mu", "tau", "raw_tau", "theta", "location", "y_rep")
    cut = [np.array_split(getattr(draws, name), parts, axis=1) for name in names]
    return [
        replace(draws, **dict(zip(names, pieces, strict=True))) for pieces in zip(*cut, strict=True)
    ]


@pytest.mark.parametrize("name", EXACT[:3])
def test_it_is_the_exact_prediction_from_the_others(
    name: ModelName, schools: Units, schools_compared: Compared
) -> None:
    comparison, fits = schools_compared
    record = next(model for model in comparison.models if model.name == name)
    densities, scores = exact_left_out(name, schools)
    pieces = [
        leave_one_out(part, schools.y, schools.sigma)
        for part in in_parts(draws_of(name, fits[name]), 10)
    ]
    elpds = np.array([piece.elpd.elpd_loo for piece in pieces])
    error = elpds.std(ddof=1) / np.sqrt(len(pieces))
    assert record.elpd == pytest.approx(densities.sum(), abs=MOST_STANDARD_ERRORS * error)
    assert error < 0.1
    errors = np.std([piece.z for piece in pieces], axis=0, ddof=1) / np.sqrt(len(pieces))
    found = np.array([unit.loo_z for unit in record.units])
    assert np.max(np.abs(found - scores) / errors) < MOST_STANDARD_ERRORS
    assert errors.max() < 0.05


def test_the_prediction_by_another_model_is_told_apart(
    schools: Units, schools_compared: Compared
) -> None:
    """Control: 0.6 of log density between the first two models shows."""
    found = {model.name: model.elpd for model in schools_compared[0].models}
    other, _ = exact_left_out("hierarchical_skeptical", schools)
    assert abs(found["hierarchical_noncentered"] - other.sum()) > 0.4


def test_complete_pooling_predicts_by_the_mean_of_the_others(
    schools: Units, schools_compared: Compared
) -> None:
    record = schools_compared[0].models[-1]
    assert record.name == "complete_pooling"
    weight = SCHOOLS_SIGMA**-2.0
    for j, unit in enumerate(record.units):
        rest = np.delete(weight, j)
        variance = 1 / (rest.sum() + 20**-2)
        mean = variance * (rest @ np.delete(SCHOOLS_Y, j))
        z = (unit.y - mean) / np.sqrt(variance + unit.sigma**2)
        assert unit.loo_z == pytest.approx(z, abs=0.05)


def normal_draws(count: int, nu: float | None = None) -> Draws:
    rng = np.random.default_rng(4)
    mu, tau = rng.normal(5, 2, (1, count)), np.abs(rng.normal(0, 6, (1, count)))
    theta = np.zeros((1, count, 3))
    location = np.broadcast_to(mu[..., None], theta.shape)
    degrees = None if nu is None else np.full((1, count), nu)
    return made_draws(theta, mu=mu, tau=tau, location=location, nu=degrees)


Y, SIGMA = np.array([-20.0, 6.0, 60.0]), np.array([9.0, 4.0, 10.0])


def test_a_normal_effect_adds_its_variance() -> None:
    draws = normal_draws(5)
    log_density, below, _ = unit_predictive(draws, Y, SIGMA)
    for s in range(5):
        predicted = stats.norm(draws.mu[0, s], np.sqrt(draws.tau[0, s] ** 2 + SIGMA**2))
        np.testing.assert_allclose(log_density[0, s], predicted.logpdf(Y))
        np.testing.assert_allclose(below[0, s], predicted.cdf(Y))


@pytest.mark.parametrize("nu", [0.5, 1.0, 2.0, 4.0, 30.0, 300.0])
@pytest.mark.parametrize("tau", [1.0, 3.0, 30.0])
def test_a_student_t_effect_is_integrated_out(nu: float, tau: float) -> None:
    theta = np.zeros((1, 1, 3))
    shape = (1, 1)
    draws = made_draws(
        theta, nu=np.full(shape, nu), tau=np.full(shape, tau), location=np.full((1, 1, 3), 5.0)
    )
    log_density, below, _ = unit_predictive(draws, Y, SIGMA)
    effect = stats.t(nu, 5.0, tau)
    for j, (y, sigma) in enumerate(zip(Y, SIGMA, strict=True)):
        bounds = (y - 12 * sigma, y + 12 * sigma)
        inside = sorted({5.0, y, 5 - 5 * tau, 5 + 5 * tau, 5 - tau, 5 + tau})

        def joint(error: float, y: float = y, sigma: float = sigma) -> float:
            return float(effect.pdf(error) * stats.norm.pdf(y, error, sigma))

        def lower(error: float, y: float = y, sigma: float = sigma) -> float:
            return float(effect.cdf(y - error) * stats.norm.pdf(error, 0, sigma))

        points = [at for at in inside if bounds[0] < at < bounds[1]]
        density, _ = integrate.quad(joint, *bounds, points=points, limit=500, epsabs=1e-14)
        jump = [at for at in (y - 5 - tau, y - 5, y - 5 + tau) if abs(at) < 12 * sigma]
        chance, _ = integrate.quad(
            lower, -12 * sigma, 12 * sigma, points=jump, limit=500, epsabs=1e-12
        )
        assert log_density[0, 0, j] == pytest.approx(np.log(density), abs=1e-5)
        assert below[0, 0, j] == pytest.approx(chance, abs=1e-5)


def test_many_degrees_of_freedom_are_a_normal_effect() -> None:
    for found, expected in zip(
        unit_predictive(normal_draws(50, nu=1e7), Y, SIGMA),
        unit_predictive(normal_draws(50), Y, SIGMA),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-9)


def test_few_degrees_of_freedom_are_not_a_normal_effect() -> None:
    """Control of the limit."""
    heavy, *_ = unit_predictive(normal_draws(50, nu=2), Y, SIGMA)
    light, *_ = unit_predictive(normal_draws(50), Y, SIGMA)
    assert np.all(heavy[..., 2] > light[..., 2] + 0.1)


@pytest.mark.parametrize("farthest", [20.0, 60.0, 400.0])
def test_a_unit_far_above_scores_as_one_as_far_below(farthest: float) -> None:
    y = np.array([0.0, 6.0, farthest])
    draws = replace(normal_draws(1000), mu=np.zeros((1, 1000)), location=np.zeros((1, 1000, 3)))
    above, below = leave_one_out(draws, y, SIGMA).z, leave_one_out(draws, -y, SIGMA).z
    np.testing.assert_allclose(above, -below, rtol=1e-3, atol=1e-9)
    assert above[2] > above[1] > 0


def test_the_tail_is_the_smaller_chance_given_each_draw_on_average() -> None:
    """One location far below the estimate and one far above: each draw finds it far out."""
    location = np.tile([[[-10.0], [20.0]]], (1, 500, 3))
    draws = made_draws(
        np.zeros((1, 1000, 3)),
        mu=location[..., 0],
        tau=np.full((1, 1000), 3.0),
        location=location,
    )
    found = leave_one_out(draws, np.full(3, 5.0), np.array([4.0, 4.0, 40.0])).tail
    expected = stats.norm.cdf(-15 / np.hypot(3, [4, 4, 40]))
    np.testing.assert_allclose(found, expected)


def test_neither_draws_nor_estimates_are_changed(schools: Units) -> None:
    draws = normal_draws(200, nu=4)
    copies = {name: np.copy(values) for name, values in vars(draws).items()}
    y, sigma = Y.copy(), SIGMA.copy()
    leave_one_out(draws, y, sigma)
    for name, copy in copies.items():
        np.testing.assert_array_equal(getattr(draws, name), copy)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(sigma, SIGMA)

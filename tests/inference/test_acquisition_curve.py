"""The learning curve: its density, curves that are known, and what is predicted from it."""

import math
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from tasks.bayes.conjugate import variance_reduction
from tasks.bayes.posterior_diagnostics import Verdict
from tasks.bayes.stan_model import sample
from tasks.errors import InputError, RunError
from tasks.inference.acquisition_curve import fit_acquisition
from tasks.inference.acquisition_data import acquisition_data, nested_statistics
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.intervention.acquisition_cells import AcquisitionCells
from tasks.locations import resource

Floats = npt.NDArray[np.float64]

PROGRAM = resource("stan", "acquisition_curve.stan")
N_NOW, KEPT = 400, np.array([50, 100, 200])
J, V, D = 6, 4, 3
SOME = slice(0, 4000, 800)
LEAST_P = 1e-3


def cells_of(effects: Floats, orders: int = D, n_now: int = N_NOW) -> AcquisitionCells:
    """Cells whose effects are these, in per cent."""
    kept = KEPT * n_now // N_NOW
    u_now = np.ones(effects.shape[1:])
    return AcquisitionCells(n_now, kept, orders, u_now, 1 + effects / 100)


def curve(phi: float, lam: float, n_now: int = N_NOW) -> Floats:
    """From U(n) = floor + A / (n + lambda) itself, with U(n_now) = 1."""
    a = phi * (n_now + lam)
    kept = KEPT * n_now // N_NOW
    return np.asarray(100 * ((1 - phi) + a / (kept + lam) - 1))


def noise(rng: np.random.Generator, groups: int = J, blocks: int = V) -> Floats:
    """Of the fits, correlated; without what the mean would tell."""
    drawn = rng.normal(size=(3, groups, blocks)).cumsum(axis=0)[::-1]
    return np.asarray(drawn - drawn.mean(axis=(1, 2), keepdims=True))


@pytest.fixture(scope="module")
def cells() -> AcquisitionCells:
    rng = np.random.default_rng(1)
    effects = curve(0.4, 120)[:, None, None] + 4 * noise(rng)
    effects = effects + 6 * rng.normal(size=(3, J, 1)) + 3 * rng.normal(size=(3, 1, V))
    return cells_of(effects)


@pytest.fixture(scope="module")
def fitted(cells: AcquisitionCells) -> AcquisitionCurve:
    return fit_acquisition(cells, seed=1)


def draws_of(fitted: AcquisitionCurve, name: str) -> Floats:
    values = fitted.fit.posterior[name].values
    return np.asarray(values.reshape(-1, *values.shape[2:]))


def parts_at(fitted: AcquisitionCurve, s: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Covariances of s, a, r and e of a draw."""
    path = N_NOW / np.maximum.outer(KEPT, KEPT) - 1
    found = []
    for part in "are":
        root = draws_of(fitted, f"sigma_{part}")[s][:, None] * draws_of(fitted, f"L_{part}")[s]
        found.append(root @ root.T)
    return (draws_of(fitted, "sigma_s")[s] ** 2 * path, *found)


def cell_covariance(parts: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Of all cells, fits first, then sub-ensembles, then row blocks."""
    of_order = np.kron(np.eye(D), np.ones((J // D, J // D)))
    s, a, r, e = parts
    return np.asarray(
        np.kron(s, np.kron(of_order, np.ones((V, V))))
        + np.kron(a, np.kron(np.eye(J), np.ones((V, V))))
        + np.kron(r, np.kron(np.ones((J, J)), np.eye(V)))
        + np.kron(e, np.eye(J * V))
    )


def test_the_likelihood_is_the_density_of_the_cells(
    cells: AcquisitionCells, fitted: AcquisitionCurve
) -> None:
    found = fitted.fit.log_likelihood["log_lik"].values.reshape(-1, 5).sum(axis=1)[SOME]
    wrong = []
    for s, log_lik in zip(range(*SOME.indices(4000)), found, strict=True):
        mean = np.repeat(curve(fitted.phi[s], fitted.lam[s]), J * V)
        parts = parts_at(fitted, s)
        expected = stats.multivariate_normal.logpdf(
            cells.effects.ravel(), mean, cell_covariance(parts)
        )
        assert log_lik == pytest.approx(expected, abs=1e-7)
        swapped = cell_covariance((parts[0], parts[2], parts[1], parts[3]))
        wrong.append(stats.multivariate_normal.logpdf(cells.effects.ravel(), mean, swapped))
    assert np.abs(found - wrong).min() > 0.1  # control: sub-ensembles are told from row blocks


def log_partials(chol: Floats) -> float:
    """LKJ(2) of three variables by its partial correlations, on Stan's scale: atanh of each."""
    z = np.array([chol[1, 0], chol[2, 0], chol[2, 1] / math.sqrt(1 - chol[2, 0] ** 2)])
    laws = stats.beta([2.5, 2.5, 2.0], [2.5, 2.5, 2.0], loc=-1, scale=2)
    return float(np.sum(laws.logpdf(z) + np.log1p(-(z**2))))


def test_no_constant_is_dropped_from_the_joint_density(
    cells: AcquisitionCells, fitted: AcquisitionCurve
) -> None:
    """Priors, and all cells jointly normal, phi integrated out by quadrature."""
    y, scale = cells.effects.ravel(), float(np.sqrt(np.square(cells.effects).mean()))
    phi = np.linspace(-3, 1, 8001)
    prior = stats.norm.logpdf(phi, 0.3, 0.5) - stats.norm.logcdf(1, 0.3, 0.5)
    found = fitted.fit.sample_stats["lp"].values.ravel()[SOME]
    for s, log_joint in zip(range(*SOME.indices(4000)), found, strict=True):
        log_ratio = math.log(fitted.lam[s] / N_NOW)
        covariance = cell_covariance(parts_at(fitted, s))
        unit = np.repeat(curve(1, fitted.lam[s]), J * V)
        log_lik = stats.multivariate_normal.logpdf(y - phi[:, None] * unit, None, covariance)
        most = (log_lik + prior).max()
        expected = most + math.log(integrate.simpson(np.exp(log_lik + prior - most), x=phi))
        expected += stats.norm.logpdf(log_ratio, -0.5, 1.75)
        for part in "sare":
            scaled = draws_of(fitted, f"sigma_{part}")[s] / scale
            expected += np.sum(stats.halfnorm.logpdf(scaled) + np.log(scaled))
        expected += sum(log_partials(draws_of(fitted, f"L_{part}")[s]) for part in "are")
        assert log_joint == pytest.approx(expected, abs=1e-6)


def conditional_of_phi(cells: AcquisitionCells, fitted: AcquisitionCurve) -> Floats:
    """Where each draw of phi lies in its law given all other parameters, from 0 to 1."""
    mean, found = cells.effects.mean(axis=(1, 2)), []
    for s in range(0, 4000, 4):
        of_s, a, r, e = parts_at(fitted, s)
        unit = curve(1, fitted.lam[s])
        weight = np.linalg.solve(of_s / D + a / J + r / V + e / (J * V), unit)
        variance = 1 / (4 + unit @ weight)
        law = stats.norm(variance * (4 * 0.3 + mean @ weight), math.sqrt(variance))
        found.append(law.cdf(fitted.phi[s]) / law.cdf(1))
    return np.array(found)


def test_phi_is_drawn_from_its_exact_conditional(
    cells: AcquisitionCells, fitted: AcquisitionCurve
) -> None:
    assert stats.kstest(conditional_of_phi(cells, fitted), "uniform").pvalue > LEAST_P
    assert (fitted.phi < 1).all()


def test_statistics_are_those_of_independent_contrasts() -> None:
    """Sums of squares of each kind add up, and see only the differences of their kind."""
    rng = np.random.default_rng(2)
    effects = rng.normal(size=(3, J, V))
    found = nested_statistics(effects, D)
    parts = (
        found.between_orders,
        found.between_sub_ensembles,
        found.between_blocks,
        found.rest,
    )
    centred = (effects - effects.mean(axis=(1, 2), keepdims=True)).reshape(3, -1)
    np.testing.assert_allclose(sum(parts), centred @ centred.T, rtol=1e-10)
    ranks = [np.linalg.matrix_rank(part) for part in parts]
    assert ranks == [D - 1, 3, 3, 3]
    only_orders = nested_statistics(
        rng.normal(size=(3, D)).repeat(J // D, axis=1)[:, :, None] + np.zeros((1, 1, V)), D
    )
    for part in (only_orders.between_sub_ensembles, only_orders.between_blocks, only_orders.rest):
        np.testing.assert_allclose(part, 0, atol=1e-20)
    assert np.trace(only_orders.between_orders) > 1


@pytest.mark.parametrize(("phi", "lam"), [(0.25, 400.0), (-0.3, 100.0), (1.0, 40.0)])
def test_cells_of_a_curve_give_the_curve_back(phi: float, lam: float) -> None:
    """The last one has the floor 0: more rows then do what Theorem 1 says."""
    exact = curve(phi, lam)[:, None, None] + 0.3 * noise(np.random.default_rng(3), 8, 8)
    found = fit_acquisition(cells_of(exact, orders=4), seed=1, chains=2)
    assert found.verdict.passed
    assert found.phi.mean() == pytest.approx(phi, abs=0.02)
    assert found.lam.mean() == pytest.approx(lam, rel=0.04)
    for more in (100, 400):
        expected = -100 * phi * more / (N_NOW + more + lam)
        assert found.mean_effect(more).mean() == pytest.approx(expected, abs=0.2)
        theorem = -100 * float(variance_reduction(N_NOW, more, lam))
        near = abs(found.mean_effect(more).mean() - theorem) < 0.5
        assert near == (phi == 1)


def posterior_of(n_now: int, **draws: npt.ArrayLike) -> AcquisitionCurve:
    given = {name: np.atleast_2d(np.asarray(values, float)) for name, values in draws.items()}
    return AcquisitionCurve(n_now, az.from_dict(posterior=given), Verdict((), (), ()), 0.9)


def sure(n_now: int, phi: float, lam: float, sigma: float = 0.0) -> AcquisitionCurve:
    """A posterior without doubt."""
    return posterior_of(
        n_now,
        phi=[phi] * 4,
        **{"lambda": [lam] * 4},
        sigma_s=[sigma] * 4,
        deviation=[-1.0, 0.0, 0.0, 1.0],
    )


@pytest.mark.parametrize(
    ("n", "more", "lam", "per_cent"), [(100, 100, 1, 50), (100, 100, 10, 48), (500, 100, 1, 17)]
)
def test_with_the_floor_0_rows_do_what_theorem_1_says(
    n: int, more: int, lam: float, per_cent: float
) -> None:
    assert sure(n, 1.0, lam).mean_effect(more).mean() == pytest.approx(-per_cent, abs=0.5)
    assert sure(n, 0.5, lam).mean_effect(more).mean() == pytest.approx(-per_cent / 2, abs=0.25)


def test_no_rows_do_nothing_and_rows_without_end_take_phi_away() -> None:
    found = sure(100, 0.4, 60.0, 5.0)
    np.testing.assert_array_equal(found.effect(0), np.zeros(4))
    np.testing.assert_allclose(found.mean_effect(1e12), -40.0, rtol=1e-8)
    np.testing.assert_allclose(found.effect(1e12), [-45, -40, -40, -35], rtol=1e-8)


def test_which_rows_come_has_the_spread_of_a_mean_that_grows() -> None:
    """The sd of mean(N + dn) - mean(N), where sigma_s is that of mean(N) - mean(N / 2)."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(20_000, 100)).cumsum(axis=1) / np.arange(1, 101)
    from_half = (values[:, 39] - values[:, 19]).std()
    for more in (10, 60):
        real = (values[:, 39 + more] - values[:, 39]).std()
        found = sure(40, 0.0, 1.0, float(from_half)).effect(more)
        assert found[3] == pytest.approx(real, rel=0.03)
        independent = values[:, 39 + more] - values[:, 39], values[:, 39] - values[:, 19]
        assert abs(np.corrcoef(*independent)[0, 1]) < 4 / math.sqrt(20_000)


def test_rows_until_an_effect_are_those_of_the_inverted_curve() -> None:
    found = sure(100, 0.4, 60.0)
    assert found.rows_until(20) == 160  # 0.4 dn / (160 + dn) = 0.2
    assert found.rows_until(20.01) == 161
    assert found.rows_until(20, probability=0.95) == 160
    assert found.rows_until(40) is None
    assert found.rows_until(40, probability=0.5) is None
    assert sure(100, -0.4, 60.0).rows_until(1) is None


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 60), st.floats(0.05, 0.99))
def test_no_fewer_rows_would_do(seed: int, worth: float, probability: float) -> None:
    rng = np.random.default_rng(seed)
    phi = np.minimum(rng.normal(0.4, 0.3, 50), 1)
    found = posterior_of(200, phi=phi, **{"lambda": rng.lognormal(4, 1, 50)})

    def mean(more: int) -> float:
        return -float(found.mean_effect(more).mean())

    def reached(more: int) -> float:
        return float((found.mean_effect(more) <= -worth * (1 - 1e-12)).mean())

    rows = found.rows_until(worth)
    if rows is None:
        assert mean(2**60) < worth
    else:
        assert mean(rows) >= worth
        assert mean(rows - 1) < worth
    rows = found.rows_until(worth, probability)
    if rows is None:
        assert (100 * phi > worth).mean() < probability
    else:
        assert reached(rows) >= probability - 1e-9
        assert reached(rows - 1) < probability


def test_costs_are_of_each_per_cent_that_is_expected() -> None:
    assert sure(100, 0.4, 60.0).cost_per_unit(160, cost=3.0) == pytest.approx(24.0)
    assert sure(100, -0.4, 60.0).cost_per_unit(160, cost=3.0) is None
    both = posterior_of(100, phi=[0.5, -0.1], **{"lambda": [0.0, 0.0]})
    assert both.cost_per_unit(100, cost=1.0) == pytest.approx(10.0)


def test_arguments_out_of_bounds_are_refused() -> None:
    found = sure(100, 0.4, 60.0)
    with pytest.raises(InputError, match="dn must be"):
        found.mean_effect(-1)
    with pytest.raises(InputError, match="worth must be"):
        found.rows_until(0)
    with pytest.raises(InputError, match="probability must lie between 0 and 1, got 1"):
        found.rows_until(1, probability=1)


def test_the_fit_tells_how_it_was_made(fitted: AcquisitionCurve) -> None:
    record = fitted.diagnostics
    assert (record["program"], record["seed"], record["divergences"]) == ("acquisition_curve", 1, 0)
    assert fitted.verdict.passed
    assert fitted.n_now == N_NOW
    assert fitted.phi.shape == fitted.lam.shape == fitted.effect(10).shape == (4000,)


def test_the_seed_decides_and_inputs_are_not_mutated(cells: AcquisitionCells) -> None:
    before = cells.u_now.copy(), cells.u_kept.copy(), cells.kept.copy()
    data = acquisition_data(cells)
    short: dict[str, Any] = {"chains": 1, "warmup": 100, "draws": 20}
    one, again, other = (
        sample(PROGRAM, data, seed=seed, **short).posterior["phi"].values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    for array, kept in zip((cells.u_now, cells.u_kept, cells.kept), before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize(
    ("effects", "orders", "said"),
    [
        (np.zeros((3, 1, 4)), 1, "at least 2 sub-ensembles, 2 row blocks"),
        (np.zeros((3, 4, 1)), 2, "at least 2 sub-ensembles, 2 row blocks"),
        (np.zeros((3, 4, 4)), 3, "divides that of the sub-ensembles, got 4, 4 and 3"),
        (np.full((3, 4, 4), np.nan), 2, "must be finite, got 48 of 48"),
        (np.full((3, 4, 4), 7.0), 2, r"not assessable .* \(mean changes 7, 7, 7 %\)"),
        (np.random.default_rng(1).normal(size=(3, 2, 2)), 2, "fewer than its 3 fits need"),
    ],
)
def test_cells_that_tell_nothing_are_refused(effects: Floats, orders: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        acquisition_data(cells_of(effects, orders))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": [50, 100, 400]}, "n"),
        ({"D": 4}, "D must divide J = 6, got 4"),
        ({"scale": -1.0}, "scale"),
        ({"V": 1}, "V"),
    ],
)
def test_data_out_of_bounds_are_refused_by_stan(
    change: dict[str, object], said: str, cells: AcquisitionCells
) -> None:
    with pytest.raises((InputError, RunError), match=said):
        sample(PROGRAM, acquisition_data(cells) | change, seed=1, chains=1)

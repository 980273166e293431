"""Shares of functions whose shares are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.baseline import baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.epistemic import split_uncertainty
from tasks.attribution.hierarchy import Hierarchy, single_columns
from tasks.attribution.members import SubEnsembles, single_members, split_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.attribution.shapley import shapley_values
from tasks.attribution.shares import OwenShares
from tasks.attribution.total_effects import total_effect, uncertainty_change

Array = NDArray[np.float64]
ALL_ORDERS = 254


def ishigami(rows: Array) -> Array:
    x1, x2, x3 = rows.T
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))[None]


def latin_hypercube(seed: int, n_rows: int = 40_000) -> Array:
    """Rows on (-pi, pi)^3 that fill each axis evenly: the sample's own error is small."""
    rng = np.random.default_rng(seed)
    cells = np.stack([rng.permutation(n_rows) for _ in range(3)], axis=1)
    return np.asarray(2 * np.pi * (cells + rng.random(cells.shape)) / n_rows - np.pi)


def shares_of(
    predict: object, rows: Array, members: SubEnsembles, hierarchy: Hierarchy, **settings: float
) -> OwenShares:
    n_rows = len(rows)
    return owen_shares(
        baseline(predict, rows, members),  # type: ignore[arg-type]
        hierarchy,
        np.zeros((len(hierarchy.features), n_rows), dtype=np.intp),
        np.arange(n_rows),
        np.zeros(n_rows, dtype=np.intp),
        np.random.default_rng(5),
        Precision(**settings),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def ishigami_game() -> Array:
    """Total effects of the 8 coalitions, as fractions of the variance 13.8446."""
    rows = latin_hypercube(1)
    base = baseline(ishigami, rows, single_members(1))
    game = np.zeros((8, 30))
    for repeat in range(30):
        rng = np.random.default_rng(100 + repeat)
        donors = donor_permutation(np.arange(len(rows)), np.zeros(len(rows), dtype=int), rng)
        for coalition in range(1, 8):
            features = [player for player in range(3) if coalition >> player & 1]
            game[coalition, repeat] = total_effect(base, features, donors).mean()
    return game


def assert_close(estimates: Array, exact: object) -> None:
    """Within 4 standard errors of the mean over repeats, plus the finite sample's own 0.5 %."""
    error = estimates.std(axis=-1, ddof=1) / np.sqrt(estimates.shape[-1])
    assert (np.abs(estimates.mean(axis=-1) - np.asarray(exact)) < 4 * error + 0.005).all()
    assert (error < 0.004).all()


VARIANCE = 13.8446


def test_variance_of_ishigami(ishigami_game: Array) -> None:
    assert_close(ishigami_game[7] / VARIANCE, 1.0)


def test_total_effects_of_ishigami(ishigami_game: Array) -> None:
    assert_close(ishigami_game[[1, 2, 4]] / VARIANCE, [0.5576, 0.4424, 0.2437])


def test_single_effects_of_ishigami_are_what_the_others_leave(ishigami_game: Array) -> None:
    singles = ishigami_game[7] - ishigami_game[[6, 5, 3]]
    assert_close(singles / VARIANCE, [0.3139, 0.4424, 0.0])


def test_no_sum_of_effects_but_the_shapley_one_is_the_variance(ishigami_game: Array) -> None:
    """What all but one feature explain sums to 1.756 Var f, the total effects to 1.2437."""
    totals = ishigami_game[[1, 2, 4]]
    assert_close((ishigami_game[7] - totals).sum(axis=0) / VARIANCE, 1.7563)
    assert_close(totals.sum(axis=0) / VARIANCE, 1.2437)
    np.testing.assert_allclose(shapley_values(ishigami_game).sum(axis=0), ishigami_game[7])


def test_shapley_effects_of_ishigami(ishigami_game: Array) -> None:
    assert_close(shapley_values(ishigami_game) / VARIANCE, [0.4357, 0.4424, 0.1218])


@pytest.mark.parametrize("most_coalitions", [0, ALL_ORDERS])
def test_owen_shares_of_ishigami(most_coalitions: int) -> None:
    hierarchy = Hierarchy({"a": {"x1": (0,), "x3": (2,)}, "b": {"x2": (1,)}})
    shares = shares_of(
        ishigami,
        latin_hypercube(2, 10_000),
        single_members(1),
        hierarchy,
        error=0.001,
        most_rounds=60,
        most_coalitions=most_coalitions,
    )
    tables, columns = shares.tables, shares.columns
    assert shares.every_order == (most_coalitions > 0)
    assert columns.names == (("a", "x1"), ("a", "x3"), ("b", "x2"))
    near = 4 * tables.fraction_errors + 0.01
    assert (np.abs(tables.fractions - [0.5576, 0.4424]) < near).all()
    near = 4 * columns.fraction_errors + 0.01
    assert (np.abs(columns.fractions - [0.4357, 0.1218, 0.4424]) < near).all()
    assert shares.total.values == pytest.approx(VARIANCE, rel=0.02)


def interacting(seed: int, n_members: int) -> tuple[Array, object]:
    """f_b = a_b x1 + c_b x2 + e_b x1 x2 with intercepts; coefficients (4, B)."""
    coefficients = np.random.default_rng(seed).normal(size=(4, n_members))

    def predict(rows: Array) -> Array:
        a, c, e, intercept = coefficients[:, :, None]
        x1, x2 = rows.T
        return np.asarray(a * x1 + c * x2 + e * x1 * x2 + intercept)

    return coefficients, predict


@pytest.mark.parametrize("n_groups", [1, 3])
def test_shares_of_two_interacting_features(n_groups: int) -> None:
    coefficients, predict = interacting(3, 12)
    rows = np.random.default_rng(4).normal(size=(20_000, 2))
    shares = shares_of(
        predict,
        rows,
        split_members(12, n_groups),
        single_columns({"x1": (0,), "x2": (1,)}),
        error=0.001,
        most_rounds=100,
    )
    var = coefficients.reshape(4, n_groups, -1).var(axis=2, ddof=1).mean(axis=1)
    exact = np.array([var[0] + var[2] / 2, var[1] + var[2] / 2])
    assert (np.abs(shares.tables.values - exact) < 4 * shares.tables.errors + 0.03 * exact).all()
    per_ensemble = shares.gains.mean(axis=1)
    within = coefficients.reshape(4, n_groups, -1).var(axis=2, ddof=1)
    np.testing.assert_allclose(per_ensemble[0], within[0] + within[2] / 2, rtol=0.06)


def test_mean_uncertainty_is_intercept_disagreement_and_shares() -> None:
    coefficients, predict = interacting(7, 10)
    rows = np.random.default_rng(8).normal(size=(4000, 2))
    members = split_members(10)
    split = split_uncertainty(predict(rows), members)  # type: ignore[operator]
    np.testing.assert_allclose(split.total, split.intercept + split.variation, rtol=1e-12)
    assert split.intercept[0] == pytest.approx(coefficients[3].var(ddof=1), rel=0.2)
    shares = shares_of(
        predict,
        rows,
        members,
        single_columns({"x1": (0,), "x2": (1,)}),
        error=0.0015,
        most_rounds=200,
    )
    difference = abs(shares.total.values[0] - split.variation[0] * 4000 / 3999)
    assert difference < 4 * shares.total.errors[0]
    assert shares.total.errors[0] < 0.01 * split.variation[0]


def test_mean_uncertainty_does_not_change_where_an_important_feature_is_permuted() -> None:
    """The folklore trap: x1 has a share of Var a + Var e / 2, and a mean change of 0."""
    coefficients, predict = interacting(9, 10)
    changes, effects = [], []
    for repeat in range(200):
        rng = np.random.default_rng(repeat)
        rows = rng.normal(size=(200, 2))
        donors = donor_permutation(np.arange(200), np.zeros(200, dtype=int), rng)
        base = baseline(predict, rows, split_members(10))  # type: ignore[arg-type]
        changes.append(uncertainty_change(base, [0], donors).mean())
        effects.append(total_effect(base, [0], donors).mean())
    exact = coefficients[0].var(ddof=1) + coefficients[2].var(ddof=1)
    error = np.std(changes, ddof=1) / np.sqrt(len(changes))
    assert abs(np.mean(changes)) < 4 * error < 0.1 * exact
    assert np.mean(effects) == pytest.approx(exact, rel=0.1)


def test_a_duplicated_feature_shares_equally_what_both_hold() -> None:
    """f = a (x1 + x2) with x2 = x1: c({x1}) = Var a, c(both) = 4 Var a, so each has 2 Var a."""
    slopes = np.random.default_rng(1).normal(size=8)

    def predict(rows: Array) -> Array:
        return np.asarray(slopes[:, None] * (rows[:, 0] + rows[:, 1]))

    x = np.random.default_rng(2).normal(size=5000)
    shares = shares_of(
        predict,
        np.column_stack([x, x]),
        split_members(8),
        single_columns({"x1": (0,), "x2": (1,)}),
        error=0.0025,
        most_rounds=60,
    )
    exact = 2 * slopes.var(ddof=1) * x.var(ddof=1)
    assert (np.abs(shares.tables.values - exact) < 4 * shares.tables.errors).all()


def test_features_that_cancel_have_total_effects_and_no_shares() -> None:
    """f = a (x1 - x2) with x2 = x1 is constant on the data: c(x1) = c(x2) = Var a, c(both) = 0."""
    slopes = np.random.default_rng(1).normal(size=8)

    def predict(rows: Array) -> Array:
        return np.asarray(slopes[:, None] * (rows[:, 0] - rows[:, 1]))

    x = np.random.default_rng(2).normal(size=2000)
    rows = np.column_stack([x, x])
    shares = shares_of(
        predict, rows, split_members(8), single_columns({"x1": (0,), "x2": (1,)}), most_rounds=20
    )
    np.testing.assert_allclose(shares.tables.values, 0, atol=1e-12)
    donors = donor_permutation(np.arange(2000), np.zeros(2000, dtype=int), np.random.default_rng(3))
    base = baseline(predict, rows, split_members(8))
    exact = slopes.var(ddof=1)
    for feature in (0, 1):
        assert total_effect(base, [feature], donors).mean() == pytest.approx(exact, rel=0.15)


def test_three_classes_add_up() -> None:
    """Label-wise: the effect of a class target is the sum of its classes' as regressions."""
    weights = np.random.default_rng(1).normal(size=(6, 4, 3))

    def predict(rows: Array) -> Array:
        odds = np.exp(np.einsum("np,bpc->bnc", rows, weights))
        return np.asarray(odds / odds.sum(axis=2, keepdims=True))

    rows = np.random.default_rng(2).normal(size=(300, 4))
    hierarchy = Hierarchy({"a": {"1": (0,), "2": (3,)}, "b": {"1": (1, 2)}})
    members = split_members(6, 2)
    shares = shares_of(predict, rows, members, hierarchy, most_rounds=8)
    separate = [
        shares_of(lambda x, c=c: predict(x)[:, :, c], rows, members, hierarchy, most_rounds=8)
        for c in range(3)
    ]
    assert shares.gains.shape == (3, 300, 2)
    np.testing.assert_allclose(shares.gains, sum(s.gains for s in separate), atol=1e-12)
    assert (shares.tables.values > 0.01).all()

"""The Stan program against dense linear algebra, and against a program that integrates nothing."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.attribution.cells import draw_of_cells
from tasks.bayes.posterior_diagnostics import check
from tasks.bayes.stan_model import sample
from tasks.domain import Node
from tasks.errors import InputError, RunError
from tasks.inference.effects import EffectsFit, sample_effects
from tasks.inference.effects_data import effects_data, overall_sd
from tasks.inference.pooling_tree import canonical_order, level_index, pooling_tree
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.locations import resource

Floats = npt.NDArray[np.float64]

PROGRAM = resource("stan", "intervention_effects.stan")
DIRECT = Path(__file__).parent / "programs" / "effects_direct.stan"
MOST_STANDARD_ERRORS = 4.5
POINTS = 5

Fitted = tuple[ReplicateCells, az.InferenceData]


def draws_of(fit: az.InferenceData, name: str, group: str = "posterior") -> Floats:
    values = fit[group][name].values
    return np.asarray(values.reshape(-1, *values.shape[2:]))


def some_draws(fit: az.InferenceData, name: str, group: str = "posterior") -> Floats:
    values = draws_of(fit, name, group)
    return values[:: len(values) // POINTS]


@pytest.fixture(scope="module", params=["crossed", "nested"])
def design(
    request: pytest.FixtureRequest,
    cells: ReplicateCells,
    fitted: EffectsFit,
    nested_cells: ReplicateCells,
) -> Fitted:
    """Cells of both designs and draws from their posterior."""
    if request.param == "crossed":
        return cells, fitted.fit
    fit = sample_effects(nested_cells, seed=1, warmup=500, draws=500, chains=2, adapt_delta=0.9)
    return nested_cells, fit


def loadings(actions: tuple[Action, ...], fraction: Floats) -> tuple[Floats, Floats]:
    """Effects as sums of deviations: weights (K, D), and which sigma each deviation has (D,)."""
    tables = sorted({action.node.table for action in actions})
    n_tables, n_actions = len(tables), len(actions)
    rows = np.zeros((n_actions, n_tables + n_actions))
    level = np.array([level_index(action) for action in actions])
    alone = fraction == 0  # no part of its table's action
    for k in np.argsort(level, kind="stable"):
        node = actions[k].node
        table = tables.index(node.table)
        rows[k, n_tables + k] = 1
        if node.range:
            column = actions.index(Action(node.parent, actions[k].intervention))
            rows[k] += fraction[k] * rows[column]
        elif not alone[k]:
            rows[k, table] = 1
            single = sum(a.node.table == node.table and not a.node.column for a in actions) == 1
            rows[k, n_tables + k] = node.column != "" or not single
    return rows, np.array([0] * n_tables + np.where(alone, 0, np.maximum(1, level)).tolist())


def draws_seen(n_a: int, n_r: int, nested: bool) -> npt.NDArray[np.intp]:
    """Which draw each cell sees."""
    if not nested:
        return draw_of_cells(n_a, n_r)
    return np.repeat(np.arange(n_a // 2), 2 * n_r).reshape(n_a, n_r)


def cell_covariance(
    a: float, r: float, s: float, e: float, shape: tuple[int, int], nested: bool
) -> Floats:
    """Of the cells of one action around its mean effect, row by row."""
    n_a, n_r = shape
    between = a**2 * np.kron(np.eye(n_a), np.ones((n_r, n_r)))
    within = r**2 * np.kron(np.ones((n_a, n_a)), np.eye(n_r))
    draws = draws_seen(n_a, n_r, nested).ravel()
    same_draw = s**2 * (draws[:, None] == draws)
    return np.asarray(between + within + same_draw + e**2 * np.eye(n_a * n_r))


def effect_covariance(cells: ReplicateCells, sigma: Floats) -> Floats:
    rows, which = loadings(cells.actions, cells.row_fraction)
    return np.asarray((rows * sigma[which] ** 2) @ rows.T)


def test_the_likelihood_is_the_density_of_the_cells(design: Fitted) -> None:
    cells, fit = design
    n_actions, *shape = cells.effects.shape
    names = ("mean_effect", "sigma_a", "sigma_r", "sigma_s", "sigma_e")
    effect, a, r, d, e = (some_draws(fit, name) for name in names)
    expected = [
        [
            stats.multivariate_normal.logpdf(
                cells.effects[k].ravel(),
                np.full(math.prod(shape), effect[s, k]),
                cell_covariance(
                    a[s, k], r[s, k], d[s, k], e[s, k], (shape[0], shape[1]), cells.nested
                ),
            )
            for k in range(n_actions)
        ]
        for s in range(POINTS)
    ]
    found = some_draws(fit, "log_lik", "log_likelihood")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


def test_the_likelihood_factorizes_into_normal_and_chi_squares(design: Fitted) -> None:
    """Differences of log likelihood between draws are those of the sufficient statistics."""
    cells, fit = design
    order = canonical_order(cells.actions)
    actions = [cells.actions[k] for k in order]
    tree = pooling_tree(actions, cells.row_fraction[order])
    data = effects_data(actions, cells.effects[order], tree, nested=cells.nested)
    n_a, n_r = data["J"], data["V"]
    n_draws, drawn = data["D"], data["drawn"]
    assert n_draws == 4
    assert data["nested"] == cells.nested
    assert 0 < drawn.sum() < len(drawn)
    effect, a, r, d, e = (
        some_draws(fit, name)[:, order]
        for name in ("mean_effect", "sigma_a", "sigma_r", "sigma_s", "sigma_e")
    )
    variance = a**2 / n_a + r**2 / n_r + d**2 / n_draws + e**2 / (n_a * n_r)
    expected = stats.norm.logpdf(data["y_mean"], effect, np.sqrt(variance))
    of_draws, of_a = (n_draws - 1) * drawn, n_r * a**2 + e**2
    for squares, scale, freedom in (
        (data["ss_a"], of_a, n_a - 1 - (of_draws if cells.nested else 0)),
        (data["ss_r"], n_a * r**2 + e**2, n_r - 1),
        (data["ss_e"], e**2, (n_a - 1) * (n_r - 1) - (0 if cells.nested else of_draws)),
    ):
        expected += stats.chi2.logpdf(squares, freedom, scale=scale)
    scale = n_a * n_r / n_draws * d**2 + (of_a if cells.nested else e**2)
    between = stats.chi2.logpdf(data["ss_s"], n_draws - 1, scale=scale)
    expected += np.where(drawn == 1, between, 0)
    found = some_draws(fit, "log_lik", "log_likelihood")[:, order]
    np.testing.assert_allclose(np.diff(found, axis=0), np.diff(expected, axis=0), atol=1e-7)


def test_no_constant_is_dropped_from_the_joint_density(design: Fitted) -> None:
    """Priors, and all cells jointly normal with effects and random effects integrated out."""
    cells, fit = design
    n_actions, n_a, n_r = cells.effects.shape
    freedom = (n_a - 1) * (n_r - 1) - (0 if cells.nested else 3 * cells.drawn)
    freedom = np.broadcast_to(freedom, n_actions)
    level = np.array([level_index(action) for action in cells.actions])
    names = ["sigma_scaled", "location", "spread", "eta_a", "eta_r", "eta_s", "log_sigma_e"]
    names += ["sigma", "sigma_a", "sigma_r", "sigma_s", "sigma_e"]
    drawn = {name: some_draws(fit, name) for name in names}
    found = some_draws(fit, "lp", "sample_stats")
    for s, log_joint in enumerate(found):
        at = {name: values[s] for name, values in drawn.items()}
        covariance = np.kron(effect_covariance(cells, at["sigma"]), np.ones((n_a * n_r,) * 2))
        for k in range(n_actions):
            block = slice(k * n_a * n_r, (k + 1) * n_a * n_r)
            sds = at["sigma_a"][k], at["sigma_r"][k], at["sigma_s"][k], at["sigma_e"][k]
            covariance[block, block] += cell_covariance(*sds, (n_a, n_r), cells.nested)
        location_e = math.log(overall_sd(cells.effects)) + at["location"][level, 3]
        densities = (
            stats.lognorm.logpdf(at["sigma_scaled"], [0.5, 0.75, 0.75]),
            stats.norm.logpdf(at["location"][:, :2]),
            stats.norm.logpdf(at["location"][:, 2], -2.5 if cells.nested else -1, 1),
            stats.norm.logpdf(at["location"][:, 3], -1, 2),
            stats.halfnorm.logpdf(at["spread"][:, :3]),
            stats.lognorm.logpdf(at["spread"][:, 3], 0.5),
            stats.norm.logpdf(at["eta_a"]),
            stats.norm.logpdf(at["eta_r"]),
            stats.norm.logpdf(at["eta_s"]),
            stats.norm.logpdf(at["log_sigma_e"], location_e, at["spread"][level, 3]),
            stats.multivariate_normal.logpdf(cells.effects.ravel(), cov=covariance),
            np.log(at["sigma_scaled"]),  # Stan's parameters are unbounded: Jacobians
            np.log(at["spread"]),
            -0.5 * np.log(2 * freedom),
        )
        expected = sum(float(np.sum(density)) for density in densities)
        assert log_joint == pytest.approx(expected, abs=1e-6)


def standardized_effects(cells: ReplicateCells, fit: az.InferenceData) -> Floats:
    """Draws of the effects less their exact conditional mean, divided by the conditional sd."""
    n_a, n_r = cells.effects.shape[1:]
    names = ("mean_effect", "sigma", "sigma_a", "sigma_r", "sigma_s", "sigma_e")
    effect, sigma, a, r, d, e = (draws_of(fit, name) for name in names)
    error = a**2 / n_a + r**2 / n_r + d**2 / 4 + e**2 / (n_a * n_r)
    mean = cells.effects.mean(axis=(1, 2))
    standardized = np.empty_like(effect)
    for s in range(len(effect)):
        prior = effect_covariance(cells, sigma[s])
        gain = np.linalg.solve(prior + np.diag(error[s]), prior).T
        posterior = prior - gain @ prior
        root = np.linalg.cholesky(posterior)
        standardized[s] = np.linalg.solve(root, effect[s] - gain @ mean)
    return standardized


def worst_moment(standardized: Floats) -> float:
    """Largest distance of means, variances and correlations from 0, 1 and 0, in MC errors."""
    count, size = standardized.shape
    second = standardized.T @ standardized / count - np.eye(size)
    error = np.sqrt((1 + np.eye(size)) / count)
    means = np.abs(standardized.mean(axis=0)) * math.sqrt(count)
    return float(max(means.max(), np.abs(second / error).max()))


def test_effects_are_drawn_from_their_exact_conditional(design: Fitted) -> None:
    assert worst_moment(standardized_effects(*design)) < MOST_STANDARD_ERRORS


def test_another_tree_is_told_from_this_one(cells: ReplicateCells, fitted: EffectsFit) -> None:
    """Control: a fraction off by a third shows."""
    fraction = np.where(cells.row_fraction < 1, cells.row_fraction / 1.5, 1)
    other = replace(cells, row_fraction=fraction)
    assert worst_moment(standardized_effects(other, fitted.fit)) > 2 * MOST_STANDARD_ERRORS


def test_the_real_repair_is_one_more_draw(cells: ReplicateCells, fitted: EffectsFit) -> None:
    mean, effect, sd = (
        draws_of(fitted.fit, name)[:, cells.drawn] for name in ("mean_effect", "effect", "sigma_s")
    )
    assert worst_moment((effect - mean) / sd) < MOST_STANDARD_ERRORS
    for name in ("mean_effect", "effect"):
        fixed = draws_of(fitted.fit, name)[:, ~cells.drawn]
        np.testing.assert_array_equal(fixed, draws_of(fitted.fit, "effect")[:, ~cells.drawn])
    np.testing.assert_array_equal(draws_of(fitted.fit, "sigma_s")[:, ~cells.drawn], 0)
    np.testing.assert_array_equal(fitted.draws, draws_of(fitted.fit, "effect"))


@dataclass(frozen=True)
class Small:
    actions: tuple[Action, ...]
    effects: Floats
    fraction: Floats
    nested: bool

    @property
    def data(self) -> dict[str, Any]:
        """Of both programs."""
        assert canonical_order(self.actions).tolist() == [0, 1, 2, 3, 4]
        tree = pooling_tree(self.actions, self.fraction)
        return effects_data(self.actions, self.effects, tree, nested=self.nested) | {
            "y": self.effects,
            "draw": draws_seen(self.effects.shape[1], self.effects.shape[2], self.nested) + 1,
        }


def make_small(n_a: int, *, nested: bool) -> Small:
    """A table, a column that is a part of it and one that is none, two ranges: noisy cells."""

    def mend(intervention: str = "correct", **names: str) -> Action:
        return Action(Node(table="t", **names), intervention)

    columns = mend(column="c"), mend("reduce_variance", column="d")
    ranges = mend(column="c", range="a"), mend(column="c", range="b")
    rng = np.random.default_rng(3)
    effects = np.array([-5.0, -7.0, 1.0, -2.0, -6.0])[:, None, None]
    effects = effects + rng.normal(0, 2, (5, n_a, 1)) + rng.normal(0, 2, (5, 1, 4))
    effects = effects + rng.normal(0, 4, (5, n_a, 4))
    draws = rng.normal(0, 3, (5, 4)) * [[1], [1], [0], [1], [1]]
    effects = effects + draws[:, draws_seen(n_a, 4, nested)]
    return Small((mend(), *columns, *ranges), effects, np.array([1, 1, 0, 0.4, 0.6]), nested)


@pytest.fixture(scope="module")
def small() -> Small:
    return make_small(4, nested=False)


@pytest.fixture(scope="module")
def small_nested() -> Small:
    return make_small(8, nested=True)


def worst_gap(one: az.InferenceData, two: az.InferenceData) -> float:
    """Largest distance between both moments of two fits, in Monte Carlo errors."""
    gaps = []
    for name in ("mean_effect", "sigma", "sigma_a", "sigma_r", "sigma_s", "sigma_e"):
        for power in (1, 2):
            moments = [fit.posterior[name] ** power for fit in (one, two)]
            errors = [az.mcse(values, method="mean")[name].values for values in moments]
            means = [values.mean(("chain", "draw")).values for values in moments]
            moves = np.hypot(*errors) > 0  # an sd between draws is 0 where nothing is drawn
            gaps.append(np.abs(means[0] - means[1])[moves] / np.hypot(*errors)[moves])
    return float(np.concatenate(gaps).max())


def fit_directly(small: Small) -> az.InferenceData:
    return sample(DIRECT, small.data, seed=2, chains=2, warmup=500, draws=1000, adapt_delta=0.95)


@pytest.fixture(scope="module")
def direct_fit(small: Small) -> az.InferenceData:
    return fit_directly(small)


@pytest.fixture(scope="module")
def direct_nested_fit(small_nested: Small) -> az.InferenceData:
    return fit_directly(small_nested)


def test_a_program_that_integrates_nothing_agrees(
    small: Small, direct_fit: az.InferenceData
) -> None:
    integrated = sample(PROGRAM, small.data, seed=1, adapt_delta=0.9)
    assert check(integrated).passed
    assert worst_gap(integrated, direct_fit) < MOST_STANDARD_ERRORS


def test_it_agrees_where_sub_ensembles_are_nested_in_draws(
    small_nested: Small, direct_nested_fit: az.InferenceData
) -> None:
    integrated = sample(PROGRAM, small_nested.data, seed=1, adapt_delta=0.9)
    assert check(integrated).passed
    assert worst_gap(integrated, direct_nested_fit) < MOST_STANDARD_ERRORS


def test_sub_ensembles_are_told_from_blocks(small: Small, direct_fit: az.InferenceData) -> None:
    """Control: the comparison has the power to fail."""
    data = small.data
    swapped = sample(
        PROGRAM, data | {"ss_a": data["ss_r"], "ss_r": data["ss_a"]}, seed=1, adapt_delta=0.9
    )
    assert worst_gap(swapped, direct_fit) > 2 * MOST_STANDARD_ERRORS


def test_nested_draws_are_told_from_crossed_ones(
    small_nested: Small, direct_nested_fit: az.InferenceData
) -> None:
    """Control: sums of squares of one design, read as those of the other."""
    other = sample(PROGRAM, small_nested.data | {"nested": 0}, seed=1, adapt_delta=0.9)
    assert worst_gap(other, direct_nested_fit) > 2 * MOST_STANDARD_ERRORS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"J": 1}, "J"),
        ({"scale": -1.0}, "scale"),
        ({"nested": 2}, "nested"),
        ({"ss_a": [-1.0, 1, 1, 1, 1]}, "ss_a"),
        ({"level": [4, 1, 1, 1, 1]}, "level"),
        ({"parent": [0, 1, 1, 2, 5]}, r"parent\[5\] must come before its child, got 5"),
        ({"fraction": [1, 1, 1, 0.5, 1.5]}, "fraction"),
    ],
)
def test_data_out_of_bounds_are_refused_by_stan(
    change: dict[str, object], said: str, small: Small
) -> None:
    with pytest.raises((InputError, RunError), match=said):
        sample(PROGRAM, small.data | change, seed=1, chains=1)

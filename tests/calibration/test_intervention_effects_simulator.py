"""Prior, cells and likelihood of the effects model."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.attribution.cells import draw_of_cells
from tasks.attribution.crossed import crossed_statistics
from tasks.calibration.simulators.effects_design import default_design, effects_design
from tasks.calibration.simulators.intervention_effects import InterventionEffects

Floats = npt.NDArray[np.float64]
Named = dict[str, Floats]

LEAST_P = 1e-3
MOST_STANDARD_ERRORS = 4.0
DRAWS = 8000
SCALE = 5.0
J = V = 8


def columns_of(rows: list[Named]) -> Named:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def nested_design() -> dict[str, Any]:
    """The default one, with four draws that two sub-ensembles each are fitted to."""
    return default_design() | {"nested": 1, "D": 4}


@pytest.fixture(scope="module", params=["crossed", "nested"])
def model(request: pytest.FixtureRequest) -> InterventionEffects:
    return InterventionEffects(default_design() if request.param == "crossed" else nested_design())


@pytest.fixture(scope="module")
def prior(model: InterventionEffects) -> Named:
    rng = np.random.default_rng(1)
    return columns_of([model.draw_parameters(rng) for _ in range(DRAWS)])


def follows(values: Floats, law: Any) -> bool:
    return bool(stats.kstest(values, law.cdf).pvalue > LEAST_P)


def test_the_default_design_has_every_kind_of_action() -> None:
    design = default_design()
    assert (design["K"], design["J"], design["V"], design["D"]) == (12, J, V, 8)
    assert design["nested"] == 0
    assert design["drawn"].sum() == 6
    assert np.bincount(design["level"]).tolist() == [0, 3, 5, 4]
    tables_with_an_action = set(design["node"]) & set(range(1, design["T"] + 1))
    assert len(tables_with_an_action) == 1  # the others have none, or two
    ranges = design["fraction"] < 1
    assert sorted(design["fraction"][ranges]) == [0.3, 0.4, 0.6, 0.7]
    assert (design["pooled_by"][ranges] == 3).all()


def test_sds_between_effects_are_lognormal_by_level(prior: Named) -> None:
    for level, (unit, log_sd) in enumerate(((2.5, 0.5), (2.0, 0.75), (1.5, 0.75))):
        assert follows(prior["sigma"][:, level], stats.lognorm(log_sd, scale=SCALE * unit))


def test_locations_and_spreads_have_their_priors(model: InterventionEffects, prior: Named) -> None:
    """Draws that members are fitted to differ by far less than the members do."""
    of_draws = stats.norm(-2.5 if model.design["nested"] else -1, 1)
    for level in range(3):
        for part, law in enumerate(
            (stats.norm(0, 1), stats.norm(0, 1), of_draws, stats.norm(-1, 2))
        ):
            assert follows(prior["location"][:, level, part], law)
        for part in range(3):
            assert follows(prior["spread"][:, level, part], stats.halfnorm())
        assert follows(prior["spread"][:, level, 3], stats.lognorm(0.5))


def test_sds_of_cells_are_pooled_over_their_level(model: InterventionEffects, prior: Named) -> None:
    level = model.design["level"] - 1
    at = prior["location"][:, level], prior["spread"][:, level]
    drawn = model.design["drawn"] == 1
    log_e = np.log(prior["sigma_e"])
    for part, name in enumerate(("sigma_a", "sigma_r", "sigma_s")):
        with np.errstate(divide="ignore"):
            ratio = np.log(prior[name]) - log_e
        z = (ratio - at[0][..., part]) / at[1][..., part]
        assert follows(z[:, drawn].ravel(), stats.norm())
        if name == "sigma_s":
            assert (prior[name][:, ~drawn] == 0).all()
        else:
            assert follows(z[:, ~drawn].ravel(), stats.norm())
    z = (log_e - math.log(SCALE) - at[0][..., 3]) / at[1][..., 3]
    assert follows(z.ravel(), stats.norm())
    off_diagonal = np.corrcoef(z.T) - np.eye(12)
    assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)


def standardized(model: InterventionEffects, prior: Named, fraction: Floats) -> Floats:
    """Deviations of the actions below a measured parent, in units of the sd that ties them."""
    design = model.design
    action_of = {node: k for k, node in enumerate(design["node"])}
    found = []
    for k, node in enumerate(design["node"]):
        parent, tied_by = design["parent"][node - 1], design["pooled_by"][node - 1] - 1
        if parent in action_of:
            above = fraction[node - 1] * prior["mean_effect"][:, action_of[parent]]
            found.append((prior["mean_effect"][:, k] - above) / prior["sigma"][:, tied_by])
    return np.array(found)


def test_an_effect_is_centred_at_its_part_of_its_column(
    model: InterventionEffects, prior: Named
) -> None:
    z = standardized(model, prior, model.design["fraction"])
    assert len(z) == 6  # two ranges of two columns each, two columns of a table with an action
    assert all(follows(one, stats.norm()) for one in z)
    off_diagonal = np.corrcoef(z) - np.eye(len(z))
    assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)


def test_an_effect_that_is_no_part_of_another_is_centred_at_zero(
    model: InterventionEffects, prior: Named
) -> None:
    roots = [
        k for k, node in enumerate(model.design["node"]) if model.design["parent"][node - 1] == 0
    ]
    assert model.design["level"][roots].tolist() == [1, 2]  # a table, and a column's
    z = prior["mean_effect"][:, roots] / prior["sigma"][:, [0]]
    assert follows(z.ravel(), stats.norm())


def test_another_fraction_is_told_from_this_one(model: InterventionEffects, prior: Named) -> None:
    """Control: the comparison has the power to fail."""
    z = standardized(model, prior, np.ones(model.design["N"]))
    assert not all(follows(one, stats.norm()) for one in z)


def test_tables_are_centred_at_nothing(model: InterventionEffects, prior: Named) -> None:
    z = prior["table_effect"] / prior["sigma"][:, :1]
    assert all(follows(one, stats.norm()) for one in z.T)
    alone = np.flatnonzero(model.design["node"] <= model.design["T"])
    table = model.design["node"][alone] - 1
    np.testing.assert_array_equal(prior["mean_effect"][:, alone], prior["table_effect"][:, table])


def test_actions_under_a_latent_table_share_its_effect(
    model: InterventionEffects, prior: Named
) -> None:
    parent = model.design["parent"][model.design["node"] - 1]
    latent = set(range(1, model.design["T"] + 1)) - set(model.design["node"])
    under = [k for k in range(12) if parent[k] in latent]
    assert len(under) == 4
    for k in under:
        above = prior["table_effect"][:, parent[k] - 1]
        z = (prior["mean_effect"][:, k] - above) / prior["sigma"][:, 1]
        assert follows(z, stats.norm())


def test_the_real_repair_is_one_more_draw(model: InterventionEffects, prior: Named) -> None:
    drawn = model.design["drawn"] == 1
    step = prior["effect"] - prior["mean_effect"]
    assert (step[:, ~drawn] == 0).all()
    z = step[:, drawn] / prior["sigma_s"][:, drawn]
    assert follows(z.ravel(), stats.norm())
    off_diagonal = np.corrcoef(z.T) - np.eye(6)
    assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / math.sqrt(DRAWS)


@pytest.fixture(scope="module")
def truth(model: InterventionEffects) -> Named:
    """Sds of cells far apart, so that none can stand for another."""
    rng = np.random.default_rng(2)
    values = {name: np.exp(rng.normal(0, 1, 12)) for name in ("sigma_a", "sigma_r", "sigma_e")}
    sigma_s = model.design["drawn"] * np.exp(rng.normal(0, 1, 12))
    return {**values, "sigma_s": sigma_s, "mean_effect": rng.normal(0, 10, 12)}


@pytest.fixture(scope="module")
def replications(model: InterventionEffects, truth: Named) -> Named:
    rng = np.random.default_rng(3)
    names = "y_mean", "ss_a", "ss_r", "ss_s", "ss_e"
    data = [model.draw_data(truth, rng) for _ in range(3000)]
    return {name: np.array([one[name] for one in data]) for name in names}


def test_means_of_cells_vary_as_the_design_says(
    model: InterventionEffects, truth: Named, replications: Named
) -> None:
    a, r, s, e = (truth[f"sigma_{part}"] ** 2 for part in ("a", "r", "s", "e"))
    sd = np.sqrt(a / J + r / V + s / model.design["D"] + e / (J * V))
    z = (replications["y_mean"] - truth["mean_effect"]) / sd
    assert all(follows(one, stats.norm()) for one in z.T)


def test_sums_of_squares_are_scaled_chi_squares(
    model: InterventionEffects, truth: Named, replications: Named
) -> None:
    a, r, s, e = (truth[f"sigma_{part}"] ** 2 for part in ("a", "r", "s", "e"))
    nested, n_draws = model.design["nested"] == 1, model.design["D"]
    of_draws = (n_draws - 1) * (model.design["drawn"] == 1)
    for name, freedom, scale in (
        ("ss_a", J - 1 - nested * of_draws, V * a + e),
        ("ss_r", np.full(12, V - 1), J * r + e),
        ("ss_s", of_draws, J * V / n_draws * s + (V * a + e if nested else e)),
        ("ss_e", (J - 1) * (V - 1) - (not nested) * of_draws, e),
    ):
        for k in range(12):
            values = replications[name][:, k] / scale[k]
            if freedom[k] == 0:
                assert (values == 0).all()
                continue
            law = stats.chi2(freedom[k])
            assert follows(values, law)
            error = math.sqrt(2 * freedom[k] / len(values))
            assert abs(values.mean() - freedom[k]) < MOST_STANDARD_ERRORS * error


def test_statistics_are_independent(replications: Named) -> None:
    for k in (0, 11):
        values = [replications[name][:, k] for name in ("y_mean", "ss_a", "ss_r", "ss_e")]
        off_diagonal = np.corrcoef(values) - np.eye(4)
        assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / math.sqrt(3000)


def draws_seen(model: InterventionEffects) -> npt.NDArray[np.intp]:
    """Which draw each cell sees, shape (J, V)."""
    n_a, n_r = model.design["J"], model.design["V"]
    if not model.design["nested"]:
        return draw_of_cells(n_a, n_r)
    return np.repeat(np.arange(n_a // 2), 2 * n_r).reshape(n_a, n_r)


def test_cells_that_see_one_draw_share_its_effect(model: InterventionEffects) -> None:
    """Nothing varies but the draws, and these alone where drawn: a Latin square, or nested."""
    nothing = dict.fromkeys(("mean_effect", "sigma_a", "sigma_r", "sigma_e"), np.zeros(12))
    truth = {**nothing, "sigma_s": model.design["drawn"]}
    cells = model.draw_cells(truth, np.random.default_rng(4))
    sees, n_draws = draws_seen(model), model.design["D"]
    drawn = model.design["drawn"] == 1
    assert (cells[~drawn] == 0).all()
    for one in cells[drawn]:
        by_draw = [np.unique(one[sees == d]) for d in range(n_draws)]
        assert [len(values) for values in by_draw] == [1] * n_draws
        assert len(np.unique(one)) == n_draws


def cell_log_density(model: InterventionEffects, at: Mapping[str, Floats], y: Floats) -> float:
    """Joint normal density of all cells, random effects integrated out by a dense covariance."""
    n_a, n_r = model.design["J"], model.design["V"]
    same_draw = np.zeros((n_a * n_r, n_a * n_r))
    if model.design["drawn"].any():
        draws = draws_seen(model).ravel()
        same_draw = np.equal.outer(draws, draws)
    total = 0.0
    for k in range(len(y)):
        covariance = (
            at["sigma_a"][k] ** 2 * np.kron(np.eye(n_a), np.ones((n_r, n_r)))
            + at["sigma_r"][k] ** 2 * np.kron(np.ones((n_a, n_a)), np.eye(n_r))
            + at["sigma_s"][k] ** 2 * same_draw
            + at["sigma_e"][k] ** 2 * np.eye(n_a * n_r)
        )
        mean = np.full(n_a * n_r, at["mean_effect"][k])
        total += float(stats.multivariate_normal.logpdf(y[k].ravel(), mean, covariance))
    return total


def with_cells(design: Mapping[str, Any], n_a: int, n_r: int, any_draws: bool) -> Any:
    many = n_a // 2 if design["nested"] else math.gcd(n_a, n_r)
    n_draws = many if any_draws else 1
    drawn = design["drawn"] * any_draws
    return effects_design({**design, "J": n_a, "V": n_r, "D": n_draws, "drawn": drawn})


@pytest.mark.parametrize(
    ("n_a", "n_r", "any_draws"), [(8, 8, True), (4, 6, True), (6, 3, True), (3, 5, False)]
)
@pytest.mark.parametrize("start", [default_design, nested_design])
def test_the_likelihood_is_the_joint_density_of_the_cells(
    start: Callable[[], dict[str, Any]], n_a: int, n_r: int, any_draws: bool
) -> None:
    """With more sub-ensembles than blocks and fewer, and where no action draws."""
    model = InterventionEffects(with_cells(start(), n_a, n_r, any_draws))
    rng = np.random.default_rng(5)
    y = model.draw_cells(model.draw_parameters(rng), rng)
    found = crossed_statistics(y, model.design["drawn"], nested=bool(model.design["nested"]))
    data = {
        **model.design,
        "y_mean": found.mean,
        "ss_a": found.ss_sub_ensembles,
        "ss_r": found.ss_blocks,
        "ss_s": found.ss_draws,
        "ss_e": found.ss_rest,
    }
    rows = [model.draw_parameters(rng) for _ in range(6)]
    expected = np.array([cell_log_density(model, row, y) for row in rows])
    found_density = model.log_likelihood(columns_of(rows), data)
    np.testing.assert_allclose(np.diff(found_density), np.diff(expected), rtol=1e-6)


def test_quantities_follow_the_lowest_mean(model: InterventionEffects) -> None:
    rng = np.random.default_rng(6)
    rows = [model.draw_parameters(rng) for _ in range(5)]
    draws, data = columns_of(rows), model.draw_data(rows[0], rng)
    found = model.quantities(draws, data)
    lowest = int(np.argmin(data["y_mean"]))
    np.testing.assert_array_equal(found["effect of the lowest mean"], draws["effect"][:, lowest])
    np.testing.assert_array_equal(found["lowest effect"], draws["effect"].min(axis=1))


def test_the_discrepancy_of_the_means_is_chi_square_at_the_truth(
    model: InterventionEffects, truth: Named, replications: Named
) -> None:
    draws = {name: np.array([value]) for name, value in truth.items()} | {
        "effect": np.array([truth["mean_effect"]])
    }
    found = [
        model.quantities(draws, {**model.design, "y_mean": y})["discrepancy of the means"][0]
        for y in replications["y_mean"]
    ]
    assert follows(np.array(found), stats.chi2(12))

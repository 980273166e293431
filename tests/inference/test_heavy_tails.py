"""Effects pooled by Student-t laws: the draws given the weights, and what heavy tails are for."""

import math
from collections.abc import Callable

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.domain import Node
from tasks.inference.effects import EffectsFit, fit_effects
from tasks.intervention.replicate_cells import Action, ReplicateCells

Floats = npt.NDArray[np.float64]
CellsOf = Callable[[list[Action], Floats, Floats], ReplicateCells]

SIBLINGS = [Action(Node(table="주문", column=name), "correct") for name in "abcdefghijkl"]
MEANS = np.array([-9.0, -10, -11, -9.5, -10.5, -10, -9, -8, -10, -11, -12, 20])
FAR = 11
SDS = np.full(12, 10.0)
MOST_STANDARD_ERRORS = 4.5


def draws_of(fit: az.InferenceData, name: str) -> Floats:
    values = fit.posterior[name].values
    return np.asarray(values.reshape(-1, *values.shape[2:]))


@pytest.fixture(scope="module")
def siblings(cells_of: CellsOf) -> ReplicateCells:
    """Twelve columns of a latent table, of which the last lies far out."""
    return cells_of(SIBLINGS, MEANS, SDS)


@pytest.fixture(scope="module")
def heavy(siblings: ReplicateCells) -> EffectsFit:
    return fit_effects(siblings, seed=1, heavy_tails=("column",))


def standardized(cells: ReplicateCells, fit: az.InferenceData, weight: Floats) -> Floats:
    """Draws of the effects less their exact conditional mean, divided by the conditional sd."""
    n_a, n_r = cells.effects.shape[1:]
    names = ("mean_effect", "sigma", "sigma_a", "sigma_r", "sigma_s", "sigma_e")
    effect, sigma, a, r, d, e = (draws_of(fit, name) for name in names)
    error = a**2 / n_a + r**2 / n_r + d**2 / 8 + e**2 / (n_a * n_r)
    mean = crossed_statistics(cells.effects).mean
    found = np.empty_like(effect)
    for s in range(len(effect)):
        prior = sigma[s, 0] ** 2 + np.diag(sigma[s, 1] ** 2 / weight[s])
        gain = np.linalg.solve(prior + np.diag(error[s]), prior).T
        root = np.linalg.cholesky(prior - gain @ prior)
        found[s] = np.linalg.solve(root, effect[s] - gain @ mean)
    return found


def worst_moment(found: Floats) -> float:
    """Largest distance of means, variances and correlations from 0, 1 and 0, in MC errors."""
    count, size = found.shape
    second = found.T @ found / count - np.eye(size)
    means = np.abs(found.mean(axis=0)) * math.sqrt(count)
    return float(max(means.max(), np.abs(second / np.sqrt((1 + np.eye(size)) / count)).max()))


def test_effects_are_drawn_from_their_conditional_given_the_weights(
    siblings: ReplicateCells, heavy: EffectsFit
) -> None:
    weight = draws_of(heavy.fit, "weight")
    assert worst_moment(standardized(siblings, heavy.fit, weight)) < MOST_STANDARD_ERRORS


def test_effects_without_their_weights_would_show(
    siblings: ReplicateCells, heavy: EffectsFit
) -> None:
    """Control: the comparison has the power to fail."""
    weight = np.ones_like(draws_of(heavy.fit, "weight"))
    assert worst_moment(standardized(siblings, heavy.fit, weight)) > 2 * MOST_STANDARD_ERRORS


def test_what_lies_far_out_stays_there_and_leaves_the_others_alone(
    siblings: ReplicateCells, heavy: EffectsFit
) -> None:
    normal = fit_effects(siblings, seed=1)
    assert heavy.draws[:, FAR].mean() > normal.draws[:, FAR].mean()
    spread = [draws_of(of.fit, "sigma")[:, 1].mean() for of in (heavy, normal)]
    assert spread[0] < 0.7 * spread[1]
    weight = draws_of(heavy.fit, "weight").mean(axis=0)
    assert weight[FAR] < 0.3 * weight[:FAR].min()
    assert np.median(draws_of(heavy.fit, "nu")) < 10  # 17 by its prior
    assert {"nu", "weight", "u"}.isdisjoint(normal.fit.posterior)


def test_weights_have_the_names_of_their_nodes(heavy: EffectsFit, cells: ReplicateCells) -> None:
    assert heavy.fit.posterior["weight"]["node"].values.tolist() == list(map(str, SIBLINGS))
    tables = fit_effects(cells, seed=1, heavy_tails=("table",)).fit.posterior["weight"]["node"]
    roots = ["items", "returns", "improve_quality 주문", "reduce items.weight"]
    assert tables.values.tolist() == roots

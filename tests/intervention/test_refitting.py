"""Members fitted anew: which rows each sees, the same random numbers, and scores by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, stats

from tasks.attribution.members import split_members
from tasks.errors import InputError
from tasks.intervention.refitting import SCORES, Recipe, Refitted, refit, row_scores
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.protocol import Ensemble

from .shop import Lines

Floats = npt.NDArray[np.float64]

SMALL = BoostingSettings(iterations=8, learning_rate=0.3, max_leaf_nodes=6, min_samples_leaf=5)
GROUPS, MEMBERS = 4, 8


def sample(seed: int = 1, n: int = 160) -> TrainingRows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    y = 2 * x[:, 0] + rng.normal(size=n)
    return TrainingRows(x, y, rng.integers(0, 40, n), None, ())


def recipe(**changes: Any) -> Recipe:
    start = Recipe("boosting", 3, split_members(MEMBERS, GROUPS), workers=1, settings=SMALL)
    return replace(start, **changes)


ROWS = sample()
NEW = sample(2, 30)


def test_members_fitted_to_one_set_are_those_of_the_first_fit() -> None:
    whole = fit_members(ROWS, "boosting", seed=3, members=MEMBERS, workers=1, settings=SMALL)
    found = refit(recipe(), [ROWS])
    assert len(found.parts) == 1
    assert found.parts[0].n_members == MEMBERS
    for j in range(GROUPS):
        by_hand = row_scores(whole.subset(range(2 * j, 2 * j + 2)), NEW.x, NEW.y)
        np.testing.assert_array_equal(found.scores(NEW.x, NEW.y)[:, j], by_hand)


@pytest.mark.parametrize("sets", [2, 4])
def test_the_same_rows_several_times_are_one_fit(sets: int) -> None:
    """Each part has the random numbers of its members in the whole ensemble."""
    one, several = refit(recipe(), [ROWS]), refit(recipe(), [ROWS] * sets)
    assert [part.n_members for part in several.parts] == [MEMBERS // sets] * sets
    found, expected = several.scores(NEW.x, NEW.y), one.scores(NEW.x, NEW.y)
    assert found.shape == (len(SCORES), GROUPS, len(NEW.y))
    np.testing.assert_array_equal(found, expected)


def test_sub_ensembles_of_unlike_sizes_keep_their_members() -> None:
    members = split_members(10, GROUPS)
    assert len(set(np.diff(members.bounds))) == 2
    one, two = (refit(recipe(members=members), [ROWS] * sets) for sets in (1, 2))
    np.testing.assert_array_equal(two.scores(NEW.x, NEW.y), one.scores(NEW.x, NEW.y))


def test_each_set_is_seen_by_its_own_sub_ensembles_alone() -> None:
    changed = replace(ROWS, x=ROWS.x + np.array([1.0, 0.0]))
    before, after = refit(recipe(), [ROWS, ROWS]), refit(recipe(), [ROWS, changed])
    same, other = before.scores(NEW.x, NEW.y), after.scores(NEW.x, NEW.y)
    np.testing.assert_array_equal(other[:, :2], same[:, :2])
    assert (other[:, 2:] != same[:, 2:]).any(axis=(0, 2)).all()


def test_rows_that_are_dropped_leave_the_other_entities_in_their_bags() -> None:
    """A member whose bag lacks the entity anyhow is the same without it."""
    gone = ROWS.entities != ROWS.entities[0]
    before, after = refit(recipe(), [ROWS]), refit(recipe(), [ROWS.take(gone)])
    same = [
        np.array_equal(one, two)
        for one, two in zip(
            before.parts[0].predict_members(NEW.x),
            after.parts[0].predict_members(NEW.x),
            strict=True,
        )
    ]
    assert 0 < sum(same) < MEMBERS  # an entity is out of a bag with probability 1 / e


def test_the_number_of_processes_changes_nothing_and_nothing_is_mutated() -> None:
    x, y = ROWS.x.copy(), ROWS.y.copy()
    one, two = (refit(recipe(workers=n), [ROWS, ROWS]) for n in (1, 2))
    np.testing.assert_array_equal(one.scores(NEW.x, NEW.y), two.scores(NEW.x, NEW.y))
    np.testing.assert_array_equal(ROWS.x, x)
    np.testing.assert_array_equal(ROWS.y, y)


@pytest.mark.parametrize("sets", [0, 3, 5, 8])
def test_sets_that_the_sub_ensembles_cannot_share_are_refused(sets: int) -> None:
    with pytest.raises(InputError, match=f"got 4 sub-ensembles for {sets} sets"):
        refit(recipe(), [ROWS] * sets)


def lines(n_members: int = 5, noise: float = 2.0, *, is_class: bool = False) -> Lines:
    weights = np.random.default_rng(4).normal(1, 0.4, (n_members, 2))
    return Lines(100 * weights if is_class else weights, is_class, noise)


def test_scores_of_a_regression_are_those_of_a_normal() -> None:
    members = lines()
    u, nll, crps, gap = row_scores(members, NEW.x, NEW.y)
    predictions = NEW.x @ members.weights.T
    mean, spread = predictions.mean(axis=1), predictions.var(axis=1, ddof=1)
    np.testing.assert_allclose(u, spread)
    law = stats.norm(mean, np.sqrt(spread + 2))
    np.testing.assert_allclose(nll, -law.logpdf(NEW.y))
    low, high = law.ppf(0.05), law.ppf(0.95)
    held = (low <= NEW.y) & (high >= NEW.y)
    assert 0 < held.sum() < len(held)
    np.testing.assert_allclose(gap, 0.9 - held)
    for row in range(3):
        one = stats.norm(mean[row], np.sqrt(spread[row] + 2))
        left, _ = integrate.quad(lambda t, one=one: one.cdf(t) ** 2, -60, NEW.y[row])
        right, _ = integrate.quad(lambda t, one=one: one.sf(t) ** 2, NEW.y[row], 60)
        assert crps[row] == pytest.approx(left + right, rel=1e-5)


def test_scores_of_classes_are_those_of_the_mean_probabilities() -> None:
    members, codes = lines(is_class=True), (NEW.y > 0).astype(np.int64)
    u, nll, score, gap = row_scores(members, NEW.x, codes)
    p = 1 / (1 + np.exp(-NEW.x @ members.weights.T / 100))
    mean = p.mean(axis=1)
    np.testing.assert_allclose(u, 2 * p.var(axis=1, ddof=1))
    np.testing.assert_allclose(nll, -np.log(np.where(codes == 1, mean, 1 - mean)))
    np.testing.assert_allclose(score, 2 * np.square(codes - mean))
    likeliest = np.maximum(mean, 1 - mean)
    hit = (mean > 0.5) == (codes == 1)
    assert 0 < hit.sum() < len(hit)
    np.testing.assert_allclose(gap, likeliest - hit)


@pytest.mark.parametrize(("noise", "sign"), [(0.09, 1), (9.0, -1), (1.0, 0)])
def test_the_gap_tells_predictions_that_are_too_sure(noise: float, sign: int) -> None:
    """Members that know the line; the noise around it has variance 1."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20_000, 2))
    y = x.sum(axis=1) + rng.normal(size=len(x))
    nearly_one = np.array([[1 - 1e-6], [1.0], [1 + 1e-6]])
    sure: Ensemble = Lines(np.repeat(nearly_one, 2, axis=1), noise=noise)
    gap = row_scores(sure, x, y)[SCORES.index("gap")].mean()
    error = np.sqrt(0.9 * 0.1 / len(x))
    assert gap * sign > 0.05 if sign else abs(gap) < 4 * error


def test_a_refitted_ensemble_gives_scores_by_sub_ensemble() -> None:
    """Two parts of two sub-ensembles each, of which one has three members."""
    parts = lines(5), lines(4, noise=3.0)
    members = split_members(9, 4)
    assert members.bounds == (0, 3, 5, 7, 9)
    found = Refitted(members, parts).scores(NEW.x, NEW.y)
    for j, (part, chosen) in enumerate(((0, [0, 1, 2]), (0, [3, 4]), (1, [0, 1]), (1, [2, 3]))):
        by_hand = row_scores(parts[part].subset(chosen), NEW.x, NEW.y)
        np.testing.assert_array_equal(found[:, j], by_hand)

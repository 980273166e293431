"""Fits are reproducible, by entity, and use categories and missing values as they are."""

from typing import Any

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.uncertainty.bagging import MemberSettings, fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.forest import ForestSettings
from tasks.uncertainty.tree_ensemble import TreeEnsemble

SMALL = BoostingSettings(iterations=30, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=10)


def sample(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """A number with gaps, a category and a number that says nothing; noise of sd 0.5."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(-1, 1, n), rng.integers(0, 6, n), rng.normal(size=n)])
    y = 2 * x[:, 0] + np.isin(x[:, 1], [0, 3]) + rng.normal(0, 0.5, n)
    x[rng.random(n) < 0.1, 0] = np.nan
    return x, y


def fit(x: np.ndarray, y: np.ndarray, **arguments: Any) -> TreeEnsemble:
    defaults = {"seed": 1, "members": 4, "settings": SMALL, "categorical": (1,)}
    return fit_bagged(x, y, **(defaults | arguments))


X, Y = sample(1)
CLASSES = np.digitize(Y, [-0.5, 1.0])


@pytest.fixture(scope="module")
def regression() -> TreeEnsemble:
    return fit(X, Y)


@pytest.fixture(scope="module")
def classification() -> TreeEnsemble:
    return fit(X, CLASSES, n_classes=3)


def r_squared(ensemble: TreeEnsemble, x: np.ndarray, y: np.ndarray) -> float:
    error = y - ensemble.predict_members(x).mean(axis=0)
    return float(1 - error.var() / y.var())


def test_shapes(regression: TreeEnsemble, classification: TreeEnsemble) -> None:
    assert regression.n_members == 4
    assert regression.predict_members(X).shape == (4, 400)
    assert regression.predict_noise(X).shape == (4, 400)
    assert (regression.predict_noise(X) > 0).all()
    p = classification.predict_members(X)
    assert p.shape == (4, 400, 3)
    np.testing.assert_allclose(p.sum(axis=2), 1)


def test_results_do_not_depend_on_the_number_of_workers(
    regression: TreeEnsemble, classification: TreeEnsemble
) -> None:
    values, classes = fit(X, Y, workers=2), fit(X, CLASSES, n_classes=3, workers=2)
    assert values.predict_members(X).tobytes() == regression.predict_members(X).tobytes()
    assert values.predict_noise(X).tobytes() == regression.predict_noise(X).tobytes()
    assert classes.predict_members(X).tobytes() == classification.predict_members(X).tobytes()


def test_the_seed_alone_names_the_members(regression: TreeEnsemble) -> None:
    again, more, other = fit(X, Y), fit(X, Y, members=6), fit(X, Y, seed=2)
    expected = regression.predict_members(X)
    assert again.predict_members(X).tobytes() == expected.tobytes()
    assert more.predict_members(X)[:4].tobytes() == expected.tobytes()
    assert not np.array_equal(other.predict_members(X), expected)
    assert len({member.tobytes() for member in expected}) == 4
    assert len({model.random_state for model in regression.models}) == 4


@pytest.mark.parametrize("settings", [SMALL, ForestSettings(trees=5)], ids=["boosting", "forest"])
@pytest.mark.parametrize("n_classes", [None, 3])
def test_later_members_can_be_fitted_without_the_first(
    settings: MemberSettings, n_classes: int | None
) -> None:
    """Members 8 to 15 of a larger ensemble are bit for bit those that are fitted from 8 on."""
    y = Y if n_classes is None else CLASSES
    arguments: dict[str, Any] = {"settings": settings, "n_classes": n_classes}
    whole = fit(X, y, members=16, **arguments)
    part = fit(X, y, members=8, first=8, **arguments)
    expected = whole.subset(range(8, 16))
    assert part.predict_members(X).tobytes() == expected.predict_members(X).tobytes()
    assert part.predict_members(X).tobytes() != whole.predict_members(X)[:8].tobytes()
    if n_classes is None:
        assert part.predict_noise(X).tobytes() == expected.predict_noise(X).tobytes()


def test_without_noise_models_the_members_are_the_same(regression: TreeEnsemble) -> None:
    quiet = fit(X, Y, with_noise=False)
    assert quiet.predict_members(X).tobytes() == regression.predict_members(X).tobytes()
    assert quiet.noise_models == ()
    assert len(regression.noise_models) == 4
    half = quiet.subset([1, 3])
    np.testing.assert_array_equal(half.predict_members(X), quiet.predict_members(X)[[1, 3]])


def test_the_unit_of_the_target_changes_nothing_else(regression: TreeEnsemble) -> None:
    """A power of two is exact in floating point, so that the bytes must agree."""
    scaled = fit(X, 1024 * Y)
    np.testing.assert_array_equal(scaled.predict_members(X), 1024 * regression.predict_members(X))
    np.testing.assert_array_equal(scaled.predict_noise(X), 1024**2 * regression.predict_noise(X))


def test_a_refit_to_changed_data_has_its_random_numbers_in_common() -> None:
    """A column that says nothing is replaced: members deviate from their mean as before."""
    changed = X.copy()
    changed[:, 2] = np.random.default_rng(9).permutation(X[:, 2])

    def deviations(x: np.ndarray, seed: int) -> np.ndarray:
        members = fit(x, Y, seed=seed).predict_members(x)
        return (members - members.mean(axis=0)).ravel()

    before = deviations(X, 1)
    assert np.corrcoef(before, deviations(changed, 1))[0, 1] > 0.7
    assert abs(np.corrcoef(before, deviations(changed, 2))[0, 1]) < 0.3


def test_the_function_is_learnt(regression: TreeEnsemble, classification: TreeEnsemble) -> None:
    x, y = sample(2, 2000)
    signal = 1 - 0.25 / y.var()  # all but the noise
    assert 0.75 * signal < r_squared(regression, x, y) < signal
    right = classification.predict_members(x).mean(axis=0).argmax(axis=1) == np.digitize(
        y, [-0.5, 1.0]
    )
    assert right.mean() > 0.65


def test_missing_values_are_a_value_of_their_own() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 2))
    missing = rng.random(600) < 0.5
    x[missing, 0] = np.nan
    y = missing + rng.normal(0, 0.1, 600)
    assert r_squared(fit(x[:400], y[:400], categorical=()), x[400:], y[400:]) > 0.9
    filled = x.copy()
    filled[missing, 0] = rng.normal(size=int(missing.sum()))
    assert r_squared(fit(filled[:400], y[:400], categorical=()), filled[400:], y[400:]) < 0.1


def test_a_category_is_no_number() -> None:
    """40 codes whose order says nothing: trees of two leaves need sets of codes, not ranges."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 40, 1200).astype(float)
    y = rng.permutation(np.arange(40) % 2)[codes.astype(int)] + rng.normal(0, 0.2, 1200)
    x = codes[:, None]
    stumps = BoostingSettings(iterations=15, learning_rate=0.2, max_leaf_nodes=2)
    arguments = {"settings": stumps, "seed": 1, "members": 3}
    native = fit_bagged(x[:900], y[:900], categorical=(0,), **arguments)  # type: ignore[arg-type]
    number = fit_bagged(x[:900], y[:900], **arguments)  # type: ignore[arg-type]
    assert r_squared(native, x[900:], y[900:]) > 0.75
    assert r_squared(number, x[900:], y[900:]) < 0.4


def test_a_category_that_was_not_seen_is_taken_as_missing(regression: TreeEnsemble) -> None:
    unseen, missing = X.copy(), X.copy()
    unseen[:, 1], missing[:, 1] = 200, np.nan
    np.testing.assert_array_equal(
        regression.predict_members(unseen), regression.predict_members(missing)
    )


@pytest.mark.parametrize("categorical", [(), (1,), (1, 2)])
def test_columns_without_values_carry_nothing(categorical: tuple[int, ...]) -> None:
    """A column may be empty in the data, in a bag, or out of it."""
    x = X.copy()
    x[:, 2] = np.nan
    nearly = x.copy()
    nearly[7, 2] = 3
    for rows in (x, nearly):
        ensemble = fit(rows, Y, categorical=categorical)
        filled = rows.copy()
        filled[:, 2] = 5
        assert np.isfinite(ensemble.predict_noise(filled)).all()
        np.testing.assert_array_equal(
            ensemble.predict_members(filled), ensemble.predict_members(rows)
        )


def test_every_member_gives_every_class_in_the_order_of_the_codes() -> None:
    y = np.where(X[:, 2] > 0, 2, 0)
    y[[3, 70]] = 1
    p = fit(X, y, n_classes=3, members=10).predict_members(X)
    assert p.shape == (10, 400, 3)
    assert (p > 0).all()
    assert (p.mean(axis=(0, 1)) > [0.3, 0, 0.3]).all()
    assert p.mean(axis=(0, 1))[1] < 0.05
    assert (p.mean(axis=0).argmax(axis=1) == y)[y != 1].mean() > 0.98


def test_bags_go_by_entity() -> None:
    """The entity is a feature and has an effect of variance 4: out of bag it can not be known."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(60), 10)
    x = np.column_stack([groups, rng.normal(size=600)]).astype(float)
    y = rng.normal(0, 2, 60)[groups] + rng.normal(0, 0.5, 600)
    fine = BoostingSettings(iterations=40, learning_rate=0.2, min_samples_leaf=5)
    by_row = fit(x, y, settings=fine, categorical=()).predict_noise(x).mean()
    by_entity = fit(x, y, settings=fine, categorical=(), groups=groups).predict_noise(x).mean()
    assert by_row < 1
    assert by_entity > 3


def test_a_sub_ensemble_predicts_as_its_members(
    regression: TreeEnsemble, classification: TreeEnsemble
) -> None:
    some = regression.subset([2, 0])
    np.testing.assert_array_equal(some.predict_members(X), regression.predict_members(X)[[2, 0]])
    np.testing.assert_array_equal(some.predict_noise(X), regression.predict_noise(X)[[2, 0]])
    one = classification.subset([3])
    np.testing.assert_array_equal(one.predict_members(X), classification.predict_members(X)[[3]])


@pytest.mark.parametrize("members", [[], [0, 0], [4], [-1]])
def test_a_sub_ensemble_of_no_such_members_is_refused(
    members: list[int], regression: TreeEnsemble
) -> None:
    with pytest.raises(InputError, match="distinct members from 0 to 3"):
        regression.subset(members)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"members": 1}, "at least 2 members, got 1"),
        ({"workers": 0}, "workers must be >= 1, got 0"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        ({"y": np.full(400, 3.0)}, "must vary, got 3 in every row"),
        ({"y": Y[:-1]}, r"got shape \(399,\)"),
        ({"y": np.where(np.arange(400) == 5, np.nan, Y)}, "got 1 missing"),
        ({"y": CLASSES * 0, "n_classes": 1}, "at least 2 classes"),
        ({"y": np.arange(400) == 0, "n_classes": 2}, "of type bool"),
        ({"y": (np.arange(400) == 0).astype(int), "n_classes": 2}, "got 1 for class 1"),
        ({"x": np.where(X == 5, 255.0, X)}, "got 255 in column 1"),
        ({"categorical": (3,)}, "from 0 to 2"),
        ({"groups": np.arange(400) % 5}, "got 5"),
        ({"groups": np.arange(3)}, r"got shape \(3,\)"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit(**({"x": X, "y": Y} | arguments))


@pytest.mark.parametrize(
    "setting",
    [{"iterations": 0}, {"max_leaf_nodes": 1}, {"min_samples_leaf": 0}, {"learning_rate": 0.0}],
)
def test_bad_settings_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(setting))):
        BoostingSettings(**setting)


def test_bad_rows_are_refused_in_prediction(
    regression: TreeEnsemble, classification: TreeEnsemble
) -> None:
    with pytest.raises(InputError, match="must have 3 columns, got 2"):
        regression.predict_members(X[:, :2])
    with pytest.raises(InputError, match="float64 matrix"):
        regression.predict_noise(X[0])
    with pytest.raises(InputError, match="got a class target"):
        classification.predict_noise(X)


def test_inputs_are_not_mutated() -> None:
    x, y, groups = X.copy(), Y.copy(), np.arange(400)
    x[:, 2] = np.nan
    before = x.copy()
    fit(x, y, groups=groups, members=2).predict_noise(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(groups, np.arange(400))

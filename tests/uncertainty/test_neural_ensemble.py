"""Neural ensembles are reproducible and keep the protocol of ensembles."""

from io import BytesIO

import joblib
import numpy as np
import pytest

from tasks.errors import InputError
from tasks.uncertainty.neural_ensemble import NeuralEnsemble

from .neural_sample import CLASSES, KINDS, X, Y, fit


@pytest.fixture(scope="module")
def regressions() -> dict[str, NeuralEnsemble]:
    return {kind: fit(X, Y, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def classifications() -> dict[str, NeuralEnsemble]:
    return {kind: fit(X, CLASSES, kind, n_classes=3) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_members_have_the_shapes_of_the_protocol(
    kind: str, regressions: dict[str, NeuralEnsemble], classifications: dict[str, NeuralEnsemble]
) -> None:
    values, noise = regressions[kind].predict_members(X), regressions[kind].predict_noise(X)
    assert regressions[kind].n_members == 5
    assert values.shape == noise.shape == (5, 500)
    assert values.dtype == noise.dtype == np.float64
    assert np.isfinite(values).all()
    assert (noise > 0).all()
    p = classifications[kind].predict_members(X)
    assert p.shape == (5, 500, 3)
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=2), 1)
    assert len({member.tobytes() for member in values}) == 5
    assert len({member.tobytes() for member in p}) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_category_that_was_not_seen_is_taken_as_missing(
    kind: str, regressions: dict[str, NeuralEnsemble]
) -> None:
    unseen, missing = X.copy(), X.copy()
    unseen[:, 1], missing[:, 1] = 200, np.nan
    for predict in (regressions[kind].predict_members, regressions[kind].predict_noise):
        np.testing.assert_array_equal(predict(unseen), predict(missing))


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_names_the_members(
    kind: str, regressions: dict[str, NeuralEnsemble], classifications: dict[str, NeuralEnsemble]
) -> None:
    expected = regressions[kind].predict_members(X)
    again, more, other = (
        fit(X, Y, kind, **arguments) for arguments in ({}, {"members": 7}, {"seed": 2})
    )
    assert again.predict_members(X).tobytes() == expected.tobytes()
    assert again.predict_noise(X).tobytes() == regressions[kind].predict_noise(X).tobytes()
    assert dumped(again) == dumped(regressions[kind])
    np.testing.assert_allclose(more.predict_members(X)[:5], expected, atol=1e-5)
    assert np.abs(other.predict_members(X) - expected).max() > 0.01
    p = fit(X, CLASSES, kind, n_classes=3).predict_members(X)
    assert p.tobytes() == classifications[kind].predict_members(X).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_later_members_can_be_fitted_without_the_first(
    kind: str, regressions: dict[str, NeuralEnsemble]
) -> None:
    """Up to rounding: networks that train together share their matrix products."""
    part, whole = fit(X, Y, kind, members=2, first=3), regressions[kind]
    np.testing.assert_allclose(part.predict_members(X), whole.predict_members(X)[3:], atol=1e-5)
    np.testing.assert_allclose(part.predict_noise(X), whole.predict_noise(X)[3:], rtol=1e-4)
    assert np.abs(part.predict_members(X) - whole.predict_members(X)[:2]).max() > 0.01


def dumped(ensemble: NeuralEnsemble) -> bytes:
    file = BytesIO()
    joblib.dump(ensemble, file)
    return file.getvalue()


def test_a_dumped_ensemble_predicts_as_before(regressions: dict[str, NeuralEnsemble]) -> None:
    for ensemble in regressions.values():
        loaded = joblib.load(BytesIO(dumped(ensemble)))
        np.testing.assert_array_equal(loaded.predict_members(X), ensemble.predict_members(X))


@pytest.mark.parametrize("kind", KINDS)
def test_results_do_not_depend_on_the_number_of_threads(
    kind: str, regressions: dict[str, NeuralEnsemble]
) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            members = fit(X, Y, kind).predict_members(X)
            assert torch.get_num_threads() == threads
            assert members.tobytes() == regressions[kind].predict_members(X).tobytes()
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_of_the_target_changes_nothing_else(
    kind: str, regressions: dict[str, NeuralEnsemble]
) -> None:
    """A power of two is exact in floating point, so that the bytes must agree."""
    scaled = fit(X, 1024 * Y, kind)
    np.testing.assert_array_equal(
        scaled.predict_members(X), 1024 * regressions[kind].predict_members(X)
    )
    np.testing.assert_array_equal(
        scaled.predict_noise(X), 1024**2 * regressions[kind].predict_noise(X)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_is_a_function_of_the_row(
    kind: str, regressions: dict[str, NeuralEnsemble]
) -> None:
    """Neither the other rows nor the pieces that rows are predicted in change a prediction."""
    many = np.tile(X, (60, 1))
    whole = regressions[kind].predict_members(many).reshape(5, 60, 500)
    np.testing.assert_allclose(whole, np.repeat(whole[:, :1], 60, axis=1), atol=1e-5)
    alone = np.concatenate([regressions[kind].predict_members(X[[i]]) for i in range(20)], axis=1)
    np.testing.assert_allclose(alone, whole[:, 0, :20], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_hybrids_are_rows_whose_features_join_step_by_step(
    kind: str, classifications: dict[str, NeuralEnsemble]
) -> None:
    donors, joins = np.arange(100, 110), np.array([1, 3, 2])
    steps = classifications[kind].hybrids(X).predict_steps(slice(0, 10), donors, joins, 4)
    assert steps.shape == (4, 5, 3, 10)
    for step in range(4):
        rows = np.where(joins <= step, X[donors], X[:10])
        expected = np.moveaxis(classifications[kind].predict_members(rows), 2, 1)
        np.testing.assert_allclose(steps[step], expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sub_ensemble_predicts_as_its_members(
    kind: str, regressions: dict[str, NeuralEnsemble], classifications: dict[str, NeuralEnsemble]
) -> None:
    whole = regressions[kind]
    some = whole.subset([2, 0])
    assert some.n_members == 2
    np.testing.assert_allclose(some.predict_members(X), whole.predict_members(X)[[2, 0]], atol=1e-5)
    np.testing.assert_array_equal(some.predict_noise(X), whole.predict_noise(X)[[2, 0]])
    one = classifications[kind].subset([3]).subset([0])
    np.testing.assert_allclose(
        one.predict_members(X), classifications[kind].predict_members(X)[[3]], atol=1e-5
    )


@pytest.mark.parametrize("members", [[], [0, 0], [5], [-1]])
def test_a_sub_ensemble_of_no_such_members_is_refused(
    members: list[int], regressions: dict[str, NeuralEnsemble]
) -> None:
    with pytest.raises(InputError, match="distinct members from 0 to 4"):
        regressions["deep_ensemble"].subset(members)


def test_bad_rows_are_refused_in_prediction(
    regressions: dict[str, NeuralEnsemble], classifications: dict[str, NeuralEnsemble]
) -> None:
    with pytest.raises(InputError, match="must have 3 columns, got 2"):
        regressions["bayesian"].predict_members(X[:, :2])
    with pytest.raises(InputError, match="float64 matrix"):
        regressions["mc_dropout"].predict_noise(X[0])
    with pytest.raises(InputError, match="got a class target"):
        classifications["deep_ensemble"].predict_noise(X)

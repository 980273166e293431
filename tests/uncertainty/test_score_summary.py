"""Mean scores agree with scikit-learn; standard errors with the spread over samples."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics

from tasks.errors import InputError
from tasks.uncertainty.score_summary import (
    Estimate,
    auc,
    mean_score,
    score_classification,
    score_regression,
)

REPEATS = 400


def regression_sample(rng: np.random.Generator) -> dict[str, Estimate]:
    y, mean = rng.multivariate_normal([0, 0], [[2, 1], [1, 1]], 150).T
    return score_regression(y, mean, np.ones(150))


def class_sample(n_classes: int) -> Callable[[np.random.Generator], dict[str, Estimate]]:
    def sample(rng: np.random.Generator) -> dict[str, Estimate]:
        p = rng.dirichlet(np.ones(n_classes), 150)
        y = (rng.random(150)[:, None] > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
        return score_classification(y, p)

    return sample


@pytest.mark.parametrize("sample", [regression_sample, class_sample(2), class_sample(3)])
def test_standard_errors_are_the_spread_over_samples(
    sample: Callable[[np.random.Generator], dict[str, Estimate]],
) -> None:
    """The spread over 400 samples is itself known to 3.5 % (more for heavy tails)."""
    rng = np.random.default_rng(1)
    results = [sample(rng) for _ in range(REPEATS)]
    for name in results[0]:
        spread = np.std([result[name].value for result in results], ddof=1)
        reported = np.mean([result[name].standard_error for result in results])
        assert reported == pytest.approx(spread, rel=0.15), name


def test_rmse_and_r2_are_those_of_scikit_learn() -> None:
    y, mean = np.random.default_rng(1).normal(size=(2, 50))
    scores = score_regression(y, mean, np.ones(50))
    assert list(scores) == ["rmse", "r2", "nll", "crps"]
    assert scores["rmse"].value == pytest.approx(metrics.root_mean_squared_error(y, mean))
    assert scores["r2"].value == pytest.approx(metrics.r2_score(y, mean))


def test_a_perfect_prediction() -> None:
    y = np.arange(5.0)
    scores = score_regression(y, y, np.ones(5))
    assert scores["rmse"] == Estimate(0.0, 0.0)
    assert scores["r2"] == Estimate(1.0, 0.0)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_auc_is_that_of_scikit_learn_with_ties(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    p = np.round(rng.dirichlet(np.ones(n_classes), 200), 1)
    p[:, -1] += 1 - p.sum(axis=1)
    p = np.abs(p) / np.abs(p).sum(axis=1, keepdims=True)
    y = rng.integers(0, n_classes, 200)
    expected = metrics.roc_auc_score(y, p if n_classes > 2 else p[:, 1], multi_class="ovr")
    assert auc(y, p).value == pytest.approx(expected)


def test_auc_of_known_orders() -> None:
    y, right = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    for p, area in ((right, 1.0), (1 - right, 0.0), (np.full(4, 0.3), 0.5)):
        assert auc(y, np.column_stack([1 - p, p])).value == pytest.approx(area)


def test_groups_give_the_standard_error_that_single_rows_understate() -> None:
    """40 entities of 5 rows that share an effect of variance 1 beside noise of variance 1."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    means, by_group, by_row = [], [], []
    for _ in range(REPEATS):
        scores = rng.normal(size=40)[groups] + rng.normal(size=200)
        means.append(scores.mean())
        by_group.append(mean_score(scores, groups).standard_error)
        by_row.append(mean_score(scores).standard_error)
    spread = np.std(means, ddof=1)
    assert np.mean(by_group) == pytest.approx(spread, rel=0.12)
    assert np.mean(by_row) < 0.7 * spread


def test_the_standard_error_of_single_rows_is_the_usual_one() -> None:
    scores = np.random.default_rng(1).normal(size=30)
    expected = scores.std(ddof=1) / np.sqrt(30)
    assert mean_score(scores).standard_error == pytest.approx(expected)
    assert mean_score(scores, np.arange(30)[::-1]).standard_error == pytest.approx(expected)


def test_what_can_not_be_scored_is_refused() -> None:
    ones, half = np.ones(4), np.full((4, 2), 0.5)
    with pytest.raises(InputError, match="vary, got 1 in every row"):
        score_regression(ones, ones, ones)
    with pytest.raises(InputError, match=r"each of the 2 classes, got \[1\] only"):
        auc(np.ones(4, dtype=int), half)
    with pytest.raises(InputError, match="at least 2 rows or groups, got 1"):
        mean_score(np.ones(1))
    with pytest.raises(InputError, match="at least 2 rows or groups, got 1"):
        mean_score(ones, np.zeros(4, dtype=np.int64))
    with pytest.raises(InputError, match=r"one id a row, got \(3,\) for 4 rows"):
        mean_score(ones, np.arange(3))


def test_inputs_are_not_mutated() -> None:
    y, p, groups = np.array([0, 1, 1, 0]), np.full((4, 2), 0.5), np.array([3, 3, 1, 2])
    score_classification(y, p, groups)
    np.testing.assert_array_equal(y, [0, 1, 1, 0])
    np.testing.assert_array_equal(p, np.full((4, 2), 0.5))
    np.testing.assert_array_equal(groups, [3, 3, 1, 2])

"""Quality of an ensemble: which scores of which moments, what is missing and why."""

import numpy as np
import pytest
from scipy import stats

from tasks.errors import InputError
from tasks.uncertainty.decomposition import split_entropy, split_variance
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.quality import (
    Quality,
    classification_quality,
    mean_uncertainty,
    regression_quality,
)
from tasks.uncertainty.score_summary import score_classification, score_regression

N = 600
GROUPS = np.arange(N) // 3


def regression(noise: float) -> tuple[Quality, FloatArray, FloatArray, FloatArray]:
    """Members that differ by 1 around the truth; `noise` is what they say of the noise, 4."""
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 5, N)
    members = truth + np.array([[-1.0], [0.0], [1.0]])
    y = truth + rng.normal(0, np.sqrt(5), N)
    split = split_variance(members, np.full_like(members, noise))
    before = y.copy(), members.copy()
    quality = regression_quality(y, members, split, GROUPS)
    np.testing.assert_equal((y, members), before)
    return quality, y, members.mean(axis=0), split.total


def test_a_regression_is_scored_by_the_members_mean_and_the_total_variance() -> None:
    quality, y, mean, total = regression(4.0)
    assert quality.scores == score_regression(y, mean, total, GROUPS)
    log_density = stats.norm(mean, np.sqrt(5)).logpdf(y)
    assert quality.scores["nll"].value == pytest.approx(-log_density.mean())
    assert quality.scores["nll"] != score_regression(y, mean, total)["nll"]
    assert quality.not_assessable == ()


def test_predictive_intervals_hold_what_they_say() -> None:
    quality, y, mean, _ = regression(4.0)
    distance = np.abs(y - mean) / np.sqrt(5)
    for level, covered in quality.calibration:
        assert covered.count == (distance <= stats.norm.ppf((1 + level) / 2)).sum()
        assert covered.n == N
        assert covered.low <= level <= covered.high
    assert [level for level, _ in quality.calibration] == [0.5, 0.8, 0.9, 0.95]


@pytest.mark.parametrize(("noise", "side"), [(0.01, -1), (99.0, 1)])
def test_wrong_noise_shows(noise: float, side: int) -> None:
    """Control: intervals too narrow, or too wide, and a worse likelihood."""
    quality = regression(noise)[0]
    for level, covered in quality.calibration:
        assert side * (covered.value - level) > 0.04
    assert quality.scores["nll"].value > regression(4.0)[0].scores["nll"].value + 0.2
    assert quality.scores["rmse"] == regression(4.0)[0].scores["rmse"]


def test_a_target_that_does_not_vary_is_refused() -> None:
    members = np.random.default_rng(1).normal(size=(3, N))
    split = split_variance(members, np.ones_like(members))
    with pytest.raises(InputError, match="observed values that vary"):
        regression_quality(np.ones(N), members, split, GROUPS)


def classes(n_classes: int, seed: int = 1) -> tuple[IntArray, FloatArray]:
    """Classes drawn from the members' mean probabilities, four members."""
    rng = np.random.default_rng(seed)
    members = rng.dirichlet(np.ones(n_classes), (4, N))
    below = members.mean(axis=0).cumsum(axis=1)[:, :-1]
    return (rng.random(N)[:, None] > below).sum(axis=1), members


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classification_is_scored_by_the_mean_probabilities(n_classes: int) -> None:
    y, members = classes(n_classes)
    before = y.copy(), members.copy()
    quality = classification_quality(y, members, GROUPS)
    np.testing.assert_equal((y, members), before)
    assert list(quality.scores) == ["log_loss", "brier", "auc"]
    assert quality.scores == score_classification(y, members.mean(axis=0), GROUPS)
    assert quality.scores != score_classification(y, members.mean(axis=0))
    assert quality.not_assessable == ()


def binned(event: FloatArray, probability: FloatArray) -> list[tuple[float, int, int]]:
    """Mean probability, events and rows of each tenth."""
    tenth = np.minimum(np.floor(10 * probability), 9)
    return [
        (probability[tenth == k].mean(), int(event[tenth == k].sum()), int((tenth == k).sum()))
        for k in np.unique(tenth)
    ]


def assert_calibration(quality: Quality, expected: list[tuple[float, int, int]]) -> None:
    said, observed = zip(*quality.calibration, strict=True)
    assert said == pytest.approx([mean for mean, _, _ in expected])
    assert [(one.count, one.n) for one in observed] == [(count, n) for _, count, n in expected]


def test_of_two_classes_the_second_is_calibrated() -> None:
    y, members = classes(2)
    quality = classification_quality(y, members, GROUPS)
    assert_calibration(quality, binned(y == 1, members.mean(axis=0)[:, 1]))
    assert quality.calibration[0][0] < 0.3


def test_of_more_classes_the_likeliest_is_calibrated() -> None:
    y, members = classes(3)
    mean = members.mean(axis=0)
    quality = classification_quality(y, members, GROUPS)
    assert_calibration(quality, binned(mean.argmax(axis=1) == y, mean.max(axis=1)))
    inside = [one.low <= said <= one.high for said, one in quality.calibration]
    assert sum(inside) >= len(inside) - 1


def test_the_area_is_not_assessable_where_a_class_is_absent() -> None:
    _, members = classes(3)
    y = np.arange(N) % 2
    quality = classification_quality(y, members, GROUPS)
    assert list(quality.scores) == ["log_loss", "brier"]
    (reason,) = quality.not_assessable
    assert reason == "AUC needs rows of each of the 3 classes, got [0, 1] only."


def test_probabilities_that_are_none_are_refused() -> None:
    y, members = classes(2)
    with pytest.raises(InputError, match="sum to 1"):
        classification_quality(y, 2 * members, GROUPS)


def test_means_of_uncertainty_are_over_the_rows_that_count() -> None:
    rows = np.arange(N) < 2
    members = np.array([[0.0, 5.0], [4.0, 5.0]])
    members = np.pad(members, ((0, 0), (0, N - 2)), constant_values=77.0) * [[1.0], [1.0]]
    split = split_variance(members, np.where(rows, 3.0, 1e6) * np.ones((2, 1)))
    assert mean_uncertainty(split, rows) == {"epistemic": 4.0, "aleatoric": 3.0, "total": 7.0}


def test_means_of_the_uncertainty_of_a_class() -> None:
    """On the rows that count one member says 1 : 0, the other 0 : 1."""
    rows = np.array([True, False, True])
    sure = np.eye(2)[[0, 1]]
    members = np.stack([sure, np.full((2, 2), 0.5), sure], axis=1)
    found = mean_uncertainty(split_entropy(members), rows)
    assert found == pytest.approx(
        {"epistemic": np.log(2), "aleatoric": 0, "total": np.log(2), "label_variance": 1}
    )

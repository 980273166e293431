"""The whole chain: what an ensemble of boosting says of its uncertainty, against a known truth."""

from dataclasses import dataclass

import numpy as np
import pytest

from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.calibration import interval_coverage, pit_values
from tasks.uncertainty.decomposition import VarianceSplit, split_entropy, split_variance
from tasks.uncertainty.score_summary import score_regression

SMALL = BoostingSettings(iterations=40, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=10)
N_HELD_OUT = 1000


def mean_of(x: np.ndarray) -> np.ndarray:
    return 2 * x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 0] * x[:, 2]


def sd_of(x: np.ndarray) -> np.ndarray:
    return np.exp(0.8 * x[:, 2])


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows of one simulated data set and what its ensemble says of them."""

    x: np.ndarray
    y: np.ndarray
    members: np.ndarray
    split: VarianceSplit

    @property
    def excess(self) -> float:
        """Mean squared error of a member's mean against the truth."""
        return float(((self.members - mean_of(self.x)) ** 2).mean())

    @property
    def noise(self) -> float:
        return float((sd_of(self.x) ** 2).mean())


def simulate(n: int, seed: int, members: int = 6) -> HeldOut:
    rng = np.random.default_rng([n, seed])
    x = rng.uniform(-1, 1, (n + N_HELD_OUT, 3))
    y = mean_of(x) + sd_of(x) * rng.normal(size=len(x))
    ensemble = fit_bagged(x[:n], y[:n], seed=seed, members=members, settings=SMALL)
    held_out = x[n:]
    predicted = ensemble.predict_members(held_out)
    split = split_variance(predicted, ensemble.predict_noise(held_out))
    return HeldOut(held_out, y[n:], predicted, split)


@pytest.fixture(scope="module")
def large() -> list[HeldOut]:
    return [simulate(2000, seed) for seed in range(3)]


@pytest.fixture(scope="module")
def small() -> list[HeldOut]:
    return [simulate(250, seed) for seed in range(8)]


def test_a_known_heteroscedastic_noise_is_recovered(large: list[HeldOut]) -> None:
    for result in large:
        truth = sd_of(result.x) ** 2
        log_ratio = np.log(result.split.aleatoric / truth)
        assert np.corrcoef(np.log(result.split.aleatoric), np.log(truth))[0, 1] > 0.95
        assert log_ratio.std() < 0.35
    mean = np.mean([result.split.aleatoric.mean() / result.noise for result in large])
    assert 1 < mean < 1.2


def test_noise_out_of_bag_holds_the_members_squared_error(small: list[HeldOut]) -> None:
    """E (y - f_b)^2 = noise + (f_b - f)^2: the aleatoric part is too large by the second term.

    So the total, which adds the variance over members once more, exceeds the squared error of the
    ensemble's mean.
    """
    noise = np.array([result.noise for result in small])
    excess = np.array([result.excess for result in small])
    aleatoric = np.array([result.split.aleatoric.mean() for result in small])
    total = np.array([result.split.total.mean() for result in small])
    of_mean = np.array([((r.members.mean(axis=0) - mean_of(r.x)) ** 2).mean() for r in small])

    def in_errors(difference: np.ndarray) -> float:
        return float(difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference))))

    assert abs(in_errors(aleatoric - (noise + excess))) < 3.5
    assert in_errors(aleatoric - noise) > 3.5
    assert in_errors(total - (noise + of_mean)) > 3.5


def test_intervals_are_calibrated_with_many_rows_and_too_wide_with_few(
    large: list[HeldOut], small: list[HeldOut]
) -> None:
    def coverage(results: list[HeldOut]) -> np.ndarray:
        pit = [pit_values(r.y, r.members.mean(axis=0), r.split.total) for r in results]
        return np.array([c.covered.value for c in interval_coverage(np.concatenate(pit))])

    levels = np.array([0.5, 0.8, 0.9, 0.95])
    np.testing.assert_allclose(coverage(large), levels, atol=0.05)
    assert (coverage(small) > levels).all()


def test_a_learnt_noise_scores_better_than_a_constant_one(large: list[HeldOut]) -> None:
    for result in large:
        mean, total = result.members.mean(axis=0), result.split.total
        learnt = score_regression(result.y, mean, total)
        constant = score_regression(result.y, mean, np.full_like(total, total.mean()))
        for name in ("nll", "crps"):
            assert learnt[name].value < constant[name].value - learnt[name].standard_error / 2
        assert learnt["rmse"] == constant["rmse"]


def test_epistemic_uncertainty_falls_with_more_rows(
    large: list[HeldOut], small: list[HeldOut]
) -> None:
    few, many = (
        np.mean([result.split.epistemic.mean() for result in results]) for results in (small, large)
    )
    assert many < 0.6 * few


def test_epistemic_uncertainty_is_larger_outside_the_data() -> None:
    """Beyond the corners: a tree goes on with its outermost leaf, of which few rows tell."""
    ratios = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, (1500, 3))
        y = mean_of(x) + 0.5 * rng.normal(size=1500)
        ensemble = fit_bagged(x, y, seed=seed, members=8, settings=SMALL)
        inside = rng.uniform(-0.8, 0.8, (400, 3))
        outside = rng.choice([-1, 1], (400, 3)) * rng.uniform(1.2, 2, (400, 3))
        inner, outer = (
            ensemble.predict_members(rows).var(axis=0, ddof=1).mean() for rows in (inside, outside)
        )
        ratios.append(outer / inner)
    assert np.exp(np.mean(np.log(ratios))) > 1.5


def test_uncertainty_of_classes() -> None:
    """The label is a coin where x0 > 0 and sure elsewhere; few rows disagree more than many."""
    epistemic, label_variance = [], []
    for n in (200, 2000):
        rng = np.random.default_rng(n)
        x = rng.uniform(-1, 1, (n, 2))
        y = np.where(x[:, 0] > 0, rng.integers(0, 2, n), (x[:, 1] > 0).astype(np.int64))
        ensemble = fit_bagged(x, y, seed=1, n_classes=2, members=6, settings=SMALL)
        rows = rng.uniform(-1, 1, (1000, 2))
        split = split_entropy(ensemble.predict_members(rows))
        coin, sure = rows[:, 0] > 0.1, (rows[:, 0] < -0.1) & (np.abs(rows[:, 1]) > 0.1)
        epistemic.append(split.epistemic.mean())
        label_variance.append(split.label_variance.mean())
    assert split.aleatoric[coin].mean() == pytest.approx(np.log(2), rel=0.1)
    assert split.aleatoric[sure].mean() < 0.15
    assert epistemic[1] < 0.6 * epistemic[0]
    assert label_variance[1] < 0.6 * label_variance[0]

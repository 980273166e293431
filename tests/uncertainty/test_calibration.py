"""Intervals of coverage cover; a wrong spread or mean is seen."""

import numpy as np
import pytest
from scipy import stats

from tasks.errors import InputError
from tasks.uncertainty.calibration import LEVELS, interval_coverage, pit_values, proportion

N = 500


def test_pit_values_are_the_distribution_function() -> None:
    y, mean, sd = np.random.default_rng(1).uniform(0.5, 2, (3, 40))
    np.testing.assert_allclose(pit_values(y, mean, sd**2), stats.norm.cdf(y, mean, sd))


def test_pit_values_of_the_truth_are_uniform_and_of_half_the_sd_not() -> None:
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(size=2000), rng.uniform(0.5, 2, 2000)
    y = rng.normal(mean, sd)
    assert stats.kstest(pit_values(y, mean, sd**2), "uniform").pvalue > 0.01
    assert stats.kstest(pit_values(y, mean, sd**2 / 4), "uniform").pvalue < 1e-6


def test_the_interval_of_the_coverage_covers() -> None:
    """Over 1000 samples of the truth, 95 % intervals hold the level 93 to 97 % of the time."""
    rng = np.random.default_rng(1)
    held = [[c.is_consistent for c in interval_coverage(rng.random(N))] for _ in range(1000)]
    for share in np.mean(held, axis=0):
        assert 0.93 <= share <= 0.97


@pytest.mark.parametrize(
    ("shift", "factor", "sign"), [(0, 0.5, -1), (0, 2, 1), (1.5, 1, -1)], ids=str
)
def test_wrong_predictions_are_seen_at_every_level(shift: float, factor: float, sign: int) -> None:
    y = np.random.default_rng(1).normal(size=N)
    pit = pit_values(y, np.full(N, float(shift)), np.full(N, float(factor) ** 2))
    for coverage in interval_coverage(pit):
        assert not coverage.is_consistent
        assert np.sign(coverage.covered.value - coverage.level) == sign


def test_levels_and_counts() -> None:
    pit = (np.arange(100) + 0.5) / 100
    coverages = interval_coverage(pit)
    assert tuple(c.level for c in coverages) == LEVELS
    assert [c.covered.count for c in coverages] == [50, 80, 90, 96]
    assert {c.covered.n for c in coverages} == {100}


def test_proportions_have_the_quantiles_of_jeffreys_and_close_at_the_ends() -> None:
    assert (proportion(0, 10).low, proportion(10, 10).high) == (0, 1)
    some = proportion(3, 10)
    assert some.value == 0.3
    assert stats.beta.cdf([some.low, some.high], 3.5, 7.5) == pytest.approx([0.025, 0.975])


@pytest.mark.parametrize("pit", [[], [1.1], [-0.1], [np.nan]])
def test_bad_pit_values_are_refused(pit: list[float]) -> None:
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        interval_coverage(np.array(pit))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_bad_levels_are_refused(level: float) -> None:
    with pytest.raises(InputError, match=r"Levels must lie in \(0, 1\)"):
        interval_coverage(np.array([0.5]), (level,))


def test_inputs_are_not_mutated() -> None:
    pit = np.array([0.1, 0.9])
    interval_coverage(pit)
    np.testing.assert_array_equal(pit, [0.1, 0.9])

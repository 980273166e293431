"""Reliability sees over-confidence, and says what a calibrated forecast would show."""

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.uncertainty.reliability import reliability, top_label


def test_known_bins() -> None:
    probability = np.array([0.0, 0.1, 0.15, 0.95, 1.0])
    found = reliability(np.array([False, False, True, True, True]), probability)
    assert [(b.observed.count, b.observed.n) for b in found.bins] == [(0, 1), (1, 2), (2, 2)]
    assert [b.mean_probability for b in found.bins] == pytest.approx([0, 0.125, 0.975])
    exact = (1 * 0 + 2 * (0.5 - 0.125) + 2 * 0.025) / 5
    assert found.expected_calibration_error == pytest.approx(exact)


@pytest.mark.parametrize("n", [200, 2000])
def test_the_error_of_a_calibrated_forecast_is_above_zero_and_foretold(n: int) -> None:
    rng = np.random.default_rng(1)
    found, foretold = [], []
    for _ in range(300):
        probability = rng.random(n)
        result = reliability(rng.random(n) < probability, probability)
        found.append(result.expected_calibration_error)
        foretold.append(result.expected_if_calibrated)
    error = np.std(found, ddof=1) / np.sqrt(300)
    assert np.mean(found) == pytest.approx(np.mean(foretold), rel=0.03, abs=4 * error)
    assert np.mean(foretold) > 0.2 / np.sqrt(n)


def test_intervals_of_calibrated_bins_cover_and_of_overconfident_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(20_000)
    event = rng.random(20_000) < truth
    odds = (truth / (1 - truth)) ** 2
    covered = {
        name: [b.observed.low <= b.mean_probability <= b.observed.high for b in result.bins]
        for name, result in (
            ("calibrated", reliability(event, truth)),
            ("sharper", reliability(event, odds / (1 + odds))),
        )
    }
    assert sum(covered["calibrated"]) >= 8
    assert sum(covered["sharper"]) <= 2


def test_an_overconfident_forecast_has_a_known_error() -> None:
    """Says 0.9 where 0.7 is true."""
    rng = np.random.default_rng(1)
    result = reliability(rng.random(20_000) < 0.7, np.full(20_000, 0.9))
    assert result.expected_calibration_error == pytest.approx(0.2, abs=4 * 0.46 / 141)
    assert result.expected_if_calibrated < 0.003


def test_the_top_label() -> None:
    p = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    right, confidence = top_label(np.array([1, 2]), p)
    np.testing.assert_array_equal(right, [True, False])
    np.testing.assert_array_equal(confidence, [0.5, 0.6])


@pytest.mark.parametrize(
    ("event", "probability", "n_bins", "said"),
    [
        ([True], [0.5, 0.5], 10, r"got \(1,\) and \(2,\)"),
        ([], [], 10, r"got \(0,\)"),
        ([True], [1.5], 10, r"must lie in \[0, 1\]"),
        ([True], [np.nan], 10, r"must lie in \[0, 1\]"),
        ([True], [0.5], 0, "at least 1 bin"),
    ],
)
def test_bad_forecasts_are_refused(
    event: list[bool], probability: list[float], n_bins: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        reliability(np.array(event), np.array(probability), n_bins)


def test_inputs_are_not_mutated() -> None:
    event, probability = np.array([True, False]), np.array([0.3, 0.7])
    reliability(event, probability)
    np.testing.assert_array_equal(event, [True, False])
    np.testing.assert_array_equal(probability, [0.3, 0.7])

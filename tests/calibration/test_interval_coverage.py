"""Coverage of central intervals from ranks: which ranks are inside, and Jeffreys intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from tasks.calibration.interval_coverage import LEVELS, central_ranks, interval_coverage
from tasks.errors import InputError


@pytest.mark.parametrize(
    ("n_ranks", "level", "expected"),
    [
        (100, 0.5, (25, 74)),
        (100, 0.8, (10, 89)),
        (100, 0.95, (2, 97)),  # 2.5 is a tie: the wider set
        (200, 0.95, (5, 194)),
        (40, 0.95, (1, 38)),
        (10, 0.95, (0, 9)),
        (11, 0.01, (5, 5)),
        (2, 0.5, (0, 1)),
    ],
)
def test_the_ranks_inside_are_the_nearest_symmetric_set(
    n_ranks: int, level: float, expected: tuple[int, int]
) -> None:
    assert central_ranks(n_ranks, level) == expected


@given(st.integers(2, 500), st.floats(0.01, 0.99))
def test_no_symmetric_set_is_nearer_to_the_level(n_ranks: int, level: float) -> None:
    low, high = central_ranks(n_ranks, level)
    assert low + high == n_ranks - 1
    assert low <= high
    own = abs((high - low + 1) / n_ranks - level)
    others = [abs((n_ranks - 2 * j) / n_ranks - level) for j in range((n_ranks + 1) // 2)]
    assert own <= min(others) + 1e-9


def test_ranks_inside_are_true_values_inside_of_the_order_statistics() -> None:
    rng = np.random.default_rng(1)
    draws = np.sort(rng.normal(size=(99, 500)), axis=0)
    truth = rng.normal(size=500)
    ranks = (draws < truth).sum(axis=0)
    low, high = central_ranks(100, 0.8)
    inside = (draws[low - 1] < truth) & (truth < draws[-low])
    assert ((low <= ranks) & (ranks <= high)).tolist() == inside.tolist()


def test_coverage_is_reported_for_each_quantity_and_level() -> None:
    ranks = np.random.default_rng(2).integers(0, 60, (300, 3), dtype=np.int32)
    report = interval_coverage(ranks, 60)
    assert [len(row) for row in report] == [3, 3, 3]
    for q, row in enumerate(report):
        for level, coverage in zip(LEVELS, row, strict=True):
            low, high = central_ranks(60, level)
            held = int(((ranks[:, q] >= low) & (ranks[:, q] <= high)).sum())
            law = beta(held + 0.5, 300 - held + 0.5)
            assert coverage.level == level
            assert coverage.nominal == (high - low + 1) / 60
            assert coverage.covered == held / 300
            assert coverage.lower == pytest.approx(law.ppf(0.025), rel=1e-9)
            assert coverage.upper == pytest.approx(law.ppf(0.975), rel=1e-9)


def test_intervals_of_none_and_all_end_at_zero_and_one() -> None:
    outside, inside = np.zeros(20, dtype=np.int32), np.full(20, 50, dtype=np.int32)
    (none, *_), (all_, *_) = interval_coverage(np.stack([outside, inside], axis=1), 100)
    assert (none.covered, none.lower) == (0, 0)
    assert none.upper == pytest.approx(beta.ppf(0.975, 0.5, 20.5))
    assert (all_.covered, all_.upper) == (1, 1)
    assert all_.lower == pytest.approx(beta.ppf(0.025, 20.5, 0.5))


def test_intervals_of_calibrated_ranks_hold_the_nominal_probability() -> None:
    ranks = np.random.default_rng(3).integers(0, 50, (400, 4000), dtype=np.int32)
    report = interval_coverage(ranks, 50)
    for place in range(3):
        rows = [row[place] for row in report]
        holding = np.mean([row.lower <= row.nominal <= row.upper for row in rows])
        assert 0.93 < holding < 0.97


def test_intervals_of_an_overconfident_posterior_miss_the_nominal_probability() -> None:
    u = np.random.default_rng(4).beta(0.5, 0.5, 1000)
    (row,) = interval_coverage((u * 100).astype(np.int32)[:, None], 100)
    assert all(coverage.upper < coverage.nominal for coverage in row)


@pytest.mark.parametrize(("n_ranks", "level"), [(1, 0.5), (10, 0.0), (10, 1.0), (10, np.nan)])
def test_what_is_out_of_range_is_refused(n_ranks: int, level: float) -> None:
    with pytest.raises(InputError, match="level between 0 and 1"):
        central_ranks(n_ranks, level)

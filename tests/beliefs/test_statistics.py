"""Sufficient statistics of streamed tables, and the likelihoods and priors they imply."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tasks.beliefs.belief import Belief
from tasks.beliefs.cumulative import summary
from tasks.beliefs.data_side import from_log_likelihood
from tasks.beliefs.jackknife import replicates
from tasks.beliefs.statistics import (
    Moments,
    log_likelihood_of,
    reference_prior,
    sufficient_statistics,
    unit_information,
)
from tasks.errors import InputError


def numbers(n: int, mean: float = 1.0, variance: float = 4.0) -> Moments:
    return Moments(n=n, missing=0, mean=mean, variance=variance, kind="number")


@pytest.mark.parametrize("scan", ["frame", "parquet", "csv"])
def test_columns_of_any_source_have_the_moments_of_numpy(tmp_path: Path, scan: str) -> None:
    rng = np.random.default_rng(1)
    table = pl.DataFrame(
        {
            "weight": rng.normal(1e9, 1.0, 50_000),
            "count": rng.integers(0, 50, 50_000),
            "sold": rng.random(50_000) < 0.3,
            "other": ["a"] * 50_000,
        }
    )
    table.write_parquet(tmp_path / "t.parquet")
    table.write_csv(tmp_path / "t.csv")
    frames = {
        "frame": table.lazy(),
        "parquet": pl.scan_parquet(tmp_path / "t.parquet"),
        "csv": pl.scan_csv(tmp_path / "t.csv"),
    }
    found = sufficient_statistics(frames[scan], ["weight", "count", "sold"])
    for name, moments in found.items():
        values = table[name].cast(pl.Float64).to_numpy()
        assert (moments.n, moments.missing) == (50_000, 0)
        assert moments.mean == pytest.approx(values.mean(), rel=1e-12)
        assert moments.variance == pytest.approx(values.var(ddof=1), rel=1e-6)
    assert [moments.kind for moments in found.values()] == ["number", "number", "boolean"]


def test_what_is_missing_or_not_finite_does_not_count() -> None:
    frame = pl.LazyFrame(
        {"x": [1.0, None, float("nan"), float("inf"), 3.0], "b": [True, None, False, None, True]}
    )
    found = sufficient_statistics(frame, ["x", "b"])
    assert found["x"] == Moments(n=2, missing=3, mean=2.0, variance=2.0, kind="number")
    assert (found["b"].n, found["b"].missing) == (3, 2)
    assert "3 missing or not finite" in str(found["x"])


def test_nothing_to_count_has_no_mean() -> None:
    frame = pl.LazyFrame({"x": pl.Series([None, None], dtype=pl.Float64)})
    expected = Moments(n=0, missing=2, mean=None, variance=None, kind="number")
    assert sufficient_statistics(frame, ["x"])["x"] == expected


@pytest.mark.parametrize("is_moment", [False, True])
def test_a_period_holds_both_of_its_ends(is_moment: bool) -> None:
    days = [date(2024, 1, day) for day in (1, 2, 3, 4)]
    moments = [datetime(2024, 1, day.day, 23, 59, tzinfo=UTC) for day in days]
    times = [*(moments if is_moment else days), None]
    frame = pl.LazyFrame({"t": times, "x": [1.0, 2.0, 4.0, 8.0, 16.0]})
    found = sufficient_statistics(frame, ["x"], "t", date(2024, 1, 2), date(2024, 1, 3))["x"]
    assert (found.n, found.mean) == (2, 3.0)
    late = sufficient_statistics(frame, ["x"], "t", since=date(2024, 1, 3))["x"]
    assert (late.n, late.mean) == (2, 6.0)
    assert sufficient_statistics(frame, ["x"], "t")["x"].n == 5


@pytest.mark.parametrize(
    ("column", "time", "what"),
    [
        ("y", None, "no column 'y'"),
        ("name", None, "must hold numbers or booleans"),
        ("x", "name", "a column of dates"),
        ("x", "z", "a column of dates"),
        ("x", None, "a column of dates"),
    ],
)
def test_columns_that_do_not_fit_are_refused(column: str, time: str | None, what: str) -> None:
    frame = pl.LazyFrame({"x": [1.0], "name": ["a"]})
    since = None if column != "x" else date(2024, 1, 1)
    with pytest.raises(InputError, match=what):
        sufficient_statistics(frame, [column], time, since)


def test_mean_of_numbers_has_a_student_t_likelihood() -> None:
    moments = numbers(8)
    flat = Belief.of("uniform", {"low": -200.0, "high": 200.0})
    side = from_log_likelihood(log_likelihood_of(moments), flat, [])
    found = summary(side, replicates(side, side.log_weights), 0.95)
    law = stats.t(7, 1.0, np.sqrt(4.0 / 8))
    assert (found.mean.value, found.sd.value) == pytest.approx((1, law.std()), rel=1e-5)
    assert (found.low, found.high) == pytest.approx(law.interval(0.95), rel=1e-6)


def test_share_of_booleans_has_a_beta_posterior() -> None:
    moments = Moments(n=20, missing=0, mean=0.0, variance=0.0, kind="boolean")
    flat = reference_prior(moments)
    side = from_log_likelihood(log_likelihood_of(moments), flat, [])
    found = summary(side, replicates(side, side.log_weights), 0.95)
    assert found.mean.value == pytest.approx(1 / 22)
    assert found.high == pytest.approx(stats.beta(1, 21).ppf(0.975), rel=1e-6)


@pytest.mark.parametrize(
    ("moments", "what"),
    [
        (numbers(3), "at least 4 numbers"),
        (Moments(n=0, missing=9, mean=None, variance=None, kind="number"), "9 missing"),
        (numbers(9, variance=0.0), "all numbers equal 1"),
        (Moments(n=1, missing=0, mean=1, variance=None, kind="boolean"), "at least 2 booleans"),
    ],
)
def test_what_cannot_be_assessed_is_said(moments: Moments, what: str) -> None:
    with pytest.raises(InputError, match=what):
        log_likelihood_of(moments)
    with pytest.raises(InputError, match=what):
        reference_prior(moments)


def test_reference_prior_is_flat_between_bounds_and_else_of_unit_information() -> None:
    flat = Belief.of("uniform", {"low": 0.0, "high": 5.0}, 0, 5)
    unit = {"mean": 1.0, "sd": 2.0}
    assert reference_prior(numbers(9), 0, 5) == flat
    assert reference_prior(numbers(9)) == Belief.of("normal", unit)
    assert reference_prior(numbers(9), low=0) == Belief.of("normal", unit, low=0)
    assert reference_prior((1.0, 2.0), high=3) == Belief.of("normal", unit, high=3)
    assert unit_information(1.0, 2.0, 0, 5) == Belief.of("normal", unit, 0, 5)
    with pytest.raises(InputError, match="above 0"):
        reference_prior((1.0, 0.0))

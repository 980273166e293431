"""Columns as numbers, against answers worked out by hand."""

from datetime import datetime

import numpy as np
import polars as pl

from tasks.domain import Column
from tasks.intervention.predictors import MOST_LEVELS, predictor_matrix, response_matrix

KNOWN = [
    (Column(type="number"), pl.Series([1.0, None, 5.0, 3.0])),
    (Column(type="boolean"), pl.Series([True, False, None, True])),
    (Column(type="time"), pl.Series([datetime(1970, 1, 3), None, None, datetime(1970, 1, 1, 12)])),
    (Column(type="category"), pl.Series(["나", "가", None, "나"])),
]
NAN = np.nan


def test_predictors_are_numbers_days_and_indicators() -> None:
    np.testing.assert_array_equal(
        predictor_matrix(KNOWN, 4),
        [
            [0, 1, 1, 2.0, 1, 0],
            [0, NAN, 0, NAN, 0, 1],
            [0, 5, NAN, NAN, NAN, NAN],
            [0, 3, 1, 0.5, 1, 0],
        ],
    )
    assert predictor_matrix([], 3).tolist() == [[0.0]] * 3


def test_only_frequent_categories_have_an_indicator() -> None:
    names = pl.Series([f"{k:02}" for k in range(30)] * 2 + ["29", "28", "29"])
    matrix = predictor_matrix([(Column(type="category"), names)], len(names))
    assert matrix.shape == (63, 1 + MOST_LEVELS)
    assert matrix[:, 1].sum() == 4
    assert matrix[:, 2].sum() == 3
    gone = pl.Series([None, None], dtype=pl.String)
    assert predictor_matrix([(Column(type="category"), gone)], 2).shape == (2, 1)


def test_responses_have_equal_weight_and_a_missing_one_is_at_the_mean() -> None:
    many = [*KNOWN, (Column(type="number"), pl.Series([1e6, 3e6, 2e6, None]))]
    matrix = response_matrix(many, 4)
    assert matrix.shape == (4, 7)
    np.testing.assert_allclose(np.nansum(matrix, axis=0), 0, atol=1e-12)
    assert not np.isnan(matrix).any()
    for columns, known in (([1], 3), ([2], 3), ([3], 2), ([4, 5], 3), ([6], 3)):
        np.testing.assert_allclose(np.square(matrix[:, columns]).sum(), known)
    np.testing.assert_array_equal(matrix[2, 2:6], 0)


def test_what_does_not_vary_or_is_not_there_has_no_weight() -> None:
    same = (Column(type="number"), pl.Series([2.0, 2.0, None]))
    gone = (Column(type="number"), pl.Series([None, None, None], dtype=pl.Float64))
    assert (response_matrix([same, gone], 3) == 0).all()

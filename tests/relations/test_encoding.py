"""The matrix holds what the features say, and nothing learnt outside the train rows."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tasks.domain import Split
from tasks.errors import InputError
from tasks.relations.encoding import MOST_CATEGORIES, fit_encoder, split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable

START = datetime(2020, 1, 1)


def table_of(columns: dict[str, list[object]], types: dict[str, str]) -> FeatureTable:
    rows = len(next(iter(columns.values())))
    nodes = [Feature((), "t", name, "value", types[name]) for name in columns]
    times = [START + timedelta(days=k) for k in range(rows)]
    return FeatureTable(
        rows=pl.DataFrame({TIME: times, LABEL: np.arange(rows, dtype=float)}),
        features=pl.DataFrame(
            {node.name: values for node, values in zip(nodes, columns.values(), strict=True)},
            strict=False,
        ),
        nodes=nodes,
    )


TABLE = table_of(
    {
        "size": [1.0, 2.0, None, 4.0],
        "city": ["서울", "부산", "서울", "Roma"],
        "born": [START - timedelta(days=10), START, None, START + timedelta(days=4)],
        "same": [7.0, 7.0, 7.0, 8.0],
        "gone": [None, None, None, 3.0],
    },
    {"size": "number", "city": "category", "born": "time", "same": "number", "gone": "number"},
)
TRAIN = np.array([True, True, True, False])


def test_the_matrix_holds_numbers_codes_and_days() -> None:
    encoder = fit_encoder(TABLE, TRAIN)
    assert [node.column for node in encoder.nodes] == ["size", "city", "born"]
    assert encoder.categorical == (1,)
    np.testing.assert_array_equal(
        encoder.transform(TABLE),
        [[1, 0, 10], [2, 1, 1], [np.nan, 0, np.nan], [4, 2, -1]],
    )


def test_only_train_rows_are_learnt_from() -> None:
    """A category and a variation that only test rows have change nothing."""
    encoder = fit_encoder(TABLE, TRAIN)
    other = FeatureTable(
        TABLE.rows,
        TABLE.features.with_columns(
            pl.when(pl.Series(TRAIN)).then(pl.col("t.city value")).otherwise(pl.lit("Paris"))
        ),
        TABLE.nodes,
    )
    assert fit_encoder(other, TRAIN) == encoder


def test_a_missing_category_is_missing_and_an_unseen_one_is_other() -> None:
    table = table_of({"city": ["a", "b", None, "c"]}, {"city": "category"})
    matrix = fit_encoder(table, TRAIN).transform(table)
    np.testing.assert_array_equal(matrix[:, 0], [0, 1, np.nan, 2])


def test_rare_categories_share_a_code() -> None:
    names: list[object] = [f"{k:04}" for k in range(MOST_CATEGORIES + 50)] * 2
    names += ["0249"]
    table = table_of({"city": names}, {"city": "category"})
    encoder = fit_encoder(table, np.full(len(names), True))
    codes = encoder.transform(table)[:, 0]
    assert encoder.categories["t.city value"][0] == "0249"
    assert codes.max() == MOST_CATEGORIES
    assert (codes == MOST_CATEGORIES).sum() == 2 * 50


def test_rows_are_split_by_time() -> None:
    split = Split(validation=date(2020, 1, 2), test=date(2020, 1, 4))
    parts = split_rows(TABLE.rows[TIME], split)
    assert [part.tolist() for part in parts] == [
        [True, False, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]


def test_without_train_rows_or_variation_there_is_an_error() -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        fit_encoder(TABLE, np.full(4, False))
    with pytest.raises(InputError, match="No feature varies"):
        fit_encoder(table_of({"x": [1.0] * 4}, {"x": "number"}), TRAIN)


def test_the_table_is_not_mutated() -> None:
    before = TABLE.features.clone()
    fit_encoder(TABLE, TRAIN).transform(TABLE)
    assert TABLE.features.equals(before)


def test_a_table_of_some_features_gives_their_columns_of_the_matrix() -> None:
    encoder = fit_encoder(TABLE, TRAIN)
    some = FeatureTable(
        TABLE.rows[[3, 1]],
        TABLE.features[[3, 1]].select("t.born value", "t.gone value", "t.city value"),
        TABLE.nodes,
    )
    places, matrix = encoder.transform_some(some)
    assert places.tolist() == [1, 2]
    np.testing.assert_array_equal(matrix, encoder.transform(TABLE)[[3, 1]][:, [1, 2]])
    places, matrix = encoder.transform_some(FeatureTable(TABLE.rows, TABLE.features.select(), []))
    assert places.tolist() == []
    assert matrix.shape == (4, 0)

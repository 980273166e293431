"""A feature table becomes what a model takes: rows by time, classes by code, entities."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tasks.domain import ColumnTask
from tasks.errors import InputError
from tasks.relations.events import LABEL, TIME
from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable
from tasks.relations.task_rows import ENTITY
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.forest import ForestSettings
from tasks.uncertainty.model_data import (
    ModelData,
    evaluation_rows,
    model_data,
)

N = 300
START = datetime(2020, 1, 1)
SPLIT = {"validation": date(2020, 7, 19), "test": date(2020, 9, 17)}  # after 200 and 260 days
CITIES = ["서울", "<b>부산</b>", "Roma"]
NODES = [
    Feature((), "t", "size", "value", "number"),
    Feature((), "t", "city", "value", "category"),
    Feature((), "t", "same", "value", "number"),
]


def task(output: str = "regression") -> ColumnTask:
    fields = {"kind": "column", "output": output, "table": "t", "column": "y", "split": SPLIT}
    return ColumnTask.model_validate(fields)


def table(labels: Any = None) -> FeatureTable:
    """One row a day in a random order; the size tells the label, the last column nothing."""
    rng = np.random.default_rng(1)
    days = rng.permutation(N)
    size = rng.normal(size=N).round(3)
    numbers = 3 * size + rng.normal(size=N)
    return FeatureTable(
        rows=pl.DataFrame(
            {
                TIME: [START + timedelta(days=int(day)) for day in days],
                LABEL: numbers if labels is None else labels,
                ENTITY: rng.integers(0, 60, N),
            }
        ),
        features=pl.DataFrame(
            {
                NODES[0].name: pl.Series(size).set(pl.Series(days % 17 == 3), None),
                NODES[1].name: rng.choice(CITIES, N, p=[0.5, 0.3, 0.2]),
                NODES[2].name: np.where(days < 200, 7.0, 8.0),
            }
        ),
        nodes=NODES,
    )


def days_of(data: ModelData, source: FeatureTable) -> list[list[int]]:
    days = (source.rows[TIME] - START).dt.total_days().to_numpy()
    return [sorted(days[part]) for part in (data.train, data.validation, data.test)]


def test_rows_are_split_by_time_and_encoded_by_the_train_rows() -> None:
    source = table()
    before = source.rows.clone(), source.features.clone()
    data = model_data(source, task())
    assert source.rows.equals(before[0])
    assert source.features.equals(before[1])
    assert days_of(data, source) == [
        list(range(200)),
        list(range(200, 260)),
        list(range(260, 300)),
    ]
    assert list(data.encoder.nodes) == NODES[:2]
    assert data.encoder.categories == {NODES[1].name: tuple(CITIES)}
    np.testing.assert_array_equal(data.x, data.encoder.transform(source))
    assert np.isnan(data.x[:, 0]).sum() == source.features[NODES[0].name].null_count() > 0


def test_a_regression_keeps_its_labels_and_entities() -> None:
    source = table()
    data = model_data(source, task())
    np.testing.assert_array_equal(data.y, source.rows[LABEL].to_numpy())
    np.testing.assert_array_equal(data.entities, source.rows[ENTITY].to_numpy())
    assert data.classes == ()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["현금", "card", "<i>"], ("<i>", "card", "현금")),
        ([1.0, 0.0, 2.5], ("0", "1", "2.5")),
        ([10000002.0, 10000001.0, -3.0], ("-3", "10000001", "10000002")),
    ],
)
def test_classes_are_coded_in_their_order(
    labels: list[str] | list[float], names: tuple[str, ...]
) -> None:
    drawn = [labels[k] for k in np.random.default_rng(2).integers(0, 3, N)]
    data = model_data(table(drawn), task("classification"))
    assert data.classes == names
    assert [sorted(labels)[code] for code in data.y] == drawn
    assert data.y.dtype.kind == "i"


def test_numbers_are_classes_only_where_the_task_says_so() -> None:
    drawn = np.random.default_rng(2).integers(5, 8, N).astype(float)
    data = model_data(table(drawn), task())
    np.testing.assert_array_equal(data.y, drawn)
    assert data.classes == ()


@pytest.mark.parametrize("late", [200, 290])
def test_a_class_that_comes_too_late_is_refused(late: int) -> None:
    days = (table().rows[TIME] - START).dt.total_days().to_numpy()
    labels = np.where(days % 2 == 0, "a", "b")
    labels[days == late] = "현"
    message = "Every class must be found before 2020-07-19, 현 is not"
    with pytest.raises(InputError, match=message):
        model_data(table(labels), task("classification"))
    labels[days == 199] = "현"
    assert model_data(table(labels), task("classification")).classes == ("a", "b", "현")


def test_a_split_that_leaves_nothing_is_refused() -> None:
    early = task().model_copy(
        update={"split": task().split.model_copy(update={"validation": date(2019, 1, 1)})}
    )
    with pytest.raises(InputError, match="nothing to train on"):
        model_data(table(), early)
    late = task().model_copy(
        update={"split": task().split.model_copy(update={"test": date(2022, 1, 1)})}
    )
    with pytest.raises(InputError, match="on or after the split's test date 2022-01-01"):
        model_data(table(), late)


@pytest.mark.parametrize("output", ["regression", "classification"])
def test_members_are_fitted_to_the_train_rows_alone(output: str) -> None:
    source = table() if output == "regression" else table(np.arange(N) % 2)
    data = model_data(source, task(output))
    fitted = fit_members(data.training, "boosting", seed=3, members=2, workers=1)
    by_hand = fit_bagged(
        data.x[data.train],
        data.y[data.train],
        seed=3,
        n_classes=None if output == "regression" else 2,
        categorical=(1,),
        groups=data.entities[data.train],
        members=2,
    )
    assert fitted.n_classes == by_hand.n_classes
    np.testing.assert_array_equal(fitted.predict_members(data.x), by_hand.predict_members(data.x))


def test_training_rows_are_those_before_the_validation_date() -> None:
    data = model_data(table(), task())
    rows = data.training
    np.testing.assert_array_equal(rows.x, data.x[data.train])
    np.testing.assert_array_equal(rows.y, data.y[data.train])
    np.testing.assert_array_equal(rows.entities, data.entities[data.train])
    assert (rows.n_classes, rows.categorical) == (None, (1,))
    some = rows.take(np.array([5, 2]))
    np.testing.assert_array_equal(some.y, rows.y[[5, 2]])
    np.testing.assert_array_equal(some.x, rows.x[[5, 2]])
    np.testing.assert_array_equal(some.entities, rows.entities[[5, 2]])
    assert len(rows.y) == 200


def test_members_fitted_from_a_later_number_are_those_of_the_whole() -> None:
    data = model_data(table(), task())
    whole, part = (
        fit_members(data.training, "random_forest", seed=3, members=n, first=first, workers=1)
        for n, first in ((4, 0), (2, 2))
    )
    expected = whole.predict_members(data.x)[2:]
    assert part.predict_members(data.x).tobytes() == expected.tobytes()


def test_settings_of_trees_may_be_given() -> None:
    data = model_data(table(), task())
    of: dict[str, Any] = {"seed": 3, "members": 2}
    small = ForestSettings(trees=3)
    found = fit_members(data.training, "random_forest", workers=1, settings=small, **of)
    rows = data.training
    by_hand = fit_bagged(
        rows.x, rows.y, categorical=(1,), groups=rows.entities, settings=small, **of
    )
    np.testing.assert_array_equal(found.predict_members(data.x), by_hand.predict_members(data.x))


def test_all_held_out_rows_are_evaluated_where_they_are_few() -> None:
    test = np.array([False, True, True, False, True])
    for most in (3, 99):
        rows = evaluation_rows(test, np.zeros(5, dtype=int), most, np.random.default_rng(1))
        assert rows.tolist() == [1, 2, 4]


def test_of_many_held_out_rows_each_is_as_likely_to_be_evaluated() -> None:
    test = np.arange(40) % 2 == 1
    entities = np.repeat([3, 1, 2], [20, 16, 4])
    rng = np.random.default_rng(1)
    counts = np.zeros(40)
    for _ in range(2000):
        rows = evaluation_rows(test, entities, 5, rng)
        assert len(rows) == 5
        of_entity = np.bincount(entities[rows], minlength=4)[1:]
        assert (np.abs(of_entity - [2, 0.5, 2.5]) < 1).all()
        assert (np.diff(rows) > 0).all()
        counts[rows] += 1
    assert (counts[~test] == 0).all()
    assert np.abs(counts[test] - 500).max() < 4 * np.sqrt(2000 * 0.25 * 0.75)

"""Classes that hardly any train row shows are left out and told."""

from datetime import datetime, timedelta

import polars as pl

from tasks.domain import ColumnTask
from tasks.relations.events import LABEL, TIME
from tasks.relations.rare_classes import LEAST, without_rare_classes
from tasks.relations.task_rows import ENTITY
from tests.contract_parts import column_task

START = datetime(2024, 1, 1)
SPLIT = {"validation": "2024-03-01", "test": "2024-04-01"}


def task(output: str) -> ColumnTask:
    return ColumnTask.model_validate(column_task("x", output, SPLIT))


def rows(labels: list[object], entities: list[int], days: list[int]) -> pl.DataFrame:
    times = [START + timedelta(days=day) for day in days]
    return pl.DataFrame({LABEL: labels, ENTITY: entities, TIME: times})


def table(**classes: tuple[int, int, int]) -> pl.DataFrame:
    """Of each class so many entities with so many train rows each, and so many test rows."""
    found = []
    for name, (entities, repeated, held_out) in classes.items():
        found += [(name, k, 1) for k in range(entities) for _ in range(repeated)]
        found += [(name, 1000 + k, 100) for k in range(held_out)]
    return rows(*map(list, zip(*found, strict=True)))


def test_a_class_of_few_entities_or_of_later_rows_alone_is_left_out() -> None:
    given = table(a=(LEAST, 1, 5), b=(LEAST + 3, 2, 0), 드문=(LEAST - 1, 9, 4), late=(0, 1, 3))
    before = given.clone()
    left, rare = without_rare_classes(given, task("classification"))
    assert rare == ("late", "드문")
    assert left.equals(given.filter(pl.col(LABEL).is_in(["a", "b"])))
    assert given.equals(before)


def test_numbers_are_named_as_they_are_written() -> None:
    labels = [1.0] * 12 + [2.0] * 12 + [3.0, 4.5]
    given = rows(labels, list(range(26)), [1] * 26)
    assert without_rare_classes(given, task("classification"))[1] == ("3", "4.5")


def test_of_two_classes_none_is_left_out() -> None:
    given = table(a=(50, 1, 5), b=(3, 1, 1))
    assert without_rare_classes(given, task("classification")) == (given, ())


def test_a_regression_and_frequent_classes_stay_as_they_are() -> None:
    given = table(a=(50, 1, 5), b=(30, 1, 1), c=(20, 1, 1))
    assert without_rare_classes(given, task("classification"))[0] is given
    numbers = rows([1.0, 2.0, 3.0], [1, 2, 3], [1, 1, 1])
    assert without_rare_classes(numbers, task("regression")) == (numbers, ())

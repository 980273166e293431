"""Features find their tables, columns, keys and value ranges."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.attribution.database import (
    LEADING,
    OWN,
    ROWS,
    ColumnRanges,
    column_of,
    column_ranges,
    database_hierarchy,
    key_hierarchy,
    key_of,
    leading_feature,
    range_node,
)
from tasks.attribution.hierarchy import check_partition
from tasks.contract import load_contract
from tasks.domain import PLACEBO, DemoSource
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature
from tasks.relations.features import PLACEBO_FEATURE, build_features
from tasks.relations.sources import read_tables

PARENT, CHILD, BEYOND = ("->품목",), ("<-판매.store",), ("<-판매.store", "->품목")
WEIGHT = "<b>무게</b>"
FEATURES = (
    Feature((), "stores", "size", "value", "number"),
    Feature(BEYOND, "품목", WEIGHT, "last", "number"),
    Feature(CHILD, "판매", "", "count", "number"),
    Feature(PARENT, "품목", WEIGHT, "value", "number"),
    Feature((), "stores", "city", "value", "category"),
    Feature(CHILD, "판매", "", "days since", "number"),
    Feature(CHILD, "판매", "amount", "last", "number"),
    PLACEBO_FEATURE,
)

ANY_FEATURE = st.builds(
    Feature,
    st.sampled_from([(), PARENT, CHILD, BEYOND]),
    st.sampled_from(["stores", "품목", "판매"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(LEADING),
    st.just("number"),
)


def test_a_feature_belongs_to_one_column_and_one_key() -> None:
    assert column_of(FEATURES[1]) == ("품목", WEIGHT)
    assert column_of(FEATURES[2]) == ("판매", ROWS)
    assert [key_of(feature) for feature in FEATURES] == [
        OWN,
        CHILD[0],
        CHILD[0],
        PARENT[0],
        OWN,
        CHILD[0],
        CHILD[0],
        PLACEBO,
    ]


def test_features_are_gathered_by_table_and_column_as_they_come() -> None:
    tables = database_hierarchy(FEATURES).tables
    assert [(name, list(columns.items())) for name, columns in tables.items()] == [
        ("stores", [("size", (0,)), ("city", (4,))]),
        ("품목", [(WEIGHT, (1, 3))]),
        ("판매", [(ROWS, (2, 5)), ("amount", (6,))]),
        (PLACEBO, [("noise", (7,))]),
    ]


def test_features_are_gathered_by_the_key_that_they_come_through() -> None:
    hierarchy = key_hierarchy(FEATURES)
    assert list(hierarchy.tables) == [OWN, CHILD[0], PARENT[0], PLACEBO]
    assert hierarchy.features == ((0, 4), (1, 2, 5, 6), (3,), (7,))


@given(st.lists(ANY_FEATURE, min_size=1))
def test_every_feature_has_its_place(features: list[Feature]) -> None:
    for hierarchy in (database_hierarchy(features), key_hierarchy(features)):
        check_partition(hierarchy, len(features))
    hierarchy = database_hierarchy(features)
    for column, indices in zip(hierarchy.columns, hierarchy.features, strict=True):
        assert {column_of(features[index]) for index in indices} == {column}
    keys = key_hierarchy(features)
    for key, indices in zip(keys.tables, keys.features, strict=True):
        assert {key_of(features[index]) for index in indices} == {key}


@pytest.mark.parametrize(
    ("features", "leading"),
    [
        ([(CHILD, "last"), (BEYOND, "value"), (CHILD, "mean")], 0),
        ([(CHILD, "mean"), (CHILD, "recent mean"), (CHILD, "last")], 2),
        ([(CHILD, "days since"), (CHILD, "recent count"), (CHILD, "count")], 2),
        ([(CHILD, "last"), ((), "mean")], 1),
        ([(CHILD, "last"), (PARENT, "last")], 0),
    ],
)
def test_the_shortest_path_speaks_for_a_column(
    features: Sequence[tuple[tuple[str, ...], str]], leading: int
) -> None:
    nodes = [Feature(path, "판매", "amount", how, "number") for path, how in features]
    assert leading_feature(nodes, range(len(nodes))) == leading
    strangers = [Feature((), "stores", "size", "value", "number")] * 2
    shifted = leading_feature([*strangers, *nodes], range(2, 2 + len(nodes)))
    assert shifted == 2 + leading


def test_every_feature_of_a_database_could_speak_for_its_column() -> None:
    demo = load_contract("demo").model_copy(
        update={"source": DemoSource(kind="demo", documents=100)}
    )
    frames = {name: table.frame for name, table in read_tables(demo).items()}
    nodes = build_features(demo, frames, demo.tasks["lead-time"]).nodes
    assert {node.aggregate for node in nodes} == set(LEADING)
    columns = database_hierarchy(nodes)
    for column, indices in zip(columns.columns, columns.features, strict=True):
        assert column_of(nodes[leading_feature(nodes, indices)]) == column


def ranges_of(
    feature: Feature,
    train: list[float],
    rows: list[float],
    categories: tuple[str, ...] = (),
    n_ranges: int = 2,
) -> ColumnRanges:
    """Ranges of a column beside another one that must not matter."""
    first = Feature((), "a", "first", "value", "number")
    encoder = Encoder((first, feature), {feature.name: categories} if categories else {})
    learnt, coded = (np.column_stack([np.arange(len(v)), v]) for v in (train, rows))
    before = learnt.copy(), coded.copy()
    found = column_ranges(encoder, database_hierarchy(encoder.nodes), learnt, coded, n_ranges)
    np.testing.assert_equal((learnt, coded), before)
    assert [ranges.feature for ranges in found] == [0, 1]
    return found[1]


def test_numbers_are_cut_at_the_quantiles_of_the_train_rows() -> None:
    number = Feature((), "t", WEIGHT, "value", "number")
    found = ranges_of(number, [0, 1, 2, 3, np.nan], [1.9, 2, np.nan, -7, 99])
    assert found.labels == ("< 2", ">= 2", "missing")
    assert found.codes.tolist() == [0, 1, 2, 0, 1]


def test_times_are_days_before() -> None:
    time = Feature((), "t", "born", "value", "time")
    found = ranges_of(time, [10, 20, 30], [5, 20, np.nan, 31], n_ranges=3)
    assert found.labels == (
        "< 20 days before",
        "[20, 30) days before",
        ">= 30 days before",
        "missing",
    )
    assert found.codes.tolist() == [0, 1, 3, 2]


def test_the_most_frequent_categories_have_ranges_of_their_own() -> None:
    city = Feature((), "t", "city", "value", "category")
    found = ranges_of(city, [0, 1], [2, 1, 0, 3, np.nan], ("서울", "<i>부산</i>", "Roma"))
    assert found.labels == ("서울", "<i>부산</i>", "other", "missing")
    assert found.codes.tolist() == [2, 1, 0, 2, 3]
    every = ranges_of(city, [0, 1], [1, 0, 2, np.nan], ("서울", "부산"), n_ranges=9)
    assert every.labels == ("서울", "부산", "other", "missing")
    assert every.codes.tolist() == [1, 0, 2, 3]


def test_no_two_ranges_of_a_column_have_one_name() -> None:
    """A category may be named as a range is; numbers may agree in the digits that are shown."""
    kind = Feature((), "t", "kind", "value", "category")
    found = ranges_of(kind, [0, 1], [0, 1, 2], ("missing", "other", "other (2)"), n_ranges=3)
    assert found.labels == ("missing", "other", "other (2)", "other (3)", "missing (2)")
    number = Feature((), "t", "id", "value", "number")
    near = ranges_of(number, [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3], [1e9 + 1], n_ranges=4)
    assert near.labels == (
        "< 1e+09",
        "[1e+09, 1e+09)",
        "[1e+09, 1e+09) (2)",
        ">= 1e+09",
        "missing",
    )


def test_the_node_of_a_range() -> None:
    assert str(range_node(("품목", WEIGHT), "missing")) == f"품목.{WEIGHT} [missing]"

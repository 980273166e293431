"""Feature tables survive their file, whatever their names and kinds, and give the same bytes."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain import Column, ColumnTask, Domain, Split, Table, WindowTask
from tasks.relations.events import LABEL, TIME
from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable
from tasks.relations.row_sample import Sampled
from tasks.relations.table_files import (
    needed_columns,
    read_features,
    read_frames,
    read_sampled,
    write_features,
)
from tasks.relations.task_rows import ENTITY

START = datetime(2020, 1, 1, 10, 30)
NODES = [
    Feature(("->품목",), "품목", "<b>무게</b> kg", "value", "number"),
    Feature(("<-판매.store", "->품목"), "품목", '종류 "a" & b', "last", "category"),
    Feature((), "stores", "opened", "value", "time"),
    Feature(("<-판매.store",), "판매", "", "days since", "number"),
    Feature(("<-판매.store",), "판매", "status", "mean", "number", "!= 완료"),
]


def table(labels: pl.Series | None = None) -> FeatureTable:
    return FeatureTable(
        rows=pl.DataFrame(
            {
                "store": ["점포 1", None, "<i>"],
                TIME: [START + timedelta(microseconds=k) for k in range(3)],
                LABEL: pl.Series([0.1, -0.0, 1e300]) if labels is None else labels,
                ENTITY: [2**60, -1, 3],
            }
        ),
        features=pl.DataFrame(
            {
                NODES[0].name: [0.1 + 0.2, None, float("nan")],
                NODES[1].name: ["서울", None, ""],
                NODES[2].name: [None, START, START - timedelta(days=20_000)],
                NODES[3].name: pl.Series([None, None, None], dtype=pl.Float64),
                NODES[4].name: [0.0, 1.0, 0.5],
            }
        ),
        nodes=NODES,
    )


def assert_same(one: FeatureTable, two: FeatureTable) -> None:
    for frame, other in ((one.rows, two.rows), (one.features, two.features)):
        assert frame.schema == other.schema
        assert frame.equals(other, null_equal=True)
    assert one.nodes == two.nodes


@pytest.mark.parametrize("labels", [None, pl.Series(["현금", "card", "현금"])])
def test_a_feature_table_survives_its_file(labels: pl.Series | None, tmp_path: Path) -> None:
    path = tmp_path / "특징 features.parquet"
    written = table(labels)
    write_features(written, path)
    assert_same(read_features(path), table(labels))
    assert_same(written, table(labels))
    columns = [*written.rows.columns, *written.features.columns]
    assert pl.read_parquet(path).columns == columns


def test_what_is_not_a_number_is_told_from_what_is_missing(tmp_path: Path) -> None:
    write_features(table(), tmp_path / "f")
    found = read_features(tmp_path / "f").features[NODES[0].name]
    assert found.is_null().to_list() == [False, True, False]
    assert found.is_nan().to_list() == [False, None, True]
    assert found[0] == 0.30000000000000004


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "two", "three", "other")]
    for path in paths[:2]:
        write_features(table(), path)
    write_features(read_features(paths[0]), paths[2])
    changed = table()
    write_features(FeatureTable(changed.rows, changed.features, [*NODES[:4], NODES[0]]), paths[3])
    contents = [path.read_bytes() for path in paths]
    assert contents[0] == contents[1] == contents[2]
    assert contents[3] != contents[0]


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
)
FEATURES = st.builds(
    Feature,
    st.lists(NAMES, max_size=2).map(tuple),
    NAMES,
    NAMES | st.just(""),
    st.sampled_from(["value", "last", "mean"]),
    st.just("number"),
    NAMES | st.just(""),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names")


@given(nodes=st.lists(FEATURES, min_size=1, max_size=5, unique_by=lambda node: node.name))
@settings(max_examples=30, deadline=None)
def test_any_name_survives(nodes: list[Feature], folder: Path) -> None:
    features = pl.DataFrame({node.name: [float(k)] for k, node in enumerate(nodes)})
    written = FeatureTable(pl.DataFrame({TIME: [START], LABEL: [1.0]}), features, nodes)
    write_features(written, folder / "f")
    assert_same(read_features(folder / "f"), written)


def test_frames_are_read_by_the_name_of_their_table(tmp_path: Path) -> None:
    frames = {
        "품목": pl.DataFrame({"<b>": [1, None], "무게": ["a", None]}),
        "sales": pl.DataFrame({"day": [START]}),
    }
    paths = {name: tmp_path / f"{k}.parquet" for k, name in enumerate(frames)}
    for name, path in paths.items():
        frames[name].write_parquet(path)
    found = read_frames(paths)
    assert list(found) == list(frames)
    assert all(found[name].equals(frame) for name, frame in frames.items())


def test_how_rows_were_drawn_survives_the_file(tmp_path: Path) -> None:
    sampled = Sampled(by="판매.store", found={"train": 6_012_345}, in_parts=2)
    write_features(table(), tmp_path / "drawn", sampled)
    write_features(table(), tmp_path / "all")
    assert read_sampled(tmp_path / "drawn") == sampled
    assert read_sampled(tmp_path / "all") is None
    assert_same(read_features(tmp_path / "drawn"), table())


def test_texts_that_nothing_reads_are_not_needed(tmp_path: Path) -> None:
    text, time, number = Column(type="text"), Column(type="time"), Column(type="number")
    shops = Table(columns={"id": text, "name": text, "size": number}, primary_key=("id",))
    log = Table(columns={"note": text, "shop": text}, foreign_keys={"shop": "shops"})
    sales = Table(
        columns={"id": text, "shop": text, "day": time, "note": text, "status": text, "y": number},
        primary_key=("id",),
        foreign_keys={"shop": "shops"},
        time="day",
    )
    split = Split.model_validate({"validation": "2020-06-01", "test": "2020-09-01"})
    contract = Domain.model_construct(tables={"shops": shops, "sales": sales, "log": log})
    column = ColumnTask(kind="column", output="regression", table="sales", column="y", split=split)
    window = WindowTask.model_validate(
        {
            "kind": "window",
            "output": "classification",
            "entity": "shops",
            "events": "sales",
            "key": "shop",
            "aggregate": "any",
            "condition": {"column": "status", "compare": "==", "value": "완료"},
            "window_days": 60,
            "step_days": 60,
            "active_days": 365,
            "start": "2020-01-01",
            "split": split,
        }
    )
    needed = needed_columns(contract, column)
    assert needed == {
        "shops": ["id", "size"],
        "sales": ["id", "shop", "day", "y"],
        "log": ["note", "shop"],  # without a primary key the whole row tells whether it repeats
    }
    assert needed_columns(contract, window)["sales"] == ["id", "shop", "day", "status", "y"]
    frame = pl.DataFrame({"id": ["a"], "name": ["x" * 99], "size": [1.0]})
    frame.write_parquet(tmp_path / "shops")
    found = read_frames({"shops": tmp_path / "shops"}, needed)["shops"]
    assert found.equals(frame.drop("name"))
    assert read_frames({"shops": tmp_path / "shops"})["shops"].equals(frame)

"""CSV, Parquet and JSON hold the same traces; what a file leaves unclear is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.trace_files import columns_of, read_columns
from tasks.intervention.structural.traces import Column, make_traces

ROWS = 300
GRAPH = make_graph(
    ["온도", "count", "grade", "ok"], [["온도", "ok"], ["count", "ok"], ["grade", "ok"]]
)


@pytest.fixture
def columns() -> dict[str, list[Any]]:
    rng = np.random.default_rng(1)
    return {
        "온도": [None, *rng.normal(size=ROWS - 1).tolist()],
        "count": [*rng.integers(-5, 5, size=ROWS - 1).tolist(), None],
        "grade": [None, None, *rng.choice(["가, 나", 'say "b"', "NA"], size=ROWS - 2).tolist()],
        "ok": [True, None, *rng.choice([True, False], size=ROWS - 2).tolist()],
    }


@pytest.mark.parametrize("form", ["csv", "parquet", "JSON"])
def test_every_form_gives_the_same_traces(
    form: str, columns: dict[str, list[Any]], tmp_path: Path
) -> None:
    path = tmp_path / f"자료.{form}"
    match form:
        case "csv":
            pl.DataFrame(columns).write_csv(path, include_bom=True)
        case "parquet":
            types = {"count": pl.Int16, "grade": pl.Categorical}
            pl.DataFrame(columns).cast(types).write_parquet(path)  # type: ignore[arg-type]
        case "JSON":
            path.write_text(json.dumps(columns, ensure_ascii=False), encoding="utf-8")
    given = read_columns(path)
    expected = make_traces(columns, GRAPH, "listwise")
    traces = make_traces(given, GRAPH, "listwise")
    assert list(given) == list(columns)
    assert traces.left_out == expected.left_out == 3
    assert traces.kinds == expected.kinds
    pd.testing.assert_frame_equal(traces.frame, expected.frame)


def csv_column(texts: list[str], folder: Path) -> list[object]:
    path = folder / "column.csv"
    path.write_text("\n".join(["x,y", *(f"{text},1" for text in texts)]), encoding="utf-8")
    return list(read_columns(path)["x"])


def test_fields_of_a_csv_are_numbers_truth_values_or_texts_throughout(tmp_path: Path) -> None:
    assert csv_column(["1", " -2.5 ", "1e3", "007"], tmp_path) == [1, -2.5, 1000, 7]
    assert csv_column(["TRUE", "", "false", "True"], tmp_path) == [True, None, False, True]
    assert csv_column(["true", "", "maybe"], tmp_path) == ["true", None, "maybe"]
    assert csv_column(["nan", "inf", "b"], tmp_path) == ["nan", "inf", "b"]
    np.testing.assert_array_equal(csv_column(["1", "", "inf"], tmp_path), [1, np.nan, np.inf])
    np.testing.assert_array_equal(csv_column(["", ""], tmp_path), [np.nan, np.nan])


def test_a_text_among_the_numbers_of_a_csv_is_refused_by_its_row(tmp_path: Path) -> None:
    given: dict[str, Column] = {
        "x": csv_column(["1", "2"] * 60 + ["NA"], tmp_path),
        "y": [1, 2] * 60 + [1],
    }
    with pytest.raises(InputError, match="a number in row 0 and a text in row 120, 'NA'"):
        make_traces(given, make_graph(["x", "y"], [["x", "y"]]), "listwise")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("t.csv", b"a,b,a\n1,2,3\n", "each column once; it repeats a"),
        ("t.csv", '"나""이",b,"나""이"\n1,2,3\n'.encode(), 'once; it repeats 나"이'),
        ("t.csv", b"a,,\n1,2,3\n", "each column once"),
        ("t.csv", b"", "is empty"),
        ("t.csv", "a,b\n1,가\n".encode("euc-kr"), "cannot be read as csv in UTF-8"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, its header 2"),
        ("t.parquet", b"", "cannot be read as parquet: "),
        ("t.parquet", b"a,b\n1,2\n", "cannot be read as parquet: "),
        ("t.json", b"", "must be JSON"),
        ("t.json", b'{"a": [1], "a": [2]}', "holds the key 'a' twice"),
        ("t.json", b'[{"a": 1}]', "must be an object that gives each column a list .* got list"),
        ("t.json", b'{"a": [1], "b": "12"}', "Column 'b' must be a list of values, got str"),
        ("t.xlsx", b"PK", r"from \.csv, \.parquet or \.json, got .*t\.xlsx"),
    ],
)
def test_a_file_that_is_no_traces_is_refused(
    name: str, data: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message) as refusal:
        read_columns(tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_a_file_that_is_not_there_is_refused(form: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"none\.{form} cannot be read.*: .*No such file"):
        read_columns(tmp_path / f"none.{form}")


def test_a_parquet_column_of_times_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t[1].parquet"
    times = pl.Series("언제", [1, 2]).cast(pl.Datetime)
    pl.DataFrame([pl.Series("a", [1, 2]), times]).write_parquet(path)
    with pytest.raises(InputError, match=r"Column '언제' of .* got Datetime"):
        read_columns(path)


def test_an_empty_list_of_columns_is_left_to_the_graph() -> None:
    assert columns_of({}) == {}
    with pytest.raises(InputError, match="needs a column, got none for 'count'"):
        make_traces({}, GRAPH)

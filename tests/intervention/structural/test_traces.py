"""Traces are complete and of one kind a column, or refused by the column's name."""

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.traces import FEWEST_ROWS, Column, Kind, make_traces

N = 120
GRAPH = make_graph(["x", "출력"], [["x", "출력"]])
WIDE = make_graph(["input", "valid", "output"], [["input", "valid"], ["valid", "output"]])


def refused(message: str, x: Any, missing: Any = "error", y: Any = None) -> str:
    columns = {"x": x, "출력": y if y is not None else [0.5, 1.5] * (N // 2)}
    with pytest.raises(InputError, match=message) as refusal:
        make_traces(columns, GRAPH, missing)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 2.5], "continuous"),
        ([1, 2, 3], "discrete"),
        ([1.0, -2.0, 3], "discrete"),
        ([-(2**31), 2**31 - 1, 0], "discrete"),
        ([2**31, 1, 0], "continuous"),
        ([-(2**31) - 1, 1, 0], "continuous"),
        ([1e30, 1, 0], "continuous"),
        ([np.int8(1), np.float32(2), 3], "discrete"),
        (["a", "b", "가"], "categorical"),
        (["1", "2", "3"], "categorical"),
        ([True, False, True], "categorical"),
        ([np.True_, np.False_, True], "categorical"),
    ],
)
def test_the_kind_is_told_by_the_values(values: list[object], kind: Kind) -> None:
    traces = make_traces({"x": values * 40, "출력": [0.5, 1.5] * 60}, GRAPH)
    assert traces.kinds == {"x": kind, "출력": "continuous"}
    assert traces.frame["x"].dtype == (object if kind == "categorical" else np.float64)
    if kind != "categorical":
        assert traces.frame["x"].tolist() == [float(value) for value in values] * 40  # type: ignore[arg-type]


def test_columns_are_in_sorted_order_and_rows_in_theirs() -> None:
    traces = make_traces({"출력": list(range(N)), "x": list(range(N, 0, -1))}, GRAPH)
    assert list(traces.frame) == ["x", "출력"]
    assert traces.frame["출력"].tolist() == list(range(N))
    assert traces.frame["x"].tolist() == list(range(N, 0, -1))
    assert traces.left_out == 0


def test_labels_are_python_strings() -> None:
    labels = make_traces({"x": [np.str_("a"), "b\0"] * 60, "출력": [True, np.False_] * 60}, GRAPH)
    assert labels.frame["x"].tolist() == ["a", "b\0"] * 60
    assert labels.frame["출력"].tolist() == ["true", "false"] * 60
    assert {type(label) for name in labels.frame for label in labels.frame[name]} == {str}


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float32", "float64", "bool", "U1"])
def test_arrays_give_what_lists_give(dtype: str) -> None:
    array = np.array([0, 1] * 60).astype(dtype)
    one = make_traces({"x": array, "출력": array[::-1]}, GRAPH)
    two = make_traces({"x": array.tolist(), "출력": array[::-1].tolist()}, GRAPH)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    assert one.kinds == two.kinds


def test_a_node_without_a_column_is_refused() -> None:
    with pytest.raises(InputError, match="needs a column, got none for '출력'"):
        make_traces({"x": [1, 2] * 60}, GRAPH)


def test_a_column_that_is_no_node_is_refused() -> None:
    columns = {"x": [1, 2] * 60, "출력": [1, 2] * 60, **{f"c{k}": [1] for k in range(7)}}
    with pytest.raises(InputError, match="leave out 'c0', 'c1', 'c2', 'c3', 'c4' and 2 more"):
        make_traces(columns, GRAPH)


def test_columns_of_unequal_length_are_refused() -> None:
    refused("one length, got 119 rows in 'x' and 120 in '출력'", [1, 2] * 59 + [1])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.5, None, "NA"] * 40, "a number in row 0 and a text in row 2, 'NA'"),
        (["a", 1] * 60, "a text in row 0, 'a' and a number in row 1"),
        ([True, 1] * 60, "a truth value in row 0 and a number in row 1"),
        (["a", True] * 60, "a text in row 0, 'a' and a truth value in row 1"),
        ([1, [2]] * 60, "a number in row 0 and a list in row 1"),
        ([{}, {}] * 60, "got a dict in row 0"),
        ([1 + 2j, 1j] * 60, "got a complex in row 0"),
        (np.zeros((N, 2)), "got a ndarray in row 0"),
        (np.arange(N).astype("timedelta64[s]"), "got a timedelta64 in row 0"),
        (np.ma.masked_array([1.0, 2.0] * 60, mask=[False, True] * 60), "a MaskedConstant in row 1"),
        ("ab" * 60, "must be a list of values, got one text"),
    ],
)
def test_a_column_of_anything_but_one_sort_is_refused(x: Column, message: str) -> None:
    assert refused(message, x).startswith("Column 'x' must ")


@pytest.mark.parametrize("as_array", [True, False])
def test_infinite_numbers_are_refused_by_row(as_array: bool) -> None:
    x = [1.0, 2.0] * 60
    x[7] = -np.inf
    x[9] = np.inf
    refused(
        "Column 'x' must hold finite numbers, got -inf in row 7", np.array(x) if as_array else x
    )


def test_a_whole_number_beyond_float64_is_refused() -> None:
    refused("Column 'x' must hold numbers below 1e308", [1, 10**400] * 60)


@pytest.mark.parametrize("hole", [None, float("nan"), np.nan, pd.NA])
def test_missing_values_are_refused_or_left_out(hole: object) -> None:
    x: list[Any] = [1, 2] * 60
    y: list[Any] = ["a", "b"] * 60
    x[3] = y[3] = y[10] = hole
    refused("missing in 'x', '출력', in 2 of 120 rows: missing='listwise' leaves", x, y=y)
    traces = make_traces({"x": x, "출력": y}, GRAPH, "listwise")
    assert traces.left_out == 2
    kept = [row for row in range(N) if row not in (3, 10)]
    assert traces.frame["x"].tolist() == [x[row] for row in kept]
    assert traces.frame["출력"].tolist() == [y[row] for row in kept]
    assert traces.kinds == {"x": "discrete", "출력": "categorical"}


def test_only_the_columns_with_holes_are_named() -> None:
    assert "출력" not in refused("missing in 'x', in 1 of 120 rows", [None, *range(N - 1)])


@given(st.lists(st.tuples(st.integers(0, 299), st.sampled_from(["x", "출력"])), max_size=80))
def test_listwise_leaves_out_what_pandas_drops(holes: list[tuple[int, str]]) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "출력": rng.integers(5, size=300) / 1})
    for row, name in holes:
        frame.loc[row, name] = np.nan
    traces = make_traces({name: frame[name].tolist() for name in ("x", "출력")}, GRAPH, "listwise")
    pd.testing.assert_frame_equal(traces.frame, frame.dropna().reset_index(drop=True))
    assert traces.left_out == len({row for row, _ in holes})


def test_as_many_rows_as_needed_are_taken_and_one_fewer_refused() -> None:
    enough = [None] * 20 + [1.5, 2.5] * (FEWEST_ROWS // 2)
    assert make_traces({"x": enough, "출력": [1, 2] * 60}, GRAPH, "listwise").left_out == 20
    refused(
        "at least 100 rows .*, got 99 among 120 rows; values are missing in 'x'",
        [None, *enough[:20], *enough[21:]],
        "listwise",
    )
    refused("got 99 among 99 rows; values are missing in no column", [1.5] * 99, y=[1] * 99)
    refused("got 0 among 120 rows", [None] * N, "listwise")
    refused("got 0 among 0 rows", [], y=[])


@pytest.mark.parametrize("only", [1.5, "a", True])
def test_a_column_of_one_value_is_refused(only: object) -> None:
    shown = "'true'" if only is True else repr(only)
    message = refused(f"Column 'x' takes one value only, {shown}: there is nothing", [only] * N)
    assert "miss" not in message


def test_what_left_a_column_constant_is_named() -> None:
    valid = [True] * N + [False] * 30
    columns: dict[str, list[Any]] = {
        "input": [0.5, 1.5] * 75,
        "valid": valid,
        "output": [float(row % 7) if fine else None for row, fine in enumerate(valid)],
    }
    columns["input"][0] = columns["input"][-1] = None
    with pytest.raises(
        InputError, match="'valid' takes one value only, 'true', because"
    ) as refusal:
        make_traces(columns, WIDE, "listwise")
    assert "the 30 rows with another value miss one in 'output' and were" in str(refusal.value)


def test_several_columns_may_leave_another_constant_together() -> None:
    columns: dict[str, list[Any]] = {
        "input": [0.5, 1.5] * 60 + [None] * 15 + [2.5] * 15,
        "valid": [1.0] * N + [2.0] * 30,
        "output": list(range(N)) + [1] * 15 + [None] * 15,
    }
    with pytest.raises(
        InputError, match="30 rows with another value miss one in 'input', 'output'"
    ):
        make_traces(columns, WIDE, "listwise")


def test_a_column_constant_from_the_start_is_not_laid_on_missing_values() -> None:
    x = [None] * 10 + [1] * (N - 10)
    assert "miss" not in refused("takes one value only, 1.0: there is nothing", x, "listwise")


def test_labels_for_more_than_half_of_the_rows_are_an_identifier() -> None:
    most = [f"label {row // 2}" for row in range(N)]
    assert make_traces({"x": most, "출력": [1, 2] * 60}, GRAPH).kinds["x"] == "categorical"
    refused("'x' has 61 labels in 120 rows, more than half: .* identifier", ["own", *most[1:]])


def test_what_is_given_stays_as_it_is_and_is_not_shared() -> None:
    columns = {"x": np.array([1.0, 2.0, np.nan] * 60), "출력": np.array([3.0, 4.0, 5.0] * 60)}
    labels = np.array([True, np.False_, None] * 60, dtype=object)
    before = copy.deepcopy([*columns.values(), labels])
    assert make_traces({**columns, "출력": labels}, GRAPH, "listwise").left_out == 60
    traces = make_traces({**columns, "x": columns["출력"]}, GRAPH)
    traces.frame.loc[:, :] = -1.0
    for given_values, value in zip([*columns.values(), labels], before, strict=True):
        np.testing.assert_array_equal(given_values, value)

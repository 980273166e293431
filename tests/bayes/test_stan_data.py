"""Data that a program cannot take are refused by name before anything runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.bayes.stan_data import prepare_data, read_data
from tasks.bayes.stan_source import Declaration
from tasks.errors import InputError

DECLARATIONS = {
    "N": Declaration("int", 0),
    "y": Declaration("real", 1),
    "X": Declaration("real", 2),
    "g": Declaration("int", 1),
}
GOOD: dict[str, Any] = {"N": 2, "y": [1.5, 2], "X": [[1.0], [2.0]], "g": [1, 2]}


def test_good_data_pass_and_stay_as_they_are() -> None:
    y = np.array([1.5, 2.0])
    data = GOOD | {"y": y, "N": True, "unused": "text"}
    prepared = prepare_data(DECLARATIONS, data)
    assert list(prepared) == ["N", "y", "X", "g"]
    assert data["y"] is y
    assert y.tolist() == [1.5, 2.0]
    assert data["N"] is True


@pytest.mark.parametrize(
    "values", [[1, 2], np.array([1.0, 2.0]), pl.Series([1, 2]), pd.Series([1, 2]), (True, 2)]
)
def test_integers_come_out_as_integers_from_whatever_holds_them(values: Any) -> None:
    prepared = prepare_data(DECLARATIONS, GOOD | {"g": values, "N": np.float64(2)})
    assert prepared["g"].dtype == np.int64
    assert prepared["g"].tolist() == [1, 2]
    assert prepared["N"] == 2
    assert type(prepared["N"]) is int


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("y", [1.0, float("nan")], "'y' must not hold NaN, got 1 at index 1"),
        ("X", np.full((2, 1), np.nan), "'X' must not hold NaN, got 2 at index 0, 0"),
        ("N", float("nan"), "'N' must not hold NaN, got 1"),
        ("y", 3.0, r"'y' must have 1 dimension\(s\), got 0"),
        ("y", [[1.0, 2.0]], r"'y' must have 1 dimension\(s\), got 2 \(shape \(1, 2\)\)"),
        ("X", [[1.0], [2.0, 3.0]], "'X' must not be ragged"),
        ("N", 2.5, "'N' must hold integers, got 2.5"),
        ("g", [1, 1.5], "'g' must hold integers, got 1.5"),
        ("y", ["a", "b"], "'y' must hold numbers, got"),
        ("y", None, "'y' must hold numbers, got None"),
        ("y", [1.0, None], "'y' must hold numbers, got"),
    ],
)
def test_the_variable_at_fault_is_named(name: str, value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        prepare_data(DECLARATIONS, GOOD | {name: value})


def test_a_missing_variable_is_named_with_what_was_given() -> None:
    with pytest.raises(InputError, match="'y' is missing; given: N, X"):
        prepare_data(DECLARATIONS, {"N": 1, "X": [[1.0]]})


@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    dimensions=st.integers(0, 3),
)
def test_only_arrays_of_the_declared_dimension_pass(
    shape: tuple[int, ...], dimensions: int
) -> None:
    data = {"x": np.zeros(shape)}
    declarations = {"x": Declaration("real", dimensions)}
    if len(shape) == dimensions:
        prepare_data(declarations, data)
    else:
        with pytest.raises(InputError, match="'x' must have"):
            prepare_data(declarations, data)


def test_an_empty_array_passes_though_json_cannot_say_its_dimensions() -> None:
    prepare_data({"X": Declaration("real", 2)}, {"X": []})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no data file"),
        (b"{", "must be JSON in UTF-8"),
        (b"\xff\xfe", "must be JSON in UTF-8"),
        (b"[1]", "must hold a JSON object of variables, got a list"),
    ],
)
def test_a_file_that_holds_no_data_is_refused(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "data.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_data(path)


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "자료.json"
    path.write_text('{"y": [1, 2.5], "이름": 3}', encoding="utf-8")
    assert read_data(path) == {"y": [1, 2.5], "이름": 3}

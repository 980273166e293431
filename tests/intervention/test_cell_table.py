"""Cells survive the table and its file; one row tells of one action in one cell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.cell_table import cells_from_table, cells_to_table
from tasks.intervention.replicate_cells import Action, ReplicateCells

ACTIONS = (
    Action(Node(table="품목", column="<b>무게</b> kg"), "impute_missing"),
    Action(Node(table="품목", column="<b>무게</b> kg", range="[1, 2)"), "impute_missing"),
    Action(Node(table="품목", column="<b>무게</b> kg", range="missing"), "impute_missing"),
    Action(Node(table="a table"), "improve_quality"),
    Action(Node(table="(placebo)", column="noise"), "reduce_variance"),
)
J, V = 3, 2
KEYS = ["table", "column", "range", "intervention", "sub_ensemble", "block"]


@pytest.fixture
def cells() -> ReplicateCells:
    rng = np.random.default_rng(1)
    k = len(ACTIONS)
    return ReplicateCells(
        actions=ACTIONS,
        changed=np.array([7, 3, 4, 100, 0]),
        row_fraction=np.array([1, 0.25, 0.75, 1, 1]),
        u_before=rng.uniform(1, 2, (J, V)),
        u_after=rng.uniform(1, 2, (k, J, V)),
        nll_before=rng.normal(size=(J, V)),
        nll_after=rng.normal(size=(k, J, V)),
    )


def assert_same(one: ReplicateCells, two: ReplicateCells) -> None:
    assert one.actions == two.actions
    assert one.nested is two.nested
    for name in ("changed", "row_fraction", "u_before", "u_after", "nll_before", "nll_after"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), strict=True)


@pytest.mark.parametrize("nested", [False, True])
def test_cells_survive_the_file(cells: ReplicateCells, nested: bool, tmp_path: Path) -> None:
    path, design = tmp_path / "effects.parquet", replace(cells, nested=nested)
    cells_to_table(design).write_parquet(path)
    assert_same(cells_from_table(pl.read_parquet(path)), design)


def test_one_row_is_one_action_in_one_cell(cells: ReplicateCells) -> None:
    rows = cells_to_table(cells).rows(named=True)
    assert len(rows) == len(ACTIONS) * J * V
    place = 0
    for k, action in enumerate(ACTIONS):
        for j in range(J):
            for v in range(V):
                row = rows[place]
                place += 1
                assert [row[key] for key in KEYS] == [
                    *(getattr(action.node, part) for part in KEYS[:3]),
                    action.intervention,
                    j,
                    v,
                ]
                assert (row["changed"], row["row_fraction"]) == (
                    cells.changed[k],
                    cells.row_fraction[k],
                )
                assert (row["u_before"], row["u_after"]) == (
                    cells.u_before[j, v],
                    cells.u_after[k, j, v],
                )
                assert (row["nll_before"], row["nll_after"]) == (
                    cells.nll_before[j, v],
                    cells.nll_after[k, j, v],
                )
                assert row["effect"] == cells.effects[k, j, v]
                assert row["nested"] is False


def test_columns_have_their_types(cells: ReplicateCells) -> None:
    numbers = ["u_before", "u_after", "nll_before", "nll_after", "effect"]
    table = cells_to_table(cells)
    assert table.columns == [*KEYS[:4], "changed", "row_fraction", *KEYS[4:], *numbers, "nested"]
    assert dict(table.schema) == {
        **dict.fromkeys(KEYS[:4], pl.String),
        "changed": pl.Int64,
        **dict.fromkeys(KEYS[4:], pl.Int64),
        **dict.fromkeys(("row_fraction", *numbers), pl.Float64),
        "nested": pl.Boolean,
    }


def test_some_of_the_actions_keep_their_order(cells: ReplicateCells) -> None:
    some = cells.take(np.array([4, 0, 2]))
    assert_same(cells_from_table(cells_to_table(some)), some)


def test_the_same_cells_give_the_same_bytes(cells: ReplicateCells, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        cells_to_table(cells).write_parquet(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_cells_are_not_mutated(cells: ReplicateCells) -> None:
    before = cells.u_after.copy(), cells.u_before.copy()
    table = cells_to_table(cells)
    found = cells_from_table(table)
    assert cells_to_table(found).equals(table)
    np.testing.assert_array_equal(cells.u_after, before[0])
    np.testing.assert_array_equal(cells.u_before, before[1])


def test_where_no_action_is_left_that_is_said(cells: ReplicateCells) -> None:
    empty = cells_to_table(cells.take(np.array([], dtype=np.intp)))
    assert empty.schema == cells_to_table(cells).schema
    with pytest.raises(InputError, match=r"got none: left_out\.json says why"):
        cells_from_table(empty)

"""Cells of members fitted anew survive their table and its file; a worse likelihood by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.domain import Node
from tasks.intervention.cell_table import cells_to_table
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retrained_cells import (
    RetrainedCells,
    retrained_from_table,
    retrained_to_table,
)

ACTIONS = (
    Action(Node(table="품목", column="<b>무게</b> kg"), "impute_missing"),
    Action(Node(table="a table"), "improve_quality"),
    Action(Node(table="(placebo)", column="noise"), "reduce_variance"),
)
J, V = 4, 3
QUALITIES = ("crps_before", "crps_after", "gap_before", "gap_after")


@pytest.fixture
def found() -> RetrainedCells:
    rng = np.random.default_rng(1)
    before, after = (J, V), (len(ACTIONS), J, V)
    return RetrainedCells(
        cells=ReplicateCells(
            actions=ACTIONS,
            changed=np.array([7, 100, 0]),
            row_fraction=np.ones(3),
            u_before=rng.uniform(1, 2, before),
            u_after=rng.uniform(1, 2, after),
            nll_before=rng.normal(size=before),
            nll_after=rng.normal(size=after),
            nested=True,
        ),
        crps_before=rng.normal(size=before),
        crps_after=rng.normal(size=after),
        gap_before=rng.normal(size=before),
        gap_after=rng.normal(size=after),
        training_rows=12_345,
        held_out_rows=678,
    )


def test_cells_survive_the_file(found: RetrainedCells, tmp_path: Path) -> None:
    path = tmp_path / "retrained.parquet"
    retrained_to_table(found).write_parquet(path)
    again = retrained_from_table(pl.read_parquet(path))
    assert again.cells.actions == found.cells.actions
    assert again.cells.nested is True
    assert (again.training_rows, again.held_out_rows) == (12_345, 678)
    for name in ("changed", "row_fraction", "u_before", "u_after", "nll_before", "nll_after"):
        one, two = getattr(again.cells, name), getattr(found.cells, name)
        np.testing.assert_array_equal(one, two, strict=True)
    for name in QUALITIES:
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name), strict=True)


def test_the_columns_of_other_cells_come_first_and_are_the_same(found: RetrainedCells) -> None:
    table, plain = retrained_to_table(found), cells_to_table(found.cells)
    assert table.select(plain.columns).equals(plain)
    assert table.columns == [*plain.columns, *QUALITIES, "training_rows", "held_out_rows"]
    assert table.height == len(ACTIONS) * J * V


def test_one_row_is_one_action_in_one_cell(found: RetrainedCells) -> None:
    for row in retrained_to_table(found).rows(named=True):
        k = [str(action) for action in ACTIONS].index(
            str(Action(Node(table=row["table"], column=row["column"]), row["intervention"]))
        )
        j, v = row["sub_ensemble"], row["block"]
        assert (row["crps_before"], row["crps_after"]) == (
            found.crps_before[j, v],
            found.crps_after[k, j, v],
        )
        assert (row["gap_before"], row["gap_after"]) == (
            found.gap_before[j, v],
            found.gap_after[k, j, v],
        )
        assert (row["training_rows"], row["held_out_rows"]) == (12_345, 678)


def test_the_cells_are_not_mutated(found: RetrainedCells) -> None:
    before = {name: getattr(found, name).copy() for name in QUALITIES}
    table = retrained_to_table(found)
    assert retrained_to_table(retrained_from_table(table)).equals(table)
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(found, name), values)


@pytest.mark.parametrize(("errors", "is_worse"), [(1.6, False), (1.7, True), (-5.0, False)])
def test_a_likelihood_that_is_worse_by_more_than_chance_is_told(
    found: RetrainedCells, errors: float, is_worse: bool
) -> None:
    """By 1.645 standard errors of a design whose sub-ensembles are nested in draws."""
    cells = found.cells
    noise = np.random.default_rng(2).normal(size=(len(ACTIONS), J, V))
    noise -= noise.mean(axis=(1, 2), keepdims=True)
    error = crossed_statistics(noise, cells.drawn, nested=True).standard_error
    shift = np.zeros(3)
    shift[1] = errors * error[1]
    changed = cells.nll_before + noise + shift[:, None, None]
    moved = replace(found, cells=replace(cells, nll_after=changed))
    assert moved.worsened == ({ACTIONS[1]} if is_worse else set())

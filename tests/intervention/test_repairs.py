"""What a repair changes, what it leaves alone, and when there is none."""

import numpy as np
import polars as pl
import pytest

from tasks.domain import Node
from tasks.intervention.faulty_database import NotApplicable
from tasks.intervention.repairs import (
    COLUMN_INTERVENTIONS,
    TABLE_INTERVENTIONS,
    is_principal,
    plan_repair,
)
from tasks.intervention.replicate_cells import Action

from .shop import SALES, SELF, WEIGHT, marked, shop_tables

Tables = dict[str, pl.DataFrame]


def action(intervention: str, table: str, column: str = "") -> Action:
    return Action(Node(table=table, column=column), intervention)


def with_holes(table: str, column: str, rows: list[int], value: object = None) -> Tables:
    """The shop with a value written over some cells."""
    tables = shop_tables()
    hit = pl.Series(np.isin(np.arange(tables[table].height), rows))
    return tables | {
        table: tables[table].with_columns(
            pl.when(hit).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
        )
    }


def changed_cells(before: Tables, after: Tables) -> set[tuple[str, str, int]]:
    return {
        (name, column, int(row))
        for name, frame in before.items()
        for column in frame.columns
        for row in frame[column]
        .ne_missing(after[name][column].cast(frame[column].dtype))
        .arg_true()
    }


@pytest.mark.parametrize(
    ("intervention", "value", "faulty"),
    [("impute_missing", None, []), ("correct", 999.0, [0, 7, 20])],
)
def test_only_the_listed_cells_are_drawn(
    intervention: str, value: object, faulty: list[int]
) -> None:
    tables = with_holes("품목", WEIGHT, [0, 7, 20], value)
    database = marked(tables, {("품목", WEIGHT): faulty})
    repair = plan_repair(database, action(intervention, "품목", WEIGHT))
    assert repair.changed == 3
    assert repair.columns == {("품목", WEIGHT)}
    assert not repair.relinks
    before = {name: frame.clone() for name, frame in tables.items()}
    after = repair.apply(tables, np.random.default_rng(1))
    assert changed_cells(tables, after) == {("품목", WEIGHT, row) for row in (0, 7, 20)}
    assert all(frame.equals(before[name]) for name, frame in tables.items())
    again = repair.apply(tables, np.random.default_rng(1))
    other = repair.apply(tables, np.random.default_rng(2))
    assert again["품목"].equals(after["품목"])
    assert not other["품목"].equals(after["품목"])


def test_correct_leaves_missing_cells_alone_and_impute_missing_leaves_wrong_ones() -> None:
    tables = with_holes("품목", WEIGHT, [1, 2])
    weight = tables["품목"][WEIGHT].set(pl.Series(np.arange(40) == 5), 999.0)
    tables["품목"] = tables["품목"].with_columns(weight)
    database = marked(tables, {("품목", WEIGHT): [5]})
    for intervention, rows in (("correct", {5}), ("impute_missing", {1, 2})):
        repair = plan_repair(database, action(intervention, "품목", WEIGHT))
        after = repair.apply(tables, np.random.default_rng(1))
        assert {row for *_, row in changed_cells(tables, after)} == rows
        assert after["품목"][WEIGHT].filter(pl.Series(np.isin(np.arange(40), [*rows]))).max() < 30


def test_columns_that_are_set_take_the_clean_values_for_their_mean() -> None:
    tables = with_holes("품목", WEIGHT, [3], 999.0)
    database = marked(tables, {("품목", WEIGHT): [3]})
    clean = shop_tables()["품목"][WEIGHT].to_numpy()[np.arange(40) != 3].mean()
    repair = plan_repair(database, action("impute_mean", "품목", WEIGHT))
    after = repair.apply(tables, np.random.default_rng(1))["품목"][WEIGHT]
    np.testing.assert_allclose(after, np.full(40, clean))
    assert repair.changed == 40
    clipped = plan_repair(database, action("remove_outliers", "품목", WEIGHT))
    assert clipped.changed == 1
    assert clipped.apply(tables, np.random.default_rng(1))["품목"][WEIGHT][3] < 60


def test_a_column_may_bear_any_name() -> None:
    tables = with_holes("sales", SELF, [3, 9])
    repair = plan_repair(marked(tables), action("impute_missing", "sales", SELF))
    after = repair.apply(tables, np.random.default_rng(1))
    assert changed_cells(tables, after) == {("sales", SELF, 3), ("sales", SELF, 9)}


@pytest.mark.parametrize(
    ("task", "table", "column"),
    [
        ("amount", "sales", "amount"),
        ("mean", "sales", "amount"),
        ("any", "sales", "amount"),
        ("amount", "sales", "sale"),
        ("amount", "sales", "item"),
        ("amount", "sales", "day"),
        ("amount", "sales", "secret"),
        ("amount", "sales", "remark"),
        ("amount", "품목", "id"),
        ("amount", "품목", "(rows)"),
    ],
)
def test_target_keys_times_and_what_is_no_feature_are_never_changed(
    task: str, table: str, column: str
) -> None:
    database = marked(shop_tables(), {(table, column): [1, 2]}, task)
    for intervention in COLUMN_INTERVENTIONS:
        with pytest.raises(NotApplicable, match="never changed by itself"):
            plan_repair(database, action(intervention, table, column))


def test_what_changes_nothing_is_not_applicable() -> None:
    clean = marked(shop_tables())
    for intervention, column, why in (
        ("impute_missing", WEIGHT, "is missing"),
        ("correct", WEIGHT, "breaks the contract"),
        ("remove_outliers", WEIGHT, "changes no cell"),
        ("reduce_variance", "kind", "holds no numbers"),
        ("remove_outliers", "kind", "holds no numbers"),
        ("improve_quality", WEIGHT, "There is no improve_quality"),
    ):
        with pytest.raises(NotApplicable, match=why):
            plan_repair(clean, action(intervention, "품목", column))
    with pytest.raises(NotApplicable, match="There is no correct for 품목, a table"):
        plan_repair(clean, action("correct", "품목"))
    missing = marked(with_holes("품목", WEIGHT, [1]), {("품목", WEIGHT): [1]})
    with pytest.raises(NotApplicable, match="are the missing ones"):
        plan_repair(missing, action("correct", "품목", WEIGHT))


def test_without_a_clean_cell_nothing_can_be_said() -> None:
    rows = list(range(40))
    database = marked(with_holes("품목", WEIGHT, rows[:20]), {("품목", WEIGHT): rows})
    for intervention in ("correct", "impute_missing", "impute_mean", "reduce_variance"):
        with pytest.raises(NotApplicable, match="is clean"):
            plan_repair(database, action(intervention, "품목", WEIGHT))
    with pytest.raises(NotApplicable, match="Nothing in 품목 is to be mended"):
        plan_repair(database, action("improve_quality", "품목"))


def faulty_sales() -> tuple[Tables, dict[tuple[str, str], list[int]]]:
    """Orphans in rows 10 and 11, missing pieces and amounts, rows 0 and 4 repeated."""
    tables = with_holes("sales", "item", [10, 11], 777)
    hit = pl.Series(np.isin(np.arange(SALES), [4, 20]))
    sales = tables["sales"].with_columns(
        tables["sales"][SELF].set(hit, None), tables["sales"]["amount"].set(hit, None)
    )
    tables["sales"] = pl.concat([sales, sales[[0, 4]]])
    marks = {("sales", "item"): [10, 11], ("sales", "amount"): [30], ("sales", "day"): [31]}
    return tables, marks


def test_improve_quality_mends_all_of_a_table_but_the_target_and_the_order() -> None:
    tables, marks = faulty_sales()
    repair = plan_repair(marked(tables, marks), action("improve_quality", "sales"))
    assert repair.changed == 2 + 2 + 2
    assert repair.relinks
    assert repair.columns == {("sales", "item"), ("sales", SELF)}
    after = repair.apply(tables, np.random.default_rng(1))["sales"]
    assert after.height == SALES
    kept = {"sales": tables["sales"].head(SALES)}
    assert changed_cells(kept, {"sales": after}) == {
        ("sales", "item", 10),
        ("sales", "item", 11),
        ("sales", SELF, 4),
        ("sales", SELF, 20),
    }
    assert set(after["item"]) <= set(tables["품목"]["id"])
    assert after["amount"].null_count() == 2


def test_to_drop_repeated_rows_is_a_repair_of_its_own() -> None:
    tables = shop_tables()
    tables["sales"] = pl.concat([tables["sales"].head(3), tables["sales"]])
    repair = plan_repair(marked(tables), action("improve_quality", "sales"))
    assert (repair.changed, repair.relinks, repair.columns) == (3, True, frozenset())
    after = repair.apply(tables, np.random.default_rng(1))
    assert after["sales"].equals(shop_tables()["sales"])


def test_a_repeated_row_counts_once() -> None:
    tables = shop_tables()
    heavy = tables["품목"].filter(pl.col(WEIGHT) == pl.col(WEIGHT).max())
    tables["품목"] = pl.concat([tables["품목"], *[heavy] * 20])
    after = plan_repair(marked(tables), action("impute_mean", "품목", WEIGHT)).fixed[WEIGHT]
    assert after[0] == pytest.approx(shop_tables()["품목"][WEIGHT].to_numpy().mean())


def test_an_orphan_is_linked_to_a_parent_that_fits_its_row() -> None:
    """Where pieces tell the kind of the item, an orphan finds an item of the right kind."""
    tables = shop_tables()
    kinds = dict(zip(*tables["품목"].select("id", "kind"), strict=True))
    place = {"작은 것": 1, "middle": 2, "<i>big</i>": 3}
    pieces = [place[kinds[item]] for item in tables["sales"]["item"]]
    orphans = list(range(0, SALES, 5))
    lost = pl.Series(np.isin(np.arange(SALES), orphans))
    tables["sales"] = tables["sales"].with_columns(
        pl.Series(SELF, pieces), tables["sales"]["item"].set(lost, 777)
    )
    database = marked(tables, {("sales", "item"): orphans})
    repair = plan_repair(database, action("improve_quality", "sales"))
    after = repair.apply(tables, np.random.default_rng(3))["sales"]
    found = [place[kinds[item]] for item in after["item"]]
    assert np.mean(np.array(found)[orphans] == np.array(pieces)[orphans]) > 0.95
    assert after["item"].filter(lost).n_unique() > 10


def test_a_table_with_nothing_marked_shrinks_its_numbers() -> None:
    tables, marks = faulty_sales()
    database = marked(tables, marks)
    with pytest.raises(NotApplicable, match="see improve_quality"):
        plan_repair(database, action("reduce_variance", "sales"))
    with pytest.raises(NotApplicable, match="Nothing in 품목"):
        plan_repair(database, action("improve_quality", "품목"))
    repair = plan_repair(database, action("reduce_variance", "품목"))
    assert repair.columns == {("품목", WEIGHT)}
    assert repair.changed == 40
    with pytest.raises(NotApplicable, match="no column of numbers"):
        plan_repair(database, action("reduce_variance", "stores"))
    assert len(TABLE_INTERVENTIONS) == 2


def test_the_principal_intervention_is_the_first_that_is_applicable() -> None:
    tables = with_holes("품목", WEIGHT, [1])
    for marks, principal in (
        ({("품목", WEIGHT): [5]}, "correct"),
        ({("품목", WEIGHT): [1]}, "impute_missing"),
        ({}, "impute_missing"),
    ):
        database = marked(tables, marks)
        found = [
            one
            for one in COLUMN_INTERVENTIONS
            if is_principal(database, action(one, "품목", WEIGHT))
        ]
        assert found == [principal]
    clean = marked(shop_tables())
    assert is_principal(clean, action("reduce_variance", "품목", WEIGHT))
    assert not is_principal(clean, action("impute_mean", "품목", "kind"))
    assert not is_principal(clean, action("correct", "(placebo)", "noise"))

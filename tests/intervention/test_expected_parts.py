"""Parts of a table's and of a column's effect add up to the whole, by rows that change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import Node
from tasks.intervention.expected_parts import expected_parts
from tasks.intervention.replicate_cells import Action


def at(intervention: str, table: str, column: str = "", span: str = "") -> Action:
    return Action(Node(table=table, column=column, range=span), intervention)


QUALITY, SMOOTH = at("improve_quality", "품목"), at("reduce_variance", "품목")
COLUMNS = [
    at("correct", "품목", "무게"),
    at("impute_missing", "품목", "무게"),
    at("impute_missing", "품목", "<b>"),
]
SMOOTHED = [at("reduce_variance", "품목", "무게"), at("reduce_variance", "품목", "<b>")]
RANGES = [at("impute_missing", "품목", "무게", span) for span in ("missing", "[1, 2)", "2+")]
OTHERS = [at("remove_outliers", "품목", "무게"), at("impute_mean", "품목", "<b>")]
ELSEWHERE = [at("correct", "stores", "big"), at("reduce_variance", "stores", "big")]
ALL = [QUALITY, SMOOTH, *COLUMNS, *SMOOTHED, *RANGES, *OTHERS, *ELSEWHERE]
COUNTS = st.lists(st.integers(1, 1000), min_size=len(ALL), max_size=len(ALL))


def parts_of(actions: list[Action], touched: list[int]) -> dict[Action, float]:
    return dict(zip(actions, expected_parts(actions, touched).tolist(), strict=True))


@given(COUNTS)
def test_each_part_is_its_share_of_the_rows_of_all_parts(touched: list[int]) -> None:
    rows = dict(zip(ALL, touched, strict=True))
    found = parts_of(ALL, touched)
    for siblings in (COLUMNS, SMOOTHED, RANGES):
        total = sum(rows[one] for one in siblings)
        for one in siblings:
            assert found[one] == pytest.approx(rows[one] / total)
        assert sum(found[one] for one in siblings) == pytest.approx(1)


@given(COUNTS)
def test_what_no_table_s_repair_holds_is_no_part_of_one(touched: list[int]) -> None:
    found = parts_of(ALL, touched)
    assert [found[one] for one in OTHERS] == [0, 0]


@given(COUNTS)
def test_tables_and_columns_of_tables_without_a_repair_stand_for_themselves(
    touched: list[int],
) -> None:
    found = parts_of(ALL, touched)
    assert [found[one] for one in (QUALITY, SMOOTH, *ELSEWHERE)] == [1] * 4


@given(COUNTS, st.permutations(range(len(ALL))))
def test_the_order_does_not_matter(touched: list[int], order: list[int]) -> None:
    shuffled = parts_of([ALL[k] for k in order], [touched[k] for k in order])
    assert shuffled == pytest.approx(parts_of(ALL, touched))


def test_a_column_is_held_by_the_intervention_that_makes_its_own() -> None:
    """Smoothing is a part of smoothing the table alone, mending of mending it alone."""
    mended = [QUALITY, COLUMNS[0], SMOOTHED[0]]
    assert expected_parts(mended, [9, 5, 5]).tolist() == [1, 1, 0]
    smoothed = [SMOOTH, COLUMNS[0], SMOOTHED[0]]
    assert expected_parts(smoothed, [9, 5, 5]).tolist() == [1, 0, 1]


def test_a_table_s_repair_says_nothing_of_another_table() -> None:
    assert expected_parts([QUALITY, *ELSEWHERE], [9, 5, 5]).tolist() == [1, 1, 1]


def test_ranges_are_parts_of_the_same_intervention_at_their_column_alone() -> None:
    other = at("correct", "품목", "무게", "missing")
    found = parts_of([*COLUMNS, *RANGES, other], [1, 1, 1, 10, 20, 70, 50])
    assert [found[one] for one in RANGES] == pytest.approx([0.1, 0.2, 0.7])
    assert found[other] == 1


def test_nothing_has_no_parts() -> None:
    assert expected_parts([], []).shape == (0,)

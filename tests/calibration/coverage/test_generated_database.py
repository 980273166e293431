"""Generated databases: faults are where they were planted, targets follow the law."""

from copy import deepcopy

import numpy as np
import polars as pl
import pytest

from tasks.calibration.coverage.database import (
    CATEGORIES,
    CUSTOMERS,
    ITEMS,
    SEGMENTS,
    WRONG_DISTANCE,
    Law,
    Pair,
    draw_items,
    draw_law,
    draw_sales,
    study_contract,
)
from tasks.calibration.coverage.scene import faulty_database

FAULTS: dict[tuple[str, str], float | None] = {
    ("items", "weight"): None,
    ("items", "price"): None,
    ("customers", "segment"): None,
    ("customers", "distance"): WRONG_DISTANCE,
    ("sales", "item"): ITEMS + 1,
}
"""Columns with faults, and what a faulty cell holds."""
ROWS = (3000, 1000)


def drawn_pair(seed: int, rows: tuple[int, int] = ROWS) -> tuple[Law, Pair]:
    rng = np.random.default_rng(seed)
    law = draw_law(rng)
    return law, draw_sales(law, draw_items(law, rng), rng, rows, 0, CUSTOMERS)


@pytest.mark.parametrize("seed", range(5))
def test_the_twin_differs_exactly_at_the_faults(seed: int) -> None:
    _, pair = drawn_pair(seed)
    assert set(pair.faulty) == set(pair.clean) == {"items", "customers", "sales"}
    for name, clean in pair.clean.items():
        assert not clean.null_count().sum_horizontal().item()
        for column in clean.columns:
            there, truth = pair.faulty[name][column], clean[column]
            differs = there.ne_missing(truth)
            planted = {FAULTS[name, column]} if (name, column) in FAULTS else set()
            assert set(there.filter(differs)) <= planted


@pytest.mark.parametrize("seed", range(2))
def test_the_gate_finds_the_faults_and_no_others(seed: int) -> None:
    _, pair = drawn_pair(seed)
    contract = study_contract()
    found = faulty_database(contract, pair.faulty, contract.tasks["days"]).faults
    for name, clean in pair.clean.items():
        assert not found[name]["(row)"].any()
        for column in clean.columns:
            differs = pair.faulty[name][column].ne_missing(clean[column])
            assert found[name][column].to_list() == differs.to_list(), (name, column)
    clean_faults = faulty_database(contract, pair.clean, contract.tasks["days"]).faults
    assert not any(frame.to_numpy().any() for frame in clean_faults.values())


def test_faults_are_as_frequent_as_the_law_says() -> None:
    ratios = []
    for seed in range(20):
        law, pair = drawn_pair(seed, (1000, 0))
        expected = {
            ("customers", "segment"): law.missing_segments,
            ("customers", "distance"): law.wrong_distances,
            ("sales", "item"): law.orphans,
        }
        ratios.append(
            [
                pair.faulty[name][column].ne_missing(pair.clean[name][column]).to_numpy().mean()
                / share
                for (name, column), share in expected.items()
            ]
        )
    np.testing.assert_allclose(np.mean(ratios, axis=0), 1, atol=0.12)


def test_weights_are_missing_more_often_in_the_first_category() -> None:
    missing = np.zeros((2, 2))
    for seed in range(20):
        items = drawn_pair(seed)[1].faulty["items"]
        for first in (0, 1):
            own = items.filter((pl.col("category") == CATEGORIES[0]) == bool(first))["weight"]
            missing[first] += own.null_count(), len(own)
    rates = missing[:, 0] / missing[:, 1]
    assert rates[1] / rates[0] == pytest.approx(1.5 / 0.8, rel=0.15)


def test_the_target_follows_the_law_on_the_clean_values() -> None:
    law, pair = drawn_pair(3)
    known = (
        pair.clean["sales"]
        .join(pair.clean["items"], on="item")
        .join(pair.clean["customers"], on="customer")
    )
    kind = known["category"].replace_strict(dict(zip(CATEGORIES, law.kind, strict=True)))
    segment = known["segment"].replace_strict(dict(zip(SEGMENTS, law.segment, strict=True)))
    work = law.work * (known["quantity"] * known["weight"]).sqrt() / 4
    expected = 2 + work + law.way * known["distance"] / 150 + kind + segment
    noise = (known["days"] - expected).to_numpy()
    assert abs(noise.mean()) < 4 * law.noise_sd / np.sqrt(len(noise))
    assert noise.std() == pytest.approx(law.noise_sd, rel=0.06)
    assert pair.faulty["sales"]["days"].equals(pair.clean["sales"]["days"])


def test_sales_to_train_on_lie_before_the_held_out_ones() -> None:
    _, pair = drawn_pair(1)
    task = study_contract().tasks["days"]
    days = pair.clean["sales"]["day"].dt.date().to_numpy()
    assert (days[: ROWS[0]] < np.datetime64(task.split.validation)).all()
    assert (days[ROWS[0] :] >= np.datetime64(task.split.validation)).all()
    assert (days[ROWS[0] :] >= np.datetime64(task.split.test)).mean() > 0.98


def test_further_rows_are_of_other_customers_and_the_same_items() -> None:
    rng = np.random.default_rng(1)
    law = draw_law(rng)
    items = draw_items(law, rng)
    kept = deepcopy(items)
    own = draw_sales(law, items, rng, (300, 100), 0, 50)
    more = draw_sales(law, items, rng, (0, 200), 50, 60)
    customers = [set(of.clean["sales"]["customer"]) for of in (own, more)]
    assert customers[0].isdisjoint(customers[1])
    assert customers[1] <= set(more.clean["customers"]["customer"])
    assert more.clean["items"].equals(own.clean["items"])
    assert set(own.clean["sales"]["sale"]).isdisjoint(more.clean["sales"]["sale"])
    for side in ("faulty", "clean"):
        assert getattr(items, side)["items"].equals(getattr(kept, side)["items"])


def test_a_seed_gives_the_same_database_and_another_one_another() -> None:
    (law, pair), (law_again, again), (other, _) = (drawn_pair(seed) for seed in (1, 1, 2))
    assert law == law_again != other
    assert all(pair.faulty[name].equals(again.faulty[name]) for name in pair.faulty)

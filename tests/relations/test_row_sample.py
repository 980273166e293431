"""Rows are drawn by whole entities for each part of the split, and only where there are many."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain import Split
from tasks.relations.encoding import split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.row_sample import PARTS, Sampled, entity_sample, sample_rows
from tasks.relations.task_rows import ENTITY

START = datetime(2020, 1, 1)
SPLIT = Split.model_validate({"validation": date(2020, 7, 19), "test": date(2020, 9, 17)})


def rows_of(n: int, entities: int, seed: int = 1) -> pl.DataFrame:
    """N rows over a year, in no order of time."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            TIME: [START + timedelta(days=int(day)) for day in rng.integers(0, 365, n)],
            ENTITY: rng.integers(0, entities, n) * 7 - 3,
            LABEL: np.arange(n, dtype=float),
        }
    )


def parts_of(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = zip(PARTS, split_rows(rows[TIME], SPLIT), strict=True)
    return {name: rows.filter(pl.Series(part)) for name, part in parts}


def test_all_training_rows_are_sampled_where_they_are_few() -> None:
    entities = np.array([4, 4, 9, 1])
    for most in (4, 5):
        sample = entity_sample(entities, most, np.random.default_rng(1))
        assert sample.tolist() == [0, 1, 2, 3]


def test_training_rows_are_sampled_by_whole_entities_that_fit_in() -> None:
    rng = np.random.default_rng(2)
    entities = rng.permutation(np.repeat(np.arange(30) * 7, rng.integers(1, 9, 30)))
    before = entities.copy()
    chosen = set()
    for _ in range(50):
        rows = entity_sample(entities, 60, rng)
        kept = set(entities[rows])
        assert (np.diff(rows) > 0).all()
        assert len(rows) == np.isin(entities, list(kept)).sum() <= 60
        sizes = [int((entities == one).sum()) for one in set(entities) - kept]
        assert min(sizes) > 60 - len(rows)  # none that is left out would have fitted in
        chosen |= kept
    assert chosen == set(entities)
    np.testing.assert_array_equal(entities, before)


def test_an_entity_larger_than_the_sample_is_never_in_it() -> None:
    entities = np.repeat([1, 2, 3], [10, 3, 3])
    for seed in range(10):
        rows = entity_sample(entities, 7, np.random.default_rng(seed))
        assert rows.tolist() == list(range(10, 16))


def test_entities_of_one_size_are_sampled_alike() -> None:
    entities, rng = np.repeat(np.arange(10), 4), np.random.default_rng(3)
    counts = np.zeros(10)
    for _ in range(2000):
        counts[np.unique(entities[entity_sample(entities, 20, rng)])] += 1
    assert np.abs(counts - 1000).max() < 4.5 * np.sqrt(2000 * 0.25)


def test_few_rows_are_all_kept_as_they_are() -> None:
    rows = rows_of(500, 40)
    assert max(part.height for part in parts_of(rows).values()) < 400
    kept, sampled = sample_rows(rows, SPLIT, 400, 1, "sales.shop")
    assert kept is rows
    assert sampled is None


@given(
    n=st.integers(1, 800),
    entities=st.integers(1, 120),
    most=st.integers(1, 300),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_each_part_keeps_whole_entities_in_their_order(
    n: int, entities: int, most: int, seed: int
) -> None:
    rows = rows_of(n, entities, seed)
    before = rows.clone()
    kept, sampled = sample_rows(rows, SPLIT, most, seed, "sales.shop")
    assert rows.equals(before)
    assert kept[LABEL].is_sorted()  # the number of the row
    assert kept.equals(rows.filter(pl.col(LABEL).is_in(kept[LABEL].implode())))
    had, has = parts_of(rows), parts_of(kept)
    found = {name: part.height for name, part in had.items() if part.height > most}
    assert (sampled.found if sampled else {}) == found
    for name in PARTS:
        sizes = dict(had[name].group_by(ENTITY).len().iter_rows())
        left = dict(has[name].group_by(ENTITY).len().iter_rows())
        if name not in found:
            assert has[name].equals(had[name])
            continue
        assert has[name].height <= most
        assert has[name].height > most - max(most // 10, 1)
        small = {one for one in left if sizes[one] <= max(most // 10, 1)}
        assert all(left[one] == sizes[one] for one in small)


def test_rows_are_drawn_alike_however_large_their_entities() -> None:
    """Entities of 1, 5 and 400 of 1000 rows; 250 of the rows are drawn, each in 1 of 4 draws."""
    sizes = [1] * 100 + [5] * 100 + [400]
    entity = np.repeat(np.arange(len(sizes)), sizes)
    rows = pl.DataFrame({TIME: [START] * 1000, ENTITY: entity, LABEL: np.arange(1000.0)})
    drawn, draws = np.zeros(1000), 400
    for seed in range(draws):
        kept, sampled = sample_rows(rows, SPLIT, 250, seed, "sales.shop")
        assert sampled == Sampled(by="sales.shop", found={"train": 1000}, in_parts=1)
        drawn[kept[LABEL].to_numpy().astype(int)] += 1 / draws
    for group in (entity < 100, (entity >= 100) & (entity < 200), entity == 200):
        # The last places go to what fits in: small entities have a slight advantage.
        assert drawn[group].mean() == pytest.approx(0.25, abs=0.04)
        assert np.ptp(drawn[group]) < 10 * np.sqrt(0.25 * 0.75 / draws)


def test_a_draw_depends_on_the_seed_alone() -> None:
    rows = rows_of(2000, 300)
    first, _ = sample_rows(rows, SPLIT, 200, 1, "sales.shop")
    assert first.equals(sample_rows(rows, SPLIT, 200, 1, "sales.shop")[0])
    assert not first.equals(sample_rows(rows, SPLIT, 200, 2, "sales.shop")[0])

"""Draws are proper multiple imputations, from clean donors alone, and blind to the target."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from tasks.domain import Domain
from tasks.intervention import imputation
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.imputation import MOST_ROWS, fit_imputer
from tasks.relations.gate import ROW

from .shop import SALES, SELF, WEIGHT, marked, shop_tables

FloatArray = npt.NDArray[np.float64]
DRAWS, TRUTHS, ROWS = 8, 120, 200

PAIRS = Domain.model_validate(
    {
        "name": "pairs",
        "title": "Pairs",
        "source": {"kind": "csv"},
        "tables": {
            "t": {
                "time": "day",
                "columns": {
                    "x": {"type": "number"},
                    "y": {"type": "number"},
                    "day": {"type": "time"},
                    "target": {"type": "number"},
                },
            }
        },
        "tasks": {
            "target": {
                "kind": "column",
                "output": "regression",
                "table": "t",
                "column": "target",
                "split": {"validation": "2020-06-01", "test": "2021-01-01"},
            }
        },
    }
)


def pairs(
    x: FloatArray,
    y: FloatArray,
    faulty: FloatArray | None = None,
    days: Sequence[datetime | None] | None = None,
) -> FaultyDatabase:
    """All rows are of a day before the validation date unless their days are given."""
    day = days or [datetime(2020, 1, 1)] * len(x)
    frame = pl.DataFrame({"x": x, "y": y, "day": day, "target": 0.0})
    frame = frame.with_columns(pl.col("y").fill_nan(None))
    none = np.zeros(len(x), dtype=bool)
    faults = pl.DataFrame(dict.fromkeys((*frame.columns, ROW), none))
    if faulty is not None:
        faults = faults.with_columns(pl.Series("y", faulty))
    return FaultyDatabase(PAIRS, {"t": frame}, {"t": faults}, PAIRS.tasks["target"])


def interval(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    """Rubin's rules: a 95 % interval from the estimates of m completed data sets."""
    m, within, between = len(estimates), np.mean(variances), np.var(estimates, ddof=1)
    extra = (1 + 1 / m) * between
    half = stats.t.ppf(0.975, (m - 1) * (1 + within / extra) ** 2) * np.sqrt(within + extra)
    return float(np.mean(estimates) - half), float(np.mean(estimates) + half)


def covered(with_predictor: bool) -> tuple[float, float]:
    """How often intervals hold the mean of y, 1, and its slope on x, 1; 30 % are missing by x."""
    rng = np.random.default_rng(1)
    hits = np.zeros(2)
    for _ in range(TRUTHS):
        x = rng.normal(size=ROWS)
        y = 1 + x + rng.normal(size=ROWS)
        y[rng.random(ROWS) < 1 / (1 + np.exp(1 - x))] = np.nan
        database = pairs(x if with_predictor else np.zeros(ROWS), y)
        imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
        drawn = [imputer.draw(rng).to_numpy() for _ in range(DRAWS)]
        lines = [stats.linregress(x, values) for values in drawn]
        means = interval(
            [float(values.mean()) for values in drawn],
            [float(values.var(ddof=1)) / ROWS for values in drawn],
        )
        slopes = interval([line.slope for line in lines], [line.stderr**2 for line in lines])
        hits += [low <= 1 <= high for low, high in (means, slopes)]
    return float(hits[0] / TRUTHS), float(hits[1] / TRUTHS)


def test_intervals_from_the_draws_cover_what_was_missing_at_random() -> None:
    mean, slope = covered(with_predictor=True)
    assert 0.89 <= mean <= 0.99
    assert 0.85 <= slope <= 0.99


def test_without_the_column_that_explains_the_gaps_they_do_not() -> None:
    mean, slope = covered(with_predictor=False)
    assert mean < 0.6
    assert slope < 0.2


def test_the_spread_around_the_prediction_is_kept() -> None:
    """A draw, not a prediction: the residuals of the mended rows are as large as the others'."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=2000)
    y = 3 * x + rng.normal(size=2000)
    mended = np.arange(2000) % 4 == 0
    database = pairs(x, np.where(mended, np.nan, y))
    imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
    residuals = (imputer.draw(rng).to_numpy() - 3 * x)[mended]
    assert residuals.std() == pytest.approx(1, abs=0.15)


def test_of_many_donors_some_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their draws follow the predictor as those from all do, and only mended cells change."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    y = 3 * x + rng.normal(size=4000)
    mended = np.arange(4000) % 4 == 0
    database = pairs(x, np.where(mended, np.nan, y))
    everyone = fit_imputer(database, "t", "y", database.missing("t", "y"))
    monkeypatch.setattr(imputation, "MOST_DONORS", 800)
    imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
    again = fit_imputer(database, "t", "y", database.missing("t", "y"))
    assert (len(imputer.clean), len(everyone.clean)) == (800, 3000)
    assert set(imputer.clean) < set(everyone.clean)
    np.testing.assert_array_equal(imputer.clean, again.clean)
    np.testing.assert_array_equal(imputer.asked, everyone.asked)
    np.testing.assert_array_equal(
        imputer.known, everyone.known[np.isin(everyone.clean, imputer.clean)]
    )
    drawn = imputer.draw(rng).to_numpy()
    np.testing.assert_array_equal(drawn[~mended], y[~mended])
    assert set(drawn[mended]) <= set(y[imputer.clean])
    assert (drawn - 3 * x)[mended].std() == pytest.approx(1, abs=0.15)


def test_donors_are_clean_values_of_the_column() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=300), rng.normal(size=300)
    y[:50], faulty = np.nan, np.arange(300) % 10 == 9
    y[faulty] = 1e6
    database = pairs(x, y, faulty)
    cells = database.missing("t", "y") | database.faulty("t", "y")
    imputer = fit_imputer(database, "t", "y", cells)
    clean = set(y[~faulty & ~np.isnan(y)])
    for _ in range(5):
        after = imputer.draw(rng)
        assert set(after.filter(cells)) <= clean
        assert after.filter(~cells).equals(database.tables["t"]["y"].filter(~cells))


def test_donors_are_of_rows_from_before_the_validation_date() -> None:
    """Those of the day itself, of later days and of no known day give nothing."""
    before, on, after = (datetime(2020, month, day) for month, day in ((5, 31), (6, 1), (6, 2)))
    days: list[datetime | None] = [before, on, after, None] * 75
    y = np.arange(300.0)
    y[:40] = np.nan
    database = pairs(np.zeros(300), y, days=days)
    donors = database.donors("t", "y")
    assert donors.to_list() == [k >= 40 and k % 4 == 0 for k in range(300)]
    assert database.clean("t", "y").sum() == 260
    imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
    drawn = imputer.draw(np.random.default_rng(12)).head(40)
    assert set(drawn) <= set(y[donors.to_numpy()])
    assert drawn.n_unique() > 5


def test_rows_of_a_table_without_times_count_as_known_before() -> None:
    database = marked(shop_tables(), {("품목", WEIGHT): [3]})
    assert database.donors("품목", WEIGHT).to_list() == [k != 3 for k in range(40)]


def test_without_a_clean_cell_to_train_on_there_is_no_imputer() -> None:
    y = np.append(np.nan, np.arange(20.0))
    database = pairs(np.zeros(21), y, days=[datetime(2020, 6, 1)] * 21)
    with pytest.raises(NotApplicable, match=r"No cell of t\.y is clean in a row to train on"):
        fit_imputer(database, "t", "y", database.missing("t", "y"))


def test_each_draw_knows_a_bootstrap_sample_of_the_clean_rows_alone() -> None:
    """1 - 1/e of them are donors, others in each draw: without it the draws are too alike."""
    y = np.concatenate([np.arange(300.0), np.full(6000, np.nan)])
    database = pairs(np.zeros(6300), y)
    imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
    rng = np.random.default_rng(11)
    donors = [set(imputer.draw(rng).tail(6000)) for _ in range(4)]
    for one in donors:
        assert len(one) / 300 == pytest.approx(1 - np.exp(-1), abs=0.08)
    assert len(set.union(*donors)) / 300 > 0.95


def test_more_rows_than_the_cap_are_sampled_anew_in_each_draw() -> None:
    n = MOST_ROWS + 2000
    y = np.arange(n, dtype=float)
    y[:100] = np.nan
    database = pairs(np.zeros(n), y)
    imputer = fit_imputer(database, "t", "y", database.missing("t", "y"))
    rng = np.random.default_rng(4)
    values = [imputer.draw(rng).head(100).n_unique() for _ in range(3)]
    assert min(values) > 80


@pytest.mark.parametrize("column", [SELF, "item", "store"])
def test_neither_target_nor_leak_nor_the_cell_itself_is_looked_at(column: str) -> None:
    tables = shop_tables()
    rng = np.random.default_rng(5)
    cells = pl.Series(np.arange(SALES) % 7 == 0)
    values = tables["sales"][column]
    other = tables | {
        "sales": tables["sales"].with_columns(
            values.shift(1, fill_value=values[-1]).zip_with(cells, values),
            amount=pl.Series(rng.normal(size=SALES)),
            secret=pl.Series(rng.normal(size=SALES)),
            remark=pl.lit("else"),
        )
    }
    marks = {("sales", column): cells.arg_true().to_list()}
    drawn = [
        fit_imputer(marked(each, marks), "sales", column, cells)
        .draw(np.random.default_rng(6))
        .filter(cells)
        for each in (tables, other)
    ]
    assert drawn[0].equals(drawn[1])
    assert drawn[0].n_unique() > 1


def test_the_target_of_a_window_task_is_not_looked_at_either() -> None:
    tables = shop_tables()
    other = tables | {"sales": tables["sales"].with_columns(amount=pl.lit(1.0))}
    cells = pl.Series(np.arange(SALES) % 5 == 0)
    drawn = [
        fit_imputer(marked(each, {}, "any"), "sales", SELF, cells).draw(np.random.default_rng(7))
        for each in (tables, other)
    ]
    assert drawn[0].equals(drawn[1])


def test_parents_tell_and_their_wrong_values_do_not() -> None:
    """Pieces that are twice the item's weight are found again, not where the weight is wrong."""
    tables = shop_tables()
    weight = dict(zip(*tables["품목"].select("id", WEIGHT), strict=True))
    pieces = pl.Series([int(2 * weight[item]) for item in tables["sales"]["item"]])
    tables["sales"] = tables["sales"].with_columns(pieces.alias(SELF))
    cells = pl.Series(np.arange(SALES) % 5 == 0)

    def error(marks: dict[tuple[str, str], list[int]]) -> float:
        imputer = fit_imputer(marked(tables, marks), "sales", SELF, cells)
        after = imputer.draw(np.random.default_rng(8))
        return float((after - pieces).filter(cells).abs().cast(pl.Float64).to_numpy().mean())

    assert error({}) < 1
    kind_alone = error({("품목", WEIGHT): list(range(40))})
    nothing = error({("품목", WEIGHT): list(range(40)), ("품목", "kind"): list(range(40))})
    assert 2 * error({}) < kind_alone < nothing / 3


def test_categories_and_times_are_predicted_too() -> None:
    """The kind of an item is told by its weight; the day a store opened by nothing."""
    tables = shop_tables()
    cells = pl.Series(np.arange(40) % 4 == 0)
    imputer = fit_imputer(marked(tables), "품목", "kind", cells)
    after = imputer.draw(np.random.default_rng(9))
    assert after.eq(tables["품목"]["kind"]).mean() > 0.95
    opened = fit_imputer(marked(tables), "stores", "opened", pl.Series([True, True] + [False] * 4))
    drawn = opened.draw(np.random.default_rng(10))
    assert drawn.dtype == tables["stores"]["opened"].dtype
    assert set(drawn.head(2)) <= set(tables["stores"]["opened"])


def test_without_a_clean_cell_there_is_no_imputer() -> None:
    database = marked(shop_tables(), {("품목", WEIGHT): list(range(40))})
    with pytest.raises(NotApplicable, match=r"No cell of 품목.*무게.* is clean"):
        fit_imputer(database, "품목", WEIGHT, database.faulty("품목", WEIGHT))

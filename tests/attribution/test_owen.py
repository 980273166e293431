"""Owen shares of an ensemble: axioms, agreement of the two walks, honest Monte Carlo errors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline, baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.hierarchy import Hierarchy, single_columns
from tasks.attribution.members import PredictMembers, split_members
from tasks.attribution.owen import DEFAULT, Precision, owen_shares
from tasks.attribution.ranges import range_parts
from tasks.attribution.shapley import shapley_values
from tasks.attribution.shares import OwenShares, estimate_shares
from tasks.attribution.total_effects import total_effect
from tasks.errors import InputError
from tasks.progress import Progress, listening

Array = NDArray[np.float64]
N, B = 120, 6
NESTED = Hierarchy({"a": {"x": (0,), "y": (3, 1)}, "b": {"z": (2,)}, "c": {"u": (4,), "v": (5,)}})
EVERY = Precision(most_coalitions=254, least_rounds=3, most_rounds=3)
SAMPLED = replace(EVERY, most_coalitions=0)


def interacting(seed: int = 0, unused: int = 5) -> PredictMembers:
    """Members with interactions of two features each; one feature is used by none."""
    rng = np.random.default_rng(1000 + seed)
    linear, pairs = rng.normal(size=(B, 6)), rng.normal(size=(B, 6, 6))
    linear[:, unused] = pairs[:, unused] = pairs[:, :, unused] = 0

    def predict(rows: Array) -> Array:
        clean = np.where(np.isnan(rows), 0.5, rows)
        products = clean[:, :, None] * clean[:, None, :]
        terms = (clean * linear[:, None, :]).sum(axis=2)
        return np.asarray(terms + (products * pairs[:, None]).sum(axis=(2, 3)))

    return predict


def base_of(seed: int = 0, n_groups: int = 2) -> Baseline:
    rows = np.random.default_rng(2000 + seed).normal(size=(N, 6))
    rows[:5, 1] = np.nan
    return baseline(interacting(seed), rows, split_members(B, n_groups))


def shares_of(
    base: Baseline, hierarchy: Hierarchy, precision: Precision, seed: int = 0
) -> OwenShares:
    codes = np.random.default_rng(3000).integers(0, 3, (len(hierarchy.features), N))
    whole = np.zeros(N, dtype=np.intp)
    rng = np.random.default_rng(seed)
    return owen_shares(base, hierarchy, codes, np.arange(N), whole, rng, precision)


@given(st.integers(0, 50), st.sampled_from([EVERY, SAMPLED]))
@settings(max_examples=12, deadline=None)
def test_ranges_add_up_to_columns_to_tables_to_the_whole(seed: int, precision: Precision) -> None:
    base = base_of(seed)
    shares = shares_of(base, NESTED, precision, seed)
    columns = shares.columns.values
    codes = np.random.default_rng(3000).integers(0, 3, (5, N))
    for k in range(5):
        parts = range_parts(shares.gains[k], codes[k], 3).mean(axis=1)
        np.testing.assert_allclose(shares.ranges.values[3 * k : 3 * k + 3], parts, rtol=1e-10)
        assert parts.sum() == pytest.approx(columns[k], rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(columns, shares.gains.mean(axis=(1, 2)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        shares.tables.values, [columns[:2].sum(), columns[2], columns[3:].sum()], rtol=1e-12
    )
    rng = np.random.default_rng(seed)
    wholes = []
    for _ in range(shares.n_rounds):
        donors = donor_permutation(np.arange(N), np.zeros(N, dtype=int), rng)
        wholes.append(total_effect(base, range(6), donors).mean())
        if not shares.every_order:
            break
    got = shares.range_rounds.sum(axis=1)[: len(wholes)]
    np.testing.assert_allclose(got, wholes, rtol=1e-12)
    assert shares.total.values[0] == pytest.approx(shares.tables.values.sum(), rel=1e-12)
    assert shares.tables.fractions.sum() == pytest.approx(1)


@pytest.mark.parametrize("precision", [EVERY, SAMPLED])
def test_a_column_that_no_member_uses_has_share_exactly_0(precision: Precision) -> None:
    shares = shares_of(base_of(), NESTED, replace(precision, most_rounds=20))
    assert shares.columns.names[4] == ("c", "v")
    assert (shares.gains[4] == 0).all()
    assert (shares.columns.values[:4] != 0).all()


def test_every_order_gives_the_same_whatever_the_order_of_tables_and_columns() -> None:
    base = base_of()
    turned = Hierarchy(
        {name: dict(reversed(NESTED.tables[name].items())) for name in ("b", "c", "a")}
    )
    first, second = (shares_of(base, h, EVERY).columns for h in (NESTED, turned))
    found = [second.names.index(name) for name in first.names]
    np.testing.assert_allclose(second.values[found], first.values, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(second.errors[found], first.errors, rtol=1e-8, atol=1e-14)


def test_tables_of_one_column_have_their_shapley_values() -> None:
    """Owen = Shapley there; the game is computed coalition by coalition, donors and inverse."""
    base, groups = base_of(), {"a": (0, 3), "b": (1,), "c": (2, 4), "d": (5,)}
    shares = shares_of(base, single_columns(groups), EVERY, seed=8)
    rng = np.random.default_rng(8)
    game = np.zeros((16, N, 2))
    for _ in range(3):
        donors = donor_permutation(np.arange(N), np.zeros(N, dtype=int), rng)
        for coalition in range(1, 16):
            chosen = [f for k, g in enumerate(groups.values()) if coalition >> k & 1 for f in g]
            for both in (donors, np.argsort(donors)):
                game[coalition] += total_effect(base, chosen, both) / 6
    np.testing.assert_allclose(shares.gains, shapley_values(game), atol=1e-12)


def test_the_shares_of_tables_do_not_depend_on_how_they_are_divided() -> None:
    base = base_of()
    whole = single_columns({"a": (0, 1, 3), "b": (2,), "c": (4, 5)})
    first, second = (shares_of(base, h, EVERY).tables for h in (NESTED, whole))
    np.testing.assert_allclose(first.values, second.values, rtol=1e-10)


def test_columns_with_the_same_part_in_every_member_are_treated_alike() -> None:
    slopes = np.random.default_rng(1).normal(size=B)

    def predict(rows: Array) -> Array:
        return np.asarray(slopes[:, None] * (rows[:, 0] + 1) * (rows[:, 1] + 1))

    x = np.random.default_rng(2).normal(size=N)
    base = baseline(predict, np.column_stack([x, x]), split_members(B))
    shares = shares_of(base, Hierarchy({"t": {"x": (0,), "y": (1,)}}), EVERY)
    np.testing.assert_allclose(shares.gains[0], shares.gains[1], atol=1e-12)


@pytest.fixture(scope="module")
def exact() -> OwenShares:
    """Every order, many donors."""
    return shares_of(base_of(n_groups=1), NESTED, replace(EVERY, least_rounds=400, most_rounds=400))


def test_sampled_orders_agree_with_every_order_within_their_errors(exact: OwenShares) -> None:
    """And the errors are honest: 95 % intervals cover the exact value in 92 to 98 % of runs."""
    base = base_of(n_groups=1)
    used = slice(0, 4)
    deviations, errors = [], []
    for seed in range(150):
        run = shares_of(
            base, NESTED, replace(SAMPLED, least_rounds=32, most_rounds=32), seed=10 + seed
        )
        deviations.append((run.columns.values - exact.columns.values)[used])
        errors.append(run.columns.errors[used])
    noise = np.sqrt(np.square(errors) + exact.columns.errors[used] ** 2)
    covered = (np.abs(deviations) < 2.04 * noise).mean()  # Student t, 31 degrees of freedom
    assert 0.92 < covered < 0.98
    ratio = np.sqrt(np.mean(np.square(errors), axis=0)) / np.std(deviations, axis=0, ddof=1)
    assert (np.abs(ratio - 1) < 0.25).all()


def test_errors_stay_honest_where_they_decide_when_to_stop(exact: OwenShares) -> None:
    base = base_of(n_groups=1)
    asked = replace(DEFAULT, most_coalitions=0, error=0.012)
    runs = [shares_of(base, NESTED, asked, seed=500 + seed) for seed in range(120)]
    assert all(run.converged for run in runs)
    assert len({run.n_orders for run in runs}) > 5
    z = [
        (run.tables.values - exact.tables.values) / np.hypot(run.tables.errors, exact.tables.errors)
        for run in runs
    ]
    assert 0.9 < (np.abs(z) < 2.2).mean() < 0.99
    for run in runs:
        for level in (run.tables, run.columns, run.ranges):
            assert level.fraction_errors.max() <= 0.012


def test_progress_tells_how_many_rounds_are_expected() -> None:
    heard: list[Progress] = []
    asked = replace(DEFAULT, most_coalitions=0, error=0.006)
    with listening(heard.append):
        shares = shares_of(base_of(n_groups=1), NESTED, asked)
    told = [state.total for state in heard if state.label == "rounds of orders"]
    assert told[0] == DEFAULT.least_rounds
    assert len(set(told)) > 2
    assert shares.n_rounds / 2 < told[len(told) // 2] < 2 * shares.n_rounds


def test_the_cap_ends_a_run_that_is_not_precise() -> None:
    shares = shares_of(base_of(), NESTED, replace(SAMPLED, error=1e-9))
    assert (shares.converged, shares.n_rounds, shares.n_orders) == (False, 3, 6)
    every = shares_of(base_of(), NESTED, replace(EVERY, error=1e-9))
    assert (every.every_order, every.n_orders) == (True, 3 * 6 * 4)


def test_a_walk_takes_one_prediction_a_step_and_none_for_the_last() -> None:
    calls = []
    predict = interacting()

    def counting(rows: Array) -> Array:
        calls.append(rows.shape)
        return predict(rows)

    rows = np.random.default_rng(1).normal(size=(N, 6))
    base = baseline(counting, rows, split_members(B))
    shares = shares_of(base, NESTED, SAMPLED)
    assert shares.n_orders == 6
    assert calls == [(N, 6)] * (1 + 3 * (5 - 1))


def test_members_that_agree_have_shares_of_0_and_no_fractions() -> None:
    rows = np.random.default_rng(1).normal(size=(N, 6))
    base = baseline(lambda x: np.tile(x[:, 0], (4, 1)), rows, split_members(4))
    shares = shares_of(base, NESTED, SAMPLED)
    assert (shares.tables.values == 0).all()
    assert np.isnan(shares.tables.fractions).all()
    assert shares.converged


def test_equal_seeds_give_equal_shares_and_inputs_stay() -> None:
    base = base_of()
    rows, predictions = base.rows.copy(), base.predictions.copy()
    first, second = (shares_of(base, NESTED, SAMPLED, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.gains, second.gains)
    np.testing.assert_array_equal(base.rows, rows)
    np.testing.assert_array_equal(base.predictions, predictions)
    assert not np.array_equal(first.gains, shares_of(base, NESTED, SAMPLED, seed=5).gains)


def test_the_error_of_a_fraction_is_that_of_a_ratio() -> None:
    """Independent parts of mean 3 and 1, sd 0.3: sd of a/(a+b) is 0.3 sqrt(b²+a²) / (a+b)²."""
    rng = np.random.default_rng(1)
    rounds = np.array([3.0, 1.0]) + 0.3 * rng.normal(size=(4000, 2))
    shares = estimate_shares((("a",), ("b",)), rounds)
    exact = 0.3 * np.sqrt(10) / 16 / np.sqrt(4000)
    np.testing.assert_allclose(shares.fraction_errors, exact, rtol=0.05)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"a": {"x": (0, 1, 2, 3, 4)}}, "exactly one column"),
        ({"a": {"x": (0, 1, 2, 3, 4, 5, 5)}}, "exactly one column"),
        ({"a": {"x": (0, 1, 2, 3, 4, 6)}}, "exactly one column"),
        ({"a": {"x": (0, 1, 2, 3, 4, 5)}, "b": {}}, "Every table must have a column"),
        ({}, "Every table must have a column"),
        ({"a": {"x": (0, 1, 2, 3, 4, 5)}, "b": {"y": ()}}, "b.y has none"),
    ],
)
def test_hierarchies_that_are_no_partition_are_refused(
    tables: dict[str, dict[str, tuple[int, ...]]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        shares_of(base_of(), Hierarchy(tables), SAMPLED)


def test_bad_arguments_are_refused() -> None:
    base, rng = base_of(), np.random.default_rng(1)
    codes, rows, whole = np.zeros((5, N), dtype=int), np.arange(N), np.zeros(N, dtype=int)
    with pytest.raises(InputError, match="Range codes must be"):
        owen_shares(base, NESTED, codes[:4], rows, whole, rng)
    with pytest.raises(InputError, match="Range codes must be"):
        owen_shares(base, NESTED, codes - 1, rows, whole, rng)
    with pytest.raises(InputError, match="Entities must be one a row, 120"):
        owen_shares(base, NESTED, codes, rows[:5], whole[:5], rng)
    with pytest.raises(InputError, match="at least 2 and at most the cap, got 1 to 256"):
        owen_shares(base, NESTED, codes, rows, whole, rng, Precision(least_rounds=1))
    with pytest.raises(InputError, match="must be above 0, got 0"):
        owen_shares(base, NESTED, codes, rows, whole, rng, Precision(error=0.0))


def test_predictions_that_are_not_finite_are_refused() -> None:
    rows = np.random.default_rng(1).normal(size=(N, 6))
    rows[:, 1] = rows[:, 0]
    with pytest.raises(InputError, match="gave NaN"):
        baseline(lambda x: np.full((B, len(x)), np.nan), rows, split_members(B))
    with pytest.raises(InputError, match="at least 2 rows"):
        baseline(interacting(), rows[:1], split_members(B))

    def fails_outside(x: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(1e-9 - np.abs(x[:, 0] - x[:, 1])) + np.zeros((B, 1)))

    base = baseline(fails_outside, rows, split_members(B))
    with pytest.raises(InputError, match="permuted rows must be finite"):
        shares_of(base, NESTED, SAMPLED)

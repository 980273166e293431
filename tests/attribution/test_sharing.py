"""Shares of a small database under straight lines, whose shares are known in closed form.

With uncorrelated features a line's share of feature i is Var_b(slope_i) Var(x_i); a row gives half
of Var_b(slope_i) ((x_i - mean)^2 + Var(x_i)) of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution import sharing
from tasks.attribution.cells import cell_means
from tasks.attribution.fractions import fractions_of_cells
from tasks.attribution.ranges import fit_number_ranges
from tasks.attribution.shares import Shares
from tasks.attribution.shares_record import shares_record
from tasks.attribution.sharing import SharedOut, share_out
from tasks.domain import PLACEBO
from tasks.errors import InputError
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature
from tasks.relations.features import PLACEBO_FEATURE
from tasks.seeds import generator
from tasks.uncertainty.hybrids import edited_copies
from tasks.uncertainty.model_data import ModelData
from tasks.uncertainty.protocol import Hybrids

Array = NDArray[np.float64]

ITEM, SALES = ("->품목",), ("<-판매.store",)
WEIGHT = "<b>무게</b>"
NODES = (
    Feature((), "stores", "size", "value", "number"),
    Feature((*SALES, *ITEM), "품목", WEIGHT, "last", "number"),
    Feature(SALES, "판매", "", "count", "number"),
    Feature(ITEM, "품목", "종류", "value", "category"),
    Feature(ITEM, "품목", WEIGHT, "value", "number"),
    PLACEBO_FEATURE,
)
COLUMNS = {
    ("stores", "size"): (0,),
    ("품목", WEIGHT): (1, 4),
    ("품목", "종류"): (3,),
    ("판매", "(rows)"): (2,),
    (PLACEBO, "noise"): (5,),
}
KEYS = {"(own)": (0,), SALES[0]: (1, 2), ITEM[0]: (3, 4), PLACEBO: (5,)}
N_TRAIN, N_ROWS, J, V = 200, 480, 3, 4
SIZES = np.array([1.0, 0.6, 0.8, 1.5, 0.7, 0.0])


@dataclass(frozen=True)
class Lines:
    """Members that are straight lines, of slopes (B, p); a missing value counts as 0."""

    slopes: Array
    noise: float = 1.0

    @property
    def n_members(self) -> int:
        return len(self.slopes)

    def predict_members(self, x: Array) -> Array:
        lines: Array = self.slopes @ np.nan_to_num(x).T
        return lines

    def predict_noise(self, x: Array) -> Array:
        return np.full((self.n_members, len(x)), self.noise)

    def hybrids(self, x: Array) -> Hybrids:
        return edited_copies(self.predict_members, x)

    def subset(self, members: Sequence[int]) -> Self:
        return replace(self, slopes=self.slopes[list(members)])


def uncorrelated(rng: np.random.Generator, codes: Array) -> Array:
    """Columns of mean 0 and variance 1, not correlated with each other or the codes."""
    x = rng.normal(size=(len(codes), len(NODES) - 1))
    whole = np.column_stack([np.ones(len(codes)), codes, x])
    return np.asarray(np.linalg.qr(whole)[0][:, 2:] * np.sqrt(len(codes)))


def database() -> ModelData:
    """Train rows lie elsewhere than the evaluated ones, every third row belongs to neither."""
    rng = np.random.default_rng(4)
    n_all = N_TRAIN + N_ROWS + 30
    order = rng.permutation(n_all)
    train, rows = order[:N_TRAIN], order[N_TRAIN : N_TRAIN + N_ROWS]
    x = 1000 * rng.normal(size=(n_all, len(NODES)))
    x[:, 3] = 0
    x[train] = 0.5 + rng.normal(size=(N_TRAIN, len(NODES)))
    x[train, 3] = np.arange(N_TRAIN) % 3
    codes = rng.choice([0.0, 2.0], N_ROWS)
    x[rows] = np.insert(uncorrelated(rng, codes), 3, codes, axis=1)
    is_train, is_test = np.isin(np.arange(n_all), train), np.isin(np.arange(n_all), rows)
    return ModelData(
        encoder=Encoder(NODES, {NODES[3].name: ("서울", "부산", "Roma")}),
        x=x,
        y=np.zeros(n_all),
        classes=(),
        entities=rng.integers(0, 300, n_all),
        train=is_train,
        validation=~is_train & ~is_test,
        test=is_test,
    )


LINES = Lines(np.random.default_rng(5).normal(size=(4 * J, len(NODES))) * SIZES)


def shared_out(
    data: ModelData, lines: Lines = LINES, seed: int = 1, interacting: bool = False
) -> SharedOut:
    return share_out(
        lines,
        data,
        np.flatnonzero(data.test),
        sub_ensembles=J,
        n_blocks=V,
        n_ranges=2,
        seed=seed,
        interacting=interacting,
    )


@pytest.fixture(scope="module")
def data() -> ModelData:
    return database()


@pytest.fixture(scope="module")
def shared(data: ModelData) -> SharedOut:
    return shared_out(data)


@pytest.fixture(scope="module")
def record(shared: SharedOut) -> dict[str, Any]:
    return shares_record(shared)


def share_of(features: Sequence[int], data: ModelData) -> Array:
    """Closed form in each sub-ensemble."""
    variance = LINES.slopes.reshape(J, -1, len(NODES)).var(axis=1, ddof=1)
    return np.asarray((variance * data.x[data.test].var(axis=0))[:, list(features)].sum(axis=1))


def assert_near(entry: dict[str, Any], exact: float) -> None:
    """Within 4 Monte Carlo errors and the 3 % that donors from one's own block may change."""
    assert entry["value"] == pytest.approx(exact, abs=4 * entry["monte_carlo_error"] + 0.03 * exact)


def test_columns_have_their_known_shares(data: ModelData, record: dict[str, Any]) -> None:
    total = sum(share_of(features, data).mean() for features in COLUMNS.values())
    nodes = [(entry["node"]["table"], entry["node"]["column"]) for entry in record["columns"]]
    assert nodes == list(COLUMNS)
    for entry, features in zip(record["columns"], COLUMNS.values(), strict=True):
        exact = share_of(features, data).mean()
        assert_near(entry, exact)
        assert entry["fraction"] == pytest.approx(exact / total, rel=0.15, abs=1e-12)
        assert entry["monte_carlo_error"] <= 0.1 * exact
    assert record["total"] == pytest.approx(total, rel=0.05)
    assert record["converged"] is True


def test_what_no_member_uses_has_no_share(record: dict[str, Any]) -> None:
    noise = record["columns"][-1]
    assert noise["node"] == {"table": PLACEBO, "column": "noise"}
    assert noise["value"] == pytest.approx(0, abs=1e-12)


def test_number_ranges_are_learnt_from_the_train_rows_and_hold_their_rows_part(
    data: ModelData, shared: SharedOut, record: dict[str, Any]
) -> None:
    x = data.x[data.test, 0]
    learnt = fit_number_ranges(data.x[data.train, 0], 2)
    of_row = share_of([0], data).mean() * (x**2 + 1) / 2
    entries = [entry for entry in record["ranges"] if entry["node"]["column"] == "size"]
    assert [entry["node"]["range"] for entry in entries] == list(learnt.labels[:2])
    for code, entry in enumerate(entries):
        assert_near(entry, of_row[learnt.codes(x) == code].sum() / N_ROWS)
    np.testing.assert_array_equal(shared.ranges[0].codes, learnt.codes(x))


def test_category_ranges_have_their_names_and_an_absent_one_has_no_part(
    data: ModelData, record: dict[str, Any]
) -> None:
    """Rows of either category lie half of the way to the mean of all apart."""
    entries = [entry for entry in record["ranges"] if entry["node"]["column"] == "종류"]
    assert [entry["node"]["range"] for entry in entries] == ["서울", "부산", "other"]
    assert entries[1]["value"] == 0
    for entry in (entries[0], entries[2]):
        assert_near(entry, share_of([3], data).mean() / 2)


def test_levels_add_up(record: dict[str, Any]) -> None:
    for name in ("value", "fraction"):
        for upper, lower, parts in (
            ("tables", "columns", ("table",)),
            ("columns", "ranges", ("table", "column")),
        ):
            for entry in record[upper]:
                inside = [
                    one[name]
                    for one in record[lower]
                    if all(one["node"][part] == entry["node"][part] for part in parts)
                ]
                assert sum(inside) == pytest.approx(entry[name], rel=1e-9, abs=1e-12)
        whole = {"value": record["total"], "fraction": 1.0}[name]
        assert sum(entry[name] for entry in record["tables"]) == pytest.approx(whole)


def test_keys_have_their_known_shares_in_every_sub_ensemble(
    data: ModelData, shared: SharedOut
) -> None:
    assert shared.keys == tuple(KEYS)
    assert shared.key_cells.shape == (len(KEYS), J, V)
    exact = np.array([share_of(features, data) for features in KEYS.values()])
    error = np.abs(shared.key_cells.mean(axis=2) - exact)
    assert (error < 0.1 * exact + 0.03 * exact.sum(axis=0)).all()


def test_standard_errors_are_those_of_the_node_itself(
    shared: SharedOut, record: dict[str, Any]
) -> None:
    gains = dict(zip(COLUMNS, shared.owen.gains, strict=True))
    tables = {table: 0.0 for table, _ in COLUMNS}
    for (table, _), gain in gains.items():
        tables[table] = tables[table] + gain
    assert [entry["node"] for entry in record["tables"]] == [{"table": name} for name in tables]
    for level, quantities in (("tables", tables), ("columns", gains)):
        cells = cell_means(np.array(list(quantities.values())), shared.blocks)
        np.testing.assert_allclose(
            [entry["standard_error"] for entry in record[level]],
            fractions_of_cells(cells).standard_errors,
            rtol=1e-9,
            atol=1e-12,
        )
    assert record["tables"][0]["standard_error"] > 0.01


def test_the_record_has_its_keys_and_is_json(record: dict[str, Any]) -> None:
    assert json.loads(json.dumps(record)) == record
    assert list(record) == [
        "tables",
        "columns",
        "ranges",
        "interactions",
        "total",
        "rounds",
        "orders",
        "converged",
    ]
    common = {"node", "value", "monte_carlo_error", "fraction", "fraction_monte_carlo_error"}
    assert {frozenset(entry) for entry in record["ranges"]} == {frozenset(common)}
    common |= {"standard_error"}
    assert {frozenset(entry) for entry in record["tables"]} == {frozenset(common)}
    common |= {"extrapolated", "signed_permutation_change"}
    assert {frozenset(entry) for entry in record["columns"]} == {frozenset(common)}
    assert {len(entry["node"]) for entry in record["ranges"]} == {3}


def test_the_signed_change_of_uncertainty_is_no_share(
    shared: SharedOut, record: dict[str, Any]
) -> None:
    """Lines in columns that are not correlated: permuting one changes nothing on the average."""
    changes = np.array([entry["signed_permutation_change"] for entry in record["columns"]])
    np.testing.assert_array_equal(changes, shared.changes)
    shares = shared.owen.columns.values
    assert (changes[shares == 0] == 0).all()
    assert np.ptp(changes) > 0
    assert np.abs(changes).max() < 0.25 * shares.max()


def test_interactions_are_measured_where_they_are_asked_for(
    data: ModelData, shared: SharedOut, record: dict[str, Any]
) -> None:
    """Lines have none."""
    assert shared.interactions is None
    assert record["interactions"] is None
    asked = shared_out(data, interacting=True)
    assert asked.interactions is not None
    tables = asked.owen.hierarchy.tables
    assert len(asked.interactions.names) == len(tables) * (len(tables) - 1) // 2
    near = 4 * asked.interactions.fraction_errors + 0.02
    assert (np.abs(asked.interactions.fractions) < near).all()
    pairs = shares_record(asked)["interactions"]
    assert {frozenset(pair["tables"]) for pair in pairs} == {
        frozenset(pair) for pair in asked.interactions.names
    }
    np.testing.assert_array_equal(asked.owen.gains, shared.owen.gains)


def test_monte_carlo_errors_are_those_of_the_orders(
    shared: SharedOut, record: dict[str, Any]
) -> None:
    for level in ("tables", "columns", "ranges"):
        shares: Shares = getattr(shared.owen, level)
        for name, expected in (
            ("monte_carlo_error", shares.errors),
            ("fraction_monte_carlo_error", shares.fraction_errors),
        ):
            assert [entry[name] for entry in record[level]] == expected.tolist()


def test_rows_of_an_entity_are_in_one_block(data: ModelData, shared: SharedOut) -> None:
    entities = data.entities[data.test]
    assert sorted(set(shared.blocks)) == list(range(V))
    assert len(set(zip(entities, shared.blocks, strict=True))) == len(set(entities))


def test_the_seed_decides_and_nothing_is_mutated(
    data: ModelData, shared: SharedOut, record: dict[str, Any]
) -> None:
    x = data.x.copy()
    again, other = shared_out(data), shared_out(data, seed=2)
    assert shares_record(again) == record
    assert shares_record(other)["total"] != record["total"]
    np.testing.assert_array_equal(again.key_cells, shared.key_cells)
    assert (other.key_cells != shared.key_cells).any()
    np.testing.assert_array_equal(data.x, x)


def test_each_purpose_has_random_numbers_of_its_own_from_the_seed(
    data: ModelData, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, str]] = []

    def listen(seed: int, purpose: str) -> np.random.Generator:
        asked.append((seed, purpose))
        return generator(seed, purpose)

    monkeypatch.setattr(sharing, "generator", listen)
    shared_out(data, seed=7)
    assert {seed for seed, _ in asked} == {7}
    assert len({purpose for _, purpose in asked}) == len(asked) == 4


def test_columns_that_depend_on_each_other_extrapolate(data: ModelData, shared: SharedOut) -> None:
    independent = dict(zip(COLUMNS, shared.extrapolated, strict=True))
    assert max(independent.values()) < 0.04
    x = data.x.copy()
    x[:, 2] = x[:, 0] + 0.01 * x[:, 2]
    tied = dict(zip(COLUMNS, shared_out(replace(data, x=x)).extrapolated, strict=True))
    for column, fraction in tied.items():
        if column in (("stores", "size"), ("판매", "(rows)")):
            assert fraction > 0.1
        else:
            assert fraction < 0.05


def test_too_little_is_refused(data: ModelData) -> None:
    settings = {"n_ranges": 2, "seed": 1}
    rows = np.flatnonzero(data.test)
    with pytest.raises(InputError, match="at least 2 members in each sub-ensemble"):
        share_out(LINES, data, rows, sub_ensembles=7, n_blocks=V, **settings)
    with pytest.raises(InputError, match="At least 100 held-out rows are needed, got 60"):
        share_out(LINES, data, rows[:60], sub_ensembles=J, n_blocks=V, **settings)
    with pytest.raises(InputError, match="blocks with an entity in each"):
        share_out(LINES, data, rows, sub_ensembles=J, n_blocks=400, **settings)


def test_members_that_agree_leave_nothing_to_share_out(data: ModelData) -> None:
    agreed = shared_out(data, Lines(np.ones((2 * J, len(NODES)))))
    with pytest.raises(InputError, match="sum to more than 0"):
        shares_record(agreed)

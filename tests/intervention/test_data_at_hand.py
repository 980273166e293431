"""What the steps of the interventions read back is what the steps before them kept."""

from pathlib import Path

import numpy as np
import pytest

from tasks.attribution.members import split_members
from tasks.errors import RunError
from tasks.intervention.data_at_hand import DataAtHand, ranges_of
from tasks.intervention.known_rows import known_rows
from tasks.relations.features import FeatureTable, add_placebo, build_features
from tasks.relations.table_files import write_features
from tasks.run_store import RunStore
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.files import write_ensemble
from tasks.uncertainty.tree_ensemble import TreeEnsemble

from .friedman import Friedman

SEED, GROUPS = 3, 8
CHOSEN = np.array([850, 5, 870, 899])
BLOCKS = np.array([0, 1, 1, 0])


@pytest.fixture(scope="module")
def friedman() -> Friedman:
    settings = BoostingSettings(iterations=5, max_leaf_nodes=4)
    return Friedman(SEED, missing=0.2, members=16, settings=settings)


@pytest.fixture(scope="module")
def features(friedman: Friedman) -> FeatureTable:
    database = friedman.database
    return add_placebo(build_features(database.contract, database.tables, database.task), SEED)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(str(tmp_path_factory.mktemp("자료")))


@pytest.fixture(scope="module")
def given(friedman: Friedman, features: FeatureTable, store: RunStore) -> DataAtHand:
    """The artifacts, which have been to JSON and back as a step's arguments have."""
    database, ensemble = friedman.database, friedman.ensemble
    assert isinstance(ensemble, TreeEnsemble)
    kept = DataAtHand(
        contract=database.contract,
        target=database.task,
        tables={n: store.save(f"{n}.parquet", t.write_parquet) for n, t in database.tables.items()},
        faults={
            n: store.save(f"{n}.faults.parquet", t.write_parquet)
            for n, t in database.faults.items()
        },
        features=store.save("features.parquet", lambda path: write_features(features, path)),
        ensemble=store.save("ensemble.joblib", lambda path: write_ensemble(ensemble, path)),
        measured=store.save("uncertainty.npz", lambda path: np.savez(path, rows=CHOSEN)),
        key_cells=store.save("keys.npz", lambda path: np.savez(path, blocks=BLOCKS)),
        replicates=GROUPS,
    )
    return DataAtHand.model_validate_json(kept.model_dump_json())


def test_the_database_is_that_of_the_run(
    friedman: Friedman, given: DataAtHand, store: RunStore
) -> None:
    found, expected = given.database(store), friedman.database
    assert (found.contract, found.task) == (expected.contract, expected.task)
    assert found.worlds == {}
    assert found.tables["rows"].equals(expected.tables["rows"])
    assert found.faults["rows"].equals(expected.faults["rows"])
    assert found.faulty("rows", "x4").sum() == expected.missing("rows", "x4").sum() > 0


def test_features_matrix_and_members_are_those_of_the_run(
    friedman: Friedman, features: FeatureTable, given: DataAtHand, store: RunStore
) -> None:
    table, data, fitted = given.model(store)
    assert table.features.equals(features.features)
    np.testing.assert_array_equal(data.x, friedman.data.x)
    np.testing.assert_array_equal(data.y, friedman.data.y)
    assert data.encoder == friedman.data.encoder
    np.testing.assert_array_equal(
        fitted.predict_members(data.x[:9]), friedman.ensemble.predict_members(data.x[:9])
    )


def test_the_rows_that_were_measured_are_evaluated_in_their_blocks(
    friedman: Friedman, given: DataAtHand, store: RunStore
) -> None:
    table, data, fitted = given.model(store)
    found = given.evaluation(store, table, data, fitted)
    np.testing.assert_array_equal(found.x, friedman.data.x[CHOSEN])
    np.testing.assert_array_equal(found.y, friedman.data.y[CHOSEN])
    np.testing.assert_array_equal(found.blocks, BLOCKS)
    assert found.rows.equals(table.rows[CHOSEN])
    assert found.members == split_members(16, GROUPS)
    assert found.ensemble is fitted


def test_a_file_that_is_gone_is_told(given: DataAtHand, store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is gone"):
        given.database(RunStore(str(tmp_path)))


def test_ranges_are_cut_at_the_train_rows_quantiles_for_whatever_rows(friedman: Friedman) -> None:
    data = friedman.data
    train, test = data.x[data.train], data.x[data.test]
    own, others = (ranges_of(data, rows, 4) for rows in (train, test))
    assert {column for table, column in own if table == "rows"} >= {"x1", "x4", "x10"}
    for column in ("x1", "x4"):
        place = [node.column for node in data.encoder.nodes].index(column)
        found, held_out = own["rows", column], others["rows", column]
        assert found.feature == place
        assert found.labels == held_out.labels
        sizes = np.bincount(found.codes, minlength=5)
        assert np.ptp(sizes[:4]) <= 2
        assert sizes[4] == np.isnan(train[:, place]).sum()
        assert np.isnan(test[held_out.codes == 4, place]).all()
        assert np.ptp(np.bincount(held_out.codes, minlength=5)[:4]) > 2  # not their own quantiles
        for code in range(4):
            inside = train[found.codes == code, place]
            between = (test[:, place] >= inside.min()) & (test[:, place] <= inside.max())
            assert between.sum() > 5
            assert (held_out.codes[between] == code).all()


def test_known_rows_hold_features_and_targets_of_the_same_rows(
    friedman: Friedman, features: FeatureTable
) -> None:
    known = known_rows(features, friedman.data, CHOSEN)
    for one, places in ((known, CHOSEN), (known.take(np.array([2, 0])), CHOSEN[[2, 0]])):
        assert one.given.rows.equals(features.rows[places])
        np.testing.assert_array_equal(one.given.x, friedman.data.x[places])
        np.testing.assert_array_equal(one.target.x, friedman.data.x[places])
        np.testing.assert_array_equal(one.target.y, friedman.data.y[places])
        np.testing.assert_array_equal(one.target.entities, friedman.data.entities[places])
        assert one.target.n_classes is None
        assert one.target.categorical == friedman.data.training.categorical

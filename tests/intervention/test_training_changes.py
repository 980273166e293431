"""Training rows after an intervention: known values, draws, rows that are dropped, real changes."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from tasks.attribution.members import split_members
from tasks.domain import Node
from tasks.intervention.causal_worlds import make_worlds
from tasks.intervention.changes import PLACEBO_ACTIONS, plan_change
from tasks.intervention.column_repairs import SHRINKAGE
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.known_rows import Known, known_rows
from tasks.intervention.refitting import Recipe
from tasks.intervention.replicate_cells import DO, Action, FloatArray
from tasks.intervention.training_changes import training_changes
from tasks.relations.features import add_placebo, build_features, link_rows
from tasks.relations.task_rows import FACT
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import TrainingRows, model_data

from .causal_shop import causal_database, causal_tables, with_cells
from .friedman import Friedman, frame
from .shop import Lines

GROUPS, DRAWS = 6, 3
RECIPE = Recipe("boosting", seed=1, members=split_members(12, GROUPS), workers=1)
WEIGHT, COST = Node(table="items", column="weight"), Node(table="sales", column="cost")
SETTLE, FILL = Action(WEIGHT, "impute_mean"), Action(WEIGHT, "impute_missing")
MEND_SALES = Action(Node(table="sales"), "improve_quality")
MEND_ITEMS = Action(Node(table="items"), "improve_quality")
HALVE = Action(COST, DO)
REDRAW, SHRINK = PLACEBO_ACTIONS
Made = list[tuple[int, list[TrainingRows]]]


def known(database: FaultyDatabase) -> Known:
    features = add_placebo(build_features(database.contract, database.tables, database.task), 1)
    data = model_data(features, database.task)
    return known_rows(features, data, np.flatnonzero(data.train))


def lines(train: Known) -> Lines:
    """Members of which no column says anything."""
    return Lines(np.zeros((4, train.given.x.shape[1])))


def after(database: FaultyDatabase, train: Known, *actions: Action, seed: int = 3) -> Made:
    return list(training_changes(database, train, actions, RECIPE, lines(train), seed))


def place_of(train: Known, node: Node) -> int:
    """Of a column's value by the keys alone."""
    (place,) = (
        place
        for place, feature in enumerate(train.given.encoder.nodes)
        if (feature.table, feature.column, feature.aggregate) == (node.table, node.column, "value")
    )
    return place


def same(one: FloatArray, two: FloatArray) -> bool:
    return np.array_equal(one, two, equal_nan=True)


def moved(train: Known, made: TrainingRows) -> set[str]:
    """Columns of which a feature changes."""
    return {
        node.column
        for place, node in enumerate(train.given.encoder.nodes)
        if not same(made.x[:, place], train.given.x[:, place])
    }


@pytest.fixture(scope="module")
def shop() -> FaultyDatabase:
    """Forty items have no weight; the first three sales stand there twice."""
    tables = with_cells(causal_tables(), "items", "weight", list(range(40)), None)
    tables["sales"] = pl.concat([tables["sales"].head(3), tables["sales"]])
    database: FaultyDatabase = causal_database({}, tables=tables)
    return database


@pytest.fixture(scope="module")
def train(shop: FaultyDatabase) -> Known:
    return known(shop)


def test_what_is_not_drawn_is_made_once_with_known_values(
    shop: FaultyDatabase, train: Known
) -> None:
    ((changed, sets),) = after(shop, train, SETTLE)
    place = place_of(train, WEIGHT)
    mean = np.nanmean(shop.tables["items"]["weight"].to_numpy())
    assert changed == shop.tables["items"].height
    (made,) = sets
    assert made.x[:, place] == pytest.approx(mean, rel=1e-12)
    assert moved(train, made) == {"weight"}
    np.testing.assert_array_equal(made.y, train.target.y)
    np.testing.assert_array_equal(made.entities, train.target.entities)


def test_what_is_drawn_is_drawn_half_as_often_as_there_are_sub_ensembles(
    shop: FaultyDatabase, train: Known
) -> None:
    ((changed, sets),) = after(shop, train, FILL)
    place = place_of(train, WEIGHT)
    lost = np.isnan(train.given.x[:, place])
    assert changed == 40
    assert 0 < lost.sum() < len(lost)
    assert len(sets) == DRAWS
    for made in sets:
        assert not np.isnan(made.x[:, place]).any()
        np.testing.assert_array_equal(made.x[~lost, place], train.given.x[~lost, place])
        np.testing.assert_array_equal(made.y, train.target.y)
    for one, two in ((0, 1), (1, 2), (0, 2)):
        assert (sets[one].x[lost, place] != sets[two].x[lost, place]).mean() > 0.5


def test_rows_that_lead_to_the_same_cell_get_the_same_value(
    shop: FaultyDatabase, train: Known
) -> None:
    ((_, sets),) = after(shop, train, FILL)
    item = shop.tables["sales"]["item"].gather(train.given.rows[FACT]).to_numpy()
    for made in sets:
        for one in range(3):
            assert len(np.unique(made.x[item == one, place_of(train, WEIGHT)])) == 1


def test_cells_are_drawn_given_the_targets_that_they_brought_about() -> None:
    """The control is the same repair drawn without a look at the target."""
    friedman = Friedman(
        missing=0.3, members=16, settings=BoostingSettings(iterations=40, learning_rate=0.15)
    )
    action = Action(Node(table="rows", column="x4"), "impute_missing")
    ((_, sets),) = training_changes(
        friedman.database, friedman.train, [action], friedman.recipe, friedman.ensemble, 3
    )
    given = friedman.train.given
    place = place_of(friedman.train, action.node)
    lost = np.isnan(given.x[:, place])
    real = frame(1)["x4"].to_numpy()[: len(lost)][lost]
    links = link_rows(
        friedman.database.contract, friedman.database.tables, friedman.database.task, given.rows
    )
    change = plan_change(action, friedman.database, given, links)
    _, blind = change.features(np.flatnonzero(lost), np.random.default_rng(3))
    assert len(sets) == 4
    for made in sets:
        assert np.corrcoef(made.x[lost, place], real)[0, 1] > 0.3
    assert abs(np.corrcoef(blind[:, 0], real)[0, 1]) < 0.2


def test_rows_find_their_own_cells_again_once_repeated_ones_are_dropped(
    shop: FaultyDatabase, train: Known
) -> None:
    """Sales that repeat an earlier one are no training rows; the others move up in the table."""
    ((changed, sets),) = after(shop, train, MEND_SALES)
    facts = train.given.rows[FACT]
    assert changed == shop.repeated("sales").sum() == 3
    assert not shop.repeated("sales").gather(facts).any()
    assert facts.to_numpy().max() > train.given.rows.height
    assert len(sets) == DRAWS
    places = [place_of(train, COST), place_of(train, WEIGHT)]
    for made in sets:
        np.testing.assert_array_equal(made.x[:, places], train.given.x[:, places])
        np.testing.assert_array_equal(made.y, train.target.y)
        np.testing.assert_array_equal(made.entities, train.target.entities)


def test_repeated_rows_of_another_table_drop_no_training_row() -> None:
    tables = causal_tables()
    tables["items"] = pl.concat([tables["items"], tables["items"].head(5)])
    database = causal_database({}, tables=tables)
    train = known(database)
    ((changed, sets),) = after(database, train, MEND_ITEMS)
    assert changed == 5
    for made in sets:
        np.testing.assert_array_equal(made.y, train.target.y)


def test_a_window_keeps_its_rows_where_events_are_dropped(shop: FaultyDatabase) -> None:
    database = causal_database({}, tables=shop.tables, task="mean")
    train = known(database)
    ((changed, sets),) = after(database, train, MEND_SALES)
    assert changed == 3
    for made in sets:
        np.testing.assert_array_equal(made.y, train.target.y)
        assert not same(made.x, train.given.x)


def test_noise_is_drawn_afresh_or_shrunk_and_nothing_else_changes(
    shop: FaultyDatabase, train: Known
) -> None:
    (redrawn, sets), (shrunk, (small,)) = after(shop, train, REDRAW, SHRINK)
    place = place_of(train, REDRAW.node)
    assert redrawn == shrunk == len(train.given.x)
    assert len(sets) == DRAWS
    np.testing.assert_allclose(small.x[:, place], SHRINKAGE * train.given.x[:, place])
    for made in (*sets, small):
        assert same(np.delete(made.x, place, 1), np.delete(train.given.x, place, 1))
    noise = np.stack([train.given.x[:, place], *(made.x[:, place] for made in sets)])
    assert np.abs(np.corrcoef(noise) - np.eye(DRAWS + 1)).max() < 0.2
    assert np.std(noise, axis=1) == pytest.approx(np.ones(DRAWS + 1), abs=0.15)


@pytest.fixture(scope="module")
def halved() -> FaultyDatabase:
    """Costs are halved, which no other feature follows."""
    database = causal_database({"sales.cost": "*=0.5"})
    worlds, left_out = make_worlds(database, seed=1)
    assert left_out == {}
    return FaultyDatabase(
        database.contract, database.tables, database.faults, database.task, worlds
    )


def test_a_real_change_is_made_once_and_the_targets_stay(halved: FaultyDatabase) -> None:
    train = known(halved)
    ((changed, (made,)),) = after(halved, train, HALVE)
    place = place_of(train, COST)
    assert changed == halved.tables["sales"].height
    np.testing.assert_allclose(made.x[:, place], 0.5 * train.given.x[:, place], rtol=1e-12)
    np.testing.assert_array_equal(made.y, train.target.y)
    assert moved(train, made) == {"cost"}


@pytest.mark.parametrize("node", [WEIGHT, Node(table="sales"), REDRAW.node])
def test_a_real_change_that_the_contract_does_not_consider_is_refused(
    halved: FaultyDatabase, node: Node
) -> None:
    with pytest.raises(NotApplicable, match=r"considers no real change of \(?\w+"):
        after(halved, known(halved), Action(node, DO))


def test_a_real_change_is_no_repair_of_the_same_column(halved: FaultyDatabase) -> None:
    train = known(halved)
    (_, (shrunk,)), (_, (made,)) = after(halved, train, Action(COST, "reduce_variance"), HALVE)
    place = place_of(train, COST)
    assert not np.allclose(shrunk.x[:, place], made.x[:, place])
    assert not Action(COST, DO).keeps_target
    assert Action(COST, "reduce_variance").keeps_target


@pytest.mark.parametrize("order", [lambda a: a, lambda a: a[::-1], lambda a: a[:1]])
def test_draws_depend_on_the_seed_and_the_action_s_name_alone(
    shop: FaultyDatabase,
    train: Known,
    order: Callable[[list[Action]], list[Action]],
) -> None:
    actions = [FILL, REDRAW]
    alone = dict(zip(actions, (after(shop, train, one)[0] for one in actions), strict=True))
    chosen = order(actions)
    for action, (_, sets) in zip(chosen, after(shop, train, *chosen), strict=True):
        assert all(same(a.x, b.x) for a, b in zip(sets, alone[action][1], strict=True))
    (_, other), *_ = after(shop, train, FILL, seed=4)
    assert not same(other[0].x, alone[FILL][1][0].x)


def test_two_actions_do_not_share_their_draws(shop: FaultyDatabase, train: Known) -> None:
    """Of items nothing but the weights is to be mended: the same cells by two names."""
    (one, filled), (two, mended) = after(shop, train, FILL, MEND_ITEMS)
    assert one == two == 40
    assert moved(train, filled[0]) == moved(train, mended[0]) == {"weight"}
    assert not same(filled[0].x, mended[0].x)


def test_what_does_nothing_is_refused(train: Known) -> None:
    database = causal_database({})
    with pytest.raises(NotApplicable, match=r"No cell of items\.weight is missing"):
        after(database, known(database), FILL)


def test_inputs_are_not_mutated(shop: FaultyDatabase, train: Known) -> None:
    x, y = train.given.x.copy(), train.target.y.copy()
    tables = {name: table.clone() for name, table in shop.tables.items()}
    after(shop, train, SETTLE, FILL, MEND_SALES, REDRAW, SHRINK)
    assert same(train.given.x, x)
    assert same(train.target.x, x)
    np.testing.assert_array_equal(train.target.y, y)
    assert all(shop.tables[name].equals(table) for name, table in tables.items())

"""True effects where they are known: of what changes nothing, of the placebo, of parts."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tasks.attribution.cells import cell_means
from tasks.attribution.ranges import MISSING
from tasks.calibration.coverage.database import CUSTOMERS, draw_sales
from tasks.calibration.coverage.more_rows import COLUMNS, FEWEST, further_rows, more_rows
from tasks.calibration.coverage.scene import RANGES, set_scene
from tasks.calibration.coverage.truth import Effect, Population
from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.data_at_hand import ranges_of
from tasks.intervention.refitting import SCORES, Refitted
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.uncertainty.model_data import TrainingRows

from .conftest import Looked

LOT = Node(table="sales", column="lot")
"""The target ignores it, and it has no faults."""
DISTANCE = Action(Node(table="customers", column="distance"), "correct")
WEIGHT = Action(Node(table="items", column="weight"), "impute_missing")


def test_new_values_of_the_placebo_do_nothing(looked: Looked) -> None:
    (action,) = (of for of in PLACEBO_ACTIONS if of.is_drawn)
    effect = looked.population.rescored(action)[action]
    assert abs(effect.value) < 4 * effect.error
    assert effect.error < 1


@pytest.mark.parametrize("ignored", [Action(LOT, "reduce_variance"), *PLACEBO_ACTIONS], ids=str)
def test_columns_that_the_target_ignores_matter_little(ignored: Action, looked: Looked) -> None:
    """A little: members overfit to them, and agree more where values come nearer to the middle."""
    effect = looked.population.rescored(ignored)[ignored]
    counts = Action(Node(table="sales", column="quantity"), "reduce_variance")
    assert abs(effect.value) < abs(looked.population.rescored(counts)[counts].value) / 2


def test_mending_what_has_no_faults_changes_exactly_nothing(looked: Looked) -> None:
    action = Action(LOT, "impute_missing")
    population = looked.population
    assert set(population.rescored(action).values()) == {Effect(0.0, 0.0)}
    every = np.ones(len(population.given.x), dtype=bool)
    assert population.retrained(action, every) == Effect(0.0, 0.0)
    assert not population.touched(action).any()


@pytest.mark.parametrize("action", [DISTANCE, WEIGHT], ids=str)
def test_the_effects_of_the_ranges_add_up_to_that_of_the_column(
    action: Action, looked: Looked
) -> None:
    found = looked.population.rescored(action)
    parts = [effect.value for of, effect in found.items() if of.node.level == "range"]
    assert len(parts) > RANGES
    assert sum(parts) == pytest.approx(found[action].value)


def test_mended_rows_hold_the_values_of_the_twin(looked: Looked) -> None:
    population, encoder = looked.population, looked.scene.data.encoder
    (place,) = [
        k for k, of in enumerate(encoder.nodes) if (of.table, of.column) == ("items", "weight")
    ]
    sales = population.rows
    clean = sales.faulty["sales"].join(
        sales.clean["items"], on="item", how="left", maintain_order="left"
    )
    after = population.after(WEIGHT)
    np.testing.assert_array_equal(
        after[:, place], clean["weight"].cast(float).fill_null(np.nan).to_numpy()
    )
    others = np.arange(after.shape[1]) != place
    np.testing.assert_array_equal(after[:, others], population.given.x[:, others])


def test_the_error_of_a_truth_is_that_of_its_members_and_rows(looked: Looked) -> None:
    rng, found = np.random.default_rng(1), []
    for seed in range(10, 16):
        rows = draw_sales(looked.law, looked.items, rng, (0, 200), CUSTOMERS, 100)
        population = replace(looked.population, rows=rows, members=20, seed=seed)
        found.append(population.rescored(WEIGHT)[WEIGHT])
    spread = np.std([of.value for of in found], ddof=1)
    assert 0.5 < spread / np.sqrt(np.mean([of.error**2 for of in found])) < 1.8


def test_no_further_rows_bring_exactly_nothing_and_many_bring_less_uncertainty(
    looked: Looked,
) -> None:
    rng = np.random.default_rng(1)
    new = further_rows(looked.scene, looked.population, looked.law, rng)
    assert looked.population.with_more(new.take(np.arange(0))) == Effect(0.0, 0.0)
    many = looked.population.with_more(new)
    assert many.value < -5 * many.error


def test_further_rows_are_other_sales_to_the_same_customers(looked: Looked) -> None:
    training = looked.scene.data.training
    rng = np.random.default_rng(1)
    new = further_rows(looked.scene, looked.population, looked.law, rng)
    assert new.x.shape[1] == training.x.shape[1]
    assert set(new.entities) <= set(range(CUSTOMERS))
    nodes = [(of.table, of.column) for of in looked.scene.data.encoder.nodes]
    of_customers = [k for k, (table, _) in enumerate(nodes) if table == "customers"]
    known = np.isin(new.entities, training.entities)
    assert of_customers
    assert known.mean() > 0.5
    order = np.argsort(training.entities)
    same = order[np.searchsorted(training.entities[order], new.entities[known])]
    np.testing.assert_array_equal(new.x[known][:, of_customers], training.x[same][:, of_customers])
    lot = nodes.index(("sales", "lot"))
    assert not np.isin(new.x[:, lot], training.x[:, lot]).any()
    np.testing.assert_allclose(
        np.isnan(new.x).mean(axis=0), np.isnan(training.x).mean(axis=0), atol=0.06
    )
    assert new.y.mean() == pytest.approx(training.y.mean(), rel=0.15)


@dataclass(frozen=True)
class Listening(Population):
    """Remembers the rows that come, in place of fitting to them."""

    heard: tuple[list[TrainingRows], ...] = ([],)

    def with_more(self, more: TrainingRows) -> Effect:
        self.heard[0].append(more)
        return Effect(-1.0, 0.5)


@pytest.fixture
def listening(looked: Looked) -> Listening:
    of = looked.population
    return Listening(of.scene, of.own, of.rows, of.settings, of.members, of.seed, ([],))


def uncertainty_now(looked: Looked) -> FloatArray:
    of = looked.scene.evaluation
    scored = Refitted(of.members, (of.ensemble,)).scores(of.x, of.y)
    return cell_means(scored[SCORES.index("u")].T, of.blocks)


def test_as_many_rows_come_as_there_are_and_all_lie_in_one_range(
    looked: Looked, listening: Listening
) -> None:
    given = looked.scene.data.training.x.copy()
    found = more_rows(
        looked.scene,
        looked.recipe,
        uncertainty_now(looked),
        listening,
        looked.law,
        np.random.default_rng(3),
    )
    node, (new,) = found.action.node, listening.heard[0]
    assert found.action.intervention == "add_samples"
    assert node.column is not None
    assert (node.table, node.column) in COLUMNS
    assert node.range != "missing"
    for x, expected in ((new.x, len(new.y)), (given, len(new.y))):
        ranges = ranges_of(looked.scene.data, x, RANGES)[(node.table, node.column)]
        assert (ranges.codes == ranges.labels.index(str(node.range))).sum() == expected
    assert len(new.y) >= FEWEST
    assert found.truth == Effect(-1.0, 0.5)
    assert np.isfinite(found.draws).all()
    assert found.draws.std() > 0
    np.testing.assert_array_equal(looked.scene.data.training.x, given)


@pytest.fixture(scope="module")
def small(looked: Looked) -> Looked:
    """With 200 rows to train on, half of which do not tell the customer's segment."""
    law, rng = replace(looked.law, missing_segments=0.5), np.random.default_rng(1)
    own = draw_sales(law, looked.items, rng, (200, 60), 0, CUSTOMERS)
    contract, task = looked.scene.database.contract, looked.scene.database.task
    scene = set_scene(contract, own.faulty, task, looked.recipe, most_rows=60, blocks=4)
    return replace(looked, law=law, own=own, scene=scene)


def test_a_database_without_a_range_that_is_large_enough_is_refused(
    small: Looked, listening: Listening
) -> None:
    """Missing values are no range to ask rows of, however many there are."""
    ranges = ranges_of(small.scene.data, small.scene.data.training.x, RANGES)
    rows = {
        (column, label): int((ranges[column].codes == code).sum())
        for column in COLUMNS
        for code, label in enumerate(ranges[column].labels)
    }
    largest = max(count for (_, label), count in rows.items() if label != MISSING)
    assert FEWEST - 16 < largest < FEWEST < rows[("customers", "segment"), MISSING]
    with pytest.raises(InputError, match=r"at least 64 training rows, none of items\.category"):
        more_rows(
            small.scene,
            small.recipe,
            uncertainty_now(small),
            listening,
            small.law,
            np.random.default_rng(3),
        )
    assert not listening.heard[0]

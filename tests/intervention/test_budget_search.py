"""Sets of repairs from a budget, simulated together: a pair that helps only so is found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.budget_choice import Candidate
from tasks.intervention.budget_record import BudgetRecord
from tasks.intervention.budget_search import search_budget, shortlist, simulate_set
from tasks.intervention.changes import plan_change
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulated_action import Scene
from tasks.relations.features import link_rows

from .shop import SELF, WEIGHT, Lines, evaluated, marked, shop_tables
from .test_simulation import action, faulty_shop

FILL = action("impute_missing", "품목", WEIGHT)
CORRECT = action("correct", "sales", SELF)
KIND = action("impute_mean", "품목", "kind")
WRONG = 500


@dataclass(frozen=True)
class Pairs(Lines):
    """Members that disagree where the weight or the pieces are wrong, however many are."""

    places: tuple[int, int, int] = (0, 0, 0)

    def predict_members(self, x: FloatArray) -> FloatArray:
        weight, pieces, kind = x[:, self.places].T
        clean = ~np.isnan(weight) * (pieces < WRONG)
        parts = np.stack([1 - clean, kind, np.ones(len(x))])
        return np.asarray(self.weights @ parts)

    def subset(self, members: Sequence[int]) -> "Pairs":
        return replace(self, weights=self.weights[list(members)])


def entangled() -> tuple[FaultyDatabase, Evaluation]:
    """The items without a weight are those whose sales have wrong pieces: a product feature."""
    tables = shop_tables()
    light = np.arange(40) % 4 == 1
    items = tables["품목"]
    items = items.with_columns(items[WEIGHT].set(pl.Series(light), None))
    sales = tables["sales"]
    wrong = light[sales["item"].to_numpy()]
    sales = sales.with_columns(sales[SELF].set(pl.Series(wrong), WRONG))
    marks = {
        ("품목", WEIGHT): np.flatnonzero(light).tolist(),
        ("sales", SELF): np.flatnonzero(wrong).tolist(),
    }
    database = marked(tables | {"품목": items, "sales": sales}, marks)
    evaluation = evaluated(database)
    columns = [node.column for node in evaluation.encoder.nodes]
    aggregates = [node.aggregate for node in evaluation.encoder.nodes]
    places = tuple(
        next(k for k, of in enumerate(columns) if of == column and aggregates[k] == "value")
        for column in (WEIGHT, SELF, "kind")
    )
    rng = np.random.default_rng(3)
    half = rng.uniform(0.8, 1.2, size=(4, 1, 3)) * np.array([10.0, 1.0, 3.0])
    weights = (half * np.array([-1, 0, 1])[:, None]).reshape(12, 3)
    members = Pairs(weights, places=(places[0], places[1], places[2]))
    return database, replace(evaluation, ensemble=members, y=np.zeros(len(evaluation.x)))


def scene_of(database: FaultyDatabase, evaluation: Evaluation, seed: int = 1) -> Scene:
    every_row = np.arange(len(evaluation.x))
    scores = [evaluation.score(j, every_row, evaluation.x) for j in range(len(evaluation.members))]
    links = link_rows(database.contract, database.tables, database.task, evaluation.rows)
    return Scene(database, evaluation, links, np.stack(scores, axis=1), {}, seed)


def names(record: BudgetRecord) -> set[str]:
    return {str(Action(one.node, one.intervention)) for one in record.chosen}


def test_a_pair_that_helps_only_together_is_found() -> None:
    """A sum of single effects takes the third repair, which alone is the only one to help."""
    scene = scene_of(*entangled())
    candidates = [Candidate(FILL, 1, 0.0), Candidate(CORRECT, 1, 0.0), Candidate(KIND, 1, -2.0)]
    found = search_budget(scene, candidates, 2)
    assert names(found) == {str(FILL), str(CORRECT)}
    assert (found.cost, found.left, found.considered, found.exhaustive) == (2, 0, 6, True)
    assert found.effect is not None
    assert found.interaction is not None
    assert found.effect.high < -30
    assert found.interaction.high < -30
    assert found.sum_of_singles == pytest.approx(0, abs=1e-9)
    assert [one.effect for one in found.chosen] == pytest.approx([0, 0], abs=1e-9)
    alone = {one.actions: one.effect for one in found.next_best}
    assert alone[(str(KIND),)] < -1
    assert min(alone.values()) < -1


def test_the_same_seed_gives_the_same_and_nothing_given_changes() -> None:
    database, evaluation = entangled()
    scene = scene_of(database, evaluation)
    tables = {name: frame.clone() for name, frame in database.tables.items()}
    x, scores = evaluation.x.copy(), scene.scores.copy()
    candidates = [Candidate(FILL, 1, -0.3), Candidate(CORRECT, 2, -0.2), Candidate(KIND, 1, -2.0)]
    found = search_budget(scene, candidates, 4)
    assert found == search_budget(scene, candidates[::-1], 4)
    np.testing.assert_array_equal(evaluation.x, x)
    np.testing.assert_array_equal(scene.scores, scores)
    assert all(frame.equals(tables[name]) for name, frame in database.tables.items())
    assert candidates[0] == Candidate(FILL, 1, -0.3)


def test_a_set_s_cells_are_the_scores_of_its_features() -> None:
    """Nothing is drawn here: one pass over the changed rows by hand."""
    database, evaluation = entangled()
    scene = scene_of(database, evaluation)
    pieces = action("impute_mean", "sales", SELF)
    changes = {one: plan_change(one, database, evaluation, scene.links) for one in (pieces, KIND)}
    found = simulate_set(scene, changes)
    rows, x = np.arange(len(evaluation.x)), evaluation.x.copy()
    for change in changes.values():
        places, values = change.features(rows, np.random.default_rng(0))
        x[:, places] = values
    means = np.empty((2, 4, 4))
    for j in range(4):
        for when, of in enumerate((evaluation.x, x)):
            u = evaluation.score(j, rows, of)[0]
            means[when, j] = [u[evaluation.blocks == v].mean() for v in range(4)]
    ratio = means[1].mean() / means[0].mean()
    influence = (means[1] - ratio * means[0]) / means[0].mean()
    assert found.effects == pytest.approx(100 * (ratio - 1 + influence))
    assert not found.drawn


def test_a_table_is_not_repaired_beside_its_column() -> None:
    database = faulty_shop()
    scene = scene_of(database, evaluated(database))
    sales = action("improve_quality", "sales")
    candidates = [Candidate(one, 1, -1.0) for one in (sales, CORRECT, FILL, KIND)]
    candidates.append(Candidate(action("impute_mean", "품목", WEIGHT), 1, -1.0))
    found = search_budget(scene, candidates, 100)
    sets = [names(found), *(set(one.actions) for one in found.next_best)]
    assert not any({str(sales), str(CORRECT)} <= one for one in sets)
    # sales: 3 choices (none, table, column), weight 3, kind 2
    assert found.considered == 3 * 3 * 2 - 1


@pytest.mark.parametrize(
    ("costs", "budget", "reason"),
    [
        (
            (4, 3),
            2,
            "The budget of 2 is below the cost of every candidate; the cheapest is correct "
            "sales.self, 3.",
        ),
        ((), 2, "There is no repair to recommend."),
    ],
)
def test_where_nothing_fits_the_record_says_why(
    costs: Sequence[float], budget: float, reason: str
) -> None:
    candidates = [Candidate(one, c, -1) for one, c in zip((FILL, CORRECT), costs, strict=False)]
    found = search_budget(scene_of(*entangled()), candidates, budget)
    assert found.reason == reason
    assert (found.chosen, found.effect, found.cost, found.left) == ((), None, 0, budget)
    assert found.passed_over == tuple(str(one.action) for one in candidates)


@pytest.mark.parametrize("budget", [0, -1, np.inf, np.nan])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(InputError, match="above 0 and finite"):
        search_budget(scene_of(*entangled()), [Candidate(FILL, 1, -1)], budget)


def test_candidates_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="more than once: impute_missing"):
        search_budget(scene_of(*entangled()), [Candidate(FILL, 1, -1), Candidate(FILL, 2, -1)], 3)
    for cost, effect in ((0, -1), (-1, -1), (np.inf, -1), (1, np.nan)):
        with pytest.raises(InputError, match="must be above 0 and finite"):
            Candidate(FILL, cost, effect)


def test_the_best_of_each_node_come_first_by_reduction_per_cost() -> None:
    nodes = [Node(table="t", column=f"c{k}") for k in range(9)]
    first = [Candidate(Action(node, "correct"), 9 - k, -10.0) for k, node in enumerate(nodes)][::-1]
    second = Candidate(Action(nodes[8], "impute_missing"), 1, -9.0)
    dear = Candidate(Action(Node(table="u"), "improve_quality"), 50, -1000.0)
    assert shortlist([second, dear, *first[::-1]], 20) == first[:8]
    assert shortlist([second, *first[:3]], 20) == [*first[:3], second]
    assert shortlist([second, *first[:3]], 1) == [first[0], second]

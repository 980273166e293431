"""Cells against brute force: whole tables repaired, every feature built anew, lines by hand."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from tasks.attribution.database import ColumnRanges, range_node
from tasks.domain import PLACEBO, Node
from tasks.errors import InputError
from tasks.intervention import simulation
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.repairs import COLUMN_INTERVENTIONS, plan_repair
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulation import simulate
from tasks.progress import Progress, listening
from tasks.relations.features import PLACEBO_FEATURE, add_placebo, build_features
from tasks.relations.task_rows import task_rows
from tasks.seeds import child_seed

from .shop import SALES, SELF, WEIGHT, Lines, evaluated, marked, shop_tables

TASKS = pytest.mark.parametrize("task", ["amount", "mean", "any"])
Tables = dict[str, pl.DataFrame]


def action(intervention: str, table: str, column: str = "") -> Action:
    return Action(Node(table=table, column=column), intervention)


def faulty_shop(task: str = "amount") -> FaultyDatabase:
    """Missing weights, wrong pieces, orphans, and a row repeated near the head of the sales."""
    tables = shop_tables()
    items = np.arange(40)
    weight = tables["품목"][WEIGHT].set(pl.Series(items % 4 == 1), None)
    sales, rows = tables["sales"], np.arange(SALES)
    sales = sales.with_columns(
        sales[SELF].set(pl.Series(rows % 10 == 3), 500),
        sales["item"].set(pl.Series(rows % 20 == 6), 777),
    )
    marks = {
        ("품목", WEIGHT): np.flatnonzero(items % 4 == 1).tolist(),
        ("sales", SELF): (np.flatnonzero(rows % 10 == 3) + 1).tolist(),
        ("sales", "item"): (np.flatnonzero(rows % 20 == 6) + 1).tolist(),
    }
    tables = tables | {
        "품목": tables["품목"].with_columns(weight),
        "sales": pl.concat([sales.head(1), sales]),
    }
    return marked(tables, marks, task)


def scores_by_hand(evaluation: Evaluation, x: FloatArray, j: int, v: int) -> tuple[float, float]:
    """U and the likelihood of one cell; three members to a sub-ensemble, blocks go round."""
    lines = evaluation.ensemble
    assert isinstance(lines, Lines)
    rows = np.arange(len(x)) % 4 == v
    predicted = np.nan_to_num(x[rows]) @ lines.weights[3 * j : 3 * j + 3].T
    y = evaluation.y[rows]
    if lines.is_class:
        p = 1 / (1 + np.exp(-predicted / 100))
        chance = np.where(y == 1, p.mean(axis=1), 1 - p.mean(axis=1))
        return 2 * float(p.var(axis=1, ddof=1).mean()), float(-np.log(chance).mean())
    u = predicted.var(axis=1, ddof=1)
    nll = -stats.norm(predicted.mean(axis=1), np.sqrt(u + lines.noise)).logpdf(y)
    return float(u.mean()), float(nll.mean())


def features_anew(database: FaultyDatabase, evaluation: Evaluation, tables: Tables) -> FloatArray:
    """X from repaired tables, whose rows are found by their primary key; the placebo is kept."""
    rows = task_rows(database.contract, shop_tables(), database.task)
    if "sale" in rows.columns:  # the repeated row is at the head: all others moved
        assert rows["sale"].to_list() == evaluation.rows["sale"].to_list()
        place = {sale: row for row, sale in enumerate(tables["sales"]["sale"])}
        numbers = pl.Series([place[sale] for sale in rows["sale"]], dtype=pl.UInt32)
        rows = rows.with_columns(numbers.alias("(fact row)"))
    else:
        rows = evaluation.rows
    table = add_placebo(build_features(database.contract, tables, database.task, rows), seed=1)
    return evaluation.encoder.transform(table)


@TASKS
@pytest.mark.parametrize(
    ("intervention", "table", "column"),
    [
        ("reduce_variance", "품목", WEIGHT),
        ("impute_mean", "품목", "kind"),
        ("impute_missing", "품목", WEIGHT),
        ("correct", "sales", SELF),
        ("improve_quality", "sales", ""),
    ],
)
def test_cells_are_those_of_brute_force(
    task: str, intervention: str, table: str, column: str
) -> None:
    database = faulty_shop(task)
    evaluation = evaluated(database)
    done = action(intervention, table, column)
    cells, left_out = simulate(database, evaluation, [done], {}, seed=11)
    assert left_out == {}
    assert cells.actions == (done,)
    assert cells.u_after.shape == (1, 4, 4)
    repair = plan_repair(database, done)
    assert cells.changed.tolist() == [repair.changed]
    seeds = child_seed(11, str(done)).spawn(4)
    for j in range(4):
        for v in range(4):
            before = scores_by_hand(evaluation, evaluation.x, j, v)
            assert (cells.u_before[j, v], cells.nll_before[j, v]) == pytest.approx(before)
            drawn = repair.apply(database.tables, np.random.default_rng(seeds[(j + v) % 4]))
            after = scores_by_hand(evaluation, features_anew(database, evaluation, drawn), j, v)
            assert (cells.u_after[0, j, v], cells.nll_after[0, j, v]) == pytest.approx(after)
    assert (cells.u_after != cells.u_before).all()


def all_actions() -> list[Action]:
    return [
        *(action(one, "품목", WEIGHT) for one in COLUMN_INTERVENTIONS),
        *(action(one, "sales", SELF) for one in COLUMN_INTERVENTIONS),
        action("improve_quality", "sales"),
        *PLACEBO_ACTIONS,
    ]


def assert_same(one: ReplicateCells, other: ReplicateCells) -> None:
    """The same numbers to the last bit, whatever the order."""
    assert set(one.actions) == set(other.actions)
    places = [other.actions.index(each) for each in one.actions]
    for name in ("changed", "row_fraction", "u_after", "nll_after"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[places])
    np.testing.assert_array_equal(one.u_before, other.u_before)


def test_an_action_s_cells_depend_on_the_seed_and_on_no_other_action() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    actions = all_actions()
    cells, left_out = simulate(database, evaluation, actions, {}, seed=1)
    turned, why = simulate(database, evaluation, [*actions[::-1], actions[2]], {}, seed=1)
    assert turned.actions == cells.actions[::-1]
    assert_same(cells, turned)
    assert why == left_out
    alone, _ = simulate(database, evaluation, [action("correct", "sales", SELF)], {}, seed=1)
    np.testing.assert_array_equal(
        alone.u_after[0], cells.u_after[cells.actions.index(alone.actions[0])]
    )
    other, _ = simulate(database, evaluation, actions, {}, seed=2)
    for k, one in enumerate(cells.actions):
        is_drawn = one.intervention in ("impute_missing", "correct", "improve_quality")
        assert np.array_equal(cells.u_after[k], other.u_after[k]) != is_drawn


@pytest.mark.parametrize("most_to_copy", [simulation.MOST_TO_COPY, 0])
def test_the_number_of_processes_changes_nothing(
    most_to_copy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor whether they are threads, as they are where the database is larger than that."""
    monkeypatch.setattr(simulation, "MOST_TO_COPY", most_to_copy)
    monkeypatch.setenv("WHENCE_RUNNER", "processes")
    database = faulty_shop()
    evaluation = evaluated(database)
    actions = [action("correct", "sales", SELF), action("impute_missing", "품목", WEIGHT)]
    one, _ = simulate(database, evaluation, actions, {}, seed=1)
    two, _ = simulate(database, evaluation, actions, {}, seed=1, workers=2)
    assert two.actions == one.actions
    assert_same(one, two)


def test_value_ranges_add_up_to_their_column() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    codes = np.arange(len(evaluation.x)) // 150  # 400 rows in ranges 0, 1 and 2
    ranges = {
        column: ColumnRanges(0, ("a", "b", "나머지", "empty"), codes.astype(np.intp))
        for column in (("품목", WEIGHT), ("sales", SELF), ("품목", "kind"))
    }
    cells, _ = simulate(database, evaluation, all_actions(), ranges, seed=1)
    for table, column, intervention in (
        ("품목", WEIGHT, "impute_missing"),
        ("sales", SELF, "correct"),
    ):
        node = Node(table=table, column=column)
        at = [
            k for k, one in enumerate(cells.actions) if one.node.range and one.node.parent == node
        ]
        assert [str(cells.actions[k]) for k in at] == [
            f"{intervention} {table}.{column} [{label}]" for label in ("a", "b", "나머지")
        ]
        whole = cells.actions.index(Action(node, intervention))
        assert at == [whole + 1, whole + 2, whole + 3]
        np.testing.assert_allclose(
            (cells.u_after[at] - cells.u_before).sum(axis=0), cells.u_after[whole] - cells.u_before
        )
        np.testing.assert_allclose(cells.effects[at].sum(axis=0), cells.effects[whole])
        np.testing.assert_allclose(cells.nll_changes[at].sum(axis=0), cells.nll_changes[whole])
        touched = rows_touched(database, evaluation, Action(node, intervention), seed=1)
        counts = np.array([touched[codes == code].sum() for code in range(3)])
        assert cells.changed[at].tolist() == counts.tolist()
        np.testing.assert_allclose(cells.row_fraction[at], counts / touched.sum())
        assert cells.row_fraction[whole] == 1
    assert not [one for one in cells.actions if one.node.column == "kind"]


def test_at_a_range_only_its_rows_change() -> None:
    """Pieces are a document's own: a range's effect is that of correcting its rows alone."""
    database = faulty_shop()
    evaluation = evaluated(database)
    place = [node.name for node in evaluation.encoder.nodes].index(f"sales.{SELF} value")
    codes = (evaluation.x[:, place] == 500).astype(np.intp)
    evaluation = looking_only_at(evaluation, f"sales.{SELF} value")
    ranges = {("sales", SELF): ColumnRanges(place, ("right", "wrong"), codes)}
    done = action("correct", "sales", SELF)
    cells, _ = simulate(database, evaluation, [done], ranges, seed=1)
    by_label = {one.node.range: k for k, one in enumerate(cells.actions)}
    np.testing.assert_allclose(cells.u_after[by_label["wrong"]], cells.u_after[0])
    assert cells.changed[by_label["wrong"]] == 40
    assert "right" not in by_label
    assert cells.actions[by_label["wrong"]].node == range_node(("sales", SELF), "wrong")


def rows_touched(
    database: FaultyDatabase, evaluation: Evaluation, done: Action, seed: int
) -> npt.NDArray[np.bool_]:
    """Rows whose features change in any of four draws: each of four blocks sees each of them."""
    repair = plan_repair(database, done)
    touched = np.zeros(SALES, dtype=bool)
    for child in child_seed(seed, str(done)).spawn(4):
        tables = repair.apply(database.tables, np.random.default_rng(child))
        after = features_anew(database, evaluation, tables)
        same = (after == evaluation.x) | (np.isnan(after) & np.isnan(evaluation.x))
        touched |= ~same.all(axis=1)
    return touched


def test_a_column_is_expected_to_have_its_part_of_the_table_s_effect() -> None:
    """By rows touched, among the columns that the table's repair mends too."""
    tables, items = shop_tables(), np.arange(40)
    gaps = {WEIGHT: items % 4 == 1, "kind": items % 8 == 7}
    for name, missing in gaps.items():
        column = tables["품목"][name].set(pl.Series(missing), None)
        tables["품목"] = tables["품목"].with_columns(column)
    database = marked(tables)
    evaluation = evaluated(database)
    parts = [action("impute_missing", "품목", name) for name in gaps]
    whole, other = action("improve_quality", "품목"), action("reduce_variance", "sales", SELF)
    held_by_none = action("reduce_variance", "품목", WEIGHT)
    cells, _ = simulate(database, evaluation, [*parts, whole, other, held_by_none], {}, seed=1)
    part = dict(zip(cells.actions, cells.row_fraction, strict=True))
    counts = [rows_touched(database, evaluation, one, seed=1).sum() for one in parts]
    assert counts[0] > counts[1] > 0
    assert [part[one] for one in parts] == pytest.approx(np.divide(counts, sum(counts)))
    assert (part[whole], part[other], part[held_by_none]) == (1, 1, 0)


def test_rows_that_a_repair_touches_are_counted() -> None:
    """Weights are missing behind orphans too, before and after: these rows do not change."""
    database = faulty_shop()
    evaluation = evaluated(database)
    done = action("impute_missing", "품목", WEIGHT)
    touched = rows_touched(database, evaluation, done, seed=1)
    codes = (np.arange(SALES) < 130).astype(np.intp)
    ranges = {("품목", WEIGHT): ColumnRanges(0, ("late", "early"), codes)}
    cells, _ = simulate(database, evaluation, [done], ranges, seed=1)
    assert cells.changed.tolist() == [10, touched[130:].sum(), touched[:130].sum()]
    assert touched.sum() < SALES - 50


def test_some_rows_are_scored_by_their_own_target() -> None:
    evaluation = evaluated(faulty_shop("any"))
    every_row = np.arange(len(evaluation.x))
    assert 0 < evaluation.y[:40].mean() < 1
    whole = evaluation.score(1, every_row, evaluation.x)
    rows = every_row[::-3]
    np.testing.assert_array_equal(evaluation.score(1, rows, evaluation.x[rows]), whole[:, rows])


def test_what_is_left_out_is_said() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    weights = np.where(
        [node.table == "품목" for node in evaluation.encoder.nodes],
        0.0,
        evaluation.ensemble.weights,
    )
    blind = replace(evaluation, ensemble=Lines(weights))
    cells, left_out = simulate(
        database,
        blind,
        [
            action("impute_missing", "품목", WEIGHT),
            action("correct", "품목", WEIGHT),
            action("impute_mean", "sales", "amount"),
            Action(Node(table=PLACEBO), "improve_quality"),
        ],
        {},
        seed=1,
    )
    assert cells.actions == ()
    assert cells.effects.shape == (0, 4, 4)
    assert list(left_out.values()) == [
        f"impute_missing 품목.{WEIGHT} changes no prediction for an evaluation row.",
        f"The cells of 품목.{WEIGHT} that break the contract are the missing ones.",
        "sales.amount is never changed by itself: it is the target, a key, a time that orders "
        "rows, or no feature.",
        f"There is no improve_quality for {PLACEBO}.",
    ]
    assert list(left_out)[2] == "impute_mean sales.amount"


def looking_only_at(evaluation: Evaluation, name: str) -> Evaluation:
    """Members that see one feature alone."""
    is_seen = np.array([node.name == name for node in evaluation.encoder.nodes])
    return replace(evaluation, ensemble=Lines(np.where(is_seen, evaluation.ensemble.weights, 0.0)))


@pytest.mark.parametrize(("wrong", "is_told"), [([8], False), ([8, 9], True)])
def test_what_changes_a_minority_of_the_cells_is_left_out(wrong: list[int], is_told: bool) -> None:
    """One wrong cell lies in one block of four; two lie in two of them, half of the cells."""
    tables = shop_tables()
    hit = pl.Series(np.isin(np.arange(SALES), wrong))
    tables["sales"] = tables["sales"].with_columns(tables["sales"][SELF].set(hit, 500))
    database = marked(tables, {("sales", SELF): wrong})
    evaluation = looking_only_at(evaluated(database), f"sales.{SELF} value")
    done = action("correct", "sales", SELF)
    cells, left_out = simulate(database, evaluation, [done], {}, seed=1)
    assert cells.actions == ((done,) if is_told else ())
    if not is_told:
        assert left_out == {
            str(done): f"{done} changes the uncertainty in 25% of the replicate cells: its effect "
            "is next to nothing."
        }


def test_the_placebo_drawn_anew_does_nothing_on_average() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    drawn, shrunk = PLACEBO_ACTIONS
    effects = [
        simulate(database, evaluation, [drawn], {}, seed=seed)[0].effects[0] for seed in range(30)
    ]
    assert min(np.abs(effect).max() for effect in effects) > 0
    assert len({float(x) for x in effects[0].ravel()}) == 16
    means = np.array([effect.mean() for effect in effects])
    place = evaluation.encoder.nodes.index(PLACEBO_FEATURE)
    lines = evaluation.ensemble
    assert isinstance(lines, Lines)
    again = evaluation.x.copy()
    again[:, place] = 0
    u = np.mean([scores_by_hand(evaluation, again, j, v)[0] for j in range(4) for v in range(4)])
    noise = np.mean([lines.weights[3 * j : 3 * j + 3, place].var(ddof=1) for j in range(4)])
    before = np.mean(simulate(database, evaluation, [], {}, seed=1)[0].u_before)
    expected = 100 * ((u + noise) / before - 1)
    assert abs(means.mean() - expected) < 4 * means.std(ddof=1) / np.sqrt(30) + 0.02
    cells, _ = simulate(database, evaluation, [shrunk], {}, seed=1)
    again[:, place] = evaluation.x[:, place] / 2
    assert cells.u_after[0, 1, 2] == pytest.approx(scores_by_hand(evaluation, again, 1, 2)[0])
    assert cells.changed.tolist() == [SALES]


def test_without_the_placebo_there_is_nothing_to_redraw() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    nodes = evaluation.encoder.nodes[:-1]
    without = replace(
        evaluation,
        encoder=replace(evaluation.encoder, nodes=nodes),
        x=evaluation.x[:, :-1],
        ensemble=Lines(evaluation.ensemble.weights[:, :-1]),
    )
    cells, left_out = simulate(database, without, PLACEBO_ACTIONS, {}, seed=1)
    assert cells.actions == ()
    assert set(left_out.values()) == {"The model was fitted without the column of pure noise."}


def test_nothing_given_is_mutated() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    x, y = evaluation.x.copy(), evaluation.y.copy()
    tables = {name: frame.clone() for name, frame in database.tables.items()}
    evaluation.x.setflags(write=False)
    simulate(database, evaluation, all_actions(), {}, seed=1)
    np.testing.assert_array_equal(evaluation.x, x)
    np.testing.assert_array_equal(evaluation.y, y)
    assert all(database.tables[name].equals(frame) for name, frame in tables.items())


def test_members_that_agree_have_no_effect_to_speak_of() -> None:
    database = faulty_shop()
    evaluation = evaluated(database)
    same = Lines(np.zeros_like(evaluation.ensemble.weights))
    with pytest.raises(InputError, match="must be above 0 in every cell"):
        simulate(database, replace(evaluation, ensemble=same), [], {}, seed=1)


def test_what_does_not_fit_together_is_refused() -> None:
    evaluation = evaluated(faulty_shop())
    with pytest.raises(InputError, match="Features must be of shape"):
        replace(evaluation, x=evaluation.x[:, 1:])
    with pytest.raises(InputError, match="one target and one block a row"):
        replace(evaluation, y=evaluation.y[1:])
    with pytest.raises(InputError, match="must hold the ensemble's 11 members, got 12"):
        replace(evaluation, ensemble=Lines(evaluation.ensemble.weights[1:]))


def test_progress_is_told() -> None:
    database = faulty_shop()
    told: list[Progress] = []
    with listening(told.append):
        simulate(database, evaluated(database), PLACEBO_ACTIONS, {}, seed=1)
    assert [(one.done, one.total) for one in told] == [(0, 2), (1, 2), (2, 2)]

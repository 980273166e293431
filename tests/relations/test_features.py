"""Labels and features against brute force, and what must never be seen."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contract import check_contract
from tasks.domain import PLACEBO, Domain, Task, WindowTask
from tasks.errors import InputError
from tasks.relations.as_of import order_events, past_events
from tasks.relations.events import LABEL, TIME, window_rows
from tasks.relations.features import (
    FeatureTable,
    add_placebo,
    build_features,
    link_rows,
    read_features,
)
from tasks.relations.running_sums import sums_at
from tasks.relations.task_rows import task_rows

from .window_parts import reaches_over

DAY = timedelta(days=1)
START = datetime(2020, 1, 1)
SPLIT = {"validation": date(2020, 3, 1), "test": date(2020, 4, 1)}
WINDOW = {
    "kind": "window",
    "output": "regression",
    "entity": "drivers",
    "events": "results",
    "key": "driver",
    "aggregate": "mean",
    "column": "place",
    "window_days": 10,
    "step_days": 10,
    "active_days": 20,
    "start": START.date(),
    "split": SPLIT,
}


def domain(**changes: Any) -> Domain:
    """Drivers with results in races; teams that a result belongs to and that have money."""
    integer, number = {"type": "integer"}, {"type": "number"}
    contract = Domain.model_validate(
        {
            "name": "races",
            "title": "Races",
            "source": {"kind": "csv"},
            "tables": {
                "drivers": {
                    "primary_key": "id",
                    "columns": {"id": integer, "born": {"type": "time"}, "name": {"type": "text"}},
                },
                "teams": {
                    "primary_key": "id",
                    "columns": {"id": integer, "base": {"type": "category"}},
                },
                "races": {
                    "primary_key": "id",
                    "time": "day",
                    "columns": {"id": integer, "day": {"type": "time"}, "length": number},
                },
                "results": {
                    "primary_key": "id",
                    "foreign_keys": {"driver": "drivers", "team": "teams", "race": "races"},
                    "time": "race.day",
                    "columns": {
                        "id": integer,
                        "driver": integer,
                        "team": integer,
                        "race": integer,
                        "place": number,
                        "finished": {"type": "boolean"},
                    },
                },
            },
            "tasks": {"place": WINDOW | changes},
        }
    )
    assert list(check_contract(contract)) == []
    return contract


def database(seed: int, results: int = 60) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(100, 25, replace=False))
    place = [float(x) if x else None for x in rng.integers(0, 6, results)]
    return {
        "drivers": pl.DataFrame(
            {"id": [1, 2, 3], "born": [START - 9000 * DAY] * 3, "name": ["A", "B", "C"]}
        ),
        "teams": pl.DataFrame({"id": [1, 2], "base": ["서울", "Roma"]}),
        "races": pl.DataFrame(
            {
                "id": np.arange(25),
                "day": [START + int(d) * DAY for d in days],
                "length": rng.normal(300, 9, 25),
            }
        ),
        "results": pl.DataFrame(
            {
                "id": np.arange(results),
                "driver": rng.integers(1, 4, results),
                "team": rng.integers(1, 4, results),  # team 3 is an orphan
                "race": rng.integers(0, 25, results),
                "place": place,
                "finished": rng.random(results) < 0.7,
            }
        ),
    }


def events_of(tables: dict[str, pl.DataFrame]) -> list[dict[str, Any]]:
    days = dict(zip(*tables["races"].select("id", "day"), strict=True))
    return [row | {"time": days[row["race"]]} for row in tables["results"].to_dicts()]


def brute_force_labels(
    tables: dict[str, pl.DataFrame], task: WindowTask
) -> dict[tuple[int, datetime], float]:
    events = events_of(tables)
    last = max(event["time"] for event in events)
    labels = {}
    t = START
    while t + task.window_days * DAY <= last:
        for driver in (1, 2, 3):
            own = [event for event in events if event["driver"] == driver]
            ahead = [e for e in own if t < e["time"] <= t + task.window_days * DAY]
            active = any(t - task.active_days * DAY < e["time"] <= t for e in own)
            places = [e["place"] for e in ahead if e["place"] is not None]
            if active and ahead and not reaches_over(t, task):
                if task.aggregate == "mean" and places:
                    labels[driver, t] = sum(places) / len(places)
                elif task.aggregate == "count":
                    labels[driver, t] = len(ahead)
                elif task.aggregate == "any":
                    labels[driver, t] = float(any(p > 3 for p in places))
        t += task.step_days * DAY
    return labels


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    window=st.integers(1, 25),
    step=st.integers(1, 25),
    active=st.integers(1, 40),
)
def test_labels_are_those_of_brute_force(seed: int, window: int, step: int, active: int) -> None:
    tables = database(seed)
    widths = {"window_days": window, "step_days": step, "active_days": active}
    for change in (
        {"aggregate": "mean"},
        {"aggregate": "count", "column": None},
        {
            "aggregate": "any",
            "column": None,
            "output": "classification",
            "condition": {"column": "place", "compare": ">", "value": 3},
        },
    ):
        contract = domain(**widths, **change)
        task = contract.tasks["place"]
        assert isinstance(task, WindowTask)
        expected = brute_force_labels(tables, task)
        if not expected:
            with pytest.raises(InputError, match="No drivers has an event"):
                window_rows(contract, tables, task)
            continue
        rows = window_rows(contract, tables, task)
        got = {(row["driver"], row[TIME]): row[LABEL] for row in rows.iter_rows(named=True)}
        assert got == pytest.approx(expected)


def build(tables: dict[str, pl.DataFrame], **changes: Any) -> FeatureTable:
    contract = domain(**changes)
    return build_features(contract, tables, contract.tasks["place"])


def test_features_are_those_of_brute_force() -> None:
    tables = database(1)
    table = build(tables)
    events = events_of(tables)
    for row, known in zip(
        table.rows.iter_rows(named=True), table.features.iter_rows(named=True), strict=True
    ):
        t = row[TIME]
        before = sorted(
            (e for e in events if e["driver"] == row["driver"] and e["time"] < t),
            key=lambda e: e["time"],
        )
        recent = [e for e in before if e["time"] >= t - 20 * DAY]
        path = "<-results.driver results"
        assert known[f"{path}.* count"] == len(before)
        assert known[f"{path}.* recent count"] == len(recent)
        assert known[f"{path}.* days since"] == (t - before[-1]["time"]) / DAY
        for name, rows in (("mean", before), ("recent mean", recent)):
            places = [e["place"] for e in rows if e["place"] is not None]
            expected = pytest.approx(sum(places) / len(places)) if places else None
            assert known[f"{path}.place {name}"] == expected
            done = [e["finished"] for e in rows]
            assert known[f"{path}.finished {name}"] == pytest.approx(sum(done) / len(done))
        last = [e for e in before if e["time"] == before[-1]["time"]][-1]
        assert known[f"{path}.place last"] == last["place"]
        base = {1: "서울", 2: "Roma", 3: None}[last["team"]]
        assert known["<-results.driver->team teams.base value"] == base
        if last["team"] != 3:
            team = [e for e in events if e["team"] == last["team"] and e["time"] < t]
            name = "<-results.driver->team<-results.team results.* count"
            assert known[name] == len(team)
        assert known["drivers.born value"] == START - 9000 * DAY


def test_every_feature_knows_its_node() -> None:
    table = build(database(1))
    assert [feature.name for feature in table.nodes] == table.features.columns
    by_name = {feature.name: feature for feature in table.nodes}
    own = by_name["<-results.driver results.place mean"]
    team = by_name["<-results.driver->team<-results.team results.place mean"]
    assert (own.table, own.column) == (team.table, team.column) == ("results", "place")
    assert own.path != team.path
    assert by_name["<-results.driver->team teams.base value"].type == "category"
    assert not [feature for feature in table.nodes if feature.column in ("name", "id", "driver")]


@pytest.mark.parametrize("task", ["window", "column"])
def test_what_happens_at_or_after_a_row_s_time_changes_nothing(task: str) -> None:
    """A planted leak: the target itself, written into everything from the cut on."""
    tables = database(2, results=120)
    change = COLUMN if task == "column" else {}
    cut = START + 50 * DAY
    later = tables["races"].filter(pl.col("day") >= cut)["id"].implode()
    leaking = tables["results"].with_columns(
        pl.when(pl.col("race").is_in(later)).then(1e6).otherwise(pl.col("place")).alias("place")
    )
    clean = build_table(tables, change)
    leaked = build_table(tables | {"results": leaking}, change)
    seen = clean.rows[TIME] <= cut
    assert seen.sum() > 3
    assert clean.features.filter(seen).equals(leaked.features.filter(leaked.rows[TIME] <= cut))
    assert not clean.features.filter(~seen).equals(leaked.features.filter(leaked.rows[TIME] > cut))


COLUMN = {
    "kind": "column",
    "output": "regression",
    "table": "results",
    "column": "place",
    "split": SPLIT,
}


def build_table(tables: dict[str, pl.DataFrame], change: dict[str, Any]) -> FeatureTable:
    contract, task = contract_of(change)
    return build_features(contract, tables, task)


def contract_of(change: dict[str, Any]) -> tuple[Domain, Task]:
    contract = domain()
    if change.get("kind") == "column":
        contract = Domain.model_validate(contract.model_dump() | {"tasks": {"place": change}})
    elif change:
        contract = domain(**change)
    return contract, contract.tasks["place"]


def test_a_column_task_predicts_rows_from_their_other_columns_and_their_parents() -> None:
    tables = database(3)
    table = build_table(tables, COLUMN)
    known = tables["results"].drop_nulls("place")
    assert table.rows["id"].to_list() == known["id"].to_list()
    assert table.rows[LABEL].to_list() == known["place"].to_list()
    assert "results.place value" not in table.features.columns
    finished = table.features["results.finished value"]
    assert finished.to_list() == known["finished"].cast(pl.Float64).to_list()
    length = dict(zip(*tables["races"].select("id", "length"), strict=True))
    assert table.features["->race races.length value"].to_list() == [
        length[race] for race in known["race"]
    ]
    assert table.features["->team teams.base value"].null_count() == (known["team"] == 3).sum()


def test_a_join_never_changes_the_rows() -> None:
    """Also where a parent's key is there twice."""
    tables = database(4)
    twice = tables | {"teams": pl.concat([tables["teams"], tables["teams"]])}
    assert build(twice).features.equals(build(tables).features)


def test_a_parent_that_became_known_later_tells_nothing() -> None:
    tables = database(5)
    late = tables["races"].with_columns(pl.col("length") * 0 + 7)
    contract = domain()
    contract = contract.model_copy(
        update={
            "tables": contract.tables
            | {"results": contract.tables["results"].model_copy(update={"time": "entered"})}
        }
    )
    columns = contract.tables["results"].columns | {
        "entered": contract.tables["races"].columns["day"]
    }
    results = contract.tables["results"].model_copy(update={"columns": columns})
    contract = contract.model_copy(update={"tables": contract.tables | {"results": results}})
    early = tables["results"].with_columns(pl.lit(START).cast(pl.Datetime("us")).alias("entered"))
    contract = Domain.model_validate(contract.model_dump() | {"tasks": {"place": COLUMN}})
    table = build_features(
        contract, {**tables, "races": late, "results": early}, contract.tasks["place"]
    )
    days = dict(zip(*tables["races"].select("id", "day"), strict=True))
    races = early.drop_nulls("place")["race"]
    expected = [7.0 if days[race] <= START else None for race in races]
    assert table.features["->race races.length value"].to_list() == expected


def test_leaks_are_left_out() -> None:
    tables = database(1)
    contract = domain().model_copy(update={"leaks": ("results.place",)})
    table = build_features(contract, tables, contract.tasks["place"])
    assert not [feature for feature in table.nodes if feature.column == "place"]


def test_bookkeeping_is_left_out() -> None:
    contract = domain()
    length = contract.tables["races"].columns["length"]
    columns = contract.tables["races"].columns | {
        "length": length.model_copy(update={"measured": "day", "most_days": 9})
    }
    races = contract.tables["races"].model_copy(update={"columns": columns})
    contract = contract.model_copy(update={"tables": contract.tables | {"races": races}})
    table = build_features(contract, database(1), contract.tasks["place"])
    assert "day" in {feature.column for feature in build(database(1)).nodes}
    assert not [feature for feature in table.nodes if feature.column == "day"]


def test_the_past_of_what_is_to_be_predicted_is_a_feature() -> None:
    condition = {"column": "place", "compare": ">", "value": 3}
    table = build(
        database(1), aggregate="any", column=None, output="classification", condition=condition
    )
    assert "<-results.driver results.place > 3.0 mean" in table.features.columns
    meets = [node for node in table.nodes if node.name.endswith("> 3.0 last")]
    assert [(node.table, node.column) for node in meets] == [("results", "place")] * 2


def test_the_tables_are_not_mutated() -> None:
    tables = database(6)
    before = {name: frame.clone() for name, frame in tables.items()}
    build(tables)
    assert all(tables[name].equals(frame) for name, frame in before.items())


ANY = {
    "aggregate": "any",
    "column": None,
    "output": "classification",
    "condition": {"column": "place", "compare": ">", "value": 3},
}
TASKS = pytest.mark.parametrize("change", [{}, ANY, COLUMN], ids=["window", "condition", "column"])


def mended(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Other values everywhere, the same keys and times."""
    return tables | {
        "results": tables["results"].with_columns(
            place=(7 - pl.col("place")).fill_null(2), finished=~pl.col("finished")
        ),
        "races": tables["races"].with_columns(pl.col("length") * 2),
        "teams": tables["teams"].with_columns(pl.col("base").str.to_uppercase()),
        "drivers": tables["drivers"].with_columns(pl.col("born") - 10 * DAY),
    }


@TASKS
def test_mended_tables_give_the_features_of_the_same_rows(change: dict[str, Any]) -> None:
    """Also where the labels that these tables would give are others, or missing."""
    contract, task = contract_of(change)
    tables = database(7)
    rows = task_rows(contract, tables, task)
    before = build_features(contract, tables, task, rows)
    after = build_features(contract, mended(tables), task, rows)
    assert before.features.equals(build_features(contract, tables, task).features)
    assert after.rows.equals(before.rows)
    assert not task_rows(contract, mended(tables), task).equals(rows)
    assert after.features.height == rows.height
    counts = [node.name for node in before.nodes if not node.column]
    assert after.features.select(counts).equals(before.features.select(counts))
    assert not after.features.equals(before.features)


@TASKS
def test_features_of_some_columns_are_those_of_the_full_table(change: dict[str, Any]) -> None:
    contract, task = contract_of(change)
    tables = database(8)
    rows = task_rows(contract, tables, task)
    links = link_rows(contract, tables, task, rows)
    full = build_features(contract, mended(tables), task, rows)
    nodes = {(node.table, node.column) for node in full.nodes if node.column}
    assert len(nodes) >= 5
    for column in nodes:
        some = read_features(links, mended(tables), {column})
        assert {(node.table, node.column) for node in some.nodes} == {column}
        names = [node.name for node in full.nodes if (node.table, node.column) == column]
        assert some.features.columns == names
        assert some.features.equals(full.features.select(names))
    both = read_features(links, mended(tables), set(list(nodes)[:2]))
    assert len({(node.table, node.column) for node in both.nodes}) == 2
    assert read_features(links, tables, {("races", "no such")}).nodes == []


@TASKS
def test_some_rows_have_the_features_that_they_have_among_all(change: dict[str, Any]) -> None:
    contract, task = contract_of(change)
    tables = database(9)
    rows = task_rows(contract, tables, task)
    links = link_rows(contract, tables, task, rows)
    chosen = np.array([5, 0, 11])
    some = read_features(links.take(chosen, "results"), tables)
    full = build_features(contract, tables, task)
    names = [node.name for node in full.nodes if node.table == "results"]
    assert some.features.columns == names
    assert some.features.equals(full.features.select(names)[chosen])
    assert some.rows.equals(full.rows[chosen])
    few = build_features(contract, tables, task, rows[chosen])
    assert few.features.equals(full.features[chosen])


def test_rows_that_repeat_another_are_not_predicted_for() -> None:
    contract, task = contract_of(COLUMN)
    tables = database(10)
    results = tables["results"]
    nearly = results.head(2).with_columns(finished=~pl.col("finished"))
    twice = tables | {"results": pl.concat([results, results.head(4), nearly])}
    rows = task_rows(contract, twice, task)
    kept = [*range(60), 64, 65]
    known = twice["results"][kept].drop_nulls("place")
    assert rows["id"].to_list() == known["id"].to_list()
    assert rows["(fact row)"].to_list() == [
        k for k in kept if twice["results"]["place"][k] is not None
    ]


def test_a_row_knows_the_entity_that_it_depends_on() -> None:
    tables = database(11)
    contract, task = contract_of({})
    rows = task_rows(contract, tables, task)
    assert rows["(entity)"].to_list() == rows["driver"].to_list()
    results = tables["results"].with_columns(
        pl.when(pl.col("id") < 5).then(None).otherwise(pl.col("team")).alias("team"),
        race=pl.col("id") % 25,
    )
    tables = tables | {"results": results}
    known = results.drop_nulls("place")
    contract, task = contract_of(COLUMN)
    largest = task_rows(contract, tables, task)  # 25 races, 3 drivers, 2 teams
    assert largest["(entity)"].to_list() == known["race"].to_list()
    one_race = results.with_columns(race=pl.when(pl.col("id") < 4).then(1).otherwise("race"))
    assert one_race["race"].value_counts()["count"].max() == 6  # a tenth of the rows
    alone = task_rows(contract, tables | {"results": one_race}, task)
    assert alone["(entity)"].to_list() == alone["(fact row)"].to_list()
    contract, task = contract_of(COLUMN | {"entity": "team"})
    by_team = task_rows(contract, tables, task)["(entity)"]
    assert by_team.filter(known["team"].is_not_null()).equals(known["team"].drop_nulls())
    alone = by_team.filter(known["team"].is_null())
    assert alone.n_unique() == len(alone) > 1
    assert set(alone).isdisjoint(known["team"].drop_nulls())
    keyless = contract.tables["results"].model_copy(update={"foreign_keys": {}, "time": "on"})
    columns = keyless.columns | {"on": contract.tables["races"].columns["day"]}
    keyless = keyless.model_copy(update={"columns": columns})
    contract = contract.model_copy(update={"tables": contract.tables | {"results": keyless}})
    tables = tables | {"results": results.with_columns(on=pl.lit(START))}
    rows = task_rows(contract, tables, contract_of(COLUMN)[1])
    assert rows["(entity)"].to_list() == rows["(fact row)"].to_list()


def test_text_keys_are_entities_too() -> None:
    tables = database(12)
    text = {"id": {"type": "category"}}
    contract, task = contract_of(COLUMN | {"entity": "team"})
    dumped = contract.model_dump()
    dumped["tables"]["teams"]["columns"] |= text
    dumped["tables"]["results"]["columns"] |= {"team": text["id"]}
    names = {1: "서울 <b>", 2: "Roma", 3: "gone"}
    results = tables["results"].with_columns(
        pl.col("team").replace_strict(names, return_dtype=pl.String)
    )
    rows = task_rows(Domain.model_validate(dumped), tables | {"results": results}, task)
    teams = results.drop_nulls("place")["team"]
    pairs = set(zip(teams, rows["(entity)"], strict=True))
    assert len(pairs) == teams.n_unique() == rows["(entity)"].n_unique()


def test_what_one_key_sums_up_does_not_depend_on_other_keys() -> None:
    """Not even in the last bit: a repair elsewhere must not move a row across a threshold."""
    rng = np.random.default_rng(1)
    keys = pl.Series(rng.integers(0, 5, 500))
    times = pl.Series([START + int(d) * DAY for d in rng.integers(0, 99, 500)])
    past = past_events(order_events(keys, times, keys), keys, times, 20 * DAY)
    values = pl.Series(rng.normal(size=500))
    others = values.set(keys != 3, 1e15)
    alone = past_events(order_events(keys, times, pl.Series([3])), keys, times, 20 * DAY)
    here = keys == 3
    assert here.sum() > 50
    for mean, *same in zip(
        past.means(values), past.means(others), alone.means(values), strict=True
    ):
        for other in same:
            assert mean.filter(here).equals(other.filter(here))
        assert not mean.equals(same[0])
        assert same[1].filter(~here).null_count() == (~here).sum()


def test_runs_are_summed_one_after_the_other() -> None:
    """Against a loop in plain Python: runs that share, nest, are empty, and come in any order."""
    rng = np.random.default_rng(2)
    values = pl.Series(rng.normal(size=60) * 10.0 ** rng.integers(-9, 9, 60))
    values = values.set(pl.Series(rng.random(60) < 0.2), None)
    rows = rng.permutation(60)[:50].astype(np.uint32)
    first = rng.choice([0, 10, 35], 40)
    end = first + rng.integers(0, 15, 40)
    sums, counts = sums_at(values, rows, first, end)
    for k in range(40):
        total, known = 0.0, 0
        for row in rows[first[k] : end[k]]:
            if values[int(row)] is not None:
                total, known = total + values[int(row)], known + 1
        assert (sums[k], counts[k]) == (total, known)


def test_the_placebo_is_noise_of_which_nothing_else_knows() -> None:
    table = build(database(13))
    noisy = add_placebo(table, seed=3)
    assert noisy.nodes[:-1] == table.nodes
    placebo = noisy.nodes[-1]
    assert (placebo.table, placebo.column, placebo.type) == (PLACEBO, "noise", "number")
    assert noisy.features.drop(placebo.name).equals(table.features)
    noise = noisy.features[placebo.name]
    assert noise.equals(add_placebo(table, seed=3).features[placebo.name])
    assert not noise.equals(add_placebo(table, seed=4).features[placebo.name])
    rows = pl.DataFrame({TIME: [START] * 10_000})
    many = FeatureTable(rows, rows.select(x=TIME), [])
    drawn = add_placebo(many, seed=5).features[placebo.name]
    assert abs(float(drawn.to_numpy().mean())) < 0.04
    assert float(drawn.to_numpy().std()) == pytest.approx(1, abs=0.03)


def test_a_key_without_child_rows_has_no_past() -> None:
    contract, task = contract_of(COLUMN)
    tables = database(14)
    nobody = tables["results"]["id"].to_numpy() % 5 == 0
    team = tables["results"]["team"].set(pl.Series(nobody), None)
    tables = tables | {"results": tables["results"].with_columns(team)}
    table = build_features(contract, tables, task)
    alone = table.rows["id"].to_numpy() % 5 == 0
    past = table.features.filter(pl.Series(alone))
    path = "->team<-results.team results"
    assert past[f"{path}.* count"].to_list() == [0.0] * int(alone.sum())
    for name in (".* days since", ".place last", ".place mean", ".place recent mean"):
        assert past[path + name].null_count() == alone.sum()
    some = table.features.filter(pl.Series(~alone))
    assert some[f"{path}.place last"].null_count() < some.height / 2

"""Inputs that are broken end in one clear error, or in a repair that the report notes."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.cli import main
from tasks.report.report_json import read_report

from .conftest import HTML, SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server")

Break = Callable[[SmallDatabase], None]


def run(domain: str, *more: str) -> int:
    settings = [f"--set={name}={value}" for name, value in SIZES.items()]
    return main(["run", domain, *settings, *more])


def without_file(database: SmallDatabase) -> None:
    database.path("shops").unlink()


def without_column(database: SmallDatabase) -> None:
    database.tables["shops"].drop("city").write_csv(database.path("shops"))


def with_wrong_type(database: SmallDatabase) -> None:
    days = pl.Series("day", ["soon", *database.tables["sales"]["day"].cast(pl.String)[1:]])
    database.tables["sales"].with_columns(days).write_csv(database.path("sales"))


def with_empty_table(database: SmallDatabase) -> None:
    database.tables["shops"].head(0).write_csv(database.path("shops"))


def with_constant_target(database: SmallDatabase) -> None:
    database.tables["sales"].with_columns(amount=pl.lit(7.0)).write_csv(database.path("sales"))


def with_duplicate_keys(database: SmallDatabase) -> None:
    keys = pl.col("id").replace(3, 2)
    database.tables["shops"].with_columns(keys).write_csv(database.path("shops"))


def with_orphans(database: SmallDatabase) -> None:
    keys = pl.when(pl.col("sale") < 400).then(9999).otherwise(pl.col("shop")).alias("shop")
    database.tables["sales"].with_columns(keys).write_csv(database.path("sales"))


def with_cyclic_keys(database: SmallDatabase) -> None:
    shops = database.content["tables"]["shops"]
    shops["columns"]["last"] = {"type": "integer"}
    shops["foreign_keys"] = {"last": "sales"}
    database.write()


def with_other_bytes(database: SmallDatabase) -> None:
    text = database.path("shops").read_text(encoding="utf-8")
    database.path("shops").write_bytes(text.encode("euc-kr"))


def with_lone_class(database: SmallDatabase) -> None:
    paid = pl.when(pl.col("sale") == 5).then(pl.lit("gold")).otherwise(pl.col("paid")).alias("paid")
    database.tables["sales"].with_columns(paid).write_csv(database.path("sales"))


def with_late_class(database: SmallDatabase) -> None:
    late = pl.col("sale") > 1150
    paid = pl.when(late).then(pl.lit("gold")).otherwise(pl.col("paid")).alias("paid")
    database.tables["sales"].with_columns(paid).write_csv(database.path("sales"))


def with_unknown_entry(database: SmallDatabase) -> None:
    database.content["tables"]["shops"]["colour"] = "blue"
    database.write()


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (without_file, r"shops\.csv', which is missing"),
        (without_column, r"must have the column\(s\) city; it has id,"),
        (with_wrong_type, r"STOP  sales\.day +readable +1 "),
        (with_empty_table, r"must hold at least one row, got none"),
        (with_constant_target, r"A regression target must vary, got 7 in every row"),
        (with_duplicate_keys, r"STOP  shops\.id +primary key +2 .*2; 2"),
        (with_orphans, r"STOP  sales\.shop +foreign key +400 .*9999"),
        (with_cyclic_keys, r"foreign keys run in a circle: .*shops"),
        (with_other_bytes, r"shops\.csv.* UTF-8"),
        (with_unknown_entry, r"tables\.shops\.colour"),
    ],
)
def test_a_broken_input_ends_in_one_clear_error(
    breaks: Break,
    message: str,
    database: SmallDatabase,
    runs_root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    contract = database.write()
    breaks(database)
    before = set(runs_root.glob("*/*/manifest.json"))
    assert run(contract) == 2
    said = capsys.readouterr().err
    assert said.count("whence: ") == 1
    assert "Traceback" not in said
    error = said[said.index("whence: ") :]
    assert re.search(message, error), error
    assert set(runs_root.glob("*/*/manifest.json")) == before


def test_a_run_that_the_gate_stops_shows_every_rule(
    database: SmallDatabase, runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = database.write()
    with_duplicate_keys(database)
    assert run(contract) == 2
    folder = Path(re.findall("Every rule: (.*)/data_docs.html", capsys.readouterr().err)[0])
    assert folder.is_relative_to(runs_root)
    files = {path.name for path in folder.iterdir()}
    assert files == {"domain.yaml", "contract.json", "data_docs.html"}
    page = (folder / "data_docs.html").read_text(encoding="utf-8")
    assert "No run may use these data" in page
    assert "report.html" not in page


@pytest.mark.parametrize("breaks", [with_lone_class, with_late_class])
def test_a_class_that_hardly_any_train_row_shows_is_left_out_and_told(
    breaks: Break,
    database: SmallDatabase,
    runs_root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    contract = database.write()
    breaks(database)
    assert run(contract, "--target", "paid") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert re.search(r"1 class with \d+ rows? left out, as fewer than 10 entities .*: gold\.", said)


def test_a_column_without_any_value_is_noted_and_the_run_goes_on(
    database: SmallDatabase, runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database.tables["shops"] = database.tables["shops"].with_columns(
        pl.lit(None, dtype=pl.String).alias("city")
    )
    assert run(database.write()) == 0
    assert "has values" in capsys.readouterr().out
    latest = max(runs_root.glob("*/*/report.json"), key=lambda path: path.stat().st_mtime)
    report = read_report(latest.read_text(encoding="utf-8"))
    assert {check.rule for check in report.gate if check.column == "city"} == {"has values"}
    assert not any(share.node.column == "city" for share in report.shares)
    assert any(share.node.column == HTML for share in report.shares)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "There is no contract 'nowhere'; known domains: adventureworks, demo, f1"),
        (["f1"], "does not say where its tables lie: give a folder or a database with --source"),
        (["f1", "--source", "/nowhere"], "must be a folder or a database, got '/nowhere'"),
        (["demo", "--source", "."], "are generated: give no --source"),
        (["demo", "--target", "documents.colour"], "There is no target 'documents.colour'"),
        (["demo", "--set", "members=3"], "members must be greater than or equal to 8"),
        (["demo", "--set", "members=9"], "members must be at least twice replicates, got 9 for 8"),
        (["demo", "--set", "colour=blue"], "There is no parameter 'colour'"),
        (["demo", "--set", "members"], "--set must be NAME=VALUE, got 'members'"),
        (["demo", "--seed", "-1"], "seed must be greater than or equal to 0"),
        (["f1", "--source", ".", "--set", "documents=500"], "a parameter of the demo alone"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_computed(
    words: list[str], message: str, runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_debug_adds_the_traceback(runs_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err

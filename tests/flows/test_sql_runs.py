"""The main job on a database: the same report as from files, and no secret anywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from prefect.blocks.system import Secret
from pydantic import BaseModel

from flows.belief_parameters import PriorConflictParameters
from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.contract import load_contract
from tasks.errors import InputError, RunError
from tasks.relations.sources import source_files
from tasks.relations.steps import given_data, read_block
from tests.relations.sql_databases import fill

from .conftest import SIZES, SmallDatabase


def run(database: SmallDatabase, source: str | None) -> str:
    values = {"domain": str(database.contract), "source": source, "retrain": 0, **SIZES}
    return run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))


@pytest.mark.usefixtures("prefect_server")
def test_files_and_databases_give_the_same_report(
    database: SmallDatabase,
    runs_root: Path,
    new_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database.write()
    frames = {
        name: frame.with_columns(pl.col("day").cast(pl.Date)) if "day" in frame.columns else frame
        for name, frame in database.tables.items()
    }
    served = new_database("postgresql")
    fill(served, frames)
    monkeypatch.setenv("WAREHOUSE", served.replace("postgres:@", "postgres:geheim@"))
    filed = new_database("sqlite")
    fill(
        filed,
        {
            name: frame.with_columns(pl.selectors.date().cast(pl.String))
            for name, frame in frames.items()
        },
    )
    Secret(value=filed).save("shop-file", overwrite=True)
    stored = database.folder / "parquet"
    stored.mkdir()
    for name, frame in frames.items():
        frame.write_parquet(stored / f"{name}.parquet")
    ducks = new_database("duckdb")
    fill(ducks, frames)
    sources = (None, "env:WAREHOUSE", "block:shop-file", str(stored), ducks)
    runs = {source: run(database, source) for source in sources}
    shown = {source: runs_root / name for source, name in runs.items()}
    names = ("report.json", "report.html", "data_docs.html", "contract.json", "features.parquet")
    for name in names:
        contents = {(folder / name).read_bytes() for folder in shown.values()}
        assert len(contents) == 1, name
    manifest = json.loads((shown["env:WAREHOUSE"] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["source"]["path"].startswith("postgresql+psycopg://postgres:***@")
    assert manifest["parameters"]["source"] == "env:WAREHOUSE"
    for path in runs_root.rglob("*"):
        if path.is_file():
            assert b"geheim" not in path.read_bytes(), path


@pytest.mark.usefixtures("prefect_server")
def test_a_database_that_goes_away_is_read_again(
    database: SmallDatabase, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a rule refuses is not tried again."""
    database.write()
    contract, calls = load_contract(database.contract), []

    def breaks_off_once(*arguments: Any) -> dict[str, Path]:
        calls.append(arguments)
        if len(calls) == 1:
            raise RunError("The database could not be read to the end: the server went away")
        return source_files(*arguments)

    monkeypatch.setattr("tasks.relations.given_data.source_files", breaks_off_once)
    assert set(given_data(contract, None).files) == set(contract.tables)
    assert len(calls) == 2
    with pytest.raises(InputError, match="must be a folder"):
        given_data(contract, "nowhere")
    assert len(calls) == 3


@pytest.mark.usefixtures("prefect_server")
def test_a_block_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no Secret block 'nothing-here' in Prefect"):
        read_block("nothing-here")


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        (AnalysisParameters, {}),
        (PriorConflictParameters, {"client_id": "acme", "model_id": "demo"}),
    ],
)
def test_no_parameter_takes_a_password(kind: type[BaseModel], others: dict[str, str]) -> None:
    for source in ("env:WAREHOUSE", "block:warehouse", "postgresql://ann@db/shop", "data/f1"):
        assert parse_parameters(kind, {"source": source, **others}).model_dump()["source"] == source
    with pytest.raises(InputError, match="must hold no password") as error:
        parse_parameters(kind, {"source": "postgresql://ann:geheim@db/shop", **others})
    assert "geheim" not in str(error.value)


def test_a_password_on_the_command_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "check"):
        assert main([command, "f1", "--source", "postgresql://ann:geheim@db/shop"]) == 2
        said = capsys.readouterr().err
        assert "must hold no password" in said
        assert "geheim" not in said

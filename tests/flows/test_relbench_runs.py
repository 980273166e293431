"""The main job on databases in RelBench's schemas, each with the first task of its contract."""

from pathlib import Path

import pytest

from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.report.report_json import read_report
from tasks.report.schema import Report
from tests.relations.relbench_databases import Tables, hm_tables, salt_tables, write_database

from .conftest import SIZES


def report_of(domain: str, tables: Tables, folder: Path, runs_root: Path) -> Report:
    place = write_database(tables, folder)
    values = {"domain": domain, "source": str(place), "retrain": 0, **SIZES}
    run = run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))
    return read_report((runs_root / run / "report.json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("prefect_server")
def test_customers_of_shops_from_the_files_to_the_report(tmp_path: Path, runs_root: Path) -> None:
    report = report_of("hm", hm_tables(2, customers=240), tmp_path, runs_root)
    assert report.target == "no transactions over the next 7 days"
    assert {effect.node.table for effect in report.effects} >= {"customer", "transactions"}


@pytest.mark.usefixtures("prefect_server")
def test_plants_of_sales_documents_from_the_files_to_the_report(
    tmp_path: Path, runs_root: Path
) -> None:
    report = report_of("salt", salt_tables(2, documents=350), tmp_path, runs_root)
    assert report.target == "salesdocumentitem.PLANT"
    told = {str(effect.node) for effect in report.effects}
    assert told
    assert not {name for name in told if name.endswith(("PLANT", "SHIPPINGPOINT", "OFFICE"))}

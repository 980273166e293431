"""The main job on tables that nobody has described."""

from pathlib import Path

import pytest
import yaml

from flows.analysis_names import DRAFT
from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.errors import InputError
from tasks.report.report_json import read_report

from .conftest import SIZES, SmallDatabase


@pytest.mark.usefixtures("prefect_server")
def test_a_run_without_a_contract_drafts_one_and_says_what_it_assumed(
    database: SmallDatabase, runs_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database.write()
    values = {
        "domain": DRAFT,
        "source": str(database.folder / "data"),
        "target": "sales.amount",
        "retrain": 0,
        **SIZES,
    }
    with caplog.at_level("INFO", logger="flows"):
        run = run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))
    assert run.startswith("data/")
    said = caplog.text
    assert "sales.shop -> shops" in said
    assert "sales: 1200 rows, key sale, known since day" in said
    assert "Predicted is sales.amount (regression)" in said
    used = yaml.safe_load((runs_root / run / "domain.yaml").read_text(encoding="utf-8"))
    assert used["tables"]["sales"]["foreign_keys"] == {"shop": "shops"}
    assert used["tables"]["sales"]["time"] == "day"
    report = read_report((runs_root / run / "report.json").read_text(encoding="utf-8"))
    assert {effect.node.table for effect in report.effects} >= {"shops"}


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (None, None, "say with --source where they lie"),
        ("nowhere", None, "must be a folder or a database, got 'nowhere'"),
        ("data", "sales.price", "must be TABLE.COLUMN of this database"),
    ],
)
def test_what_cannot_be_drafted_is_refused(
    source: str | None, target: str | None, said: str, database: SmallDatabase
) -> None:
    database.write()
    place = str(database.folder / source) if source == "data" else source
    values = {"domain": DRAFT, "source": place, "target": target}
    parameters = parse_parameters(AnalysisParameters, values)
    with pytest.raises(InputError, match=said):
        intervention_analysis.fn(parameters)


def test_a_source_alone_means_a_draft(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", "--source", str(tmp_path)]) == 2
    assert "must hold CSV or Parquet files, it has none" in capsys.readouterr().err

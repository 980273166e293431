"""The comparison of models as a flow and as a command: what a run leaves, and what is refused."""

import json
from pathlib import Path

import arviz as az
import pytest

from flows.cli import main
from flows.comparison_parameters import ComparisonParameters
from flows.local_run import run_locally
from flows.model_comparison import model_comparison
from flows.parameters import parse_parameters
from tasks.inference.comparison.record import Comparison
from tasks.locations import resource

from .conftest import artifacts_of

pytestmark = pytest.mark.usefixtures("prefect_server")

SCHOOLS = resource("stan", "examples", "eight_schools.csv")
BAD_INPUT = 2


def run(root: Path, data: Path = SCHOOLS, **changes: object) -> Path:
    values: dict[str, object] = {"data": str(data)} | changes
    return root / run_locally(model_comparison, parse_parameters(ComparisonParameters, values))


@pytest.fixture(scope="module")
def finished(runs_root: Path) -> Path:
    return run(runs_root)


def comparison(folder: Path) -> Comparison:
    text = (folder / "comparison.json").read_text(encoding="utf-8")
    return Comparison.model_validate_json(text)


def cached(folder: Path) -> list[bool]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [step["cached"] for step in manifest["steps"].values()]


def test_a_run_leaves_data_draws_and_report(finished: Path) -> None:
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    found = comparison(finished)
    plain = {"data.csv", "comparison.json", "manifest.json"}
    plain |= {"report.txt", "report.json", "report.html"}
    assert plain | {f"fits/{model.name}.nc" for model in found.models} <= files
    assert sum(file.startswith("figures/") for file in files) == 9
    assert (finished / "data.csv").read_bytes() == SCHOOLS.read_bytes()
    fit = az.from_netcdf(str(finished / "fits" / "hierarchical_skeptical.nc"))
    assert {"posterior", "prior", "prior_predictive", "sample_stats"} <= set(fit.groups())


def test_the_report_ends_with_what_to_use(finished: Path) -> None:
    found = comparison(finished)
    text = (finished / "report.txt").read_text(encoding="utf-8")
    assert found.recommended == "hierarchical_noncentered"
    assert "Use partial pooling" in text.rstrip().splitlines()[-1]


def test_prefect_shows_a_line_a_model(finished: Path) -> None:
    (artifact,) = (of for key, of in artifacts_of(finished).items() if key.startswith("models-"))
    rows = json.loads(str(artifact.data))
    found = comparison(finished)
    assert [row["model"] for row in rows] == [model.title for model in found.models]
    assert [row["recommended"] for row in rows].count("yes") == 1
    assert artifact.description == found.conclusion


def test_the_same_again_is_taken_from_the_cache(finished: Path, runs_root: Path) -> None:
    again = run(runs_root)
    assert cached(again) == [True, True]
    assert (again / "report.html").read_bytes() == (finished / "report.html").read_bytes()


def test_another_threshold_is_another_comparison(runs_root: Path) -> None:
    strict = run(runs_root, most_r_hat="1.0")
    assert cached(strict) == [False, False]
    found = comparison(strict)
    assert {of.pivot for of in found.flags if of.is_raised} == {"empirical_bayes"}
    assert found.recommended == "empirical_bayes"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,1,2"], "needs 3 to 1000 units, got 1"),
        (["a,1,2", "b,1,0", "c,3,4"], "sigma must be above 0, got 0 for 'b'"),
        (["a,1,2", "b,,1", "c,3,4"], "Every value of y must be a finite number, got none for 'b'"),
        (["가게,1,2", "가게,1,1", "c,3,4"], "Every label must come once, got '가게'"),
        ([f"u{j},1,2" for j in range(10_000)], "needs 3 to 1000 units, got 10000"),
    ],
)
def test_bad_data_are_refused_in_one_sentence(
    rows: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "units.csv"
    data.write_text("\n".join(["label,y,sigma", *rows]), encoding="utf-8")
    assert main(["compare-models", str(data)]) == BAD_INPUT
    assert said in capsys.readouterr().err


def test_an_unknown_setting_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-models", str(SCHOOLS), "--set", "tau=3"]) == BAD_INPUT
    assert "There is no parameter 'tau'" in capsys.readouterr().err

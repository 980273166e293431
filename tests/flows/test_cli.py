"""The command line as its user meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pytest

from flows.cli import main
from flows.commands.stan import ADVICE
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.bayes.inference_data import group_dataset
from tasks.bayes.posterior_diagnostics import check
from tasks.errors import InputError
from tasks.locations import resource

SCHOOLS = resource("stan", "examples", "eight_schools.json")
PROGRAM = resource("stan", "hierarchical_noncentered.stan")


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_fit_prints_summary_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", PROGRAM, SCHOOLS, "--adapt-delta", 0.99, "--seed", 1) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "hierarchical_noncentered, 4 chains of 1000 + 1000"
    assert "seed 1" in lines[1]
    header = lines[3].split()
    rows = {
        line.split()[0]: dict(zip(header, line.split()[1:], strict=True)) for line in lines[4:22]
    }
    assert set(rows) == {
        "mu",
        "tau",
        *(f"{name}[{j}]" for name in ("eta", "theta") for j in range(1, 9)),
    }
    mu = {name: float(value) for name, value in rows["mu"].items()}
    assert abs(mu["mean"] - 7.4467) < 4 * mu["mcse_mean"]
    assert lines[-1].startswith("The fit passes")


def test_a_bad_verdict_names_the_findings_and_exits_with_0(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("fit", PROGRAM, SCHOOLS, "--draws", 20, "--warmup", 20, "--chains", 1) == 0
    out = capsys.readouterr().out
    assert "DO NOT TRUST this fit" in out
    assert "mu: bulk ESS is" in out
    assert "all parameters: number of chains is 1, must be >= 2 for R-hat" in out
    assert "what to do: run at least 2 chains" in out
    assert out.count("what to do: run longer chains") == 1


def test_every_finding_has_its_advice() -> None:
    """The statistics that `check` can find, as it writes them."""
    draws = np.random.default_rng(1).normal(size=(2, 20))
    draws[0] += 9
    stats = {"diverging": np.ones((2, 20), bool), "energy": np.cumsum(draws, axis=1)}
    several = az.InferenceData(
        posterior=group_dataset({"x": draws, "y": np.where(draws > 0, np.inf, draws)}, {}),
        sample_stats=group_dataset(stats, {}),
    )
    one = az.InferenceData(
        posterior=several.posterior.isel(chain=[0]),
        sample_stats=several.sample_stats.isel(chain=[0]),
    )
    found = {finding.statistic for fit in (several, one) for finding in check(fit).failures}
    assert found == set(ADVICE)


def test_out_keeps_all_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "적합.nc"
    assert run("fit", PROGRAM, SCHOOLS, "--draws", 50, "--seed", 5, "--out", path) == 0
    assert str(path) in capsys.readouterr().out
    fit = az.from_netcdf(str(path))
    assert fit.posterior["theta"].shape == (4, 50, 8)
    assert fit.posterior.attrs["seed"] == 5
    assert list(tmp_path.iterdir()) == [path]


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_bad_input_exits_with_2_and_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schools = json.loads(SCHOOLS.read_text(encoding="utf-8"))
    cases = {
        "There is no data file": tmp_path / "none.json",
        "must be JSON": write(tmp_path / "broken.json", "{"),
        "'sigma' is missing": write(
            tmp_path / "a.json", {k: v for k, v in schools.items() if k != "sigma"}
        ),
        "'y' must have 1 dimension(s), got 0": write(tmp_path / "b.json", schools | {"y": 1}),
        "'sigma' must have the size (8), got (7)": write(
            tmp_path / "c.json", schools | {"sigma": [1.0] * 7}
        ),
        "sigma[1] is -1": write(tmp_path / "d.json", schools | {"sigma": [-1.0] * 8}),
    }
    for said, path in cases.items():
        assert run("fit", PROGRAM, path) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("whence: ")
        assert said in captured.err
        assert len(captured.err.strip().splitlines()) == 1


def test_out_in_a_folder_that_is_missing_is_refused_before_sampling(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", PROGRAM, SCHOOLS, "--out", tmp_path / "no" / "fit.nc") == 2
    assert "--out must lie in a folder that exists" in capsys.readouterr().err


def test_a_run_that_fails_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schools = json.loads(SCHOOLS.read_text(encoding="utf-8"))
    path = write(tmp_path / "d.json", schools | {"y": [1e999] * 8})
    assert run("fit", PROGRAM, path) == 3
    assert "failed while sampling" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit"],
        ["nonsense"],
        ["fit", "a.stan", "b.json", "--chains", "0"],
        ["fit", "a.stan", "b.json", "--draws", "2.5"],
        ["fit", "a.stan", "b.json", "--adapt-delta", "1"],
        ["fit", "a.stan", "b.json", "--seed", "-1"],
    ],
)
def test_a_command_line_that_is_wrong_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: whence" in capsys.readouterr().err


def test_debug_shows_the_traceback_and_its_absence_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments, shown in (
        (["fit", "a.stan", "none.json"], False),
        (["--debug", "fit", "a.stan", "none.json"], True),
        (["fit", "--debug", "a.stan", "none.json"], True),
    ):
        assert main(arguments) == 2
        assert ("Traceback" in capsys.readouterr().err) is shown


def test_stan_says_which_toolchain_and_what_is_compiled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("stan", "--compile") == 0
    out = capsys.readouterr().out
    assert "Stan 2.35.0 (httpstan 4.13.0)" in out
    assert "hierarchical_noncentered" in out
    assert str(Path(out.split("Home")[1].split()[0])) in out


def test_stan_compiles_what_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stan", "--compile", "intervention_effects") == 0
    assert "intervention_effects" in capsys.readouterr().out


def test_a_program_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stan", "--compile", "no_such_program") == 2
    assert "There is no program 'no_such_program'; there are" in capsys.readouterr().err


def test_stan_says_what_is_not_built_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    assert run("stan") == 0
    out = capsys.readouterr().out
    assert "not built yet" in out
    assert "0 compiled" in out
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_itself_loads_nothing_large() -> None:
    look = "import sys, flows.cli; flows.cli.build_parser(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "flows.commands.run" in loaded
    assert {"arviz", "numpy", "pandas", "polars", "prefect", "scipy"} & set(loaded) == set()


def test_the_installed_command_needs_no_prefect_to_fit(tmp_path: Path) -> None:
    script = (
        "import sys; from flows.cli import main; main(['stan']); print('prefect' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ},
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "domains"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"members": "3"}, "members must be greater than or equal to 8, got '3'. Parameters are "),
        ({"nosuch": "1"}, "There is no parameter 'nosuch'. Parameters are domain, "),
        ({"seed": "ten"}, "seed must be a valid integer, got 'ten'. "),
        ({"check_model": "no"}, "check_model must be 'auto', 'always' or 'never', got 'no'. "),
        (
            {"members": "20", "replicates": "30"},
            "members must be at least twice replicates, got 20 for 30. ",
        ),
    ],
)
def test_a_parameter_is_refused_in_one_sentence(values: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_parameters(AnalysisParameters, values)
    assert str(refused.value).startswith(said)

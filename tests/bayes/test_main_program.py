"""The executable speaks CmdStan: same draws, same CSV, same refusals.

The reference is an executable that CmdStan itself compiled (2.37, in the prophet wheel). Its
sampler, optimizer and initialisation are those of 2.35; its Pathfinder weighs draws anew, so that
Pathfinder is compared without importance resampling.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.bayes.stan_program import StanProgram

NEW_SINCE_2_35 = {"path__"}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    t = np.linspace(0, 1, 40)
    waves = np.column_stack([np.sin(6 * t), np.cos(6 * t)])
    data = {
        "T": 40,
        "K": 2,
        "S": 3,
        "t": t.tolist(),
        "cap": [0.0] * 40,
        "y": (0.3 + 0.5 * t + 0.2 * waves[:, 0] + rng.normal(0, 0.1, 40)).tolist(),
        "t_change": [0.2, 0.4, 0.6],
        "X": waves.tolist(),
        "sigmas": [10.0, 10.0],
        "tau": 0.05,
        "trend_indicator": 0,
        "s_a": [1, 1],
        "s_m": [0, 0],
    }
    path = tmp_path_factory.mktemp("series") / "data.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def run(executable: Path, folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [str(executable), *line.split()], cwd=folder, capture_output=True, text=True, timeout=120
    )


def read_draws(path: Path) -> pl.DataFrame:
    lines = [
        line.replace(" ", "")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    names, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
    columns = pl.DataFrame(rows, schema=names, orient="row")  # text: compared digit by digit
    return columns.drop(NEW_SINCE_2_35, strict=False)


def comments(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]


COMMANDS = {
    "diagonal metric, all digits, thinned": "id=1 random seed=42 data file={data} output "
    "file=out.csv sig_figs=18 method=sample num_samples=200 num_warmup=300 save_warmup=1 thin=3",
    "two chains with diagnostics": "id=3 random seed=42 data file={data} output file=out.csv "
    "diagnostic_file=momenta.csv sig_figs=18 method=sample num_samples=100 num_warmup=300 "
    "num_chains=2",
    "dense metric, windows": "id=2 random seed=7 data file={data} output file=out.csv sig_figs=12 "
    "method=sample num_samples=200 algorithm=hmc metric=dense_e adapt delta=0.9 init_buffer=20 "
    "term_buffer=30 window=10",
    "unit metric, radius": "random seed=7 data file={data} init=0.5 output file=out.csv "
    "sig_figs=12 method=sample num_samples=200 algorithm=hmc metric=unit_e",
    "no adaptation, from zero": "random seed=7 data file={data} init=0 output file=out.csv "
    "sig_figs=12 method=sample num_samples=100 num_warmup=50 algorithm=hmc engine=nuts "
    "max_depth=6 stepsize=0.01 metric=unit_e adapt engaged=0",
    "initial values and metric from files": "random seed=7 data file={data} init={init} output "
    "file=out.csv sig_figs=12 method=sample num_samples=100 algorithm=hmc metric=diag_e "
    "metric_file={metric} stepsize=0.02 adapt engaged=0",
    "fixed parameters": "random seed=3 data file={data} output file=out.csv sig_figs=8 "
    "method=sample num_samples=20 num_chains=2 algorithm=fixed_param",
    "mode": "random seed=42 data file={data} output file=out.csv sig_figs=12 method=optimize "
    "algorithm=lbfgs history_size=7 iter=500 save_iterations=1",
    "mode with Jacobian": "random seed=42 data file={data} output file=out.csv sig_figs=12 "
    "method=optimize jacobian=1",
    "pathfinder": "random seed=42 data file={data} output file=out.csv sig_figs=8 "
    "method=pathfinder num_draws=60 psis_resample=0",
    "one path": "random seed=42 data file={data} output file=out.csv sig_figs=8 "
    "method=pathfinder num_paths=1 num_draws=60",
    "log density": "data file={data} output file=out.csv sig_figs=18 method=log_prob "
    "unconstrained_params={points}",
    "log density without Jacobian": "data file={data} output file=out.csv sig_figs=18 "
    "method=log_prob unconstrained_params={points} jacobian=0",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_draws_are_those_of_cmdstan(
    name: str,
    series: Path,
    cmdstan_reference: Path,
    programs: dict[str, StanProgram],
    tmp_path: Path,
) -> None:
    init = {"k": 0.5, "m": 0.3, "delta": [0.0, 0.0, 0.0], "sigma_obs": 0.1, "beta": [0.2, 0.0]}
    (tmp_path / "init.json").write_text(json.dumps(init), encoding="utf-8")
    metric = {"inv_metric": np.linspace(0.5, 1.5, 8).tolist()}
    (tmp_path / "metric.json").write_text(json.dumps(metric), encoding="utf-8")
    points = {"params_r": [0.5, 0.3, 0.1, -0.2, 0.0, -2.0, 0.2, 0.1]}
    (tmp_path / "points.json").write_text(json.dumps(points), encoding="utf-8")
    line = COMMANDS[name].format(
        data=series,
        init=tmp_path / "init.json",
        metric=tmp_path / "metric.json",
        points=tmp_path / "points.json",
    )
    expected = run(cmdstan_reference, tmp_path / "cmdstan", line)
    got = run(programs["prophet"].executable, tmp_path / "whence", line)
    assert (got.returncode, expected.returncode) == (0, 0)
    files = sorted(path.name for path in (tmp_path / "cmdstan").glob("*.csv"))
    assert files == sorted(path.name for path in (tmp_path / "whence").glob("*.csv"))
    for file in files:
        ours, theirs = (read_draws(tmp_path / side / file) for side in ("whence", "cmdstan"))
        if name == "pathfinder":
            ours, theirs = (draws.sort(draws.columns) for draws in (ours, theirs))
        assert ours.equals(theirs), f"{file} differs"


def test_rows_of_points_are_those_of_cmdstan_down_its_columns(
    series: Path, cmdstan_reference: Path, programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    """The reference has not yet mended stan-dev/cmdstan#1336, where rows are read as columns."""
    points = np.random.default_rng(1).normal(scale=0.5, size=(3, 8))
    mistaken = points.reshape(-1).reshape(points.shape, order="F")
    line = f"data file={series} output file=out.csv sig_figs=18 log_prob unconstrained_params="
    for name, matrix in {"whence": points, "cmdstan": mistaken}.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({"params_r": matrix.tolist()}), encoding="utf-8")
        executable = programs["prophet"].executable if name == "whence" else cmdstan_reference
        assert run(executable, tmp_path / name, f"{line}{file}").returncode == 0
    ours, theirs = (read_draws(tmp_path / side / "out.csv") for side in ("whence", "cmdstan"))
    assert len(ours) == 3
    assert ours.equals(theirs)


def test_comments_are_those_of_cmdstan(
    series: Path, cmdstan_reference: Path, programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    line = COMMANDS["dense metric, windows"].format(data=series)
    run(cmdstan_reference, tmp_path / "cmdstan", line)
    run(programs["prophet"].executable, tmp_path / "whence", line)
    ours, theirs = (comments(tmp_path / side / "out.csv") for side in ("whence", "cmdstan"))
    varies = ("# start_datetime", "# stanc", "# stan_version_minor")
    timing = "seconds ("
    only_ours = [
        text
        for text in ours
        if text not in theirs and not text.startswith(varies) and timing not in text
    ]
    only_theirs = {
        text.removeprefix("#").split("=")[0].strip()
        for text in theirs
        if text not in ours and not text.startswith(varies) and timing not in text
    }
    assert only_ours == []
    # What cmdstanpy never asks for, and what 2.35 did not have.
    assert only_theirs == {
        "save_metric",
        "stepsize_jitter",
        "profile_file",
        "save_cmdstan_config",
    }
    assert [text for text in ours if timing in text][-1].endswith("seconds (Total)")


def test_info_is_that_of_cmdstan(
    cmdstan_reference: Path, programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    expected = run(cmdstan_reference, tmp_path, "info").stdout.replace("minor = 37", "minor = 35")
    assert run(programs["prophet"].executable, tmp_path, "info").stdout.split() == expected.split()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sample foo=3", "foo=3 is either mistyped or misplaced."),
        ("sample data=3", "data=3 is either mistyped or misplaced."),
        ("foo", "foo is either mistyped or misplaced."),
        ("method=variational", '"variational" is not a valid value for "method"'),
        ("sample save_metric=1", "save_metric=1 is either mistyped or misplaced."),
        ("sample num_samples=-3", '"-3" is not a valid value for "num_samples"'),
        ("sample num_samples=1.5", '"1.5" is not a valid value for "num_samples"'),
        ("sample adapt delta=1", '"1" is not a valid value for "delta"'),
        ("sample adapt delta=nan", '"nan" is not a valid value for "delta"'),
        ("sample save_warmup=yes", '"yes" is not a valid value for "save_warmup"'),
        ("sample random seed=4294967296", '"4294967296" is not a valid value for "seed"'),
        ("sample num_threads=2", '"2" is not a valid value for "num_threads"'),
        ("sample random seed=1 num_samples=5", "num_samples=5 is either mistyped or misplaced."),
        ("id=1", "A method must be specified!"),
        ("sample data file=none.json", 'Cannot open specified file, "none.json"'),
        ("generate_quantities data file={data}", "Argument fitted_params must name a CSV file"),
        ("log_prob data file={data}", "Argument unconstrained_params must name a JSON file"),
        ("log_prob unconstrained_params=no.json data file={data}", 'specified file, "no.json"'),
        (
            "log_prob unconstrained_params={data} data file={data}",
            "Unconstrained parameters file has no variable 'params_r'",
        ),
        ("sample data file={data} output file=no/out.csv", "Cannot open output file"),
    ],
)
def test_refusals_name_what_came(
    line: str, said: str, series: Path, programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    done = run(programs["prophet"].executable, tmp_path, line.format(data=series))
    assert done.returncode == 1
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_generated_quantities_follow_the_draws(
    programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    executable = programs["normal_mean"].executable
    (tmp_path / "data.json").write_text('{"N": 3, "y": [1, 2, 4], "sd_y": 1}', encoding="utf-8")
    sampled = run(
        executable,
        tmp_path,
        "random seed=1 data file=data.json output file=draws.csv sig_figs=17 sample num_samples=50",
    )
    generated = run(
        executable,
        tmp_path,
        "random seed=9 data file=data.json output file=gq.csv sig_figs=17 "
        "generate_quantities fitted_params=draws.csv",
    )
    assert (sampled.returncode, generated.returncode) == (0, 0)
    draws, quantities = read_draws(tmp_path / "draws.csv"), read_draws(tmp_path / "gq.csv")
    assert quantities.columns[:2] == ["mu_squared", "one"]
    assert quantities["mu_squared"].equals(draws["mu_squared"])
    assert not quantities["y_rep.1"].equals(draws["y_rep.1"])  # drawn anew from another seed


def test_generated_quantities_refuse_the_draws_of_another_program(
    series: Path, programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    line = f"random seed=1 data file={series} output file=draws.csv sample num_samples=5"
    run(programs["prophet"].executable, tmp_path, line)
    (tmp_path / "data.json").write_text('{"N": 1, "y": [1], "sd_y": 1}', encoding="utf-8")
    line = "data file=data.json generate_quantities fitted_params=draws.csv"
    done = run(programs["normal_mean"].executable, tmp_path, line)
    assert done.returncode == 1
    assert "Mismatch between model and fitted_parameters" in done.stderr


def test_a_model_without_parameters_runs_with_fixed_parameters(
    programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_text('{"sides": 6}', encoding="utf-8")
    line = "random seed=1 data file=data.json output file=out.csv sample num_samples=600"
    done = run(programs["dice"].executable, tmp_path, line)
    assert "running fixed_param sampler" in done.stdout
    rolls = read_draws(tmp_path / "out.csv")["roll"].cast(pl.Int64)
    assert set(rolls) == {1, 2, 3, 4, 5, 6}


def test_without_a_seed_the_clock_gives_one(
    programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_text('{"sides": 6}', encoding="utf-8")
    line = "data file=data.json output file=out.csv sample num_samples=1"
    run(programs["dice"].executable, tmp_path, line)
    (seed,) = (text for text in comments(tmp_path / "out.csv") if "seed" in text)
    assert int(seed.split("=")[1].split()[0]) > 0

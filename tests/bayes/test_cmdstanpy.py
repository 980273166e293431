"""cmdstanpy works with our toolchain as it does with CmdStan."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cmdstanpy
import numpy as np
import pytest

from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.bayes.toolchain import ensure_toolchain, find_toolchain
from tasks.bayes.toolchain_home import MARKER

PROGRAMS = Path(__file__).parent / "programs"
DATA = {"N": 4, "y": [1.0, 2.5, -0.5, 3.0], "sd_y": 2.0}
PRECISION = 1 / 10**2 + 4 / 2.0**2
MEAN = sum(DATA["y"]) / 2.0**2 / PRECISION  # type: ignore[arg-type]
SD = PRECISION**-0.5


@pytest.fixture(scope="module")
def model(programs: dict[str, StanProgram]) -> cmdstanpy.CmdStanModel:
    return cmdstanpy.CmdStanModel(exe_file=programs["normal_mean"].executable)


def test_sampling_with_every_setting(model: cmdstanpy.CmdStanModel) -> None:
    fit = model.sample(
        DATA,
        chains=2,
        seed=1,
        inits=[{"mu": 1.0}, {"mu": 2.0}],
        iter_warmup=300,
        iter_sampling=600,
        save_warmup=True,
        thin=2,
        max_treedepth=8,
        metric="dense",
        inv_metric=[{"inv_metric": [[0.5]]}, {"inv_metric": [[1.5]]}],
        step_size=[0.5, 0.8],
        adapt_delta=0.9,
        adapt_init_phase=50,
        adapt_metric_window=20,
        adapt_step_size=30,
        save_latent_dynamics=True,
        sig_figs=17,
        show_progress=False,
    )
    assert fit.draws(inc_warmup=True).shape[:2] == (450, 2)
    assert fit.metric_type == "dense_e"
    assert fit.inv_metric.shape == (2, 1, 1)
    assert (fit.step_size > 0).all()
    assert abs(fit.stan_variable("mu").mean() - MEAN) < 5 * SD / np.sqrt(600 / 4)
    assert all(Path(path).stat().st_size > 0 for path in fit.runset.diagnostic_files)


def test_fixed_parameters(model: cmdstanpy.CmdStanModel) -> None:
    fit = model.sample(
        DATA, chains=1, seed=1, inits={"mu": 1.5}, fixed_param=True, show_progress=False
    )
    assert set(fit.stan_variable("mu")) == {1.5}


@pytest.mark.parametrize("jacobian", [False, True])
def test_the_mode_is_found(model: cmdstanpy.CmdStanModel, jacobian: bool) -> None:
    fit = model.optimize(DATA, seed=1, algorithm="lbfgs", jacobian=jacobian, sig_figs=17)
    assert fit.optimized_params_dict["mu"] == pytest.approx(MEAN, rel=1e-6)


@pytest.mark.parametrize("paths", [1, 4])
def test_pathfinder_approximates_a_normal_posterior(
    model: cmdstanpy.CmdStanModel, paths: int
) -> None:
    fit = model.pathfinder(DATA, seed=1, num_paths=paths, draws=2000)
    draws = fit.stan_variable("mu")
    assert len(draws) == 2000
    assert draws.mean() == pytest.approx(MEAN, abs=0.15)
    assert draws.std() == pytest.approx(SD, rel=0.1)


def test_quantities_are_generated_anew(model: cmdstanpy.CmdStanModel) -> None:
    fit = model.sample(DATA, chains=2, seed=1, sig_figs=17, show_progress=False)
    again = model.generate_quantities(DATA, previous_fit=fit, seed=2, sig_figs=17)
    np.testing.assert_array_equal(
        again.stan_variable("mu_squared"), fit.stan_variable("mu_squared")
    )
    assert again.stan_variable("y_rep").std() > 0


def test_cmdstanpy_compiles_in_our_home(tmp_path: Path) -> None:
    script = (
        "import sys, cmdstanpy\n"
        "cmdstanpy.set_cmdstan_path(sys.argv[1])\n"
        "assert cmdstanpy.cmdstan_version() == (2, 35)\n"
        "model = cmdstanpy.CmdStanModel(stan_file=sys.argv[2])\n"
        "fit = model.sample({'sides': 6}, chains=1, seed=1, show_progress=False)\n"
        "print(sorted(set(fit.stan_variable('roll'))))\n"
    )
    path = shutil.copy(PROGRAMS / "dice.stan", tmp_path)
    home = ensure_toolchain().home
    done = subprocess.run(
        [sys.executable, "-c", script, str(home), str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rolls = done.stdout.replace("np.float64(", "").replace(")", "")
    assert json.loads(rolls) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_cmdstan_of_the_user_s_own_compiles_and_samples_also_when_it_has_moved(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is built like CmdStan's and not known to be ours."""
    home = tmp_path / "cmdstan-2.35.0"
    shutil.copytree(ensure_toolchain().home, home, symlinks=True)
    (home / MARKER).unlink()
    before = Path.cwd()
    digests = set()
    for place in (home, tmp_path / "moved" / "cmdstan-2.35.0"):
        if place != home:
            shutil.move(home, place)
        monkeypatch.setenv("CMDSTAN", str(place))
        assert find_toolchain().origin == "CmdStan"
        program = compile_program(PROGRAMS / "dice.stan")
        assert program.toolchain == "Stan 2.35.0 (CmdStan)"
        assert program.executable.is_relative_to(own_cache)
        assert Path.cwd() == before
        assert os.environ["CMDSTAN"] == str(place)
        fit = sample(program, {"sides": 2}, seed=1, chains=1, draws=50)
        assert set(np.unique(fit.posterior["roll"])) == {1, 2}
        digests.add(program.digest)
    assert len(digests) == 1

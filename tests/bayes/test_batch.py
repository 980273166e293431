"""Many fits in one process: the same chains as single fits, in binary."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pytest
from scipy.stats import rankdata

from tasks.bayes.batch import BatchSettings, batch_process
from tasks.bayes.batch_record import BatchFit, FitStatus
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.bayes.toolchain import ensure_toolchain, find_toolchain
from tasks.bayes.toolchain_home import MARKER
from tasks.errors import InputError, KilledError, RunError

PROGRAMS = Path(__file__).parent / "programs"
SETTINGS = BatchSettings(seed=7, warmup=300, draws=400, most_draws=400, kept=100, first_warmup=0)


@pytest.fixture(scope="module")
def regression(programs: dict[str, StanProgram]) -> StanProgram:
    return programs["linear_regression"]


def regression_data(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 3))
    return {"N": 30, "D": 3, "X": x, "y": x @ [1.0, -2.0, 0.5] + rng.normal(size=30)}


def fit_all(
    program: StanProgram, settings: BatchSettings, data_sets: dict[int, dict[str, Any]]
) -> dict[int, BatchFit]:
    with batch_process(program, settings) as process:
        return {fit.number: fit for fit in process.fit(data_sets.items())}


def single_fit(
    program: StanProgram, settings: BatchSettings, number: int, data: dict[str, Any], folder: Path
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Rows of the CSV that the same executable writes for ``sample id=number``."""
    listed = {name: np.asarray(value).tolist() for name, value in data.items()}
    (folder / "data.json").write_text(json.dumps(listed), encoding="utf-8")
    line = (
        f"id={number} random seed={settings.seed} data file=data.json output file=out.csv "
        f"sig_figs=18 method=sample num_samples={settings.draws} num_warmup={settings.warmup} "
        f"adapt delta={settings.adapt_delta} algorithm=hmc engine=nuts "
        f"max_depth={settings.max_treedepth}"
    )
    command = [str(program.executable), *line.split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    lines = (folder / "out.csv").read_text(encoding="utf-8").splitlines()
    rows = [row.split(",") for row in lines if row and not row.startswith("#")]
    return np.array(rows[1:], dtype=np.float64)


@pytest.mark.parametrize(
    "settings",
    [SETTINGS, replace(SETTINGS, seed=2**32 - 1, adapt_delta=0.95, max_treedepth=3, warmup=150)],
)
def test_the_chain_is_that_of_a_single_fit(
    regression: StanProgram, settings: BatchSettings, tmp_path: Path
) -> None:
    data = {5: regression_data(1), 900: regression_data(2)}
    fits = fit_all(regression, settings, data)
    for number, fit in fits.items():
        rows = single_fit(regression, settings, number, data[number], tmp_path)[3::4]
        np.testing.assert_array_equal(fit.log_density, rows[:, 0])
        np.testing.assert_array_equal(fit.draws, rows[:, 7:])
        assert fit.names == ("beta.1", "beta.2", "beta.3", "sigma")
        assert fit.step_size == rows[-1, 2]


def test_sampler_statistics_are_sums_over_the_chain(
    regression: StanProgram, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, adapt_delta=0.3, warmup=20, max_treedepth=2)
    fit = fit_all(regression, settings, {1: regression_data(1)})[1]
    rows = single_fit(regression, settings, 1, regression_data(1), tmp_path)
    assert fit.iterations == 400
    assert fit.leapfrogs == rows[:, 4].sum()
    assert fit.divergences == rows[:, 5].sum()
    assert fit.saturated == (rows[:, 3] >= 2).sum() > 0


def test_the_effective_sample_size_is_the_smallest_of_ranks_and_of_their_distances(
    regression: StanProgram,
) -> None:
    settings = replace(SETTINGS, draws=20_000, kept=20_000, max_treedepth=2)
    data = {3: regression_data(3)}
    fit = fit_all(regression, settings, data)[3]
    unconstrained = np.column_stack([fit.draws[:, :3], np.log(fit.draws[:, 3]), fit.log_density])
    ranks = rankdata(unconstrained, axis=0) - 10_000.5
    folded = np.abs(ranks)
    reference = [
        float(az.ess(series[None], method="mean")) for series in np.hstack([ranks, folded]).T
    ]
    exact = fit_all(regression, replace(settings, kept=1000), data)[3].ess
    assert exact == pytest.approx(min(reference), rel=0.02)
    assert fit.status is FitStatus.SHORT_OF_ESS
    assert min(reference) <= 1.02 * fit.ess < 20_000


def test_a_fit_does_not_depend_on_the_others(programs: dict[str, StanProgram]) -> None:
    program = programs["hierarchical_noncentered"]
    schools = {
        "J": 3,
        "y": [28.0, 8.0, -3.0],
        "sigma": [15.0, 10.0, 16.0],
        "mu_mean": 0,
        "mu_sd": 20,
        "tau_family": 1,
        "tau_scale": 10,
        "likelihood": 1,
        "integrated": 0,
    }
    together = fit_all(program, SETTINGS, dict.fromkeys((1, 2, 3), schools))
    alone = fit_all(program, SETTINGS, {3: schools})[3]
    assert alone.draws.tobytes() == together[3].draws.tobytes()
    assert not np.array_equal(together[1].draws, together[2].draws)
    replicated = [k for k, name in enumerate(alone.names) if name.startswith("y_rep")]
    assert len(replicated) == 3
    assert (alone.draws[:, replicated].std(axis=0) > 5).all()


def test_a_chain_goes_on_until_its_draws_suffice(regression: StanProgram) -> None:
    settings = replace(SETTINGS, draws=100, max_treedepth=1)
    data = {1: regression_data(1)}
    cut = fit_all(regression, settings, data)[1]
    assert cut.status is FitStatus.SHORT_OF_ESS
    assert cut.iterations == 100  # 400 would not do either
    assert cut.ess < 25
    assert cut.draws.shape == (100, 4)
    longer = fit_all(regression, replace(settings, most_draws=100_000), data)[1]
    assert longer.status is FitStatus.OK
    assert longer.iterations > 400
    assert np.log2(longer.iterations / 100) % 1 == 0
    assert longer.ess >= 100


def test_a_short_chain_is_taken_only_if_it_suffices(regression: StanProgram) -> None:
    data = {1: regression_data(1)}
    whole = fit_all(regression, SETTINGS, data)[1]
    short = fit_all(regression, replace(SETTINGS, first_warmup=150, first_draws=350), data)[1]
    assert (short.status, short.iterations) == (FitStatus.OK, 350)
    tiny = replace(SETTINGS, first_warmup=2, first_draws=100)
    refitted = fit_all(regression, tiny, data)[1]
    assert refitted.draws.tobytes() == whole.draws.tobytes()
    assert refitted.leapfrogs == whole.leapfrogs


def test_a_fit_that_finds_no_start_is_told_and_the_next_is_fitted() -> None:
    program = compile_program(PROGRAMS / "nowhere.stan", many_fits=True)
    with batch_process(program, SETTINGS) as process:
        fits = process.fit([(1, {"N": 0}), (2, {"N": 1})])
    assert [fit.status for fit in fits] == [FitStatus.FAILED] * 2
    assert "Initialization failed" in fits[0].message
    assert fits[0].draws.shape == (0, 1)


def test_data_that_do_not_fit_are_refused_by_number(regression: StanProgram) -> None:
    wrong = regression_data(1) | {"D": 2}
    with (
        batch_process(regression, SETTINGS) as process,
        pytest.raises(InputError, match=r"linear_regression refuses data set 12: .*dims declared"),
    ):
        process.fit([(12, wrong)])
    with (
        batch_process(regression, SETTINGS) as process,
        pytest.raises(InputError, match="'y' must not hold NaN"),
    ):
        process.fit([(1, regression_data(1) | {"y": [np.nan] * 30})])


def test_a_process_that_dies_is_an_error_with_its_last_words(regression: StanProgram) -> None:
    with batch_process(regression, replace(SETTINGS, adapt_delta=1.5)) as process:
        process.process.wait()
        with pytest.raises(RunError, match=r'code 1 .* data set 3: "1.5" is not a valid value'):
            process.fit([(3, regression_data(1))])
    with batch_process(regression, SETTINGS) as process:
        process.process.kill()
        process.process.wait()
        with pytest.raises(KilledError, match=r"was killed by SIGKILL while it fitted data set 0"):
            process.fit([(k, regression_data(1)) for k in range(50)])


def test_data_are_not_changed(regression: StanProgram) -> None:
    data = regression_data(1)
    before = {name: np.copy(value) for name, value in data.items()}
    fit_all(regression, SETTINGS, {1: data})
    for name, value in data.items():
        np.testing.assert_array_equal(value, before[name])


def test_an_installed_cmdstan_links_the_second_main_program(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regression: StanProgram
) -> None:
    """A folder that is built like CmdStan's, not known to be ours, and whose main cannot batch."""
    home = tmp_path / "cmdstan-2.35.0"
    shutil.copytree(ensure_toolchain().home, home, symlinks=True)
    (home / MARKER).unlink()
    (home / "bin" / "batch.o").unlink()
    (home / "src" / "batch.cpp").unlink()
    monkeypatch.setenv("CMDSTAN", str(home))
    monkeypatch.setenv("O", "1")  # compiles faster, computes the same
    assert not find_toolchain().fits_many
    program = compile_program(PROGRAMS / "linear_regression.stan", many_fits=True)
    assert program.executable.is_relative_to(own_cache)
    data = {4: regression_data(4)}
    ours = fit_all(program, SETTINGS, data)[4]
    assert ours.draws.tobytes() == fit_all(regression, SETTINGS, data)[4].draws.tobytes()

"""Stan programs that the tests of this room compile (once, two at a time) and run."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.bayes.toolchain import ensure_toolchain
from tasks.locations import resource

PROGRAMS = Path(__file__).parent / "programs"


def prophet_folder() -> Path:
    """The prophet wheel holds a Stan program and what CmdStan made of it: a reference for ours."""
    spec = importlib.util.find_spec("prophet")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "stan_model"


@pytest.fixture(scope="session")
def cmdstan_reference() -> Path:
    return prophet_folder() / "prophet_model.bin"


@pytest.fixture(scope="session")
def programs() -> dict[str, StanProgram]:
    paths = [
        resource("stan", "hierarchical_noncentered.stan"),
        prophet_folder() / "prophet.stan",
        *sorted(PROGRAMS.glob("*.stan")),
    ]
    with ThreadPoolExecutor(2) as pool:
        return {program.name: program for program in pool.map(compile_program, paths)}


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache without programs that shares the toolchain with the real one."""
    home = ensure_toolchain().home
    cache = tmp_path / "캐시 folder"
    cache.mkdir()
    (cache / "toolchains").symlink_to(home.parent)
    monkeypatch.setenv("WHENCE_CACHE", str(cache))
    return cache

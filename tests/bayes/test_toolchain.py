"""Which Stan is used, and what happens when something that it needs is missing."""

import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tasks.bayes import toolchain_home
from tasks.bayes.compiler import FLAG_VARIABLES
from tasks.bayes.toolchain import Toolchain, ensure_toolchain, find_toolchain, installed_cmdstan
from tasks.errors import InputError, RunError


@pytest.fixture
def fake_cmdstan(tmp_path: Path) -> Path:
    """A folder as an installed CmdStan 2.38 has it, as far as finding it goes."""
    folder = tmp_path / "cmdstan-2.38.0"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "stanc").touch()
    (folder / "makefile").write_text("CMDSTAN_VERSION := 2.38.0\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_cmdstan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # the cache stays where it is, wherever HOME points
    monkeypatch.setenv("WHENCE_CACHE", str(CACHE))


CACHE = toolchain_home.cache_folder()


def test_the_wheel_is_used_where_there_is_no_cmdstan() -> None:
    toolchain = ensure_toolchain()
    assert toolchain.version == "2.35.0"
    assert toolchain.origin == "httpstan 4.13.0"
    assert toolchain.is_built
    stanc = subprocess.run([toolchain.stanc, "--version"], capture_output=True, text=True)
    assert "2.35.0" in stanc.stdout


def test_cmdstan_in_the_environment_comes_first(
    fake_cmdstan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan))
    toolchain = find_toolchain()
    assert (toolchain.home, toolchain.version) == (fake_cmdstan, "2.38.0")
    assert toolchain.origin == "CmdStan"


def test_the_newest_installation_of_cmdstanpy_comes_next(
    fake_cmdstan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / ".cmdstan"
    for version in ("2.9.0", "2.38.0", "2.36.0"):
        shutil.copytree(fake_cmdstan, folder / f"cmdstan-{version}")
    assert installed_cmdstan() == folder / "cmdstan-2.38.0"


def test_our_own_home_in_the_environment_is_no_cmdstan(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ensure_toolchain()
    monkeypatch.setenv("CMDSTAN", str(ours.home))
    assert find_toolchain() == ours


def test_a_cmdstan_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    with pytest.raises(InputError, match="CMDSTAN must name the folder of a built CmdStan"):
        find_toolchain()


@pytest.mark.parametrize("variable", [*FLAG_VARIABLES, "CXX"])
def test_the_digest_changes_with_compiler_and_flags(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = find_toolchain()
    value = "-O1"
    if variable == "CXX":
        compiler = tmp_path / "other-g++"
        compiler.write_text("#!/bin/sh\necho other compiler 1.0\n", encoding="utf-8")
        compiler.chmod(0o755)
        value = str(compiler)
    monkeypatch.setenv(variable, value)
    after = find_toolchain()
    assert before.digest != after.digest
    assert before.home != after.home


def test_the_digest_does_not_change_with_the_folder(
    fake_cmdstan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = find_toolchain().digest
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "elsewhere"))
    assert find_toolchain().digest == here
    moved = shutil.copytree(fake_cmdstan, tmp_path / "moved")
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan))
    first = find_toolchain().digest
    monkeypatch.setenv("CMDSTAN", str(moved))
    assert find_toolchain().digest == first
    (moved / "make").mkdir()
    (moved / "make" / "local").write_text("CXXFLAGS += -march=native\n", encoding="utf-8")
    assert find_toolchain().digest != first


@pytest.mark.parametrize("tool", ["g++", "make"])
def test_a_missing_compiler_is_named(
    tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for other in {"g++", "make"} - {tool}:
        (tmp_path / other).symlink_to(str(shutil.which(other)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        RunError, match=rf"'{tool.replace('+', '.')}', which was not found.*apt-get"
    ):
        find_toolchain()


def test_a_build_that_fails_leaves_nothing_that_looks_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    monkeypatch.setenv("CXXFLAGS", "--no-such-flag")
    with pytest.raises(RunError, match=r"unrecognized command-line option .--no-such-flag"):
        ensure_toolchain()
    assert not find_toolchain().is_built


def test_headers_are_found_again_when_the_wheel_has_moved() -> None:
    home = ensure_toolchain().home
    headers = (home / "include").readlink()
    (home / "include").unlink()
    (home / "include").symlink_to("nowhere")
    ensure_toolchain()
    assert (home / "include").readlink() == headers


def test_threads_that_find_the_headers_moved_at_once_do_not_collide() -> None:
    home = ensure_toolchain().home
    link = home / "include"
    headers = link.readlink()
    together = Barrier(8)

    def find(_: int) -> Toolchain:
        together.wait()
        return ensure_toolchain()

    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            link.unlink()
            link.symlink_to("nowhere")
            assert {of.home for of in pool.map(find, range(8))} == {home}
            assert link.readlink() == headers
    assert not list(home.glob("tmp*"))


def test_without_the_wheel_it_is_said_what_to_install(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("httpstan"):
            (site / entry.name).symlink_to(entry)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "flows.cli", "stan"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{site}"},
    )
    assert done.returncode == 3
    assert "install the httpstan wheel" in done.stderr

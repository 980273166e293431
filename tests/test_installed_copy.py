"""A wheel carries all that the product needs: programs, toolchain sources, contracts."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("whence-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run_python(site: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=site.parent, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_resources_lie_inside_the_package(installed: Path) -> None:
    script = "from tasks.locations import resource; print(resource('stan'))"
    assert Path(run_python(installed, "-c", script).strip()).is_relative_to(installed)


def test_every_stan_file_is_carried(installed: Path) -> None:
    def names(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    assert names(installed / "tasks" / "_resources" / "stan") == names(ROOT / "stan")


def test_the_command_uses_the_same_toolchain(installed: Path) -> None:
    here = run_python(ROOT, "-m", "flows.cli", "stan")
    assert run_python(installed, "-m", "flows.cli", "stan") == here

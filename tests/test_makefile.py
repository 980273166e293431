"""What make says where something is missing, and what it keeps compiled."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_make(tmp_path: Path, tools: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "runs"))
    path = tmp_path / "bin"
    path.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found is not None
        (path / tool).symlink_to(found)
    environment = {**os.environ, "PATH": str(path)}
    return subprocess.run(
        ["make", "--silent", "test"], cwd=clone, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("tools", "missing"),
    [(("make", "sh", "touch"), "g++"), (("make", "sh", "touch", "g++"), "Python >= 3.11")],
)
def test_a_missing_tool_is_named_in_one_line(
    tmp_path: Path, tools: tuple[str, ...], missing: str
) -> None:
    done = run_make(tmp_path, tools)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].startswith(f"whence needs {missing}")
    assert "apt-get install" in said[0]


def test_what_is_imported_first_is_kept_compiled_whatever_is_set_outside() -> None:
    told = "told: ; @echo [$$PYTHONDONTWRITEBYTECODE]"
    done = subprocess.run(
        ["make", "--silent", f"--eval={told}", "told"],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"

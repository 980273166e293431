"""Programs are compiled once, by what they are made from, whole or not at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.bayes.stan_program import StanProgram, compile_program, compiled_programs
from tasks.bayes.stan_source import Declaration, read_source
from tasks.errors import InputError, RunError

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(PROGRAMS, tmp_path / "programs") / "normal_mean.stan"


def test_what_is_kept_says_what_the_program_needs(programs: dict[str, StanProgram]) -> None:
    program = programs["linear_regression"]
    assert program.declarations == {
        "N": Declaration("int", 0),
        "D": Declaration("int", 0),
        "X": Declaration("real", 2),
        "y": Declaration("real", 1),
    }
    assert program.executable.is_file()
    assert program in compiled_programs()


def test_the_same_program_elsewhere_is_the_same_program(
    programs: dict[str, StanProgram], copied: Path
) -> None:
    assert compile_program(copied) == programs["normal_mean"]


def test_every_part_of_a_program_is_in_its_digest(copied: Path) -> None:
    before = read_source(copied).digest
    include = copied.parent / "functions" / "square_of.stanfunctions"
    include.write_text(include.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed_include = read_source(copied).digest
    copied.write_text(copied.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed_program = read_source(copied).digest
    renamed = read_source(copied.rename(copied.with_name("other.stan"))).digest
    assert len({before, changed_include, changed_program, renamed}) == 4


def test_two_processes_that_compile_the_same_program_share_one_compilation(
    own_cache: Path, tmp_path: Path
) -> None:
    script = (
        "import logging, sys, pathlib\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s')\n"
        "from tasks.bayes.stan_program import compile_program\n"
        "print(compile_program(pathlib.Path(sys.argv[1])).executable)\n"
    )
    path = tmp_path / "두 번째 dice.stan"
    shutil.copy(PROGRAMS / "dice.stan", path)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    (executable,) = {out for out, _ in outputs}
    assert sum(error.count("Compiling") for _, error in outputs) == 1
    info = subprocess.run([executable.strip(), "info"], capture_output=True, text=True)
    assert "stan_version_minor = 35" in info.stdout
    leftovers = [path for path in own_cache.rglob("*.unfinished") if path.parent.name == "programs"]
    assert leftovers == []


def test_a_syntax_error_shows_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.stan"
    path.write_text("data { int N; }\nparameters { rael x; }\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)bad.stan is not a valid Stan.*line 2, column 13"):
        compile_program(path)


@pytest.mark.parametrize(
    ("declaration", "kind"),
    [
        ("tuple(real, real) pair = (1.0, 2.0);", "tuple"),
        ("complex pair = to_complex(1, 2);", "complex"),
    ],
)
def test_what_cannot_be_kept_as_draws_is_refused(
    declaration: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "odd.stan"
    path.write_text(f"generated quantities {{ {declaration} }}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"'pair' is a {kind}, which cannot be kept as draws"):
        compile_program(path)


def test_a_type_error_in_an_include_shows_the_include(copied: Path) -> None:
    include = copied.parent / "functions" / "square_of.stanfunctions"
    include.write_text("real square_of(real x) { return y; }\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"functions/square_of.stanfunctions', line 1"):
        compile_program(copied)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("model.txt", "", "must end in .stan"),
        ("none.stan", None, "There is no Stan program"),
        ("lost.stan", "#include nowhere.stan\n", "includes 'nowhere.stan', which is not in"),
    ],
)
def test_what_is_no_program_is_refused(
    name: str, text: str | None, said: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        compile_program(tmp_path / name)


def test_a_compiler_that_fails_shows_its_last_lines_and_leaves_nothing(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "g++"
    real = shutil.which("g++")
    compiler.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\n'
        'i=0; while [ $i -lt 100 ]; do echo "note $i" >&2; i=$((i+1)); done\n'
        "echo 'fatal error: No space left on device' >&2\nexit 1\n",
        encoding="utf-8",
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(RunError, match="No space left on device") as caught:
        compile_program(PROGRAMS / "dice.stan")
    assert "note 99" in str(caught.value)
    assert "note 1\n" not in str(caught.value)
    assert compiled_programs() == []
    assert list((own_cache / "programs").glob("dice*/")) == []


def test_a_compilation_that_was_killed_is_done_anew(
    own_cache: Path, programs: dict[str, StanProgram]
) -> None:
    program = programs["dice"]
    folder = own_cache / "programs" / program.executable.parent.name
    folder.mkdir(parents=True)
    (folder / "dice").write_text("half of it", encoding="utf-8")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    unfinished.mkdir()
    (unfinished / "dice.hpp").write_text("half of it", encoding="utf-8")
    again = compile_program(PROGRAMS / "dice.stan")
    assert again.digest == program.digest
    assert again.executable.stat().st_size > 1_000_000
    assert not unfinished.exists()

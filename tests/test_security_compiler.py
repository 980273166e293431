"""Names of Stan programs and of their folders are no commands to `make` or to its shell."""

from pathlib import Path

import pytest

from tasks.bayes.compiler import as_make_flags, run_make
from tasks.errors import InputError

NAMES = [
    "$(shell touch marker)",
    "${shell touch marker}",
    "$(touch marker)",
    "`touch marker`",
    "; touch marker;",
    "'; touch marker; '",
    '" && touch marker && "',
    "| touch marker",
    "$$(touch marker)",
    "학교 $HOME # a\\b",
]
MAKEFILE = "STANCFLAGS =\nall:\n\t@printf '%s' $(STANCFLAGS) > told\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "makefile").write_text(MAKEFILE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_make_hands_a_name_on_as_it_is(name: str, folder: Path) -> None:
    run_make(folder, f"STANCFLAGS+={as_make_flags(name)}", "all")
    assert (folder / "told").read_text(encoding="utf-8") == name
    assert not (folder / "marker").exists()


@pytest.mark.parametrize("name", ["a\ntouch marker\n", "a\rb"])
def test_a_name_of_several_lines_is_refused(name: str, folder: Path) -> None:
    with pytest.raises(InputError, match="must hold no end of a line"):
        as_make_flags(name)


def test_control_make_would_obey(folder: Path) -> None:
    run_make(folder, "STANCFLAGS+='$(shell touch marker)'", "all")
    assert (folder / "marker").exists()

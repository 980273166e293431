"""What the terminal says of long work before a run's first step."""

import sys

import pytest

from flows.narration import overheard
from tasks.progress import track


@pytest.mark.parametrize("terminal", [True, False])
def test_a_loop_is_told_on_a_terminal_and_its_line_is_cleared(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with overheard("tables read"):
        assert list(track([1, 2], "주문, 2 rows")) == [1, 2]
    said = capsys.readouterr().err
    if terminal:
        assert "tables read: 주문, 2 rows 1/2, 0 s left" in said
        assert said.endswith("\r\x1b[2K")
    else:
        assert said == ""

"""What is ended has ended: nothing of it runs, and nothing that it held is taken."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.installation.processes import end_all, is_alive, started_with
from flows.installation.state import MARK
from flows.service.folder import end_leftovers

STUBBORN = """
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", 0))
memory = bytearray(500_000_000)
memory[::4096] = b"1" * len(memory[::4096])
print(listener.getsockname()[1], flush=True)
signal.pause()
"""
STARTS_ONE_MORE = """
import signal, subprocess
signal.signal(signal.SIGTERM, lambda *_: None)
print("ready", flush=True)
signal.pause()
subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
signal.pause()
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], tuple[int, str]]]:
    """Starts a program that carries the mark of a service, and gives the first line it prints."""
    programs: list[subprocess.Popen[str]] = []

    def start(script: str) -> tuple[int, str]:
        programs.append(
            subprocess.Popen(
                [sys.executable, "-c", script],
                env={**os.environ, MARK: str(tmp_path)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert programs[-1].stdout
        return programs[-1].pid, programs[-1].stdout.readline().strip()

    yield start
    for pid in started_with(MARK, str(tmp_path)):
        os.kill(pid, 9)
    for program in programs:
        program.communicate()


def test_what_was_killed_has_let_go_of_its_port(started: Callable[[str], tuple[int, str]]) -> None:
    pid, port = started(STUBBORN)
    with pytest.raises(OSError, match="already in use"):
        socket.create_server(("127.0.0.1", int(port)))
    end_all([pid], seconds=0.1)
    assert not is_alive(pid)
    socket.create_server(("127.0.0.1", int(port))).close()


def test_what_leftovers_start_while_they_are_ended_is_ended_too(
    tmp_path: Path, started: Callable[[str], tuple[int, str]]
) -> None:
    _, said = started(STARTS_ONE_MORE)
    assert said == "ready"
    end_leftovers(tmp_path)
    assert started_with(MARK, str(tmp_path)) == []

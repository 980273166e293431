"""A program that is loaded but waits for its turn: it tells so, and goes on when it is let in."""

import socket
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

LOADED, ENTER = b"loaded", b"enter"


class Gate:
    """The supervisor's side.

    Attributes
    ----------
    descriptor
        That the program inherits, for `wait_at_gate`.
    """

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self.descriptor = self._there.fileno()

    def is_reached(self) -> bool:
        """Whether the program is loaded and waits."""
        try:
            return self._here.recv(len(LOADED), socket.MSG_PEEK) == LOADED
        except BlockingIOError:
            return False

    def open(self) -> None:
        """Let the program in."""
        self._here.sendall(ENTER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._here.close()
        self._there.close()


def wait_at_gate(descriptor: int | None) -> None:
    """Tell that this program is loaded, and wait until it is let in.

    Parameters
    ----------
    descriptor
        Of the gate; None where there is none.

    Raises
    ------
    SystemExit
        If the supervisor no longer wants it.
    """
    if descriptor is None:
        return
    said = b""
    with closing(socket.socket(fileno=descriptor)) as gate, suppress(ConnectionError):
        gate.sendall(LOADED)
        said = gate.recv(len(ENTER))
    if said != ENTER:
        raise SystemExit("The gate was closed: this program is not wanted any more.")

"""Programs of one version replaced by those of another, on the same sockets.

The later programs are loaded, and wait at gates, before the earlier ones are told to close their
connections; only then is one ended, and the other let in. Clients that connect between the two wait
in the socket.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from flows.service.child import Child, ending
from flows.service.gate import Gate
from flows.service.graceful import CLOSING, SECONDS_TO_KEEP_ALIVE
from flows.service.programs import API, PAGE, TITLES, WORKER
from flows.service.stack import SECONDS_TO_START, Stack
from tasks.errors import RunError

SERVERS = (API, PAGE)
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_CLOSE = SECONDS_TO_KEEP_ALIVE + 1.0
SECONDS_TO_ANSWER = 20.0
"""For requests under way, when a server is to end."""


@dataclass(frozen=True)
class HandOver:
    """What takes the place of what.

    Attributes
    ----------
    earlier
        Stacks whose programs are ended; each program runs in one of them at most.
    later
        Whose programs take their place; none is started yet.
    migrate_registry
        Is called when no program writes into the registry of beliefs.
    migrate_page
        Is called when no program has Prefect's database open.
    is_over
        Whether nobody wants to be served any more.
    """

    earlier: Sequence[Stack]
    later: Stack
    migrate_registry: Callable[[], None]
    migrate_page: Callable[[], None]
    is_over: Callable[[], bool]

    def carry_out(self) -> None:
        """Replace all programs; where nobody wants them any more, end the later ones.

        Raises
        ------
        RunError
            If a migration fails, or a later program does not begin to work. What serves then goes
            on: earlier programs that were not replaced yet, and later ones that were let in.
        """
        with ExitStack() as stack:
            gates = {name: stack.enter_context(Gate()) for name in SERVERS}
            try:
                for step in self._steps(gates):
                    if self.is_over():
                        break
                    step()
            finally:
                for name in list(self.later.children):
                    if name in gates or self.is_over():
                        self.later.end(name, at_once=True)

    def _steps(self, gates: dict[str, Gate]) -> Iterator[Callable[[], None]]:
        yield lambda: self._load(gates)
        yield self._close_connections
        yield lambda: self._end(WORKER)
        yield self.migrate_registry
        yield lambda: self._let_in(API, gates.pop(API))
        yield lambda: self._end(PAGE)
        yield self.migrate_page
        yield lambda: self._let_in(PAGE, gates.pop(PAGE))
        yield lambda: self.later.deploy(self.is_over)
        yield lambda: self.later.start(WORKER)
        yield lambda: self.later.wait(WORKER, self.is_over)

    def _load(self, gates: dict[str, Gate]) -> None:
        for name, gate in gates.items():
            self.later.start(name, gate.descriptor)
        deadline = time.monotonic() + SECONDS_TO_START
        while not (self.is_over() or all(gate.is_reached() for gate in gates.values())):
            for name in gates:
                code = self.later.children[name].code
                if code is not None or time.monotonic() > deadline:
                    how = "was not loaded in time" if code is None else f"ended ({ending(code)})"
                    raise RunError(f"{TITLES[name]} {how}{self.later.last_words(name)}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _close_connections(self) -> None:
        """Have clients come back on new connections, and wait until idle ones are closed."""
        for name in SERVERS:
            for child in self._running(name):
                _send(child, CLOSING)
        deadline = time.monotonic() + SECONDS_TO_CLOSE
        while time.monotonic() < deadline and not self.is_over():
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _end(self, name: str) -> None:
        for child in self._running(name) if name in SERVERS else []:
            _send(child, signal.SIGTERM)
            child.wait(SECONDS_TO_ANSWER)
        for stack in self.earlier:
            if name in stack.children:
                stack.end(name)

    def _let_in(self, name: str, gate: Gate) -> None:
        self._end(name)
        gate.open()
        self.later.wait(name, self.is_over)

    def _running(self, name: str) -> list[Child]:
        found = [stack.children[name] for stack in self.earlier if name in stack.children]
        return [child for child in found if child.code is None]


def _send(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(child.pid, number)

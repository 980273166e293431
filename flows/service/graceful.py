"""A server that hands its socket over to another without closing a connection on a request.

Asked by `CLOSING`, it names ``Connection: close`` in every answer, so that its clients come back on
new connections. Asked to end after that, it takes no new connection, and answers those that it has.
What nobody has taken yet waits in the socket, for the next server.
"""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Coroutine

import uvicorn

CLOSING = signal.SIGUSR1
SECONDS_TO_KEEP_ALIVE = 5
"""After which a connection without a request is closed."""
SECONDS_FOR_LATE_REQUESTS = 2.0
SECONDS_TO_ANSWER = 15
"""For requests under way."""
SECONDS_BETWEEN_LOOKS = 0.05


class GracefulServer(uvicorn.Server):
    """A server of an application.

    Parameters
    ----------
    config
        As of uvicorn.
    rest
        Is awaited when the server is told that it will be replaced.

    References
    ----------
    RFC 9112, HTTP/1.1, section 9.6, "Tear-down".
    """

    def __init__(
        self, config: uvicorn.Config, rest: Callable[[], Coroutine[None, None, None]] | None = None
    ) -> None:
        super().__init__(config)
        self._rest = rest
        self._is_closing = False
        self._resting: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        asyncio.get_running_loop().add_signal_handler(CLOSING, self._close_connections)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection; answer on those that there are; end."""
        if self._is_closing:
            for server in self.servers:
                server.close()
            self.config.timeout_graceful_shutdown = SECONDS_TO_ANSWER
            deadline = time.monotonic() + SECONDS_FOR_LATE_REQUESTS
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            while self.server_state.connections and time.monotonic() < deadline:
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        if self._resting:
            await asyncio.wait([self._resting])
        await super().shutdown(sockets)

    def _close_connections(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self.config.encoded_headers.append((b"connection", b"close"))
        self.server_state.default_headers.append((b"connection", b"close"))
        if self._rest:
            self._resting = asyncio.create_task(self._rest())

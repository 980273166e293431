"""Prefect's server on an inherited socket: ``python -m flows.service.prefect_page FD``."""

import socket
import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

SECONDS_TO_END = 5


def main() -> None:
    """Serve until the process is asked to end; requests that come meanwhile wait in the socket."""
    settings = get_current_settings().server
    config = uvicorn.Config(
        create_app(final=True),
        log_level=settings.logging_level.lower(),
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        lifespan="on",
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()

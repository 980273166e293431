"""Prefect's server on an inherited socket: ``python -m flows.service.prefect_page FD [GATE]``."""

import socket
import sys

import alembic.command  # noqa: F401 (what begins after the gate finds it loaded)
import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from flows.service.gate import wait_at_gate
from flows.service.graceful import GracefulServer
from flows.service.page_database import let_schedules_fire, taking_turns

SECONDS_TO_END = 5


def for_this_machine(page: ASGIApp) -> ASGIApp:
    """Prefect's server for those alone who name this machine as the host.

    Else the page of another site could reach it by a name of its own (DNS rebinding), and whoever
    reaches it can have code run.
    """
    return TrustedHostMiddleware(page, allowed_hosts=["127.0.0.1", "localhost"])


def main() -> None:
    """Serve until the process is asked to end; requests that come meanwhile wait in the socket."""
    listener, *gate = (int(word) for word in sys.argv[1:])
    settings = get_current_settings().server
    config = uvicorn.Config(
        for_this_machine(create_app(final=True)),
        log_level=settings.logging_level.lower(),
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        lifespan="on",
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    config.load()
    wait_at_gate(gate[0] if gate else None)
    let_schedules_fire()
    with taking_turns():
        GracefulServer(config).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    main()

"""`whence api`: the HTTP service."""

import argparse
import contextlib
import socket
from copy import deepcopy
from typing import Any

from tasks.errors import InputError
from tasks.locations import data_folder

HOST, PORT = "127.0.0.1", 8642
MOST_PORT = 65535
SECONDS_TO_END = 5


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    api = subcommands.add_parser(
        "api",
        help="offer calibrations and beliefs over HTTP",
        description="Offer calibrations, prior-data conflicts and updates of priors over HTTP. "
        "WHENCE_API_TOKEN is the token that clients must send; without one the service is for "
        "this machine alone. WHENCE_API_DATA is a folder whose files clients may name.",
    )
    api.add_argument("--host", default=HOST, help="where to listen (default: %(default)s)")
    api.add_argument("--port", type=port, default=PORT, help="default %(default)s; 0 for any free")
    api.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    api.add_argument("--gate", type=int, help=argparse.SUPPRESS)
    api.set_defaults(run=run_api)


def port(text: str) -> int:
    """A port, from the command line."""
    if not (text.isascii() and text.isdecimal() and int(text) <= MOST_PORT):
        raise argparse.ArgumentTypeError(f"must be a port from 0 to {MOST_PORT}, got {text!r}")
    return int(text)


def run_api(options: argparse.Namespace) -> None:
    """Carry out ``whence api``: serve until the process is asked to end."""
    from flows.api_guard import TOKEN, required_token

    token = required_token(options.host)
    jobs = data_folder() / "jobs"
    with _listener(options) as listener:
        import uvicorn

        from flows.api import create_app
        from flows.api_jobs import JobQueue, only_server
        from flows.api_services import run_service
        from flows.service.gate import wait_at_gate
        from flows.service.graceful import GracefulServer

        wait_at_gate(options.gate)
        with only_server(jobs), contextlib.suppress(KeyboardInterrupt):
            queue = JobQueue(jobs, run_service)
            app = create_app(queue, token)
            log: dict[str, Any] = deepcopy(uvicorn.config.LOGGING_CONFIG)
            log["handlers"]["access"]["stream"] = "ext://sys.stderr"
            config = uvicorn.Config(
                app,
                log_config=log,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="on",
                server_header=False,
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
            need = f"clients send the token in {TOKEN}" if token else "no token is needed"
            print(f"Serving {_address(listener)}/docs; {need}. Ctrl-C ends it.", flush=True)
            GracefulServer(config, queue.rest).run(sockets=[listener])


def _listener(options: argparse.Namespace) -> socket.socket:
    """The socket of `whence serve` where this is one of its programs, else a new one."""
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    return listening(options.host, options.port)


def listening(host: str, port: int) -> socket.socket:
    """Listen on a port.

    Raises
    ------
    InputError
        If it is taken, or the host is none of this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address, family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise InputError(
            f"Port {port} of {host} cannot be listened on ({reason}): end what uses it, or choose "
            "another --port or --host."
        ) from error
    # asyncio leaves this to sockets that name their protocol; answers would wait 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

"""The HTTP service in a thread of the tests' process, on a free port of this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from flows.commands.api import listening

from .serving import wait_for

SECONDS_TO_START = 30.0

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of an application while the block lasts."""
    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_for(lambda: server.started, SECONDS_TO_START, "the service started")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def client_of(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of an application while the block lasts."""
    with served(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield client

"""Whether what is served answers: asked over HTTP, without Prefect's client."""

import json
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

POOL = "whence"
SECONDS_TO_ANSWER = 10.0
_DIRECTLY = build_opener(ProxyHandler({}))


def ask(
    url: str,
    body: object = None,
    seconds: float = SECONDS_TO_ANSWER,
    token: str | None = None,
) -> Any:
    """What an address answers, from JSON; a body is posted, a token is sent as a bearer.

    Raises
    ------
    OSError
        If it does not answer, or not with success.
    """
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = Request(url, content, headers)  # noqa: S310
    try:
        with _DIRECTLY.open(request, timeout=seconds) as answer:
            return json.load(answer)
    except (HTTPException, ValueError) as error:
        raise OSError(str(error)) from error


def page_answers(page: str, seconds: float = SECONDS_TO_ANSWER) -> bool:
    """Whether Prefect's server works."""
    return _succeeds(f"{page}/api/health", seconds)


def api_answers(api: str, seconds: float = SECONDS_TO_ANSWER) -> bool:
    """Whether the HTTP service works."""
    return _succeeds(f"{api}/health", seconds)


def last_heartbeat(page: str, worker: str, seconds: float = SECONDS_TO_ANSWER) -> float | None:
    """When a worker of the pool last told that it lives, in seconds since 1970."""
    try:
        workers = ask(f"{page}/api/work_pools/{POOL}/workers/filter", {}, seconds=seconds)
    except OSError:
        return None
    beats = [of["last_heartbeat_time"] for of in workers if of["name"] == worker]
    return max((datetime.fromisoformat(beat).timestamp() for beat in beats if beat), default=None)


def _succeeds(url: str, seconds: float) -> bool:
    try:
        ask(url, seconds=seconds)
    except OSError:
        return False
    return True

"""Who may ask the HTTP service, how much one may send, and which files one may name."""

import os
import re
from hmac import compare_digest
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.errors import InputError

TOKEN = "WHENCE_API_TOKEN"  # noqa: S105 (the name of the variable)
DATA = "WHENCE_API_DATA"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_AUTHORITY = re.compile(r"(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
OPEN = "/health"
READING = ("GET", "HEAD", "OPTIONS")
MOST_BYTES = 64 * 1024


def required_token(host: str) -> str | None:
    """The token that clients must send, from ``WHENCE_API_TOKEN``; None where none is set.

    Parameters
    ----------
    host
        Where the service is to listen.

    Raises
    ------
    InputError
        If the token is empty or no header can hold it, or the host is not this machine alone and
        there is no token.
    """
    token = os.environ.get(TOKEN)
    if token is not None and not re.fullmatch("[!-~]+", token):
        raise InputError(
            f"{TOKEN} must be one or more visible ASCII characters without a space: set it to a "
            "secret of your own, or unset it."
        )
    if token is None and host not in LOOPBACK:
        raise InputError(
            f"Without a token the service listens on {', '.join(LOOPBACK)} alone, got {host!r}: "
            f"set {TOKEN} to a secret of your own."
        )
    return token


def served_place(given: str, name: str) -> Path:
    """A file or folder that a client names, below the folder in ``WHENCE_API_DATA``.

    Parameters
    ----------
    given
        Path relative to that folder.
    name
        Of the parameter.

    Returns
    -------
    pathlib.Path
        Absolute and without symbolic links.

    Raises
    ------
    InputError
        If it lies elsewhere or nowhere, or is a folder from which links lead elsewhere; which of
        these, a client is not told.
    """
    root = os.environ.get(DATA)
    if not root:
        raise InputError(
            f"{name} must name no file here, got {given!r:.60}: the server serves files where "
            f"{DATA} is set to their folder."
        )
    top = Path(root).resolve()
    try:
        place = (top / given).resolve(strict=True)
        held = [inner.resolve() for inner in place.iterdir()] if place.is_dir() else []
    except (OSError, ValueError, RuntimeError):  # absent; a zero byte; links in a circle
        place, held = None, []
    if place is None or not all(of.is_relative_to(top) for of in (place, *held)):
        raise InputError(
            f"{name} must lie below the folder that the server serves, got {given!r:.60}: name a "
            "path relative to that folder."
        )
    return place


def as_answer(refusal: HTTPException) -> JSONResponse:
    """A refusal as every client of the service gets it: ``{"error": sentence}``."""
    return JSONResponse({"error": refusal.detail}, refusal.status_code, refusal.headers)


class Guard:
    """Refuse a request before the service sees it.

    Parameters
    ----------
    app
        The service.
    token
        That clients must send as a bearer; None serves those who name this machine as the host,
        so that no page of another site reaches the service by a name of its own (DNS rebinding).

    References
    ----------
    RFC 6750, The OAuth 2.0 Authorization Framework: Bearer Token Usage, sections 2.1 and 3.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["method"], scope["path"], Headers(scope=scope))
            body = await _whole_body(receive)
        except HTTPException as refusal:
            await as_answer(refusal)(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await self._app(scope, _replayed(body, receive), send)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if self._token is None and not LOOPBACK_AUTHORITY.fullmatch(host):
            raise HTTPException(
                400, "The service is for this machine alone: ask it as 127.0.0.1 or localhost."
            )
        if self._token and path != OPEN and not _is_bearer(headers, self._token):
            raise HTTPException(
                401,
                "The token is missing or wrong: send the header Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
        origin = headers.get("origin")
        if method not in READING and origin is not None and _site(origin) != host.lower():
            raise HTTPException(403, "The service takes nothing from the page of another site.")


def _is_bearer(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(given.encode(), token.encode())


def _site(origin: str) -> str:
    return origin.partition("://")[2].lower()


async def _whole_body(receive: Receive) -> bytes:
    """Count what comes: what a request says of its own length proves nothing."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"A request has at most {MOST_BYTES} bytes: send less.")
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more, then what else comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay

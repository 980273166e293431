"""Whole runs over HTTP: a list of them, and the files that their manifests name."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import AwareDatetime, BaseModel
from starlette.exceptions import HTTPException

from flows.api_page import JSON, TEMPLATES
from flows.report_places import LINKED, address
from tasks.errors import InputError, RunError
from tasks.folder_names import folder_name, inside
from tasks.report.wording import printable
from tasks.run_store import MANIFEST, Artifact, RunStore

RUNS = "/runs"
MOST_LISTED = 200
ABSENT = f"There is no such file of a whole run: see all runs at {RUNS}."
SHOWN = {
    ".html": "text/html",
    ".txt": "text/plain",
    ".yaml": "text/plain",
    ".csv": "text/plain",
    ".json": JSON,
    ".png": "image/png",
}
"""What a browser shows, by the end of a file's name; anything else it saves."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""A page shows its own styles and drawings, and nothing else."""


class Manifest(BaseModel):
    """What the manifest of a whole run tells of it."""

    domain: str
    task: str
    began: AwareDatetime
    seconds: float
    digests: dict[str, str]


def reports() -> APIRouter:
    """Routes of the pages of runs."""
    router = APIRouter(prefix=RUNS, include_in_schema=False)

    @router.api_route("", methods=["GET", "HEAD"])
    def listed() -> HTMLResponse:
        store = RunStore.current()
        latest = store.runs()[::-1]
        page = TEMPLATES.get_template("runs.html.j2").render(
            runs=tuple(_lines(store, latest[:MOST_LISTED])), total=len(latest)
        )
        return HTMLResponse(page, headers=HEADERS)

    @router.api_route("/{domain}/{run}/{file:path}", methods=["GET", "HEAD"])
    def shown(request: Request) -> Response:
        domain, run, file = (request.path_params[part] for part in ("domain", "run", "file"))
        try:
            return _answer(RunStore.current(), domain, run, file)
        except (InputError, RunError, OSError, ValueError) as error:
            raise HTTPException(404, ABSENT) from error

    return router


def _answer(store: RunStore, domain: str, run: str, file: str) -> Response:
    """A file of a run.

    Raises
    ------
    InputError, RunError, OSError, ValueError
        If there is no such file, or it is not what the manifest says.
    """
    if any(folder_name(part) != part for part in (domain, run)):
        raise InputError("A domain or run must be fit for the name of a folder.")
    place = inside(f"{domain}/{run}/{file}")
    manifest = Manifest.model_validate_json(store.read_file(f"{domain}/{run}", MANIFEST))
    digest = manifest.digests.get(file)
    if digest is None:
        raise InputError(f"The manifest does not name {file!r:.200}.")
    kind = SHOWN.get(PurePosixPath(file).suffix.lower())
    told: dict[str, Any] = {
        "media_type": kind or "application/octet-stream",
        "headers": HEADERS if kind else HEADERS | {"Content-Disposition": "attachment"},
    }
    if store.is_local:
        path = store.fetch(Artifact(path=place, sha256=digest))
        if not path.resolve().is_relative_to(_root_of(path, place).resolve()):
            raise InputError("A link leads out of the run root.")
        return FileResponse(path, **told)
    content = store.read_bytes(f"{domain}/{run}", file)
    if sha256(content).hexdigest() != digest:
        raise RunError(f"{place} is not what was saved.")
    return Response(content, **told)


def _root_of(path: Path, place: str) -> Path:
    """The folder below which a path has its place."""
    return path.parents[len(PurePosixPath(place).parts) - 1]


def _lines(store: RunStore, runs: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What the list says of each run; one that goes away meanwhile is left out."""
    for run in runs:
        try:
            manifest = Manifest.model_validate_json(store.read_file(run, MANIFEST))
        except (InputError, OSError, ValueError):
            continue
        yield {
            "name": printable(run.partition("/")[2]),
            "domain": printable(manifest.domain),
            "task": printable(manifest.task),
            "began": f"{manifest.began:%Y-%m-%d %H:%M}",
            "seconds": f"{manifest.seconds:.0f}",
            "links": {
                told: address(RUNS, run, file)
                for file, told in LINKED.items()
                if file in manifest.digests
            },
        }

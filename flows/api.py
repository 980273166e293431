"""The HTTP service: priors held against data and updated, models calibrated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from flows.api_guard import OPEN, Guard, as_answer
from flows.api_jobs import MOST_WAITING, Job, JobQueue, QueueFullError, State
from flows.api_page import JSON, as_page
from flows.api_reports import reports
from flows.api_services import SERVICES, Service, read_request
from tasks.errors import InputError
from tasks.intervention.structural.strict_json import parse_json
from tasks.run_store import RunStore

RUNS = "/api/v1/runs"
MOST_SHOWN = 100
SECONDS_TO_RETRY = 60
DESCRIPTION = (
    "Long work is answered by 202 and the address of its job; ask there until the job is done, "
    "then read its report."
)
REFUSALS = {
    400: "The body is no JSON, or the host is not this machine where no token is set.",
    401: "The token is missing or wrong.",
    403: "The page of another site asks.",
    404: "There is no such job.",
    409: "The job has left no report: it waits, runs, failed or was interrupted.",
    413: "The body is too long.",
    415: f"The body is not {JSON}.",
    422: "The parameters break a rule.",
    503: "Too many jobs wait.",
}
OF_ALL = (400, 401, 413)
NAME = {"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}


class Accepted(BaseModel):
    """A job that waits in the queue, and where to ask what became of it."""

    job: str
    state: State
    address: str


class JobAnswer(Job):
    """A job, and where its report is once it is done."""

    report: str | None


class Health(BaseModel):
    """That the service works."""

    status: str
    version: str


class Refusal(BaseModel):
    """Why a request is refused, in a sentence."""

    error: str


def create_app(queue: JobQueue, token: str | None = None) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    queue
        Works while the service does.
    token
        That clients must send; None serves those alone who name this machine as the host.

    Returns
    -------
    fastapi.FastAPI
        An ASGI application.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with queue.working():
            yield

    app = FastAPI(
        title="whence",
        description=DESCRIPTION,
        version=version("whence"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_middleware(Guard, token=token)

    @app.exception_handler(HTTPException)
    async def refuse(_: Request, refusal: HTTPException) -> JSONResponse:
        return as_answer(refusal)

    @app.exception_handler(Exception)
    async def fail(_: Request, __: Exception) -> JSONResponse:
        return as_answer(HTTPException(500, "The server failed; see its log."))

    guarded = [Depends(HTTPBearer(auto_error=False))] if token else []
    app.include_router(_submissions(queue), dependencies=guarded)
    app.include_router(_runs(queue), dependencies=guarded)
    app.include_router(reports(), dependencies=guarded)

    @app.get(OPEN, responses=_refusals(400, 413))
    async def health() -> Health:
        """Whether the service works; needs no token."""
        return Health(status="ok", version=version("whence"))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(as_page(app.openapi(), str(request.base_url).rstrip("/")))

    return app


def _submissions(queue: JobQueue) -> APIRouter:
    router = APIRouter(prefix="/api/v1/bayesian")
    for name, service in SERVICES.items():
        body = {
            "schema": service.request.model_json_schema(),
            "example": service.example,
        }
        router.add_api_route(
            f"/{name}",
            _submission(queue, name, service),
            methods=["POST"],
            status_code=202,
            description=service.description,
            response_description="The job waits in the queue; Location names its address.",
            responses=_refusals(*OF_ALL, 403, 415, 422, 503),
            openapi_extra={"requestBody": {"required": True, "content": {JSON: body}}},
            name=name,
        )
    return router


def _submission(
    queue: JobQueue, name: str, service: Service
) -> Callable[[Request, Response], Awaitable[Accepted]]:
    async def submit(request: Request, response: Response) -> Accepted:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise HTTPException(415, f"The body must be {JSON}: send that as Content-Type.")
        try:
            values = parse_json(await request.body())
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        try:
            asked = read_request(service, values)
        except InputError as error:
            raise HTTPException(422, str(error)) from error
        try:
            job = queue.submit(name, asked.model_dump(mode="json"))
        except QueueFullError as error:
            sentence = f"{MOST_WAITING} jobs wait, which is the most: send it again later."
            raise HTTPException(503, sentence, {"Retry-After": str(SECONDS_TO_RETRY)}) from error
        address = f"{RUNS}/{job.job}"
        response.headers["Location"] = address
        return Accepted(job=job.job, state=job.state, address=address)

    return submit


def _runs(queue: JobQueue) -> APIRouter:
    router = APIRouter(prefix=RUNS)
    one: dict[str, Any] = {"openapi_extra": {"parameters": [NAME]}}

    def found(request: Request) -> Job:
        job = queue.find(request.path_params["job"])
        if job is None:
            raise HTTPException(404, "There is no such job: see all at /api/v1/runs.")
        return job

    @router.get("", responses=_refusals(*OF_ALL))
    async def latest() -> list[JobAnswer]:
        """The latest 100 jobs, the last first."""
        return [_told(job) for job in queue.latest(MOST_SHOWN)]

    @router.get("/{job}", responses=_refusals(*OF_ALL, 404), **one)
    async def state(request: Request) -> JobAnswer:
        """What became of a job."""
        return _told(found(request))

    @router.get(
        "/{job}/report",
        responses=_refusals(*OF_ALL, 404, 409),
        response_model=dict[str, Any],
        **one,
    )
    def report(request: Request) -> Response:
        """The report of a job that is done, as its run holds it in report.json."""
        job = found(request)
        if job.run is None:
            raise HTTPException(409, f"The job has no report: it is {job.state}.")
        try:
            text = RunStore.current().read_file(job.run, "report.json")
        except FileNotFoundError as error:
            raise HTTPException(404, "The report is gone from the run store.") from error
        return Response(text, media_type=JSON)

    return router


def _told(job: Job) -> JobAnswer:
    report = f"{RUNS}/{job.job}/report" if job.state == "done" else None
    return JobAnswer(**job.model_dump(), report=report)


def _refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Refusal, "description": REFUSALS[code]} for code in sorted(codes)}

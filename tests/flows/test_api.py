"""The HTTP service over a real socket of this machine: who may ask, what is refused, what comes."""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prefect.settings import PREFECT_API_URL

from flows.api import create_app
from flows.api_guard import MOST_BYTES, required_token, served_place
from flows.api_jobs import FAILED, MOST_WAITING, Job, JobQueue
from flows.api_page import as_page
from flows.api_services import SERVICES
from flows.cli import build_parser
from flows.commands.api import listening, run_api
from tasks.errors import InputError
from tasks.run_store import RunStore

from .api_parts import Serve, client_of
from .serving import wait_for

CONFLICT, SBC, UPDATE = (f"/api/v1/bayesian/{name}" for name in SERVICES)
RUNS = "/api/v1/runs"
SECONDS = 30.0
TOKEN = "t0ken-of/this+test"  # noqa: S105 (no password)
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HOSTILE = "x<script>alert(1)</script>;id"
JSON = {"Content-Type": "application/json"}
QUICK = {"validation_type": "quick", "num_simulations": 20}
ABOUT = {"client_id": "acme", "model_id": "media_mix"}


class Work:
    """A runner whose jobs end as the test says."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: Exception | None = None

    async def __call__(self, service: str, values: Mapping[str, Any]) -> str:
        self.seen.append((service, dict(values)))
        while not self.may_end.is_set():
            await asyncio.sleep(0.005)
        if self.error is not None:
            raise self.error
        store = RunStore.current()
        report = store.save_text("report.json", json.dumps({"status": "calibrated", "n": "상점"}))
        store.publish("sbc-x/2026", {"report.json": report})
        return "sbc-x/2026"


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def serve(tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serve on a free port of this machine while a block lasts."""
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("WHENCE_API_DATA", raising=False)

    def served(token: str | None = None) -> AbstractContextManager[httpx.Client]:
        return client_of(create_app(JobQueue(tmp_path / "jobs", work), token))

    return served


def ended(client: httpx.Client, address: str, seconds: float = SECONDS) -> dict[str, Any]:
    """A job once it neither waits nor runs."""

    def state() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(address).json()
        return None if job["state"] in ("queued", "running") else job

    found: dict[str, Any] = wait_for(state, seconds, "the job ended")
    return found


def sentence(answer: httpx.Response) -> str:
    """What a refusal says; it has nothing else."""
    assert answer.headers["content-type"] == "application/json"
    content = answer.json()
    assert set(content) == {"error"}
    return str(content["error"])


ROUTES = [
    ("POST", SBC),
    ("POST", CONFLICT),
    ("POST", UPDATE),
    ("GET", RUNS),
    ("GET", f"{RUNS}/x"),
    ("GET", f"{RUNS}/x/report"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/elsewhere"),
]
WRONG: list[Any] = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"Authorization": f"Bearer {TOKEN.upper()}"},
    {"Authorization": "Bearer tök".encode()},
    {"X-Token": TOKEN},
]


def test_without_the_token_there_is_no_entry_but_to_health(serve: Serve, work: Work) -> None:
    with serve(TOKEN) as client:
        for method, path in ROUTES:
            for headers in WRONG:
                answer = client.request(method, path, headers=headers, content=b"{}")
                assert answer.status_code == 401, (method, path, headers)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert "Authorization: Bearer" in sentence(answer)
                assert TOKEN not in answer.text
        assert client.get("/health").json()["status"] == "ok"
        query = client.get(RUNS, params={"token": TOKEN, "access_token": TOKEN})
        assert query.status_code == 401
    assert work.seen == []


def test_with_the_token_every_route_is_served(serve: Serve) -> None:
    with serve(TOKEN) as client:
        codes = {}
        for method, path in ROUTES:
            answer = client.request(method, path, headers=BEARER | JSON, content=b"[]")
            codes[method, path] = answer.status_code
        assert client.get(RUNS, headers={"authorization": f"bearer {TOKEN}"}).status_code == 200
    assert list(codes.values()) == [422, 422, 422, 200, 404, 404, 200, 200, 404]


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200),
        ("LOCALHOST:8642", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8642", 200),
        ("evil.example", 400),
        ("evil.example:8642", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("127.0.0.1@evil.example", 400),
        ("localhost:8642:1", 400),
        ("192.168.0.1", 400),
        ("", 400),
    ],
)
def test_without_a_token_only_names_of_this_machine_are_served(
    host: str, code: int, serve: Serve
) -> None:
    with serve() as client:
        answers = [client.get(path, headers={"Host": host}) for path in ("/health", RUNS, "/docs")]
        assert [answer.status_code for answer in answers] == [code] * 3
    if code == 400:
        assert "127.0.0.1 or localhost" in sentence(answers[0])


def test_with_a_token_the_service_may_have_any_name(serve: Serve) -> None:
    with serve(TOKEN) as client:
        assert client.get(RUNS, headers=BEARER | {"Host": "whence.example"}).status_code == 200


@pytest.mark.parametrize("token", [None, TOKEN])
def test_nothing_is_taken_from_the_page_of_another_site(
    token: str | None, serve: Serve, work: Work
) -> None:
    with serve(token) as client:
        headers = JSON | (BEARER if token else {})
        own = str(client.base_url).rstrip("/")
        for origin in (
            "http://evil.example",
            "null",
            "http://127.0.0.1",
            f"{own}.evil.example",
            "",
        ):
            answer = client.post(SBC, headers=headers | {"Origin": origin}, json=QUICK)
            assert answer.status_code == 403, origin
            assert "another site" in sentence(answer)
        assert work.seen == []
        assert client.post(SBC, headers=headers | {"Origin": own}, json=QUICK).status_code == 202
        answer = client.get(RUNS, headers=headers | {"Origin": "http://evil.example"})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]


def chunks(size: int) -> Iterator[bytes]:
    """A body whose length no header tells."""
    for begin in range(0, size, 5000):
        yield b" " * min(5000, size - begin)


@pytest.mark.parametrize("path", [SBC, CONFLICT, UPDATE, "/elsewhere"])
def test_a_body_over_the_limit_is_refused_whether_or_not_it_tells_its_length(
    path: str, serve: Serve
) -> None:
    for size, is_refused in ((MOST_BYTES, False), (MOST_BYTES + 1, True)):
        for content in (b" " * size, chunks(size)):
            with serve() as client:
                answer = client.post(path, headers=JSON, content=content)
            assert ("content-length" in answer.request.headers) == isinstance(content, bytes)
            assert (answer.status_code == 413) == is_refused
            assert ("at most 65536 bytes" in sentence(answer)) == is_refused


def test_a_huge_body_is_refused_before_it_has_come(serve: Serve) -> None:
    with serve() as client, socket.create_connection(("127.0.0.1", client.base_url.port)) as wire:
        head = f"POST {SBC} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
        wire.sendall(head.encode() + b" " * (MOST_BYTES + 1))
        assert wire.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"]
)
def test_only_json_is_taken(kind: str, serve: Serve) -> None:
    with serve() as client:
        for service in (SBC, CONFLICT, UPDATE):
            answer = client.post(service, headers={"Content-Type": kind}, content=b"{}")
            assert answer.status_code == 415
            assert "application/json" in sentence(answer)
        utf8 = {"Content-Type": "Application/JSON; charset=utf-8"}
        answer = client.post(SBC, headers=utf8, content=json.dumps(QUICK))
        assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", 400, "must be JSON"),
        (b"{", 400, "must be JSON"),
        (b'{"seed": 1,}', 400, "must be JSON"),
        (b"\xff\xfe{}", 400, "UTF-8"),
        (b'{"model_id": "\xed\xa0\x80"}', 400, "UTF-8"),
        (b'{"model_id": "\\ud800"}', 400, "half of one"),
        (b"[" * 60_000, 400, "nested too deeply"),
        (b'{"seed":' * 8_000, 400, "nested too deeply"),
        (b'{"seed": [' + b"[" * 300 + b"]" * 300 + b"]}", 422, "recursion limit"),
        (b'{"seed": ' + b"9" * 5_000 + b"}", 400, "digits"),
        (b'{"seed": 1, "seed": 2}', 400, "twice"),
        (b"[]", 422, "must be an object of parameters, got list"),
        (b'"seed"', 422, "must be an object of parameters, got str"),
        (b"null", 422, "must be an object of parameters, got NoneType"),
        (b"NaN", 422, "must be an object of parameters, got float"),
        (b'{"adapt_delta": NaN}', 422, "finite"),
        (b'{"adapt_delta": -Infinity}', 422, "finite"),
        (b'{"adapt_delta": 1e999}', 422, "finite"),
        (b'{"seed": "1"}', 422, "seed must be a valid integer, got '1'"),
        (b'{"seed": true}', 422, "seed must be a valid integer, got True"),
        (b'{"seed": 1.5}', 422, "seed must be a valid integer, got 1.5"),
        (b'{"seed": -1}', 422, "seed must be greater than or equal to 0, got -1"),
        (b'{"adapt_delta": 1}', 422, "adapt_delta must be less than 1, got 1"),
        (b'{"adapt_delta": null}', 422, "adapt_delta must be a valid number, got None"),
        (b'{"num_simulations": 1}', 422, "num_simulations must be greater"),
        (b'{"model_id": "unheard_of"}', 422, "There is no model 'unheard_of'"),
        (b'{"model_id": "../../etc/passwd"}', 422, "There is no model"),
        (b'{"speed": 1}', 422, "There is no parameter 'speed'. Parameters are model_id"),
        (b'{"data": "/etc/passwd"}', 422, "There is no parameter 'data'"),
        (b'{"validation_type": "posterior"}', 422, "name one as design_of"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_a_sentence(
    body: bytes, code: int, said: str, serve: Serve, work: Work
) -> None:
    with serve() as client:
        answer = client.post(SBC, headers=JSON, content=body)
        assert client.get(RUNS).json() == []
    assert (answer.status_code, work.seen) == (code, [])
    assert said in sentence(answer)
    assert len(sentence(answer)) < 400


@pytest.mark.parametrize(
    ("path", "values", "said"),
    [
        (CONFLICT, {}, "client_id Field required"),
        (CONFLICT, ABOUT | {"until": "2024-02-30"}, "until must be a valid date"),
        (CONFLICT, ABOUT | {"until": 20240230}, "until must be a valid date"),
        (CONFLICT, ABOUT | {"confidence_threshold": 0.5}, "confidence_threshold must be greater"),
        (CONFLICT, ABOUT | {"client_id": "../acme"}, "client_id"),
        (UPDATE, {"session_id": "x", "min_evidence_strength": 0}, "min_evidence_strength must be"),
        (UPDATE, {"session_id": "x", "update_strategy": "guess"}, "update_strategy must be"),
    ],
)
def test_each_service_has_its_own_rules(
    path: str, values: dict[str, Any], said: str, serve: Serve
) -> None:
    with serve() as client:
        answer = client.post(path, json=values)
    assert answer.status_code == 422
    assert said in sentence(answer)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with one that is served: a contract, tables, and links that lead out."""
    served = tmp_path / "served"
    (served / "inner" / "tables").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret.yaml").write_text("name: secret", encoding="utf-8")
    (served / "own.yaml").write_text("name: own", encoding="utf-8")
    (served / "out").symlink_to(tmp_path / "secret")
    (served / "out.yaml").symlink_to("../secret.yaml")
    (served / "circle").symlink_to("circle")
    (served / "in").symlink_to("inner")
    (tmp_path / "served-too").mkdir()
    return tmp_path


PLACES_OUTSIDE = [
    "..",
    "../secret",
    "inner/../../secret",
    "out",
    "out/.",
    "circle",
    "absent",
    "../absent",
    "../served-too",
    "/",
    "/etc",
    "own.yaml/x",
    "a\0b",
    "x" * 5000,
    "~",
]


def test_places_outside_the_served_folder_are_refused_and_not_told_from_absent_ones(
    outside: Path, serve: Serve, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as client:
        monkeypatch.setenv("WHENCE_API_DATA", str(outside / "served"))
        said = set()
        for place in [*PLACES_OUTSIDE, str(outside / "secret")]:
            answer = client.post(CONFLICT, json=ABOUT | {"source": place})
            assert answer.status_code == 422, place
            said.add(re.sub("got .*?:", "got X:", sentence(answer)))
            assert str(outside / "served") not in answer.text
        assert len(said) == 1
        for place in ("../secret.yaml", "out.yaml", str(outside / "secret.yaml"), "absent.yaml"):
            answer = client.post(CONFLICT, json=ABOUT | {"model_id": place})
            assert answer.status_code == 422, place
            assert "media_mix" in sentence(answer)
    assert work.seen == []


def test_places_below_the_served_folder_are_admitted_and_kept_as_they_were_named(
    outside: Path, serve: Serve, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = outside / "served"
    monkeypatch.setenv("WHENCE_API_DATA", str(served))
    with serve() as client:
        monkeypatch.setenv("WHENCE_API_DATA", str(served))
        given = {"client_id": "acme", "model_id": "own.yaml", "source": "in/tables"}
        address = client.post(CONFLICT, json=given).json()["address"]
        told = ended(client, address)["parameters"]
    assert {name: told[name] for name in given} == given
    assert work.seen == [("prior-conflict", told)]
    admitted = SERVICES["prior-conflict"].admit(
        SERVICES["prior-conflict"].request.model_validate(told)
    )
    places = admitted.model_dump(include={"model_id", "source"})
    assert places == {
        "model_id": str(served.resolve() / "own.yaml"),
        "source": str(served.resolve() / "inner" / "tables"),
    }


@pytest.mark.parametrize("folder", [None, ""])
def test_where_no_folder_is_served_a_model_is_a_known_name_and_there_is_no_source(
    folder: str | None, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as client:
        if folder is not None:
            monkeypatch.setenv("WHENCE_API_DATA", folder)
        assert client.post(CONFLICT, json=ABOUT).status_code == 202
        for changes in ({"source": "."}, {"model_id": "README.md"}, {"model_id": "/etc/passwd"}):
            answer = client.post(CONFLICT, json=ABOUT | changes)
            assert answer.status_code == 422
            assert "WHENCE_API_DATA" in sentence(answer)


def test_a_served_place_is_absolute_and_without_links(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outside / "link").symlink_to("served")
    monkeypatch.setenv("WHENCE_API_DATA", str(outside / "link"))
    real = outside.resolve() / "served"
    assert served_place("in", "source") == real / "inner"
    assert served_place(str(real / "inner"), "source") == real / "inner"
    for link in ("out", "out.yaml", "circle"):
        with pytest.raises(InputError, match="must lie below the folder that the server serves"):
            served_place(".", "source")
        (real / link).unlink()
    assert served_place(".", "source") == real


def test_a_job_is_accepted_with_an_address_that_tells_all_of_it(serve: Serve, work: Work) -> None:
    work.may_end.clear()
    with serve() as client:
        answer = client.post(SBC, json=QUICK | {"seed": 5})
        accepted = answer.json()
        assert answer.status_code == 202
        assert re.fullmatch("[0-9a-f]{32}", accepted["job"])
        assert accepted["state"] == "queued"
        assert answer.headers["location"] == accepted["address"] == f"{RUNS}/{accepted['job']}"
        running = wait_for(
            lambda: (job := client.get(accepted["address"]).json())["state"] == "running" and job,
            SECONDS,
            "the job ran",
        )
        assert running["report"] is None
        early = client.get(f"{accepted['address']}/report")
        assert early.status_code == 409
        assert "it is running" in sentence(early)
        work.may_end.set()
        done = ended(client, accepted["address"])
        report = client.get(done["report"])
        assert client.get(RUNS).json() == [done]
    assert set(done) == {
        *("job", "service", "state", "parameters", "submitted"),
        *("began", "ended", "tries", "run", "error", "report"),
    }
    assert (done["service"], done["state"], done["error"]) == ("sbc-validate", "done", None)
    assert done["run"] == "sbc-x/2026"
    assert done["parameters"] == {
        "model_id": "hierarchical_noncentered",
        "validation_type": "quick",
        "num_simulations": 20,
        "design_of": None,
        "seed": 5,
        "adapt_delta": 0.8,
    }
    assert report.status_code == 200
    assert report.json() == {"status": "calibrated", "n": "상점"}
    assert report.headers["content-type"] == "application/json"


def test_what_is_unknown_is_not_found(serve: Serve, tmp_path: Path) -> None:
    with serve() as client:
        done = ended(client, client.post(SBC, json=QUICK).json()["address"])
        (tmp_path / "jobs" / "x.json").write_text("{}", encoding="utf-8")
        for name in ("x", "..%2f..%2fetc%2fpasswd", "%00", done["job"][:8], done["job"].upper()):
            assert client.get(f"{RUNS}/{name}").status_code == 404
            assert client.get(f"{RUNS}/{name}/report").status_code == 404
        (tmp_path / "runs" / "sbc-x" / "2026" / "report.json").unlink()
        gone = client.get(done["report"])
        assert gone.status_code == 404
        assert "gone from the run store" in sentence(gone)
        assert client.get("/api/v1/runs/").status_code == 404
        assert client.post(RUNS, json={}).status_code == 405
        for page in ("/redoc", "/docs/oauth2-redirect", "/static/swagger-ui.js"):
            assert client.get(page).status_code == 404


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (InputError("There is no client 'acme'."), "There is no client 'acme'."),
        (OSError(5), FAILED),
    ],
)
def test_a_job_that_fails_says_why_and_has_no_report(
    error: Exception, shown: str, serve: Serve, work: Work
) -> None:
    work.error = error
    with serve() as client:
        failed = ended(client, client.post(CONFLICT, json=ABOUT).json()["address"])
        answer = client.get(f"{RUNS}/{failed['job']}/report")
    assert (failed["state"], failed["error"], failed["report"]) == ("failed", shown, None)
    assert (answer.status_code, "it is failed" in sentence(answer)) == (409, True)


def test_a_full_queue_asks_to_come_again(serve: Serve, work: Work) -> None:
    work.may_end.clear()
    with serve() as client:
        address = client.post(SBC, json=QUICK).json()["address"]
        wait_for(lambda: client.get(address).json()["state"] == "running", SECONDS, "it ran")
        waiting = [client.post(SBC, json=QUICK).status_code for _ in range(MOST_WAITING)]
        answer = client.post(SBC, json=QUICK)
        assert waiting == [202] * MOST_WAITING
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "send it again later" in sentence(answer)
        assert len(client.get(RUNS).json()) == MOST_WAITING + 1


def test_the_list_shows_the_latest_hundred(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    for second in range(105):
        submitted = datetime(2024, 1, 1, 0, second // 60, second % 60, tzinfo=UTC)
        job = Job(job=f"{second}", service="x", state="done", parameters={}, submitted=submitted)
        (tmp_path / "jobs" / f"{second}.json").write_text(job.model_dump_json(), encoding="utf-8")
    with serve() as client:
        names = [job["job"] for job in client.get(RUNS).json()]
    assert names == [str(second) for second in range(104, 4, -1)]


def test_a_server_that_fails_says_so_and_no_more(serve: Serve, tmp_path: Path) -> None:
    with serve() as client:
        (tmp_path / "jobs").rmdir()
        answer = client.post(SBC, json=QUICK)
    assert answer.status_code == 500
    assert sentence(answer) == "The server failed; see its log."


def test_the_page_needs_no_script_and_nothing_from_elsewhere(serve: Serve) -> None:
    with serve(TOKEN) as client:
        answer = client.get("/docs", headers=BEARER)
        document = client.get("/openapi.json", headers=BEARER).json()
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in page
    assert re.findall(r'(?:src|href|action)="([^"]*)"|@import|url\(', page) == ["/openapi.json"]
    assert "default-src 'none'" in page
    assert page.count("<section>") == sum(map(len, document["paths"].values())) == 7
    for word in ("data_period_months", "at most 600", "above 0.5, below 1", "required", "0.95"):
        assert word in page
    assert "Whose beliefs are tested." in page
    assert "below 4294967296" in page
    assert "$WHENCE_API_TOKEN" in page
    assert TOKEN not in page + json.dumps(document)


def test_the_examples_of_the_page_work_in_a_shell(serve: Serve, work: Work) -> None:
    with serve() as client:
        page = client.get("/docs").text
        commands = re.findall("<pre>(.*?)</pre>", page, re.DOTALL)
        for command in commands:
            words = command.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")
            if "-d" in words:
                done = subprocess.run(["sh", "-c", f"{words} -s"], capture_output=True, check=True)
                assert json.loads(done.stdout)["state"] == "queued"
    assert len(commands) == 7
    wait_for(
        lambda: [service for service, _ in work.seen] == list(SERVICES), SECONDS, "all jobs ran"
    )


def test_nothing_can_break_out_of_the_page(serve: Serve) -> None:
    app = FastAPI(title=HOSTILE, description=HOSTILE)

    @app.get("/x", description=HOSTILE)
    async def x() -> None: ...

    page = as_page(app.openapi(), f"http://{HOSTILE}")
    assert page.count("&lt;script&gt;") >= 4
    assert "<script" not in page
    assert "curl \\\n  &#39;http://" in page  # quoted for the shell
    with serve(TOKEN) as client:
        answer = client.get("/docs", headers=BEARER | {"Host": HOSTILE})
    assert answer.status_code == 200
    assert "<script" not in answer.text


def test_a_token_must_be_a_secret_that_a_header_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for token in ("", " ", "two words", "tab\t", "비밀", "line\n"):
        monkeypatch.setenv("WHENCE_API_TOKEN", token)
        with pytest.raises(InputError, match="WHENCE_API_TOKEN must be") as caught:
            required_token("127.0.0.1")
        assert not token.strip() or token not in str(caught.value)
    monkeypatch.setenv("WHENCE_API_TOKEN", TOKEN)
    assert required_token("0.0.0.0") == TOKEN  # noqa: S104 (nothing listens)


def test_without_a_token_no_other_machine_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHENCE_API_TOKEN", raising=False)
    for host in ("127.0.0.1", "::1", "localhost"):
        assert required_token(host) is None
    for host in ("0.0.0.0", "::", "192.168.0.1", "", "example.org", "127.0.0.1.evil"):  # noqa: S104
        with pytest.raises(InputError, match="set WHENCE_API_TOKEN to a secret"):
            run_api(argparse.Namespace(host=host, port=0))


def test_a_port_in_use_is_refused_in_a_sentence() -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} of 127.0.0.1 .*in use.*--port"):
            run_api(argparse.Namespace(host="127.0.0.1", port=port, fd=None))
    with pytest.raises(InputError, match=r"Port 80 of no\.such\.host\.invalid"):
        listening("no.such.host.invalid", 80)


@pytest.mark.parametrize("port", ["-1", "65536", "x", "", "80.0"])
def test_a_port_is_a_number_of_a_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["api", "--port", port])
    assert "must be a port from 0 to 65535" in capsys.readouterr().err


@contextmanager
def command(environment: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """`whence api` as a process, and a client that has the token."""
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "api", "--port", "0"],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "clients send the token in WHENCE_API_TOKEN" in said
            address = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert address is not None
            with httpx.Client(
                base_url=address[0], headers=BEARER, trust_env=False, timeout=60
            ) as client:
                yield process, client
        finally:
            process.kill()


def child_of(process: subprocess.Popen[str]) -> int | None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    return int(children[0]) if children else None


@pytest.mark.usefixtures("prefect_server")
def test_the_command_serves_a_calibration_and_is_restarted(tmp_path: Path) -> None:
    environment = os.environ | {
        "WHENCE_RUNS": str(tmp_path / "runs"),
        "WHENCE_DATA": str(tmp_path / "data"),
        "WHENCE_API_TOKEN": TOKEN,
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
    }
    with command(environment) as (process, client):
        first = client.post(SBC, json=QUICK).json()["address"]
        done = ended(client, first, seconds=300)
        assert (done["state"], done["error"]) == ("done", None)
        report = client.get(done["report"]).json()
        folder = tmp_path / "runs" / done["run"]
        assert report == json.loads((folder / "report.json").read_text(encoding="utf-8"))
        assert report["status"]
        second, third = (client.post(UPDATE, json={"session_id": name}) for name in ("a", "b"))
        child = wait_for(lambda: child_of(process), SECONDS, "a job had a process")
        assert TOKEN not in Path(f"/proc/{child}/environ").read_text("utf-8")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        assert not Path(f"/proc/{child}").exists()
    with command(environment) as (process, client):
        for job in (second, third):
            wait_for(
                lambda at=job.headers["location"]: client.get(at).json()["began"], 120, "it began"
            )
        assert client.get(first).json() == done
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0

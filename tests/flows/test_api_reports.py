"""Runs over HTTP: whole ones, the files that their manifests name, and nothing else."""

import json
import os
import shutil
import socket
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from flows.api import create_app
from flows.api_jobs import JobQueue
from flows.api_reports import HEADERS, MOST_LISTED
from tasks.report.data_docs import DATA_DOCS
from tasks.run_store import MANIFEST, Artifact, RunStore

from .api_parts import Serve, client_of

TOKEN = "a-token-of-this-test"  # noqa: S105 (no password)
RUN = "상점/2026-01-02T03-04-05-678-abcdef"
HOSTILE = "<script>alert(1)</script>\u202e&x"
PAGE = "<!DOCTYPE html><title>상점</title><style>p{color:red}</style><p>1</p>"
BINARY = bytes(range(256))


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serve on a free port of this machine while a block lasts."""

    async def never(service: str, values: object) -> str:
        raise AssertionError(service, values)

    def served(token: str | None = None) -> AbstractContextManager[httpx.Client]:
        return client_of(create_app(JobQueue(tmp_path / "jobs", never), token))

    return served


@pytest.fixture(params=["folder", "memory"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunStore:
    """The current store: a folder, or another file system."""
    folder = tmp_path / "runs"
    root = str(folder) if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    monkeypatch.setenv("WHENCE_RUNS", root)
    return RunStore.current()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The current store: a folder."""
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    return RunStore.current()


def keep(store: RunStore, run: str = RUN, task: str = "amount", **more: str) -> dict[str, Artifact]:
    """A whole run."""
    files = {
        "report.html": store.save_text("report.html", PAGE),
        DATA_DOCS: store.save_text(DATA_DOCS, PAGE),
        "report.txt": store.save_text("report.txt", "상점\n"),
        "domain.yaml": store.save_text("domain.yaml", "name: 상점\n"),
        "figures/shares.png": store.save("shares.png", lambda path: path.write_bytes(BINARY)),
        "features.parquet": store.save("features", lambda path: path.write_bytes(BINARY)),
        **{name: store.save_text(name, text) for name, text in more.items()},
    }
    manifest = {
        "domain": run.partition("/")[0],
        "task": task,
        "began": "2026-01-02T03:04:05+00:00",
        "seconds": 1.5,
        "digests": {name: artifact.sha256 for name, artifact in files.items()},
    }
    store.publish(run, files | {MANIFEST: store.save_text(MANIFEST, json.dumps(manifest))})
    return files


def as_it_is(client: httpx.Client, path: str) -> bytes:
    """What comes of a path that no client tidies up."""
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        lines = f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", "", ""
        connection.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def place(file: str, run: str = RUN) -> str:
    return f"/runs/{quote(f'{run}/{file}')}"


def test_a_file_comes_as_it_was_saved_and_is_shown_or_saved(serve: Serve, store: RunStore) -> None:
    keep(store)
    kinds = {
        "report.html": ("text/html; charset=utf-8", PAGE.encode()),
        DATA_DOCS: ("text/html; charset=utf-8", PAGE.encode()),
        "report.txt": ("text/plain; charset=utf-8", "상점\n".encode()),
        "domain.yaml": ("text/plain; charset=utf-8", "name: 상점\n".encode()),
        "figures/shares.png": ("image/png", BINARY),
        "features.parquet": ("application/octet-stream", BINARY),
    }
    with serve() as client:
        for file, (kind, content) in kinds.items():
            answer = client.get(place(file))
            assert (answer.status_code, answer.content) == (200, content)
            assert answer.headers["content-type"] == kind
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            saved = answer.headers.get("content-disposition")
            assert saved == ("attachment" if file == "features.parquet" else None)
            assert client.head(place(file)).status_code == 200


def test_only_what_the_manifest_names_is_served(serve: Serve, store: RunStore) -> None:
    files = keep(store, run="상점/2026-01-01T00-00-00-000-aaaaaa")
    keep(store)
    store.publish(RUN, {"secret.txt": files["report.txt"]})
    began = "상점/2026-02-01T00-00-00-000-bbbbbb"
    store.publish(began, {"report.html": files["report.html"]})
    object_path = files["report.html"].path
    hostile = [
        place("secret.txt"),
        place(MANIFEST),
        place("figures"),
        place("nothing.html"),
        place("report.html", began),
        place("report.html", "가게/2026"),
        f"/runs/{object_path}",
        f"/runs/.objects/{object_path.partition('/')[2]}",
        f"/runs/.results/{object_path}",
        f"/runs/{quote(RUN)}",
        f"/runs/{quote(RUN)}/",
        f"/runs/{quote(RUN)}//report.html",
        f"/runs/{quote(RUN)}/./report.html",
        f"/runs/{quote(RUN)}/figures/../report.html",
        f"/runs/{quote(RUN)}/%2e%2e/2026-01-01T00-00-00-000-aaaaaa/report.html",
        f"/runs/{quote(RUN)}/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/runs/%2e%2e/%2e%2e/etc/passwd",
        "/runs/..%2f../x/etc/passwd",
        "/runs/*/*/report.html",
        f"/runs/{quote(RUN)}/*.html",
        f"/runs/{quote(RUN)}/report.html%00",
        f"/runs/{quote(RUN)}/report%0a.html",
        f"/runs/{'x' * 5000}/y/z",
        "/runs/%ff%fe/y/z",
        "/runs/상점\\2026/y/report.html",
    ]
    with serve() as client:
        for path in hostile:
            head, _, body = as_it_is(client, path).partition(b"\r\n\r\n")
            assert head.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), path
            assert body == b"Invalid HTTP request received." or set(json.loads(body)) == {"error"}
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, place("report.html")).status_code == 405


def test_a_file_with_other_bytes_is_not_served_and_stays(serve: Serve, store: RunStore) -> None:
    keep(store)
    other = store.save_text("report.html", "<p>other</p>")
    store.publish(RUN, {"report.html": other})
    with serve() as client:
        assert client.get(place("report.html")).status_code == 404
        assert client.get(place("report.txt")).status_code == 200
    assert store.read_file(RUN, "report.html") == "<p>other</p>"


def test_no_link_is_followed_out_of_the_root(
    serve: Serve, folder: RunStore, tmp_path: Path
) -> None:
    keep(folder)
    root, outside = Path(folder.root), tmp_path / "outside"
    (root / RUN).rename(outside)
    (root / RUN).symlink_to(outside, target_is_directory=True)
    keep(folder, run="가게/2026")
    shown = root / "가게/2026/report.txt"
    secret = tmp_path / "secret.txt"
    shutil.copyfile(shown, secret)
    shown.unlink()
    shown.symlink_to(secret)
    with serve() as client:
        assert client.get(place("report.html")).status_code == 404
        assert client.get(place("report.txt", "가게/2026")).status_code == 404
        assert client.get(place("report.html", "가게/2026")).status_code == 200


def test_a_root_that_is_a_link_is_served(
    serve: Serve, folder: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(folder)
    (tmp_path / "link").symlink_to(folder.root, target_is_directory=True)
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "link"))
    with serve() as client:
        assert client.get(place("report.html")).text == PAGE


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"digests": []}', '{"digests": {"a": 1}}', "null"]
)
def test_a_broken_manifest_is_no_run(serve: Serve, folder: RunStore, text: str) -> None:
    artifacts = keep(folder)
    run = "상점/2026-03"
    manifest = folder.save_text(MANIFEST, text)
    folder.publish(run, {MANIFEST: manifest, "a": artifacts["report.txt"]})
    with serve() as client:
        assert client.get(place("a", run)).status_code == 404
        listed = client.get("/runs")
        assert (listed.status_code, RUN.partition("/")[2] in listed.text) == (200, True)


def test_runs_are_listed_the_last_first_with_links(serve: Serve, store: RunStore) -> None:
    with serve() as client:
        assert "No run has ended yet" in client.get("/runs").text
        keep(store, run="상점/2026-01-01T00-00-00-000-aaaaaa")
        keep(store, **{"report.json": "{}"})
        answer = client.get("/runs")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.text.index(RUN.partition("/")[2]) < answer.text.index("2026-01-01T00")
        links = [part.partition('"')[0] for part in answer.text.split('href="')[1:]]
        assert links == [
            place("report.html"),
            place(DATA_DOCS),
            place("report.json"),
            place("report.html", "상점/2026-01-01T00-00-00-000-aaaaaa"),
            place(DATA_DOCS, "상점/2026-01-01T00-00-00-000-aaaaaa"),
        ]
        assert all(client.get(link).status_code == 200 for link in links)


def test_names_are_escaped_in_the_list(serve: Serve, folder: RunStore) -> None:
    keep(folder, run='<b>a&b\'"/2026%2F"><i>', task=HOSTILE)
    with serve() as client:
        page = client.get("/runs").text
        assert "<script>" not in page
        assert "<b>" not in page
        assert "<i>" not in page
        assert "\u202e" not in page
        (link, _) = [part.partition('"')[0] for part in page.split('href="')[1:]]
        assert client.get(link).text == PAGE


def test_only_so_many_runs_are_listed(serve: Serve, folder: RunStore) -> None:
    keep(folder)
    kept = Path(folder.root) / RUN / MANIFEST
    for number in range(MOST_LISTED):
        other = Path(folder.root) / "가게" / f"2027-{number:03d}"
        other.mkdir(parents=True)
        os.link(kept, other / MANIFEST)
    with serve() as client:
        page = client.get("/runs").text
    assert f"The latest {MOST_LISTED} of {MOST_LISTED + 1}" in page
    assert page.count("<tr><td>") == MOST_LISTED
    assert RUN.partition("/")[2] not in page


def test_a_token_guards_runs_as_all_else(serve: Serve, folder: RunStore) -> None:
    keep(folder)
    with serve(TOKEN) as client:
        for path in ("/runs", place("report.html")):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": "Bearer x"}).status_code == 401
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert client.get(path, headers=bearer).status_code == 200


def test_a_site_that_takes_this_machine_s_address_reads_no_run(
    serve: Serve, folder: RunStore
) -> None:
    keep(folder)
    with serve() as client:
        for path in ("/runs", place("report.html")):
            assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


def test_a_client_that_goes_away_does_not_end_the_service(serve: Serve, folder: RunStore) -> None:
    keep(folder)
    with serve() as client:
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            connection.sendall(f"GET {place('report.html')} HTTP/1.1\r\nHost: 127.0.0.1".encode())
        assert client.get(place("report.html")).text == PAGE

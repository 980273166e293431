"""A run tells no secret, speaks to this machine alone, and leaves nothing that others can read."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.relations.sql_databases import fill

from .conftest import SIZES, SmallDatabase

ROOT = Path(__file__).parents[2]
SECRETS = {
    "WAREHOUSE": "geheim-quelle",
    "BROKEN": "geheim-weg",
    "WHENCE_DATABASE": "geheim-register",
    "WHENCE_API_TOKEN": "geheim-token",
    "AWS_SECRET_ACCESS_KEY": "geheim-aws",
}
BLOCK = "geheim-block"
RECORDER = '''
"""Writes down to whom every process of Python speaks, and on what it listens."""
import json, os, sys

def record(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        told = args[1]
    elif event == "socket.getaddrinfo":
        told = [args[0], args[1]]
    else:
        return
    if isinstance(told, (tuple, list)):
        told = [part.decode() if isinstance(part, bytes) else part for part in told]
        line = json.dumps([event, told, os.getpid()])
        descriptor = os.open(os.environ["RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line.encode() + b"\\n")
        os.close(descriptor)

sys.addaudithook(record)
'''
JOB = """
import os, sys
from flows.cli import main
contract, table, *sizes = sys.argv[1:]
settings = [word for size in sizes for word in ("--set", size)]
codes = [main(["run", contract, "--source", "env:WAREHOUSE", "--debug", *settings])]
from prefect.blocks.system import Secret
Secret(value=os.environ["IN_BLOCK"]).save("shop", overwrite=True)
codes += [
    main(["run", contract, "--source", "block:shop", *settings]),
    main(["run", contract, "--source", "env:BROKEN", "--debug", *settings]),
    main(["check", contract, "--source", "env:BROKEN", "--debug"]),
    main(["profile", "block:shop", "--target", "sales.amount", "-o", table]),
    main(["run", contract, "--source", os.environ["BROKEN"], "--debug"]),
    main(["beliefs", "history", "acme", "--debug"]),
    main(["runs"]),
    main(["runs", "--check"]),
]
os.environ["WHENCE_RUNS"] = "s3://AKIA:" + os.environ["AWS_SECRET_ACCESS_KEY"] + "@bucket/runs"
codes.append(main(["runs", "--debug"]))
print("CODES", codes)
"""


@dataclass
class Watch:
    """What was seen of processes while they ran.

    Attributes
    ----------
    commands
        Their command lines.
    sockets
        Own and other address of each socket; all zeros where none.
    """

    commands: set[str] = field(default_factory=set)
    sockets: set[tuple[str, str]] = field(default_factory=set)


def address(text: str) -> str:
    """An address of ``/proc/net``: words of four bytes, each from its last byte on."""
    number = bytes.fromhex(text.partition(":")[0])
    words = [number[i : i + 4][::-1] for i in range(0, len(number), 4)]
    found = ip_address(b"".join(words))
    return str(getattr(found, "ipv4_mapped", None) or found)


def look(mark: str, watch: Watch) -> None:
    """See all processes whose environment holds a mark."""
    inodes: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes():
                watch.commands.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
                for descriptor in (process / "fd").iterdir():
                    with suppress(OSError):
                        inodes |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes:
                watch.sockets.add((address(words[1]), address(words[2])))


@contextmanager
def watching(mark: str) -> Iterator[Watch]:
    watch, over = Watch(), threading.Event()

    def work() -> None:
        while not over.is_set():
            look(mark, watch)
            time.sleep(0.2)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


@dataclass
class Done:
    """A process that has ended, what it wrote, and what was seen of it."""

    folder: Path
    output: str
    watch: Watch
    spoken: list[tuple[str, list[Any]]]


def run_watched(folder: Path, code: str, *arguments: str, **variables: str) -> Done:
    """Run a script in a process with roots of its own, as a user whose files all may read."""
    (folder / "recorder").mkdir(parents=True)
    (folder / "recorder" / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT")},
        "PYTHONPATH": os.pathsep.join([str(folder / "recorder"), str(ROOT)]),
        "RECORD": str(folder / "record"),
        "WHENCE_RUNS": str(folder / "runs"),
        "WHENCE_DATA": str(folder / "data"),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
        **variables,
    }
    with (folder / "output").open("wb") as output, watching(str(folder / "record")) as watch:
        subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=0o022,
            timeout=3000,
            check=True,
        )
    lines = (folder / "record").read_text(encoding="utf-8").splitlines()
    spoken = [(event, told) for event, told, _ in map(json.loads, lines)]
    return Done(folder, (folder / "output").read_text(encoding="utf-8"), watch, spoken)


def is_loopback(host: object) -> bool:
    if not isinstance(host, str):
        return False
    with suppress(ValueError):
        return ip_address(host.partition("%")[0]).is_loopback
    return host == "localhost"


def elsewhere(done: Done) -> list[tuple[str, list[Any]]]:
    """To whom else a process spoke, or tried to, and where it listened beyond this machine."""
    spoken = [
        (event, told)
        for event, told in done.spoken
        if not is_loopback(told[0]) and not (event == "socket.getaddrinfo" and told[0] is None)
    ]
    seen = [
        ("seen", [own, other])
        for own, other in done.watch.sockets
        if not is_loopback(own) or not (is_loopback(other) or ip_address(other).is_unspecified)
    ]
    return spoken + seen


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]) -> Done:
    """Runs that read tables with passwords, some of which do not come to their end."""
    folder = tmp_path_factory.mktemp("watched")
    database = SmallDatabase(folder / "database")
    database.content["source"] = {"kind": "sql"}
    path = database.write()
    frames = {
        name: frame.with_columns(pl.col("day").cast(pl.Date)) if "day" in frame.columns else frame
        for name, frame in database.tables.items()
    }
    served, register = new_database("postgresql"), new_database("postgresql")
    fill(served, frames)

    def secretly(url: str, secret: str) -> str:
        return url.replace("postgres:@", f"postgres:{secret}@")

    variables = {
        **SECRETS,
        "WAREHOUSE": secretly(served, SECRETS["WAREHOUSE"]),
        "IN_BLOCK": secretly(served, BLOCK),
        "BROKEN": f"postgresql://ann:{SECRETS['BROKEN']}@127.0.0.1:1/shop",
        "WHENCE_DATABASE": secretly(register, SECRETS["WHENCE_DATABASE"]),
    }
    sizes = {**SIZES, "retrain": 0, "check_model": "never"}
    settings = [f"{name}={value}" for name, value in sizes.items()]
    return run_watched(
        folder / "own", JOB, path, str(folder / "own" / "drafted.yaml"), *settings, **variables
    )


def test_the_runs_came_to_the_end_they_should(done: Done) -> None:
    assert "CODES [0, 0, 2, 2, 0, 2, 2, 0, 0, 2]" in done.output, done.output[-3000:]
    assert "connection failed" in done.output
    assert "WHENCE_RUNS must hold no password or key" in done.output
    assert done.output.count("Traceback (most recent call last)") >= 3


def test_no_secret_is_in_any_file_or_message_or_command_line(done: Done) -> None:
    kept = [path for path in done.folder.rglob("*") if path.is_file()]
    assert {"prefect.db", "output", "manifest.json", "drafted.yaml"} <= {path.name for path in kept}
    for path in kept:
        content = path.read_bytes()
        for secret in (*SECRETS.values(), BLOCK):
            assert secret.encode() not in content, path
    assert any("prefect" in command for command in done.watch.commands)
    assert not [command for command in done.watch.commands if "geheim" in command]


def test_a_run_speaks_to_this_machine_alone(done: Done) -> None:
    assert elsewhere(done) == []
    events = {event for event, _ in done.spoken}
    assert {"socket.connect", "socket.bind"} <= events
    assert any(is_loopback(own) for own, _ in done.watch.sockets)


def test_what_a_run_leaves_is_for_nobody_else(done: Done) -> None:
    """Whoever runs it lets all read their files; its group sees them as before."""
    roots = [done.folder / name for name in ("runs", "data", "prefect")]
    for path in (path for root in roots for path in (root, *root.rglob("*"))):
        assert path.lstat().st_mode & 0o007 == 0, path
    assert (done.folder / "data").stat().st_mode & 0o777 == 0o700
    assert (done.folder / "data" / "key").stat().st_mode & 0o777 == 0o600


SPREAD = """
import os
from tasks.parallel import spread
for place in ("processes", "dask"):
    os.environ["WHENCE_RUNNER"] = place
    print(place, list(spread(abs, range(-4, 0), workers=2)))
"""


def test_workers_listen_on_the_loopback_alone(tmp_path: Path) -> None:
    done = run_watched(tmp_path / "own", SPREAD)
    assert "processes [4, 3, 2, 1]\n" in done.output
    assert "dask [4, 3, 2, 1]\n" in done.output
    assert elsewhere(done) == []
    assert any(event == "socket.bind" for event, _ in done.spoken)


SPEAKS = """
import socket
with socket.socket() as everywhere, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
    everywhere.bind(("0.0.0.0", 0))
    everywhere.listen()
    far.connect(("192.0.2.1", 9))
    import time
    time.sleep(2)
"""


def test_control_the_watch_sees_who_speaks_elsewhere(tmp_path: Path) -> None:
    done = run_watched(tmp_path / "own", SPEAKS)
    assert ("socket.bind", ["0.0.0.0", 0]) in done.spoken  # noqa: S104
    assert ("socket.connect", ["192.0.2.1", 9]) in done.spoken
    assert [event for event, _ in elsewhere(done)].count("seen") == 2


LIBRARIES = """
import json, sys
from flows.environment import quiet_environment
quiet_environment(debug=False)
from flows.cli import main
contract, request = sys.argv[1:]
codes = [main(["check", contract])]
sys.stdin = open(request, encoding="utf-8")
codes.append(main(["scm", "fit"]))
print("CODES", codes, sorted({"great_expectations", "dowhy"} & set(sys.modules)))
"""


def test_libraries_that_could_send_something_do_not(tmp_path: Path) -> None:
    """Great Expectations and DoWhy at work."""
    database = SmallDatabase(tmp_path / "database")
    x = [float(k % 17) for k in range(200)]
    request = {
        "graph": {"nodes": ["X", "Y"], "edges": [["X", "Y"]]},
        "traces": {"X": x, "Y": [2 * value + k % 3 for k, value in enumerate(x)]},
        "config": {"seed": 1},
    }
    (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")
    done = run_watched(
        tmp_path / "own",
        LIBRARIES,
        database.write(),
        str(tmp_path / "request.json"),
    )
    assert "CODES [0, 0] ['dowhy', 'great_expectations']" in done.output, done.output[-2000:]
    assert '"status": "success"' in done.output
    assert elsewhere(done) == []

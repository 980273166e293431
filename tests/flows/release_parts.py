"""Versions of the product in environments of their own, and a client that never stops asking."""

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from flows.installation.identity import revisions
from flows.release.beside import NAME as BESIDE
from flows.service.folder import end_leftovers
from flows.service.health import ask

from .serving import Service, deployment, serving

ROOT = Path(__file__).parents[2]
SECONDS_FOR_A_RELEASE = 2400.0
CODE = ("flows", "tasks", "stan", "data_contracts")
Edits = Mapping[str, tuple[str, str]]
"""By file: a text that stands there once, and what stands there in its place; after nothing, a
file is made."""


MIGRATIONS = Path("server", "database", "_migrations", "versions", "sqlite")
LATER = """
from alembic import op

revision = "whence0later"
down_revision = {head!r}

def upgrade():
    op.execute("CREATE TABLE later (id INTEGER)")

def downgrade():
    op.execute("DROP TABLE later")
"""


def make_environment(folder: Path, version: str, edits: Edits | None = None) -> Path:
    """An environment with a version of the product: this one's code, with edits."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    code = folder / "code"
    for name in CODE:
        shutil.copytree(ROOT / name, code / name)  # with what is compiled, by the same times
    shutil.copy2(ROOT / "prefect.yaml", code)
    metadata = code / f"whence-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: whence\nVersion: {version}\n")
    for name, (old, new) in (edits or {}).items():
        edit(code / name, old, new)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / python / "site-packages"
    libraries = sysconfig.get_path("purelib")
    (site / "whence.pth").write_text(f"{code}\n{libraries}\n", encoding="utf-8")
    return folder


def give_later_prefect(environment: Path) -> None:
    """Give an environment a Prefect of its own, whose database has a migration more."""
    prefect = Path(sysconfig.get_path("purelib")) / "prefect"
    own = environment / "code" / "prefect"
    shutil.copytree(prefect, own, copy_function=os.symlink)
    text = LATER.format(head=revisions(own / MIGRATIONS).head)
    (own / MIGRATIONS / "9999_later.py").write_text(text, encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    if not old:
        path.write_text(new, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


REGISTRY_MIGRATION = """
import os
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {head!r}
TABLE = "prior_elicitation_sessions"

def upgrade():
    op.add_column(TABLE, sa.Column("later", sa.Text))

def downgrade():
    op.drop_column(TABLE, "later")
    Path(os.environ["WHENCE_DATA"], "downgraded").touch()
"""
VERSIONS = "tasks/beliefs/migrations/versions"
HEAD = revisions(ROOT / VERSIONS).head
LATER_REGISTRY = {f"{VERSIONS}/9999_later.py": ("", REGISTRY_MIGRATION.format(head=HEAD))}
IS_LIVE = "not __import__('os').environ['WHENCE_DATA'].endswith('beside')"


def whence(environment: Path, *words: str) -> list[str]:
    """A command of a version."""
    return [str(environment / "bin" / "python3"), "-m", "flows.cli", *words]


def release(service: Service, environment: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Carry out ``whence release`` of a version."""
    return subprocess.run(
        whence(environment, "release", *words),
        cwd=service.work,
        env=service.variables,
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_A_RELEASE,
        check=False,
    )


def serving_version(service: Service) -> str:
    """The version that answers."""
    return str(ask(f"{service.state.api}/health")["version"])


def is_paused(service: Service) -> bool:
    return bool(service.ask("work_pools/whence")["is_paused"])


def hammer_of(service: Service) -> "Hammer":
    """Asks Prefect's server and the HTTP service of a service."""
    page, api = (f"http://127.0.0.1:{port}" for port in service.ports)
    return Hammer(
        {
            "service": f"{api}/health",
            "page": f"{page}/api/health",
            "read": f"{page}/api/work_pools/whence",
        }
    )


@contextmanager
def serving_demo(service: Service, environment: Path) -> Iterator[None]:
    """The demo served from an environment in the block; no process is left, of a trial either."""
    service.command[0] = str(environment / "bin" / "python3")
    try:
        with serving(service, deployment("demo", {"domain": "demo"})):
            yield
    finally:
        end_leftovers(service.folder / BESIDE / "service")


@dataclass
class Hammer:
    """Asks addresses all the time, on connections that are kept and on new ones."""

    addresses: Mapping[str, str]
    pause: float = 0.05
    failures: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def asking(self) -> Iterator["Hammer"]:
        over = threading.Event()
        threads = [
            threading.Thread(target=self._ask, args=(name, url, is_kept, over))
            for name, url in self.addresses.items()
            for is_kept in (True, False)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def take_slowest(self) -> dict[str, float]:
        taken, self.slowest = self.slowest, {}
        return taken

    def _ask(self, name: str, url: str, is_kept: bool, over: threading.Event) -> None:
        key = f"{name}, {'kept' if is_kept else 'new'} connection"
        limits = httpx.Limits(max_keepalive_connections=1 if is_kept else 0)
        with httpx.Client(timeout=120, limits=limits, trust_env=False) as client:
            while not over.wait(self.pause):
                began = time.monotonic()
                try:
                    client.get(url).raise_for_status()
                except httpx.HTTPError as error:
                    self.failures.append(f"{key}: {error!r}")
                spent = time.monotonic() - began
                self.slowest[key] = max(spent, self.slowest.get(key, 0))
                self.counts[key] = self.counts.get(key, 0) + 1


def postgresql_programs(server: str) -> Path:
    """Folder of the programs that came with a server of this machine."""
    with psycopg.connect(server) as connection:
        told = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    assert told
    return Path(told[0])

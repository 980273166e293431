"""The databases of a service brought to what a version needs, by the version that knows how."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL

from flows.installation.databases import Database
from flows.installation.environments import newer, python_of
from flows.installation.plan import DATABASE
from flows.installation.release_state import Version
from tasks.beliefs.registry_url import VARIABLE
from tasks.errors import RunError, last_lines


def registry_rows(version: Version, registry: URL) -> dict[str, int]:
    """Rows of each table of a registry of beliefs, read by a version.

    Raises
    ------
    RunError
        If that version cannot read it.
    """
    rows: dict[str, int] = json.loads(_run(version, _registry("rows"), {VARIABLE: registry}))
    return rows


def bring_registry(registry: Database, to: Version, other: Version) -> None:
    """Bring a registry of beliefs to the revision that a version needs.

    Parameters
    ----------
    registry
        As one of the two versions needs it; nothing is done where there is none yet.
    to, other
        Two versions, of which one knows the revisions of both.

    Raises
    ------
    RunError
        If its migrations fail; the registry is then what it was.
    """
    is_there = registry.file is None or registry.file.is_file()
    if is_there and to.registry.head != other.registry.head:
        command = _registry("migrate", to.registry.head)
        _run(newer(other, to, None), command, {VARIABLE: registry.url})


def bring_page(page: Database, to: Version, other: Version) -> None:
    """Bring Prefect's database down to the revision that a version needs.

    Parameters
    ----------
    page
        As one of the two versions needs it; Prefect's server itself brings it up.
    to, other
        As of `bring_registry`.

    Raises
    ------
    RunError
        If the migrations fail.
    """
    kind = page.url.get_backend_name()
    is_older = to.page[kind].head != other.page[kind].head and newer(to, other, kind) is other
    if is_older:
        command = ("prefect", "server", "database", "downgrade", "--yes", "--revision")
        _run(other, (*command, to.page[kind].head), {DATABASE: page.url})


def _registry(*words: str) -> tuple[str, ...]:
    return ("flows.installation.registry", *words)


def _run(version: Version, module: tuple[str, ...], urls: Mapping[str, URL]) -> str:
    """Run a module of a version, which is to find databases in variables, and give its output."""
    given = {name: url.render_as_string(hide_password=False) for name, url in urls.items()}
    done = subprocess.run(
        [python_of(Path(version.environment)), "-P", "-m", *module],
        env={**os.environ, **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = last_lines(done.stderr or done.stdout, 3)
        raise RunError(f"{' '.join(module[:2])} of {version.version} failed: {said}")
    return done.stdout

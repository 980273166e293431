"""Who this environment is: ``python -m flows.installation.identity`` tells it as JSON."""

import ast
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from flows.installation.release_state import Revisions, Version
from tasks.bayes.digests import digest_of
from tasks.locations import resource

PACKAGES = ("flows", "tasks")
RESOURCES = ("stan", "data_contracts")
DEPLOYMENTS = "prefect.yaml"
KINDS = ("sqlite", "postgresql")


def revisions(folder: Path) -> Revisions:
    """What a folder of Alembic's migrations leads to.

    Parameters
    ----------
    folder
        Of files that each name their ``revision`` and ``down_revision``; none is run.

    Raises
    ------
    ValueError
        If they do not end in one revision.
    """
    steps = [_names(path) for path in sorted(folder.glob("*.py"))]
    known = {name for step in steps for name in step.get("revision", ())}
    (head,) = known.difference(*(step.get("down_revision", ()) for step in steps))
    return Revisions(head=head, known=frozenset(known))


def code_digest() -> str:
    """SHA-256 of modules, programs, contracts and deployments, with their paths."""
    folders = [*map(_package, PACKAGES), *map(resource, RESOURCES)]
    digests = [
        digest_of(folder.name, path.relative_to(folder).as_posix(), path.read_bytes())
        for folder in folders
        for path in _content(folder)
    ]
    return digest_of(*digests, resource(DEPLOYMENTS).read_bytes())


def identity() -> Version:
    """Who this environment is."""
    page = _package("prefect") / "server" / "database" / "_migrations" / "versions"
    return Version(
        environment=sys.prefix,
        version=version("whence"),
        prefect=version("prefect"),
        code=code_digest(),
        deployments=str(resource(DEPLOYMENTS)),
        registry=revisions(_package("tasks") / "beliefs" / "migrations" / "versions"),
        page={kind: revisions(page / kind) for kind in KINDS},
    )


def _names(path: Path) -> dict[str, Sequence[str]]:
    """What a migration gives as names of revisions."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                given = ast.literal_eval(node.value)
                found[target.id] = [given] if isinstance(given, str) else given or []
    return found


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError(f"{name} is not installed")
    return Path(spec.origin).parent


def _content(folder: Path) -> list[Path]:
    """Files below a folder that are written, not made; resources are looked at on their own."""
    made = ("__pycache__", "_resources")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part in made for part in path.relative_to(folder).parts)
    )


if __name__ == "__main__":
    print(identity().model_dump_json())  # noqa: T201 (a release reads it)

"""Python environments in which whence is installed, and the one that serves."""

import subprocess
from pathlib import Path

from pydantic import ValidationError

from flows.installation.release_state import Version
from tasks.errors import InputError, last_lines

SECONDS_TO_ANSWER = 120
WHO = ("-P", "-m", "flows.installation.identity")


def python_of(environment: Path) -> Path:
    """The interpreter of an environment.

    Raises
    ------
    InputError
        If there is none.
    """
    python = environment / "bin" / "python3"
    if not python.is_file():
        raise InputError(
            f"A release is a Python environment in which whence is installed, got {environment}: "
            f"make one by `python3 -m venv {environment}` and install whence with its pip."
        )
    return python


def ask_version(environment: Path) -> Version:
    """Ask an environment which version it holds.

    Parameters
    ----------
    environment
        Its folder.

    Raises
    ------
    InputError
        If it holds no whence that can be released.
    """
    python = python_of(environment)
    refusal = f"{environment} holds no whence that can be released"
    try:
        done = subprocess.run(
            [python, *WHO],
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{refusal}: its {python.name} does not answer.") from error
    if done.returncode != 0:
        why = last_lines(done.stderr, 1)
        raise InputError(f"{refusal}: {why}; install whence with {environment}/bin/pip.")
    try:
        return Version.model_validate_json(done.stdout)
    except ValidationError as error:
        raise InputError(f"{refusal}: it answers as no version that this one knows.") from error


def check_releasable(before: Version, after: Version, kind: str) -> None:
    """Whether one version can take the place of another.

    Parameters
    ----------
    before, after
        The one that serves, and the other.
    kind
        Of Prefect's database: sqlite or postgresql.

    Raises
    ------
    InputError
        If they are one environment, or neither knows the revision of a database that the other
        needs.
    """
    if Path(before.environment).samefile(after.environment):
        raise InputError(
            f"{after.environment} serves already: a release needs an environment of its own."
        )
    newer(before, after, None)
    newer(before, after, kind)


def newer(before: Version, after: Version, kind: str | None) -> Version:
    """Of two versions the one whose migrations lead to what both need.

    Parameters
    ----------
    before, after
        Two versions.
    kind
        Of Prefect's database; None for the registry of beliefs.

    Raises
    ------
    InputError
        If there is none.
    """
    pairs = [(one, one.page[kind] if kind else one.registry) for one in (before, after)]
    heads = {revisions.head for _, revisions in pairs}
    for version, revisions in reversed(pairs):
        if heads <= revisions.known:
            return version
    what = "Prefect's database" if kind else "the registry of beliefs"
    raise InputError(
        f"No migrations of {what} lead from {before.version} to {after.version}: release versions "
        "of which one builds on the other."
    )

"""The file that is deployed, in the form of ``prefect.yaml``."""

from pathlib import Path
from typing import Any

import yaml

from tasks.errors import InputError
from tasks.locations import resource

NAME = "prefect.yaml"


def find_deployments(given: Path | None) -> Path:
    """The file that is deployed.

    Parameters
    ----------
    given
        That the user names; None for that of the working directory, else that of this package.

    Raises
    ------
    InputError
        If it is not there, or holds no deployments.
    """
    here = Path(NAME)
    found = given or (here if here.is_file() else resource(NAME))
    if not found.is_file():
        raise InputError(f"--deployments must name a file, got {str(found)!r}.")
    read_deployments(found)
    return found.absolute()


def read_deployments(path: Path) -> dict[str, Any]:
    """What a file says, its deployments under ``deployments``.

    Raises
    ------
    InputError
        If it is no YAML, or has no list of named deployments.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} must be a file of YAML: {error}.") from error
    found = content.get("deployments") if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(
        isinstance(of, dict) and of.get("name") for of in found
    ):
        raise InputError(
            f"{path} must hold a list `deployments`, each with a `name`, as the prefect.yaml does "
            "that ships with whence."
        )
    return dict(content)

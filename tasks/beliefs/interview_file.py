"""Read the YAML file of an interview, or refuse it with the path of each broken rule."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.beliefs.answer_checks import interview_problems
from tasks.beliefs.answers import Interview
from tasks.errors import InputError
from tasks.strict_yaml import read_yaml
from tasks.table_checks import Problem


def read_interview(path: Path) -> Interview:
    """Read and check the file of an interview.

    Parameters
    ----------
    path
        Of a YAML file in UTF-8; data_contracts/README.md says what it holds.

    Raises
    ------
    InputError
        If there is no such file, it is no YAML in UTF-8 or empty, names a key twice, or breaks a
        rule; a line for each broken rule starts with its path, such as
        ``beliefs.share[tv].quantiles.0.05``.
    """
    content = read_yaml(path)
    if content is None:
        raise InputError(f"{path} is empty; it must name a client, a model and beliefs.")
    try:
        interview = Interview.model_validate(content)
    except ValidationError as error:
        problems = [(_yaml_path(entry["loc"]), _told(entry)) for entry in error.errors()]
        raise InputError(broken_rules(path, problems)) from error
    problems = list(interview_problems(interview))
    if problems:
        raise InputError(broken_rules(path, problems))
    return interview


def broken_rules(path: Path, problems: list[Problem]) -> str:
    """One message for all broken rules: a line with path inside the YAML for each."""
    lines = "\n".join(f"  {where}: {what}" for where, what in problems)
    return f"The answers in {path} break these rules:\n{lines}"


def _yaml_path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]") or "(top)"


def _told(entry: Any) -> str:
    """What pydantic says, and the text that stands where a number must."""
    given = entry["input"]
    if entry["type"] in ("float_type", "int_type") and isinstance(given, str):
        return f"must be a number, got the text {given!r}; write 0.001, as YAML takes 1e-3 for text"
    message: str = entry["msg"]
    return message

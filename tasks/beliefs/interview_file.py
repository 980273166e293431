"""Read the YAML file of an interview, or refuse it with the path of each broken rule."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.beliefs.answer_checks import interview_problems
from tasks.beliefs.answers import Interview
from tasks.errors import InputError
from tasks.table_checks import Problem


class _UniqueKeys(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML without objects, in which a key that is written twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


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
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506
    except OSError as error:
        raise InputError(f"The file of answers {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be in UTF-8: {error}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{path} must be YAML: {error}") from error
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

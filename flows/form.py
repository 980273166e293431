"""Parameters as forms on Prefect's page, and what they tell of a run before it begins."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from pydantic import ConfigDict
from pydantic.fields import ComputedFieldInfo, FieldInfo

TAG = "whence"
"""Of every run of ours."""

TYPES = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "null": "not given",
}
"""What a form calls the choices where a value is of one type or another."""

Schema = dict[str, Any]
NO_TITLES: Mapping[str, str] = MappingProxyType({})


class JobParameters(Protocol):
    """What the parameters of every flow tell of a run."""

    @property
    def run_title(self) -> str:
        """Name of the run: what it is about."""

    @property
    def tags(self) -> tuple[str, ...]:
        """`TAG`, the kind of job, and what it is about."""


def form(*first: str, titles: Mapping[str, str] = NO_TITLES) -> ConfigDict:
    """How pydantic describes parameters to a form.

    Parameters
    ----------
    first
        Fields that come before all others.
    titles
        Of fields whose names, in words, say too little.

    Returns
    -------
    pydantic.ConfigDict
        Each property of the schema has a ``position``, by which Prefect's page orders them: a
        database may forget in which order they came. No error shows what was given: it may hold a
        password.
    """

    def title(name: str, _: FieldInfo | ComputedFieldInfo) -> str:
        return titles.get(name) or in_words(name)

    return ConfigDict(
        field_title_generator=title,
        json_schema_extra=_arranged(first),
        hide_input_in_errors=True,
    )


def in_words(name: str) -> str:
    """The name of a field as a title.

    Examples
    --------
    >>> in_words("retrain_rows")
    'Retrain rows'
    """
    return name.replace("_", " ").capitalize()


def _arranged(first: tuple[str, ...]) -> Callable[[Schema], None]:
    def arrange(schema: Schema) -> None:
        fields: dict[str, Schema] = schema["properties"]
        names = [name for name in first if name in fields]
        names += [name for name in fields if name not in names]
        schema["properties"] = {
            name: _with_choices(fields[name]) | {"position": place}
            for place, name in enumerate(names)
        }

    return arrange


def _with_choices(field: Schema) -> Schema:
    if "anyOf" not in field:
        return field
    choices = [{"title": TYPES[choice["type"]], **choice} for choice in field["anyOf"]]
    return field | {"anyOf": choices}

"""Where a domain's tables lie, as a contract says it."""

import codecs
from typing import Annotated, Literal

from pydantic import Field, field_validator

from tasks.domain_tables import Frozen

ENVIRONMENT, BLOCK = "env:", "block:"
"""Before the name of what holds a URL."""
FILE_DATABASES = ("sqlite", "duckdb")
"""Databases that are one file."""


def is_database(text: str) -> bool:
    """Whether a location is that of a database, and not a folder.

    Examples
    --------
    >>> [is_database(text) for text in ("data/f1", "env:WAREHOUSE", "sqlite:///shop.db")]
    [False, True, True]
    """
    return text.startswith((ENVIRONMENT, BLOCK)) or "://" in text


class Dialect(Frozen):
    """How the CSV files of a folder are written.

    Attributes
    ----------
    delimiter
        Between two fields of a line.
    decimal
        Before the fraction of a number. Where it is a comma, points may stand between thousands.
    encoding
        Of the text, as Python names it; a byte order mark is no part of it.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, delimiter: str) -> str:
        if delimiter in '"\r\n' or ord(delimiter) > 127:
            raise ValueError(
                f"a delimiter is one ASCII character that is neither a quote nor a line's end, got "
                f"{delimiter!r}"
            )
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(
                f"there is no encoding {encoding!r}: known are utf-8, utf-16, cp949, cp1252, …"
            ) from error


class FolderSource(Frozen):
    """A folder with a file for each table, named after it.

    Attributes
    ----------
    location
        The folder, relative to the contract's own; None where it is given with each run.
    dialect
        Of CSV files.
    """

    kind: Literal["csv", "parquet"]
    location: str | None = None
    dialect: Dialect = Dialect()


class SqlSource(Frozen):
    """A database that is read by SQL.

    Attributes
    ----------
    location
        URL without a password, ``env:NAME`` of an environment variable or ``block:NAME`` of a
        Prefect block that holds one; None where it is given with each run.
    """

    kind: Literal["sql"]
    location: str | None = None


class DemoSource(Frozen):
    """The generated manufacturing database.

    Attributes
    ----------
    documents
        Number of sales documents before some are repeated.
    seed
        Of the generator.
    """

    kind: Literal["demo"]
    documents: Annotated[int, Field(ge=100)] = 20_000
    seed: Annotated[int, Field(ge=0)] = 1


Source = Annotated[FolderSource | SqlSource | DemoSource, Field(discriminator="kind")]

"""The registry of beliefs: where it is kept, and the transactions that read and write it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Self

from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from tasks.beliefs.registry_engine import Mode, in_mode, make_engine, plain_errors
from tasks.beliefs.registry_schema import prepare_schema
from tasks.beliefs.registry_url import database_url, parse_url


@dataclass(frozen=True)
class Registry:
    """Priors, conflicts, updates and calibrations with their history, in one database.

    The first transaction makes the tables of an empty database. Used in a ``with`` statement,
    connections are closed at its end.

    Attributes
    ----------
    url
        As of `parse_url`. Neither ``str`` nor ``repr`` shows its password.

    Raises
    ------
    InputError
        On the first transaction, if the database is at another revision than this version needs,
        or holds other tables.
    RunError
        In any transaction, if the database cannot be reached or used.

    Examples
    --------
    >>> Registry.at("postgresql://ann:secret@db.example/whence")
    Registry(url=postgresql+psycopg://ann:***@db.example/whence)
    """

    url: URL

    @classmethod
    def current(cls) -> "Registry":
        """The registry that ``WHENCE_DATABASE`` names, else ``registry.db`` in the data folder."""
        return cls(database_url())

    @classmethod
    def at(cls, url: str) -> "Registry":
        """The registry at a URL, as of `parse_url`."""
        return cls(parse_url(url))

    @cached_property
    def engine(self) -> Engine:
        """An engine whose database has the tables of this version."""
        engine = make_engine(self.url)
        with plain_errors(self.url):
            prepare_schema(engine)
        return engine

    @contextmanager
    def transaction(self, mode: Mode) -> Iterator[Session]:
        """A transaction that is kept whole or, if anything is raised inside, not at all.

        Parameters
        ----------
        mode
            ``reading``, ``adding`` rows that depend on nothing that could change, or ``deciding``
            by what is read: until such a transaction ends, others of its kind wait.
        """
        engine = in_mode(self.engine, mode)
        with plain_errors(self.url), Session(engine) as session, session.begin():
            yield session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        opened = self.__dict__.pop("engine", None)
        if opened is not None:
            opened.dispose()

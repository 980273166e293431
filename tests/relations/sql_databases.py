"""Fills databases of every kind with the same tables."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl
import sqlalchemy as sa

Keys = Mapping[str, str]
NO_KEYS: Mapping[str, Any] = {}
SQL_TYPES: dict[Any, Any] = {
    pl.Int64: sa.BigInteger,
    pl.Float64: sa.Double,
    pl.String: sa.Text,
    pl.Boolean: sa.Boolean,
    pl.Date: sa.Date,
    pl.Datetime: sa.DateTime,
}
DUCKDB_TYPES: dict[Any, str] = {
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
}


def fill(
    url: str,
    tables: Mapping[str, pl.DataFrame],
    primary: Keys = NO_KEYS,
    foreign: Mapping[str, Keys] = NO_KEYS,
) -> None:
    """Write tables in their order, with the keys that are named declared."""
    if url.startswith("duckdb"):
        return _fill_duckdb(url, tables, primary, foreign)
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    known = sa.MetaData()
    made: dict[str, sa.Table] = {}
    for name, frame in tables.items():
        pointing = [
            sa.ForeignKeyConstraint([column], [made[parent].c[primary[parent]]])
            for column, parent in foreign.get(name, {}).items()
        ]
        columns = [
            sa.Column(
                column,
                SQL_TYPES[kind.base_type()],
                primary_key=primary.get(name) == column,
                autoincrement=False,
            )
            for column, kind in frame.schema.items()
        ]
        made[name] = sa.Table(name, known, *columns, *pointing)
    known.create_all(engine)
    with engine.begin() as connection:
        for name, frame in tables.items():
            connection.execute(made[name].insert(), frame.to_dicts())
    engine.dispose()


def _fill_duckdb(
    url: str,
    tables: Mapping[str, pl.DataFrame],
    primary: Keys,
    foreign: Mapping[str, Keys],
) -> None:
    with (
        duckdb.connect(url.removeprefix("duckdb:///")) as connection,
        TemporaryDirectory() as place,
    ):
        for name, frame in tables.items():
            columns = [
                f"{_quoted(c)} {DUCKDB_TYPES[t.base_type()]}" for c, t in frame.schema.items()
            ]
            if name in primary:
                columns.append(f"PRIMARY KEY ({_quoted(primary[name])})")
            columns += [
                f"FOREIGN KEY ({_quoted(c)}) REFERENCES {_quoted(p)} ({_quoted(primary[p])})"
                for c, p in foreign.get(name, {}).items()
            ]
            file = Path(place) / "table.parquet"
            frame.write_parquet(file)
            connection.execute(f"CREATE TABLE {_quoted(name)} ({', '.join(columns)})")
            connection.execute(f"INSERT INTO {_quoted(name)} SELECT * FROM '{file}'")  # noqa: S608


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'

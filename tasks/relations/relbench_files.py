"""What RelBench's files declare in their metadata of a database's keys and times."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from pydantic import BaseModel, Field

from tasks.relations.catalogue import Catalogue


def declared_in_files(files: Mapping[str, Path]) -> Catalogue:
    """What Parquet files declare in their metadata, as the ``relbench`` package writes it.

    Parameters
    ----------
    files
        By table. CSV files declare nothing.

    References
    ----------
    Robinson et al. (2024), RelBench: A Benchmark for Deep Learning on Relational Databases,
    arXiv:2407.20060.
    """
    told = {name: _relbench(path) for name, path in files.items() if path.suffix == ".parquet"}
    return Catalogue(
        primary_keys={name: (said.pkey_col,) for name, said in told.items() if said.pkey_col},
        foreign_keys={
            name: {
                column: parent
                for column, parent in said.fkey_col_to_pkey_table.items()
                if parent in files
            }
            for name, said in told.items()
            if said.fkey_col_to_pkey_table
        },
        times={name: said.time_col for name, said in told.items() if said.time_col},
    )


class _RelBench(BaseModel):
    """RelBench's entries in a file's metadata."""

    pkey_col: str | None = None
    fkey_col_to_pkey_table: dict[str, str] = Field(default_factory=dict)
    time_col: str | None = None


def _relbench(path: Path) -> _RelBench:
    """RelBench's entries, each as JSON; none where the file is not its own, or broken."""
    try:
        metadata = pl.read_parquet_metadata(path)
        told = {
            name: json.loads(metadata[name]) for name in _RelBench.model_fields if name in metadata
        }
        return _RelBench.model_validate(told)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return _RelBench()
